import type { Ty, Value } from "./ir/types.ts";
import type { Cpu } from "./cpu.ts";

/** A piece of an instruction that is TypeScript: system registers, mode changes, exact floating point. */
export interface Helper {
  readonly name: string;
  readonly args: readonly Ty[];
  readonly ty: Ty | undefined;
  /**
   * It may set `STATE.exit` (raise an exception, wait, change the context). The instruction is
   * then left at once; what follows the call does not happen.
   */
  readonly exits: boolean;
  /**
   * It neither reads nor writes general registers or NZCV, so that the translator may keep them
   * elsewhere while it runs.
   */
  readonly keeps_core: boolean;
  /** It neither reads nor writes V registers, nor changes whether they may be used. */
  readonly keeps_vectors: boolean;
  /** It may read `STATE.insn_count`, which engines otherwise bring up to date when they leave. */
  readonly counts: boolean;
  readonly run: (cpu: Cpu, ...args: Value[]) => Value | void;
}

type ValueOf<T> = T extends "i64" ? bigint : T extends "v128" ? Uint8Array : number;
type ValuesOf<A extends readonly Ty[]> = { [K in keyof A]: ValueOf<A[K]> };

/**
 * Describes a helper. i32 values arrive signed; an i32 result is cut to 32 bits.
 * v128 values cannot cross the border to WebAssembly: pass register indices instead.
 */
export function helper<const A extends readonly Ty[], const R extends Ty | undefined>(
  name: string,
  signature: {
    args: A;
    ty: R;
    exits?: boolean;
    keeps_core?: boolean;
    keeps_vectors?: boolean;
    counts?: boolean;
  },
  run: (cpu: Cpu, ...args: ValuesOf<A>) => R extends Ty ? ValueOf<R> : void,
): Helper {
  const made: Helper = {
    name,
    args: signature.args,
    ty: signature.ty,
    exits: signature.exits ?? false,
    keeps_core: signature.keeps_core ?? false,
    keeps_vectors: signature.keeps_vectors ?? false,
    counts: signature.counts ?? false,
    run: run as unknown as Helper["run"],
  };
  named.set(name, made);
  return made;
}

const named = new Map<string, Helper>();

/** The helper of a name: names are the same on all threads. */
export function helper_named(name: string): Helper | undefined {
  return named.get(name);
}
