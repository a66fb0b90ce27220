import { f32_fma, f64_fma, FpEnv } from "../fp/mod.ts";
import {
  binary,
  compare,
  lanes,
  lanes64,
  simd_op,
  unary,
  unary64,
  v128,
  v128_of64,
} from "./simd_lanes.ts";
import type { PureOp, Value } from "./types.ts";

const SIGN64 = 1n << 63n;

/** Round to nearest, ties to even. */
function nearest(v: number): number {
  if (!Number.isFinite(v) || Math.abs(v) >= 2 ** 52) return v;
  const floor = Math.floor(v);
  const rest = v - floor;
  const up = rest > 0.5 || (rest === 0.5 && floor % 2 !== 0);
  const result = up ? floor + 1 : floor;
  return result === 0 ? (v < 0 || Object.is(v, -0) ? -0 : 0) : result;
}

/** Truncation that saturates; NaN gives 0. */
const truncate = (low: number, high: number) => (v: number): number =>
  Number.isNaN(v) ? 0 : Math.max(low, Math.min(high, Math.trunc(v)));
const trunc_s = truncate(-0x8000_0000, 0x7fff_ffff);
const trunc_u = truncate(0, 0xffff_ffff);

/** The operand itself, bits and all, that `second` chooses: pmin and pmax are no arithmetic. */
function choose(
  name: string,
  code: number,
  lane: "f32" | "f64",
  second: (a: number, b: number) => boolean,
): PureOp {
  return simd_op(name, code, { args: ["v128", "v128"] }, ([a, b]) => {
    const x = lanes(a!, lane), y = lanes(b!, lane);
    if (lane === "f64") {
      const p = lanes64(a!), q = lanes64(b!);
      return v128_of64((i) => second(x[i]!, y[i]!) ? q[i]! : p[i]!);
    }
    const p = lanes(a!, "i32"), q = lanes(b!, "i32");
    return v128("i32", (i) => second(x[i]!, y[i]!) ? q[i]! : p[i]!);
  });
}

/** Families of both shapes: opcodes are not laid out alike. */
const SHAPES = [
  {
    name: "f32x4",
    lane: "f32",
    splat: 0x13,
    compare: 0x41,
    base: 0xe0,
    round: { ceil: 0x67, floor: 0x68, trunc: 0x69, nearest: 0x6a },
  },
  {
    name: "f64x2",
    lane: "f64",
    splat: 0x14,
    compare: 0x47,
    base: 0xec,
    round: { ceil: 0x74, floor: 0x75, trunc: 0x7a, nearest: 0x94 },
  },
] as const;

const BOTH: readonly PureOp[] = SHAPES.flatMap((
  { name, lane, splat, compare: cmp, base, round },
) => [
  simd_op(`${name}.splat`, splat, { args: [lane] }, ([a]) => v128(lane, () => a as number)),
  simd_op(
    `${name}.extract_lane`,
    lane === "f32" ? 0x1f : 0x21,
    { args: ["v128"], ty: lane, immediates: 1 },
    ([a], [i]): Value => lanes(a!, lane)[i!]!,
  ),
  simd_op(
    `${name}.replace_lane`,
    lane === "f32" ? 0x20 : 0x22,
    { args: ["v128", lane], immediates: 1 },
    ([a, b], [i]) => {
      const out = (a as Uint8Array).slice();
      lanes(out, lane)[i!] = b as number;
      return out;
    },
  ),
  compare(`${name}.eq`, cmp, lane, (a, b) => a === b),
  compare(`${name}.ne`, cmp + 1, lane, (a, b) => a !== b),
  compare(`${name}.lt`, cmp + 2, lane, (a, b) => a < b),
  compare(`${name}.gt`, cmp + 3, lane, (a, b) => a > b),
  compare(`${name}.le`, cmp + 4, lane, (a, b) => a <= b),
  compare(`${name}.ge`, cmp + 5, lane, (a, b) => a >= b),
  unary(`${name}.ceil`, round.ceil, lane, Math.ceil),
  unary(`${name}.floor`, round.floor, lane, Math.floor),
  unary(`${name}.trunc`, round.trunc, lane, Math.trunc),
  unary(`${name}.nearest`, round.nearest, lane, nearest),
  unary(`${name}.sqrt`, base + 3, lane, Math.sqrt),
  binary(`${name}.add`, base + 4, lane, (a, b) => a + b),
  binary(`${name}.sub`, base + 5, lane, (a, b) => a - b),
  binary(`${name}.mul`, base + 6, lane, (a, b) => a * b),
  binary(`${name}.div`, base + 7, lane, (a, b) => a / b),
  binary(`${name}.min`, base + 8, lane, Math.min),
  binary(`${name}.max`, base + 9, lane, Math.max),
  choose(`${name}.pmin`, base + 10, lane, (a, b) => b < a),
  choose(`${name}.pmax`, base + 11, lane, (a, b) => a < b),
]);

const environment = new FpEnv();

/** `±a * b + c` of doubles as bits, rounded once. */
function fused_f64(a: bigint, b: bigint, c: bigint): bigint {
  const high = (x: bigint): number => Number(BigInt.asIntN(32, x >> 32n));
  const low = (x: bigint): number => Number(BigInt.asIntN(32, x));
  f64_fma(environment, high(c), low(c), high(a), low(a), high(b), low(b));
  return BigInt(environment.hi >>> 0) << 32n | BigInt(environment.lo >>> 0);
}

/** Multiply-add, rounded once: only where `fuses_multiply_add` says so. */
const FUSED: readonly PureOp[] = (["madd", "nmadd"] as const).flatMap((name, i) => {
  const args = ["v128", "v128", "v128"] as const;
  return [
    simd_op(`f32x4.relaxed_${name}`, 0x105 + i, { args }, ([a, b, c]) => {
      const x = lanes(a!, "i32"), y = lanes(b!, "i32"), z = lanes(c!, "i32");
      const sign = i === 0 ? 0 : 0x8000_0000;
      return v128("i32", (k) => f32_fma(environment, z[k]!, x[k]! ^ sign, y[k]!));
    }),
    simd_op(`f64x2.relaxed_${name}`, 0x107 + i, { args }, ([a, b, c]) => {
      const x = lanes64(a!), y = lanes64(b!), z = lanes64(c!);
      return v128_of64((k) => fused_f64(x[k]! ^ (i === 0 ? 0n : SIGN64), y[k]!, z[k]!));
    }),
  ];
});

/** Floating-point micro-ops on v128 values. Only abs, neg, pmin and pmax keep NaN payloads. */
export const SIMD_FLOAT_OPS: readonly PureOp[] = [
  ...BOTH,
  ...FUSED,
  // Sign operations are on bits: the sign of a NaN counts.
  unary("f32x4.abs", 0xe0, "i32", (a) => a & 0x7fff_ffff),
  unary("f32x4.neg", 0xe1, "i32", (a) => a ^ 0x8000_0000),
  unary64("f64x2.abs", 0xec, (a) => a & ~SIGN64),
  unary64("f64x2.neg", 0xed, (a) => a ^ SIGN64),
  simd_op("f32x4.demote_f64x2_zero", 0x5e, { args: ["v128"] }, ([a]) => {
    const x = lanes(a!, "f64");
    return v128("f32", (i) => i < 2 ? x[i]! : 0);
  }),
  simd_op("f64x2.promote_low_f32x4", 0x5f, { args: ["v128"] }, ([a]) => {
    const x = lanes(a!, "f32");
    return v128("f64", (i) => x[i]!);
  }),
  ...(["s", "u"] as const).flatMap((sign, i) => {
    const lane = sign === "s" ? "i32" : "u32";
    const trunc = sign === "s" ? trunc_s : trunc_u;
    return [
      simd_op(`i32x4.trunc_sat_f32x4_${sign}`, 0xf8 + i, { args: ["v128"] }, ([a]) => {
        const x = lanes(a!, "f32");
        return v128(lane, (k) => trunc(x[k]!));
      }),
      simd_op(`f32x4.convert_i32x4_${sign}`, 0xfa + i, { args: ["v128"] }, ([a]) => {
        const x = lanes(a!, lane);
        return v128("f32", (k) => x[k]!);
      }),
      simd_op(`i32x4.trunc_sat_f64x2_${sign}_zero`, 0xfc + i, { args: ["v128"] }, ([a]) => {
        const x = lanes(a!, "f64");
        return v128(lane, (k) => k < 2 ? trunc(x[k]!) : 0);
      }),
      simd_op(`f64x2.convert_low_i32x4_${sign}`, 0xfe + i, { args: ["v128"] }, ([a]) => {
        const x = lanes(a!, lane);
        return v128("f64", (k) => x[k]!);
      }),
    ];
  }),
];
