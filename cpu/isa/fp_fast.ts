/**
 * When a floating-point result that the host computes is Arm's as well, flags included.
 *
 * The host rounds to nearest and keeps denormals. If Arm is to do the same, and the inexact flag is
 * set already, only NaNs, infinities and results near zero need looking at: whatever else an operand
 * is, a normal result raises nothing more.
 *
 * @module
 */
import type { Builder } from "../ir/builder.ts";
import type { Node } from "../ir/node.ts";
import { STATE } from "../state.ts";
import { FPSCR_VECTOR } from "./fp_check.ts";

/** Single or double precision. */
export type Precision = "f32" | "f64";

const FLUSH = 1 << 24;
const ROUNDING = 3 << 22;
const INEXACT = 1 << 4;

/** A truth value: rounding is to nearest, denormals count, and inexact results change nothing. */
export function is_plain(b: Builder): Node {
  const control = b.and(b.get(STATE.fpscr), FLUSH | ROUNDING | FPSCR_VECTOR);
  const flags = b.xor(b.and(b.get(STATE.fp_flags), INEXACT), INEXACT);
  return b.eqz(b.or(control, flags));
}

/** A truth value: rounding is to nearest and denormals count. */
export function is_nearest(b: Builder): Node {
  return b.eqz(b.and(b.get(STATE.fpscr), FLUSH | ROUNDING | FPSCR_VECTOR));
}

/** A truth value: denormals count. */
export function keeps_denormals(b: Builder): Node {
  return b.eqz(b.and(b.get(STATE.fpscr), FLUSH));
}

/** Not zero when the inexact flag is set. */
export function is_inexact_known(b: Builder): Node {
  return b.and(b.get(STATE.fp_flags), INEXACT);
}

/** The magnitude of a float, its bits doubled: they compare as unsigned integers. */
function doubled(b: Builder, ty: Precision, value: Node): Node {
  return ty === "f32"
    ? b.shl(b.op("i32.reinterpret_f32", value), 1)
    : b.op("i64.shl", b.op("i64.reinterpret_f64", value), 1);
}

function in_range(b: Builder, ty: Precision, twice: Node): Node {
  if (ty === "f32") return b.lt_u(b.sub(twice, 0x0100_0002), 0xff00_0000 - 0x0100_0002);
  const low = 0x0020_0000_0000_0002n, high = 0xffe0_0000_0000_0000n;
  return b.op(
    "i64.lt_u",
    b.op("i64.sub", twice, b.constant("i64", low)),
    b.constant("i64", BigInt.asIntN(64, high - low)),
  );
}

/** A truth value: `value` is a number between the least normal one and infinity, both excluded. */
export function is_normal(b: Builder, ty: Precision, value: Node): Node {
  return in_range(b, ty, doubled(b, ty, value));
}

/** As {@link is_normal}, or zero. */
export function is_normal_or_zero(b: Builder, ty: Precision, value: Node): Node {
  const twice = doubled(b, ty, value);
  const zero = ty === "f32" ? b.eqz(twice) : b.op("i64.eqz", twice);
  return b.or(in_range(b, ty, twice), zero);
}
