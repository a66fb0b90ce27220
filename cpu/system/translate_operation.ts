import { RIGHT } from "./mmu.ts";
import type { System } from "./system.ts";

/** PAR.F: the translation failed. */
const F = 1;
/** PAR.LPAE: the register has its long form. */
const LPAE = 1 << 11;

/** Inner attributes (PAR[6:4]) by a MAIR-like nibble, for Normal memory. */
function inner(nibble: number): number {
  const write_alloc = (nibble & 1) !== 0;
  switch (nibble & 0b1100) {
    case 0b0000:
    case 0b1000:
      return 0b110;
    case 0b0100:
      return 0;
  }
  return write_alloc ? 0b101 : 0b111;
}

/** MAIR-like nibble of a two-bit cacheability: 0 none, 1 WBWA, 2 WT, 3 WB. */
const NIBBLE = [0b0100, 0b1111, 0b1010, 0b1110] as const;

/** Attributes of a short descriptor as PAR keeps them, bits 10:1. */
function short_attributes(s: System): number {
  const { mmu, regs } = s;
  const type = mmu.memory_type();
  if (type === 0) return 0b001 << 4;
  if (type === 1) return 0b011 << 4;
  let in2: number, out2: number, shared = mmu.shareable !== 0;
  if ((regs.sctlr & (1 << 28)) !== 0) {
    const n = mmu.attr & 7;
    in2 = (regs.mair1 >>> (2 * n)) & 3;
    out2 = (regs.mair1 >>> (16 + 2 * n)) & 3;
    shared = (regs.mair0 & (1 << (shared ? 19 : 18))) !== 0;
  } else if ((mmu.attr & 0b10000) !== 0) {
    in2 = mmu.attr & 3;
    out2 = (mmu.attr >> 2) & 3;
  } else {
    // TEX, C, B: 00010 is write-through, 00011 write-back, 00100 not cacheable, 00111 WBWA.
    in2 = out2 = mmu.attr === 2 ? 2 : mmu.attr === 3 ? 3 : mmu.attr === 7 ? 1 : 0;
  }
  const outer_field = [0, 1, 2, 3][out2]!;
  return (shared ? 1 << 7 : 0) | (inner(NIBBLE[in2]!) << 4) | (outer_field << 2);
}

/** ATS1Cxx: looks `va` up and leaves the answer, or the fault, in PAR (B4.1.112). */
export function translate_operation(
  s: System,
  va: number,
  unprivileged: boolean,
  write: boolean,
): void {
  const { mmu, regs } = s;
  const ok = mmu.translate(va, write ? RIGHT.write : RIGHT.read, !unprivileged);
  if (regs.lpae) {
    if (!ok) {
      regs.par = ((mmu.status & 0x3f) << 1) | LPAE | F;
      regs.par_high = 0;
      return;
    }
    const attributes = mmu.mapped ? mmu.mair_byte() : 0;
    const shareability = mmu.mapped && attributes >>> 4 !== 0 ? mmu.shareable : 2;
    regs.par = (mmu.pa % 0x1_0000_0000 & ~0xfff) | LPAE | (1 << 9) | (shareability << 7);
    regs.par_high = Math.floor(mmu.pa / 0x1_0000_0000) | (attributes << 24);
    return;
  }
  regs.par_high = 0;
  if (!ok) {
    // FS[4:0] in bits 5:1; FS[4] is never set here.
    regs.par = ((mmu.status & 0xf) << 1) | F;
  } else if (mmu.size_log2 === 24) {
    // SS: bits 23:16 have what is above bit 31.
    const high = Math.floor(mmu.pa / 0x1_0000_0000);
    regs.par = (mmu.pa % 0x1_0000_0000 & 0xff00_0000) | (high << 16) | short_attributes(s) | 2;
  } else {
    regs.par = (mmu.pa & ~0xfff) | (mmu.mapped ? short_attributes(s) : 0b001 << 4);
  }
}
