/**
 * Double-precision arithmetic on pairs of words, exact in every mode (DDI 0406C A2.7).
 *
 * The host rounds to nearest. What that has left out is computed exactly (error-free transformations
 * of Dekker and Knuth), which tells whether a result is inexact and how the other modes round. Near
 * the ends of the exponent range, where the transformations fail, integers decide.
 *
 * @module
 */
import { f64_hi, f64_lo, f64_of, product_error, sum_error, to_odd } from "./bits.ts";
import { FLAG, type FpEnv, MODE, ROUND } from "./env.ts";
import { compare_numbers } from "./f32.ts";
import { exact_add, exact_div, exact_mul, exact_of, f64_round_exact } from "./f64_exact.ts";
import {
  f64_flushes,
  f64_give,
  f64_invalid,
  f64_is_nan,
  f64_is_signalling,
  f64_process_nan,
  f64_process_nans,
} from "./f64_nan.ts";

const SIGN = 0x8000_0000 | 0;
const INFINITY = 0x7ff0_0000;
const MAGNITUDE = 0x7fff_ffff;
/** Results between these are away from underflow and overflow, also in their error terms. */
const SMALL = 2 ** -900, BIG = 2 ** 900;
const TINY = 2 ** -1022, HUGE = 2 ** 1022;

function give(env: FpEnv, value: number): void {
  env.hi = f64_hi(value);
  env.lo = f64_lo(value);
}

function give_zero(env: FpEnv, negative: boolean): void {
  f64_give(env, negative ? SIGN : 0, 0);
}

function within(value: number, low: number, high: number): boolean {
  const magnitude = Math.abs(value);
  return magnitude > low && magnitude < high;
}

/** Makes the result `value`, rounded to nearest from an exact one that is greater by about `error`. */
function give_rounded(env: FpEnv, value: number, error: number): void {
  let hi = f64_hi(value), lo = f64_lo(value);
  if (error !== 0) {
    env.flags |= FLAG.ixc;
    const rounding = env.mode & MODE.rounding;
    if (rounding !== ROUND.nearest) {
      const too_great = value > 0 ? error < 0 : error > 0;
      const outward = rounding === (hi < 0 ? ROUND.down : ROUND.up);
      if (outward && !too_great) {
        lo = (lo + 1) | 0;
        if (lo === 0) hi++;
      } else if (!outward && too_great) {
        if (lo === 0) hi--;
        lo = (lo - 1) | 0;
      }
    }
  }
  f64_give(env, hi, lo);
}

/** `a + b`, where `b` is negated first if `negate`. */
function add(env: FpEnv, ah: number, al: number, bh: number, bl: number, negate: boolean): void {
  if (f64_flushes(env, ah, al)) ah &= SIGN, al = 0;
  if (f64_flushes(env, bh, bl)) bh &= SIGN, bl = 0;
  if (f64_is_nan(ah, al) || f64_is_nan(bh, bl)) return f64_process_nans(env, ah, al, bh, bl);
  if (negate) bh ^= SIGN;
  const a = f64_of(ah, al), b = f64_of(bh, bl), sum = a + b;
  if (within(sum, TINY, HUGE)) return give_rounded(env, sum, sum_error(a, b, sum));
  if (sum === 0) return give_zero_sum(env, a, b);
  if (a - a !== 0 || b - b !== 0) return sum !== sum ? f64_invalid(env) : give(env, sum);
  f64_round_exact(env, exact_add(exact_of(ah, al), exact_of(bh, bl)));
}

function give_zero_sum(env: FpEnv, a: number, b: number): void {
  if (a === 0 && b === 0 && Object.is(a, b)) give(env, a);
  else give_zero(env, (env.mode & MODE.rounding) === ROUND.down);
}

/** `a + b`. */
export function f64_add(env: FpEnv, ah: number, al: number, bh: number, bl: number): void {
  add(env, ah, al, bh, bl, false);
}

/** `a - b`. */
export function f64_sub(env: FpEnv, ah: number, al: number, bh: number, bl: number): void {
  add(env, ah, al, bh, bl, true);
}

/** `a * b`. */
export function f64_mul(env: FpEnv, ah: number, al: number, bh: number, bl: number): void {
  if (f64_flushes(env, ah, al)) ah &= SIGN, al = 0;
  if (f64_flushes(env, bh, bl)) bh &= SIGN, bl = 0;
  if (f64_is_nan(ah, al) || f64_is_nan(bh, bl)) return f64_process_nans(env, ah, al, bh, bl);
  const a = f64_of(ah, al), b = f64_of(bh, bl), product = a * b;
  if (within(product, SMALL, BIG) && within(a, SMALL, BIG) && within(b, SMALL, BIG)) {
    return give_rounded(env, product, product_error(a, b, product));
  }
  if (product !== product) return f64_invalid(env);
  if (a === 0 || b === 0 || a - a !== 0 || b - b !== 0) return give(env, product);
  f64_round_exact(env, exact_mul(exact_of(ah, al), exact_of(bh, bl)));
}

/** `a / b`. */
export function f64_div(env: FpEnv, ah: number, al: number, bh: number, bl: number): void {
  if (f64_flushes(env, ah, al)) ah &= SIGN, al = 0;
  if (f64_flushes(env, bh, bl)) bh &= SIGN, bl = 0;
  if (f64_is_nan(ah, al) || f64_is_nan(bh, bl)) return f64_process_nans(env, ah, al, bh, bl);
  const a = f64_of(ah, al), b = f64_of(bh, bl), quotient = a / b;
  if (within(quotient, SMALL, BIG) && within(a, SMALL, BIG) && within(b, SMALL, BIG)) {
    const product = quotient * b;
    const rest = (a - product) - product_error(quotient, b, product);
    return give_rounded(env, quotient, b > 0 ? rest : -rest);
  }
  if (quotient !== quotient) return f64_invalid(env);
  if (a === 0 || a - a !== 0 || b - b !== 0) return give(env, quotient);
  if (b === 0) {
    env.flags |= FLAG.dzc;
    return give(env, quotient);
  }
  f64_round_exact(env, exact_div(exact_of(ah, al), exact_of(bh, bl)));
}

/** Square root. */
export function f64_sqrt(env: FpEnv, ah: number, al: number): void {
  if (f64_flushes(env, ah, al)) ah &= SIGN, al = 0;
  if (f64_is_nan(ah, al)) return f64_process_nan(env, ah, al);
  const a = f64_of(ah, al);
  if (a < 0) return f64_invalid(env);
  if (a === 0 || a - a !== 0) return give(env, a);
  // Scaled by a power of four every operand has error terms; the root is normal in any case.
  const scaled = a < SMALL ? a * 2 ** 300 : a > BIG ? a * 2 ** -300 : a;
  const unscale = a < SMALL ? 2 ** -150 : a > BIG ? 2 ** 150 : 1;
  const root = Math.sqrt(scaled), square = root * root;
  give_rounded(env, root * unscale, (scaled - square) - product_error(root, root, square));
}

/** `addend + a * b`, rounded once: FPMulAdd. */
export function f64_fma(
  env: FpEnv,
  ch: number,
  cl: number,
  ah: number,
  al: number,
  bh: number,
  bl: number,
): void {
  if (f64_flushes(env, ch, cl)) ch &= SIGN, cl = 0;
  if (f64_flushes(env, ah, al)) ah &= SIGN, al = 0;
  if (f64_flushes(env, bh, bl)) bh &= SIGN, bl = 0;
  if (f64_is_nan(ch, cl) || f64_is_nan(ah, al) || f64_is_nan(bh, bl)) {
    return fma_nan(env, ch, cl, ah, al, bh, bl);
  }
  const a = f64_of(ah, al), b = f64_of(bh, bl), c = f64_of(ch, cl);
  const product = a * b, sum = product + c;
  if (
    within(product, SMALL, BIG) && within(a, SMALL, BIG) && within(b, SMALL, BIG) &&
    within(sum, SMALL, BIG) && (c === 0 || within(c, SMALL, BIG))
  ) return give_fma(env, c, product, product_error(a, b, product));
  const special = a - a !== 0 || b - b !== 0 || c - c !== 0;
  if (special) {
    // Infinite operands: the product of finite ones may only seem to be infinite.
    const value = a - a !== 0 || b - b !== 0 ? sum : c;
    return value !== value ? f64_invalid(env) : give(env, value);
  }
  if (a === 0 || b === 0) {
    if (c === 0) give_zero_sum(env, product, c);
    else give(env, c);
    return;
  }
  const exact = exact_add(exact_mul(exact_of(ah, al), exact_of(bh, bl)), exact_of(ch, cl));
  if (exact.mantissa === 0n) give_zero(env, (env.mode & MODE.rounding) === ROUND.down);
  else f64_round_exact(env, exact);
}

/** Rounds `product + low + c` once: Boldo and Melquiond's way, by rounding the small terms to odd. */
function give_fma(env: FpEnv, c: number, product: number, low: number): void {
  const tail = c + low, tail_error = sum_error(c, low, tail);
  const head = product + tail, head_error = sum_error(product, tail, head);
  const small = tail_error + head_error;
  const odd = to_odd(small, sum_error(tail_error, head_error, small));
  const sum = head + odd;
  give_rounded(env, sum, sum_error(head, odd, sum));
}

function fma_nan(
  env: FpEnv,
  ch: number,
  cl: number,
  ah: number,
  al: number,
  bh: number,
  bl: number,
): void {
  const inf = (h: number, l: number): boolean => (h & MAGNITUDE) === INFINITY && l === 0;
  const zero = (h: number, l: number): boolean => (h & MAGNITUDE) === 0 && l === 0;
  const product_invalid = (inf(ah, al) && zero(bh, bl)) || (zero(ah, al) && inf(bh, bl));
  if (f64_is_signalling(ch, cl)) return f64_process_nan(env, ch, cl);
  // Infinity times zero is invalid even where a quiet NaN is added.
  if (product_invalid) return f64_invalid(env);
  if (f64_is_signalling(ah, al)) return f64_process_nan(env, ah, al);
  if (f64_is_signalling(bh, bl)) return f64_process_nan(env, bh, bl);
  if (f64_is_nan(ch, cl)) return f64_process_nan(env, ch, cl);
  f64_process_nans(env, ah, al, bh, bl);
}

/** Compares: FPSCR.NZCV in bits 31:28. `signalling` compares find quiet NaNs invalid too. */
export function f64_compare(
  env: FpEnv,
  ah: number,
  al: number,
  bh: number,
  bl: number,
  signalling: boolean,
): number {
  if (f64_flushes(env, ah, al)) ah &= SIGN, al = 0;
  if (f64_flushes(env, bh, bl)) bh &= SIGN, bl = 0;
  if (f64_is_nan(ah, al) || f64_is_nan(bh, bl)) {
    if (signalling || f64_is_signalling(ah, al) || f64_is_signalling(bh, bl)) env.flags |= FLAG.ioc;
    return 0x3000_0000;
  }
  return compare_numbers(f64_of(ah, al), f64_of(bh, bl));
}
