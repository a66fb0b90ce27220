/**
 * The V registers behind D31: what helpers take and give but cannot pass, doublewords and vectors.
 * So helpers leave the register file alone, and a translator may keep it elsewhere.
 *
 * @module
 */
import type { Builder } from "../ir/builder.ts";
import type { Node, VAccess } from "../ir/node.ts";

/** Places for operands and results, as numbers of D registers; each has room for a vector. */
export const SCRATCH = { d: 32, n: 34, m: 36 } as const;

/** One of the places. */
export type Place = keyof typeof SCRATCH;

/** Puts a value where a helper finds it. */
export function to_scratch(b: Builder, place: Place, access: VAccess, value: Node): void {
  b.set_v(b.c(8 * SCRATCH[place]), access, value);
}

/** What a helper has put to {@link SCRATCH}.d. */
export function from_scratch(b: Builder, access: VAccess): Node {
  return b.v(b.c(8 * SCRATCH.d), access);
}
