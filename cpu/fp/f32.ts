/**
 * Single-precision arithmetic on bit patterns, exact in every mode (DDI 0406C A2.7).
 *
 * Operands are computed with in double precision, whose result is then rounded to single. That
 * single rounding is right: products and conversions are exact in double precision, sums are made so
 * by rounding to odd first, and a quotient or root of single-precision numbers that is not one of
 * their 25-bit neighbours is never rounded to one by double precision.
 *
 * @module
 */
import { f32_bits, f32_of, f64_hi, f64_lo, sum_error, to_odd } from "./bits.ts";
import { FLAG, type FpEnv, MODE, ROUND } from "./env.ts";

/** The default NaN. */
export const F32_DEFAULT_NAN = 0x7fc0_0000;
const INFINITY = 0x7f80_0000;
const SIGN = 0x8000_0000 | 0;
const MAGNITUDE = 0x7fff_ffff;
const QUIET = 0x40_0000;

/** Whether `a` is a NaN. */
export function f32_is_nan(a: number): boolean {
  return (a & MAGNITUDE) > INFINITY;
}

function is_signalling(a: number): boolean {
  return (a & MAGNITUDE) > INFINITY && (a & QUIET) === 0;
}

/** An operand as it is seen: a denormal one is zero under flush-to-zero. */
export function f32_operand(env: FpEnv, a: number): number {
  if ((env.mode & MODE.flush) === 0 || (a & INFINITY) !== 0 || (a & MAGNITUDE) === 0) return a;
  env.flags |= FLAG.idc;
  return a & SIGN;
}

/** The result of an invalid operation. */
export function f32_invalid(env: FpEnv): number {
  env.flags |= FLAG.ioc;
  return F32_DEFAULT_NAN;
}

/** The result that NaN `a` alone leads to: FPProcessNaN. */
export function f32_process_nan(env: FpEnv, a: number): number {
  if ((a & QUIET) === 0) env.flags |= FLAG.ioc;
  return env.mode & MODE.default_nan ? F32_DEFAULT_NAN : a | QUIET;
}

/** The result when `a` or `b` is a NaN: FPProcessNaNs. */
export function f32_process_nans(env: FpEnv, a: number, b: number): number {
  const first = is_signalling(a) ? a : is_signalling(b) ? b : f32_is_nan(a) ? a : b;
  return f32_process_nan(env, first);
}

/** Whether a result is rounded away from zero. `rest` is as in {@link rest_code}. */
export function rounds_up(mode: number, negative: boolean, rest: number, odd: number): boolean {
  switch (mode & MODE.rounding) {
    case ROUND.nearest:
      return rest === 3 || (rest === 2 && (odd & 1) !== 0);
    case ROUND.up:
      return rest !== 0 && !negative;
    case ROUND.down:
      return rest !== 0 && negative;
    default:
      return false;
  }
}

/** What lies below a result's last bit, against half of it: 0 nothing, 1 less, 2 half, 3 more. */
export function rest_code(rest: number, half: number): number {
  return rest === 0 ? 0 : rest < half ? 1 : rest === half ? 2 : 3;
}

function overflow(env: FpEnv, negative: boolean): number {
  env.flags |= FLAG.ofc | FLAG.ixc;
  const rounding = env.mode & MODE.rounding;
  const to_infinity = rounding === ROUND.nearest || rounding === (negative ? ROUND.down : ROUND.up);
  return (negative ? SIGN : 0) | (to_infinity ? INFINITY : INFINITY - 1);
}

/** Rounds a finite, normal double that is not zero to single precision: FPRound. */
export function f32_round(env: FpEnv, value: number): number {
  const hi = f64_hi(value), lo = f64_lo(value);
  const negative = hi < 0;
  let biased = ((hi >>> 20) & 0x7ff) - 1023 + 127;
  let mantissa = 0x80_0000 | ((hi & 0xf_ffff) << 3) | (lo >>> 29);
  let rest = rest_code(lo & 0x1fff_ffff, 0x1000_0000);
  if (biased <= 0) {
    if (env.mode & MODE.flush) {
      env.flags |= FLAG.ufc;
      return negative ? SIGN : 0;
    }
    const shift = 1 - biased;
    if (shift > 25) {
      mantissa = 0;
      rest = 1;
    } else {
      const below = mantissa & ((1 << shift) - 1);
      rest = rest_code(2 * below + (rest === 0 ? 0 : 1), 1 << shift);
      mantissa >>>= shift;
    }
    biased = 1;
    // Tiny before rounding, so an inexact result underflows.
    if (rest !== 0) env.flags |= FLAG.ufc;
    mantissa -= 0x80_0000;
  } else mantissa -= 0x80_0000;
  if (biased >= 255) return overflow(env, negative);
  let magnitude = (biased << 23) + mantissa;
  if (rest !== 0) {
    env.flags |= FLAG.ixc;
    if (rounds_up(env.mode, negative, rest, mantissa)) magnitude++;
    if (magnitude >= INFINITY) return overflow(env, negative);
  }
  return negative ? magnitude | SIGN : magnitude;
}

/** The result of a computation in double precision, which loses nothing or has been made odd. */
function finish(env: FpEnv, value: number): number {
  if (value - value === 0) return value === 0 ? f32_bits(value) : f32_round(env, value);
  return value !== value ? f32_invalid(env) : f32_bits(value);
}

/** The zero that a sum of finite operands is: positive, except of negative zeros or rounding down. */
function zero_sum(env: FpEnv, a: number, b: number): number {
  if (a === 0 && b === 0 && Object.is(a, b)) return f32_bits(a);
  return (env.mode & MODE.rounding) === ROUND.down ? SIGN : 0;
}

function sum(env: FpEnv, a: number, b: number): number {
  const s = a + b;
  if (s - s !== 0) return finish(env, s);
  if (s === 0) return zero_sum(env, a, b);
  return f32_round(env, to_odd(s, sum_error(a, b, s)));
}

/** `a + b`. */
export function f32_add(env: FpEnv, a: number, b: number): number {
  a = f32_operand(env, a);
  b = f32_operand(env, b);
  if (f32_is_nan(a) || f32_is_nan(b)) return f32_process_nans(env, a, b);
  return sum(env, f32_of(a), f32_of(b));
}

/** `a - b`. */
export function f32_sub(env: FpEnv, a: number, b: number): number {
  a = f32_operand(env, a);
  b = f32_operand(env, b);
  if (f32_is_nan(a) || f32_is_nan(b)) return f32_process_nans(env, a, b);
  return sum(env, f32_of(a), -f32_of(b));
}

/** `a * b`. */
export function f32_mul(env: FpEnv, a: number, b: number): number {
  a = f32_operand(env, a);
  b = f32_operand(env, b);
  if (f32_is_nan(a) || f32_is_nan(b)) return f32_process_nans(env, a, b);
  return finish(env, f32_of(a) * f32_of(b));
}

/** `a / b`. */
export function f32_div(env: FpEnv, a: number, b: number): number {
  a = f32_operand(env, a);
  b = f32_operand(env, b);
  if (f32_is_nan(a) || f32_is_nan(b)) return f32_process_nans(env, a, b);
  const x = f32_of(a), y = f32_of(b);
  if (y === 0 && x !== 0 && x - x === 0) env.flags |= FLAG.dzc;
  return finish(env, x / y);
}

/** Square root. */
export function f32_sqrt(env: FpEnv, a: number): number {
  a = f32_operand(env, a);
  if (f32_is_nan(a)) return f32_process_nan(env, a);
  return finish(env, Math.sqrt(f32_of(a)));
}

/** `addend + a * b`, rounded once: FPMulAdd. */
export function f32_fma(env: FpEnv, addend: number, a: number, b: number): number {
  addend = f32_operand(env, addend);
  a = f32_operand(env, a);
  b = f32_operand(env, b);
  if (f32_is_nan(addend) || f32_is_nan(a) || f32_is_nan(b)) return fma_nan(env, addend, a, b);
  return sum(env, f32_of(a) * f32_of(b), f32_of(addend));
}

function fma_nan(env: FpEnv, addend: number, a: number, b: number): number {
  const inf_zero = ((a & MAGNITUDE) === INFINITY && (b & MAGNITUDE) === 0) ||
    ((b & MAGNITUDE) === INFINITY && (a & MAGNITUDE) === 0);
  if (inf_zero && (addend & QUIET) !== 0) return f32_invalid(env);
  for (const v of [addend, a, b]) if (is_signalling(v)) return f32_process_nan(env, v);
  return f32_process_nan(env, f32_is_nan(addend) ? addend : f32_is_nan(a) ? a : b);
}

/** Compares: FPSCR.NZCV in bits 31:28. `signalling` compares find quiet NaNs invalid too. */
export function f32_compare(env: FpEnv, a: number, b: number, signalling: boolean): number {
  a = f32_operand(env, a);
  b = f32_operand(env, b);
  if (f32_is_nan(a) || f32_is_nan(b)) {
    if (signalling || is_signalling(a) || is_signalling(b)) env.flags |= FLAG.ioc;
    return 0x3000_0000;
  }
  return compare_numbers(f32_of(a), f32_of(b));
}

/** NZCV of a comparison of two numbers, neither a NaN. */
export function compare_numbers(a: number, b: number): number {
  return a === b ? 0x6000_0000 : a < b ? 0x8000_0000 | 0 : 0x2000_0000;
}

/** The greater operand; NaNs propagate: FPMax. */
export function f32_max(env: FpEnv, a: number, b: number): number {
  a = f32_operand(env, a);
  b = f32_operand(env, b);
  if (f32_is_nan(a) || f32_is_nan(b)) return f32_process_nans(env, a, b);
  const x = f32_of(a), y = f32_of(b);
  // Of two zeros the positive one is greater.
  return x === y ? a & b : x > y ? a : b;
}

/** The lesser operand; NaNs propagate: FPMin. */
export function f32_min(env: FpEnv, a: number, b: number): number {
  a = f32_operand(env, a);
  b = f32_operand(env, b);
  if (f32_is_nan(a) || f32_is_nan(b)) return f32_process_nans(env, a, b);
  const x = f32_of(a), y = f32_of(b);
  return x === y ? a | b : x < y ? a : b;
}
