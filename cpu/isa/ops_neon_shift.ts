/**
 * Advanced SIMD: two registers and a shift amount (DDI 0406C A7.4.4).
 *
 * @module
 */
import type { Node } from "../ir/node.ts";
import { check_simd } from "./fp_check.ts";
import { narrow_saturating, type NarrowKind } from "./neon_narrow.ts";
import { read_vector, Vec, write_vector } from "./neon_vec.ts";
import { define_op } from "./op.ts";

/** Right shifts by 1 to the element's width take `n` one less. */
type Shift = (v: Vec, m: Node, n: Node, d: () => Node) => Node;

const shift_right: Shift = (v, m, n) => v.shr(v.shr(m, n), 1);
const shift_right_rounded: Shift = (v, m, n) => {
  const last = v.shr(m, n);
  return v.add(v.shr(last, 1), v.and(last, v.constant(1)));
};

/** Shifts left; what does not come back is saturated. */
const saturating_left: Shift = (v, m, n) => {
  const shifted = v.shl(m, n);
  const fits = v.eq(v.shr(shifted, n), m);
  v.saturated(v.not(fits));
  return v.select(fits, shifted, v.u ? v.ones : v.limit(m));
};
/** The operand signed, the result unsigned. */
const saturating_left_unsigned: Shift = (v, m, n) => {
  const shifted = v.shl(m, n);
  const sign = v.shr_s(m, v.bits - 1);
  const fits = v.andnot(v.eq(v.shr_u(shifted, n), m), sign);
  v.saturated(v.not(fits));
  return v.select(fits, shifted, v.not(sign));
};

const SHIFT = {
  vshr: shift_right,
  vsra: (v, m, n, d) => v.add(d(), shift_right(v, m, n, d)),
  vrshr: shift_right_rounded,
  vrsra: (v, m, n, d) => v.add(d(), shift_right_rounded(v, m, n, d)),
  vsri: (v, m, n, d) => {
    const u = v.as(true);
    return v.select(shift_right(u, v.ones, n, d), shift_right(u, m, n, d), d());
  },
  vshl: (v, m, n) => v.shl(m, n),
  vsli: (v, m, n, d) => v.select(v.shl(v.ones, n), v.shl(m, n), d()),
  vqshl: saturating_left,
  vqshlu: saturating_left_unsigned,
} as const satisfies Record<string, Shift>;

/** A shift of elements that keep their width. */
export type ShiftOp = keyof typeof SHIFT;

/** `Vd = op(Vm, #n)`; `n` is one less than the distance for right shifts. */
export const neon_shift = define_op<{ op: ShiftOp; size: number; u: boolean; q: boolean }>()(
  "neon_shift",
  {
    operands: { d: "dreg", m: "dreg", n: "u8" },
    lower(b, { op, size, u, q }, { d, m, n }) {
      check_simd(b);
      const shift: Shift = SHIFT[op];
      const value = shift(new Vec(b, size, u), read_vector(b, q, m), n, () => {
        return read_vector(b, q, d);
      });
      write_vector(b, q, d, value);
    },
  },
);

/** How a narrowing shift ends: cut, or saturated between signednesses. */
export type NarrowEnd = "cut" | NarrowKind;

/**
 * `Dd = Qm >> n`, narrowed; `size` is that of the result's elements. `shift` is `none` for VMOVN and
 * its like, and `n` is one less than the distance.
 */
export const neon_shift_narrow = define_op<
  { end: NarrowEnd; size: number; shift: "none" | "down" | "round" }
>()("neon_shift_narrow", {
  operands: { d: "dreg", m: "dreg", n: "u8" },
  lower(b, { end, size, shift }, { d, m, n }) {
    check_simd(b);
    const v = new Vec(b, size);
    const wide = v.wide.as(end === "u_u");
    const x = b.v(m, "v128");
    const none: Shift = (_v, m) => m;
    const down = { none, down: shift_right, round: shift_right_rounded }[shift];
    const shifted = down(wide, x, n, () => x);
    const value = end === "cut" ? v.truncate(shifted) : narrow_saturating(v, shifted, shifted, end);
    write_vector(b, false, d, value);
  },
});

/** `Qd = Dm << n`, widened first: VSHLL, and VMOVL with n 0. */
export const neon_shift_long = define_op<{ size: number; u: boolean; shift: boolean }>()(
  "neon_shift_long",
  {
    operands: { d: "dreg", m: "dreg", n: "u8" },
    lower(b, { size, u, shift }, { d, m, n }) {
      check_simd(b);
      const v = new Vec(b, size, u);
      const x = v.extend(read_vector(b, false, m));
      b.set_v(d, "v128", shift ? v.wide.shl(x, n) : x);
    },
  },
);
