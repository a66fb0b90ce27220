/**
 * Tests of the vCPU contract that any backend must pass, for 32-bit and 64-bit vCPUs.
 *
 * @module
 */
import assert from "node:assert/strict";
import { type ErrnoName, HypervisorError } from "./error.ts";
import type { Exit } from "./exit.ts";
import type { KickToken, Vcpu, Vm } from "./hypervisor.ts";
import type { GicVersion } from "./irq.ts";
import { type Program, PROGRAMS } from "./contract_programs.ts";
import { core_reg_id, cp_reg_id } from "./regs.ts";
import { ARM64_CORE, sys_reg_id, x_reg_id } from "./regs_arm64.ts";
import { set_feature, type VcpuInit } from "./vcpu_init.ts";

/** What a backend gives the suite. */
export interface VcpuContract {
  /** A fresh VM for one vCPU with some RAM and a GIC at QEMU virt's addresses. */
  readonly make_vm: () => Vm;
  /** The GIC's version; default 2. */
  readonly gic?: GicVersion;
  /** Width of the vCPU's registers in bits; default 32. */
  readonly width?: 32 | 64;
  /** Makes a vCPU's init of the VM's preferred target; default: that itself. */
  readonly edit_init?: (init: VcpuInit) => void;
  /** Kicks a vCPU from another thread, `ms` milliseconds from now. */
  readonly kick_later: (token: KickToken, ms: number) => Disposable;
  /** The backend cannot be had: why. Every test is skipped. */
  readonly skip?: string;
  /** Single tests that cannot pass, by title, and why. */
  readonly lacks?: Readonly<Record<string, string>>;
}

const DEVICE = 0x0900_0000;

/** A width's registers. */
interface Registers {
  readonly pc: bigint;
  readonly status: bigint;
  /** Kernel mode, everything masked: what a vCPU starts with. */
  readonly masked: bigint;
  readonly midr: bigint;
  readonly general: (n: number) => bigint;
  readonly code: keyof Program;
}

const REGISTERS: Record<32 | 64, Registers> = {
  32: {
    pc: core_reg_id(15),
    status: core_reg_id(16),
    masked: 0x1d3n,
    midr: cp_reg_id(15, 0, 0, 0, 0),
    general: core_reg_id,
    code: "a32",
  },
  64: {
    pc: ARM64_CORE.pc,
    status: ARM64_CORE.pstate,
    masked: 0x3c5n,
    midr: sys_reg_id([3, 0, 0, 0, 0]),
    general: x_reg_id,
    code: "a64",
  },
};

/** SPI of the tests, as the programs have it, and the INTID it has. */
const SPI = 5, INTID = 37;
/** What a GIC acknowledges when nothing is pending. */
const SPURIOUS = 1023;
const PSCI = { version: 0x8400_0000, reset: 0x8400_0009, unknown: 0x8400_ff00 };
const NOT_SUPPORTED = 0xffff_ffff;

const SEVERAL_AT_ONCE = [
  0xe3a00409, // mov   r0, #0x09000000
  0xe8b0000e, // ldm   r0!, {r1, r2, r3}
  0xe980000a, // stmib r0, {r1, r3}
  0xe1c040d0, // ldrd  r4, r5, [r0]
  0xe4906004, // ldr   r6, [r0], #4
  0xe51f0000, // ldr   r0, =PSCI SYSTEM_RESET
  0xe1400070, // hvc   #0
  0x84000009,
];
/** Sleeps until the virtual timer's interrupt is pending, 5 ms on; r4 is GICC_IAR. */
const SLEEP_5_MS = [
  0xe3a00302, // mov   r0, #0x08000000      GICD
  0xe3a01001, // mov   r1, #1
  0xe5801000, // str   r1, [r0]             GICD_CTLR
  0xe3a02302, // mov   r2, #1 << 27
  0xe5802100, // str   r2, [r0, #0x100]     GICD_ISENABLER0
  0xe2800801, // add   r0, r0, #0x10000     GICC
  0xe5801000, // str   r1, [r0]             GICC_CTLR
  0xe3a020ff, // mov   r2, #0xff
  0xe5802004, // str   r2, [r0, #4]         GICC_PMR
  0xe59f2014, // ldr   r2, =312500
  0xee0e2f13, // mcr   p15, 0, r2, c14, c3, 0   CNTV_TVAL
  0xee0e1f33, // mcr   p15, 0, r1, c14, c3, 1   CNTV_CTL
  0xe320f003, // wfi
  0xe590400c, // ldr   r4, [r0, #12]        GICC_IAR
  0xe59f0004, // ldr   r0, =PSCI SYSTEM_OFF
  0xe1400070, // hvc   #0
  312_500,
  0x84000008,
];

function throws(errno: ErrnoName, what: () => unknown): void {
  assert.throws(what, (error) => {
    assert.ok(error instanceof HypervisorError, String(error));
    assert.equal(error.errno, errno, error.message);
    return true;
  });
}

/** The first 32-bit value that each write of a run has. */
function reports(vcpu: Vcpu, count: number): number[] {
  return Array.from({ length: count }, () => {
    const exit = vcpu.run();
    if (exit.kind !== "mmio_write") return assert.fail(`not a report: ${JSON.stringify(exit)}`);
    return exit.data.getUint32(0, true);
  });
}

/** Runs to the first exit that is not MMIO; reads get 0x1000 plus how many came before. */
function run(vcpu: Vcpu): { mmio: string[]; exit: Exit } {
  const mmio: string[] = [];
  let reads = 0;
  for (;;) {
    const exit = vcpu.run();
    if (exit.kind === "mmio_read") {
      mmio.push(`read${exit.size} ${(exit.address - DEVICE).toString(16)}`);
      exit.data.setUint32(0, 0x1000 + reads++, true);
    } else if (exit.kind === "mmio_write") {
      const value = new DataView(exit.data.buffer, exit.data.byteOffset, 8);
      const low = value.getUint32(0, true) & (exit.size === 4 ? -1 : (1 << (8 * exit.size)) - 1);
      const offset = (exit.address - DEVICE).toString(16);
      mmio.push(`write${exit.size} ${offset} ${(low >>> 0).toString(16)}`);
    } else return { mmio, exit };
  }
}

/** Registers the suite's tests for the backend `name`. */
export function vcpu_contract(name: string, contract: VcpuContract): void {
  const { width = 32, gic = 2 } = contract;
  const { pc: PC, status: STATUS, masked, midr: MIDR, general, code: isa } = REGISTERS[width];
  const test = (title: string, fn: (vm: Vm) => void): void => {
    const why_not = contract.skip ?? contract.lacks?.[title];
    Deno.test({
      name: `${name}: ${title}${why_not === undefined ? "" : ` [${why_not}]`}`,
      ignore: why_not !== undefined,
      fn: () => {
        using vm = contract.make_vm();
        fn(vm);
      },
    });
  };
  const test32: typeof test = (title, fn) => width === 32 && test(title, fn);
  const init_of = (vm: Vm): VcpuInit => {
    const init = vm.preferred_target();
    contract.edit_init?.(init);
    return init;
  };
  /** A vCPU that is about to execute `code` from the beginning of RAM. */
  const loaded = (vm: Vm, code: Program | readonly number[]): Vcpu => {
    const vcpu = vm.create_vcpu(0);
    vcpu.init(init_of(vm));
    const words = "a32" in code ? code[isa] : code;
    vm.memory.bytes.set(new Uint8Array(Uint32Array.from(words).buffer));
    vcpu.set_reg(STATUS, masked);
    vcpu.set_reg(PC, BigInt(vm.memory.base));
    return vcpu;
  };

  test("a vCPU is made once, and only those that were asked for", (vm) => {
    vm.create_vcpu(0);
    throws("EEXIST", () => vm.create_vcpu(0));
    throws("EINVAL", () => vm.create_vcpu(1));
    throws("EINVAL", () => vm.create_vcpu(-1));
  });

  test("before init everything else answers ENOEXEC", (vm) => {
    const vcpu = vm.create_vcpu(0);
    throws("ENOEXEC", () => vcpu.run());
    throws("ENOEXEC", () => vcpu.reg_list());
    throws("ENOEXEC", () => vcpu.get_reg(PC));
    throws("ENOEXEC", () => vcpu.set_reg(PC, 0n));
  });

  test("an unknown target or feature is EINVAL, and leaves the vCPU as it was", (vm) => {
    const vcpu = vm.create_vcpu(0);
    throws("EINVAL", () => vcpu.init({ ...init_of(vm), target: 99 }));
    const { features } = init_of(vm);
    features[6]! |= 1 << 31;
    throws("EINVAL", () => vcpu.init({ ...init_of(vm), features }));
    throws("ENOEXEC", () => vcpu.run());
    vcpu.init(init_of(vm));
  });

  test("a second init must be like the first, and resets", (vm) => {
    const vcpu = vm.create_vcpu(0);
    const init = init_of(vm);
    vcpu.init(init);
    vcpu.set_reg(general(5), 0x1234n);
    const other = { target: init.target, features: init.features.slice() };
    other.features[0]! ^= 1;
    throws("EINVAL", () => vcpu.init(other));
    assert.equal(vcpu.get_reg(general(5)), 0x1234n);
    vcpu.init(init_of(vm));
    assert.equal(vcpu.get_reg(general(5)), 0n);
    assert.equal(vcpu.get_reg(STATUS), masked);
  });

  test("the preferred target is fresh each time", (vm) => {
    const mine = vm.preferred_target();
    mine.features.fill(0xffff_ffff);
    assert.notDeepEqual(vm.preferred_target().features, mine.features);
  });

  test("every register of the list can be read, and written with what it has", (vm) => {
    const vcpu = vm.create_vcpu(0);
    vcpu.init(init_of(vm));
    const ids = vcpu.reg_list();
    assert.ok(ids.length > 60);
    assert.equal(new Set(ids).size, ids.length);
    for (const id of ids) {
      const value = vcpu.get_reg(id);
      assert.ok(value >= 0n, id.toString(16));
      vcpu.set_reg(id, value);
    }
    throws("ENOENT", () => vcpu.get_reg(0x1234n));
    throws("ENOENT", () => vcpu.set_reg(core_reg_id(999), 0n));
  });

  test32("core registers keep what they are given, in every bank", (vm) => {
    const vcpu = vm.create_vcpu(0);
    vcpu.init(init_of(vm));
    const words = [...Array(16).keys(), ...Array.from({ length: 20 }, (_, i) => 18 + i)];
    for (const mode of [0x1d3n, 0x1d1n, 0x1d2n, 0x110n]) {
      vcpu.set_reg(STATUS, mode);
      for (const word of words) vcpu.set_reg(core_reg_id(word), BigInt(0xf000_0000 + word * 8));
      vcpu.set_reg(STATUS, 0x1dbn);
      for (const word of words) {
        assert.equal(vcpu.get_reg(core_reg_id(word)), BigInt(0xf000_0000 + word * 8), `${word}`);
      }
    }
    assert.equal(vcpu.get_reg(STATUS), 0x1dbn);
  });

  test("an invariant register takes its own value only", (vm) => {
    const vcpu = vm.create_vcpu(0);
    vcpu.init(init_of(vm));
    const midr = vcpu.get_reg(MIDR);
    vcpu.set_reg(MIDR, midr);
    throws("EINVAL", () => vcpu.set_reg(MIDR, midr ^ 1n));
    assert.equal(vcpu.get_reg(MIDR), midr);
  });

  test("what is not RAM is an MMIO exit, PSCI's SYSTEM_OFF ends the run", (vm) => {
    const vcpu = loaded(vm, PROGRAMS.one_of_each);
    const { mmio, exit } = run(vcpu);
    assert.deepEqual(mmio, ["write4 0 68", "read2 18", "write1 1 0"]);
    assert.deepEqual(exit, { kind: "system_event", event: "shutdown" });
    // Firmware calls may change r0 to r3.
    assert.equal(vcpu.get_reg(general(4)), 0x1000n);
  });

  test32("an instruction that makes several accesses makes each of them once", (vm) => {
    const vcpu = loaded(vm, SEVERAL_AT_ONCE);
    const { mmio, exit } = run(vcpu);
    assert.deepEqual(mmio, [
      "read4 0",
      "read4 4",
      "read4 8",
      "write4 10 1000",
      "write4 14 1002",
      "read4 c",
      "read4 10",
      "read4 c",
    ]);
    assert.deepEqual(exit, { kind: "system_event", event: "reset" });
    const values = [1, 2, 3, 4, 5, 6].map((i) => Number(vcpu.get_reg(core_reg_id(i))));
    assert.deepEqual(values, [0x1000, 0x1001, 0x1002, 0x1003, 0x1004, 0x1005]);
  });

  test("a kick before run() makes it return at once, and only once", (vm) => {
    const vcpu = loaded(vm, PROGRAMS.one_of_each);
    vcpu.kick();
    assert.equal(vcpu.run().kind, "interrupted");
    assert.equal(vcpu.run().kind, "mmio_write");
  });

  test("an MMIO access is completed before a kick counts", (vm) => {
    const vcpu = loaded(vm, PROGRAMS.one_of_each);
    assert.equal(vcpu.run().kind, "mmio_write");
    vcpu.kick();
    assert.equal(vcpu.run().kind, "interrupted");
    assert.equal(vcpu.get_reg(PC), BigInt(vm.memory.base + 12));
    assert.equal(vcpu.run().kind, "mmio_read");
  });

  for (
    const [title, code] of [["in an endless loop", PROGRAMS.forever], [
      "asleep",
      PROGRAMS.idle,
    ]] as const
  ) {
    test(`a kick from another thread stops a guest ${title}`, (vm) => {
      const vcpu = loaded(vm, code);
      using _kicker = contract.kick_later(vcpu.kick_token(), 20);
      assert.equal(vcpu.run().kind, "interrupted");
      const pc = Number(vcpu.get_reg(PC)) - vm.memory.base;
      assert.ok(pc >= 0 && pc < 8, `${pc}`);
    });
  }

  if (width === 32 && gic === 2) {
    test("WFI sleeps until the virtual timer's interrupt, masked though it is", (vm) => {
      const vcpu = loaded(vm, SLEEP_5_MS);
      const began = performance.now();
      const { exit } = run(vcpu);
      const took = performance.now() - began;
      assert.deepEqual(exit, { kind: "system_event", event: "shutdown" });
      assert.equal(vcpu.get_reg(core_reg_id(4)), 27n);
      assert.ok(took >= 4.9 && took < 2000, `${took} ms`);
    });
  }

  test("a vCPU whose init says power_off waits for PSCI or a kick", (vm) => {
    const vcpu = vm.create_vcpu(0);
    const init = init_of(vm);
    set_feature(init, "power_off", true);
    vcpu.init(init);
    using _kicker = contract.kick_later(vcpu.kick_token(), 20);
    assert.equal(vcpu.run().kind, "interrupted");
  });

  test("PSCI says its version, refuses what it does not know, and resets", (vm) => {
    const vcpu = loaded(vm, PROGRAMS.psci);
    const call = (id: number): Exit => {
      vcpu.set_reg(PC, BigInt(vm.memory.base));
      vcpu.set_reg(general(0), BigInt(id));
      return vcpu.run();
    };
    const answer = (id: number): number => {
      const exit = call(id);
      if (exit.kind !== "mmio_write") return assert.fail(`${exit.kind}`);
      const value = exit.data.getUint32(0, true);
      // The write is done with when the vCPU runs on.
      vcpu.kick();
      vcpu.run();
      return value;
    };
    assert.ok(answer(PSCI.version) >= 2 && answer(PSCI.version) < 0x2_0000);
    assert.equal(answer(PSCI.unknown), NOT_SUPPORTED);
    assert.deepEqual(call(PSCI.reset), { kind: "system_event", event: "reset" });
  });

  test("guest and host see each other's writes to RAM", (vm) => {
    const vcpu = loaded(vm, PROGRAMS.memory);
    const { base, bytes, size } = vm.memory;
    const view = new DataView(bytes.buffer, bytes.byteOffset, size);
    for (const at of [0x1000, size - 8]) {
      view.setUint32(at, 0x1234_0000 + at, true);
      vcpu.set_reg(PC, BigInt(base));
      vcpu.set_reg(general(0), BigInt(base + at));
      assert.deepEqual(reports(vcpu, 1), [0x1234_0001 + at]);
      assert.equal(view.getUint32(at + 4, true), 0x1234_0001 + at);
      vcpu.kick();
      vcpu.run();
    }
  });

  test("the virtual timer runs, at the frequency it says", (vm) => {
    const vcpu = loaded(vm, PROGRAMS.timer);
    const began = performance.now();
    const [frequency, control] = reports(vcpu, 2);
    assert.ok(frequency! >= 1_000_000 && frequency! <= 2_000_000_000, `${frequency} Hz`);
    assert.equal(control, 7);
    assert.ok(performance.now() - began >= 1000 / 512);
  });

  test("an SPI that is raised wakes WFI and is acknowledged; lowered, it is gone", (vm) => {
    const vcpu = loaded(vm, gic === 2 ? PROGRAMS.irq2 : PROGRAMS.irq3);
    vm.set_irq(SPI, true);
    assert.deepEqual(reports(vcpu, 1), [INTID]);
    vm.set_irq(SPI, false);
    assert.deepEqual(reports(vcpu, 1), [SPURIOUS]);
  });
}
