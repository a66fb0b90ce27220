import { FPSCR } from "../fpscr.ts";
import type { Builder } from "../ir/builder.ts";
import type { Guard } from "../ir/node.ts";
import { RAISE_UNDEFINED } from "../raise.ts";
import { STATE } from "../state.ts";

const FP: Guard = { field: STATE.fp_enabled, mask: 1, wants: "set" };
const SIMD: Guard = { field: STATE.simd_enabled, mask: 1, wants: "set" };
const SCALAR: Guard = { field: STATE.fpscr, mask: FPSCR.vector, wants: "clear" };

/** First in every VFP instruction: UNDEFINED unless CPACR and FPEXC allow floating point. */
export function check_fp(b: Builder): void {
  b.guard(FP, RAISE_UNDEFINED);
}

/** First in every Advanced SIMD instruction: UNDEFINED unless CPACR and FPEXC allow them. */
export function check_simd(b: Builder): void {
  b.guard(SIMD, RAISE_UNDEFINED);
}

/** VFP data processing is UNDEFINED under FPSCR.Len or Stride: there are no short vectors. */
export function check_scalar(b: Builder): void {
  b.guard(SCALAR, RAISE_UNDEFINED);
}
