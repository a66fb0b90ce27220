/**
 * A32 data processing: DDI 0406C A5.2.1 to A5.2.3, A5.2.5 (MOVW, MOVT).
 *
 * @module
 */
import { mnemonic, reg_name, reg_names, shift_text } from "./asm.ts";
import {
  dp_immediate,
  dp_register,
  dp_register_shifted,
  type DpForm,
  type DpRegs,
  expand_a32,
} from "./dp_forms.ts";
import { SHIFT_NAMES } from "./dp_shift.ts";
import { adr, dp_imm, movt } from "./ops_dp.ts";
import { type Row, row } from "./row.ts";

/** Rd = Rn alu operand. */
const BINARY = {
  and: "0000",
  eor: "0001",
  sub: "0010",
  rsb: "0011",
  add: "0100",
  adc: "0101",
  sbc: "0110",
  rsc: "0111",
  orr: "1100",
  bic: "1110",
} as const;
/** Rd = alu operand. */
const UNARY = { mov: "1101", mvn: "1111" } as const;
/** Flags of Rn alu operand. */
const COMPARE = { tst: "1000", teq: "1001", cmp: "1010", cmn: "1011" } as const;
const COMPARE_ALU = { tst: "and", teq: "eor", cmp: "sub", cmn: "add" } as const;

function entries<K extends string, V>(table: { readonly [key in K]: V }): [K, V][] {
  return Object.entries(table) as [K, V][];
}

/** Writing r15 interworks, or with S returns from an exception. */
function form(alu: DpForm["alu"], f: { s: number; rd: number }): DpForm {
  const dest = f.rd !== 15 ? "reg" : f.s ? "return" : "exchange";
  return { alu, s: f.s !== 0, dest };
}

function compare_form(name: keyof typeof COMPARE): DpForm & { dest: "none" } {
  return { alu: COMPARE_ALU[name], s: true, dest: "none" };
}

/** The immediate; with its rotation where that is not the least one. */
function imm_operand(imm12: number): string {
  const { value } = expand_a32(imm12);
  for (let rotation = 0; rotation < imm12 >>> 8; rotation++) {
    for (let imm8 = 0; imm8 < 256; imm8++) {
      if (expand_a32((rotation << 8) | imm8).value !== value) continue;
      return `#${imm12 & 0xff}, ${(imm12 >>> 8) * 2}`;
    }
  }
  return `#${value}`;
}

/** MOV of a shifted register is written as the shift. */
function mov_text(
  f: { cond: number; s: number; rd: number; rm: number; imm5: number; type: number },
): string {
  const regs = reg_names(f.rd, f.rm);
  if (f.type === 0 && f.imm5 === 0) return `${mnemonic("mov", f, f.s)} ${regs}`;
  if (f.type === 3 && f.imm5 === 0) return `${mnemonic("rrx", f, f.s)} ${regs}`;
  const amount = f.imm5 === 0 ? 32 : f.imm5;
  return `${mnemonic(SHIFT_NAMES[f.type]!, f, f.s)} ${regs}, #${amount}`;
}

/** Results in r15 leave the instruction stream: random tests draw other registers. */
const valid = (f: { rd: number }): boolean => f.rd !== 15;

const IMMEDIATE: readonly Row[] = [
  ...entries(BINARY).map(([alu, code]) =>
    row("a32", `${alu.toUpperCase()}_imm`, `cond:4 001 ${code} s:1 rn:4 rd:4 imm12:12`, {
      decode(f) {
        if (f.rn === 15 && f.rd !== 15 && !f.s && (alu === "add" || alu === "sub")) {
          const { value } = expand_a32(f.imm12);
          return adr({ align: false }, {
            rd: f.rd,
            disp: (alu === "add" ? 8 + value : 8 - value) | 0,
          });
        }
        return dp_immediate(form(alu, f), f, expand_a32(f.imm12));
      },
      asm: (f) => `${mnemonic(alu, f, f.s)} ${reg_names(f.rd, f.rn)}, ${imm_operand(f.imm12)}`,
      test: { valid },
    })
  ),
  ...entries(UNARY).map(([alu, code]) =>
    row("a32", `${alu.toUpperCase()}_imm`, `cond:4 001 ${code} s:1 (0)(0)(0)(0) rd:4 imm12:12`, {
      decode: (f) => dp_immediate(form(alu, f), f, expand_a32(f.imm12)),
      asm: (f) => `${mnemonic(alu, f, f.s)} ${reg_name(f.rd)}, ${imm_operand(f.imm12)}`,
      test: { valid },
    })
  ),
  ...entries(COMPARE).map(([name, code]) =>
    row("a32", `${name.toUpperCase()}_imm`, `cond:4 001 ${code} 1 rn:4 (0)(0)(0)(0) imm12:12`, {
      decode: (f) => dp_immediate(compare_form(name), f, expand_a32(f.imm12)),
      asm: (f) => `${mnemonic(name, f)} ${reg_name(f.rn)}, ${imm_operand(f.imm12)}`,
    })
  ),
  row("a32", "MOVW", "cond:4 0011 0000 imm4:4 rd:4 imm12:12", {
    // r15 is UNPREDICTABLE: UNDEFINED here.
    decode: (f) =>
      f.rd === 15 ? undefined : dp_imm(
        { alu: "mov", flags: "none", dest: "reg" },
        { rd: f.rd, rn: 0, imm: (f.imm4 << 12) | f.imm12 },
      ),
    asm: (f) => `${mnemonic("movw", f)} ${reg_name(f.rd)}, #${(f.imm4 << 12) | f.imm12}`,
    test: { valid },
  }),
  row("a32", "MOVT", "cond:4 0011 0100 imm4:4 rd:4 imm12:12", {
    decode: (f) =>
      f.rd === 15 ? undefined : movt({}, { rd: f.rd, high: (f.imm4 << 28) | (f.imm12 << 16) }),
    asm: (f) => `${mnemonic("movt", f)} ${reg_name(f.rd)}, #${(f.imm4 << 12) | f.imm12}`,
    test: { valid },
  }),
];

const REGISTER: readonly Row[] = [
  ...entries(BINARY).map(([alu, code]) =>
    row(
      "a32",
      `${alu.toUpperCase()}_reg`,
      `cond:4 000 ${code} s:1 rn:4 rd:4 imm5:5 type:2 0 rm:4`,
      {
        decode: (f) => dp_register(form(alu, f), f, f.type, f.imm5),
        asm: (f) =>
          `${mnemonic(alu, f, f.s)} ${reg_names(f.rd, f.rn, f.rm)}${shift_text(f.type, f.imm5)}`,
        test: { valid },
      },
    )
  ),
  row("a32", "MOV_reg", "cond:4 000 1101 s:1 (0)(0)(0)(0) rd:4 imm5:5 type:2 0 rm:4", {
    decode: (f) => dp_register(form("mov", f), f, f.type, f.imm5),
    asm: mov_text,
    test: { valid },
  }),
  row("a32", "MVN_reg", "cond:4 000 1111 s:1 (0)(0)(0)(0) rd:4 imm5:5 type:2 0 rm:4", {
    decode: (f) => dp_register(form("mvn", f), f, f.type, f.imm5),
    asm: (f) => `${mnemonic("mvn", f, f.s)} ${reg_names(f.rd, f.rm)}${shift_text(f.type, f.imm5)}`,
    test: { valid },
  }),
  ...entries(COMPARE).map(([name, code]) =>
    row(
      "a32",
      `${name.toUpperCase()}_reg`,
      `cond:4 000 ${code} 1 rn:4 (0)(0)(0)(0) imm5:5 type:2 0 rm:4`,
      {
        decode: (f) => dp_register(compare_form(name), f, f.type, f.imm5),
        asm: (f) => `${mnemonic(name, f)} ${reg_names(f.rn, f.rm)}${shift_text(f.type, f.imm5)}`,
      },
    )
  ),
];

/** r15 anywhere is UNPREDICTABLE in register-shifted forms: a result there is UNDEFINED here. */
function rsr(form: DpForm, f: DpRegs & { rs: number; type: number }): ReturnType<Row["decode"]> {
  const { alu, s, dest } = form;
  if (dest !== "reg" && dest !== "none") return undefined;
  return dp_register_shifted({ alu, s, dest }, f, f.type, f.rs);
}

function rsr_text(f: { type: number; rs: number }): string {
  return `, ${SHIFT_NAMES[f.type]} ${reg_name(f.rs)}`;
}

const REGISTER_SHIFTED: readonly Row[] = [
  ...entries(BINARY).map(([alu, code]) =>
    row(
      "a32",
      `${alu.toUpperCase()}_rsr`,
      `cond:4 000 ${code} s:1 rn:4 rd:4 rs:4 0 type:2 1 rm:4`,
      {
        decode: (f) => rsr(form(alu, f), f),
        asm: (f) => `${mnemonic(alu, f, f.s)} ${reg_names(f.rd, f.rn, f.rm)}${rsr_text(f)}`,
        test: { valid: (f) => [f.rd, f.rn, f.rm, f.rs].every((r) => r !== 15) },
      },
    )
  ),
  ...entries(UNARY).map(([alu, code]) =>
    row(
      "a32",
      `${alu.toUpperCase()}_rsr`,
      `cond:4 000 ${code} s:1 (0)(0)(0)(0) rd:4 rs:4 0 type:2 1 rm:4`,
      {
        decode: (f) => rsr(form(alu, f), f),
        asm: (f) =>
          alu === "mov"
            ? `${mnemonic(SHIFT_NAMES[f.type]!, f, f.s)} ${reg_names(f.rd, f.rm, f.rs)}`
            : `${mnemonic(alu, f, f.s)} ${reg_names(f.rd, f.rm)}${rsr_text(f)}`,
        test: { valid: (f) => [f.rd, f.rm, f.rs].every((r) => r !== 15) },
      },
    )
  ),
  ...entries(COMPARE).map(([name, code]) =>
    row(
      "a32",
      `${name.toUpperCase()}_rsr`,
      `cond:4 000 ${code} 1 rn:4 (0)(0)(0)(0) rs:4 0 type:2 1 rm:4`,
      {
        decode: (f) => rsr(compare_form(name), f),
        asm: (f) => `${mnemonic(name, f)} ${reg_names(f.rn, f.rm)}${rsr_text(f)}`,
        test: { valid: (f) => [f.rn, f.rm, f.rs].every((r) => r !== 15) },
      },
    )
  ),
];

/** A32 data processing. */
export const DP_A32_ROWS: readonly Row[] = [...IMMEDIATE, ...REGISTER, ...REGISTER_SHIFTED];
