/**
 * Pieces of UAL assembly text that many rows share.
 *
 * @module
 */
import { condition_suffix } from "./condition.ts";

const NAMES: readonly string[] = [
  ...["r0", "r1", "r2", "r3", "r4", "r5", "r6", "r7", "r8", "r9", "r10", "r11", "r12"],
  ...["sp", "lr", "pc"],
];

/** Name of general register `index`. */
export function reg_name(index: number): string {
  return NAMES[index]!;
}

/** Names of general registers, separated by commas. */
export function reg_names(...indices: number[]): string {
  return indices.map(reg_name).join(", ");
}

/** `#value`, decimal. */
export function imm_text(value: number): string {
  return `#${value}`;
}

/** An absolute address. */
export function address_text(address: number): string {
  return `0x${(address >>> 0).toString(16)}`;
}

/** A mnemonic with its S and condition suffixes; Thumb rows have no condition of their own. */
export function mnemonic(name: string, f: { cond?: number }, s: number | boolean = 0): string {
  return `${name}${s ? "s" : ""}${f.cond === undefined ? "" : condition_suffix(f.cond)}`;
}

/** An immediate shift as an operand suffix, `, lsl #3`; nothing for LSL #0. */
export function shift_text(type: number, imm5: number): string {
  if (type === 0) return imm5 === 0 ? "" : `, lsl #${imm5}`;
  if (type === 3) return imm5 === 0 ? ", rrx" : `, ror #${imm5}`;
  return `, ${type === 1 ? "lsr" : "asr"} #${imm5 === 0 ? 32 : imm5}`;
}
