/**
 * Encodings of Advanced SIMD element and structure loads and stores (DDI 0406C A7.7).
 *
 * @module
 */
import { reg_name } from "./asm.ts";
import { neon_memory_rows, type NeonFields, vd } from "./neon_row.ts";
import type { Decoded } from "./op.ts";
import { neon_all_lanes, neon_multi, neon_single, type Writeback } from "./ops_neon_memory.ts";
import type { Row } from "./row.ts";

/** Rm 15 means no writeback, 13 by the bytes transferred. */
const writeback_of = (f: NeonFields): Writeback =>
  f.Rm === 15 ? "none" : f.Rm === 13 ? "size" : "reg";

/** The Rm operand: r15 and sp are never read. */
const rm_of = (f: NeonFields): number => writeback_of(f) === "reg" ? f.Rm : 0;

/** What a transfer's fields say: registers, alignment in bytes (1 for none). */
interface Transfer {
  /** D registers in the order written. */
  readonly registers: readonly number[];
  readonly align: number;
}

/** A register list that passes D31, and r15 as the base, are UNPREDICTABLE: UNDEFINED here. */
function allowed(f: NeonFields, transfer: Transfer | undefined): transfer is Transfer {
  return transfer !== undefined && f.Rn !== 15 && transfer.registers.every((d) => d < 32);
}

function transfer_text(
  name: string,
  size: number,
  f: NeonFields,
  { registers, align }: Transfer,
  suffix: string,
): string {
  const list = registers.map((d) => `d${d}${suffix}`).join(", ");
  const at = align > 1 ? `:${8 * align}` : "";
  const wb = { none: "", size: "!", reg: `, ${reg_name(f.Rm)}` }[writeback_of(f)];
  return `${name}.${8 << size} {${list}}, [${reg_name(f.Rn)}${at}]${wb}`;
}

/** Forms of multiple structures, by the type field (bits 11:8). */
const MULTI: readonly {
  type: string;
  n: number;
  sets: number;
  inc: number;
  /** Values of the align field that are not UNDEFINED. */
  aligns: readonly number[];
}[] = [
  { type: "0111", n: 1, sets: 1, inc: 1, aligns: [0, 1] },
  { type: "1010", n: 1, sets: 2, inc: 1, aligns: [0, 1, 2] },
  { type: "0110", n: 1, sets: 3, inc: 1, aligns: [0, 1] },
  { type: "0010", n: 1, sets: 4, inc: 1, aligns: [0, 1, 2, 3] },
  { type: "1000", n: 2, sets: 1, inc: 1, aligns: [0, 1, 2] },
  { type: "1001", n: 2, sets: 1, inc: 2, aligns: [0, 1, 2] },
  { type: "0011", n: 2, sets: 2, inc: 2, aligns: [0, 1, 2, 3] },
  { type: "0100", n: 3, sets: 1, inc: 1, aligns: [0, 1] },
  { type: "0101", n: 3, sets: 1, inc: 2, aligns: [0, 1] },
  { type: "0000", n: 4, sets: 1, inc: 1, aligns: [0, 1, 2, 3] },
  { type: "0001", n: 4, sets: 1, inc: 2, aligns: [0, 1, 2, 3] },
];

function multi_rows(form: (typeof MULTI)[number], load: boolean): Row[] {
  const { type, n, sets, inc, aligns } = form;
  const name = `v${load ? "ld" : "st"}${n}`;
  const transfer = (f: NeonFields): Transfer | undefined => {
    // Structures of 64-bit elements exist only with one element.
    if (!aligns.includes(f.align) || (n > 1 && f.size === 3)) return undefined;
    const count = n * sets, step = sets > 1 ? 1 : inc;
    const registers = Array.from({ length: count }, (_, i) => vd(f) + i * step);
    return { registers, align: f.align === 0 ? 1 : 4 << f.align };
  };
  const bits = `0 D:1 ${load ? "1" : "0"} 0 Rn:4 Vd:4 ${type} size:2 align:2 Rm:4`;
  return neon_memory_rows(`${name.toUpperCase()}_multiple_${type}`, bits, {
    decode(f): Decoded | undefined {
      const t = transfer(f);
      if (!allowed(f, t)) return undefined;
      return neon_multi(
        { load, n, sets, inc, size: f.size, wb: writeback_of(f) },
        { at: 8 * vd(f), rn: f.Rn, rm: rm_of(f), mask: t.align - 1 },
      );
    },
    asm: (f) => transfer_text(name, f.size, f, transfer(f)!, ""),
    // QEMU takes an alignment of 256 bits for 128.
    test: { memory: { base: "Rn" }, valid: (f) => allowed(f, transfer(f)) && f.align !== 3 },
  });
}

/** One structure: element number, register spacing, alignment. Undefined where UNDEFINED. */
interface Single {
  readonly index: number;
  readonly inc: number;
  readonly align: number;
}

/**
 * `index_align` of one structure of `n` elements: from the top, the element's number, the spacing
 * of registers (from 16 bits up, n > 1), alignment.
 */
function single_of(n: number, size: number, ia: number): Single | undefined {
  const index = ia >> (size + 1);
  const inc = n > 1 && size > 0 && (ia >> size) & 1 ? 2 : 1;
  const low = ia & ((1 << Math.max(size, 1)) - 1);
  const single = (align: number): Single => ({ index, inc, align });
  // One register has no spacing.
  if (n === 1 && size > 0 && (ia >> size) & 1) return undefined;
  if (low === 0) return single(1);
  switch (n) {
    case 1:
      if (size === 1) return single(2);
      return size === 2 && low === 3 ? single(4) : undefined;
    case 2:
      return low === 1 ? single(2 << size) : undefined;
    case 3:
      return undefined;
    default:
      return size < 2 ? single(4 << size) : low < 3 ? single(4 << low) : undefined;
  }
}

const size_bits = (size: number): string => size.toString(2).padStart(2, "0");

function single_rows(n: number, size: number, load: boolean): Row[] {
  const name = `v${load ? "ld" : "st"}${n}`;
  const transfer = (f: NeonFields): Transfer & Single | undefined => {
    const single = single_of(n, size, f.index);
    if (!single) return undefined;
    return {
      ...single,
      registers: Array.from({ length: n }, (_, i) => vd(f) + i * single.inc),
    };
  };
  const bits = `1 D:1 ${load ? "1" : "0"} 0 Rn:4 Vd:4 ${size_bits(size)} ` +
    `${size_bits(n - 1)} index:4 Rm:4`;
  return neon_memory_rows(`${name.toUpperCase()}_single_${8 << size}`, bits, {
    decode(f): Decoded | undefined {
      const t = transfer(f);
      if (!t || !allowed(f, t)) return undefined;
      return neon_single(
        { load, n, inc: t.inc, size, wb: writeback_of(f) },
        { at: 8 * vd(f) + (t.index << size), rn: f.Rn, rm: rm_of(f), mask: t.align - 1 },
      );
    },
    asm(f) {
      const t = transfer(f)!;
      return transfer_text(name, size, f, t, `[${t.index}]`);
    },
    test: { memory: { base: "Rn" }, valid: (f) => allowed(f, transfer(f)) },
  });
}

/** Element size and alignment of a load to all lanes; undefined where UNDEFINED. */
function all_lanes_of(
  n: number,
  size: number,
  a: number,
): { size: number; align: number } | undefined {
  // VLD4 says 32-bit elements, aligned to 16 bytes, with size 3.
  if (size === 3) return n === 4 && a ? { size: 2, align: 16 } : undefined;
  if (!a) return { size, align: 1 };
  if (n === 3 || (n === 1 && size === 0)) return undefined;
  return { size, align: n === 4 && size === 2 ? 8 : n << size };
}

function all_lanes_rows(n: number): Row[] {
  const name = `vld${n}`;
  const transfer = (f: NeonFields): Transfer & { size: number } | undefined => {
    const lanes = all_lanes_of(n, f.size, f.a);
    if (!lanes) return undefined;
    const count = n === 1 ? f.T + 1 : n, step = n === 1 ? 1 : f.T + 1;
    return { ...lanes, registers: Array.from({ length: count }, (_, i) => vd(f) + i * step) };
  };
  const bits = `1 D:1 10 Rn:4 Vd:4 11 ${size_bits(n - 1)} size:2 T:1 a:1 Rm:4`;
  return neon_memory_rows(`VLD${n}_all_lanes`, bits, {
    decode(f): Decoded | undefined {
      const t = transfer(f);
      if (!t || !allowed(f, t)) return undefined;
      const copies = n === 1 ? f.T + 1 : 1, inc = n === 1 ? 1 : f.T + 1;
      return neon_all_lanes(
        { n, copies, inc, size: t.size, wb: writeback_of(f) },
        { at: 8 * vd(f), rn: f.Rn, rm: rm_of(f), mask: t.align - 1 },
      );
    },
    asm(f) {
      const t = transfer(f)!;
      return transfer_text(name, t.size, f, t, "[]");
    },
    test: { memory: { base: "Rn" }, valid: (f) => allowed(f, transfer(f)) },
  });
}

const STRUCTURES = [1, 2, 3, 4];

/** Element and structure loads and stores. */
export const NEON_MEMORY_ROWS: readonly Row[] = [
  ...MULTI.flatMap((form) => [...multi_rows(form, true), ...multi_rows(form, false)]),
  ...STRUCTURES.flatMap((n) =>
    [0, 1, 2].flatMap((size) => [...single_rows(n, size, true), ...single_rows(n, size, false)])
  ),
  ...STRUCTURES.flatMap(all_lanes_rows),
];
