/**
 * Floating-point instructions that micro-ops cannot compute exactly: other rounding modes, NaNs,
 * denormals, and the first inexact result.
 *
 * @module
 */
import type { Cpu } from "../cpu.ts";
import {
  f16_to_f32,
  F32_ARITH,
  f32_compare,
  f32_sqrt,
  f32_to_f16,
  f32_to_f64,
  f32_to_fixed,
  F64_ARITH,
  f64_compare,
  f64_sqrt,
  f64_to_f32,
  f64_to_fixed,
  fixed_to_f32,
  fixed_to_f64,
  type FixedFormat,
  FpEnv,
  MODE,
  ROUND,
  VFP_ARITH,
  type VfpArith,
} from "../fp/mod.ts";
import { FPSCR, raise_flags } from "../fpscr.ts";
import { type Helper, helper } from "../helper.ts";
import { STATE } from "../state.ts";

const env = new FpEnv();

/** The environment that FPSCR prescribes. */
function enter(cpu: Cpu): FpEnv {
  env.mode = cpu.get(STATE.fpscr);
  env.flags = 0;
  return env;
}

/** Adds what has been raised to FPSCR's cumulative flags. */
function leave(cpu: Cpu): void {
  raise_flags(cpu, env.flags);
}

/** Writes the 64-bit result to D register `d`. */
function write_d(cpu: Cpu, d: number): void {
  cpu.set_vword(2 * d, env.lo);
  cpu.set_vword(2 * d + 1, env.hi);
}

/** There are no short vectors: under FPSCR.Len or Stride data processing is UNDEFINED. */
function vectors(cpu: Cpu): boolean {
  if ((cpu.get(STATE.fpscr) & FPSCR.vector) === 0) return false;
  cpu.raise({ kind: "undefined" });
  return true;
}

function by_kind(make: (kind: VfpArith) => Helper): Record<VfpArith, Helper> {
  return Object.fromEntries(VFP_ARITH.map((kind) => [kind, make(kind)])) as never;
}

/** Single-precision arithmetic: bits of the destination's old value and the operands to the result's. */
export const ARITH_F32: Readonly<Record<VfpArith, Helper>> = by_kind((kind) => {
  const compute = F32_ARITH[kind];
  return helper(
    `${kind}_f32`,
    { args: ["i32", "i32", "i32"], ty: "i32", exits: true, keeps_core: true, keeps_vectors: true },
    (cpu, d, n, m) => {
      if (vectors(cpu)) return 0;
      const result = compute(enter(cpu), d, n, m);
      leave(cpu);
      return result;
    },
  );
});

/** Double-precision arithmetic on D registers by number: destination and operands. */
export const ARITH_F64: Readonly<Record<VfpArith, Helper>> = by_kind((kind) => {
  const compute = F64_ARITH[kind];
  return helper(
    `${kind}_f64`,
    {
      args: ["i32", "i32", "i32"],
      ty: undefined,
      exits: true,
      keeps_core: true,
      keeps_vectors: true,
    },
    (cpu, d, n, m) => {
      if (vectors(cpu)) return;
      compute(
        enter(cpu),
        cpu.vword(2 * d + 1),
        cpu.vword(2 * d),
        cpu.vword(2 * n + 1),
        cpu.vword(2 * n),
        cpu.vword(2 * m + 1),
        cpu.vword(2 * m),
      );
      leave(cpu);
      write_d(cpu, d);
    },
  );
});

/** VSQRT.F32: bits to bits. */
export const SQRT_F32: Helper = helper(
  "vsqrt_f32",
  { args: ["i32"], ty: "i32", exits: true, keeps_core: true, keeps_vectors: true },
  (cpu, m) => {
    if (vectors(cpu)) return 0;
    const result = f32_sqrt(enter(cpu), m);
    leave(cpu);
    return result;
  },
);

/** VSQRT.F64 of D registers by number. */
export const SQRT_F64: Helper = helper(
  "vsqrt_f64",
  { args: ["i32", "i32"], ty: undefined, exits: true, keeps_core: true, keeps_vectors: true },
  (cpu, d, m) => {
    if (vectors(cpu)) return;
    f64_sqrt(enter(cpu), cpu.vword(2 * m + 1), cpu.vword(2 * m));
    leave(cpu);
    write_d(cpu, d);
  },
);

/** VCMP.F32 of bits; the last argument is 1 for VCMPE. The result is NZCV in place. */
export const COMPARE_F32: Helper = helper(
  "vcmp_f32",
  { args: ["i32", "i32", "i32"], ty: "i32", keeps_core: true, keeps_vectors: true },
  (cpu, n, m, signalling) => {
    const nzcv = f32_compare(enter(cpu), n, m, signalling !== 0);
    leave(cpu);
    return nzcv;
  },
);

/** VCMP.F64 of D registers by number; `m` is -1 for zero. */
export const COMPARE_F64: Helper = helper(
  "vcmp_f64",
  { args: ["i32", "i32", "i32"], ty: "i32", keeps_core: true, keeps_vectors: true },
  (cpu, n, m, signalling) => {
    const mh = m < 0 ? 0 : cpu.vword(2 * m + 1), ml = m < 0 ? 0 : cpu.vword(2 * m);
    const nh = cpu.vword(2 * n + 1), nl = cpu.vword(2 * n);
    const nzcv = f64_compare(enter(cpu), nh, nl, mh, ml, signalling !== 0);
    leave(cpu);
    return nzcv;
  },
);

/** VCVT.F64.F32: bits to a D register by number. */
export const F32_TO_F64: Helper = helper(
  "f32_to_f64",
  { args: ["i32", "i32"], ty: undefined, keeps_core: true, keeps_vectors: true },
  (cpu, d, m) => {
    f32_to_f64(enter(cpu), m);
    leave(cpu);
    write_d(cpu, d);
  },
);

/** VCVT.F32.F64: a D register by number to bits. */
export const F64_TO_F32: Helper = helper(
  "f64_to_f32",
  { args: ["i32"], ty: "i32", keeps_core: true, keeps_vectors: true },
  (cpu, m) => {
    const result = f64_to_f32(enter(cpu), cpu.vword(2 * m + 1), cpu.vword(2 * m));
    leave(cpu);
    return result;
  },
);

/** VCVTB and VCVTT to single precision: bits 15:0 to bits. */
export const F16_TO_F32: Helper = helper(
  "f16_to_f32",
  { args: ["i32"], ty: "i32", keeps_core: true, keeps_vectors: true },
  (cpu, half) => {
    const result = f16_to_f32(enter(cpu), half);
    leave(cpu);
    return result;
  },
);

/** VCVTB and VCVTT from single precision: bits to bits 15:0. */
export const F32_TO_F16: Helper = helper(
  "f32_to_f16",
  { args: ["i32"], ty: "i32", keeps_core: true, keeps_vectors: true },
  (cpu, bits) => {
    const result = f32_to_f16(enter(cpu), bits);
    leave(cpu);
    return result;
  },
);

/** A fixed-point format as one number, for the helpers below. */
export function fixed_format(unsigned: boolean, bits: number, fraction: number): number {
  return (unsigned ? 1 << 16 : 0) | (bits << 8) | fraction;
}

/** Rounds as FPSCR says, whatever the instruction: VCVTR and conversions of integers to floats. */
export const BY_MODE: number = 1 << 17;

const formats = new Map<number, FixedFormat>();

function format_of(code: number): FixedFormat {
  let format = formats.get(code);
  if (!format) {
    format = {
      unsigned: ((code >>> 16) & 1) !== 0,
      bits: (code >>> 8) & 0xff,
      fraction: code & 0xff,
    };
    formats.set(code, format);
  }
  return format;
}

/** The environment of a conversion: `rounding` is what it does without {@link BY_MODE}. */
function enter_fixed(cpu: Cpu, code: number, rounding: number): FpEnv {
  enter(cpu);
  if ((code & BY_MODE) === 0) env.mode = (env.mode & ~MODE.rounding) | rounding;
  return env;
}

/** VCVT of single precision to fixed point: bits and {@link fixed_format} to an extended word. */
export const F32_TO_FIXED: Helper = helper(
  "f32_to_fixed",
  { args: ["i32", "i32"], ty: "i32", keeps_core: true, keeps_vectors: true },
  (cpu, bits, code) => {
    const result = f32_to_fixed(enter_fixed(cpu, code, ROUND.zero), bits, format_of(code));
    leave(cpu);
    return result;
  },
);

/** VCVT of a D register, by number, to fixed point. */
export const F64_TO_FIXED: Helper = helper(
  "f64_to_fixed",
  { args: ["i32", "i32"], ty: "i32", keeps_core: true, keeps_vectors: true },
  (cpu, m, code) => {
    enter_fixed(cpu, code, ROUND.zero);
    const result = f64_to_fixed(env, cpu.vword(2 * m + 1), cpu.vword(2 * m), format_of(code));
    leave(cpu);
    return result;
  },
);

/** VCVT of fixed point to single precision: a word to bits. */
export const FIXED_TO_F32: Helper = helper(
  "fixed_to_f32",
  { args: ["i32", "i32"], ty: "i32", keeps_core: true, keeps_vectors: true },
  (cpu, word, code) => {
    const result = fixed_to_f32(enter_fixed(cpu, code, ROUND.nearest), word, format_of(code));
    leave(cpu);
    return result;
  },
);

/** VCVT of fixed point to double precision: a word to a D register by number. */
export const FIXED_TO_F64: Helper = helper(
  "fixed_to_f64",
  { args: ["i32", "i32", "i32"], ty: undefined, keeps_core: true, keeps_vectors: true },
  (cpu, d, word, code) => {
    fixed_to_f64(enter_fixed(cpu, code, ROUND.nearest), word, format_of(code));
    leave(cpu);
    write_d(cpu, d);
  },
);
