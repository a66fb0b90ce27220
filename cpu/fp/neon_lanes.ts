/**
 * What Advanced SIMD's floating-point instructions compute for one lane of single precision.
 *
 * @module
 */
import type { FpEnv } from "./env.ts";
import { f32_recip_step, f32_rsqrt_step } from "./estimate.ts";
import { f32_add, f32_compare, f32_fma, f32_max, f32_min, f32_mul, f32_sub } from "./f32.ts";
import { f32_recip_estimate, f32_rsqrt_estimate } from "./estimate.ts";

const SIGN = 0x8000_0000 | 0;
const MAGNITUDE = 0x7fff_ffff;
const EQUAL = 0x4000_0000, GREATER_OR_EQUAL = 0x2000_0000;

function mask(condition: boolean): number {
  return condition ? -1 : 0;
}

function equal(env: FpEnv, n: number, m: number): number {
  return mask((f32_compare(env, n, m, false) & EQUAL) !== 0);
}

/** C without V: C alone is also how NaNs compare. */
function greater_or_equal(env: FpEnv, n: number, m: number): number {
  return mask((f32_compare(env, n, m, true) & 0x3000_0000) === GREATER_OR_EQUAL);
}

function greater(env: FpEnv, n: number, m: number): number {
  return mask((f32_compare(env, n, m, true) & 0x7000_0000) === GREATER_OR_EQUAL);
}

/** A lane of a three-operand instruction: the destination's old bits, then the operands'. */
export type LaneOp = (env: FpEnv, d: number, n: number, m: number) => number;

/** Three-operand instructions with lanes of single precision. */
export const NEON_LANES = {
  vadd: (env, _, n, m) => f32_add(env, n, m),
  vsub: (env, _, n, m) => f32_sub(env, n, m),
  vmul: (env, _, n, m) => f32_mul(env, n, m),
  vmla: (env, d, n, m) => f32_add(env, d, f32_mul(env, n, m)),
  vmls: (env, d, n, m) => f32_add(env, d, f32_mul(env, n, m) ^ SIGN),
  vfma: (env, d, n, m) => f32_fma(env, d, n, m),
  vfms: (env, d, n, m) => f32_fma(env, d, n ^ SIGN, m),
  vabd: (env, _, n, m) => f32_sub(env, n, m) & MAGNITUDE,
  vmax: (env, _, n, m) => f32_max(env, n, m),
  vmin: (env, _, n, m) => f32_min(env, n, m),
  vceq: (env, _, n, m) => equal(env, n, m),
  vcge: (env, _, n, m) => greater_or_equal(env, n, m),
  vcgt: (env, _, n, m) => greater(env, n, m),
  vcle: (env, _, n, m) => greater_or_equal(env, m, n),
  vclt: (env, _, n, m) => greater(env, m, n),
  vacge: (env, _, n, m) => greater_or_equal(env, n & MAGNITUDE, m & MAGNITUDE),
  vacgt: (env, _, n, m) => greater(env, n & MAGNITUDE, m & MAGNITUDE),
  vrecps: (env, _, n, m) => f32_recip_step(env, n, m),
  vrsqrts: (env, _, n, m) => f32_rsqrt_step(env, n, m),
  vrecpe: (env, _, n) => f32_recip_estimate(env, n),
  vrsqrte: (env, _, n) => f32_rsqrt_estimate(env, n),
} satisfies Record<string, LaneOp>;

/** A name in {@link NEON_LANES}. */
export type NeonLane = keyof typeof NEON_LANES;
