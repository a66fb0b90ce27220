/**
 * The code TLB: which records stand for a virtual page of code in a context.
 *
 * Direct-mapped entries in the WebAssembly memory: a tag (virtual page, context, T) and the address of
 * the page's first record. The context takes part in the index, so that the kernel's pages as seen by
 * several processes do not drive each other out, and T, as a page may well have code of both
 * instruction sets: a C library's copying is A32 code between Thumb functions.
 *
 * @module
 */
import type { Cpu } from "../cpu.ts";
import { MEM, STATE } from "../state.ts";
import { type Code, OP } from "../../wasm/encoder.ts";

const MASK = MEM.code_tlb_entries - 1;
/** Code tags are even numbers. With T in bit 0 they are this far apart, as a shift. */
const SPREAD = 7;
/** The instruction sets are so many entries apart, as a shift of T: half of them. */
const THUMB_SPREAD = Math.log2(MEM.code_tlb_entries) - 1;

/** Byte address of the entry for `va` under a code tag, for the instruction set that T says. */
export function code_tlb_entry(va: number, code_tag: number, thumb: number): number {
  const index = (va >>> 12) + ((code_tag | thumb) << SPREAD) + (thumb << THUMB_SPREAD);
  return MEM.code_tlb + ((index & MASK) << 3);
}

/** The records of a virtual page's first byte under a code tag, which T is part of; 0 for a miss. */
export function code_tlb_look_up({ i32 }: Pick<Cpu, "i32">, va: number, tag: number): number {
  const entry = code_tlb_entry(va, tag & ~1, tag & 1) >> 2;
  if (i32[entry] !== ((va & ~0xfff) | tag)) return 0;
  // Another thread may have cleared the entry meanwhile.
  return Math.max(i32[entry + 1]!, 0);
}

/** Forgets everything. */
export function code_tlb_clear(cpu: Cpu): void {
  cpu.i32.fill(-1, MEM.code_tlb >> 2, (MEM.code_tlb >> 2) + 2 * MEM.code_tlb_entries);
}

/** Forgets a virtual page under one code tag. */
export function code_tlb_clear_page(cpu: Cpu, va: number, code_tag: number): void {
  for (const thumb of [0, 1]) cpu.i32[code_tlb_entry(va, code_tag, thumb) >> 2] = -1;
}

/**
 * Emits the look-up of the address in local `address` for the instruction set in local `thumb`: the
 * entry's address goes to local `entry`, the page of `address` to local `page`; pushes whether it hits.
 */
export function emit_code_tlb_hit(
  c: Code,
  { address, thumb, entry, page }: { address: number; thumb: number; entry: number; page: number },
): void {
  c.get(address).i32(12).byte(0x76);
  c.i32(0).mem(OP.i32_load, 2, STATE.code_tag.address).get(thumb).byte(0x72);
  c.tee(page).i32(SPREAD).u8(0x74, 0x6a);
  c.get(thumb).i32(THUMB_SPREAD).u8(0x74, 0x6a).i32(MASK).byte(0x71);
  c.i32(3).byte(0x74);
  c.tee(entry).mem(OP.i32_load, 2, MEM.code_tlb);
  c.get(page).get(address).i32(-4096).byte(0x71);
  c.tee(page).u8(0x72, 0x46);
}
