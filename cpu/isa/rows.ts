import type { Row } from "./row.ts";

/** Every instruction encoding, all instruction sets. */
export const ROWS: readonly Row[] = [];
