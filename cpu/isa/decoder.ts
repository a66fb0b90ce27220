import type { Decoded } from "./op.ts";
import type { DecodeContext, Isa, Row } from "./row.ts";
import { extract_fields } from "./row.ts";

/** One decoded instruction. */
export interface Insn {
  readonly row: Row;
  readonly decoded: Decoded;
  /** Condition of an A32 instruction; 14 for what is unconditional or Thumb. */
  readonly cond: number;
}

/** Bits that choose a bucket: enough to leave a handful of rows in each. */
const KEYS: Record<Isa, { bits: number; of: (insn: number) => number }> = {
  a32: {
    bits: 13,
    of: (i) => ((i >>> 16) & 0xff0) | ((i >>> 4) & 15) | (i >>> 28 === 15 ? 4096 : 0),
  },
  t16: { bits: 10, of: (i) => i >>> 6 },
  t32: { bits: 14, of: (i) => ((i >>> 19) & 0x3fe0) | ((i >>> 11) & 0x10) | ((i >>> 4) & 15) },
};

function popcount(value: number): number {
  let n = 0;
  for (let v = value >>> 0; v !== 0; v &= v - 1) n++;
  return n;
}

/** Two rows that both match some instruction, neither being a special case of the other. */
export interface Overlap {
  readonly a: Row;
  readonly b: Row;
}

/** Finds instructions' rows. Where rows nest, the more specific one is asked first. */
export class Decoder {
  readonly #buckets: Record<Isa, Row[][]>;

  /** A decoder for `rows`. */
  constructor(rows: readonly Row[]) {
    this.#buckets = { a32: [], t16: [], t32: [] };
    for (const isa of ["a32", "t16", "t32"] as const) {
      const sorted = rows.filter((r) => r.isa === isa)
        .sort((a, b) => popcount(b.mask) - popcount(a.mask));
      this.#buckets[isa] = make_buckets(isa, sorted);
    }
  }

  /** The instruction that `word` is, or undefined when it is UNDEFINED. */
  decode(isa: Isa, word: number, context: DecodeContext): Insn | undefined {
    const bucket = this.#buckets[isa][KEYS[isa].of(word)]!;
    for (const row of bucket) {
      if (((word & row.mask) >>> 0) !== row.value) continue;
      const cond = isa === "a32" ? word >>> 28 : 14;
      if (row.conditional && cond === 15) continue;
      const decoded = row.decode(extract_fields(row, word), context);
      if (decoded) return { row, decoded, cond: row.conditional ? cond : 14 };
    }
    return undefined;
  }
}

function make_buckets(isa: Isa, rows: readonly Row[]): Row[][] {
  const { bits, of } = KEYS[isa];
  const size = 1 << bits;
  // A word with every bit set has all bits that the key looks at: which word bit feeds which key bit.
  const word_bits: number[] = [];
  const width = isa === "t16" ? 16 : 32;
  for (let bit = 0; bit < width; bit++) word_bits.push(of((1 << bit) >>> 0));
  const special = isa === "a32" ? 4096 : 0;
  const buckets: Row[][] = Array.from({ length: size }, () => []);
  for (const row of rows) {
    let fixed = 0, value = 0;
    for (let bit = 0; bit < width; bit++) {
      if (((row.mask >>> bit) & 1) === 0) continue;
      fixed |= word_bits[bit]!;
      if ((row.value >>> bit) & 1) value |= word_bits[bit]!;
    }
    if (special) {
      fixed &= ~special;
      value &= ~special;
      if (row.conditional) fixed |= special;
      else if (((row.mask & 0xf000_0000) >>> 0) === 0xf000_0000) {
        fixed |= special;
        if (row.value >>> 28 === 15) value |= special;
      }
    }
    const free = (size - 1) & ~fixed;
    for (let sub = free;; sub = (sub - 1) & free) {
      buckets[value | sub]!.push(row);
      if (sub === 0) break;
    }
  }
  return buckets;
}

/** Pairs of rows that overlap without one being a special case of the other. */
export function find_overlaps(rows: readonly Row[]): Overlap[] {
  const out: Overlap[] = [];
  for (let i = 0; i < rows.length; i++) {
    for (let j = i + 1; j < rows.length; j++) {
      const a = rows[i]!, b = rows[j]!;
      if (a.isa !== b.isa) continue;
      const common = a.mask & b.mask;
      if (((a.value ^ b.value) & common) !== 0) continue;
      const a_in_b = (common >>> 0) === b.mask, b_in_a = (common >>> 0) === a.mask;
      if (a_in_b !== b_in_a) continue;
      if (a.conditional && b.value >>> 28 === 15 && (b.mask >>> 28) === 15) continue;
      if (b.conditional && a.value >>> 28 === 15 && (a.mask >>> 28) === 15) continue;
      out.push({ a, b });
    }
  }
  return out;
}

/** Whether a Thumb instruction that starts with this halfword is 32 bits long. */
export function is_wide(halfword: number): boolean {
  return (halfword >>> 11) >= 0x1d;
}
