import { condition_suffix } from "./condition.ts";
import type { Decoded } from "./op.ts";
import { type Row, row, type RowSpec } from "./row.ts";

/** Field values, by name. */
export type FpFields = Readonly<Record<string, number>>;

/** What a floating-point row says, for both instruction sets. */
export interface FpSpec {
  /** What it means; undefined for UNDEFINED. */
  decode: (f: FpFields, thumb: boolean) => Decoded | undefined;
  /** Assembly: mnemonic without condition and type, then the rest with the type, `.f32 s0, s1`. */
  asm: (f: FpFields, address: number) => readonly [name: string, rest: string];
  /** As a row's. */
  test?: {
    skip?: string;
    valid?: (f: FpFields) => boolean;
    memory?: { base: string };
    fp?: boolean;
  };
}

/** The general row function, for bits that are put together at run time. */
const any_row = row as unknown as (
  isa: "a32" | "t32",
  name: string,
  bits: string,
  spec: RowSpec<string>,
) => Row;

function spec_for(spec: FpSpec, thumb: boolean): RowSpec<string> {
  return {
    decode: (f) => spec.decode(f, thumb),
    asm: (f, address) => {
      const [name, rest] = spec.asm(f, address);
      return `${name}${f.cond === undefined ? "" : condition_suffix(f.cond)}${rest}`;
    },
    test: spec.test,
  };
}

/** A VFP encoding: bits 27:0 of A32, where a condition comes before them; in T32, 1110. */
export function vfp_row(name: string, bits: string, spec: FpSpec): Row[] {
  return [
    any_row("a32", name, `cond:4 ${bits}`, spec_for(spec, false)),
    any_row("t32", name, `1110 ${bits}`, spec_for(spec, true)),
  ];
}

/** An Advanced SIMD data-processing encoding: U (or a fixed bit), then bits 23:0. */
export function neon_row(name: string, u: string, bits: string, spec: FpSpec): Row[] {
  return [
    any_row("a32", name, `1111 001 ${u} ${bits}`, spec_for(spec, false)),
    any_row("t32", name, `111 ${u} 1111 ${bits}`, spec_for(spec, true)),
  ];
}

/** Number of an S register whose low bit is apart. */
export const sreg = (v: number, low: number): number => (v << 1) | low;
/** Number of a D register whose high bit is apart. */
export const dreg = (v: number, high: number): number => (high << 4) | v;
