/**
 * The barrel shifter: shifted register operands and their carry out.
 *
 * @module
 */
import type { Builder } from "../ir/builder.ts";
import type { Node } from "../ir/node.ts";
import { STATE } from "../state.ts";

/**
 * A shift by a constant. `lsl`, `lsr`, `asr`, `ror` are by 1..31; "by 32" and the others that an
 * amount of 0 encodes are kinds of their own.
 */
export type Shift = "none" | "lsl" | "lsr" | "asr" | "ror" | "rrx" | "lsr32" | "asr32";

/** A shift by a register. */
export type RegShift = "lsl" | "lsr" | "asr" | "ror";

/** The four shift types, by their two-bit code. */
export const SHIFT_NAMES: readonly RegShift[] = ["lsl", "lsr", "asr", "ror"];

/** A shifted operand; `carry` builds the shifter's carry out, 0 or 1, where it is wanted. */
export interface Shifted {
  readonly value: Node;
  /** Absent when the carry flag does not change. */
  readonly carry?: () => Node;
}

/** What a `type` and `imm5` field say (DecodeImmShift). */
export function decode_shift(type: number, imm5: number): { shift: Shift; amount: number } {
  if (imm5 !== 0) return { shift: SHIFT_NAMES[type]!, amount: imm5 };
  return { shift: (["none", "lsr32", "asr32", "rrx"] as const)[type]!, amount: 0 };
}

/** `value` shifted by `amount`, which must suit `shift`. */
export function shift_by_constant(b: Builder, shift: Shift, value: Node, amount: Node): Shifted {
  // A rotation brings the last bit shifted out to one end of the word.
  const last_out_right = (): Node => b.shr_u(b.rotr(value, amount), 31);
  switch (shift) {
    case "none":
      return { value };
    case "lsl":
      return {
        value: b.shl(value, amount),
        carry: () => b.and(b.op("i32.rotl", value, amount), 1),
      };
    case "lsr":
      return { value: b.shr_u(value, amount), carry: last_out_right };
    case "asr":
      return { value: b.shr_s(value, amount), carry: last_out_right };
    case "ror": {
      const rotated = b.rotr(value, amount);
      return { value: rotated, carry: () => b.shr_u(rotated, 31) };
    }
    case "rrx":
      return {
        value: b.or(b.shr_u(value, 1), b.shl(b.get(STATE.cf), 31)),
        carry: () => b.and(value, 1),
      };
    case "lsr32":
      return { value: b.c(0), carry: () => b.shr_u(value, 31) };
    case "asr32":
      return { value: b.shr_s(value, 31), carry: () => b.shr_u(value, 31) };
  }
}

/** `value` shifted by the low byte of `count`. */
export function shift_by_register(
  b: Builder,
  shift: RegShift,
  value: Node,
  count: Node,
): Shifted {
  const n = b.and(count, 0xff);
  const below_32 = (): Node => b.sub(0, b.lt_u(n, 32));
  const unless_zero = (carry: () => Node): Node => {
    const out = b.local("i32", b.get(STATE.cf));
    b.if(n, () => out.set(carry()));
    return out.get();
  };
  switch (shift) {
    case "lsl":
      return {
        value: b.and(b.shl(value, n), below_32()),
        carry: () => unless_zero(() => b.and(b.op("i32.rotl", value, n), b.op("i32.le_u", n, 32))),
      };
    case "lsr":
      return {
        value: b.and(b.shr_u(value, n), below_32()),
        carry: () =>
          unless_zero(() => b.and(b.shr_u(b.rotr(value, n), 31), b.op("i32.le_u", n, 32))),
      };
    case "asr":
      return {
        value: b.shr_s(value, at_most_31(b, n)),
        carry: () => unless_zero(() => b.and(b.shr_s(value, at_most_31(b, b.sub(n, 1))), 1)),
      };
    case "ror": {
      const rotated = b.rotr(value, n);
      return { value: rotated, carry: () => unless_zero(() => b.shr_u(rotated, 31)) };
    }
  }
}

/** A shift count that acts as min(n, 31); only its low five bits count. */
function at_most_31(b: Builder, n: Node): Node {
  return b.or(n, b.sub(0, b.op("i32.gt_u", n, 31)));
}
