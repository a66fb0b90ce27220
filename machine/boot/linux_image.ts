import { le16, le32 } from "./bytes.ts";

/** What the first instructions of an uncompressed ARM Linux Image tell. */
export interface LinuxImage {
  /** TEXT_OFFSET: where the Image goes, from the start of RAM. */
  readonly text_offset: number;
  /** Whether it uses long-descriptor page tables (LPAE), as the size of its first one tells. */
  readonly lpae: boolean;
}

// How much of an Image is searched; head.S's page table set-up follows its entry closely.
const HEAD_SIZE = 0x800;
// MRC p15, 0, r9, c0, c0, 0: the entry reads MIDR into r9.
const READ_MIDR = 0xee10_9f10;

/**
 * Recognizes an uncompressed ARM Linux kernel, which has no header, by its entry code
 * (arch/arm/kernel/head.S): it reads the processor id into r9, and finds its first page table with
 * `add r4, r8, #TEXT_OFFSET` and `sub r4, r4, #PG_DIR_SIZE`.
 */
export function linux_image(bytes: Uint8Array): LinuxImage | undefined {
  const size = Math.min(bytes.length, HEAD_SIZE);
  return find_a32(bytes, size) ?? find_t32(bytes, size);
}

function find_a32(bytes: Uint8Array, size: number): LinuxImage | undefined {
  let reads_midr = false;
  for (let at = 0; at + 8 <= size; at += 4) {
    const word = le32(bytes, at);
    reads_midr ||= word === READ_MIDR && at < 0x100;
    if (!reads_midr || (word & 0xffff_f000) >>> 0 !== 0xe288_4000) continue;
    const next = le32(bytes, at + 4);
    if ((next & 0xffff_f000) >>> 0 !== 0xe244_4000) continue;
    const found = plausible(a32_immediate(word), a32_immediate(next));
    if (found !== undefined) return found;
  }
  return undefined;
}

function find_t32(bytes: Uint8Array, size: number): LinuxImage | undefined {
  let reads_midr = false;
  for (let at = 0; at + 8 <= size; at += 2) {
    const word = t32_word(bytes, at);
    reads_midr ||= word === READ_MIDR && at < 0x100;
    if (!reads_midr || (word & 0xfbff_8f00) >>> 0 !== 0xf108_0400) continue;
    const next = t32_word(bytes, at + 4);
    if ((next & 0xfbff_8f00) >>> 0 !== 0xf1a4_0400) continue;
    const found = plausible(t32_immediate(word), t32_immediate(next));
    if (found !== undefined) return found;
  }
  return undefined;
}

/** PG_DIR_SIZE is 0x4000, or 0x5000 with LPAE; TEXT_OFFSET is at least that and page aligned. */
function plausible(text_offset: number, page_directory: number): LinuxImage | undefined {
  if (page_directory !== 0x4000 && page_directory !== 0x5000) return undefined;
  if (text_offset < page_directory || text_offset >= 0x0800_0000) return undefined;
  if ((text_offset & 0xfff) !== 0) return undefined;
  return { text_offset, lpae: page_directory === 0x5000 };
}

/** Whether `code` masks an address with 0xf8000000, as a decompressor that finds RAM by its PC does. */
export function has_ram_mask(code: Uint8Array): boolean {
  for (let at = 0; at + 4 <= code.length; at += 2) {
    // AND{S} Rd, Rn, #imm in A32, then in T32.
    const word = le32(code, at);
    if ((at & 3) === 0 && (word & 0xffe0_0000) >>> 0 === 0xe200_0000) {
      if (a32_immediate(word) === 0xf800_0000) return true;
    }
    const t32 = t32_word(code, at);
    if ((t32 & 0xfbe0_8000) >>> 0 === 0xf000_0000 && t32_immediate(t32) === 0xf800_0000) {
      return true;
    }
  }
  return false;
}

function t32_word(bytes: Uint8Array, at: number): number {
  return ((le16(bytes, at) << 16) | le16(bytes, at + 2)) >>> 0;
}

/** ARMExpandImm (Arm ARM, A5.2.4). */
function a32_immediate(word: number): number {
  return rotate_right(word & 0xff, (word >> 7) & 0x1e);
}

/** ThumbExpandImm (Arm ARM, A6.3.2), where it is a rotated byte; 0 for the replicated forms. */
function t32_immediate(word: number): number {
  const rotation = ((word >>> 22) & 0x10) | ((word >>> 11) & 0xe) | ((word >>> 7) & 1);
  return rotation < 8 ? 0 : rotate_right(0x80 | (word & 0x7f), rotation);
}

function rotate_right(value: number, by: number): number {
  return by === 0 ? value : ((value >>> by) | (value << (32 - by))) >>> 0;
}
