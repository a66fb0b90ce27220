/**
 * Conversions between half, single and double precision, integers and fixed point.
 *
 * @module
 */
import { f32_bits, f32_of, f64_hi, f64_lo, f64_of } from "./bits.ts";
import { FLAG, type FpEnv, MODE, ROUND } from "./env.ts";
import {
  F32_DEFAULT_NAN,
  f32_is_nan,
  f32_operand,
  f32_process_nan,
  f32_round,
  rest_code,
  rounds_up,
} from "./f32.ts";
import { F64_DEFAULT_NAN_HI, f64_flushes, f64_give, f64_is_nan } from "./f64_nan.ts";

const SIGN = 0x8000_0000 | 0;

/** Single to double precision. */
export function f32_to_f64(env: FpEnv, a: number): void {
  a = f32_operand(env, a);
  if (!f32_is_nan(a)) {
    const value = f32_of(a);
    return f64_give(env, f64_hi(value), f64_lo(value));
  }
  if ((a & 0x40_0000) === 0) env.flags |= FLAG.ioc;
  if (env.mode & MODE.default_nan) return f64_give(env, F64_DEFAULT_NAN_HI, 0);
  f64_give(env, (a & SIGN) | F64_DEFAULT_NAN_HI | ((a & 0x7f_ffff) >> 3), a << 29);
}

/** Double to single precision. */
export function f64_to_f32(env: FpEnv, hi: number, lo: number): number {
  if (f64_flushes(env, hi, lo)) return hi & SIGN;
  if (f64_is_nan(hi, lo)) {
    if ((hi & 0x8_0000) === 0) env.flags |= FLAG.ioc;
    if (env.mode & MODE.default_nan) return F32_DEFAULT_NAN;
    return (hi & SIGN) | F32_DEFAULT_NAN | ((hi & 0x7_ffff) << 3) | (lo >>> 29);
  }
  const value = f64_of(hi, lo);
  return value === 0 || value - value !== 0 ? f32_bits(value) : f32_round(env, value);
}

/** Half precision, in bits 15:0, to single. Denormal halves are never flushed. */
export function f16_to_f32(env: FpEnv, half: number): number {
  const sign = half & 0x8000 ? SIGN : 0;
  const exponent = (half >>> 10) & 31, fraction = half & 0x3ff;
  if (exponent === 31 && (env.mode & MODE.ahp) === 0) {
    if (fraction === 0) return sign | 0x7f80_0000;
    return f32_process_nan(env, sign | 0x7f80_0000 | (fraction << 13));
  }
  if (exponent !== 0) return sign | ((exponent + 112) << 23) | (fraction << 13);
  return sign | f32_bits(fraction * 2 ** -24);
}

/** Single precision to half. */
export function f32_to_f16(env: FpEnv, a: number): number {
  a = f32_operand(env, a);
  const sign = a < 0 ? 0x8000 : 0;
  const alternative = (env.mode & MODE.ahp) !== 0;
  if (f32_is_nan(a)) {
    if (alternative || (a & 0x40_0000) === 0) env.flags |= FLAG.ioc;
    if (alternative) return sign;
    if (env.mode & MODE.default_nan) return 0x7e00;
    return sign | 0x7e00 | ((a >>> 13) & 0x1ff);
  }
  const magnitude = a & 0x7fff_ffff;
  if (magnitude === 0) return sign;
  if (magnitude === 0x7f80_0000) {
    if (!alternative) return sign | 0x7c00;
    env.flags |= FLAG.ioc;
    return sign | 0x7fff;
  }
  return sign | round_f16(env, sign !== 0, magnitude, alternative);
}

/** A finite single-precision magnitude that is not zero, rounded to half precision. */
function round_f16(env: FpEnv, negative: boolean, a: number, alternative: boolean): number {
  const exponent = (a >>> 23) - 127;
  const full = (a & 0x7f_ffff) | 0x80_0000;
  const tiny = exponent < -14;
  // Denormal operands are far below the least half: they need not be told apart.
  const drop = tiny ? Math.min(13 - 14 - exponent, 26) : 13;
  const kept = full >>> drop;
  const rest = rest_code(full & ((1 << drop) - 1), 1 << (drop - 1));
  let half = tiny ? kept : ((exponent + 14) << 10) + kept;
  if (rest !== 0 && rounds_up(env.mode, negative, rest, kept)) half++;
  if (alternative && half >= 0x8000) {
    env.flags |= FLAG.ioc;
    return 0x7fff;
  }
  if (rest !== 0) env.flags |= tiny ? FLAG.ixc | FLAG.ufc : FLAG.ixc;
  if (alternative || half < 0x7c00) return half;
  env.flags |= FLAG.ofc | FLAG.ixc;
  const rounding = env.mode & MODE.rounding;
  const to_infinity = rounding === ROUND.nearest || rounding === (negative ? ROUND.down : ROUND.up);
  return to_infinity ? 0x7c00 : 0x7bff;
}

/** How integers and fixed-point numbers are read and made. */
export interface FixedFormat {
  /** Unsigned, or two's complement. */
  readonly unsigned: boolean;
  /** 16 or 32. */
  readonly bits: number;
  /** How many bits are behind the point. */
  readonly fraction: number;
}

/** The value of the low `bits` bits of `word`. */
function fixed_value(word: number, format: FixedFormat): number {
  const shift = 32 - format.bits;
  const value = format.unsigned ? (word << shift) >>> shift : (word << shift) >> shift;
  return value * 2 ** -format.fraction;
}

/** An integer or fixed-point number to single precision: FixedToFP. */
export function fixed_to_f32(env: FpEnv, word: number, format: FixedFormat): number {
  const value = fixed_value(word, format);
  return value === 0 ? 0 : f32_round(env, value);
}

/** An integer or fixed-point number to double precision, always exact. */
export function fixed_to_f64(env: FpEnv, word: number, format: FixedFormat): void {
  const value = fixed_value(word, format) + 0;
  f64_give(env, f64_hi(value), f64_lo(value));
}

/** Rounds a number, scaled to an integer's place, and saturates it. */
function to_fixed(env: FpEnv, value: number, format: FixedFormat): number {
  let integer = Math.floor(value);
  const error = value - integer;
  if (error !== 0 && integer_rounds_up(env.mode, integer, error)) integer++;
  const low = format.unsigned ? 0 : -(2 ** (format.bits - 1));
  const high = (format.unsigned ? 2 ** format.bits : 2 ** (format.bits - 1)) - 1;
  if (integer < low || integer > high) {
    env.flags |= FLAG.ioc;
    return (integer < low ? low : high) | 0;
  }
  // An infinity has no error: it saturates above.
  if (error !== 0) env.flags |= FLAG.ixc;
  return integer | 0;
}

function integer_rounds_up(mode: number, floor: number, error: number): boolean {
  switch (mode & MODE.rounding) {
    case ROUND.nearest:
      return error > 0.5 || (error === 0.5 && floor % 2 !== 0);
    case ROUND.up:
      return true;
    case ROUND.down:
      return false;
    default:
      return floor < 0;
  }
}

/** Single precision to an integer or fixed-point number, extended to 32 bits: FPToFixed. */
export function f32_to_fixed(env: FpEnv, a: number, format: FixedFormat): number {
  a = f32_operand(env, a);
  if (f32_is_nan(a)) {
    env.flags |= FLAG.ioc;
    return 0;
  }
  return to_fixed(env, f32_of(a) * 2 ** format.fraction, format);
}

/** Double precision to an integer or fixed-point number, extended to 32 bits: FPToFixed. */
export function f64_to_fixed(env: FpEnv, hi: number, lo: number, format: FixedFormat): number {
  if (f64_flushes(env, hi, lo)) return 0;
  if (f64_is_nan(hi, lo)) {
    env.flags |= FLAG.ioc;
    return 0;
  }
  return to_fixed(env, f64_of(hi, lo) * 2 ** format.fraction, format);
}
