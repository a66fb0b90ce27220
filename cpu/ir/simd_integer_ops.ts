import {
  binary,
  binary64,
  compare,
  type Lane,
  LANES,
  lanes,
  lanes64,
  simd_op,
  unary,
  unary64,
  v128,
  v128_of64,
} from "./simd_lanes.ts";
import type { PureOp, Value } from "./types.ts";

const clamp = (low: number, high: number) => (v: number): number =>
  v < low ? low : v > high ? high : v;
const SATURATE = {
  i8: clamp(-0x80, 0x7f),
  u8: clamp(0, 0xff),
  i16: clamp(-0x8000, 0x7fff),
  u16: clamp(0, 0xffff),
} as const;

function popcount8(v: number): number {
  let n = 0;
  for (let x = v; x !== 0; x &= x - 1) n++;
  return n;
}

const number_of = (v: Value): number => v as number;

/** First opcodes of the families that the integer shapes share. */
const SHAPES = [
  {
    name: "i8x16",
    s: "i8",
    u: "u8",
    count: 16,
    splat: 0x0f,
    extract: 0x15,
    compare: 0x23,
    base: 0x60,
  },
  {
    name: "i16x8",
    s: "i16",
    u: "u16",
    count: 8,
    splat: 0x10,
    extract: 0x18,
    compare: 0x2d,
    base: 0x80,
  },
  {
    name: "i32x4",
    s: "i32",
    u: "u32",
    count: 4,
    splat: 0x11,
    extract: 0x1b,
    compare: 0x37,
    base: 0xa0,
  },
] as const;
type Shape = (typeof SHAPES)[number];

function lane_access(shape: Shape): PureOp[] {
  const { name, s, u, splat, extract, count } = shape;
  const read = (suffix: string, code: number, lane: Lane): PureOp =>
    simd_op(
      `${name}.extract_lane${suffix}`,
      code,
      { args: ["v128"], ty: "i32", immediates: 1 },
      ([a], [i]) => lanes(a!, lane)[i!]! | 0,
    );
  const reads = count === 4
    ? [read("", extract, s)]
    : [read("_s", extract, s), read("_u", extract + 1, u)];
  return [
    simd_op(`${name}.splat`, splat, { args: ["i32"] }, ([a]) => v128(s, () => number_of(a!))),
    ...reads,
    simd_op(
      `${name}.replace_lane`,
      extract + reads.length,
      { args: ["v128", "i32"], immediates: 1 },
      ([a, b], [i]) => {
        const x = lanes(a!, s);
        return v128(s, (k) => k === i ? number_of(b!) : x[k]!);
      },
    ),
  ];
}

function compares({ name, s, u, compare: code }: Shape): PureOp[] {
  return [
    compare(`${name}.eq`, code, s, (a, b) => a === b),
    compare(`${name}.ne`, code + 1, s, (a, b) => a !== b),
    compare(`${name}.lt_s`, code + 2, s, (a, b) => a < b),
    compare(`${name}.lt_u`, code + 3, u, (a, b) => a < b),
    compare(`${name}.gt_s`, code + 4, s, (a, b) => a > b),
    compare(`${name}.gt_u`, code + 5, u, (a, b) => a > b),
    compare(`${name}.le_s`, code + 6, s, (a, b) => a <= b),
    compare(`${name}.le_u`, code + 7, u, (a, b) => a <= b),
    compare(`${name}.ge_s`, code + 8, s, (a, b) => a >= b),
    compare(`${name}.ge_u`, code + 9, u, (a, b) => a >= b),
  ];
}

/** `count` lanes shifted by an i32, which counts modulo the lane's width. */
function shift(
  name: string,
  code: number,
  lane: Lane,
  f: (a: number, n: number) => number,
): PureOp {
  const mask = 8 * LANES[lane].BYTES_PER_ELEMENT - 1;
  return simd_op(name, code, { args: ["v128", "i32"] }, ([a, n]) => {
    const x = lanes(a!, lane);
    return v128(lane, (i) => f(x[i]!, number_of(n!) & mask));
  });
}

function arithmetic({ name, s, u, count, base }: Shape): PureOp[] {
  return [
    unary(`${name}.abs`, base, s, Math.abs),
    unary(`${name}.neg`, base + 1, s, (a) => -a),
    simd_op(
      `${name}.all_true`,
      base + 3,
      { args: ["v128"], ty: "i32" },
      ([a]) => lanes(a!, s).every((v) => v !== 0) ? 1 : 0,
    ),
    simd_op(`${name}.bitmask`, base + 4, { args: ["v128"], ty: "i32" }, ([a]) => {
      const x = lanes(a!, s);
      let mask = 0;
      for (let i = 0; i < count; i++) if (x[i]! < 0) mask |= 1 << i;
      return mask;
    }),
    shift(`${name}.shl`, base + 11, s, (a, n) => a << n),
    shift(`${name}.shr_s`, base + 12, s, (a, n) => a >> n),
    shift(`${name}.shr_u`, base + 13, u, (a, n) => a >>> n),
    binary(`${name}.add`, base + 14, s, (a, b) => a + b),
    binary(`${name}.sub`, base + 17, s, (a, b) => a - b),
    binary(`${name}.min_s`, base + 22, s, Math.min),
    binary(`${name}.min_u`, base + 23, u, Math.min),
    binary(`${name}.max_s`, base + 24, s, Math.max),
    binary(`${name}.max_u`, base + 25, u, Math.max),
  ];
}

function saturating(shape: Shape & { count: 16 | 8 }): PureOp[] {
  const { name, s, u, base } = shape;
  return [
    binary(`${name}.add_sat_s`, base + 15, s, (a, b) => SATURATE[s](a + b)),
    binary(`${name}.add_sat_u`, base + 16, u, (a, b) => SATURATE[u](a + b)),
    binary(`${name}.sub_sat_s`, base + 18, s, (a, b) => SATURATE[s](a - b)),
    binary(`${name}.sub_sat_u`, base + 19, u, (a, b) => SATURATE[u](a - b)),
    binary(`${name}.avgr_u`, base + 27, u, (a, b) => (a + b + 1) >> 1),
  ];
}

/** What makes `count` wide lanes of narrow ones, or narrow lanes of wide ones. */
function widths(narrow: Shape & { count: 16 | 8 }, wide: Shape): PureOp[] {
  const name = wide.name, from = narrow.name, base = wide.base;
  const half = wide.count;
  const ops: PureOp[] = [];
  const multiply = wide.count === 4 ? Math.imul : (a: number, b: number) => a * b;
  for (
    const [i, { sign, lane, out }] of [
      { sign: "s", lane: narrow.s, out: wide.s },
      { sign: "u", lane: narrow.u, out: wide.u },
    ].entries()
  ) {
    for (const [j, part] of ["low", "high"].entries()) {
      ops.push(
        simd_op(
          `${name}.extend_${part}_${from}_${sign}`,
          base + 7 + 2 * i + j,
          { args: ["v128"] },
          ([a]) => {
            const x = lanes(a!, lane);
            return v128(out, (k) => x[j * half + k]!);
          },
        ),
        simd_op(
          `${name}.extmul_${part}_${from}_${sign}`,
          base + 28 + 2 * i + j,
          { args: ["v128", "v128"] },
          ([a, b]) => {
            const x = lanes(a!, lane), y = lanes(b!, lane);
            return v128(out, (k) => multiply(x[j * half + k]!, y[j * half + k]!));
          },
        ),
      );
    }
    ops.push(
      simd_op(
        `${name}.extadd_pairwise_${from}_${sign}`,
        (wide.count === 8 ? 0x7c : 0x7e) + i,
        { args: ["v128"] },
        ([a]) => {
          const x = lanes(a!, lane);
          return v128(out, (k) => x[2 * k]! + x[2 * k + 1]!);
        },
      ),
      simd_op(
        `${from}.narrow_${name}_${sign}`,
        narrow.base + 5 + i,
        { args: ["v128", "v128"] },
        ([a, b]) => {
          const x = lanes(a!, wide.s), y = lanes(b!, wide.s);
          const saturate = SATURATE[lane];
          return v128(lane, (k) => saturate(k < half ? x[k]! : y[k - half]!));
        },
      ),
    );
  }
  return ops;
}

const u64 = (v: bigint): bigint => BigInt.asUintN(64, v);
const test64 = (name: string, code: number, f: (a: bigint, b: bigint) => boolean): PureOp =>
  binary64(name, code, (a, b) => f(a, b) ? -1n : 0n);

function shift64(name: string, code: number, f: (a: bigint, n: bigint) => bigint): PureOp {
  return simd_op(name, code, { args: ["v128", "i32"] }, ([a, n]) => {
    const x = lanes64(a!);
    return v128_of64((i) => f(x[i]!, BigInt(number_of(n!) & 63)));
  });
}

function extensions64(): PureOp[] {
  const ops: PureOp[] = [];
  for (const [i, lane] of (["i32", "u32"] as const).entries()) {
    for (const [j, part] of ["low", "high"].entries()) {
      const sign = lane === "i32" ? "s" : "u";
      ops.push(
        simd_op(
          `i64x2.extend_${part}_i32x4_${sign}`,
          0xc7 + 2 * i + j,
          { args: ["v128"] },
          ([a]) => {
            const x = lanes(a!, lane);
            return v128_of64((k) => BigInt(x[2 * j + k]!));
          },
        ),
        simd_op(
          `i64x2.extmul_${part}_i32x4_${sign}`,
          0xdc + 2 * i + j,
          { args: ["v128", "v128"] },
          ([a, b]) => {
            const x = lanes(a!, lane), y = lanes(b!, lane);
            return v128_of64((k) => BigInt(x[2 * j + k]!) * BigInt(y[2 * j + k]!));
          },
        ),
      );
    }
  }
  return ops;
}

const I64X2: readonly PureOp[] = [
  simd_op("i64x2.splat", 0x12, { args: ["i64"] }, ([a]) => v128_of64(() => a as bigint)),
  simd_op(
    "i64x2.extract_lane",
    0x1d,
    { args: ["v128"], ty: "i64", immediates: 1 },
    ([a], [i]) => lanes64(a!)[i!]!,
  ),
  simd_op(
    "i64x2.replace_lane",
    0x1e,
    { args: ["v128", "i64"], immediates: 1 },
    ([a, b], [i]) => {
      const x = lanes64(a!);
      return v128_of64((k) => k === i ? b as bigint : x[k]!);
    },
  ),
  unary64("i64x2.abs", 0xc0, (a) => a < 0n ? -a : a),
  unary64("i64x2.neg", 0xc1, (a) => -a),
  simd_op(
    "i64x2.all_true",
    0xc3,
    { args: ["v128"], ty: "i32" },
    ([a]) => lanes64(a!).every((v) => v !== 0n) ? 1 : 0,
  ),
  simd_op("i64x2.bitmask", 0xc4, { args: ["v128"], ty: "i32" }, ([a]) => {
    const x = lanes64(a!);
    return (x[0]! < 0n ? 1 : 0) | (x[1]! < 0n ? 2 : 0);
  }),
  ...extensions64(),
  shift64("i64x2.shl", 0xcb, (a, n) => a << n),
  shift64("i64x2.shr_s", 0xcc, (a, n) => a >> n),
  shift64("i64x2.shr_u", 0xcd, (a, n) => u64(a) >> n),
  binary64("i64x2.add", 0xce, (a, b) => a + b),
  binary64("i64x2.sub", 0xd1, (a, b) => a - b),
  binary64("i64x2.mul", 0xd5, (a, b) => a * b),
  test64("i64x2.eq", 0xd6, (a, b) => a === b),
  test64("i64x2.ne", 0xd7, (a, b) => a !== b),
  test64("i64x2.lt_s", 0xd8, (a, b) => a < b),
  test64("i64x2.gt_s", 0xd9, (a, b) => a > b),
  test64("i64x2.le_s", 0xda, (a, b) => a <= b),
  test64("i64x2.ge_s", 0xdb, (a, b) => a >= b),
];

const BYTES: readonly PureOp[] = [
  simd_op(
    "i8x16.shuffle",
    0x0d,
    { args: ["v128", "v128"], immediates: 16 },
    ([a, b], imm) => {
      const x = lanes(a!, "u8"), y = lanes(b!, "u8");
      return v128("u8", (i) => imm[i]! < 16 ? x[imm[i]!]! : y[imm[i]! - 16]!);
    },
  ),
  simd_op("i8x16.swizzle", 0x0e, { args: ["v128", "v128"] }, ([a, b]) => {
    const x = lanes(a!, "u8"), y = lanes(b!, "u8");
    return v128("u8", (i) => x[y[i]!] ?? 0);
  }),
  unary("i8x16.popcnt", 0x62, "u8", popcount8),
];

const BITWISE: readonly PureOp[] = [
  unary("v128.not", 0x4d, "i32", (a) => ~a),
  binary("v128.and", 0x4e, "i32", (a, b) => a & b),
  binary("v128.andnot", 0x4f, "i32", (a, b) => a & ~b),
  binary("v128.or", 0x50, "i32", (a, b) => a | b),
  binary("v128.xor", 0x51, "i32", (a, b) => a ^ b),
  simd_op("v128.bitselect", 0x52, { args: ["v128", "v128", "v128"] }, ([a, b, c]) => {
    const x = lanes(a!, "i32"), y = lanes(b!, "i32"), z = lanes(c!, "i32");
    return v128("i32", (i) => (x[i]! & z[i]!) | (y[i]! & ~z[i]!));
  }),
  simd_op(
    "v128.any_true",
    0x53,
    { args: ["v128"], ty: "i32" },
    ([a]) => lanes(a!, "i32").some((v) => v !== 0) ? 1 : 0,
  ),
];

const WORDS: readonly PureOp[] = [
  binary("i16x8.mul", 0x95, "i16", (a, b) => a * b),
  binary("i16x8.q15mulr_sat_s", 0x82, "i16", (a, b) => SATURATE.i16((a * b + 0x4000) >> 15)),
  binary("i32x4.mul", 0xb5, "i32", Math.imul),
  simd_op("i32x4.dot_i16x8_s", 0xba, { args: ["v128", "v128"] }, ([a, b]) => {
    const x = lanes(a!, "i16"), y = lanes(b!, "i16");
    return v128("i32", (i) => x[2 * i]! * y[2 * i]! + x[2 * i + 1]! * y[2 * i + 1]!);
  }),
];

/** Integer micro-ops on v128 values. */
export const SIMD_INTEGER_OPS: readonly PureOp[] = [
  ...SHAPES.flatMap((shape) => [
    ...lane_access(shape),
    ...compares(shape),
    ...arithmetic(shape),
  ]),
  ...saturating(SHAPES[0]),
  ...saturating(SHAPES[1]),
  ...widths(SHAPES[0], SHAPES[1]),
  ...widths(SHAPES[1], SHAPES[2]),
  ...I64X2,
  ...BYTES,
  ...BITWISE,
  ...WORDS,
];
