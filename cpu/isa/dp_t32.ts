/**
 * T32 data processing: DDI 0406C A6.3.1, A6.3.3, A6.3.11 and the shifts of A6.3.12.
 *
 * @module
 */
import { address_text, reg_name, reg_names, shift_text } from "./asm.ts";
import {
  dp_immediate,
  dp_register,
  dp_register_shifted,
  type DpForm,
  expand_t32,
  type ExpandedImmediate,
} from "./dp_forms.ts";
import { SHIFT_NAMES } from "./dp_shift.ts";
import { adr, type Alu, dp_imm, movt } from "./ops_dp.ts";
import { type Row, row } from "./row.ts";

/** Rd = Rn alu operand. */
const BINARY = {
  and: "0000",
  bic: "0001",
  orr: "0010",
  orn: "0011",
  eor: "0100",
  add: "1000",
  adc: "1010",
  sbc: "1011",
  sub: "1101",
  rsb: "1110",
} as const;
/** With S and r15 as Rd there is no result. */
const COMPARE = {
  tst: ["and", "0000"],
  teq: ["eor", "0100"],
  cmn: ["add", "1000"],
  cmp: ["sub", "1101"],
} as const;
/** With r15 as Rn there is no first operand. */
const UNARY = { mov: "0010", mvn: "0011" } as const;

function entries<K extends string, V>(table: { readonly [key in K]: V }): [K, V][] {
  return Object.entries(table) as [K, V][];
}

function form(alu: Alu, s: number): DpForm & { dest: "reg" } {
  return { alu, s: s !== 0, dest: "reg" };
}
function compare(alu: Alu): DpForm {
  return { alu, s: true, dest: "none" };
}

/** Neither SP nor PC, with which most T32 operands are UNPREDICTABLE. */
const plain = (...regs: number[]): boolean => regs.every((r) => r !== 13 && r !== 15);

/** Whether an operation with these registers exists: r15 as Rd is a compare, as Rn a move. */
function exists(alu: Alu, f: { rd: number; rn: number }): boolean {
  return f.rd !== 15 && !(f.rn === 15 && (alu === "orr" || alu === "orn"));
}

/** SP may be the first operand of ADD, SUB, CMP, CMN. */
function valid_rn(alu: Alu, rn: number): boolean {
  return plain(rn) || (rn === 13 && (alu === "add" || alu === "sub"));
}

/** A pattern of bytes must not be of zeros. */
function valid_imm(f: { i: number; imm3: number; imm8: number }): boolean {
  return f.i !== 0 || f.imm3 === 0 || f.imm3 >= 4 || f.imm8 !== 0;
}

function imm_operand(f: { i: number; imm3: number; imm8: number }): string {
  return `#${expand_t32(f).value}`;
}

const dot_w = (name: string, s: number): string => `${name}${s ? "s" : ""}.w`;

const IMMEDIATE: readonly Row[] = [
  ...entries(BINARY).map(([alu, code]) =>
    row(
      "t32",
      `${alu.toUpperCase()}_imm_T32`,
      `11110 i:1 0 ${code} s:1 rn:4 0 imm3:3 rd:4 imm8:8`,
      {
        decode: (f) => exists(alu, f) ? dp_immediate(form(alu, f.s), f, expand_t32(f)) : undefined,
        asm: (f) => `${dot_w(alu, f.s)} ${reg_names(f.rd, f.rn)}, ${imm_operand(f)}`,
        test: { valid: (f) => plain(f.rd) && valid_rn(alu, f.rn) && valid_imm(f) },
      },
    )
  ),
  ...entries(UNARY).map(([alu, code]) =>
    row(
      "t32",
      `${alu.toUpperCase()}_imm_T32`,
      `11110 i:1 0 ${code} s:1 1111 0 imm3:3 rd:4 imm8:8`,
      {
        decode: (f) => f.rd === 15 ? undefined : dp_immediate(form(alu, f.s), f, expand_t32(f)),
        asm: (f) => `${dot_w(alu, f.s)} ${reg_name(f.rd)}, ${imm_operand(f)}`,
        test: { valid: (f) => plain(f.rd) && valid_imm(f) },
      },
    )
  ),
  ...entries(COMPARE).map(([name, [alu, code]]) =>
    row(
      "t32",
      `${name.toUpperCase()}_imm_T32`,
      `11110 i:1 0 ${code} 1 rn:4 0 imm3:3 1111 imm8:8`,
      {
        decode: (f) => dp_immediate(compare(alu), f, expand_t32(f)),
        asm: (f) => `${dot_w(name, 0)} ${reg_name(f.rn)}, ${imm_operand(f)}`,
        test: { valid: (f) => valid_rn(alu, f.rn) && valid_imm(f) },
      },
    )
  ),
  row("t32", "SUBS_PC_LR", "11110 0 1 1110 1 (1)(1)(1)(0) 10 (0) 0 (1)(1)(1)(1) imm8:8", {
    decode: (f) =>
      dp_imm({ alu: "sub", flags: "none", dest: "return" }, { rd: 0, rn: 14, imm: f.imm8 }),
    asm: (f) => `subs pc, lr, #${f.imm8}`,
    test: { skip: "exception return" },
  }),
];

const REGISTER: readonly Row[] = [
  ...entries(BINARY).map(([alu, code]) =>
    row(
      "t32",
      `${alu.toUpperCase()}_reg_T32`,
      `1110101 ${code} s:1 rn:4 (0) imm3:3 rd:4 imm2:2 type:2 rm:4`,
      {
        decode: (f) =>
          exists(alu, f)
            ? dp_register(form(alu, f.s), f, f.type, (f.imm3 << 2) | f.imm2)
            : undefined,
        asm: (f) => `${dot_w(alu, f.s)} ${reg_names(f.rd, f.rn, f.rm)}` +
          shift_text(f.type, (f.imm3 << 2) | f.imm2),
        test: { valid: (f) => plain(f.rd, f.rm) && valid_rn(alu, f.rn) },
      },
    )
  ),
  row("t32", "MOV_reg_T32", "1110101 0010 s:1 1111 (0) imm3:3 rd:4 imm2:2 type:2 rm:4", {
    decode: (f) =>
      f.rd === 15 ? undefined : dp_register(form("mov", f.s), f, f.type, (f.imm3 << 2) | f.imm2),
    asm: mov_text,
    test: { valid: (f) => plain(f.rd, f.rm) },
  }),
  row("t32", "MVN_reg_T32", "1110101 0011 s:1 1111 (0) imm3:3 rd:4 imm2:2 type:2 rm:4", {
    decode: (f) =>
      f.rd === 15 ? undefined : dp_register(form("mvn", f.s), f, f.type, (f.imm3 << 2) | f.imm2),
    asm: (f) =>
      `${dot_w("mvn", f.s)} ${reg_names(f.rd, f.rm)}` +
      shift_text(f.type, (f.imm3 << 2) | f.imm2),
    test: { valid: (f) => plain(f.rd, f.rm) },
  }),
  ...entries(COMPARE).map(([name, [alu, code]]) =>
    row(
      "t32",
      `${name.toUpperCase()}_reg_T32`,
      `1110101 ${code} 1 rn:4 (0) imm3:3 1111 imm2:2 type:2 rm:4`,
      {
        decode: (f) => dp_register(compare(alu), f, f.type, (f.imm3 << 2) | f.imm2),
        asm: (f) =>
          `${dot_w(name, 0)} ${reg_names(f.rn, f.rm)}` +
          shift_text(f.type, (f.imm3 << 2) | f.imm2),
        test: { valid: (f) => plain(f.rm) && valid_rn(alu, f.rn) },
      },
    )
  ),
  row("t32", "SHIFT_reg_T32", "11111010 0 type:2 s:1 rm:4 1111 rd:4 0000 rs:4", {
    decode: (f) => f.rd === 15 ? undefined : dp_register_shifted(form("mov", f.s), f, f.type, f.rs),
    asm: (f) => `${dot_w(SHIFT_NAMES[f.type]!, f.s)} ${reg_names(f.rd, f.rm, f.rs)}`,
    test: { valid: (f) => plain(f.rd, f.rm, f.rs) },
  }),
];

/** MOV of a shifted register is written as the shift. */
function mov_text(
  f: { s: number; rd: number; rm: number; imm3: number; imm2: number; type: number },
): string {
  const regs = reg_names(f.rd, f.rm), imm5 = (f.imm3 << 2) | f.imm2;
  if (imm5 === 0 && f.type === 0) return `${dot_w("mov", f.s)} ${regs}`;
  if (imm5 === 0 && f.type === 3) return `${f.s ? "rrxs" : "rrx"} ${regs}`;
  return `${dot_w(SHIFT_NAMES[f.type]!, f.s)} ${regs}, #${imm5 || 32}`;
}

const imm12_of = (f: { i: number; imm3: number; imm8: number }): number =>
  (f.i << 11) | (f.imm3 << 8) | f.imm8;
const imm16_of = (f: { i: number; imm3: number; imm4: number; imm8: number }): number =>
  (f.imm4 << 12) | imm12_of(f);

/** Plain 12 and 16 bit immediates. ADR is ADDW or SUBW with r15. */
const PLAIN_IMMEDIATE: readonly Row[] = [
  ...([["add", "00000", 1], ["sub", "01010", -1]] as const).map(([alu, code, sign]) =>
    row("t32", `${alu.toUpperCase()}W`, `11110 i:1 1 ${code} rn:4 0 imm3:3 rd:4 imm8:8`, {
      decode(f) {
        if (f.rd === 15) return undefined;
        const imm: ExpandedImmediate = { value: imm12_of(f) };
        if (f.rn !== 15) return dp_immediate(form(alu, 0), f, imm);
        return adr({ align: true }, { rd: f.rd, disp: (4 + sign * imm.value) | 0 });
      },
      asm(f, address) {
        if (f.rn !== 15) return `${alu}w ${reg_names(f.rd, f.rn)}, #${imm12_of(f)}`;
        const target = (address & ~3) + 4 + sign * imm12_of(f);
        return `adr.w ${reg_name(f.rd)}, ${address_text(target)}`;
      },
      test: { valid: (f) => plain(f.rd) },
    })
  ),
  row("t32", "MOVW_T32", "11110 i:1 1 00100 imm4:4 0 imm3:3 rd:4 imm8:8", {
    decode: (f) =>
      f.rd === 15 ? undefined : dp_immediate(form("mov", 0), f, { value: imm16_of(f) }),
    asm: (f) => `movw ${reg_name(f.rd)}, #${imm16_of(f)}`,
    test: { valid: (f) => plain(f.rd) },
  }),
  row("t32", "MOVT_T32", "11110 i:1 1 01100 imm4:4 0 imm3:3 rd:4 imm8:8", {
    decode: (f) => f.rd === 15 ? undefined : movt({}, { rd: f.rd, high: imm16_of(f) << 16 }),
    asm: (f) => `movt ${reg_name(f.rd)}, #${imm16_of(f)}`,
    test: { valid: (f) => plain(f.rd) },
  }),
];

/** T32 data processing. */
export const DP_T32_ROWS: readonly Row[] = [...IMMEDIATE, ...REGISTER, ...PLAIN_IMMEDIATE];
