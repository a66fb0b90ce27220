/**
 * Parallel addition and subtraction on bytes and halfwords, SEL, and sums of differences.
 *
 * @module
 */
import type { Builder } from "../ir/builder.ts";
import type { Node } from "../ir/node.ts";
import { STATE } from "../state.ts";
import { combos, define_op } from "./op.ts";

/** S and U set GE, Q and UQ saturate, SH and UH halve. */
export type ParallelPrefix = "s" | "q" | "sh" | "u" | "uq" | "uh";

/** What is done to which lanes. */
export type ParallelKind = "add16" | "asx" | "sax" | "sub16" | "add8" | "sub8";

/** Every parallel addition and subtraction. */
export const parallel = define_op<{ prefix: ParallelPrefix; kind: ParallelKind }>()("parallel", {
  operands: { rd: "reg", rn: "reg", rm: "reg" },
  lower(b, { prefix, kind }, { rd, rn, rm }) {
    const x = b.reg(rn), y = b.reg(rm);
    if (prefix === "u" && kind === "add8") return uadd8(b, rd, x, y);
    lanes(b, prefix, kind, rd, x, y);
  },
  // What string functions use.
  inline: combos({ prefix: ["u", "uq"], kind: ["add8", "sub8"] }),
});

function lanes(
  b: Builder,
  prefix: ParallelPrefix,
  kind: ParallelKind,
  rd: Node,
  x: Node,
  y: Node,
): void {
  const width = kind.endsWith("8") ? 8 : 16;
  const exchange = kind === "asx" || kind === "sax";
  const signed = prefix === "s" || prefix === "q" || prefix === "sh";
  let result: Node | undefined;
  let ge: Node | undefined;
  for (let at = 0; at < 32; at += width) {
    const sub = kind.startsWith("sub") || (exchange && (kind === "asx") === (at === 0));
    const p = lane(b, x, at, width, signed);
    const q = lane(b, y, exchange ? 16 - at : at, width, signed);
    const exact = sub ? b.sub(p, q) : b.add(p, q);
    const placed = place(b, in_lane(b, prefix, exact, width), at, width);
    result = result ? b.or(result, placed) : placed;
    if (prefix !== "s" && prefix !== "u") continue;
    // An unsigned sum must carry out; all others must not be negative.
    const holds = prefix === "u" && !sub ? b.shr_u(exact, width) : b.op("i32.ge_s", exact, 0);
    // GE has a bit for each byte.
    const bits = width === 8 ? b.shl(holds, at / 8) : b.mul(holds, 3 << (at / 8));
    ge = ge ? b.or(ge, bits) : bits;
  }
  b.set_reg(rd, result!);
  if (ge) b.set(STATE.ge, ge);
}

/** `width` bits of `value` from bit `at`, extended. */
function lane(b: Builder, value: Node, at: number, width: number, signed: boolean): Node {
  if (signed) return b.shr_s(b.shl(value, 32 - width - at), 32 - width);
  return b.and(b.shr_u(value, at), (1 << width) - 1);
}

/** The low `width` bits of `value` at bit `at`. */
function place(b: Builder, value: Node, at: number, width: number): Node {
  return b.shl(b.and(value, (1 << width) - 1), at);
}

/** What a lane keeps of its exact result. */
function in_lane(b: Builder, prefix: ParallelPrefix, exact: Node, width: number): Node {
  switch (prefix) {
    case "s":
    case "u":
      return exact;
    case "sh":
    case "uh":
      return b.shr_s(exact, 1);
    case "q": {
      const max = (1 << (width - 1)) - 1;
      return bounded(b, exact, ~max, max);
    }
    case "uq":
      return bounded(b, exact, 0, (1 << width) - 1);
  }
}

function bounded(b: Builder, value: Node, min: number, max: number): Node {
  const low = b.select(b.lt_s(value, min), b.c(min), value);
  return b.select(b.op("i32.gt_s", low, max), b.c(max), low);
}

/** All four bytes in one addition that does not carry from one to the next. */
function uadd8(b: Builder, rd: Node, x: Node, y: Node): void {
  const low = b.add(b.and(x, 0x7f7f_7f7f), b.and(y, 0x7f7f_7f7f));
  const result = b.xor(low, b.and(b.xor(x, y), 0x8080_8080 | 0));
  const carries = b.or(b.and(x, y), b.and(b.or(x, y), b.not(result)));
  b.set_reg(rd, result);
  // Brings bits 0, 8, 16, 24 together at bit 24.
  const apart = b.and(b.shr_u(carries, 7), 0x0101_0101);
  b.set(STATE.ge, b.and(b.shr_u(b.mul(apart, 0x0102_0408), 24), 15));
}

/** SEL: each byte from Rn where its GE bit is set, else from Rm. */
export const sel = define_op<Record<never, never>>()("sel", {
  operands: { rd: "reg", rn: "reg", rm: "reg" },
  lower(b, _, { rd, rn, rm }) {
    // Spreads GE[3:0] to bits 24, 16, 8, 0, then to whole bytes.
    const apart = b.and(b.mul(b.get(STATE.ge), 0x0020_4081), 0x0101_0101);
    const mask = b.mul(apart, 0xff);
    const m = b.reg(rm);
    b.set_reg(rd, b.xor(m, b.and(b.xor(m, b.reg(rn)), mask)));
  },
  inline: [{}],
});

/** USAD8, USADA8: the sum of the bytes' absolute differences, and Ra. */
export const usad8 = define_op<{ acc: boolean }>()("usad8", {
  operands: { rd: "reg", rn: "reg", rm: "reg", ra: "reg" },
  lower(b, { acc }, { rd, rn, rm, ra }) {
    const x = b.reg(rn), y = b.reg(rm);
    let sum = acc ? b.reg(ra) : b.c(0);
    for (let at = 0; at < 32; at += 8) {
      const difference = b.sub(lane(b, x, at, 8, false), lane(b, y, at, 8, false));
      const sign = b.shr_s(difference, 31);
      sum = b.add(sum, b.sub(b.xor(difference, sign), sign));
    }
    b.set_reg(rd, sum);
  },
});
