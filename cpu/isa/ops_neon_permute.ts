/**
 * Advanced SIMD permutations: VSWP, VTRN, VUZP, VZIP, VEXT, VTBL, VTBX (DDI 0406C A7.4.5, A7.4).
 *
 * @module
 */
import type { Builder } from "../ir/builder.ts";
import type { Node } from "../ir/node.ts";
import { check_simd } from "./fp_check.ts";
import {
  bytes16,
  half,
  pair,
  read_vector,
  shuffle,
  v128_constant,
  Vec,
  write_vector,
} from "./neon_vec.ts";
import { define_op } from "./op.ts";

/** Where element `i` of the new d:m, `count` elements each, comes from in the old. */
const PERMUTE = {
  vswp: (i: number, count: number): number => (i + count) % (2 * count),
  vtrn: (i: number, count: number): number => {
    const odd = i < count ? 0 : 1;
    const k = i % count;
    return (k & ~1) + odd + (k & 1) * count;
  },
  vuzp: (i: number, count: number): number => i < count ? 2 * i : 2 * (i - count) + 1,
  vzip: (i: number, count: number): number => (i >> 1) + (i & 1) * count,
} as const;

/** A permutation of the elements of two registers. */
export type PermuteOp = keyof typeof PERMUTE;

/** Permutes the elements of `Vd` and `Vm`, both of which change; of one and the same, `Vd` counts. */
export const neon_permute = define_op<{ op: PermuteOp; size: number; q: boolean }>()(
  "neon_permute",
  {
    operands: { d: "dreg", m: "dreg" },
    lower(b, { op, size, q }, { d, m }) {
      check_simd(b);
      const count = (q ? 16 : 8) >> size;
      const bytes = (first: number): number[] =>
        bytes16((i) => {
          const element = PERMUTE[op]((first + i) >> size, count);
          return (element << size) | (i & ((1 << size) - 1));
        });
      if (!q) {
        const both = pair(b, b.v(d, "i64"), b.v(m, "i64"));
        const out = shuffle(b, both, both, bytes(0));
        b.set_v(m, "i64", half(b, out, 1));
        b.set_v(d, "i64", half(b, out, 0));
        return;
      }
      const x = b.v(d, "v128"), y = b.v(m, "v128");
      const new_d = shuffle(b, x, y, bytes(0)), new_m = shuffle(b, x, y, bytes(16));
      b.set_v(m, "v128", new_m);
      b.set_v(d, "v128", new_d);
    },
  },
);

/** `Vd = bytes of Vm:Vn from byte imm up`. */
export const neon_ext = define_op<{ imm: number; q: boolean }>()("neon_ext", {
  operands: { d: "dreg", n: "dreg", m: "dreg" },
  lower(b, { imm, q }, { d, n, m }) {
    check_simd(b);
    if (q) {
      const mask = bytes16((i) => i + imm);
      return b.set_v(d, "v128", shuffle(b, b.v(n, "v128"), b.v(m, "v128"), mask));
    }
    const both = pair(b, b.v(n, "i64"), b.v(m, "i64"));
    write_vector(b, false, d, shuffle(b, both, both, bytes16((i) => (i + imm) % 16)));
  },
});

/** D registers `first` and `first + 1` of a table of `length` from `n`; zero beyond the table. */
function table_part(b: Builder, n: Node, first: number, length: number): Node {
  const low = b.v(n, "i64", 8 * first);
  const high = first + 1 < length ? b.v(n, "i64", 8 * first + 8) : b.constant("i64", 0n);
  return pair(b, low, high);
}

/** Bytes of `length` registers from Dn, chosen by Dm's; beyond them 0, or (`extend`) Dd's own. */
export const neon_table = define_op<{ length: number; extend: boolean }>()("neon_table", {
  operands: { d: "dreg", n: "dreg", m: "dreg" },
  lower(b, { length, extend }, { d, n, m }) {
    check_simd(b);
    const v = new Vec(b, 0, true);
    const index = read_vector(b, false, m);
    let out = b.op("i8x16.swizzle", table_part(b, n, 0, length), index);
    if (length > 2) {
      const rest = v.sub(index, v.constant(16));
      out = v.or(out, b.op("i8x16.swizzle", table_part(b, n, 2, length), rest));
    }
    if (extend) {
      const inside = v.lt(index, v128_constant(b, bytes16(() => 8 * length)));
      out = v.select(inside, out, read_vector(b, false, d));
    }
    write_vector(b, false, d, out);
  },
});
