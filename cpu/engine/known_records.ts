/**
 * Records of A32 instructions by word: more than half of the instructions that are decoded have been
 * elsewhere before.
 *
 * @module
 */
import type { Cpu } from "../cpu.ts";
import { RECORD } from "./record.ts";

/** Words that are known at a time. */
const BITS = 14;

/** A direct-mapped table of records, for instructions whose records are the same everywhere but for pc. */
export class KnownRecords {
  readonly #words = new Uint32Array(1 << BITS);
  readonly #records = new Int32Array(4 << BITS);

  /** Writes the record of `word` at `rec`; false when it is not known. */
  write(
    { i32 }: Pick<Cpu, "i32">,
    rec: number,
    { word, pc }: { word: number; pc: number },
  ): boolean {
    const place = place_of(word), at = 4 * place;
    const first = this.#records[at]!;
    if (first === 0 || this.#words[place] !== word) return false;
    const to = rec >> 2;
    for (let i = 1; i < 4; i++) i32[to + i] = this.#records[at + i]!;
    // The handler comes last, for other threads, with pc beside it.
    Atomics.store(i32, to, first | (pc << 16));
    return true;
  }

  /** Remembers the record at `rec`, which is that of `word`. */
  keep({ i32 }: Pick<Cpu, "i32">, rec: number, word: number): void {
    const place = place_of(word), from = rec >> 2;
    this.#words[place] = word;
    this.#records.set(i32.subarray(from, from + RECORD.size / 4), 4 * place);
    this.#records[4 * place]! &= 0xffff;
  }
}

function place_of(word: number): number {
  return Math.imul(word, 0x9e37_79b1) >>> (32 - BITS);
}
