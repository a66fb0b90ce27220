/**
 * Data processing: what AND, ADD, MOV and their kin do, in every operand form.
 *
 * @module
 */
import type { Builder } from "../ir/builder.ts";
import type { Node } from "../ir/node.ts";
import { STATE } from "../state.ts";
import { EXCEPTION_RETURN } from "../system/sys_helpers.ts";
import {
  type RegShift,
  type Shift,
  shift_by_constant,
  shift_by_register,
  type Shifted,
} from "./dp_shift.ts";
import { combos, define_op } from "./op.ts";

/** What is computed from Rn and the second operand. TST, TEQ, CMP, CMN are these without a result. */
export type Alu =
  | "and"
  | "eor"
  | "sub"
  | "rsb"
  | "add"
  | "adc"
  | "sbc"
  | "rsc"
  | "orr"
  | "mov"
  | "bic"
  | "mvn"
  | "orn";

/**
 * Where the result goes: a register, nowhere, the PC (staying in the instruction set, or
 * interworking), or the PC with SPSR to CPSR (`SUBS pc, lr, #4`).
 */
export type Dest = "reg" | "none" | "branch" | "exchange" | "return";

/**
 * Flags an immediate form sets: none, all four (arithmetic), N and Z, or those and a carry that
 * the immediate's rotation has decided.
 */
export type ImmFlags = "none" | "nzcv" | "nz" | "nzc0" | "nzc1";

const ARITHMETIC: readonly Alu[] = ["sub", "rsb", "add", "adc", "sbc", "rsc"];

/** Whether `alu` sets C and V from its result; the others take C from the shifter. */
export function is_arithmetic(alu: Alu): boolean {
  return ARITHMETIC.includes(alu);
}

/** The result, and for arithmetic how to set the flags that follow from it. */
interface Computed {
  readonly result: Node;
  readonly set_flags?: () => void;
}

/** `x + y`, with its flags on demand. */
function add(b: Builder, x: Node, y: Node): Computed {
  const result = b.add(x, y);
  return { result, set_flags: () => b.set_flags("add", { x, y, result }) };
}

/** `x - y`, with its flags on demand. */
function subtract(b: Builder, x: Node, y: Node): Computed {
  const result = b.sub(x, y);
  return { result, set_flags: () => b.set_flags("sub", { x, y, result }) };
}

/** `x + y + C`, with its flags on demand (AddWithCarry). */
function add_with_carry(b: Builder, x: Node, y: Node): Computed {
  const carry = b.get(STATE.cf);
  // In chains of these x is what comes late.
  const result = b.add(x, b.add(y, carry));
  return {
    result,
    set_flags() {
      b.set_nz(result);
      b.set(STATE.cf, b.or(b.lt_u(result, x), b.and(b.eq(result, x), carry)));
      b.set(STATE.vf, b.and(b.xor(x, result), b.xor(y, result)));
    },
  };
}

function compute(b: Builder, alu: Alu, rn: Node, operand: Node): Computed {
  const x = (): Node => b.reg(rn);
  switch (alu) {
    case "and":
      return { result: b.and(x(), operand) };
    case "eor":
      return { result: b.xor(x(), operand) };
    case "orr":
      return { result: b.or(x(), operand) };
    case "bic":
      return { result: b.and(x(), b.not(operand)) };
    case "orn":
      return { result: b.or(x(), b.not(operand)) };
    case "mov":
      return { result: operand };
    case "mvn":
      return { result: b.not(operand) };
    case "add":
      return add(b, x(), operand);
    case "sub":
      return subtract(b, x(), operand);
    case "rsb":
      return subtract(b, operand, x());
    case "adc":
      return add_with_carry(b, x(), operand);
    case "sbc":
      return add_with_carry(b, x(), b.not(operand));
    case "rsc":
      return add_with_carry(b, operand, b.not(x()));
  }
}

/** Puts `result` where `dest` says; `set_flags` comes before control leaves. */
function finish(b: Builder, dest: Dest, rd: Node, result: Node, set_flags: () => void): void {
  switch (dest) {
    case "return":
      return b.exit(EXCEPTION_RETURN, result);
    case "branch":
    case "exchange":
      return b.branch_to(result, dest === "exchange");
    case "reg":
      b.set_reg(rd, result);
      return set_flags();
    case "none":
      return set_flags();
  }
}

function finish_shifted(
  b: Builder,
  form: { alu: Alu; s: boolean; dest: Dest },
  { rd, rn }: { rd: Node; rn: Node },
  operand: Shifted,
): void {
  const { result, set_flags } = compute(b, form.alu, rn, operand.value);
  // The shifter reads the old C; so does everything before this point.
  const carry = form.s && !set_flags && form.dest !== "return" ? operand.carry?.() : undefined;
  finish(b, form.dest, rd, result, () => {
    if (!form.s) return;
    if (set_flags) return set_flags();
    b.set_nz(result);
    if (carry) b.set(STATE.cf, carry);
  });
}

const ALUS = [...ARITHMETIC, "and", "eor", "orr", "mov", "bic", "mvn", "orn"] as const;
const COMPARES = ["and", "eor", "sub", "add"] as const;

/** `Rd = Rn alu #imm`. Build it with {@link dp_immediate}. */
export const dp_imm = define_op<{ alu: Alu; flags: ImmFlags; dest: Dest }>()("dp_imm", {
  operands: { rd: "reg", rn: "reg", imm: "imm" },
  lower(b, { alu, flags, dest }, { rd, rn, imm }) {
    const { result, set_flags } = compute(b, alu, rn, imm);
    finish(b, dest, rd, result, () => {
      if (flags === "none") return;
      if (flags === "nzcv") return set_flags!();
      b.set_nz(result);
      if (flags !== "nz") b.set(STATE.cf, flags === "nzc1" ? 1 : 0);
    });
  },
  inline: [
    ...combos({
      alu: ["and", "eor", "orr", "mov", "add", "rsb", "adc"],
      flags: ["none"],
      dest: ["reg"],
    }),
    ...combos({ alu: ["add", "sub", "rsb", "adc"], flags: ["nzcv"], dest: ["reg"] }),
    ...combos({ alu: ["add", "sub"], flags: ["nzcv"], dest: ["none"] }),
    ...combos({
      alu: ["and", "eor", "orr", "mov"],
      flags: ["nz", "nzc0", "nzc1"],
      dest: ["reg"],
    }),
    ...combos({ alu: ["and", "eor"], flags: ["nz", "nzc0", "nzc1"], dest: ["none"] }),
    { alu: "sub", flags: "none", dest: "return" },
  ],
});

/** `Rd = Rn alu (Rm shifted by a constant)`. */
export const dp_reg = define_op<{ alu: Alu; s: boolean; shift: Shift; dest: Dest }>()("dp_reg", {
  operands: { rd: "reg", rn: "reg", rm: "reg", amount: "u8" },
  lower(b, form, { rd, rn, rm, amount }) {
    finish_shifted(b, form, { rd, rn }, shift_by_constant(b, form.shift, b.reg(rm), amount));
  },
  inline: [
    ...combos({
      alu: ALUS,
      s: [false, true],
      shift: ["none", "lsl", "lsr", "asr", "ror"],
      dest: ["reg"],
    }),
    ...combos({ alu: ["mov"], s: [false, true], shift: ["rrx"], dest: ["reg"] }),
    ...combos({
      alu: COMPARES,
      s: [true],
      shift: ["none", "lsl", "lsr", "asr", "ror"],
      dest: ["none"],
    }),
    ...combos({ alu: ["mov"], s: [false], shift: ["none"], dest: ["branch", "exchange"] }),
    ...combos({ alu: ["add"], s: [false], shift: ["none", "lsl"], dest: ["branch", "exchange"] }),
    { alu: "mov", s: true, shift: "none", dest: "return" },
  ],
});

/** `Rd = Rn alu (Rm shifted by Rs)`. */
export const dp_rsr = define_op<{ alu: Alu; s: boolean; shift: RegShift; dest: "reg" | "none" }>()(
  "dp_rsr",
  {
    operands: { rd: "reg", rn: "reg", rm: "reg", rs: "reg" },
    lower(b, form, { rd, rn, rm, rs }) {
      finish_shifted(
        b,
        form,
        { rd, rn },
        shift_by_register(b, form.shift, b.reg(rm), b.reg(rs)),
      );
    },
    inline: [
      ...combos({
        alu: ["mov"],
        s: [false, true],
        shift: ["lsl", "lsr", "asr", "ror"],
        dest: ["reg"],
      }),
      ...combos({
        alu: ["and", "eor", "orr", "bic", "mvn", "add", "sub", "rsb"],
        s: [false, true],
        shift: ["lsl", "lsr", "asr"],
        dest: ["reg"],
      }),
      ...combos({
        alu: ["and", "sub"],
        s: [true],
        shift: ["lsl", "lsr", "asr"],
        dest: ["none"],
      }),
    ],
  },
);

/** ADR: `Rd` = the PC, as a word address in Thumb, plus `disp`, which includes the PC's offset. */
export const adr = define_op<{ align: boolean }>()("adr", {
  operands: { rd: "reg", disp: "imm" },
  lower(b, { align }, { rd, disp }) {
    // Thumb: Align(pc + 4, 4) is Align(pc, 4) + 4.
    const base = align ? b.and(b.pc(), ~3) : b.pc();
    b.set_reg(rd, b.add(base, disp));
  },
  inline: combos({ align: [false, true] }),
});

/** MOVT: the upper halfword of `Rd`; `high` is in place. */
export const movt = define_op<Record<never, never>>()("movt", {
  operands: { rd: "reg", high: "imm" },
  lower(b, _, { rd, high }) {
    b.set_reg(rd, b.or(b.and(b.reg(rd), 0xffff), high));
  },
  inline: [{}],
});
