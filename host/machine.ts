import type { GuestSamples } from "../hypervisor/mod.ts";
import { may_be_assisted, open_kick, start_assistant } from "./backends.ts";
import { ByteRing } from "./byte_ring.ts";
import { type ConsoleStreams, RingConsole } from "./console_streams.ts";
import { from_wire } from "./errors.ts";
import { guest_request, type MachineOptions } from "./options.ts";
import { type Choice, CONTROL, type FromWorker, type ToWorker } from "./protocol.ts";
import { take_thread } from "./thread.ts";
import type { Ended, LogLevel, MonitorAnswers, MonitorRequest } from "./types.ts";
import { Unpacker, worth_unpacking } from "./unpacker.ts";
import type { Unpacked } from "../machine/boot/unpack_ahead.ts";

const OUTPUT_BYTES = 1 << 16;
const INPUT_BYTES = 1 << 12;
const LONGEST_TIMER = 2 ** 31 - 1;
// A vCPU leaves run() within milliseconds of a kick; one that does not is terminated.
const STOP_GRACE_MS = 2000;

/** How a machine is run. */
export interface RunOptions {
  /** Stops the guest when it is aborted. */
  readonly signal?: AbortSignal;
  /** Stops the guest after this many milliseconds. */
  readonly timeout?: number;
}

/** A question to the Worker that has not been answered. */
interface Pending {
  resolve(answer: unknown): void;
  reject(error: Error): void;
}

/**
 * A virtual machine with a guest in it, run by a Worker of its own.
 *
 * It holds a thread and the guest's memory until it is disposed of: `await using`.
 */
export class Machine implements AsyncDisposable {
  /** The guest's serial line. */
  readonly console: ConsoleStreams;
  /** What runs the guest, and why that was chosen. */
  readonly accel: Choice;

  readonly #worker: Worker;
  readonly #assistant: Worker | undefined;
  readonly #kick_vcpu: () => void;
  readonly #control: Int32Array;
  readonly #console: RingConsole;
  readonly #ended = Promise.withResolvers<Ended>();
  readonly #pending = new Map<number, Pending>();
  readonly #alarms = new Set<ReturnType<typeof setTimeout>>();
  readonly #log: (level: LogLevel, line: string) => void;
  #next_id = 0;
  /** Whether the guest was told to run. */
  #started: boolean;
  #running = false;
  #over = false;
  #stats: MonitorAnswers["stats"] | undefined;
  #samples: GuestSamples | undefined;
  #symbols = "";

  private constructor(parts: {
    readonly accel: Choice;
    readonly worker: Worker;
    readonly assistant: Worker | undefined;
    readonly kick: () => void;
    readonly control: Int32Array;
    readonly rings: { readonly input: ByteRing; readonly output: ByteRing };
    readonly log: (level: LogLevel, line: string) => void;
    readonly started: boolean;
  }) {
    this.accel = parts.accel;
    this.#started = parts.started;
    this.#worker = parts.worker;
    this.#assistant = parts.assistant;
    this.#kick_vcpu = parts.kick;
    this.#control = parts.control;
    this.#log = parts.log;
    this.console = this.#console = new RingConsole(parts.rings, () => this.#kick());
    parts.worker.onmessage = ({ data }: MessageEvent<FromWorker>) => this.#receive(data);
    parts.worker.onerror = (event) => {
      event.preventDefault();
      this.#end({ kind: "failed", message: event.message });
    };
  }

  /**
   * Makes a machine and loads the guest into it; it does not run yet, unless `start` is set.
   *
   * @throws {TypeError} on an option of the wrong kind.
   * @throws {RangeError} on an option out of range.
   * @throws {AcceleratorError} when the accelerator that is asked for is not available.
   * @throws {ImageError} when the kernel, initrd or device tree cannot be booted.
   */
  static async open(options: MachineOptions): Promise<Machine> {
    // The Worker loads its modules while this thread reads files.
    const worker = take_thread(options.accel ?? "auto");
    let unpacker: Unpacker | undefined;
    let assistant: Worker | undefined;
    try {
      const request = await guest_request(options);
      const { log = () => {}, start = false } = options;
      const rings = {
        input: ByteRing.create(INPUT_BYTES),
        output: ByteRing.create(OUTPUT_BYTES),
      };
      const control = new SharedArrayBuffer(CONTROL.words * 4);
      const progress = options.progress ?? (() => {});
      if (worth_unpacking(request)) {
        const done = (kernel: Unpacked | undefined): void => {
          const buffer = kernel?.image.buffer;
          const transfer = buffer instanceof ArrayBuffer ? [buffer] : [];
          post(worker, { type: "unpacked", kernel }, transfer);
        };
        unpacker = new Unpacker(request, { done, progress });
      }
      const assisted = may_be_assisted(request);
      post(worker, {
        type: "open",
        request,
        input: rings.input.shared,
        output: rings.output.shared,
        control,
        unpacks: unpacker !== undefined,
        start,
        assisted,
      });
      // It has loaded its modules by the time that the guest runs.
      if (assisted) assistant = start_assistant();
      const { choice, kick: token } = await opened(worker, {
        log,
        progress,
      });
      // Nothing waits for the kick's code: a kick that comes before it is only late.
      const kick = open_kick(choice.accel);
      assistant?.postMessage(token.shared);
      return new Machine({
        accel: choice,
        worker,
        assistant,
        kick: () => void kick.then((kick) => kick(token)),
        control: new Int32Array(control),
        rings,
        log,
        started: start,
      });
    } catch (error) {
      worker.terminate();
      assistant?.terminate();
      throw error;
    } finally {
      unpacker?.[Symbol.dispose]();
    }
  }

  /** Runs the guest until it ends, and says how. A machine runs once. */
  async run(options: RunOptions = {}): Promise<Ended> {
    const { signal, timeout } = options;
    if (this.#running || (this.#over && !this.#started)) {
      throw new TypeError("Cannot run: the machine has run before");
    }
    if (timeout !== undefined && !(timeout > 0 && timeout <= LONGEST_TIMER)) {
      throw new RangeError(`Cannot run: timeout of ${timeout} ms is out of range`);
    }
    this.#running = true;
    let timed_out = false;
    const stop = () => this.#stop();
    const timer = timeout === undefined ? undefined : setTimeout(() => {
      timed_out = true;
      stop();
    }, timeout);
    if (signal?.aborted) stop();
    signal?.addEventListener("abort", stop);
    try {
      this.#start();
      const ended = await this.#ended.promise;
      return ended.kind === "stopped" && timed_out ? { kind: "timeout" } : ended;
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener("abort", stop);
    }
  }

  /**
   * Asks about the machine, between two instructions of the guest when it runs. When the guest has
   * ended there are only the stats of its end.
   */
  monitor<R extends MonitorRequest>(request: R): Promise<MonitorAnswers[R]> {
    if (request === "stats" && this.#stats !== undefined) {
      return Promise.resolve(this.#stats as MonitorAnswers[R]);
    }
    if (this.#over) return Promise.reject(new Error("Cannot ask the monitor: the guest has ended"));
    const id = this.#next_id++;
    const { promise, resolve, reject } = Promise.withResolvers<MonitorAnswers[R]>();
    this.#pending.set(id, { resolve: (answer) => resolve(answer as MonitorAnswers[R]), reject });
    post(this.#worker, { type: "monitor", id, request });
    Atomics.add(this.#control, CONTROL.mail, 1);
    this.#kick();
    return promise;
  }

  /** Where the guest was, when it has ended and was made with `profile`; not under KVM. */
  get samples(): GuestSamples | undefined {
    return this.#samples;
  }

  /**
   * With {@link samples}: the symbols that a Linux guest's kernel has of itself, as lines of
   * /proc/kallsyms; empty when there are none.
   */
  get symbols(): string {
    return this.#symbols;
  }

  /** Stops the guest and gives back its thread and memory. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#over) {
      this.#stop();
      // A machine that has not run yet ends at once, and so gives back what the host lent it.
      this.#start();
      this.#running = true;
      let timer;
      const grace = new Promise<void>((resolve) => timer = setTimeout(resolve, STOP_GRACE_MS));
      await Promise.race([this.#ended.promise, grace]);
      clearTimeout(timer);
    }
    this.#worker.terminate();
    this.#assistant?.terminate();
    this.#end({ kind: "stopped" });
  }

  #start(): void {
    if (!this.#started) post(this.#worker, { type: "run" });
    this.#started = true;
  }

  #stop(): void {
    Atomics.store(this.#control, CONTROL.stop, 1);
    this.#kick();
  }

  #kick(): void {
    if (!this.#over) this.#kick_vcpu();
  }

  #receive(message: FromWorker): void {
    switch (message.type) {
      case "bell":
        return this.#console.bell(message.ring);
      case "log":
        return this.#log(message.level, message.line);
      case "alarm":
        return this.#alarm(message.ms);
      case "answer": {
        const pending = this.#pending.get(message.id);
        this.#pending.delete(message.id);
        if (message.error) pending?.reject(from_wire(message.error));
        else pending?.resolve(message.answer);
        return;
      }
      case "ended":
        this.#stats = message.stats;
        this.#samples = message.samples;
        this.#symbols = message.symbols ?? "";
        return this.#end(message.ended);
    }
  }

  #alarm(ms: number): void {
    const timer = setTimeout(() => {
      this.#alarms.delete(timer);
      this.#kick();
    }, Math.min(ms, LONGEST_TIMER));
    this.#alarms.add(timer);
  }

  #end(ended: Ended): void {
    if (this.#over) return;
    this.#over = true;
    for (const timer of this.#alarms) clearTimeout(timer);
    for (const { reject } of this.#pending.values()) {
      reject(new Error("Cannot ask the monitor: the guest has ended"));
    }
    this.#pending.clear();
    this.#console.close();
    this.#ended.resolve(ended);
  }
}

function post(worker: Worker, message: ToWorker, transfer: Transferable[] = []): void {
  worker.postMessage(message, transfer);
}

/** Waits for the Worker to have loaded the guest; throws what kept it from doing so. */
function opened(
  worker: Worker,
  { log, progress }: Required<Pick<MachineOptions, "log" | "progress">>,
): Promise<Extract<FromWorker, { type: "opened" }>> {
  const { promise, resolve, reject } = Promise.withResolvers<
    Extract<FromWorker, { type: "opened" }>
  >();
  worker.onmessage = ({ data }: MessageEvent<FromWorker>) => {
    if (data.type === "opened") resolve(data);
    else if (data.type === "refused") reject(from_wire(data.error));
    else if (data.type === "log") log(data.level, data.line);
    else if (data.type === "progress") progress(data.fraction);
  };
  worker.onerror = (event) => {
    event.preventDefault();
    reject(new Error(event.message));
  };
  return promise;
}
