import { RAISE_UNDEFINED } from "../raise.ts";
import { define_op } from "./op.ts";

/** What an encoding that no row claims means. */
export const undefined_op = define_op<Record<never, never>>()("undefined", {
  operands: {},
  lower(b) {
    b.exit(RAISE_UNDEFINED);
  },
});
