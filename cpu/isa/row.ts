import type { Decoded } from "./op.ts";

/** Instruction sets. */
export type Isa = "a32" | "t16" | "t32";

/** What a row's decode may consult besides the fields. */
export interface DecodeContext {
  /** Inside an IT block: T16 data processing does not set flags there. */
  readonly in_it: boolean;
  /** The last instruction of an IT block, or outside one: branches are allowed. */
  readonly it_last: boolean;
}

/** Field values of one instruction, by name. */
export type Fields<N extends string> = { readonly [K in N]: number };

/**
 * One instruction encoding, described once. `bits` reads from the most significant bit: `0` and
 * `1` are fixed, `(0)` and `(1)` should be so (UNPREDICTABLE otherwise; we decode anyway),
 * `name:width` are fields, a space separates. A32 rows with a `cond:4` field match cond 0..14.
 * T32 rows are first halfword, then second.
 */
export interface Row {
  readonly name: string;
  readonly isa: Isa;
  readonly bits: string;
  /** Fixed bits: instruction & mask === value. */
  readonly mask: number;
  readonly value: number;
  /** Should-be bits. */
  readonly sb_mask: number;
  readonly sb_value: number;
  readonly fields: readonly { name: string; shift: number; width: number }[];
  /** Has a cond field. */
  readonly conditional: boolean;
  /** Assembly template: `{field}` or `{fn}` pieces filled by `asm`. */
  readonly decode: (f: Record<string, number>, c: DecodeContext) => Decoded | undefined;
  readonly asm: (f: Record<string, number>, address: number) => string;
  /** What a random test must respect. */
  readonly test: RowTest;
}

/** Hints for tests that draw random instructions of a row. */
export interface RowTest {
  /** Not run in user mode against the oracle (system instructions, branches...). */
  readonly skip?: string;
  /** Rejects field values that are UNPREDICTABLE. True to keep. */
  readonly valid?: (f: Record<string, number>) => boolean;
  /** Accesses memory: name of the base register field, so that the test points it at a buffer. */
  readonly memory?: { base: string; offset?: string };
  /** Floating point: the test draws hostile operands and FPSCR modes. */
  readonly fp?: boolean;
}

type Trim<S extends string> = S extends ` ${infer R}` ? Trim<R> : S;
type FieldsOf<S extends string> = S extends `${infer Head} ${infer Rest}`
  ? FieldsOf<Head> | FieldsOf<Trim<Rest>>
  : S extends `${infer Name}:${number}` ? Name
  : never;

/** What a row says besides its bits. */
export interface RowSpec<N extends string> {
  /** The op it means; undefined when these fields belong to another encoding or are UNDEFINED. */
  decode: (f: Fields<N>, c: DecodeContext) => Decoded | undefined;
  /** Its assembly, UAL, for the disassembler. */
  asm: (f: Fields<N>, address: number) => string;
  test?: {
    skip?: string;
    valid?: (f: Fields<N>) => boolean;
    memory?: { base: NoInfer<N>; offset?: NoInfer<N> };
    fp?: boolean;
  };
}

/** Describes one encoding. Field names are checked by the type system. */
export function row<const B extends string>(
  isa: Isa,
  name: string,
  bits: B,
  spec: RowSpec<FieldsOf<B>>,
): Row {
  const parsed = parse_bits(isa, name, bits);
  return {
    name,
    isa,
    bits,
    ...parsed,
    conditional: isa === "a32" && parsed.fields.some((f) => f.name === "cond"),
    decode: spec.decode as Row["decode"],
    asm: spec.asm as Row["asm"],
    test: (spec.test ?? {}) as RowTest,
  };
}

function parse_bits(
  isa: Isa,
  name: string,
  bits: string,
): Pick<Row, "mask" | "value" | "sb_mask" | "sb_value" | "fields"> {
  const total = isa === "t16" ? 16 : 32;
  let position = total;
  let mask = 0, value = 0, sb_mask = 0, sb_value = 0;
  const fields: { name: string; shift: number; width: number }[] = [];
  for (const piece of bits.split(/ +/)) {
    const field = /^([A-Za-z_][A-Za-z_0-9]*):(\d+)$/.exec(piece);
    if (field) {
      const width = Number(field[2]);
      position -= width;
      fields.push({ name: field[1]!, shift: position, width });
      continue;
    }
    for (const [token] of piece.matchAll(/\([01]\)|[01]|./g)) {
      position--;
      const bit = (1 << position) >>> 0;
      if (token === "0" || token === "1") {
        mask |= bit;
        if (token === "1") value |= bit;
      } else if (token === "(0)" || token === "(1)") {
        sb_mask |= bit;
        if (token === "(1)") sb_value |= bit;
      } else throw new TypeError(`row ${name}: cannot read "${piece}"`);
    }
  }
  if (position !== 0) throw new TypeError(`row ${name}: ${total - position} bits, not ${total}`);
  return {
    mask: mask >>> 0,
    value: value >>> 0,
    sb_mask: sb_mask >>> 0,
    sb_value: sb_value >>> 0,
    fields,
  };
}

/** The fields of instruction word `insn` under `row`. */
export function extract_fields(row: Row, insn: number): Record<string, number> {
  const out: Record<string, number> = {};
  for (const { name, shift, width } of row.fields) {
    out[name] = width === 32 ? insn >>> 0 : (insn >>> shift) & ((1 << width) - 1);
  }
  return out;
}
