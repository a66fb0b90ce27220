/**
 * T16 data processing: DDI 0406C A6.2.1 to A6.2.3 and the SP and PC relative forms of A6.2.
 *
 * @module
 */
import { address_text, reg_name, reg_names } from "./asm.ts";
import { dp_immediate, dp_register, dp_register_shifted, type DpForm } from "./dp_forms.ts";
import type { Alu } from "./ops_dp.ts";
import { adr } from "./ops_dp.ts";
import { type DecodeContext, type Row, row } from "./row.ts";

/** Outside IT blocks the flags are set. */
function flagged(alu: Alu, c: DecodeContext): DpForm & { dest: "reg" } {
  return { alu, s: !c.in_it, dest: "reg" };
}
function compare(alu: Alu): DpForm & { dest: "none" } {
  return { alu, s: true, dest: "none" };
}
/** Results in r15 do not interwork. */
function unflagged(alu: Alu, rd: number): DpForm {
  return { alu, s: false, dest: rd === 15 ? "branch" : "reg" };
}

const SHIFT_IMMEDIATE: readonly Row[] = [
  row("t16", "LSL_imm_T1", "00000 imm5:5 rm:3 rd:3", {
    decode: (f, c) => dp_register(flagged("mov", c), f, 0, f.imm5),
    asm: (f) =>
      f.imm5 === 0 ? `movs ${reg_names(f.rd, f.rm)}` : `lsls ${reg_names(f.rd, f.rm)}, #${f.imm5}`,
  }),
  row("t16", "LSR_imm_T1", "00001 imm5:5 rm:3 rd:3", {
    decode: (f, c) => dp_register(flagged("mov", c), f, 1, f.imm5),
    asm: (f) => `lsrs ${reg_names(f.rd, f.rm)}, #${f.imm5 || 32}`,
  }),
  row("t16", "ASR_imm_T1", "00010 imm5:5 rm:3 rd:3", {
    decode: (f, c) => dp_register(flagged("mov", c), f, 2, f.imm5),
    asm: (f) => `asrs ${reg_names(f.rd, f.rm)}, #${f.imm5 || 32}`,
  }),
];

const ADD_SUB: readonly Row[] = ([["add", "0"], ["sub", "1"]] as const).flatMap(([alu, code]) => [
  row("t16", `${alu.toUpperCase()}_reg_T1`, `000110 ${code} rm:3 rn:3 rd:3`, {
    decode: (f, c) => dp_register(flagged(alu, c), f, 0, 0),
    asm: (f) => `${alu}s ${reg_names(f.rd, f.rn, f.rm)}`,
  }),
  row("t16", `${alu.toUpperCase()}_imm_T1`, `000111 ${code} imm3:3 rn:3 rd:3`, {
    decode: (f, c) => dp_immediate(flagged(alu, c), f, { value: f.imm3 }),
    asm: (f) => `${alu}s ${reg_names(f.rd, f.rn)}, #${f.imm3}`,
  }),
  row("t16", `${alu.toUpperCase()}_imm_T2`, `0011 ${code} rdn:3 imm8:8`, {
    decode: (f, c) => dp_immediate(flagged(alu, c), { rd: f.rdn, rn: f.rdn }, { value: f.imm8 }),
    asm: (f) => `${alu}s ${reg_name(f.rdn)}, #${f.imm8}`,
  }),
  row("t16", `${alu.toUpperCase()}_SP_imm`, `10110000 ${code} imm7:7`, {
    decode: (f) => dp_immediate(unflagged(alu, 13), { rd: 13, rn: 13 }, { value: f.imm7 * 4 }),
    asm: (f) => `${alu} sp, #${f.imm7 * 4}`,
  }),
]);

const IMMEDIATE: readonly Row[] = [
  row("t16", "MOV_imm_T1", "00100 rd:3 imm8:8", {
    decode: (f, c) => dp_immediate(flagged("mov", c), f, { value: f.imm8 }),
    asm: (f) => `movs ${reg_name(f.rd)}, #${f.imm8}`,
  }),
  row("t16", "CMP_imm_T1", "00101 rn:3 imm8:8", {
    decode: (f) => dp_immediate(compare("sub"), f, { value: f.imm8 }),
    asm: (f) => `cmp ${reg_name(f.rn)}, #${f.imm8}`,
  }),
  row("t16", "ADR_T1", "10100 rd:3 imm8:8", {
    decode: (f) => adr({ align: true }, { rd: f.rd, disp: 4 + f.imm8 * 4 }),
    asm: (f, address) => `adr ${reg_name(f.rd)}, ${address_text((address & ~3) + 4 + f.imm8 * 4)}`,
  }),
  row("t16", "ADD_SP_imm_T1", "10101 rd:3 imm8:8", {
    decode: (f) =>
      dp_immediate(unflagged("add", f.rd), { rd: f.rd, rn: 13 }, { value: f.imm8 * 4 }),
    asm: (f) => `add ${reg_names(f.rd, 13)}, #${f.imm8 * 4}`,
  }),
];

/** Rdn = Rdn alu Rm. */
const TWO_REGISTERS = {
  and: "0000",
  eor: "0001",
  adc: "0101",
  sbc: "0110",
  orr: "1100",
  bic: "1110",
} as const;
/** Rdn = Rdn shifted by Rm: the type's code and the opcode. */
const SHIFTS = { lsl: [0, "0010"], lsr: [1, "0011"], asr: [2, "0100"], ror: [3, "0111"] } as const;
const COMPARES = {
  tst: ["and", "1000"],
  cmp: ["sub", "1010"],
  cmn: ["add", "1011"],
} as const;

function names<K extends string, V>(table: { readonly [key in K]: V }): [K, V][] {
  return Object.entries(table) as [K, V][];
}

const REGISTER: readonly Row[] = [
  ...names(TWO_REGISTERS).map(([alu, code]) =>
    row("t16", `${alu.toUpperCase()}_reg_T1`, `010000 ${code} rm:3 rdn:3`, {
      decode: (f, c) => dp_register(flagged(alu, c), { rd: f.rdn, rn: f.rdn, rm: f.rm }, 0, 0),
      asm: (f) => `${alu}s ${reg_names(f.rdn, f.rm)}`,
    })
  ),
  ...names(SHIFTS).map(([shift, [type, code]]) =>
    row("t16", `${shift.toUpperCase()}_reg_T1`, `010000 ${code} rm:3 rdn:3`, {
      decode: (f, c) =>
        dp_register_shifted(flagged("mov", c), { rd: f.rdn, rm: f.rdn }, type, f.rm),
      asm: (f) => `${shift}s ${reg_names(f.rdn, f.rm)}`,
    })
  ),
  ...names(COMPARES).map(([name, [alu, code]]) =>
    row("t16", `${name.toUpperCase()}_reg_T1`, `010000 ${code} rm:3 rn:3`, {
      decode: (f) => dp_register(compare(alu), f, 0, 0),
      asm: (f) => `${name} ${reg_names(f.rn, f.rm)}`,
    })
  ),
  row("t16", "RSB_imm_T1", "010000 1001 rn:3 rd:3", {
    decode: (f, c) => dp_immediate(flagged("rsb", c), f, { value: 0 }),
    asm: (f) => `rsbs ${reg_names(f.rd, f.rn)}, #0`,
  }),
  row("t16", "MVN_reg_T1", "010000 1111 rm:3 rd:3", {
    decode: (f, c) => dp_register(flagged("mvn", c), f, 0, 0),
    asm: (f) => `mvns ${reg_names(f.rd, f.rm)}`,
  }),
];

/** UNPREDICTABLE forms (CMP of two low registers or with r15) do what the others do. */
const HIGH_REGISTERS: readonly Row[] = [
  row("t16", "ADD_reg_T2", "010001 00 n:1 rm:4 rdn:3", {
    decode(f) {
      const rd = (f.n << 3) | f.rdn;
      return dp_register(unflagged("add", rd), { rd, rn: rd, rm: f.rm }, 0, 0);
    },
    asm: (f) => `add ${reg_names((f.n << 3) | f.rdn, f.rm)}`,
    test: { valid: (f) => !(f.n === 1 && f.rdn === 7) },
  }),
  row("t16", "CMP_reg_T2", "010001 01 n:1 rm:4 rn:3", {
    decode: (f) => dp_register(compare("sub"), { rn: (f.n << 3) | f.rn, rm: f.rm }, 0, 0),
    asm: (f) => `cmp ${reg_names((f.n << 3) | f.rn, f.rm)}`,
    test: {
      valid: (f) => f.rm !== 15 && !(f.n === 1 && f.rn === 7) && (f.n === 1 || f.rm >= 8),
    },
  }),
  row("t16", "MOV_reg_T1", "010001 10 d:1 rm:4 rd:3", {
    decode(f) {
      const rd = (f.d << 3) | f.rd;
      return dp_register(unflagged("mov", rd), { rd, rm: f.rm }, 0, 0);
    },
    asm: (f) => `mov ${reg_names((f.d << 3) | f.rd, f.rm)}`,
    test: { valid: (f) => !(f.d === 1 && f.rd === 7) },
  }),
];

/** T16 data processing. */
export const DP_T16_ROWS: readonly Row[] = [
  ...SHIFT_IMMEDIATE,
  ...ADD_SUB,
  ...IMMEDIATE,
  ...REGISTER,
  ...HIGH_REGISTERS,
];
