/**
 * Fault status codes, in both forms of IFSR and DFSR (ARM DDI 0406C, tables B3-23 and B3-24).
 *
 * @module
 */

/** What went wrong, as an index of the tables. */
export const FAULT = {
  alignment: 0,
  debug: 1,
  external: 2,
  translation: 3,
  access_flag: 4,
  domain: 5,
  permission: 6,
  walk: 7,
} as const;

/** FS[3:0] of the short form by fault, then level 1 or 2 (index 0 or 1). FS[4] is 0 for all. */
const SHORT: readonly (readonly [number, number])[] = [
  [0b00001, 0b00001],
  [0b00010, 0b00010],
  [0b01000, 0b01000],
  [0b00101, 0b00111],
  [0b00011, 0b00110],
  [0b01001, 0b01011],
  [0b01101, 0b01111],
  [0b01100, 0b01110],
];

/** STATUS of the long form by fault; those that have a level add it. */
const LONG: readonly { base: number; level: boolean }[] = [
  { base: 0b100001, level: false },
  { base: 0b100010, level: false },
  { base: 0b010000, level: false },
  { base: 0b000100, level: true },
  { base: 0b001000, level: true },
  { base: 0b111100, level: true },
  { base: 0b001100, level: true },
  { base: 0b010100, level: true },
];

/** FSR.LPAE. */
export const FSR_LPAE: number = 1 << 9;
/** DFSR.WnR. */
export const FSR_WNR: number = 1 << 11;

/** The FSR value for a fault at a level of a walk (0 where that means nothing). */
export function fault_status(lpae: boolean, fault: number, level: number, domain = 0): number {
  if (!lpae) return SHORT[fault]![level === 2 ? 1 : 0]! | (domain << 4);
  const { base, level: has_level } = LONG[fault]!;
  return FSR_LPAE | base | (has_level ? level : 0);
}
