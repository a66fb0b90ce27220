/**
 * Advanced SIMD floating point.
 *
 * Results of the host are Arm's where no operand is denormal (Arm takes those for zeros), no result is
 * a NaN, infinite or close to zero, and the inexact flag is set already. Whatever else is left to
 * helpers, a whole vector at a time.
 *
 * @module
 */
import type { NeonLane } from "../fp/mod.ts";
import type { Builder } from "../ir/builder.ts";
import type { Node } from "../ir/node.ts";
import { fuses_multiply_add } from "../../wasm/fused.ts";
import { check_simd } from "./fp_check.ts";
import { is_inexact_known } from "./fp_fast.ts";
import {
  CONVERT_LANES,
  LANE_HELPERS,
  NARROW_TO_HALVES,
  RECIP_U32,
  RSQRT_U32,
  WIDEN_HALVES,
} from "./fp_neon_helpers.ts";
import { from_scratch, type Place, to_scratch } from "./fp_scratch.ts";
import { read_vector, write_vector } from "./neon_vec.ts";
import { combos, define_op } from "./op.ts";

/** A vector of the same word four times. */
function splat(b: Builder, word: number): Node {
  return b.constant("v128", new Uint8Array(new Int32Array([word, word, word, word]).buffer));
}

/** Magnitudes, as words that compare. */
const doubled = (b: Builder, x: Node): Node => b.op("i32x4.shl", x, b.c(1));

/** Lanes whose doubled magnitude is in `low..high`, inclusive. */
function between(b: Builder, twice: Node, low: number, high: number): Node {
  return b.op("i32x4.le_u", b.op("i32x4.sub", twice, splat(b, low)), splat(b, high - low));
}

/** Lanes that are denormal. */
const denormal = (b: Builder, x: Node): Node => between(b, doubled(b, x), 1, 0x00ff_ffff);
/** Lanes that are numbers beyond the least normal one. */
const normal = (b: Builder, x: Node): Node => between(b, doubled(b, x), 0x0100_0002, 0xfeff_ffff);
const zero = (b: Builder, x: Node): Node => b.op("f32x4.eq", x, splat(b, 0));
const or = (b: Builder, x: Node, y: Node): Node => b.op("v128.or", x, y);
const and = (b: Builder, x: Node, y: Node): Node => b.op("v128.and", x, y);

/** What the host computes, and how to tell whether that is right. */
interface Guess {
  readonly value: Node;
  /** Vectors of which every lane is a number beyond the least normal one in the common case. */
  readonly common: readonly Node[];
  /** Of those, the ones that tell of infinities and NaNs in the others. */
  readonly telling: readonly Node[];
  /** Lanes that are right, unless they are bad: all of them, for zeros are among them. */
  readonly lanes: () => { good: Node; bad: Node };
  /** Nothing can be inexact. */
  readonly exact?: boolean;
  /** In the common case, lanes that are not inexact. */
  readonly exact_lanes?: () => Node;
}

const magnitude = (b: Builder, x: Node): Node => and(b, x, splat(b, 0x7fff_ffff));

/** A truth value: the common case. A lane's sign is set where one of two sums goes out of range. */
function is_common(b: Builder, { common, telling }: Guess): Node {
  const unknown = (x: Node): boolean => x.k !== "const";
  const least = common.filter(unknown).map((x) => magnitude(b, x))
    .reduce((x, y) => b.op("i32x4.min_s", x, y));
  let out = b.op("i32x4.sub", least, splat(b, 0x0080_0001));
  for (const x of telling.filter(unknown)) {
    out = or(b, out, b.op("i32x4.add", magnitude(b, x), splat(b, 0x0080_0000)));
  }
  return b.eqz(b.op("i32x4.bitmask", out));
}

/** A sum or difference: a zero is exact. */
function sum(b: Builder, op: "add" | "sub", x: Node, y: Node): Guess {
  const value = b.op(`f32x4.${op}`, x, y);
  return {
    value,
    common: [x, y, value],
    telling: [value],
    lanes: () => ({
      good: or(b, normal(b, value), zero(b, value)),
      bad: or(b, denormal(b, x), denormal(b, y)),
    }),
    exact_lanes: () => exact_sum(b, x, op === "add" ? y : b.op("f32x4.neg", y), value),
  };
}

/** Lanes of a sum that is exact (Knuth's TwoSum). */
function exact_sum(b: Builder, x: Node, y: Node, value: Node): Node {
  const sub = (p: Node, q: Node): Node => b.op("f32x4.sub", p, q);
  const part = sub(value, x);
  return zero(b, b.op("f32x4.add", sub(x, sub(value, part)), sub(y, part)));
}

/** Lanes of a product that is exact: what is left over must be zero, and no denormal. */
function exact_product(b: Builder, x: Node, y: Node, value: Node): Node {
  if (!fuses_multiply_add()) return splat(b, 0);
  const rest = zero(b, b.op("f32x4.relaxed_nmadd", x, y, value));
  return and(b, rest, b.op("i32x4.gt_s", magnitude(b, value), splat(b, 27 << 23)));
}

/** A product: a zero is exact if a factor is zero. */
function product(b: Builder, x: Node, y: Node): Guess {
  const value = b.op("f32x4.mul", x, y);
  return {
    value,
    common: [x, y, value],
    telling: [value],
    lanes: () => {
      const exact_zero = and(b, zero(b, value), or(b, zero(b, x), zero(b, y)));
      return {
        good: or(b, normal(b, value), exact_zero),
        bad: or(b, denormal(b, x), denormal(b, y)),
      };
    },
    exact_lanes: () => exact_product(b, x, y, value),
  };
}

/** `x ± n * m`, rounded twice. */
function multiply_add(b: Builder, op: "add" | "sub", x: Node, n: Node, m: Node): Guess {
  const first = product(b, n, m);
  const second = sum(b, op, x, first.value);
  return {
    value: second.value,
    common: [...first.common, x, second.value],
    telling: second.telling,
    lanes: () => {
      const product = first.lanes(), sum = second.lanes();
      // What the product must not be is told by its `good`.
      return { good: and(b, product.good, sum.good), bad: or(b, product.bad, denormal(b, x)) };
    },
    exact_lanes: () => and(b, first.exact_lanes!(), second.exact_lanes!()),
  };
}

/** `x ± n * m`, rounded once by a host that can. */
function fused(b: Builder, op: "madd" | "nmadd", x: Node, n: Node, m: Node): Guess | undefined {
  if (!fuses_multiply_add()) return undefined;
  const value = b.op(`f32x4.relaxed_${op}`, n, m, x);
  return {
    value,
    common: [n, m, x, value],
    telling: [value],
    lanes: () => {
      // A zero product leaves the other operand as it is.
      const factor = or(b, zero(b, n), zero(b, m));
      const same = and(b, factor, b.op("f32x4.eq", value, x));
      const any_denormal = or(b, denormal(b, x), or(b, denormal(b, n), denormal(b, m)));
      return { good: or(b, normal(b, value), same), bad: any_denormal };
    },
  };
}

const COMPARISONS: Partial<Record<NeonLane, string>> = {
  ...{ vceq: "eq", vcge: "ge", vcgt: "gt", vcle: "le", vclt: "lt" },
  ...{ vacge: "ge", vacgt: "gt" },
};

/** Comparisons, and maximum and minimum: right for numbers that are not denormal. */
function ordered(b: Builder, kind: NeonLane, n: Node, m: Node): Guess {
  const abs = (x: Node): Node => kind.startsWith("va") ? b.op("f32x4.abs", x) : x;
  const name = COMPARISONS[kind] ?? kind.slice(1);
  return {
    value: b.op(`f32x4.${name}`, abs(n), abs(m)),
    common: [n, m],
    telling: [n, m],
    lanes: () => ({
      good: and(b, b.op("f32x4.eq", n, n), b.op("f32x4.eq", m, m)),
      bad: or(b, denormal(b, n), denormal(b, m)),
    }),
    exact: true,
  };
}

/** `d` is the destination's old value, for instructions that add to it. */
function guess(b: Builder, kind: NeonLane, d: Node, n: Node, m: Node): Guess | undefined {
  const half = 0x3f00_0000, two = 0x4000_0000, three = 0x4040_0000;
  switch (kind) {
    case "vadd":
    case "vsub":
      return sum(b, kind === "vadd" ? "add" : "sub", n, m);
    case "vabd": {
      const difference = sum(b, "sub", n, m);
      return { ...difference, value: b.op("f32x4.abs", difference.value) };
    }
    case "vmul":
      return product(b, n, m);
    case "vmla":
    case "vmls":
      return multiply_add(b, kind === "vmla" ? "add" : "sub", d, n, m);
    case "vfma":
    case "vfms":
      return fused(b, kind === "vfma" ? "madd" : "nmadd", d, n, m);
    case "vrecps":
      return multiply_add(b, "sub", splat(b, two), n, m);
    case "vrsqrts": {
      const difference = multiply_add(b, "sub", splat(b, three), n, m);
      return { ...difference, value: b.op("f32x4.mul", difference.value, splat(b, half)) };
    }
    case "vmax":
    case "vmin":
    case "vceq":
    case "vcge":
    case "vcgt":
    case "vcle":
    case "vclt":
    case "vacge":
    case "vacgt":
      return ordered(b, kind, n, m);
    default:
      return undefined;
  }
}

/** Where the guess is right it is written, else the helper computes from what `operands` are. */
function guess_or(
  b: Builder,
  o: { kind: NeonLane; quad: boolean; d: Node; guess: Guess | undefined },
  operands: Partial<Record<Place, Node>>,
): void {
  const exact = (): void => {
    for (const [place, value] of Object.entries(operands)) {
      to_scratch(b, place as Place, "v128", value);
    }
    b.call(LANE_HELPERS[o.kind]);
    write_vector(b, o.quad, o.d, from_scratch(b, "v128"));
  };
  const g = o.guess;
  if (!g) return exact();
  const write = (): void => write_vector(b, o.quad, o.d, g.value);
  const known = g.exact ? b.c(1) : b.ne(is_inexact_known(b), 0);
  b.expect(and_known(b, known, is_common(b, g)), write, () => {
    const { good, bad } = g.lanes();
    const right = b.op("i32x4.all_true", b.op("v128.andnot", good, bad));
    b.if(and_known(b, known, right), write, () => {
      if (!g.exact_lanes) return exact();
      const all = b.op("i32x4.all_true", g.exact_lanes());
      b.if(b.and(all, is_common(b, g)), write, exact);
    });
  });
}

const and_known = (b: Builder, known: Node, right: Node): Node =>
  known.k === "const" ? right : b.and(known, right);

/** What three-operand instructions have in common. */
export type NeonFpStatics = { kind: NeonLane; quad: boolean };

/** Instructions that add to their destination. */
const ACCUMULATES: ReadonlySet<NeonLane> = new Set(["vmla", "vmls", "vfma", "vfms"]);

const HOT = ["vadd", "vsub", "vmul", "vmla", "vmls", "vmax", "vmin"] as const;

/** Instructions on three vectors of single precision. */
export const neon_fp3 = define_op<NeonFpStatics>()("neon_fp3", {
  operands: { d: "dreg", n: "dreg", m: "dreg" },
  lower(b, { kind, quad }, { d, n, m }) {
    check_simd(b);
    const x = read_vector(b, quad, n), y = read_vector(b, quad, m);
    const old = ACCUMULATES.has(kind) ? read_vector(b, quad, d) : undefined;
    const g = guess(b, kind, old ?? x, x, y);
    guess_or(b, { kind, quad, d, guess: g }, { ...(old && { d: old }), n: x, m: y });
  },
  inline: combos({ kind: HOT, quad: [true] }),
});

/** Instructions on two vectors and a scalar, which is an S register. */
export const neon_fp_scalar = define_op<NeonFpStatics>()("neon_fp_scalar", {
  operands: { d: "dreg", n: "dreg", m: "sreg" },
  lower(b, { kind, quad }, { d, n, m }) {
    check_simd(b);
    const scalar = b.op("i32x4.splat", b.v(m, "i32"));
    const x = read_vector(b, quad, n);
    const old = ACCUMULATES.has(kind) ? read_vector(b, quad, d) : undefined;
    const g = guess(b, kind, old ?? x, x, scalar);
    guess_or(b, { kind, quad, d, guess: g }, { ...(old && { d: old }), n: x, m: scalar });
  },
  inline: combos({ kind: ["vmul", "vmla"], quad: [true] }),
});

/** VPADD, VPMAX and VPMIN, by the name of what they do to pairs. */
export const neon_fp_pairwise = define_op<{ kind: NeonLane }>()("neon_fp_pairwise", {
  operands: { d: "dreg", n: "dreg", m: "dreg" },
  lower(b, { kind }, { d, n, m }) {
    check_simd(b);
    const lanes = b.op_imm("i64x2.replace_lane", [1], read_vector(b, false, n), b.v(m, "i64"));
    const pick = (first: number): Node => {
      const mask = [first, first + 2, first, first + 2]
        .flatMap((lane) => [0, 1, 2, 3].map((byte) => 4 * lane + byte));
      return b.op_imm("i8x16.shuffle", mask, lanes, lanes);
    };
    const x = pick(0), y = pick(1);
    guess_or(b, { kind, quad: false, d, guess: guess(b, kind, x, x, y) }, { n: x, m: y });
  },
});

/** Comparisons with zero. */
export const neon_fp_zero = define_op<NeonFpStatics>()("neon_fp_zero", {
  operands: { d: "dreg", m: "dreg" },
  lower(b, { kind, quad }, { d, m }) {
    check_simd(b);
    const x = read_vector(b, quad, m), y = splat(b, 0);
    guess_or(b, { kind, quad, d, guess: guess(b, kind, x, x, y) }, { n: x, m: y });
  },
});

/** VABS and VNEG: only signs. */
export const neon_fp_sign = define_op<{ abs: boolean; quad: boolean }>()("neon_fp_sign", {
  operands: { d: "dreg", m: "dreg" },
  lower(b, { abs, quad }, { d, m }) {
    check_simd(b);
    const value = read_vector(b, quad, m);
    const result = abs
      ? and(b, value, splat(b, 0x7fff_ffff))
      : b.op("v128.xor", value, splat(b, 0x8000_0000 | 0));
    write_vector(b, quad, d, result);
  },
});

/** VRECPE and VRSQRTE of single precision. */
export const neon_fp_estimate = define_op<{ kind: "vrecpe" | "vrsqrte"; quad: boolean }>()(
  "neon_fp_estimate",
  {
    operands: { d: "dreg", m: "dreg" },
    lower(b, { kind, quad }, { d, m }) {
      check_simd(b);
      const x = read_vector(b, quad, m);
      guess_or(b, { kind, quad, d, guess: undefined }, { n: x, m: x });
    },
  },
);

/** VRECPE and VRSQRTE of unsigned words. */
export const neon_u32_estimate = define_op<{ kind: "vrecpe" | "vrsqrte"; quad: boolean }>()(
  "neon_u32_estimate",
  {
    operands: { d: "dreg", m: "dreg" },
    lower(b, { kind, quad }, { d, m }) {
      check_simd(b);
      const helper = kind === "vrecpe" ? RECIP_U32 : RSQRT_U32;
      for (let at = 0; at < (quad ? 16 : 8); at += 4) {
        b.set_v(d, "i32", b.call(helper, b.v(m, "i32", at)), at);
      }
    },
  },
);

/** A conversion of lanes. */
export type NeonConvert = { to_int: boolean; unsigned: boolean; quad: boolean };

/** What the host makes of lanes, where that is right, and a truth value: nothing is inexact. */
interface Converted {
  readonly value: Node;
  readonly good: Node;
  readonly exact: Node;
}

/** Rounding towards zero, in range: inexact lanes need the flag, denormals raise one of their own. */
function guess_to_int(b: Builder, unsigned: boolean, x: Node): Converted {
  const truncated = b.op("f32x4.trunc", x);
  // Below 2^31 in magnitude, or from 0 to 2^32; NaNs are neither.
  const good = unsigned
    ? and(
      b,
      b.op("f32x4.ge", truncated, splat(b, 0)),
      b.op("f32x4.lt", truncated, splat(b, 0x4f80_0000)),
    )
    : b.op("f32x4.lt", b.op("f32x4.abs", truncated), splat(b, 0x4f00_0000));
  const value = b.op(`i32x4.trunc_sat_f32x4_${unsigned ? "u" : "s"}`, x);
  const exact = b.op("i32x4.all_true", b.op("f32x4.eq", truncated, x));
  return { value, good: b.op("v128.andnot", good, denormal(b, x)), exact };
}

/** Rounding to nearest; magnitudes of 24 bits are exact. */
function guess_from_int(b: Builder, unsigned: boolean, x: Node): Converted {
  const value = b.op(`f32x4.convert_i32x4_${unsigned ? "u" : "s"}`, x);
  const offset = unsigned ? 0 : 0x0100_0000;
  const small = b.op(
    "i32x4.le_u",
    b.op("i32x4.add", x, splat(b, offset)),
    splat(b, offset + 0x0100_0000),
  );
  return { value, good: splat(b, -1), exact: b.op("i32x4.all_true", small) };
}

/** Lets the helper convert. */
function convert(
  b: Builder,
  { to_int, unsigned, quad }: NeonConvert,
  o: { d: Node; x: Node; fraction: Node },
): void {
  to_scratch(b, "n", "v128", o.x);
  b.call(CONVERT_LANES, b.or(o.fraction, (unsigned ? 256 : 0) | (to_int ? 512 : 0)));
  write_vector(b, quad, o.d, from_scratch(b, "v128"));
}

/** VCVT between single precision and 32-bit integers. */
export const neon_fp_convert = define_op<NeonConvert>()("neon_fp_convert", {
  operands: { d: "dreg", m: "dreg" },
  lower(b, { to_int, unsigned, quad }, { d, m }) {
    check_simd(b);
    const x = read_vector(b, quad, m);
    const { value, good, exact } = (to_int ? guess_to_int : guess_from_int)(b, unsigned, x);
    const right = b.op("i32x4.all_true", good);
    const no_flag = b.ne(b.or(exact, is_inexact_known(b)), 0);
    b.expect(
      right.k === "const" ? no_flag : b.and(right, no_flag),
      () => write_vector(b, quad, d, value),
      () => convert(b, { to_int, unsigned, quad }, { d, x, fraction: b.c(0) }),
    );
  },
  inline: combos({ to_int: [true, false], unsigned: [false], quad: [true] }),
});

/** VCVT between single precision and 32-bit fixed point. */
export const neon_fp_fixed = define_op<NeonConvert>()("neon_fp_fixed", {
  operands: { d: "dreg", m: "dreg", fraction: "u8" },
  lower(b, { to_int, unsigned, quad }, { d, m, fraction }) {
    check_simd(b);
    convert(b, { to_int, unsigned, quad }, { d, x: read_vector(b, quad, m), fraction });
  },
});

/** VCVT between half and single precision. */
export const neon_fp_half = define_op<{ to_half: boolean }>()("neon_fp_half", {
  operands: { d: "dreg", m: "dreg" },
  lower(b, { to_half }, { d, m }) {
    check_simd(b);
    to_scratch(b, "n", "v128", read_vector(b, to_half, m));
    b.call(to_half ? NARROW_TO_HALVES : WIDEN_HALVES);
    write_vector(b, !to_half, d, from_scratch(b, "v128"));
  },
});
