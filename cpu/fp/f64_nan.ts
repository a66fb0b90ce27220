/**
 * NaNs, infinities and denormals among double-precision operands, as pairs of words.
 *
 * @module
 */
import { FLAG, type FpEnv, MODE } from "./env.ts";

/** High word of the default NaN; its low word is 0. */
export const F64_DEFAULT_NAN_HI = 0x7ff8_0000;
/** High word of plus infinity. */
export const F64_INFINITY_HI = 0x7ff0_0000;
const MAGNITUDE = 0x7fff_ffff;
const QUIET = 0x8_0000;

/** Whether an operand is a NaN. */
export function f64_is_nan(hi: number, lo: number): boolean {
  const m = hi & MAGNITUDE;
  return m > F64_INFINITY_HI || (m === F64_INFINITY_HI && lo !== 0);
}

/** Whether it is a signalling NaN. */
export function f64_is_signalling(hi: number, lo: number): boolean {
  return f64_is_nan(hi, lo) && (hi & QUIET) === 0;
}

/** Whether flush-to-zero makes a zero of an operand; says so in the flags. Its sign stays. */
export function f64_flushes(env: FpEnv, hi: number, lo: number): boolean {
  if ((env.mode & MODE.flush) === 0 || (hi & F64_INFINITY_HI) !== 0) return false;
  if ((hi & MAGNITUDE) === 0 && lo === 0) return false;
  env.flags |= FLAG.idc;
  return true;
}

/** Makes words the result. */
export function f64_give(env: FpEnv, hi: number, lo: number): void {
  env.hi = hi;
  env.lo = lo;
}

/** Makes the default NaN the result, of an invalid operation. */
export function f64_invalid(env: FpEnv): void {
  env.flags |= FLAG.ioc;
  f64_give(env, F64_DEFAULT_NAN_HI, 0);
}

/** Makes the result what NaN operand leads to: FPProcessNaN. */
export function f64_process_nan(env: FpEnv, hi: number, lo: number): void {
  if ((hi & QUIET) === 0) env.flags |= FLAG.ioc;
  if (env.mode & MODE.default_nan) f64_give(env, F64_DEFAULT_NAN_HI, 0);
  else f64_give(env, hi | QUIET, lo);
}

/** Makes the result what operands with a NaN lead to: FPProcessNaNs. */
export function f64_process_nans(
  env: FpEnv,
  ah: number,
  al: number,
  bh: number,
  bl: number,
): void {
  if (f64_is_signalling(ah, al)) f64_process_nan(env, ah, al);
  else if (f64_is_signalling(bh, bl)) f64_process_nan(env, bh, bl);
  else if (f64_is_nan(ah, al)) f64_process_nan(env, ah, al);
  else f64_process_nan(env, bh, bl);
}
