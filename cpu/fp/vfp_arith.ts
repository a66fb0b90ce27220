/**
 * What VFP's three-operand instructions compute: chains of operations and sign changes
 * (DDI 0406C A8.8, VMLA and its kin round twice, VFMA and its kin once).
 *
 * @module
 */
import type { FpEnv } from "./env.ts";
import { f32_add, f32_div, f32_fma, f32_mul, f32_sub } from "./f32.ts";
import { f64_add, f64_div, f64_fma, f64_mul, f64_sub } from "./f64.ts";

const SIGN = 0x8000_0000 | 0;

/** VFP's three-operand instructions. */
export const VFP_ARITH = [
  ...["vadd", "vsub", "vmul", "vnmul", "vdiv"],
  ...["vmla", "vmls", "vnmla", "vnmls"],
  ...["vfma", "vfms", "vfnma", "vfnms"],
] as const;
/** One of {@link VFP_ARITH}. */
export type VfpArith =
  | ("vadd" | "vsub" | "vmul" | "vnmul" | "vdiv")
  | ("vmla" | "vmls" | "vnmla" | "vnmls")
  | ("vfma" | "vfms" | "vfnma" | "vfnms");

/** A three-operand function of single-precision bits: destination's old value, then the operands. */
export type F32Arith = (env: FpEnv, d: number, n: number, m: number) => number;

/** {@link VFP_ARITH} in single precision. */
export const F32_ARITH: Readonly<Record<VfpArith, F32Arith>> = {
  vadd: (env, _, n, m) => f32_add(env, n, m),
  vsub: (env, _, n, m) => f32_sub(env, n, m),
  vmul: (env, _, n, m) => f32_mul(env, n, m),
  vnmul: (env, _, n, m) => f32_mul(env, n, m) ^ SIGN,
  vdiv: (env, _, n, m) => f32_div(env, n, m),
  vmla: (env, d, n, m) => f32_add(env, d, f32_mul(env, n, m)),
  vmls: (env, d, n, m) => f32_add(env, d, f32_mul(env, n, m) ^ SIGN),
  vnmla: (env, d, n, m) => f32_add(env, d ^ SIGN, f32_mul(env, n, m) ^ SIGN),
  vnmls: (env, d, n, m) => f32_add(env, d ^ SIGN, f32_mul(env, n, m)),
  vfma: (env, d, n, m) => f32_fma(env, d, n, m),
  vfms: (env, d, n, m) => f32_fma(env, d, n ^ SIGN, m),
  vfnma: (env, d, n, m) => f32_fma(env, d ^ SIGN, n ^ SIGN, m),
  vfnms: (env, d, n, m) => f32_fma(env, d ^ SIGN, n, m),
};

/** A three-operand function of double-precision words; the result is in `env`. */
export type F64Arith = (
  env: FpEnv,
  dh: number,
  dl: number,
  nh: number,
  nl: number,
  mh: number,
  ml: number,
) => void;

/** A multiplication and an addition of its result, their signs changed by masks. */
function multiply_add(d_sign: number, product_sign: number): F64Arith {
  return (env, dh, dl, nh, nl, mh, ml) => {
    f64_mul(env, nh, nl, mh, ml);
    f64_add(env, dh ^ d_sign, dl, env.hi ^ product_sign, env.lo);
  };
}

function fused(d_sign: number, n_sign: number): F64Arith {
  return (env, dh, dl, nh, nl, mh, ml) => f64_fma(env, dh ^ d_sign, dl, nh ^ n_sign, nl, mh, ml);
}

/** {@link VFP_ARITH} in double precision. */
export const F64_ARITH: Readonly<Record<VfpArith, F64Arith>> = {
  vadd: (env, _h, _l, nh, nl, mh, ml) => f64_add(env, nh, nl, mh, ml),
  vsub: (env, _h, _l, nh, nl, mh, ml) => f64_sub(env, nh, nl, mh, ml),
  vmul: (env, _h, _l, nh, nl, mh, ml) => f64_mul(env, nh, nl, mh, ml),
  vnmul: (env, _h, _l, nh, nl, mh, ml) => {
    f64_mul(env, nh, nl, mh, ml);
    env.hi ^= SIGN;
  },
  vdiv: (env, _h, _l, nh, nl, mh, ml) => f64_div(env, nh, nl, mh, ml),
  vmla: multiply_add(0, 0),
  vmls: multiply_add(0, SIGN),
  vnmla: multiply_add(SIGN, SIGN),
  vnmls: multiply_add(SIGN, 0),
  vfma: fused(0, 0),
  vfms: fused(0, SIGN),
  vfnma: fused(SIGN, SIGN),
  vfnms: fused(SIGN, 0),
};
