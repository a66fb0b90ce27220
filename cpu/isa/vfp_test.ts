import assert from "node:assert/strict";
import type { Cpu } from "../cpu.ts";
import { InterpreterEngine } from "../engine/interpreter.ts";
import { ReferenceEngine } from "../engine/reference.ts";
import { set_fpscr } from "../fpscr.ts";
import { EXIT, STATE } from "../state.ts";
import { flat_cpu, place_code } from "../testing/flat.ts";
import { Decoder } from "./decoder.ts";
import { NEON_FP_ROWS } from "./neon_fp.ts";
import { extract_fields } from "./row.ts";
import { VFP_ROWS } from "./vfp.ts";
import { VFP_MEM_ROWS } from "./vfp_mem.ts";

const UDF = 0xe7f0_00f0;
const ENGINES = [ReferenceEngine, InterpreterEngine] as const;
const IXC = 16;

/** An engine and its CPU: made once, since making the interpreter takes a while. */
class Subject {
  readonly #cpu: Cpu = flat_cpu();
  readonly #engine;

  constructor(make: typeof ENGINES[number]) {
    this.#engine = new make(this.#cpu);
  }

  /** The CPU with floating point on and FPSCR and registers clear. */
  reset(): Cpu {
    const cpu = this.#cpu;
    set_fpscr(cpu, 0);
    cpu.set(STATE.fp_enabled, 1);
    cpu.set(STATE.simd_enabled, 1);
    for (let i = 0; i < 64; i++) cpu.set_vword(i, 0);
    for (let i = 0; i < 15; i++) cpu.set_reg(i, 0);
    return cpu;
  }

  /** Runs Thumb halfwords up to an undefined instruction among them. */
  run_thumb(code: readonly number[]): void {
    place_code(this.#cpu, code, { thumb: true });
    this.#engine.page_written(0x4000_1000, 0, 2 * code.length);
    this.#engine.run();
    assert.equal(this.#cpu.get(STATE.exit), EXIT.exception);
  }

  /** Runs A32 instructions up to an undefined one; how far they came, in words. */
  run(code: readonly number[]): number {
    const cpu = this.#cpu;
    place_code(cpu, [...code, UDF]);
    this.#engine.page_written(0x4000_1000, 0, 4 * code.length + 4);
    this.#engine.run();
    assert.equal(cpu.get(STATE.exit), EXIT.exception);
    return (cpu.get(STATE.pc) - 0x4000_1000) / 4;
  }
}

function f32(value: number): number {
  return new Int32Array(new Float32Array([value]).buffer)[0]!;
}

const VADD_F32 = 0xee30_0a81; // vadd.f32 s0, s1, s2
const VADD_F64 = 0xee31_0b02; // vadd.f64 d0, d1, d2
const VCMP_F32 = 0xeeb4_0a60; // vcmp.f32 s0, s1
const VMOV_F64 = 0xeeb0_0b41; // vmov.f64 d0, d1
const VLDR_S0 = 0xed90_0a00; // vldr s0, [r0]
const VMRS_APSR = 0xeef1_fa10; // vmrs APSR_nzcv, fpscr
const VADD_NEON = 0xf202_0d44; // vadd.f32 q0, q1, q2

for (const make of ENGINES) {
  let made: Subject | undefined;
  const subject = (): Subject => made ??= new Subject(make);

  Deno.test(`${make.name}: without CPACR or FPEXC, floating point is UNDEFINED`, () => {
    for (const word of [VADD_F32, VADD_F64, VCMP_F32, VMOV_F64, VLDR_S0, VMRS_APSR, VADD_NEON]) {
      const cpu = subject().reset();
      cpu.set_reg(0, 0x4000_2000);
      cpu.set(STATE.fp_enabled, 0);
      cpu.set(STATE.simd_enabled, 0);
      assert.equal(subject().run([word]), 0, word.toString(16));
    }
  });

  Deno.test(`${make.name}: CPACR.ASEDIS makes Advanced SIMD UNDEFINED, and not VFP`, () => {
    const cpu = subject().reset();
    cpu.set(STATE.simd_enabled, 0);
    assert.equal(subject().run([VADD_F32, VADD_NEON]), 1);
  });

  Deno.test(`${make.name}: short vectors are UNDEFINED for data processing only`, () => {
    const cpu = subject().reset();
    cpu.set_reg(0, 0x4000_2000);
    const length_of_2 = 1 << 16, stride_of_2 = 3 << 20;
    for (const control of [length_of_2, stride_of_2]) {
      for (const flags of [0, IXC]) {
        for (const word of [VADD_F32, VADD_F64, VMOV_F64]) {
          set_fpscr(cpu, control | flags);
          assert.equal(subject().run([word]), 0, word.toString(16));
        }
      }
      assert.equal(subject().run([VCMP_F32, VLDR_S0, VMRS_APSR]), 3);
    }
  });

  Deno.test(`${make.name}: the first inexact sum sets IXC, and the next one is as right`, () => {
    const cpu = subject().reset();
    const third = f32(1 / 3);
    for (const before of [0, IXC]) {
      cpu.set_vword(1, f32(1));
      cpu.set_vword(2, third);
      set_fpscr(cpu, before);
      subject().run([VADD_F32]);
      assert.equal(cpu.vword(0), f32(1 + Math.fround(1 / 3)));
      assert.equal(cpu.get(STATE.fp_flags), IXC);
    }
  });

  Deno.test(`${make.name}: operands that raise something are not left to the host`, () => {
    const cpu = subject().reset();
    const cases = [
      // s1, s2, result, flags
      [0x7f80_0001, 0x3f80_0000, 0x7fc0_0001, 1],
      [0x7f80_0000, 0xff80_0000, 0x7fc0_0000, 1],
      [0x7f7f_ffff, 0x7f7f_ffff, 0x7f80_0000, 4],
      [0x7f80_0000, 0x3f80_0000, 0x7f80_0000, 0],
    ] as const;
    for (const [n, m, result, flags] of cases) {
      cpu.set_vword(1, n);
      cpu.set_vword(2, m);
      set_fpscr(cpu, IXC);
      subject().run([VADD_F32]);
      assert.equal(cpu.vword(0) >>> 0, result);
      assert.equal(cpu.get(STATE.fp_flags), IXC | flags);
    }
  });

  Deno.test(`${make.name}: VFMA rounds once where double precision sees half of a last bit`, () => {
    const cpu = subject().reset();
    const vfma = 0xeea0_0a81; // vfma.f32 s0, s1, s2
    // (1 + 2^-12)^2 is 1 + 2^-11 and half of a last bit; 2^-80 more or less decides.
    for (const [addend, result] of [[2 ** -80, 0x3f80_1001], [-(2 ** -80), 0x3f80_1000]] as const) {
      set_fpscr(cpu, IXC);
      cpu.set_vword(0, f32(addend));
      cpu.set_vword(1, f32(1 + 2 ** -12));
      cpu.set_vword(2, f32(1 + 2 ** -12));
      subject().run([vfma]);
      assert.equal(cpu.vword(0), result);
    }
  });

  Deno.test(`${make.name}: a comparison reaches APSR through VMRS`, () => {
    const cpu = subject().reset();
    for (const [a, b, nzcv] of [[1, 2, 8], [2, 2, 6], [3, 2, 2], [NaN, 2, 3]] as const) {
      cpu.set_vword(0, f32(a));
      cpu.set_vword(1, f32(b));
      subject().run([VCMP_F32, VMRS_APSR]);
      const n = cpu.get(STATE.nf) < 0, z = cpu.get(STATE.zf) === 0;
      const c = cpu.get(STATE.cf), v = cpu.get(STATE.vf) < 0;
      assert.equal((n ? 8 : 0) | (z ? 4 : 0) | (c << 1) | (v ? 1 : 0), nzcv, `${a} ${b}`);
    }
  });

  Deno.test(`${make.name}: loads and stores must be word-aligned, doublewords too`, () => {
    const vldr_d0 = 0xed90_0b00, vstr_d0 = 0xed80_0b00, vldmia_d0_d1 = 0xecb0_0b04;
    for (const word of [VLDR_S0, vldr_d0, vstr_d0, vldmia_d0_d1]) {
      const cpu = subject().reset();
      cpu.set_reg(0, 0x4000_2002);
      assert.equal(subject().run([word]), 0);
      assert.equal(cpu.pending?.kind, "data_abort");
      assert.equal(cpu.reg(0), 0x4000_2002);
      cpu.set_reg(0, 0x4000_2004);
      assert.equal(subject().run([word]), 1);
    }
  });

  Deno.test(`${make.name}: literals are relative to the PC, which Thumb aligns`, () => {
    const cpu = subject().reset();
    // vldr d0, [pc, #4]; vldr s2, [pc, #-12]; two words that are never reached
    subject().run([0xed9f_0b01, 0xed1f_1a03, UDF, 0x1111_1111, 0x2222_2222]);
    assert.equal(cpu.dreg(0), 0x2222_2222_1111_1111n);
    assert.equal(cpu.vword(2) >>> 0, 0xed9f_0b01);
    for (const nops of [0, 1]) {
      // nop, if any; vldr s0, [pc, #4]; udf; words
      const code = [...Array(nops).fill(0xbf00), 0xed9f, 0x0a01, 0xde00];
      while (code.length < 4) code.push(0xde00);
      subject().run_thumb([...code, 0x3333, 0x4444, 0x5555, 0x6666]);
      assert.equal(cpu.vword(0), 0x4444_3333);
    }
  });

  Deno.test(`${make.name}: VLDM that faults in the middle leaves the base alone`, () => {
    const cpu = subject().reset();
    const vldmia_d0_d3 = 0xecb0_0b08;
    cpu.set_reg(0, 0x400f_fff0);
    assert.equal(subject().run([vldmia_d0_d3]), 0);
    assert.equal(cpu.pending?.kind, "data_abort");
    assert.equal(cpu.reg(0), 0x400f_fff0);
  });

  Deno.test(`${make.name}: VPUSH and VPOP bring doublewords back`, () => {
    const cpu = subject().reset();
    cpu.set_reg(13, 0x4000_3004);
    for (let i = 0; i < 4; i++) cpu.set_dreg(8 + i, 0x1111_2222_3333_4444n * BigInt(i + 1));
    const vpush_d8_d11 = 0xed2d_8b08, vpop_d0_d3 = 0xecbd_0b08;
    subject().run([vpush_d8_d11, vpop_d0_d3]);
    assert.equal(cpu.reg(13), 0x4000_3004);
    for (let i = 0; i < 4; i++) assert.equal(cpu.dreg(i), cpu.dreg(8 + i));
    assert.equal(cpu.u32[cpu.code_address(0x4000_3000) >> 2], 0x4444_8888);
  });

  Deno.test(`${make.name}: FPSCR reads back what can be set in it`, () => {
    const cpu = subject().reset();
    cpu.set_reg(0, -1);
    const vmsr = 0xeee1_0a10, vmrs_r1 = 0xeef1_1a10;
    subject().run([vmsr, vmrs_r1]);
    assert.equal(cpu.reg(1) >>> 0, 0xfff7_009f);
  });
}

const decoder = new Decoder([...VFP_ROWS, ...VFP_MEM_ROWS, ...NEON_FP_ROWS]);

/** Disassembles A32, or T32 with its halfwords in order. */
function disassemble(isa: "a32" | "t32", word: number): string | undefined {
  const insn = decoder.decode(isa, word, { in_it: false, it_last: true });
  return insn?.row.asm(extract_fields(insn.row, word), 0);
}

// Assembled by GNU as.
const ASSEMBLY: readonly (readonly [word: number, text: string])[] = [
  [0xee30_0a81, "vadd.f32 s0, s1, s2"],
  [0x0e71_fba2, "vaddeq.f64 d31, d17, d18"],
  [0xee11_0b42, "vnmla.f64 d0, d1, d2"],
  [0xee90_0ae1, "vfnma.f32 s0, s1, s3"],
  [0xeea0_0ae1, "vfms.f32 s0, s1, s3"],
  [0xeeb7_0b00, "vmov.f64 d0, #1"],
  [0xeefc_0a0c, "vmov.f32 s1, #-0.21875"],
  [0xeeb4_0bc1, "vcmpe.f64 d0, d1"],
  [0xeef5_0a40, "vcmp.f32 s1, #0.0"],
  [0xeebd_0bc1, "vcvt.s32.f64 s0, d1"],
  [0xeebc_0a60, "vcvtr.u32.f32 s0, s1"],
  [0xeeb8_0be0, "vcvt.f64.s32 d0, s1"],
  [0xeeb7_0ae0, "vcvt.f64.f32 d0, s1"],
  [0xeeb7_0bc1, "vcvt.f32.f64 s0, d1"],
  [0xeeb3_0ae0, "vcvtt.f16.f32 s0, s1"],
  [0xeebe_0bc8, "vcvt.s32.f64 d0, d0, #16"],
  [0xed9f_0b03, "vldr d0, [pc, #12]"],
  [0xed51_0a01, "vldr s1, [r1, #-4]"],
  [0xed2d_8b10, "vpush {d8-d15}"],
  [0xecbd_8a01, "vpop {s16}"],
  [0xec90_0b05, "fldmiax r0, {d0-d1}"],
  [0xeef1_fa10, "vmrs APSR_nzcv, fpscr"],
  [0xeee8_3a10, "vmsr fpexc, r3"],
  [0xec51_0b12, "vmov r0, r1, d2"],
  [0xec41_0a11, "vmov s2, s3, r0, r1"],
  [0xee10_0a90, "vmov r0, s1"],
  [0xf202_0d44, "vadd.f32 q0, q1, q2"],
  [0xf3a2_0961, "vmul.f32 q0, q1, d1[1]"],
  [0xf3b9_0460, "vcgt.f32 q0, q8, #0"],
  [0xf3bb_0540, "vrecpe.f32 q0, q0"],
  [0xf2bf_0f10, "vcvt.s32.f32 d0, d0, #1"],
  [0xf3b6_0600, "vcvt.f16.f32 d0, q0"],
  [0xf322_1e13, "vacgt.f32 d1, d2, d3"],
  [0xf302_1f03, "vpmax.f32 d1, d2, d3"],
  [0xf3bb_24c4, "vrsqrte.u32 q1, q2"],
];

Deno.test("the disassembly of A32 floating point is UAL", () => {
  for (const [word, text] of ASSEMBLY) assert.equal(disassemble("a32", word), text);
});

Deno.test("T32 has the same floating-point instructions in other places", () => {
  for (const [word, text] of ASSEMBLY) {
    // VFP: the condition is 1110. Advanced SIMD: 1111001U becomes 111U1111.
    const vfp = word >>> 28 !== 15;
    if (vfp && word >>> 28 !== 14) continue;
    const t32 = vfp ? word : (0xef00_0000 | (((word >>> 24) & 1) << 28) | (word & 0xff_ffff)) >>> 0;
    assert.equal(disassemble("t32", t32), text);
  }
});

Deno.test("register lists that do not exist are UNDEFINED", () => {
  for (const word of [0xec90_0b00, 0xec90_0b22, 0xecf0_fa03, 0xecbf_0b02]) {
    assert.equal(disassemble("a32", word), undefined, word.toString(16));
  }
});
