/**
 * Exceptions, hints, barriers, status registers and coprocessors.
 *
 * @module
 */
import { define_op } from "./op.ts";

/** Hints, preloads and barriers, which the engines order by themselves. */
export const nop = define_op<Record<never, never>>()("nop", {
  operands: {},
  lower() {},
  inline: [{}],
});
