import type { PureOp, Ty, Value } from "./types.ts";

/** How the 16 bytes of a v128 are cut into lanes; `u` and `i` differ in how a lane reads. */
export const LANES = {
  i8: Int8Array,
  u8: Uint8Array,
  i16: Int16Array,
  u16: Uint16Array,
  i32: Int32Array,
  u32: Uint32Array,
  f32: Float32Array,
  f64: Float64Array,
} as const;

/** A lane type whose values are numbers. */
export type Lane = keyof typeof LANES;
type NumberArray = InstanceType<(typeof LANES)[Lane]>;

/** The bytes at an offset where every typed array may start. */
function settled(v: Value): Uint8Array {
  const bytes = v as Uint8Array;
  return (bytes.byteOffset & 7) === 0 ? bytes : bytes.slice();
}

/** The lanes of a v128 as numbers. */
export function lanes(v: Value, lane: Lane): NumberArray {
  const bytes = settled(v);
  return new LANES[lane](
    bytes.buffer as ArrayBuffer,
    bytes.byteOffset,
    16 / LANES[lane].BYTES_PER_ELEMENT,
  );
}

/** The two 64-bit lanes of a v128, signed. */
export function lanes64(v: Value): BigInt64Array {
  const bytes = settled(v);
  return new BigInt64Array(bytes.buffer, bytes.byteOffset, 2);
}

/** A fresh v128 whose lanes are `f(lane number)`; numbers wrap as in a typed array. */
export function v128(lane: Lane, f: (i: number) => number): Uint8Array {
  const out = new Uint8Array(16);
  const array = new LANES[lane](out.buffer);
  for (let i = 0; i < array.length; i++) array[i] = f(i);
  return out;
}

/** A fresh v128 of two 64-bit lanes, which wrap. */
export function v128_of64(f: (i: number) => bigint): Uint8Array {
  const out = new Uint8Array(16);
  const array = new BigInt64Array(out.buffer);
  array[0] = f(0);
  array[1] = f(1);
  return out;
}

/** A SIMD micro-op: opcode `code` behind the 0xfd prefix, as LEB128. */
export function simd_op(
  name: string,
  code: number,
  signature: { args: readonly Ty[]; ty?: Ty; immediates?: number },
  evaluate: (args: readonly Value[], imm: readonly number[]) => Value,
): PureOp {
  return {
    name,
    args: signature.args,
    ty: signature.ty ?? "v128",
    code: code < 0x80 ? [0xfd, code] : [0xfd, code & 0x7f | 0x80, code >> 7],
    immediates: signature.immediates ?? 0,
    eval: evaluate,
  };
}

/** Lane by lane, one operand. */
export function unary(
  name: string,
  code: number,
  lane: Lane,
  f: (a: number) => number,
): PureOp {
  return simd_op(name, code, { args: ["v128"] }, ([a]) => {
    const x = lanes(a!, lane);
    return v128(lane, (i) => f(x[i]!));
  });
}

/** Lane by lane, two operands. */
export function binary(
  name: string,
  code: number,
  lane: Lane,
  f: (a: number, b: number) => number,
): PureOp {
  return simd_op(name, code, { args: ["v128", "v128"] }, ([a, b]) => {
    const x = lanes(a!, lane), y = lanes(b!, lane);
    return v128(lane, (i) => f(x[i]!, y[i]!));
  });
}

/** The integer lane type as wide as `lane`. */
function mask_lane(lane: Lane): Lane {
  return lane === "f64" ? "f64" : `i${lane.slice(1)}` as Lane;
}

/** Lane by lane, all ones where `f` holds. */
export function compare(
  name: string,
  code: number,
  lane: Lane,
  f: (a: number, b: number) => boolean,
): PureOp {
  return simd_op(name, code, { args: ["v128", "v128"] }, ([a, b]) => {
    const x = lanes(a!, lane), y = lanes(b!, lane);
    if (lane === "f64") return v128_of64((i) => f(x[i]!, y[i]!) ? -1n : 0n);
    return v128(mask_lane(lane), (i) => f(x[i]!, y[i]!) ? -1 : 0);
  });
}

/** Two 64-bit lanes, one operand. */
export function unary64(name: string, code: number, f: (a: bigint) => bigint): PureOp {
  return simd_op(name, code, { args: ["v128"] }, ([a]) => {
    const x = lanes64(a!);
    return v128_of64((i) => f(x[i]!));
  });
}

/** Two 64-bit lanes, two operands. */
export function binary64(
  name: string,
  code: number,
  f: (a: bigint, b: bigint) => bigint,
): PureOp {
  return simd_op(name, code, { args: ["v128", "v128"] }, ([a, b]) => {
    const x = lanes64(a!), y = lanes64(b!);
    return v128_of64((i) => f(x[i]!, y[i]!));
  });
}
