/**
 * Integer Advanced SIMD: three registers of different lengths, and their by-scalar forms
 * (DDI 0406C A7.4.2, A7.4.3).
 *
 * @module
 */
import type { Node } from "../ir/node.ts";
import { check_simd } from "./fp_check.ts";
import { read_vector, Vec, write_vector } from "./neon_vec.ts";
import { define_op } from "./op.ts";

/** What an operation makes of D operands; `v` has their elements, `d` reads the Q destination. */
type Long = (v: Vec, n: Node, m: Node, d: () => Node) => Node;

/** Carry-less product of bytes, 16 bits. */
function polynomial_long(v: Vec, n: Node, m: Node): Node {
  const w = v.wide;
  const x = v.as(true).extend(n), y = v.as(true).extend(m);
  let sum = w.zero;
  for (let i = 0; i < 8; i++) {
    const bit = w.constant(1 << i);
    sum = w.xor(sum, w.and(w.shl(x, i), w.eq(w.and(y, bit), bit)));
  }
  return sum;
}

/** Twice the product. Only min * min saturates: it wraps to min, whose complement is the limit. */
function doubling(v: Vec, n: Node, m: Node): Node {
  const w = v.wide;
  const doubled = w.shl(v.as(false).extmul(n, m), 1);
  const over = w.eq(doubled, w.min);
  w.saturated(over);
  return w.xor(doubled, over);
}

const abd_long = (v: Vec, n: Node, m: Node): Node => v.as(true).extend(v.abd(n, m));

const LONG = {
  vaddl: (v, n, m) => v.wide.add(v.extend(n), v.extend(m)),
  vsubl: (v, n, m) => v.wide.sub(v.extend(n), v.extend(m)),
  vabdl: abd_long,
  vabal: (v, n, m, d) => v.wide.add(d(), abd_long(v, n, m)),
  vmull: (v, n, m) => v.extmul(n, m),
  vmull_p: polynomial_long,
  vmlal: (v, n, m, d) => v.wide.add(d(), v.extmul(n, m)),
  vmlsl: (v, n, m, d) => v.wide.sub(d(), v.extmul(n, m)),
  vqdmull: doubling,
  vqdmlal: (v, n, m, d) => v.wide.as(false).add_sat(d(), doubling(v, n, m)),
  vqdmlsl: (v, n, m, d) => v.wide.as(false).sub_sat(d(), doubling(v, n, m)),
} as const satisfies Record<string, Long>;

/** A long operation. */
export type LongOp = keyof typeof LONG;

type LongStatics = { op: LongOp; size: number; u: boolean };

/** `Qd = op(Dn, Dm)`; `size` is that of the D elements. */
export const neon_long = define_op<LongStatics>()("neon_long", {
  operands: { d: "dreg", n: "dreg", m: "dreg" },
  lower(b, { op, size, u }, { d, n, m }) {
    check_simd(b);
    const long: Long = LONG[op];
    const x = read_vector(b, false, n), y = read_vector(b, false, m);
    b.set_v(d, "v128", long(new Vec(b, size, u), x, y, () => b.v(d, "v128")));
  },
});

/** `Qd = op(Dn, Dm[x])`: `scalar` is the byte offset of the scalar in the register file. */
export const neon_long_scalar = define_op<LongStatics>()("neon_long_scalar", {
  operands: { d: "dreg", n: "dreg", scalar: "u8" },
  lower(b, { op, size, u }, { d, n, scalar }) {
    check_simd(b);
    const long: Long = LONG[op];
    const v = new Vec(b, size, u);
    const y = v.splat(b.v(scalar, size === 1 ? "u16" : "i32"));
    b.set_v(d, "v128", long(v, read_vector(b, false, n), y, () => b.v(d, "v128")));
  },
});

/** `Qd = Qn + Dm` or `Qn - Dm`. */
export const neon_wide = define_op<{ op: "vaddw" | "vsubw"; size: number; u: boolean }>()(
  "neon_wide",
  {
    operands: { d: "dreg", n: "dreg", m: "dreg" },
    lower(b, { op, size, u }, { d, n, m }) {
      check_simd(b);
      const v = new Vec(b, size, u);
      const x = b.v(n, "v128"), y = v.extend(read_vector(b, false, m));
      b.set_v(d, "v128", op === "vaddw" ? v.wide.add(x, y) : v.wide.sub(x, y));
    },
  },
);

/** `Dd = upper halves of Qn + Qm` or `Qn - Qm`; `size` is that of the result's elements. */
export const neon_narrow_high = define_op<
  { op: "vaddhn" | "vsubhn"; size: number; round: boolean }
>()("neon_narrow_high", {
  operands: { d: "dreg", n: "dreg", m: "dreg" },
  lower(b, { op, size, round }, { d, n, m }) {
    check_simd(b);
    const v = new Vec(b, size), w = v.wide;
    const x = b.v(n, "v128"), y = b.v(m, "v128");
    let sum = op === "vaddhn" ? w.add(x, y) : w.sub(x, y);
    if (round) sum = w.add(sum, w.constant(1n << BigInt(v.bits - 1)));
    write_vector(b, false, d, v.upper(sum));
  },
});
