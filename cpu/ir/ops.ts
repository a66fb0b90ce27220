import { FLOAT_OPS, SCALAR_OPS } from "./scalar_ops.ts";
import { SIMD_OPS } from "./simd_ops.ts";
import type { PureOp } from "./types.ts";

/** Every pure micro-op, by WebAssembly name. */
export const PURE_OPS: ReadonlyMap<string, PureOp> = new Map(
  [...SCALAR_OPS, ...FLOAT_OPS, ...SIMD_OPS].map((op) => [op.name, op]),
);

/** The pure micro-op called `name`. */
export function pure_op(name: string): PureOp {
  const op = PURE_OPS.get(name);
  if (!op) throw new TypeError(`no micro-op ${name}`);
  return op;
}
