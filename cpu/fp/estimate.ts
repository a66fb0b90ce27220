/**
 * Reciprocal and reciprocal square root estimates and steps of Advanced SIMD (DDI 0406C A2.7.8).
 *
 * @module
 */
import { FLAG, type FpEnv } from "./env.ts";
import {
  f32_div,
  f32_invalid,
  f32_is_nan,
  f32_mul,
  f32_operand,
  f32_process_nan,
  f32_process_nans,
  f32_sub,
} from "./f32.ts";

const SIGN = 0x8000_0000 | 0;
const MAGNITUDE = 0x7fff_ffff;
const INFINITY = 0x7f80_0000;
const ONE_POINT_FIVE = 0x3fc0_0000, TWO = 0x4000_0000, THREE = 0x4040_0000;

/** 256 / x for x = (q + 1/2) / 512 in [1/2, 1), rounded: 256..511. */
function recip_estimate(q: number): number {
  return Math.floor(262144 / (2 * q + 1) + 0.5);
}

/** 256 / sqrt(x), rounded, for x = (q + 1/2) / steps. */
function rsqrt_estimate(q: number, steps: number): number {
  return Math.floor(256 / Math.sqrt((q + 0.5) / steps) + 0.5);
}

/** VRECPE.F32. */
export function f32_recip_estimate(env: FpEnv, a: number): number {
  a = f32_operand(env, a);
  if (f32_is_nan(a)) return f32_process_nan(env, a);
  const sign = a & SIGN, exponent = (a >>> 23) & 0xff;
  if ((a & MAGNITUDE) === INFINITY) return sign;
  if ((a & MAGNITUDE) === 0) {
    env.flags |= FLAG.dzc;
    return sign | INFINITY;
  }
  if (exponent >= 253) {
    env.flags |= FLAG.ufc;
    return sign;
  }
  const estimate = recip_estimate(256 + ((a & 0x7f_ffff) >>> 15));
  return sign | ((253 - exponent) << 23) | ((estimate & 0xff) << 15);
}

/** VRSQRTE.F32. */
export function f32_rsqrt_estimate(env: FpEnv, a: number): number {
  a = f32_operand(env, a);
  if (f32_is_nan(a)) return f32_process_nan(env, a);
  if ((a & MAGNITUDE) === 0) {
    env.flags |= FLAG.dzc;
    return (a & SIGN) | INFINITY;
  }
  if (a < 0) return f32_invalid(env);
  if (a === INFINITY) return 0;
  const exponent = a >>> 23;
  const estimate = rsqrt_estimate(128 + ((a & 0x7f_ffff) >>> 16), exponent & 1 ? 512 : 256);
  return (((380 - exponent) >>> 1) << 23) | ((estimate & 0xff) << 15);
}

/** VRECPE.U32. */
export function u32_recip_estimate(a: number): number {
  return a >= 0 ? -1 : recip_estimate(a >>> 23) << 23;
}

/** VRSQRTE.U32. */
export function u32_rsqrt_estimate(a: number): number {
  if ((a >>> 30) === 0) return -1;
  return (a < 0 ? rsqrt_estimate(a >>> 24, 256) : rsqrt_estimate(a >>> 23, 512)) << 23;
}

/** Whether one operand is infinite and the other is zero. */
function infinity_times_zero(a: number, b: number): boolean {
  const x = a & MAGNITUDE, y = b & MAGNITUDE;
  return (x === INFINITY && y === 0) || (x === 0 && y === INFINITY);
}

/** VRECPS: `2 - a * b`. */
export function f32_recip_step(env: FpEnv, a: number, b: number): number {
  a = f32_operand(env, a);
  b = f32_operand(env, b);
  if (f32_is_nan(a) || f32_is_nan(b)) return f32_process_nans(env, a, b);
  if (infinity_times_zero(a, b)) return TWO;
  return f32_sub(env, TWO, f32_mul(env, a, b));
}

/** VRSQRTS: `(3 - a * b) / 2`. */
export function f32_rsqrt_step(env: FpEnv, a: number, b: number): number {
  a = f32_operand(env, a);
  b = f32_operand(env, b);
  if (f32_is_nan(a) || f32_is_nan(b)) return f32_process_nans(env, a, b);
  if (infinity_times_zero(a, b)) return ONE_POINT_FIVE;
  return f32_div(env, f32_sub(env, THREE, f32_mul(env, a, b)), TWO);
}
