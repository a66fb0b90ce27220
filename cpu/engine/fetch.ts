import type { Cpu } from "../cpu.ts";
import type { Insn } from "../isa/decoder.ts";
import { Decoder, is_wide } from "../isa/decoder.ts";
import { undefined_op } from "../isa/framework_ops.ts";
import type { DecodeContext, Row } from "../isa/row.ts";
import { ROWS } from "../isa/rows.ts";

/** An instruction ready to execute: a row's, or UNDEFINED. */
export interface Fetched {
  readonly insn: Insn;
  /** Length in bytes. */
  readonly size: number;
}

const UNDEFINED_ROW: Row = {
  name: "UNDEFINED",
  isa: "a32",
  bits: "",
  mask: 0,
  value: 0,
  sb_mask: 0,
  sb_value: 0,
  fields: [],
  conditional: false,
  decode: () => undefined,
  asm: () => "udf",
  test: { skip: "undefined" },
};

let shared: Decoder | undefined;

/** The decoder of all rows, made on first use. */
export function decoder(): Decoder {
  return shared ??= new Decoder(ROWS);
}

/** The condition under which ITSTATE lets the next instruction execute; 14 outside IT blocks. */
export function it_cond(itstate: number): number {
  return (itstate & 15) === 0 ? 14 : itstate >>> 4;
}

/** ITSTATE after one more instruction. */
export function it_advance(itstate: number): number {
  return (itstate & 7) === 0 ? 0 : (itstate & 0xe0) | ((itstate << 1) & 0x1f);
}

function context_of(itstate: number): DecodeContext {
  const in_it = (itstate & 15) !== 0;
  return { in_it, it_last: !in_it || (itstate & 15) === 8 };
}

/** Decodes an A32 word. */
export function decode_a32(word: number): Insn {
  return decoder().decode("a32", word, OUTSIDE) ?? undefined_insn(word >>> 28);
}

const OUTSIDE: DecodeContext = { in_it: false, it_last: true };

function undefined_insn(cond: number): Insn {
  return {
    row: UNDEFINED_ROW,
    decoded: undefined_op({}, {}),
    cond: cond === 15 ? 14 : cond,
  };
}

/** Decodes a Thumb instruction from its halfwords, at a place where ITSTATE is `itstate`. */
export function decode_thumb(first: number, second: number, itstate: number): Insn {
  const wide = is_wide(first);
  const word = wide ? ((first << 16) | second) >>> 0 : first;
  const found = decoder().decode(wide ? "t32" : "t16", word, context_of(itstate));
  const cond = it_cond(itstate);
  if (!found) return undefined_insn(cond);
  return cond === 14 ? found : { ...found, cond };
}

/**
 * Fetches and decodes the instruction at `pc`; undefined after raising a prefetch abort.
 */
export function fetch_insn(
  cpu: Cpu,
  pc: number,
  thumb: boolean,
  itstate: number,
): Fetched | undefined {
  const page = cpu.mem.fetch_page(pc);
  if (page === undefined) return undefined;
  const at = cpu.code_address(page) + (pc & 0xfff);
  if (!thumb) return { insn: decode_a32(cpu.u32[at >>> 2]!), size: 4 };
  const first = cpu.u16[at >>> 1]!;
  if (!is_wide(first)) return { insn: decode_thumb(first, 0, itstate), size: 2 };
  let second_at = at + 2;
  if ((pc & 0xfff) === 0xffe) {
    const next = cpu.mem.fetch_page((pc + 2) | 0);
    if (next === undefined) return undefined;
    second_at = cpu.code_address(next);
  }
  return { insn: decode_thumb(first, cpu.u16[second_at >>> 1]!, itstate), size: 4 };
}

/** Whether an instruction reads r15 as an operand. */
export function reads_pc(insn: Insn): boolean {
  const kinds = insn.decoded.op.operands;
  for (const name in kinds) {
    if (kinds[name] === "reg" && insn.decoded.operands[name] === 15) return true;
  }
  return false;
}
