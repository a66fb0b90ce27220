/**
 * Data processing as the rows of both instruction sets ask for it.
 *
 * @module
 */
import { decode_shift, SHIFT_NAMES } from "./dp_shift.ts";
import type { Decoded } from "./op.ts";
import {
  type Alu,
  type Dest,
  dp_imm,
  dp_reg,
  dp_rsr,
  type ImmFlags,
  is_arithmetic,
} from "./ops_dp.ts";

/** An expanded immediate; `carry` is absent where the expansion leaves C alone. */
export interface ExpandedImmediate {
  readonly value: number;
  readonly carry?: 0 | 1;
}

/** A32ExpandImm_C. */
export function expand_a32(imm12: number): ExpandedImmediate {
  const rotation = (imm12 >>> 8) * 2, imm8 = imm12 & 0xff;
  if (rotation === 0) return { value: imm8 };
  const value = (imm8 >>> rotation) | (imm8 << (32 - rotation));
  return { value: value >>> 0, carry: value < 0 ? 1 : 0 };
}

/** ThumbExpandImm_C, from the three fields of a modified immediate. */
export function expand_t32(f: { i: number; imm3: number; imm8: number }): ExpandedImmediate {
  const { i, imm3, imm8 } = f;
  if (i === 0 && imm3 < 4) {
    const pattern = [0x0000_0001, 0x0001_0001, 0x0100_0100, 0x0101_0101][imm3]!;
    return { value: imm8 * pattern };
  }
  const rotation = (i << 4) | (imm3 << 1) | (imm8 >>> 7);
  const value = (imm8 | 0x80) << (32 - rotation);
  return { value: value >>> 0, carry: value < 0 ? 1 : 0 };
}

/** Which result and flags an instruction has. */
export interface DpForm {
  readonly alu: Alu;
  readonly s: boolean;
  readonly dest: Dest;
}

/** Register numbers of an instruction; what it has not is 0, never 15. */
export interface DpRegs {
  readonly rd?: number;
  readonly rn?: number;
  readonly rm?: number;
}

/** Inverts the immediate of what then is another operation, so that there are fewer forms. */
const INVERTED: Partial<Record<Alu, Alu>> = { bic: "and", orn: "orr", mvn: "mov", sbc: "adc" };

/** An immediate form. */
export function dp_immediate(form: DpForm, regs: DpRegs, imm: ExpandedImmediate): Decoded {
  let { alu } = form;
  let value = imm.value;
  let flags: ImmFlags = "none";
  if (form.s && form.dest !== "return") {
    if (is_arithmetic(alu)) flags = "nzcv";
    else flags = imm.carry === undefined ? "nz" : imm.carry ? "nzc1" : "nzc0";
  }
  if (alu === "sub" && flags === "none" && form.dest !== "return") {
    alu = "add";
    value = -value;
  } else if (INVERTED[alu]) {
    alu = INVERTED[alu]!;
    value = ~value;
  }
  const { rd, rn } = used_regs(form, regs);
  return dp_imm({ alu, flags, dest: form.dest }, { rd, rn, imm: value | 0 });
}

/** A register form with a constant shift, from its `type` and `imm5` fields. */
export function dp_register(form: DpForm, regs: DpRegs, type: number, imm5: number): Decoded {
  const { shift, amount } = decode_shift(type, imm5);
  const { rd, rn } = used_regs(form, regs);
  const { alu, s, dest } = form;
  return dp_reg({ alu, s, shift, dest }, { rd, rn, rm: regs.rm!, amount });
}

/** A register form with a shift by register `rs`. */
export function dp_register_shifted(
  form: DpForm & { dest: "reg" | "none" },
  regs: DpRegs,
  type: number,
  rs: number,
): Decoded {
  const { rd, rn } = used_regs(form, regs);
  const { alu, s, dest } = form;
  return dp_rsr({ alu, s, shift: SHIFT_NAMES[type]!, dest }, { rd, rn, rm: regs.rm!, rs });
}

/** r15 among the operands costs a store of the PC: name it only where it is read. */
function used_regs({ alu, dest }: DpForm, regs: DpRegs): { rd: number; rn: number } {
  return {
    rd: dest === "reg" ? regs.rd! : 0,
    rn: alu === "mov" || alu === "mvn" ? 0 : regs.rn!,
  };
}
