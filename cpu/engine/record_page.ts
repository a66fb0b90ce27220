/**
 * Pages of records: where they lie in the WebAssembly memory, and what is beside the records, so that
 * another thread that has the memory can read code as the engine knows it.
 *
 * @module
 */
import type { Cpu } from "../cpu.ts";
import { MEM } from "../state.ts";
import { RECORD } from "./record.ts";

/** Bytes for the records of one page: 2048 halfwords, the record after them, and what is known of it. */
export const CHUNK = 0x9000;
/** How many there are. */
export const CHUNKS = Math.floor((MEM.records_end - MEM.records) / CHUNK);

/** Behind the records and the one after them: the page's physical address, ITSTATEs, marks. */
const PA = 0x20, IT = 0x40, SLOW = 0x900, SCATTERED = 0xa00;

/** What reading code takes of a `Cpu`: it may be on another thread. */
export type CodeMemory = Pick<Cpu, "u8" | "u16" | "i32" | "u32" | "ram_base">;

/** The decoded instructions of one page of code in one instruction set. */
export interface CodePage {
  /** Address of the first record. */
  readonly base: number;
  readonly thumb: boolean;
  /** Physical address. */
  readonly pa: number;
  /** ITSTATE that governs each halfword's instruction, and the page's end. */
  readonly it: Uint8Array;
  /** A bit for each instruction: its accesses often miss the page maps. */
  readonly slow: Uint8Array;
  /** The same: its accesses often come to other pages than the last time. */
  readonly scattered: Uint8Array;
}

/** What may be known of an instruction's accesses. */
export type Mark = "slow" | "scattered";

/** Instructions that a page may have. */
export function slots_of(thumb: boolean): number {
  return thumb ? 2048 : 1024;
}

/** The base of the page that a record belongs to. */
export function base_of(rec: number): number {
  return rec - (rec - MEM.records) % CHUNK;
}

/** Says which page the records at `base` are of. */
export function name_page(memory: CodeMemory, base: number, thumb: boolean, pa: number): void {
  memory.i32[(base + slots_of(thumb) * RECORD.size + PA) >> 2] = pa;
}

/** The page of the records at `base`. */
export function code_page({ u8, u32 }: CodeMemory, base: number, thumb: boolean): CodePage {
  const slots = slots_of(thumb);
  const end = base + slots * RECORD.size;
  return {
    base,
    thumb,
    // Not before somebody asks: on another thread it is there once there are records.
    get pa() {
      return u32[(end + PA) >> 2]!;
    },
    it: u8.subarray(end + IT, end + IT + slots + 1),
    slow: u8.subarray(end + SLOW, end + SLOW + (slots >> 3)),
    scattered: u8.subarray(end + SCATTERED, end + SCATTERED + (slots >> 3)),
  };
}

/** Whether that is known of an instruction. */
export function has_mark(page: CodePage, mark: Mark, slot: number): boolean {
  return (page[mark][slot >> 3]! & (1 << (slot & 7))) !== 0;
}

/** Says so, or no longer. */
export function set_mark(page: CodePage, mark: Mark, slot: number, is: boolean): void {
  const bits = page[mark], bit = 1 << (slot & 7);
  bits[slot >> 3] = is ? bits[slot >> 3]! | bit : bits[slot >> 3]! & ~bit;
}
