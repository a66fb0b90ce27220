/**
 * Media instructions as the rows of both instruction sets ask for them.
 *
 * @module
 */
import { dp_immediate } from "./dp_forms.ts";
import type { Decoded } from "./op.ts";
import { bfi, type SatShift, saturate, sbfx, ubfx } from "./ops_media.ts";

/** `width` bits set from bit 0. */
function mask_of(width: number): number {
  return width >= 32 ? -1 : (1 << width) - 1;
}

/** SBFX or UBFX; a field that leaves the register is UNPREDICTABLE, UNDEFINED here. */
export function extract_field(
  signed: boolean,
  f: { rd: number; rn: number; lsb: number; widthm1: number },
): Decoded | undefined {
  const { rd, rn, lsb, widthm1 } = f;
  if (rd === 15 || lsb + widthm1 > 31) return undefined;
  if (signed) return sbfx({}, { rd, rn, left: 31 - widthm1 - lsb, right: 31 - widthm1 });
  return ubfx({}, { rd, rn, lsb, mask: mask_of(widthm1 + 1) });
}

/** BFI, or BFC without `rn`; msb below lsb is UNPREDICTABLE, UNDEFINED here. */
export function insert_field(
  f: { rd: number; rn?: number; lsb: number; msb: number },
): Decoded | undefined {
  const { rd, rn, lsb, msb } = f;
  if (rd === 15 || msb < lsb) return undefined;
  const mask = mask_of(msb - lsb + 1) << lsb;
  if (rn !== undefined) return bfi({}, { rd, rn, lsb, mask });
  return dp_immediate({ alu: "and", s: false, dest: "reg" }, { rd, rn: rd }, { value: ~mask });
}

/** SSAT to `sat_imm + 1` bits or USAT to `sat_imm`; `sh` and `imm5` as the shift field has them. */
export function saturate_word(
  signed: boolean,
  f: { rd: number; rn: number; sat_imm: number; sh: number; imm5: number },
): Decoded | undefined {
  const { rd, rn, sat_imm, sh, imm5 } = f;
  if (rd === 15) return undefined;
  const shift: SatShift = sh ? "asr" : imm5 ? "lsl" : "none";
  // ASR #32 gives what ASR #31 does.
  const amount = sh && imm5 === 0 ? 31 : imm5;
  return saturate({ signed, shift }, { rd, rn, amount, max: mask_of(sat_imm) });
}

/** The bound of SSAT16 (to `sat_imm + 1` bits) and USAT16 (to `sat_imm`). */
export function saturation_mask(sat_imm: number): number {
  return mask_of(sat_imm);
}

/** The shift of SSAT and USAT in assembly. */
export function saturate_shift_text(sh: number, imm5: number): string {
  if (sh) return `, asr #${imm5 || 32}`;
  return imm5 ? `, lsl #${imm5}` : "";
}

/** A rotation by `rotate` bytes in assembly. */
export function rotation_text(rotate: number): string {
  return rotate ? `, ror #${rotate * 8}` : "";
}

/** The shift of PKHBT (`tb` 0) and PKHTB in assembly. */
export function pack_shift_text(tb: number, imm5: number): string {
  if (tb) return `, asr #${imm5 || 32}`;
  return imm5 ? `, lsl #${imm5}` : "";
}
