/**
 * A test case and a result as the words that the ARM-side runner (runner.c) reads and writes.
 *
 * @module
 */

/** Where the guest RAM of these tests is: nothing else is mapped there in a user process. */
export const RAM = 0x6000_0000;
/** Its size in bytes. */
export const RAM_SIZE = 0x80_0000;
/** The data that instructions are pointed at: it lies in two pages. */
export const WINDOW = 0x6000_0f80;
/** Its size in bytes. */
export const WINDOW_BYTES = 256;
/** Code goes from here. */
export const CODE = 0x6001_0000;
/** To here; the rest of RAM is a translation table's. */
export const CODE_END = 0x607f_c000;
/** Cases that the runner takes at once. */
export const MAX_CASES = 4096;

/** Word offsets in a case. */
export const CASE = {
  code_address: 0,
  thumb: 1,
  fill_before: 2,
  fill_after: 3,
  code: 4,
  r: 36,
  entry: 51,
  cpsr: 52,
  fpscr: 53,
  d: 54,
  window: 118,
  words: 182,
  code_words: 32,
} as const;

/** Word offsets in a result. */
export const RESULT = {
  signal: 0,
  pc: 1,
  r: 2,
  cpsr: 17,
  fpscr: 18,
  fault_address: 19,
  d: 20,
  window: 84,
  words: 148,
} as const;

/** How a case ended: Linux's signal numbers. */
export const SIGNAL = { ill: 4, trap: 5, bus: 7, segv: 11 } as const;
/** Undefined instructions to end a sequence with. */
export const STOP_A32 = 0xe7f0_00f0;
/** The same twice in Thumb. */
export const STOP_THUMB = 0xde00_de00;

/** A case: {@link CASE} words. */
export type Case = Uint32Array;
/** A result: {@link RESULT} words. */
export type Result = Uint32Array;
