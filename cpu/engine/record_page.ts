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
const PA = 0x20, IT = 0x40, SLOW = 0x900;

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
}

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
  };
}

/** Whether an instruction's accesses often miss the page maps. */
export function is_slow({ slow }: CodePage, slot: number): boolean {
  return (slow[slot >> 3]! & (1 << (slot & 7))) !== 0;
}

/** Says so, or no longer. */
export function set_slow({ slow }: CodePage, slot: number, is: boolean): void {
  const bit = 1 << (slot & 7);
  slow[slot >> 3] = is ? slow[slot >> 3]! | bit : slow[slot >> 3]! & ~bit;
}
