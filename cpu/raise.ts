import { helper } from "./helper.ts";
import type { Helper } from "./helper.ts";

/** UNDEFINED: takes the Undefined Instruction exception. Always exits. */
export const RAISE_UNDEFINED: Helper = helper(
  "raise_undefined",
  { args: [], ty: undefined, exits: true, keeps_core: true, keeps_vectors: true },
  (cpu) => cpu.raise({ kind: "undefined" }),
);
