/**
 * Tests of the vCPU contract that any backend for 32-bit guests must pass.
 *
 * @module
 */
import assert from "node:assert/strict";
import { type ErrnoName, HypervisorError } from "./error.ts";
import type { Exit } from "./exit.ts";
import type { KickToken, Vcpu, Vm } from "./hypervisor.ts";
import { core_reg_id, cp_reg_id } from "./regs.ts";
import type { VcpuInit } from "./vcpu_init.ts";

/** What a backend gives the suite. */
export interface VcpuContract {
  /** A fresh VM for one vCPU with some RAM and a GICv2 at QEMU virt's addresses. */
  readonly make_vm: () => Vm;
  /** Kicks a vCPU from another thread, `ms` milliseconds from now. */
  readonly kick_later: (token: KickToken, ms: number) => Disposable;
  /** The backend cannot be had: why. Every test is skipped. */
  readonly skip?: string;
}

const PC = core_reg_id(15), CPSR = core_reg_id(16);
const SVC_MASKED = 0x1d3n;
const MIDR = cp_reg_id(15, 0, 0, 0, 0);
const DEVICE = 0x0900_0000;

const ONE_OF_EACH = [
  0xe3a00409, // mov   r0, #0x09000000
  0xe3a01068, // mov   r1, #0x68
  0xe5801000, // str   r1, [r0]
  0xe1d021b8, // ldrh  r2, [r0, #24]
  0xe5c02001, // strb  r2, [r0, #1]
  0xe51f0000, // ldr   r0, =PSCI SYSTEM_OFF
  0xe1400070, // hvc   #0
  0x84000008,
];
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
const FOREVER = [
  0xeafffffe, // b     .
];
const SLEEP = [
  0xe320f003, // wfi
  0xeafffffd, // b     .-4
];
/** Sleeps until the virtual timer's interrupt is pending, 5 ms on; r3 is GICC_IAR. */
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
  0xe590300c, // ldr   r3, [r0, #12]        GICC_IAR
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

/** A vCPU that is about to execute `code` from the beginning of RAM. */
function loaded(vm: Vm, code: readonly number[]): Vcpu {
  const vcpu = vm.create_vcpu(0);
  vcpu.init(vm.preferred_target());
  vm.memory.bytes.set(new Uint8Array(Uint32Array.from(code).buffer));
  vcpu.set_reg(CPSR, SVC_MASKED);
  vcpu.set_reg(PC, BigInt(vm.memory.base));
  return vcpu;
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
  const test = (title: string, fn: (vm: Vm) => void): void =>
    Deno.test({
      name: `${name}: ${title}`,
      ignore: contract.skip !== undefined,
      fn: () => {
        using vm = contract.make_vm();
        fn(vm);
      },
    });

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
    throws("EINVAL", () => vcpu.init({ ...vm.preferred_target(), target: 99 }));
    const features = vm.preferred_target().features;
    features[6]! |= 1 << 31;
    throws("EINVAL", () => vcpu.init({ ...vm.preferred_target(), features }));
    throws("ENOEXEC", () => vcpu.run());
    vcpu.init(vm.preferred_target());
  });

  test("a second init must be like the first, and resets", (vm) => {
    const vcpu = vm.create_vcpu(0);
    const init: VcpuInit = vm.preferred_target();
    vcpu.init(init);
    vcpu.set_reg(core_reg_id(5), 0x1234n);
    const other = { target: init.target, features: init.features.slice() };
    other.features[0]! ^= 1;
    throws("EINVAL", () => vcpu.init(other));
    assert.equal(vcpu.get_reg(core_reg_id(5)), 0x1234n);
    vcpu.init(vm.preferred_target());
    assert.equal(vcpu.get_reg(core_reg_id(5)), 0n);
    assert.equal(vcpu.get_reg(CPSR), SVC_MASKED);
  });

  test("the preferred target is fresh each time", (vm) => {
    const mine = vm.preferred_target();
    mine.features.fill(0xffff_ffff);
    assert.notDeepEqual(vm.preferred_target().features, mine.features);
  });

  test("every register of the list can be read, and written with what it has", (vm) => {
    const vcpu = vm.create_vcpu(0);
    vcpu.init(vm.preferred_target());
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

  test("core registers keep what they are given, in every bank", (vm) => {
    const vcpu = vm.create_vcpu(0);
    vcpu.init(vm.preferred_target());
    const words = [...Array(16).keys(), ...Array.from({ length: 20 }, (_, i) => 18 + i)];
    for (const mode of [0x1d3n, 0x1d1n, 0x1d2n, 0x110n]) {
      vcpu.set_reg(CPSR, mode);
      for (const word of words) vcpu.set_reg(core_reg_id(word), BigInt(0xf000_0000 + word * 8));
      vcpu.set_reg(CPSR, 0x1dbn);
      for (const word of words) {
        assert.equal(vcpu.get_reg(core_reg_id(word)), BigInt(0xf000_0000 + word * 8), `${word}`);
      }
    }
    assert.equal(vcpu.get_reg(CPSR), 0x1dbn);
  });

  test("an invariant register takes its own value only", (vm) => {
    const vcpu = vm.create_vcpu(0);
    vcpu.init(vm.preferred_target());
    const midr = vcpu.get_reg(MIDR);
    vcpu.set_reg(MIDR, midr);
    throws("EINVAL", () => vcpu.set_reg(MIDR, midr ^ 1n));
    assert.equal(vcpu.get_reg(MIDR), midr);
  });

  test("what is not RAM is an MMIO exit, PSCI's SYSTEM_OFF ends the run", (vm) => {
    const vcpu = loaded(vm, ONE_OF_EACH);
    const { mmio, exit } = run(vcpu);
    assert.deepEqual(mmio, ["write4 0 68", "read2 18", "write1 1 0"]);
    assert.deepEqual(exit, { kind: "system_event", event: "shutdown" });
    assert.equal(vcpu.get_reg(core_reg_id(2)), 0x1000n);
  });

  test("an instruction that makes several accesses makes each of them once", (vm) => {
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
    const vcpu = loaded(vm, ONE_OF_EACH);
    vcpu.kick();
    assert.equal(vcpu.run().kind, "interrupted");
    assert.equal(vcpu.run().kind, "mmio_write");
  });

  test("an MMIO access is completed before a kick counts", (vm) => {
    const vcpu = loaded(vm, ONE_OF_EACH);
    assert.equal(vcpu.run().kind, "mmio_write");
    vcpu.kick();
    assert.equal(vcpu.run().kind, "interrupted");
    assert.equal(vcpu.get_reg(PC), BigInt(vm.memory.base + 12));
    assert.equal(vcpu.run().kind, "mmio_read");
  });

  for (const [title, code] of [["in an endless loop", FOREVER], ["asleep", SLEEP]] as const) {
    test(`a kick from another thread stops a guest ${title}`, (vm) => {
      const vcpu = loaded(vm, code);
      using _kicker = contract.kick_later(vcpu.kick_token(), 20);
      assert.equal(vcpu.run().kind, "interrupted");
      const pc = Number(vcpu.get_reg(PC)) - vm.memory.base;
      assert.ok(pc >= 0 && pc < 8, `${pc}`);
    });
  }

  test("WFI sleeps until the virtual timer's interrupt, masked though it is", (vm) => {
    const vcpu = loaded(vm, SLEEP_5_MS);
    const began = performance.now();
    const { exit } = run(vcpu);
    const took = performance.now() - began;
    assert.deepEqual(exit, { kind: "system_event", event: "shutdown" });
    assert.equal(vcpu.get_reg(core_reg_id(3)), 27n);
    assert.ok(took >= 4.9 && took < 2000, `${took} ms`);
  });
}
