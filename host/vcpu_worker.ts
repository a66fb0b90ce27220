/**
 * The Worker that a guest runs in: it makes backend, VM and machine, and runs the vCPU.
 *
 * Beside `mod.ts` it is the only place where everything is put together.
 *
 * @module
 */
import type { Hypervisor } from "../hypervisor/mod.ts";
import { choose_accel, type MachineChoice } from "./accel.ts";
import { open_backend, prepare_backend } from "./backends.ts";
import { ByteRing } from "./byte_ring.ts";
import { to_wire } from "./errors.ts";
import { build_guest, type BuiltGuest, create_vm } from "./guest.ts";
import { inspect, stats_of } from "./inspect.ts";
import { find_kallsyms } from "./kallsyms.ts";
import { now_and_then } from "./now_and_then.ts";
import { PanicWatch } from "./panic_watch.ts";
import type { FromWorker, GuestRequest, GuestSpec, ToWorker } from "./protocol.ts";
import { RingBackend } from "./ring_backend.ts";
import { run_session } from "./session.ts";
import type { Ended, LogLevel } from "./types.ts";
import type { Unpacked } from "../machine/boot/unpack_ahead.ts";

type OpenMessage = Extract<ToWorker, { type: "open" }>;

/** A guest that is loaded, with what its session needs. */
interface Opened {
  readonly guest: BuiltGuest;
  readonly panic: PanicWatch;
  readonly control: Int32Array;
  readonly no_reboot: boolean;
  readonly profile: boolean;
}

let opened: Opened | undefined;
const unpacked = Promise.withResolvers<Unpacked | undefined>();
// Resolves the session's wait for the next message.
let deliver: (() => void) | undefined;
let undelivered = 0;

// Nothing happens when this module is imported outside of a Worker.
if (typeof WorkerGlobalScope !== "undefined" && self instanceof WorkerGlobalScope) {
  self.onmessage = ({ data }: MessageEvent<ToWorker>) => void receive(data);
}

async function receive(message: ToWorker): Promise<void> {
  switch (message.type) {
    case "prepare":
      // What goes wrong here goes wrong again when it matters.
      return await prepare_backend(message.accel).catch(() => {});
    case "open":
      return await open(message);
    case "unpacked":
      return unpacked.resolve(message.kernel);
    case "run":
      return await run();
    case "monitor":
      answer(message);
      if (deliver === undefined) undelivered++;
      else deliver();
      return;
  }
}

async function open(message: OpenMessage): Promise<void> {
  try {
    const choice = await choose_accel({ ...message.request, kernel: message.request.kernel.bytes });
    const spec = specify(message.request, choice);
    const { engine, jit_cache_size } = spec;
    const { assisted } = message;
    const options = { engine, jit_cache_size, assisted };
    const hypervisor: Hypervisor = await open_backend(spec.accel, options);
    const panic = new PanicWatch();
    const rings = { input: new ByteRing(message.input), output: new ByteRing(message.output) };
    const serial = new RingBackend(rings, {
      ring: (ring) => post({ type: "bell", ring }),
      // The guest's own instruction wrote this byte: the kick takes effect right after it.
      tap: (byte) => panic.see(byte) && opened?.guest.vcpu.kick(),
    });
    const created = create_vm(spec, hypervisor);
    const guest = build_guest(spec, {
      created,
      kernel: message.unpacks ? await unpacked.promise : undefined,
      serial,
      log: (line) => log("debug", line),
      progress: now_and_then((fraction) => post({ type: "progress", fraction })),
    });
    const control = new Int32Array(message.control);
    const { no_reboot, profile } = spec;
    opened = { guest, panic, control, no_reboot, profile };
    const { accel, reason } = choice;
    if (reason !== undefined) {
      log("debug", `using ${accel === "soft" ? "the software core" : "KVM"}: ${reason}`);
    }
    post({
      type: "opened",
      choice: { accel, ...(reason !== undefined && { reason }) },
      kick: guest.vcpu.kick_token(),
    });
  } catch (error) {
    return post({ type: "refused", error: to_wire(error) });
  }
  if (message.start) await run();
}

/** Fills in what the choice of a backend decides. */
function specify(request: GuestRequest, { accel, gic, arm64 }: MachineChoice): GuestSpec {
  return { ...request, accel, gic, arm64, unpack: request.unpack && accel === "soft" };
}

async function run(): Promise<void> {
  const { guest, panic, control, no_reboot, profile } = opened!;
  const end = (ended: Ended): void => {
    const samples = profile ? guest.vcpu.profile?.() : undefined;
    const profiled = samples && { samples, symbols: find_kallsyms(guest.vm.memory.bytes) };
    post({ type: "ended", ended, stats: stats_of(guest), ...profiled });
  };
  try {
    if (profile) guest.vcpu.start_profile?.();
    const ended = await run_session(guest.machine, {
      control,
      panic,
      no_reboot,
      hooks: { mail, alarm: (ms) => post({ type: "alarm", ms }), log },
    });
    end(ended);
  } catch (error) {
    const message = error instanceof Error ? error.stack ?? error.message : String(error);
    end({ kind: "failed", message });
  } finally {
    guest.vm[Symbol.dispose]();
  }
}

/** Waits for one message to have been dealt with. */
async function mail(): Promise<void> {
  if (undelivered === 0) {
    await new Promise<void>((resolve) => deliver = resolve);
    deliver = undefined;
  } else undelivered--;
}

function answer({ id, request }: Extract<ToWorker, { type: "monitor" }>): void {
  try {
    post({ type: "answer", id, answer: inspect(opened!.guest, request) });
  } catch (error) {
    post({ type: "answer", id, error: to_wire(error) });
  }
}

function log(level: LogLevel, line: string): void {
  post({ type: "log", level, line });
}

function post(message: FromWorker): void {
  self.postMessage(message);
}
