/**
 * Integer Advanced SIMD: three registers of the same length, and their by-scalar forms
 * (DDI 0406C A7.4.1, A7.4.3).
 *
 * @module
 */
import type { Node } from "../ir/node.ts";
import { check_simd } from "./fp_check.ts";
import { bytes16, pair, read_vector, shuffle, Vec, write_vector } from "./neon_vec.ts";
import { shift_by_register } from "./neon_shift_reg.ts";
import { define_op } from "./op.ts";

/** What one operation makes of its operands; `d` reads the destination. */
type Same = (v: Vec, n: Node, m: Node, d: () => Node) => Node;

function halving_add(v: Vec, n: Node, m: Node): Node {
  return v.add(v.and(n, m), v.shr(v.xor(n, m), 1));
}
function halving_sub(v: Vec, n: Node, m: Node): Node {
  return v.sub(v.shr(v.xor(n, m), 1), v.andnot(m, n));
}
function rounding_halving_add(v: Vec, n: Node, m: Node): Node {
  if (v.size === 2) return v.sub(v.or(n, m), v.shr(v.xor(n, m), 1));
  if (v.u) return v.op("avgr_u", n, m);
  return v.xor(v.op("avgr_u", v.xor(n, v.min), v.xor(m, v.min)), v.min);
}

/** Carry-less product of bytes, its low half. */
function polynomial(v: Vec, n: Node, m: Node): Node {
  let sum = v.zero;
  for (let i = 0; i < 8; i++) {
    const bit = v.constant(1 << i);
    sum = v.xor(sum, v.and(v.shl(n, i), v.eq(v.and(m, bit), bit)));
  }
  return sum;
}

/** Upper half of twice the product, perhaps rounded. Only min * min saturates. */
function doubling_high(v: Vec, n: Node, m: Node, round: boolean): Node {
  const both_min = v.and(v.eq(n, v.min), v.eq(m, v.min));
  v.saturated(both_min);
  const signed = v.as(false);
  if (v.size === 1 && round) return v.op("q15mulr_sat_s", n, m);
  const [low, high] = (["low", "high"] as const).map((part) => {
    const doubled = v.wide.shl(signed.extmul(n, m, part), 1);
    return round ? v.wide.add(doubled, v.wide.constant(1n << BigInt(v.bits - 1))) : doubled;
  });
  // Twice min * min wraps to min, whose complement is the limit.
  return v.xor(v.upper(low!, high!), both_min);
}

/** Three-register operations by mnemonic. */
const SAME = {
  vhadd: halving_add,
  vrhadd: rounding_halving_add,
  vhsub: halving_sub,
  vqadd: (v, n, m) => v.add_sat(n, m),
  vqsub: (v, n, m) => v.sub_sat(n, m),
  vand: (v, n, m) => v.and(n, m),
  vbic: (v, n, m) => v.andnot(n, m),
  vorr: (v, n, m) => v.or(n, m),
  vorn: (v, n, m) => v.or(n, v.not(m)),
  veor: (v, n, m) => v.xor(n, m),
  vbsl: (v, n, m, d) => v.select(d(), n, m),
  vbit: (v, n, m, d) => v.select(m, n, d()),
  vbif: (v, n, m, d) => v.select(m, d(), n),
  vcgt: (v, n, m) => v.sop("gt", n, m),
  vcge: (v, n, m) => v.sop("ge", n, m),
  vceq: (v, n, m) => v.eq(n, m),
  vtst: (v, n, m) => v.op("ne", v.and(n, m), v.zero),
  vmax: (v, n, m) => v.sop("max", n, m),
  vmin: (v, n, m) => v.sop("min", n, m),
  vabd: (v, n, m) => v.abd(n, m),
  vaba: (v, n, m, d) => v.add(d(), v.abd(n, m)),
  vadd: (v, n, m) => v.add(n, m),
  vsub: (v, n, m) => v.sub(n, m),
  vmul: (v, n, m) => v.mul(n, m),
  vmul_p: polynomial,
  vmla: (v, n, m, d) => v.add(d(), v.mul(n, m)),
  vmls: (v, n, m, d) => v.sub(d(), v.mul(n, m)),
  vqdmulh: (v, n, m) => doubling_high(v, n, m, false),
  vqrdmulh: (v, n, m) => doubling_high(v, n, m, true),
  vshl: (v, n, m) => shift_by_register(v, m, n, {}),
  vrshl: (v, n, m) => shift_by_register(v, m, n, { round: true }),
  vqshl: (v, n, m) => shift_by_register(v, m, n, { saturate: true }),
  vqrshl: (v, n, m) => shift_by_register(v, m, n, { round: true, saturate: true }),
} as const satisfies Record<string, Same>;

/** A three-register operation. */
export type SameOp = keyof typeof SAME;

/** Statics of a three-register operation; those without meaning for it are 0 and false. */
type SameStatics = { op: SameOp; size: number; u: boolean; q: boolean };

/** `Vd = op(Vn, Vm)`. Registers are given as D registers, Q registers too. */
export const neon_same = define_op<SameStatics>()("neon_same", {
  operands: { d: "dreg", n: "dreg", m: "dreg" },
  lower(b, { op, size, u, q }, { d, n, m }) {
    check_simd(b);
    const same: Same = SAME[op];
    const read = (reg: Node): Node => read_vector(b, q, reg);
    write_vector(b, q, d, same(new Vec(b, size, u), read(n), read(m), () => read(d)));
  },
  inline: [
    { op: "vadd", size: 2, u: false, q: true },
    { op: "veor", size: 0, u: false, q: true },
    { op: "vand", size: 0, u: false, q: true },
    { op: "vorr", size: 0, u: false, q: true },
  ],
});

/** `Vd = op(Vn, Dm[x])`: `scalar` is the byte offset of the scalar in the register file. */
export const neon_same_scalar = define_op<SameStatics>()("neon_same_scalar", {
  operands: { d: "dreg", n: "dreg", scalar: "u8" },
  lower(b, { op, size, u, q }, { d, n, scalar }) {
    check_simd(b);
    const same: Same = SAME[op];
    const v = new Vec(b, size, u);
    const m = v.splat(b.v(scalar, size === 1 ? "u16" : "i32"));
    const value = same(v, read_vector(b, q, n), m, () => read_vector(b, q, d));
    write_vector(b, q, d, value);
  },
});

const PAIRWISE = {
  vpadd: (v, x, y) => v.add(x, y),
  vpmax: (v, x, y) => v.sop("max", x, y),
  vpmin: (v, x, y) => v.sop("min", x, y),
} as const satisfies Record<string, (v: Vec, x: Node, y: Node) => Node>;

/** An operation between neighbours. */
export type PairwiseOp = keyof typeof PAIRWISE;

/** `Dd = op between neighbours of Dn, then of Dm`. */
export const neon_pairwise = define_op<{ op: PairwiseOp; size: number; u: boolean }>()(
  "neon_pairwise",
  {
    operands: { d: "dreg", n: "dreg", m: "dreg" },
    lower(b, { op, size, u }, { d, n, m }) {
      check_simd(b);
      const both = pair(b, b.v(n, "i64"), b.v(m, "i64"));
      const bytes = 1 << size;
      const every_other = (first: number): Node =>
        shuffle(
          b,
          both,
          both,
          bytes16((i) => (2 * (i >> size) + first) * bytes % 16 + (i & (bytes - 1))),
        );
      const value = PAIRWISE[op](new Vec(b, size, u), every_other(0), every_other(1));
      write_vector(b, false, d, value);
    },
  },
);
