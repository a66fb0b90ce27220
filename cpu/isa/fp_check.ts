import type { Builder } from "../ir/builder.ts";
import type { Node } from "../ir/node.ts";
import { RAISE_UNDEFINED } from "../raise.ts";
import { STATE } from "../state.ts";

/** FPSCR.Stride and FPSCR.Len. */
export const FPSCR_VECTOR = 0x0037_0000;

function undefined_if(b: Builder, condition: Node): void {
  b.if(condition, () => {
    b.call(RAISE_UNDEFINED);
    b.leave();
  });
}

/** First in every VFP instruction: UNDEFINED unless CPACR and FPEXC allow floating point. */
export function check_fp(b: Builder): void {
  undefined_if(b, b.eqz(b.get(STATE.fp_enabled)));
}

/** First in every Advanced SIMD instruction: UNDEFINED unless CPACR and FPEXC allow them. */
export function check_simd(b: Builder): void {
  check_fp(b);
  undefined_if(b, b.eqz(b.get(STATE.simd_enabled)));
}

/** VFP data processing is UNDEFINED under FPSCR.Len or Stride: there are no short vectors. */
export function check_scalar(b: Builder): void {
  undefined_if(b, b.ne(b.and(b.get(STATE.fpscr), FPSCR_VECTOR), 0));
}
