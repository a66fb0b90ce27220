import assert from "node:assert/strict";
import * as fc from "fast-check";
import { EXIT, STATE } from "../state.ts";
import { MODE } from "./modes.ts";
import { Rig } from "./testing.ts";

const rig = new Rig();
const { cpu, system } = rig;
const { modes } = system;
const MODES = Object.keys(MODE) as (keyof typeof MODE)[];

function exit(): number {
  const value = cpu.get(STATE.exit);
  cpu.set(STATE.exit, EXIT.none);
  return value;
}

Deno.test("Every mode has the registers of the manual's figure B1-2", () => {
  rig.reset();
  // A distinct value for each register in each mode, in order; the last writer of a bank wins.
  for (const mode of MODES) {
    rig.mode(mode);
    for (let i = 0; i < 15; i++) cpu.set_reg(i, MODE[mode] * 256 + i);
    if (modes.has_spsr()) modes.msr_spsr(MODE[mode] * 256 + 16, -1);
  }
  const last = MODE.sys;
  for (const mode of MODES) {
    rig.mode(mode);
    for (let i = 0; i < 15; i++) {
      const own = i >= 13 ? mode !== "usr" : i >= 8 && mode === "fiq";
      const owner = own ? MODE[mode] : last;
      // r0..r12 were written by the last mode for all modes that share them.
      assert.equal(cpu.reg(i), owner * 256 + i, `${mode} r${i}`);
    }
    if (modes.has_spsr()) assert.equal(modes.mrs_spsr(), MODE[mode] * 256 + 16);
    assert.equal(modes.get_user_reg(13), last * 256 + 13);
    assert.equal(modes.get_user_reg(10), last * 256 + 10);
    assert.equal(modes.get_fiq_reg(9), MODE.fiq * 256 + 9);
    assert.equal(modes.get_banked_sp(MODE.abt), MODE.abt * 256 + 13);
    modes.set_banked_sp(MODE.und, 77);
    assert.equal(modes.get_banked_sp(MODE.und), 77);
    modes.set_banked_sp(MODE.und, MODE.und * 256 + 13);
  }
  assert.equal(exit(), EXIT.none);
});

Deno.test("CPSR goes out as it came in, whatever the pieces", () => {
  rig.reset();
  const mode = fc.constantFrom(...Object.values(MODE));
  fc.assert(fc.property(fc.integer(), mode, (bits, m) => {
    // J, bits 23:20 and 4 have no storage or are fixed.
    const value = (bits & ~0x01f0_001f) | m;
    modes.set_cpsr(value);
    assert.equal(modes.get_cpsr(), value);
    assert.equal(modes.mrs_cpsr(), value & (0xf80f_03df | 0));
  }));
  rig.mode("svc");
  exit();
});

Deno.test("MSR changes what its mask and the mode allow", () => {
  rig.reset();
  modes.msr_cpsr(-1, 0xff00_0000 | 0);
  assert.equal(modes.mrs_cpsr() >>> 0, 0xf800_01d3);
  modes.msr_cpsr(0, -1 & ~0xff);
  assert.equal(modes.mrs_cpsr() >>> 0, 0x0000_00d3, "A is cleared with byte 1");
  modes.msr_cpsr(0x000a_0000, 0x00ff_0000);
  assert.equal(modes.mrs_cpsr() >>> 0, 0x000a_00d3);
  modes.msr_cpsr(0xd7, 0xff);
  assert.equal(modes.mode(), MODE.abt);
  modes.msr_cpsr(0x15, 0xff);
  assert.equal(modes.mode(), MODE.abt, "there is no mode 0x15");
  modes.msr_cpsr(0x20 | MODE.usr, 0xff);
  assert.equal(cpu.get(STATE.thumb), 0, "T is not MSR's");
  assert.equal(exit(), EXIT.resume, "User mode is another context");
  modes.msr_cpsr(-1, -1);
  assert.equal(modes.mrs_cpsr() >>> 0, 0xf80f_0210, "User mode may write APSR and E");
  modes.msr_cpsr(0, -1);
  modes.cps(0x1c0, true, MODE.svc);
  assert.equal(modes.mrs_cpsr() >>> 0, 0x10, "CPS does nothing there");
  exit();
});

Deno.test("CPS changes masks and mode", () => {
  rig.reset();
  modes.cps(0x80, false, 0);
  assert.equal(modes.mrs_cpsr(), 0x153);
  modes.cps(0x1c0, false, MODE.irq);
  assert.equal(modes.mrs_cpsr(), 0x12);
  modes.cps(0x40, true, 0);
  assert.equal(modes.mrs_cpsr(), 0x52);
  assert.equal(exit(), EXIT.none);
});

Deno.test("Unmasking a pending interrupt leaves for the run loop", () => {
  for (const unmask of [() => modes.cps(0x80, false, 0), () => modes.msr_cpsr(0x53, 0xff)]) {
    rig.reset();
    cpu.set_lines(true, false);
    modes.cps(0x40, false, 0);
    assert.equal(exit(), EXIT.none, "FIQ is not pending");
    cpu.set(STATE.budget, 100);
    unmask();
    assert.equal(exit(), EXIT.resume);
    assert.equal(cpu.get(STATE.budget), 0);
    cpu.set_lines(false, false);
  }
});

Deno.test("User and System mode have no SPSR", () => {
  for (const mode of ["usr", "sys"] as const) {
    for (
      const use of [
        () => modes.mrs_spsr(),
        () => modes.msr_spsr(0, -1),
        () => modes.exception_return(0),
      ]
    ) {
      rig.reset();
      rig.mode(mode);
      exit();
      use();
      assert.deepEqual(rig.taken(), { kind: "undefined" }, mode);
    }
  }
});

Deno.test("An exception return takes CPSR, instruction set and ITSTATE from SPSR", () => {
  rig.reset();
  rig.mode("irq");
  // Thumb, IT = 0b1010_0110, N, User mode.
  modes.msr_spsr(0x8000_0030 | (0b10 << 25) | (0b101001 << 10), -1);
  modes.exception_return(0x4000_1003);
  assert.equal(exit(), EXIT.jump);
  assert.equal(cpu.get(STATE.pc), 0x4000_1002);
  assert.equal(cpu.get(STATE.thumb), 1);
  assert.equal(cpu.get(STATE.itstate), 0b1010_0110);
  assert.equal(modes.mode(), MODE.usr);
  assert.ok(cpu.get(STATE.nf) < 0);
  rig.reset();
  modes.return_to(0x4000_1003, MODE.svc);
  assert.equal(cpu.get(STATE.pc), 0x4000_1000);
  exit();
});

Deno.test("CPACR and FPEXC decide who executes VFP and Advanced SIMD", () => {
  const allowed = (): [number, number] => [cpu.get(STATE.fp_enabled), cpu.get(STATE.simd_enabled)];
  const cpacr = [...system.cp.registers()].find((r) => r.name === "CPACR")!;
  rig.reset();
  system.fp.vmsr(8, 1 << 30);
  assert.equal(rig.taken()?.kind, "undefined", "CPACR denies FPEXC too");
  cpacr.write!(system, 0x50_0000);
  assert.deepEqual(allowed(), [0, 0]);
  system.fp.vmsr(8, -1);
  assert.deepEqual(allowed(), [1, 1]);
  assert.equal(system.fp.vmrs(8), 1 << 30);
  rig.mode("usr");
  assert.deepEqual(allowed(), [0, 0]);
  rig.mode("svc");
  cpacr.write!(system, 0x80f0_0000 | 0);
  assert.deepEqual(allowed(), [1, 0]);
  rig.mode("usr");
  assert.deepEqual(allowed(), [1, 0]);
  exit();
  assert.equal(system.fp.vmrs(7), 0);
  assert.equal(rig.taken()?.kind, "undefined", "MVFR0 is for PL1");
  system.fp.vmsr(1, -1);
  assert.equal(system.fp.vmrs(1) >>> 0, 0xfff7_009f);
  rig.reset();
});
