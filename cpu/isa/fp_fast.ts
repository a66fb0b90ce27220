/**
 * When a floating-point result that the host computes is Arm's as well, flags included.
 *
 * The host rounds to nearest and keeps denormals. If Arm is to do the same, and the inexact flag is
 * set already, only NaNs, infinities and results near zero need looking at. NaNs and infinite
 * operands show in the result, which is then a NaN, infinite, or zero.
 *
 * @module
 */
import { FPSCR, UNUSUAL } from "../fpscr.ts";
import type { Builder } from "../ir/builder.ts";
import type { Node } from "../ir/node.ts";
import { STATE } from "../state.ts";

/** Single or double precision. */
export type Precision = "f32" | "f64";

/** A truth value: rounding is to nearest, denormals count, and inexact results change nothing. */
export function is_plain(b: Builder): Node {
  return b.ne(b.get(STATE.fp_plain), 0);
}

/** A truth value: rounding is to nearest and denormals count. */
export function is_nearest(b: Builder): Node {
  return b.eqz(b.and(b.get(STATE.fpscr), UNUSUAL));
}

/** A truth value: denormals count. */
export function keeps_denormals(b: Builder): Node {
  return b.eqz(b.and(b.get(STATE.fpscr), FPSCR.flush));
}

/** Not zero when the inexact flag is set. */
export function is_inexact_known(b: Builder): Node {
  return b.and(b.get(STATE.fp_flags), FPSCR.inexact);
}

const INFINITE: Record<Precision, number> = { f32: 0x7f80_0000, f64: 0x7ff0_0000 };

/** The magnitude of a float, its bits doubled: they compare as unsigned integers. */
function doubled(b: Builder, ty: Precision, value: Node): Node {
  return ty === "f32"
    ? b.shl(b.op("i32.reinterpret_f32", value), 1)
    : b.op("i64.shl", b.op("i64.reinterpret_f64", value), 1);
}

/** Bits of a float from the sign to the exponent's end, and some more, doubled: without the sign. */
function doubled_top(b: Builder, ty: Precision, value: Node): Node {
  const bits = ty === "f32"
    ? b.op("i32.reinterpret_f32", value)
    : b.op("i32.wrap_i64", b.op("i64.shr_u", b.op("i64.reinterpret_f64", value), 32));
  return b.shl(bits, 1);
}

/** A truth value: `value` is a number and finite. */
export function is_finite(b: Builder, ty: Precision, value: Node): Node {
  return b.lt_u(doubled_top(b, ty, value), INFINITE[ty] << 1);
}

/**
 * A truth value: `value` is finite and beyond the least normal number in magnitude. (That one itself
 * may be a smaller result that was rounded up, of which Arm says that it underflowed.)
 */
export function is_normal(b: Builder, ty: Precision, value: Node): Node {
  const low = ty === "f32" ? 0x0100_0002 : 0x0020_0002;
  return b.lt_u(b.sub(doubled_top(b, ty, value), low), (INFINITE[ty] << 1 >>> 0) - low);
}

/** A truth value: `value` is beyond the least normal number in magnitude, or infinite, or a NaN. */
export function is_not_tiny(b: Builder, ty: Precision, value: Node): Node {
  const low = ty === "f32" ? 0x0100_0002 : 0x0020_0002;
  return b.op("i32.ge_u", doubled_top(b, ty, value), low);
}

/** A truth value: `value` is zero. */
export function is_zero(b: Builder, ty: Precision, value: Node): Node {
  const twice = doubled(b, ty, value);
  return ty === "f32" ? b.eqz(twice) : b.op("i64.eqz", twice);
}
