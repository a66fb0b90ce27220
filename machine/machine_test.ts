import assert from "node:assert/strict";
import {
  core_reg_id,
  type Exit,
  has_feature,
  KVM_ARM_TARGET,
  type Vcpu,
  vcpu_init,
  type VcpuInit,
  type Vm,
} from "../hypervisor/mod.ts";
import { type ControlRequest, VirtMachine, type VirtMachineOptions } from "./machine.ts";

/** What a scripted vCPU does in one `run()`. */
type Step =
  | { read: number; size?: number; expect?: bigint }
  | { write: number; size?: number; value: number | bigint }
  | { event: "shutdown" | "reset" | "crash" }
  | { other: Exit }
  | "interrupted";

/** A vCPU that runs a script instead of a guest. */
class ScriptedVcpu implements Vcpu {
  readonly inits: VcpuInit[] = [];
  readonly registers = new Map<bigint, bigint>();
  readonly order: bigint[] = [];
  #data = new DataView(new ArrayBuffer(8));
  #expected: { step: Step; value: bigint } | undefined;

  constructor(readonly script: Step[] = []) {}

  init(init: VcpuInit): void {
    this.inits.push({ target: init.target, features: init.features.slice() });
    this.registers.clear();
  }
  reg_list(): bigint[] {
    return [];
  }
  get_reg(id: bigint): bigint {
    return this.registers.get(id) ?? 0n;
  }
  set_reg(id: bigint, value: bigint): void {
    this.order.push(id);
    this.registers.set(id, value);
  }
  run(): Exit {
    if (this.#expected !== undefined) {
      const { step, value } = this.#expected;
      this.#expected = undefined;
      assert.equal(this.#data.getBigUint64(0, true), value, Deno.inspect(step));
    }
    const step = this.script.shift();
    assert(step !== undefined, "the script goes on as long as the machine does");
    if (step === "interrupted") return { kind: "interrupted" };
    if ("other" in step) return step.other;
    if ("event" in step) return { kind: "system_event", event: step.event };
    if ("write" in step) {
      this.#data.setBigUint64(0, BigInt(step.value), true);
      return { kind: "mmio_write", address: step.write, size: step.size ?? 4, data: this.#data };
    }
    this.#data.setBigUint64(0, 0n);
    if (step.expect !== undefined) this.#expected = { step, value: step.expect };
    return { kind: "mmio_read", address: step.read, size: step.size ?? 4, data: this.#data };
  }
  kick(): void {}
  kick_token(): { backend: string; shared: SharedArrayBuffer; words: number[] } {
    return { backend: "scripted", shared: new SharedArrayBuffer(4), words: [] };
  }
  [Symbol.dispose](): void {}
}

const UART = 0x0900_0000, RTC = 0x0901_0000, GPIO = 0x0903_0000, VIRTIO = 0x0a00_0000;

interface Rig {
  machine: VirtMachine;
  vcpu: ScriptedVcpu;
  vcpus: ScriptedVcpu[];
  irqs: string[];
  input: number[];
  output: () => string;
  log: string[];
  loads: () => number;
  run: (...requests: (ControlRequest | undefined)[]) => ReturnType<VirtMachine["run"]>;
}

function rig(script: Step[], options: Partial<VirtMachineOptions> & { cpus?: number } = {}): Rig {
  const irqs: string[] = [];
  const input: number[] = [];
  const log: string[] = [];
  let output = "";
  let loads = 0;
  const vcpus = Array.from(
    { length: options.cpus ?? 1 },
    (_, n) => new ScriptedVcpu(n === 0 ? script : []),
  );
  const vm: Vm = {
    memory: { base: 0x4000_0000, size: 4096, bytes: new Uint8Array(4096) },
    set_irq: (spi, level) => void irqs.push(`${spi}${level ? "+" : "-"}`),
    preferred_target: () => vcpu_init(KVM_ARM_TARGET.CORTEX_A15),
    create_vcpu: (index) => vcpus[index]!,
    [Symbol.dispose]: () => {},
  };
  const machine = new VirtMachine({
    vm,
    vcpus,
    init: vcpu_init(KVM_ARM_TARGET.CORTEX_A15, ["psci_0_2"]),
    gic: 2,
    serial: {
      put: (byte) => {
        output += String.fromCharCode(byte);
        return true;
      },
      get: () => input.shift() ?? -1,
    },
    load: () => {
      loads++;
      return { entry: 0x4000_8000, registers: [[1, -1], [2, 0x4800_0000]] };
    },
    now: () => 1_700_000_000_000,
    log: (line) => log.push(line),
    ...options,
  });
  const run = (...requests: (ControlRequest | undefined)[]) =>
    machine.run({ poll: () => requests.shift() });
  return {
    machine,
    vcpu: vcpus[0]!,
    vcpus,
    irqs,
    input,
    output: () => output,
    log,
    loads: () => loads,
    run,
  };
}

Deno.test("the boot CPU begins as Linux asks: SVC, interrupts masked, r1 and r2 set", () => {
  const { vcpu, vcpus } = rig([], { cpus: 3 });
  const word = (index: number) => vcpu.registers.get(core_reg_id(index));
  assert.equal(word(15), 0x4000_8000n);
  assert.equal(word(16), 0x1d3n);
  assert.equal(vcpu.order[0], core_reg_id(16), "the mode comes first");
  assert.deepEqual([0, 1, 2, 3].map(word), [0n, 0xffff_ffffn, 0x4800_0000n, 0n]);
  assert.deepEqual(
    vcpus.map(({ inits }) => inits.map((init) => has_feature(init, "power_off"))),
    [[false], [true], [true]],
  );
  assert(vcpus.every(({ inits }) => has_feature(inits[0]!, "psci_0_2")));
});

Deno.test("a T32 entry point sets the T bit", () => {
  const { vcpu } = rig([], { load: () => ({ entry: 0x4001_0001, thumb: true, registers: [] }) });
  assert.equal(vcpu.registers.get(core_reg_id(15)), 0x4001_0000n);
  assert.equal(vcpu.registers.get(core_reg_id(16)), 0x1f3n);
});

Deno.test("a boot state may set r0 to r12 only", () => {
  assert.throws(() => rig([], { load: () => ({ entry: 0, registers: [[13, 0]] }) }), RangeError);
  assert.throws(() => rig([], { vcpus: [] }), RangeError);
});

Deno.test("the guest's accesses reach the devices at QEMU's addresses", () => {
  const { run, output, machine, log } = rig([
    { write: UART, size: 1, value: 0x68 },
    { write: UART, size: 4, value: 0x69 },
    { read: UART + 0xfe0, expect: 0x11n },
    { read: RTC, expect: 1_700_000_000n },
    { read: GPIO + 0xfe0, size: 1, expect: 0x61n },
    { read: 0x0902_0000, expect: 0x554d4551n },
    { read: VIRTIO, size: 8, expect: 0x1_7472_6976n },
    { read: VIRTIO + 31 * 0x200, expect: 0x7472_6976n },
    { read: VIRTIO + 32 * 0x200, expect: 0n },
    { read: 0x0802_0008, expect: 0x50_0040n },
    { write: 0x3fff_fff8, size: 8, value: 2n ** 64n - 1n },
    { event: "shutdown" },
  ]);
  assert.deepEqual(run(), { how: "poweroff" });
  assert.equal(output(), "hi");
  assert.equal(machine.mmio_exits, 11);
  assert.equal(machine.board.bus.unmapped, 3);
  assert.equal(log.length, 2);
});

Deno.test("interrupts of devices arrive at their SPIs", () => {
  const { irqs, input, machine } = rig([
    { write: UART + 0x30, value: 0x301 },
    { write: UART + 0x38, value: 0x10 },
    "interrupted",
    { read: UART, expect: 0x21n },
    { write: GPIO + 0x40c, value: 8 },
    { write: GPIO + 0x410, value: 8 },
    "interrupted",
    { write: 0x0802_0040, value: 80 },
    { write: RTC + 0x10, value: 1 },
    { write: RTC + 0x04, value: 1_700_000_000 },
    { event: "shutdown" },
  ]);
  const polls = [
    (): undefined => void input.push(0x21),
    (): "power_key" => "power_key",
  ];
  assert.deepEqual(machine.run({ poll: () => polls.shift()?.() }), { how: "poweroff" });
  assert.deepEqual(irqs, ["1+", "1-", "7+", "48+", "48-", "2+"]);
  assert(machine.next_event_ms() <= 100, "the power key is to be released");
});

Deno.test("a reset begins again: devices, vCPUs, images", () => {
  const { run, vcpus, loads, machine, log, vcpu } = rig([
    { write: UART + 0x38, value: 0x7f },
    { event: "reset" },
    { read: UART + 0x38, expect: 0n },
    "interrupted",
    { event: "shutdown" },
  ], { cpus: 2 });
  assert.deepEqual(run("reset"), { how: "poweroff" });
  assert.equal(machine.resets, 2);
  assert.equal(loads(), 3);
  assert.deepEqual(vcpus.map(({ inits }) => inits.length), [3, 3]);
  assert.deepEqual(vcpus[1]!.inits[0], vcpus[1]!.inits[2], "an init repeats, or KVM refuses it");
  assert.equal(vcpu.registers.get(core_reg_id(15)), 0x4000_8000n);
  assert.deepEqual(log, ["machine: reset", "machine: reset"]);
});

Deno.test("a run says how it ended", () => {
  const ended = (step: Step, options = {}) => rig([step], options).run();
  assert.deepEqual(ended({ event: "shutdown" }), { how: "poweroff" });
  assert.deepEqual(ended({ event: "reset" }, { no_reboot: true }), { how: "reset" });
  assert.deepEqual(ended({ event: "crash" }), {
    how: "error",
    message: "the guest reported a crash",
  });
  assert.deepEqual(ended({ other: { kind: "internal_error", message: "lost" } }), {
    how: "error",
    message: "lost",
  });
  assert.deepEqual(ended({ other: { kind: "fail_entry", reason: 16 } }), {
    how: "error",
    message: "the vCPU cannot be entered (0x10)",
  });
  assert.equal(ended({ other: { kind: "debug" } }).how, "error");
  for (const by of ["quit", "timeout", "signal"] as const) {
    assert.deepEqual(rig(["interrupted", "interrupted"]).run(undefined, by), {
      how: "stopped",
      by,
    });
  }
});

Deno.test("a turn returns to the caller whenever the vCPU was kicked", () => {
  const { machine } = rig(["interrupted", { read: UART }, { event: "reset" }], {
    no_reboot: true,
  });
  assert.deepEqual(machine.turn(), { kind: "interrupted" });
  assert.deepEqual(machine.turn(), { kind: "reset" });
});

Deno.test("the state of the devices can be moved to another machine", () => {
  const before = rig([
    { write: UART + 0x38, value: 0x50 },
    { write: GPIO + 0x400, value: 0x80 },
    { event: "shutdown" },
  ]);
  before.run();
  const after = rig([]);
  after.machine.restore_devices(structuredClone(before.machine.device_state()));
  assert.deepEqual(after.machine.device_state(), before.machine.device_state());
  assert.equal(after.machine.board.bus.read(UART + 0x38, 4), 0x50);
});

Deno.test("a power key that was down in a saved state is let go", () => {
  const before = rig([]);
  before.machine.board.power_key.press();
  const after = rig([]);
  after.machine.restore_devices(before.machine.device_state());
  assert.equal(before.machine.board.bus.read(GPIO + 0x3fc, 4), 8);
  assert.equal(after.machine.board.bus.read(GPIO + 0x3fc, 4), 0);
});
