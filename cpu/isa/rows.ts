import { SYSTEM_T32_ROWS } from "./system_t32.ts";
import { SYSTEM_A32_ROWS } from "./system_a32.ts";
import { EXCL_T32_ROWS } from "./excl_t32.ts";
import { EXCL_A32_ROWS } from "./excl_a32.ts";
import { BLOCK_T32_ROWS } from "./block_t32.ts";
import { BLOCK_A32_ROWS } from "./block_a32.ts";
import { BRANCH_T32_ROWS } from "./branch_t32.ts";
import { BRANCH_A32_ROWS } from "./branch_a32.ts";
import { MEM_T32_ROWS } from "./mem_t32.ts";
import { MEM_A32_ROWS } from "./mem_a32.ts";
import { DP_A32_ROWS } from "./dp_a32.ts";
import { DP_T16_ROWS } from "./dp_t16.ts";
import { DP_T32_ROWS } from "./dp_t32.ts";
import { MEDIA_A32_ROWS } from "./media_a32.ts";
import { MEDIA_THUMB_ROWS } from "./media_thumb.ts";
import { MUL_A32_ROWS } from "./mul_a32.ts";
import { MUL_THUMB_ROWS } from "./mul_thumb.ts";
import { NEON_FP_ROWS } from "./neon_fp.ts";
import { VFP_ROWS } from "./vfp.ts";
import { VFP_MEM_ROWS } from "./vfp_mem.ts";
import { NEON_ROWS } from "./neon_rows.ts";
import type { Row } from "./row.ts";

/** Every instruction encoding, all instruction sets. */
export const ROWS: readonly Row[] = [
  ...SYSTEM_T32_ROWS,
  ...SYSTEM_A32_ROWS,
  ...EXCL_T32_ROWS,
  ...EXCL_A32_ROWS,
  ...BLOCK_T32_ROWS,
  ...BLOCK_A32_ROWS,
  ...BRANCH_T32_ROWS,
  ...BRANCH_A32_ROWS,
  ...MEM_T32_ROWS,
  ...MEM_A32_ROWS,
  ...DP_A32_ROWS,
  ...DP_T16_ROWS,
  ...DP_T32_ROWS,
  ...MUL_A32_ROWS,
  ...MUL_THUMB_ROWS,
  ...MEDIA_A32_ROWS,
  ...MEDIA_THUMB_ROWS,
  ...NEON_FP_ROWS,
  ...VFP_ROWS,
  ...VFP_MEM_ROWS,
  ...NEON_ROWS,
];
