import assert from "node:assert/strict";
import { fuses_multiply_add } from "../../wasm/fused.ts";
import { SIMD_OPS } from "./simd_ops.ts";
import type { PureOp, Ty, Value } from "./types.ts";

const LOAD: Record<Ty, number[]> = {
  i32: [0x28, 2],
  i64: [0x29, 3],
  f32: [0x2a, 2],
  f64: [0x2b, 3],
  v128: [0xfd, 0x00, 4],
};
const STORE: Record<Ty, number[]> = {
  i32: [0x36, 2],
  i64: [0x37, 3],
  f32: [0x38, 2],
  f64: [0x39, 3],
  v128: [0xfd, 0x0b, 4],
};

function leb(value: number): number[] {
  const out: number[] = [];
  for (; value >= 0x80; value >>>= 7) out.push((value & 0x7f) | 0x80);
  return [...out, value];
}
const section = (id: number, body: number[]): number[] => [id, ...leb(body.length), ...body];
const name = (text: string): number[] => [text.length, ...new TextEncoder().encode(text)];

/** One operation with its immediates: a function that takes operands from 16, 32, 48 and stores at 0. */
interface Case {
  readonly op: PureOp;
  readonly imm: readonly number[];
}

function instantiate(cases: readonly Case[]): { memory: Uint8Array; run: (() => void)[] } {
  const body = ({ op, imm }: Case): number[] => {
    const code = [0, 0x41, 0];
    op.args.forEach((ty, i) => code.push(0x41, 0, ...LOAD[ty], 16 * (i + 1)));
    code.push(...op.code, ...imm, ...STORE[op.ty], 0, 0x0b);
    return [...leb(code.length), ...code];
  };
  const bytes = new Uint8Array([
    ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, [1, 0x60, 0, 0]),
    ...section(3, [...leb(cases.length), ...cases.map(() => 0)]),
    ...section(5, [1, 0, 1]),
    ...section(7, [
      ...leb(cases.length + 1),
      ...name("memory"),
      ...[2, 0],
      ...cases.flatMap((_, i) => [...name(`f${i}`), 0, ...leb(i)]),
    ]),
    ...section(10, [...leb(cases.length), ...cases.flatMap(body)]),
  ]);
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes));
  return {
    memory: new Uint8Array((exports.memory as WebAssembly.Memory).buffer),
    run: cases.map((_, i) => exports[`f${i}`] as () => void),
  };
}

/** xorshift: the same numbers every time. */
let seed = 0x1234_5678;
function random(): number {
  seed ^= seed << 13;
  seed ^= seed >>> 17;
  seed ^= seed << 5;
  return seed >>> 0;
}
const EDGES = [0, 0xff, 0x80, 0x7f, 1];
const FLOAT_EDGES = [0, 0x8000_0000, 0x3f80_0000, 0x7f80_0000, 0x4f00_0000, 0x3fc0_0000, 1];

function random_bytes(): Uint8Array {
  const out = new Uint8Array(16);
  const words = new Uint32Array(out.buffer);
  const kind = random() % 4;
  for (let i = 0; i < 4; i++) words[i] = random();
  if (kind === 0) out.forEach((_, i) => out[i] = EDGES[random() % 5]!);
  if (kind === 1) words.forEach((_, i) => words[i] = FLOAT_EDGES[random() % 7]!);
  if (kind === 2) new Float64Array(out.buffer)[random() & 1] = (random() | 0) / 4;
  return out;
}

function read(bytes: Uint8Array, ty: Ty): Value {
  const view = new DataView(bytes.buffer, bytes.byteOffset, 16);
  switch (ty) {
    case "i32":
      return view.getInt32(0, true);
    case "i64":
      return view.getBigInt64(0, true);
    case "f32":
      return view.getFloat32(0, true);
    case "f64":
      return view.getFloat64(0, true);
    case "v128":
      return bytes.slice(0, 16);
  }
}

/** The result for comparison: floating-point lanes with every NaN alike. */
function canonical(value: Value, op: PureOp): unknown {
  if (!(value instanceof Uint8Array)) return value;
  const exact = /\.(abs|neg|pmin|pmax|splat|replace_lane|eq|ne|[lg][te])$/.test(op.name);
  if (op.name.startsWith("f32x4") && !exact) return [...new Float32Array(value.buffer)];
  if (op.name.startsWith("f64x2") && !exact) return [...new Float64Array(value.buffer)];
  return [...value];
}

function immediates(op: PureOp): number[][] {
  if (op.immediates === 0) return [[]];
  if (op.immediates === 16) {
    return Array.from({ length: 8 }, () => Array.from({ length: 16 }, () => random() % 32));
  }
  const lanes = Number(/x(\d+)\./.exec(op.name)![1]);
  return Array.from({ length: lanes }, (_, i) => [i]);
}

const has_nan = (ty: Ty, value: Value): boolean => ty[0] === "f" && Number.isNaN(value);

Deno.test("every SIMD micro-op computes what WebAssembly does", () => {
  const known = (op: PureOp): boolean => !op.name.includes("relaxed") || fuses_multiply_add();
  const cases = SIMD_OPS.filter(known).flatMap((op) => immediates(op).map((imm) => ({ op, imm })));
  const { memory, run } = instantiate(cases);
  cases.forEach(({ op, imm }, index) => {
    for (let round = 0; round < 60; round++) {
      op.args.forEach((_, i) => memory.set(random_bytes(), 16 * (i + 1)));
      const args = op.args.map((ty, i) => read(memory.slice(16 * (i + 1)), ty));
      // A NaN that passes through JavaScript may lose its payload.
      if (args.some((v, i) => has_nan(op.args[i]!, v))) continue;
      run[index]!();
      const want = canonical(read(memory.slice(0, 16), op.ty), op);
      const got = canonical(op.eval(args, imm), op);
      assert.deepEqual(got, want, `${op.name} ${imm} of ${args.map(String).join(" | ")}`);
    }
  });
});

Deno.test("SIMD micro-ops have distinct names and opcodes, and leave their operands alone", () => {
  assert.equal(new Set(SIMD_OPS.map((op) => op.name)).size, SIMD_OPS.length);
  assert.equal(new Set(SIMD_OPS.map((op) => op.code.join())).size, SIMD_OPS.length);
  for (const op of SIMD_OPS) {
    const bytes = random_bytes();
    const args = op.args.map((ty) => ty === "v128" ? bytes : read(bytes, ty));
    const before = [...bytes];
    op.eval(args, immediates(op)[0]!);
    assert.deepEqual([...bytes], before, op.name);
  }
});
