import type { PureOp, Ty, Value } from "./types.ts";

type I = number;
type L = bigint;

function op<A extends Value>(
  name: string,
  args: Ty[],
  ty: Ty,
  code: number | number[],
  evaluate: (...a: A[]) => Value,
): PureOp {
  return {
    name,
    args,
    ty,
    code: typeof code === "number" ? [code] : code,
    immediates: 0,
    eval: (a) => evaluate(...(a as A[])),
  };
}

const i_i = (name: string, code: number, f: (a: I) => I): PureOp =>
  op<I>(name, ["i32"], "i32", code, (a) => f(a) | 0);
const ii_i = (name: string, code: number, f: (a: I, b: I) => I): PureOp =>
  op<I>(name, ["i32", "i32"], "i32", code, (a, b) => f(a, b) | 0);
const ii_b = (name: string, code: number, f: (a: I, b: I) => boolean): PureOp =>
  op<I>(name, ["i32", "i32"], "i32", code, (a, b) => f(a, b) ? 1 : 0);
const s64 = (v: L): L => BigInt.asIntN(64, v);
const u64 = (v: L): L => BigInt.asUintN(64, v);
const ll_l = (name: string, code: number, f: (a: L, b: L) => L): PureOp =>
  op<L>(name, ["i64", "i64"], "i64", code, (a, b) => s64(f(a, b)));
const ll_b = (name: string, code: number, f: (a: L, b: L) => boolean): PureOp =>
  op<L>(name, ["i64", "i64"], "i32", code, (a, b) => f(a, b) ? 1 : 0);
const l_l = (name: string, code: number, f: (a: L) => L): PureOp =>
  op<L>(name, ["i64"], "i64", code, (a) => s64(f(a)));

function ctz32(v: number): number {
  return v === 0 ? 32 : 31 - Math.clz32(v & -v);
}
function popcount32(v: number): number {
  let n = 0;
  for (let x = v >>> 0; x !== 0; x &= x - 1) n++;
  return n;
}
function clz64(v: bigint): number {
  const hi = Number(u64(v) >> 32n);
  return hi !== 0 ? Math.clz32(hi) : 32 + Math.clz32(Number(u64(v) & 0xffff_ffffn));
}
const div_s = (a: I, b: I): I => b === 0 ? 0 : Math.trunc(a / b);
const div_u = (a: I, b: I): I => b === 0 ? 0 : Math.trunc((a >>> 0) / (b >>> 0));

const bits = new DataView(new ArrayBuffer(8));
function f32_bits(v: number): number {
  bits.setFloat32(0, v);
  return bits.getInt32(0);
}
function bits_f32(v: number): number {
  bits.setInt32(0, v);
  return bits.getFloat32(0);
}
function f64_bits(v: number): bigint {
  bits.setFloat64(0, v);
  return bits.getBigInt64(0);
}
function bits_f64(v: bigint): number {
  bits.setBigInt64(0, v);
  return bits.getFloat64(0);
}

/** Integer micro-ops and conversions. Division by zero is the lowering's business: it never emits one. */
export const SCALAR_OPS: readonly PureOp[] = [
  op<I>("i32.eqz", ["i32"], "i32", 0x45, (a) => a === 0 ? 1 : 0),
  ii_b("i32.eq", 0x46, (a, b) => a === b),
  ii_b("i32.ne", 0x47, (a, b) => a !== b),
  ii_b("i32.lt_s", 0x48, (a, b) => a < b),
  ii_b("i32.lt_u", 0x49, (a, b) => (a >>> 0) < (b >>> 0)),
  ii_b("i32.gt_s", 0x4a, (a, b) => a > b),
  ii_b("i32.gt_u", 0x4b, (a, b) => (a >>> 0) > (b >>> 0)),
  ii_b("i32.le_s", 0x4c, (a, b) => a <= b),
  ii_b("i32.le_u", 0x4d, (a, b) => (a >>> 0) <= (b >>> 0)),
  ii_b("i32.ge_s", 0x4e, (a, b) => a >= b),
  ii_b("i32.ge_u", 0x4f, (a, b) => (a >>> 0) >= (b >>> 0)),
  i_i("i32.clz", 0x67, Math.clz32),
  i_i("i32.ctz", 0x68, ctz32),
  i_i("i32.popcnt", 0x69, popcount32),
  ii_i("i32.add", 0x6a, (a, b) => a + b),
  ii_i("i32.sub", 0x6b, (a, b) => a - b),
  ii_i("i32.mul", 0x6c, Math.imul),
  ii_i("i32.div_s", 0x6d, div_s),
  ii_i("i32.div_u", 0x6e, div_u),
  ii_i("i32.rem_s", 0x6f, (a, b) => b === 0 ? 0 : a % b),
  ii_i("i32.rem_u", 0x70, (a, b) => b === 0 ? 0 : (a >>> 0) % (b >>> 0)),
  ii_i("i32.and", 0x71, (a, b) => a & b),
  ii_i("i32.or", 0x72, (a, b) => a | b),
  ii_i("i32.xor", 0x73, (a, b) => a ^ b),
  ii_i("i32.shl", 0x74, (a, b) => a << b),
  ii_i("i32.shr_s", 0x75, (a, b) => a >> b),
  ii_i("i32.shr_u", 0x76, (a, b) => a >>> b),
  ii_i("i32.rotl", 0x77, (a, b) => (a << (b & 31)) | (a >>> ((32 - (b & 31)) & 31))),
  ii_i("i32.rotr", 0x78, (a, b) => (a >>> (b & 31)) | (a << ((32 - (b & 31)) & 31))),
  i_i("i32.extend8_s", 0xc0, (a) => a << 24 >> 24),
  i_i("i32.extend16_s", 0xc1, (a) => a << 16 >> 16),

  op<L>("i64.eqz", ["i64"], "i32", 0x50, (a) => a === 0n ? 1 : 0),
  ll_b("i64.eq", 0x51, (a, b) => a === b),
  ll_b("i64.ne", 0x52, (a, b) => a !== b),
  ll_b("i64.lt_s", 0x53, (a, b) => a < b),
  ll_b("i64.lt_u", 0x54, (a, b) => u64(a) < u64(b)),
  ll_b("i64.gt_s", 0x55, (a, b) => a > b),
  ll_b("i64.gt_u", 0x56, (a, b) => u64(a) > u64(b)),
  ll_b("i64.le_s", 0x57, (a, b) => a <= b),
  ll_b("i64.le_u", 0x58, (a, b) => u64(a) <= u64(b)),
  ll_b("i64.ge_s", 0x59, (a, b) => a >= b),
  ll_b("i64.ge_u", 0x5a, (a, b) => u64(a) >= u64(b)),
  l_l("i64.clz", 0x79, (a) => BigInt(clz64(a))),
  l_l("i64.ctz", 0x7a, (a) => a === 0n ? 64n : BigInt(63 - clz64(a & -a))),
  ll_l("i64.add", 0x7c, (a, b) => a + b),
  ll_l("i64.sub", 0x7d, (a, b) => a - b),
  ll_l("i64.mul", 0x7e, (a, b) => a * b),
  ll_l("i64.and", 0x83, (a, b) => a & b),
  ll_l("i64.or", 0x84, (a, b) => a | b),
  ll_l("i64.xor", 0x85, (a, b) => a ^ b),
  ll_l("i64.shl", 0x86, (a, b) => a << (b & 63n)),
  ll_l("i64.shr_s", 0x87, (a, b) => a >> (b & 63n)),
  ll_l("i64.shr_u", 0x88, (a, b) => u64(a) >> (b & 63n)),
  ll_l("i64.rotl", 0x89, (a, b) => (u64(a) << (b & 63n)) | (u64(a) >> (64n - (b & 63n)))),
  ll_l("i64.rotr", 0x8a, (a, b) => (u64(a) >> (b & 63n)) | (u64(a) << (64n - (b & 63n)))),
  op<L>("i32.wrap_i64", ["i64"], "i32", 0xa7, (a) => Number(BigInt.asIntN(32, a))),
  op<I>("i64.extend_i32_s", ["i32"], "i64", 0xac, (a) => BigInt(a)),
  op<I>("i64.extend_i32_u", ["i32"], "i64", 0xad, (a) => BigInt(a >>> 0)),

  op<I>("i32.reinterpret_f32", ["f32"], "i32", 0xbc, f32_bits),
  op<I>("f32.reinterpret_i32", ["i32"], "f32", 0xbe, bits_f32),
  op<I>("i64.reinterpret_f64", ["f64"], "i64", 0xbd, f64_bits),
  op<L>("f64.reinterpret_i64", ["i64"], "f64", 0xbf, bits_f64),
];

const f_f = (name: string, ty: Ty, code: number, f: (a: I) => I): PureOp =>
  op<I>(name, [ty], ty, code, ty === "f32" ? (a) => Math.fround(f(a)) : f);
const ff_f = (name: string, ty: Ty, code: number, f: (a: I, b: I) => I): PureOp =>
  op<I>(name, [ty, ty], ty, code, ty === "f32" ? (a, b) => Math.fround(f(a, b)) : f);
const ff_b = (name: string, ty: Ty, code: number, f: (a: I, b: I) => boolean): PureOp =>
  op<I>(name, [ty, ty], "i32", code, (a, b) => f(a, b) ? 1 : 0);

function nearest(v: number): number {
  if (!Number.isFinite(v) || Math.abs(v) >= 2 ** 52) return v;
  const floor = Math.floor(v);
  const rest = v - floor;
  const up = rest > 0.5 || (rest === 0.5 && floor % 2 !== 0);
  const result = up ? floor + 1 : floor;
  return result === 0 ? (v < 0 || Object.is(v, -0) ? -0 : 0) : result;
}

/** Floating-point micro-ops. NaN payloads are not defined: lowerings deal with NaNs before. */
export const FLOAT_OPS: readonly PureOp[] = (["f32", "f64"] as const).flatMap((ty, i) => {
  const base = i === 0 ? 0x8b : 0x99;
  const cmp = i === 0 ? 0x5b : 0x61;
  return [
    ff_b(`${ty}.eq`, ty, cmp, (a, b) => a === b),
    ff_b(`${ty}.ne`, ty, cmp + 1, (a, b) => a !== b),
    ff_b(`${ty}.lt`, ty, cmp + 2, (a, b) => a < b),
    ff_b(`${ty}.gt`, ty, cmp + 3, (a, b) => a > b),
    ff_b(`${ty}.le`, ty, cmp + 4, (a, b) => a <= b),
    ff_b(`${ty}.ge`, ty, cmp + 5, (a, b) => a >= b),
    f_f(`${ty}.abs`, ty, base, Math.abs),
    f_f(`${ty}.neg`, ty, base + 1, (a) => -a),
    f_f(`${ty}.ceil`, ty, base + 2, Math.ceil),
    f_f(`${ty}.floor`, ty, base + 3, Math.floor),
    f_f(`${ty}.trunc`, ty, base + 4, Math.trunc),
    f_f(`${ty}.nearest`, ty, base + 5, nearest),
    f_f(`${ty}.sqrt`, ty, base + 6, Math.sqrt),
    ff_f(`${ty}.add`, ty, base + 7, (a, b) => a + b),
    ff_f(`${ty}.sub`, ty, base + 8, (a, b) => a - b),
    ff_f(`${ty}.mul`, ty, base + 9, (a, b) => a * b),
    ff_f(`${ty}.div`, ty, base + 10, (a, b) => a / b),
  ];
}).concat([
  op<I>("f64.promote_f32", ["f32"], "f64", 0xbb, (a) => a),
  op<I>("f32.demote_f64", ["f64"], "f32", 0xb6, Math.fround),
  op<I>("f32.convert_i32_s", ["i32"], "f32", 0xb2, (a) => Math.fround(a)),
  op<I>("f32.convert_i32_u", ["i32"], "f32", 0xb3, (a) => Math.fround(a >>> 0)),
  op<I>("f64.convert_i32_s", ["i32"], "f64", 0xb7, (a) => a),
  op<I>("f64.convert_i32_u", ["i32"], "f64", 0xb8, (a) => a >>> 0),
  op<I>(
    "i32.trunc_sat_f64_s",
    ["f64"],
    "i32",
    [0xfc, 2],
    (a) => Number.isNaN(a) ? 0 : Math.max(-0x8000_0000, Math.min(0x7fff_ffff, Math.trunc(a))) | 0,
  ),
  op<I>(
    "i32.trunc_sat_f64_u",
    ["f64"],
    "i32",
    [0xfc, 3],
    (a) => Number.isNaN(a) ? 0 : Math.max(0, Math.min(0xffff_ffff, Math.trunc(a))) | 0,
  ),
]);
