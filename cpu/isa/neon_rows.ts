import { NEON_MEMORY_ROWS } from "./neon_memory.ts";
import { NEON_MISC_ROWS } from "./neon_misc.ts";
import { NEON_MOVE_ROWS } from "./neon_move.ts";
import { NEON_SAME_ROWS } from "./neon_same.ts";
import { NEON_SHIFT_ROWS } from "./neon_shift.ts";
import { NEON_WIDE_ROWS } from "./neon_wide.ts";
import type { Row } from "./row.ts";

/** Advanced SIMD without floating point, A32 and T32. */
export const NEON_ROWS: readonly Row[] = [
  ...NEON_SAME_ROWS,
  ...NEON_WIDE_ROWS,
  ...NEON_SHIFT_ROWS,
  ...NEON_MISC_ROWS,
  ...NEON_MOVE_ROWS,
  ...NEON_MEMORY_ROWS,
];
