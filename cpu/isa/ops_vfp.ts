/**
 * VFP data processing: arithmetic, comparisons, moves.
 *
 * @module
 */
import type { VfpArith } from "../fp/mod.ts";
import type { Builder } from "../ir/builder.ts";
import type { Node } from "../ir/node.ts";
import { STATE } from "../state.ts";
import { fuses_multiply_add } from "../../wasm/fused.ts";
import { check_fp, check_scalar } from "./fp_check.ts";
import {
  is_finite,
  is_normal,
  is_not_tiny,
  is_plain,
  keeps_denormals,
  type Precision,
} from "./fp_fast.ts";
import {
  ARITH_F32,
  ARITH_F64,
  COMPARE_F32,
  COMPARE_F64,
  SQRT_F32,
  SQRT_F64,
} from "./fp_helpers.ts";
import { from_scratch, SCRATCH, to_scratch } from "./fp_scratch.ts";
import { look_again, type Rounding } from "./fp_second.ts";
import { combos, define_op } from "./op.ts";

/** What the host computes for an instruction, and whether that is right. */
interface Guess {
  readonly value: Node;
  /** A truth value, {@link is_plain} apart. */
  readonly right: Node;
  /** How it comes about, in order. */
  readonly roundings: () => readonly Rounding[];
}

type Operands = { d: Node; n: Node; m: Node };

/** Bits of a register, which numbers would not keep of a NaN. */
const BITS: Record<Precision, "i32" | "i64"> = { f32: "i32", f64: "i64" };

/** `±d ± n * m`, rounded twice. A product that is no number makes a sum that is none. */
function multiply_add(b: Builder, ty: Precision, kind: VfpArith, o: Operands): Guess {
  const n = b.v(o.n, ty), m = b.v(o.m, ty), d = b.v(o.d, ty);
  const product = b.op(`${ty}.mul`, n, m);
  const neg = (x: Node): Node => b.op(`${ty}.neg`, x);
  const value = kind === "vmla"
    ? b.op(`${ty}.add`, d, product)
    : kind === "vmls"
    ? b.op(`${ty}.sub`, d, product)
    : kind === "vnmls"
    ? b.op(`${ty}.sub`, product, d)
    : b.op(`${ty}.sub`, neg(d), product);
  return {
    value,
    right: b.and(is_finite(b, ty, value), is_not_tiny(b, ty, product)),
    roundings: () => {
      const x = kind === "vnmla" || kind === "vnmls" ? neg(d) : d;
      const y = kind === "vmls" || kind === "vnmla" ? neg(product) : product;
      return [
        { kind: "product", operands: [n, m], value: product },
        { kind: "sum", operands: [x, y], value },
      ];
    },
  };
}

/**
 * `±d ± n * m` of single precision, rounded once: double precision has the product exactly and the
 * sum well enough, unless it looks like half of a last bit.
 */
function fused_f32(b: Builder, kind: VfpArith, o: Operands): Guess {
  const wide = (index: Node): Node => b.op("f64.promote_f32", b.v(index, "f32"));
  const product = b.op("f64.mul", wide(o.n), wide(o.m)), d = wide(o.d);
  const sum = kind === "vfma"
    ? b.op("f64.add", d, product)
    : kind === "vfms"
    ? b.op("f64.sub", d, product)
    : kind === "vfnms"
    ? b.op("f64.sub", product, d)
    : b.op("f64.sub", b.op("f64.neg", d), product);
  const low = b.op("i32.wrap_i64", b.op("i64.reinterpret_f64", sum));
  const value = b.op("f32.demote_f64", sum);
  const not_half = b.ne(b.and(low, 0x1fff_ffff), 0x1000_0000);
  return {
    value,
    right: b.and(is_normal(b, "f32", value), not_half),
    roundings: () => {
      const operands = [o.n, o.m, o.d].map((index) => b.v(index, "f32"));
      return [{ kind: "fused", operands, value }];
    },
  };
}

/** `±d ± n * m`, rounded once by a host that can. */
function fused(b: Builder, ty: Precision, kind: VfpArith, o: Operands): Guess {
  const shape = ty === "f32" ? "f32x4" : "f64x2";
  const n = b.v(o.n, ty), m = b.v(o.m, ty), d = b.v(o.d, ty);
  const addend = kind === "vfnma" || kind === "vfnms" ? b.op(`${ty}.neg`, d) : d;
  const name = kind === "vfma" || kind === "vfnms" ? "madd" : "nmadd";
  const [x, y, z] = [n, m, addend].map((v) => b.op(`${shape}.splat`, v));
  const lanes = b.op(`${shape}.relaxed_${name}`, x!, y!, z!);
  const value = b.op_imm(`${shape}.extract_lane`, [0], lanes);
  return {
    value,
    right: is_normal(b, ty, value),
    roundings: () => [{ kind: "fused", operands: [n, m, d], value }],
  };
}

function guess(b: Builder, ty: Precision, kind: VfpArith, o: Operands): Guess {
  switch (kind) {
    case "vadd":
    case "vsub": {
      // A sum that is denormal or zero is exact.
      const n = b.v(o.n, ty), m = b.v(o.m, ty);
      const value = b.op(`${ty}.${kind.slice(1)}`, n, m);
      const roundings = (): Rounding[] => {
        const y = kind === "vadd" ? m : b.op(`${ty}.neg`, m);
        return [{ kind: "sum", operands: [n, y], value }];
      };
      return { value, right: is_finite(b, ty, value), roundings };
    }
    case "vmul":
    case "vnmul": {
      const n = b.v(o.n, ty), m = b.v(o.m, ty);
      const product = b.op(`${ty}.mul`, n, m);
      const value = kind === "vmul" ? product : b.op(`${ty}.neg`, product);
      return {
        value,
        right: is_normal(b, ty, value),
        roundings: () => [{ kind: "product", operands: [n, m], value: product }],
      };
    }
    case "vdiv": {
      const n = b.v(o.n, ty), m = b.v(o.m, ty), value = b.op(`${ty}.div`, n, m);
      return {
        value,
        right: is_normal(b, ty, value),
        roundings: () => [{ kind: "quotient", operands: [n, m], value }],
      };
    }
    case "vmla":
    case "vmls":
    case "vnmla":
    case "vnmls":
      return multiply_add(b, ty, kind, o);
    default:
      return fuses_multiply_add() ? fused(b, ty, kind, o) : fused_f32(b, kind, o);
  }
}

/** Writes the guessed value where it is right, and lets `exact` compute the bits where it is not. */
function guess_or(b: Builder, ty: Precision, d: Node, g: Guess, exact: () => Node): void {
  const plain = is_plain(b);
  const write = (): void => b.set_v(d, ty, g.value);
  const otherwise = (): void => b.set_v(d, BITS[ty], exact());
  b.expect(b.and(plain, g.right), write, () => {
    b.if(look_again(b, ty, g.roundings()), write, otherwise);
  });
}

const HOT = ["vadd", "vsub", "vmul", "vnmul", "vdiv", "vmla", "vmls", "vnmls"] as const;

/** Three-operand arithmetic on S registers. */
export const vfp_arith_s = define_op<{ kind: VfpArith }>()("vfp_arith_s", {
  operands: { d: "sreg", n: "sreg", m: "sreg" },
  lower(b, { kind }, o) {
    check_fp(b);
    guess_or(b, "f32", o.d, guess(b, "f32", kind, o), () => {
      return b.call(ARITH_F32[kind], b.v(o.d, "i32"), b.v(o.n, "i32"), b.v(o.m, "i32"));
    });
  },
  inline: combos({ kind: HOT }),
});

/** What the helper makes of D registers, as bits. */
function arith_f64(b: Builder, kind: VfpArith, o: Operands): Node {
  for (const place of ["d", "n", "m"] as const) to_scratch(b, place, "i64", b.v(o[place], "i64"));
  b.call(ARITH_F64[kind], SCRATCH.d, SCRATCH.n, SCRATCH.m);
  return from_scratch(b, "i64");
}

/** Three-operand arithmetic on D registers. */
export const vfp_arith_d = define_op<{ kind: VfpArith }>()("vfp_arith_d", {
  operands: { d: "dreg", n: "dreg", m: "dreg" },
  lower(b, { kind }, o) {
    check_fp(b);
    const exact = (): Node => arith_f64(b, kind, o);
    if (kind.startsWith("vf") && !fuses_multiply_add()) b.set_v(o.d, "i64", exact());
    else guess_or(b, "f64", o.d, guess(b, "f64", kind, o), exact);
  },
  inline: combos({ kind: HOT }),
});

function square_root(b: Builder, ty: Precision, x: Node): Guess {
  const value = b.op(`${ty}.sqrt`, x);
  return {
    value,
    right: is_finite(b, ty, value),
    roundings: () => [{ kind: "root", operands: [x], value }],
  };
}

/** VSQRT of S registers. */
export const vfp_sqrt_s = define_op<Record<never, never>>()("vfp_sqrt_s", {
  operands: { d: "sreg", m: "sreg" },
  lower(b, _, { d, m }) {
    check_fp(b);
    guess_or(b, "f32", d, square_root(b, "f32", b.v(m, "f32")), () => {
      return b.call(SQRT_F32, b.v(m, "i32"));
    });
  },
  inline: [{}],
});

/** VSQRT of D registers. */
export const vfp_sqrt_d = define_op<Record<never, never>>()("vfp_sqrt_d", {
  operands: { d: "dreg", m: "dreg" },
  lower(b, _, { d, m }) {
    check_fp(b);
    guess_or(b, "f64", d, square_root(b, "f64", b.v(m, "f64")), () => {
      to_scratch(b, "m", "i64", b.v(m, "i64"));
      b.call(SQRT_F64, SCRATCH.d, SCRATCH.m);
      return from_scratch(b, "i64");
    });
  },
  inline: [{}],
});

/** NZCV of a comparison where the host can tell, else what `exact` finds. */
function compare(b: Builder, ty: Precision, n: Node, m: Node, exact: () => Node): void {
  const less = b.op(`${ty}.lt`, n, m), not_less = b.op(`${ty}.ge`, n, m);
  const ordered = b.or(less, not_less);
  b.expect(b.and(b.ne(ordered, 0), keeps_denormals(b)), () => {
    const equal = b.op(`${ty}.eq`, n, m);
    const nzcv = b.or(b.or(b.shl(less, 31), b.shl(equal, 30)), b.shl(not_less, 29));
    b.set(STATE.fp_nzcv, nzcv);
  }, () => b.set(STATE.fp_nzcv, exact()));
}

/** VCMP and VCMPE of S registers, or of one with zero. */
export const vfp_cmp_s = define_op<{ signalling: boolean; zero: boolean }>()("vfp_cmp_s", {
  operands: { n: "sreg", m: "sreg" },
  lower(b, { signalling, zero }, { n, m }) {
    check_fp(b);
    const other = zero ? b.constant("f32", 0) : b.v(m, "f32");
    compare(b, "f32", b.v(n, "f32"), other, () => {
      const bits = zero ? b.c(0) : b.v(m, "i32");
      return b.call(COMPARE_F32, b.v(n, "i32"), bits, signalling ? 1 : 0);
    });
  },
  inline: combos({ signalling: [true, false], zero: [true, false] }),
});

/** VCMP and VCMPE of D registers, or of one with zero. */
export const vfp_cmp_d = define_op<{ signalling: boolean; zero: boolean }>()("vfp_cmp_d", {
  operands: { n: "dreg", m: "dreg" },
  lower(b, { signalling, zero }, { n, m }) {
    check_fp(b);
    const other = zero ? b.constant("f64", 0) : b.v(m, "f64");
    compare(
      b,
      "f64",
      b.v(n, "f64"),
      other,
      () => {
        to_scratch(b, "n", "i64", b.v(n, "i64"));
        if (!zero) to_scratch(b, "m", "i64", b.v(m, "i64"));
        return b.call(COMPARE_F64, SCRATCH.n, zero ? -1 : SCRATCH.m, signalling ? 1 : 0);
      },
    );
  },
  inline: combos({ signalling: [true, false], zero: [true, false] }),
});

/** Moves that look only at the sign. */
export type VfpMove = "vmov" | "vabs" | "vneg";

/** VMOV, VABS, VNEG of S registers. */
export const vfp_move_s = define_op<{ kind: VfpMove }>()("vfp_move_s", {
  operands: { d: "sreg", m: "sreg" },
  lower(b, { kind }, { d, m }) {
    check_fp(b);
    check_scalar(b);
    const bits = b.v(m, "i32");
    const result = kind === "vabs"
      ? b.and(bits, 0x7fff_ffff)
      : kind === "vneg"
      ? b.xor(bits, 0x8000_0000)
      : bits;
    b.set_v(d, "i32", result);
  },
  inline: combos({ kind: ["vmov", "vabs", "vneg"] }),
});

/** VMOV, VABS, VNEG of D registers. */
export const vfp_move_d = define_op<{ kind: VfpMove }>()("vfp_move_d", {
  operands: { d: "dreg", m: "dreg" },
  lower(b, { kind }, { d, m }) {
    check_fp(b);
    check_scalar(b);
    const bits = b.v(m, "i64");
    const sign = b.constant("i64", BigInt.asIntN(64, 1n << 63n));
    const result = kind === "vabs"
      ? b.op("i64.and", bits, b.constant("i64", (1n << 63n) - 1n))
      : kind === "vneg"
      ? b.op("i64.xor", bits, sign)
      : bits;
    b.set_v(d, "i64", result);
  },
  inline: combos({ kind: ["vmov", "vabs", "vneg"] }),
});

/** VMOV of an immediate to an S register. */
export const vfp_imm_s = define_op<Record<never, never>>()("vfp_imm_s", {
  operands: { d: "sreg", bits: "imm" },
  lower(b, _, { d, bits }) {
    check_fp(b);
    check_scalar(b);
    b.set_v(d, "i32", bits);
  },
  inline: [{}],
});

/** VMOV of an immediate, of which `high` has bits 63:32, to a D register. */
export const vfp_imm_d = define_op<Record<never, never>>()("vfp_imm_d", {
  operands: { d: "dreg", high: "imm" },
  lower(b, _, { d, high }) {
    check_fp(b);
    check_scalar(b);
    b.set_v(d, "i64", b.op("i64.shl", b.op("i64.extend_i32_u", high), 32));
  },
  inline: [{}],
});
