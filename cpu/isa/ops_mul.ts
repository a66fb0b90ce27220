/**
 * Multiplication, division and CLZ.
 *
 * @module
 */
import type { Builder } from "../ir/builder.ts";
import type { Node } from "../ir/node.ts";
import { STATE } from "../state.ts";
import { combos, define_op } from "./op.ts";

/** A product of two registers alone, or added to or subtracted from a third. */
export type Accumulate = "none" | "add" | "sub";

/** Which halfword of a register is meant: B (bottom) or T (top). */
export type Half = "b" | "t";

/** `Rd = Rn * Rm`, `Ra + Rn * Rm` or `Ra - Rn * Rm`; C and V stay. */
export const mul = define_op<{ acc: Accumulate; s: boolean }>()("mul", {
  operands: { rd: "reg", rn: "reg", rm: "reg", ra: "reg" },
  lower(b, { acc, s }, { rd, rn, rm, ra }) {
    const product = b.mul(b.reg(rn), b.reg(rm));
    const result = accumulate(b, acc, ra, product);
    b.set_reg(rd, result);
    if (s) b.set_nz(result);
  },
  inline: [
    ...combos({ acc: ["none", "add"], s: [false, true] }),
    { acc: "sub", s: false },
  ],
});

function accumulate(b: Builder, acc: Accumulate, ra: Node, product: Node): Node {
  if (acc === "none") return product;
  return acc === "add" ? b.add(b.reg(ra), product) : b.sub(b.reg(ra), product);
}

/** A 64-bit product, alone or added to RdHi:RdLo. */
export const mul_long = define_op<{ signed: boolean; acc: boolean; s: boolean }>()("mul_long", {
  operands: { lo: "reg", hi: "reg", rn: "reg", rm: "reg" },
  lower(b, { signed, acc, s }, { lo, hi, rn, rm }) {
    const x = signed ? wide_s(b, b.reg(rn)) : wide_u(b, b.reg(rn));
    const y = signed ? wide_s(b, b.reg(rm)) : wide_u(b, b.reg(rm));
    const product = b.op("i64.mul", x, y);
    set_pair(b, lo, hi, acc ? b.op("i64.add", product, pair(b, lo, hi)) : product, s);
  },
  inline: combos({ signed: [false, true], acc: [false, true], s: [false] }),
});

/** UMAAL: `RdHi:RdLo = Rn * Rm + RdHi + RdLo`. */
export const umaal = define_op<Record<never, never>>()("umaal", {
  operands: { lo: "reg", hi: "reg", rn: "reg", rm: "reg" },
  lower(b, _, { lo, hi, rn, rm }) {
    const product = b.op("i64.mul", wide_u(b, b.reg(rn)), wide_u(b, b.reg(rm)));
    const sum = b.op("i64.add", wide_u(b, b.reg(lo)), wide_u(b, b.reg(hi)));
    set_pair(b, lo, hi, b.op("i64.add", product, sum), false);
  },
  inline: [{}],
});

/** SMULxy, SMLAxy: halfword by halfword. Q when the addition overflows. */
export const mul_half = define_op<{ n: Half; m: Half; acc: boolean }>()("mul_half", {
  operands: { rd: "reg", rn: "reg", rm: "reg", ra: "reg" },
  lower(b, { n, m, acc }, { rd, rn, rm, ra }) {
    const product = b.mul(half(b, n, b.reg(rn)), half(b, m, b.reg(rm)));
    b.set_reg(rd, acc ? add_q(b, b.reg(ra), product) : product);
  },
  inline: combos({ n: ["b", "t"], m: ["b", "t"], acc: [false, true] }),
});

/** SMULWy, SMLAWy: bits 47:16 of word by halfword. Q when the addition overflows. */
export const mul_word_half = define_op<{ m: Half; acc: boolean }>()("mul_word_half", {
  operands: { rd: "reg", rn: "reg", rm: "reg", ra: "reg" },
  lower(b, { m, acc }, { rd, rn, rm, ra }) {
    const factor = wide_s(b, half(b, m, b.reg(rm)));
    const product = b.op("i64.mul", wide_s(b, b.reg(rn)), factor);
    const high = b.op("i32.wrap_i64", b.op("i64.shr_s", product, b.constant("i64", 16n)));
    b.set_reg(rd, acc ? add_q(b, b.reg(ra), high) : high);
  },
  inline: combos({ m: ["b", "t"], acc: [false, true] }),
});

/** SMLALxy: halfword by halfword, added to RdHi:RdLo. */
export const mul_half_long = define_op<{ n: Half; m: Half }>()("mul_half_long", {
  operands: { lo: "reg", hi: "reg", rn: "reg", rm: "reg" },
  lower(b, { n, m }, { lo, hi, rn, rm }) {
    const product = b.mul(half(b, n, b.reg(rn)), half(b, m, b.reg(rm)));
    set_pair(b, lo, hi, b.op("i64.add", pair(b, lo, hi), wide_s(b, product)), false);
  },
});

/**
 * SMUAD, SMUSD, SMLAD, SMLSD: the sum or difference of the products of both halves; `swap`
 * exchanges Rm's. Q when the result does not fit.
 */
export const mul_dual = define_op<{ sub: boolean; swap: boolean; acc: boolean }>()("mul_dual", {
  operands: { rd: "reg", rn: "reg", rm: "reg", ra: "reg" },
  lower(b, { sub, swap, acc }, { rd, rn, rm, ra }) {
    const both = dual_products(b, { sub, swap }, b.reg(rn), b.reg(rm));
    const exact = acc ? b.op("i64.add", both, wide_s(b, b.reg(ra))) : both;
    const result = b.op("i32.wrap_i64", exact);
    b.set_reg(rd, result);
    // The difference of two products always fits.
    if (sub && !acc) return;
    b.if(b.op("i64.ne", wide_s(b, result), exact), () => b.set(STATE.qf, 1));
  },
});

/** SMLALD, SMLSLD: as {@link mul_dual}, added to RdHi:RdLo. */
export const mul_dual_long = define_op<{ sub: boolean; swap: boolean }>()("mul_dual_long", {
  operands: { lo: "reg", hi: "reg", rn: "reg", rm: "reg" },
  lower(b, form, { lo, hi, rn, rm }) {
    const both = dual_products(b, form, b.reg(rn), b.reg(rm));
    set_pair(b, lo, hi, b.op("i64.add", pair(b, lo, hi), both), false);
  },
});

/** SMMUL, SMMLA, SMMLS: the upper word of the product, of `Ra:0` plus or minus it; `round`ed. */
export const mul_high = define_op<{ acc: Accumulate; round: boolean }>()("mul_high", {
  operands: { rd: "reg", rn: "reg", rm: "reg", ra: "reg" },
  lower(b, { acc, round }, { rd, rn, rm, ra }) {
    const thirty_two = b.constant("i64", 32n);
    let result = b.op("i64.mul", wide_s(b, b.reg(rn)), wide_s(b, b.reg(rm)));
    if (acc !== "none") {
      const high = b.op("i64.shl", wide_u(b, b.reg(ra)), thirty_two);
      result = b.op(acc === "add" ? "i64.add" : "i64.sub", high, result);
    }
    if (round) result = b.op("i64.add", result, b.constant("i64", 0x8000_0000n));
    b.set_reg(rd, b.op("i32.wrap_i64", b.op("i64.shr_u", result, thirty_two)));
  },
  inline: combos({ acc: ["none", "add", "sub"], round: [false, true] }),
});

/** SDIV, UDIV: towards zero; by zero it is zero, and INT_MIN / -1 is INT_MIN. */
export const div = define_op<{ signed: boolean }>()("div", {
  operands: { rd: "reg", rn: "reg", rm: "reg" },
  lower(b, { signed }, { rd, rn, rm }) {
    const x = b.reg(rn), y = b.reg(rm);
    if (signed) {
      // -1 and 0 go apart: wasm traps on both overflow and zero. -x & -1 and -x & 0 are right.
      const quotient = b.local("i32", b.and(b.sub(0, x), y));
      b.if(
        b.op("i32.gt_u", b.add(y, 1), 1),
        () => quotient.set(b.op("i32.div_s", x, y)),
      );
      b.set_reg(rd, quotient.get());
    } else {
      const quotient = b.local("i32", 0);
      b.if(y, () => quotient.set(b.op("i32.div_u", x, y)));
      b.set_reg(rd, quotient.get());
    }
  },
  inline: combos({ signed: [false, true] }),
});

/** CLZ. */
export const clz = define_op<Record<never, never>>()("clz", {
  operands: { rd: "reg", rm: "reg" },
  lower(b, _, { rd, rm }) {
    b.set_reg(rd, b.op("i32.clz", b.reg(rm)));
  },
  inline: [{}],
});

function wide_s(b: Builder, value: Node): Node {
  return b.op("i64.extend_i32_s", value);
}
function wide_u(b: Builder, value: Node): Node {
  return b.op("i64.extend_i32_u", value);
}

/** RdHi:RdLo. */
function pair(b: Builder, lo: Node, hi: Node): Node {
  const high = b.op("i64.shl", wide_u(b, b.reg(hi)), b.constant("i64", 32n));
  return b.op("i64.or", high, wide_u(b, b.reg(lo)));
}

/** Writes RdHi:RdLo; with `s` N and Z are those of 64 bits. */
function set_pair(b: Builder, lo: Node, hi: Node, value: Node, s: boolean): void {
  const low = b.op("i32.wrap_i64", value);
  const high = b.op("i32.wrap_i64", b.op("i64.shr_u", value, b.constant("i64", 32n)));
  b.set_reg(lo, low);
  b.set_reg(hi, high);
  if (!s) return;
  b.set(STATE.nf, high);
  b.set(STATE.zf, b.or(low, high));
}

function half(b: Builder, which: Half, value: Node): Node {
  return which === "t" ? b.shr_s(value, 16) : b.op("i32.extend16_s", value);
}

/** `x + y`, setting Q when it overflows. */
function add_q(b: Builder, x: Node, y: Node): Node {
  const sum = b.add(x, y);
  const overflow = b.and(b.xor(x, sum), b.xor(y, sum));
  b.if(b.lt_s(overflow, 0), () => b.set(STATE.qf, 1));
  return sum;
}

/** The exact sum or difference of the products of the bottom and of the top halves, as i64. */
function dual_products(
  b: Builder,
  { sub, swap }: { sub: boolean; swap: boolean },
  x: Node,
  rm: Node,
): Node {
  const y = swap ? b.rotr(rm, 16) : rm;
  const bottom = b.mul(half(b, "b", x), half(b, "b", y));
  const top = b.mul(half(b, "t", x), half(b, "t", y));
  return b.op(sub ? "i64.sub" : "i64.add", wide_s(b, bottom), wide_s(b, top));
}
