/**
 * What the rows of the Advanced SIMD tables share: fields, both instruction sets from one
 * description, assembly.
 *
 * @module
 */
import type { Decoded } from "./op.ts";
import { type Row, row, type RowSpec } from "./row.ts";

/** Fields of Advanced SIMD encodings, as the manual names them. */
export type NeonField =
  | "D"
  | "Vd"
  | "N"
  | "Vn"
  | "M"
  | "Vm"
  | "Q"
  | "U"
  | "size"
  | "imm"
  | "i"
  | "imm3"
  | "imm4"
  | "cmode"
  | "op"
  | "len"
  | "align"
  | "index"
  | "Rn"
  | "Rm"
  | "T"
  | "a";

/** The fields of one instruction. Those that its row lacks must not be read. */
export type NeonFields = Readonly<Record<NeonField, number>>;

/** What a row says besides its bits. */
export interface NeonSpec {
  /** As a row's. */
  decode: (f: NeonFields) => Decoded | undefined;
  /** As a row's. */
  asm: (f: NeonFields) => string;
  /** As a row's. */
  test?: {
    valid?: (f: NeonFields) => boolean;
    memory?: { base: "Rn" };
  };
}

/** Data processing: A32 `1111001 u bits`, T32 `111 u 1111 bits`. */
export function neon_rows(name: string, u: string, bits: string, spec: NeonSpec): Row[] {
  const checked = spec as unknown as RowSpec<never>;
  return [
    row("a32", name, `1111001 ${u} ${bits}`, checked),
    row("t32", name, `111 ${u} 1111 ${bits}`, checked),
  ];
}

/** Element and structure loads and stores: A32 `11110100 bits`, T32 `11111001 bits`. */
export function neon_memory_rows(name: string, bits: string, spec: NeonSpec): Row[] {
  const checked = spec as unknown as RowSpec<never>;
  return [
    row("a32", name, `11110100 ${bits}`, checked),
    row("t32", name, `11111001 ${bits}`, checked),
  ];
}

/** D register number from its four low bits and its top bit. */
export const dreg = (top: number, low: number): number => top << 4 | low;

/** The destination as a D register. */
export const vd = (f: NeonFields): number => dreg(f.D, f.Vd);
/** The first source as a D register. */
export const vn = (f: NeonFields): number => dreg(f.N, f.Vn);
/** The second source as a D register. */
export const vm = (f: NeonFields): number => dreg(f.M, f.Vm);

/** Whether one of the registers, as Q registers, is odd: UNDEFINED. */
export function odd(q: number | boolean, ...registers: number[]): boolean {
  return !!q && registers.some((r) => (r & 1) === 1);
}

/** `d5`, or `q2` for D register 4 in a Q form. */
export function vreg(q: number | boolean, d: number): string {
  return q ? `q${d >> 1}` : `d${d}`;
}

/** A data type: `.s16`, or nothing without a letter and a size. */
export function type_text(letter: string, size: number): string {
  return `.${letter}${8 << size}`;
}

/** The scalar of a by-scalar encoding. */
export interface Scalar {
  /** Its D register. */
  readonly register: number;
  /** Its number in there. */
  readonly index: number;
  /** Byte offset in the register file. */
  readonly offset: number;
}

/** The scalar Dm[x] of a multiplication by a 16-bit or 32-bit scalar. */
export function scalar_of(f: NeonFields, size: number): Scalar {
  const register = size === 1 ? f.Vm & 7 : f.Vm;
  const index = size === 1 ? f.M << 1 | f.Vm >> 3 : f.M;
  return { register, index, offset: 8 * register + (index << size) };
}
