/**
 * Thumb block transfers, PUSH and POP (DDI 0406C A6.2.5, A6.2.8, A6.3.5).
 *
 * @module
 */
import { reg_name } from "./asm.ts";
import { decode_ldm, decode_stm, list_length } from "./block_a32.ts";
import { list_text } from "./mem_asm.ts";
import { type Row, row } from "./row.ts";

const contains = (list: number, rn: number): boolean => ((list >>> rn) & 1) === 1;

/** T32 lists have two registers or more, never SP, and with writeback not the base. */
function testable(f: { W: number; Rn: number; list: number }): boolean {
  if (f.Rn === 15 || list_length(f.list) < 2 || (f.list & 0xa000) !== 0) return false;
  return f.W === 0 || !contains(f.list, f.Rn);
}

function asm(name: string, f: { W: number; Rn: number; list: number }): string {
  if (f.Rn === 13 && f.W === 1 && name === "ldm") return `pop.w ${list_text(f.list)}`;
  if (f.Rn === 13 && f.W === 1 && name === "stmdb") return `push.w ${list_text(f.list)}`;
  return `${name}.w ${reg_name(f.Rn)}${f.W ? "!" : ""}, ${list_text(f.list)}`;
}

const MODES = [
  { mode: "ia", op: "01", suffix: "" },
  { mode: "db", op: "10", suffix: "db" },
] as const;

/** All of the group. */
export const BLOCK_T32_ROWS: readonly Row[] = [
  row("t16", "STM", "11000 Rn:3 list:8", {
    decode: (f) => decode_stm({ mode: "ia", wback: true, rn: f.Rn, list: f.list }),
    asm: (f) => `stm ${reg_name(f.Rn)}!, ${list_text(f.list)}`,
    test: {
      // A base that is stored and not first is UNKNOWN.
      valid: (f) => f.list !== 0 && (!contains(f.list, f.Rn) || (f.list & ((1 << f.Rn) - 1)) === 0),
      memory: { base: "Rn" },
    },
  }),
  row("t16", "LDM", "11001 Rn:3 list:8", {
    decode: (f) =>
      decode_ldm({ mode: "ia", wback: !contains(f.list, f.Rn), rn: f.Rn, list: f.list }),
    asm: (f) => `ldm ${reg_name(f.Rn)}${contains(f.list, f.Rn) ? "" : "!"}, ${list_text(f.list)}`,
    test: { valid: (f) => f.list !== 0, memory: { base: "Rn" } },
  }),
  row("t16", "PUSH", "1011 010 M:1 list:8", {
    decode: (f) => decode_stm({ mode: "db", wback: true, rn: 13, list: (f.M << 14) | f.list }),
    asm: (f) => `push ${list_text((f.M << 14) | f.list)}`,
    test: { valid: (f) => f.M === 1 || f.list !== 0 },
  }),
  row("t16", "POP", "1011 110 P:1 list:8", {
    decode: (f) => decode_ldm({ mode: "ia", wback: true, rn: 13, list: (f.P << 15) | f.list }),
    asm: (f) => `pop ${list_text((f.P << 15) | f.list)}`,
    test: { valid: (f) => f.P === 0 && f.list !== 0 },
  }),
  ...MODES.flatMap(({ mode, op, suffix }): Row[] => [
    row("t32", `LDM${mode.toUpperCase()}`, `1110 100 ${op} 0 W:1 1 Rn:4 list:16`, {
      decode: (f) => decode_ldm({ mode, wback: f.W === 1, rn: f.Rn, list: f.list }),
      asm: (f) => asm(`ldm${suffix}`, f),
      test: { valid: testable, memory: { base: "Rn" } },
    }),
    row("t32", `STM${mode.toUpperCase()}`, `1110 100 ${op} 0 W:1 0 Rn:4 list:16`, {
      decode: (f) =>
        f.list >>> 15 === 1
          ? undefined
          : decode_stm({ mode, wback: f.W === 1, rn: f.Rn, list: f.list }),
      asm: (f) => asm(`stm${suffix}`, f),
      test: { valid: testable, memory: { base: "Rn" } },
    }),
  ]),
];
