/**
 * VFP conversions: between precisions, integers and fixed point.
 *
 * @module
 */
import type { Builder } from "../ir/builder.ts";
import type { Node } from "../ir/node.ts";
import { check_fp } from "./fp_check.ts";
import {
  is_inexact_known,
  is_nearest,
  is_normal,
  is_plain,
  is_zero,
  keeps_denormals,
} from "./fp_fast.ts";
import {
  BY_MODE,
  F16_TO_F32,
  F32_TO_F16,
  F32_TO_F64,
  F32_TO_FIXED,
  F64_TO_F32,
  F64_TO_FIXED,
  fixed_format,
  FIXED_TO_F32,
  FIXED_TO_F64,
} from "./fp_helpers.ts";
import { from_scratch, SCRATCH, to_scratch } from "./fp_scratch.ts";
import { combos, define_op } from "./op.ts";

/** VCVT.F64.F32. */
export const vfp_widen = define_op<Record<never, never>>()("vfp_widen", {
  operands: { d: "dreg", m: "sreg" },
  lower(b, _, { d, m }) {
    check_fp(b);
    const value = b.v(m, "f32");
    const number = b.op("f32.eq", value, value);
    b.expect(b.and(number, keeps_denormals(b)), () => {
      b.set_v(d, "f64", b.op("f64.promote_f32", value));
    }, () => {
      b.call(F32_TO_F64, SCRATCH.d, b.v(m, "i32"));
      b.set_v(d, "i64", from_scratch(b, "i64"));
    });
  },
  inline: [{}],
});

/** VCVT.F32.F64. */
export const vfp_narrow = define_op<Record<never, never>>()("vfp_narrow", {
  operands: { d: "sreg", m: "dreg" },
  lower(b, _, { d, m }) {
    check_fp(b);
    const wide = b.v(m, "f64");
    const value = b.op("f32.demote_f64", wide);
    const right = b.and(is_plain(b), is_normal(b, "f32", value));
    const write = (): void => b.set_v(d, "f32", value);
    b.expect(right, write, () => {
      b.if(is_zero(b, "f64", wide), write, () => {
        to_scratch(b, "m", "i64", b.v(m, "i64"));
        b.set_v(d, "i32", b.call(F64_TO_F32, SCRATCH.m));
      });
    });
  },
  inline: [{}],
});

/**
 * A number to an integer: where truncating (or rounding to nearest, for VCVTR) stays in range, and
 * is exact or known to be inexact, the host can do it.
 */
function to_integer(
  b: Builder,
  s: { unsigned: boolean; by_mode: boolean },
  value: Node,
  d: Node,
  exact: () => Node,
): void {
  const sign = s.unsigned ? "u" : "s";
  const rounded = b.op(s.by_mode ? "f64.nearest" : "f64.trunc", value);
  const integer = b.op(`i32.trunc_sat_f64_${sign}`, rounded);
  const in_range = b.op("f64.eq", b.op(`f64.convert_i32_${sign}`, integer), rounded);
  const no_flags = b.or(b.op("f64.eq", rounded, value), is_inexact_known(b));
  const mode = s.by_mode ? is_nearest(b) : keeps_denormals(b);
  b.expect(
    b.and(b.and(in_range, b.ne(no_flags, 0)), mode),
    () => b.set_v(d, "i32", integer),
    () => b.set_v(d, "i32", exact()),
  );
}

function f64_to_fixed(b: Builder, m: Node, code: Node): Node {
  to_scratch(b, "m", "i64", b.v(m, "i64"));
  return b.call(F64_TO_FIXED, SCRATCH.m, code);
}

const code_of = (s: { unsigned: boolean; by_mode: boolean }): number =>
  fixed_format(s.unsigned, 32, 0) | (s.by_mode ? BY_MODE : 0);

/** VCVT and, with `by_mode`, VCVTR from single precision to a 32-bit integer. */
export const vfp_s_to_int = define_op<{ unsigned: boolean; by_mode: boolean }>()("vfp_s_to_int", {
  operands: { d: "sreg", m: "sreg" },
  lower(b, s, { d, m }) {
    check_fp(b);
    const value = b.op("f64.promote_f32", b.v(m, "f32"));
    to_integer(b, s, value, d, () => b.call(F32_TO_FIXED, b.v(m, "i32"), code_of(s)));
  },
  inline: combos({ unsigned: [false, true], by_mode: [false] }),
});

/** VCVT and, with `by_mode`, VCVTR from double precision to a 32-bit integer. */
export const vfp_d_to_int = define_op<{ unsigned: boolean; by_mode: boolean }>()("vfp_d_to_int", {
  operands: { d: "sreg", m: "dreg" },
  lower(b, s, { d, m }) {
    check_fp(b);
    to_integer(b, s, b.v(m, "f64"), d, () => f64_to_fixed(b, m, b.c(code_of(s))));
  },
  inline: combos({ unsigned: [false, true], by_mode: [false] }),
});

/** VCVT from a 32-bit integer to single precision. */
export const vfp_int_to_s = define_op<{ unsigned: boolean }>()("vfp_int_to_s", {
  operands: { d: "sreg", m: "sreg" },
  lower(b, { unsigned }, { d, m }) {
    check_fp(b);
    const word = b.v(m, "i32");
    const exact = b.op(`f64.convert_i32_${unsigned ? "u" : "s"}`, word);
    const value = b.op("f32.demote_f64", exact);
    const is_exact = b.op("f64.eq", b.op("f64.promote_f32", value), exact);
    b.expect(b.ne(b.or(is_exact, is_plain(b)), 0), () => b.set_v(d, "f32", value), () => {
      const code = fixed_format(unsigned, 32, 0) | BY_MODE;
      b.set_v(d, "i32", b.call(FIXED_TO_F32, word, code));
    });
  },
  inline: combos({ unsigned: [false, true] }),
});

/** VCVT from a 32-bit integer to double precision: always exact. */
export const vfp_int_to_d = define_op<{ unsigned: boolean }>()("vfp_int_to_d", {
  operands: { d: "dreg", m: "sreg" },
  lower(b, { unsigned }, { d, m }) {
    check_fp(b);
    b.set_v(d, "f64", b.op(`f64.convert_i32_${unsigned ? "u" : "s"}`, b.v(m, "i32")));
  },
  inline: combos({ unsigned: [false, true] }),
});

/** What a fixed-point conversion is about. */
export type FixedStatics = { unsigned: boolean; bits: 16 | 32; to_fixed: boolean };

function fixed_code(b: Builder, s: FixedStatics, fraction: Node): Node {
  return b.or(fraction, fixed_format(s.unsigned, s.bits, 0));
}

/** VCVT between single precision and fixed point, in place. */
export const vfp_fixed_s = define_op<FixedStatics>()("vfp_fixed_s", {
  operands: { d: "sreg", fraction: "u8" },
  lower(b, s, { d, fraction }) {
    check_fp(b);
    const helper = s.to_fixed ? F32_TO_FIXED : FIXED_TO_F32;
    b.set_v(d, "i32", b.call(helper, b.v(d, "i32"), fixed_code(b, s, fraction)));
  },
});

/** VCVT between double precision and fixed point, in place; integers are extended to 64 bits. */
export const vfp_fixed_d = define_op<FixedStatics>()("vfp_fixed_d", {
  operands: { d: "dreg", fraction: "u8" },
  lower(b, s, { d, fraction }) {
    check_fp(b);
    const code = fixed_code(b, s, fraction);
    if (s.to_fixed) {
      const word = f64_to_fixed(b, d, code);
      b.set_v(d, "i64", b.op(`i64.extend_i32_${s.unsigned ? "u" : "s"}`, word));
    } else {
      b.call(FIXED_TO_F64, SCRATCH.d, b.v(d, "i32"), code);
      b.set_v(d, "i64", from_scratch(b, "i64"));
    }
  },
});

/** VCVTB and VCVTT: half precision in the bottom or top half of an S register. */
export const vfp_half = define_op<{ top: boolean; to_half: boolean }>()("vfp_half", {
  operands: { d: "sreg", m: "sreg" },
  lower(b, { top, to_half }, { d, m }) {
    check_fp(b);
    if (to_half) {
      b.set_v(d, "u16", b.call(F32_TO_F16, b.v(m, "i32")), top ? 2 : 0);
    } else {
      b.set_v(d, "i32", b.call(F16_TO_F32, b.v(m, "u16", top ? 2 : 0)));
    }
  },
});
