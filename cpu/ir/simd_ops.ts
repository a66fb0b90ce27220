import type { PureOp } from "./types.ts";

/** Micro-ops on v128 values. */
export const SIMD_OPS: readonly PureOp[] = [];
