import { SIMD_FLOAT_OPS } from "./simd_float_ops.ts";
import { SIMD_INTEGER_OPS } from "./simd_integer_ops.ts";
import type { PureOp } from "./types.ts";

/** Micro-ops on v128 values: WebAssembly's SIMD instructions, without loads, stores and constants. */
export const SIMD_OPS: readonly PureOp[] = [...SIMD_INTEGER_OPS, ...SIMD_FLOAT_OPS];
