/**
 * A32 block transfers (DDI 0406C A5.5).
 *
 * @module
 */
import { mnemonic, reg_name } from "./asm.ts";
import { list_text } from "./mem_asm.ts";
import type { Decoded } from "./op.ts";
import {
  block_pc,
  type BlockMode,
  load_block,
  load_return_block,
  load_user_block,
  store_block,
  store_user_block,
} from "./ops_block.ts";
import { type Row, row } from "./row.ts";

const MODES = [
  { mode: "da", pu: "00" },
  { mode: "ia", pu: "01" },
  { mode: "db", pu: "10" },
  { mode: "ib", pu: "11" },
] as const;

/** Number of registers in a list. */
export function list_length(list: number): number {
  let n = 0;
  for (let rest = list; rest !== 0; rest &= rest - 1) n++;
  return n;
}

/** What a block transfer is described by. */
export interface Block {
  readonly mode: BlockMode;
  readonly wback: boolean;
  readonly rn: number;
  readonly list: number;
}

/** LDM. An empty list and a base of r15 are UNPREDICTABLE: UNDEFINED here. */
export function decode_ldm({ mode, wback, rn, list }: Block): Decoded | undefined {
  if (list === 0 || rn === 15) return undefined;
  if (list === 0x8000) return block_pc({ mode, wback, load: true }, { rn });
  return load_block(
    { mode, wback, pc: list >>> 15 === 1, base_in_list: ((list >>> rn) & 1) === 1 },
    { rn, list: list & 0x7fff, size: 4 * list_length(list), base: rn },
  );
}

/** STM. */
export function decode_stm({ mode, wback, rn, list }: Block): Decoded | undefined {
  if (list === 0 || rn === 15) return undefined;
  if (list === 0x8000) return block_pc({ mode, wback, load: false }, { rn });
  return store_block(
    { mode, wback, pc: list >>> 15 === 1 },
    { rn, list: list & 0x7fff, size: 4 * list_length(list) },
  );
}

/** "Increment after" is not written. */
const block_name = (name: string, mode: BlockMode): string => mode === "ia" ? name : name + mode;

function asm(
  name: "ldm" | "stm",
  mode: BlockMode,
  f: { cond: number; W: number; Rn: number; list: number },
): string {
  const stack = f.Rn === 13 && f.W === 1;
  if (stack && name === "ldm" && mode === "ia") return `${mnemonic("pop", f)} ${list_text(f.list)}`;
  if (stack && name === "stm" && mode === "db") {
    return `${mnemonic("push", f)} ${list_text(f.list)}`;
  }
  return `${mnemonic(block_name(name, mode), f)} ${reg_name(f.Rn)}${f.W ? "!" : ""}, ${
    list_text(f.list)
  }`;
}

/** Whether a random test may run it: no r15, and a base in the list only without writeback. */
function testable(f: { W: number; Rn: number; list: number }): boolean {
  if (f.Rn === 15 || f.list === 0 || f.list >>> 15 === 1) return false;
  return f.W === 0 || ((f.list >>> f.Rn) & 1) === 0;
}

const user_text = (f: { Rn: number }, wback: number, list: number): string =>
  `${reg_name(f.Rn)}${wback ? "!" : ""}, ${list_text(list)}^`;
const skip = "registers of other modes";

/** All of the group. */
export const BLOCK_A32_ROWS: readonly Row[] = MODES.flatMap(({ mode, pu }): Row[] => [
  row("a32", `LDM${mode.toUpperCase()}`, `cond:4 100 ${pu} 0 W:1 1 Rn:4 list:16`, {
    decode: (f) => decode_ldm({ mode, wback: f.W === 1, rn: f.Rn, list: f.list }),
    asm: (f) => asm("ldm", mode, f),
    test: { valid: testable, memory: { base: "Rn" } },
  }),
  row("a32", `STM${mode.toUpperCase()}`, `cond:4 100 ${pu} 0 W:1 0 Rn:4 list:16`, {
    decode: (f) => decode_stm({ mode, wback: f.W === 1, rn: f.Rn, list: f.list }),
    asm: (f) => asm("stm", mode, f),
    test: { valid: testable, memory: { base: "Rn" } },
  }),
  row("a32", `LDM${mode.toUpperCase()}_return`, `cond:4 100 ${pu} 1 W:1 1 Rn:4 1 list:15`, {
    decode: (f) =>
      f.Rn === 15 ? undefined : load_return_block(
        { mode, wback: f.W === 1, empty: f.list === 0 },
        { rn: f.Rn, list: f.list, size: 4 * list_length(f.list) + 4, base: f.Rn },
      ),
    asm: (f) => `${mnemonic(block_name("ldm", mode), f)} ${user_text(f, f.W, f.list | 0x8000)}`,
    test: { skip },
  }),
  row("a32", `LDM${mode.toUpperCase()}_user`, `cond:4 100 ${pu} 1 (0) 1 Rn:4 0 list:15`, {
    decode: (f) =>
      f.Rn === 15 || f.list === 0
        ? undefined
        : load_user_block({ mode }, { rn: f.Rn, list: f.list, size: 4 * list_length(f.list) }),
    asm: (f) => `${mnemonic(block_name("ldm", mode), f)} ${user_text(f, 0, f.list)}`,
    test: { skip },
  }),
  row("a32", `STM${mode.toUpperCase()}_user`, `cond:4 100 ${pu} 1 (0) 0 Rn:4 list:16`, {
    decode: (f) =>
      f.Rn === 15 || (f.list & 0x7fff) === 0 ? undefined : store_user_block(
        { mode, pc: f.list >>> 15 === 1 },
        { rn: f.Rn, list: f.list & 0x7fff, size: 4 * list_length(f.list) },
      ),
    asm: (f) => `${mnemonic(block_name("stm", mode), f)} ${user_text(f, 0, f.list)}`,
    test: { skip },
  }),
]);
