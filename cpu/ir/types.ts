import type { Ty } from "../../wasm/encoder.ts";

// Types of micro-op values are WebAssembly's.
export type { Ty };

/** A value of the reference engine: i32 and floats are numbers, i64 a signed bigint, v128 16 bytes. */
export type Value = number | bigint | Uint8Array;

/** One pure micro-op: how wasm does it and what it computes. */
export interface PureOp {
  /** WebAssembly's name for it. */
  readonly name: string;
  readonly args: readonly Ty[];
  readonly ty: Ty;
  /** Its encoding without immediates. */
  readonly code: readonly number[];
  /** Number of immediate bytes that follow (lane index, shuffle mask). */
  readonly immediates: number;
  /** Plain evaluation. */
  readonly eval: (args: readonly Value[], imm: readonly number[]) => Value;
}
