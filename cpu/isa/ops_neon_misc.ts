/**
 * Integer Advanced SIMD: two registers, miscellaneous; modified immediates (DDI 0406C A7.4.5,
 * A7.4.6).
 *
 * @module
 */
import type { Node } from "../ir/node.ts";
import { check_simd } from "./fp_check.ts";
import { bytes16, read_vector, shuffle, Vec, write_vector } from "./neon_vec.ts";
import { define_op } from "./op.ts";

type Misc = (v: Vec, m: Node, d: () => Node) => Node;

/** Elements in reverse order within containers of `log2` bytes. */
const reverse = (log2: number): Misc => (v, m) => {
  const last = (1 << log2) - (1 << v.size);
  return shuffle(v.b, m, m, bytes16((i) => (i & ~last) | (last - (i & last))));
};

/** Sums of neighbours, twice as wide. */
const pairwise_long: Misc = (v, m) => {
  const w = v.wide;
  if (v.size < 2) return w.sop(`extadd_pairwise_${v.size === 0 ? "i8x16" : "i16x8"}`, m);
  return w.add(w.shr(w.shl(m, 32), 32), w.shr(m, 32));
};

/** Leading zeros: the ones above the highest set bit, counted by bytes and added up. */
const leading_zeros: Misc = (v, m) => {
  let smear = m;
  for (let n = 1; n < v.bits; n *= 2) smear = v.or(smear, v.shr_u(smear, n));
  let count = v.b.op("i8x16.popcnt", v.not(smear));
  if (v.size > 0) count = v.b.op("i16x8.extadd_pairwise_i8x16_u", count);
  if (v.size > 1) count = v.b.op("i32x4.extadd_pairwise_i16x8_u", count);
  return count;
};
const leading_signs: Misc = (v, m, d) =>
  v.sub(leading_zeros(v, v.xor(m, v.shr_s(m, v.bits - 1)), d), v.constant(1));

/** The complement of min, which abs and neg leave, is the limit. */
const saturate_min = (name: "abs" | "neg"): Misc => (v, m) => {
  const over = v.eq(m, v.min);
  v.saturated(over);
  return v.xor(v.op(name, m), over);
};

const MISC = {
  vrev64: reverse(3),
  vrev32: reverse(2),
  vrev16: reverse(1),
  vpaddl: pairwise_long,
  vpadal: (v, m, d) => v.wide.add(d(), pairwise_long(v, m, d)),
  vcls: leading_signs,
  vclz: leading_zeros,
  vcnt: (v, m) => v.op("popcnt", m),
  vmvn: (v, m) => v.not(m),
  vmov: (_v, m) => m,
  vqabs: saturate_min("abs"),
  vqneg: saturate_min("neg"),
  vabs: (v, m) => v.op("abs", m),
  vneg: (v, m) => v.op("neg", m),
  vcgt: (v, m) => v.op("gt_s", m, v.zero),
  vcge: (v, m) => v.op("ge_s", m, v.zero),
  vceq: (v, m) => v.op("eq", m, v.zero),
  vcle: (v, m) => v.op("le_s", m, v.zero),
  vclt: (v, m) => v.op("lt_s", m, v.zero),
} as const satisfies Record<string, Misc>;

/** An operation on one vector. */
export type MiscOp = keyof typeof MISC;

/** `Vd = op(Vm)`. */
export const neon_misc = define_op<{ op: MiscOp; size: number; u: boolean; q: boolean }>()(
  "neon_misc",
  {
    operands: { d: "dreg", m: "dreg" },
    lower(b, { op, size, u, q }, { d, m }) {
      check_simd(b);
      const misc: Misc = MISC[op];
      const value = misc(new Vec(b, size, u), read_vector(b, q, m), () => read_vector(b, q, d));
      write_vector(b, q, d, value);
    },
    inline: [
      { op: "vmov", size: 0, u: false, q: false },
      { op: "vmov", size: 0, u: false, q: true },
    ],
  },
);

/** `Vd = imm`, `Vd |= imm` or `Vd &= ~imm`; the 64-bit immediate is `hi:lo`. */
export const neon_imm = define_op<{ op: "mov" | "orr" | "bic"; q: boolean }>()("neon_imm", {
  operands: { d: "dreg", lo: "imm", hi: "imm" },
  lower(b, { op, q }, { d, lo, hi }) {
    check_simd(b);
    const imm = b.op(
      "i64.or",
      b.op("i64.extend_i32_u", lo),
      b.op("i64.shl", b.op("i64.extend_i32_u", hi), 32),
    );
    const value = b.op("i64x2.splat", imm);
    if (op === "mov") return write_vector(b, q, d, value);
    const old = read_vector(b, q, d);
    write_vector(b, q, d, b.op(op === "orr" ? "v128.or" : "v128.andnot", old, value));
  },
  inline: [{ op: "mov", q: false }, { op: "mov", q: true }],
});
