/**
 * Thumb branches, table branches and IT (DDI 0406C A6.2.3, A6.2.5, A6.2.6, A6.3.4).
 *
 * @module
 */
import { address_text, reg_name } from "./asm.ts";
import { condition_suffix } from "./condition.ts";
import { CONDITION_NAMES } from "./condition.ts";
import {
  branch,
  branch_cond,
  branch_exchange,
  branch_link,
  branch_link_exchange,
  branch_link_reg,
  compare_branch,
  it,
  table_branch,
} from "./ops_branch.ts";
import { type Row, row } from "./row.ts";

const test = { skip: "branches away" };

/** Sign-extends the low `bits` of `value`. */
const extend = (value: number, bits: number): number => (value << (32 - bits)) >> (32 - bits);

type Jumps = { S: number; J1: number; J2: number };

/** S, I1 and I2 above the 22 low bits of the offset of BL, BLX and the far B. */
function far_offset({ S, J1, J2 }: Jumps, low: number): number {
  const i1 = (J1 ^ S) ^ 1, i2 = (J2 ^ S) ^ 1;
  return extend((S << 24) | (i1 << 23) | (i2 << 22) | low, 25);
}
const branch_offset = (f: Jumps & { imm10: number; imm11: number }): number =>
  far_offset(f, (f.imm10 << 12) | (f.imm11 << 1)) + 4;
const blx_offset = (f: Jumps & { imm10H: number; imm10L: number }): number =>
  far_offset(f, (f.imm10H << 12) | (f.imm10L << 2));
const cond_offset = (f: Jumps & { imm6: number; imm11: number }): number =>
  extend((f.S << 20) | (f.J2 << 19) | (f.J1 << 18) | (f.imm6 << 12) | (f.imm11 << 1), 21) + 4;

/** `itte eq` from its two fields. */
function it_text(firstcond: number, mask: number): string {
  let name = "it";
  for (let bit = 3; (mask & ((1 << bit) - 1)) !== 0; bit--) {
    name += ((mask >>> bit) & 1) === (firstcond & 1) ? "t" : "e";
  }
  return `${name} ${CONDITION_NAMES[firstcond]}`;
}

/** All of the group. */
export const BRANCH_T32_ROWS: readonly Row[] = [
  row("t16", "B", "11100 imm11:11", {
    decode: (f) => branch({}, { imm: extend(f.imm11 << 1, 12) + 4 }),
    asm: (f, address) => `b ${address_text(address + extend(f.imm11 << 1, 12) + 4)}`,
    test,
  }),
  row("t16", "B_cond", "1101 cc:4 imm8:8", {
    decode: (f) =>
      f.cc < 14 ? branch_cond({ cond: f.cc }, { imm: extend(f.imm8 << 1, 9) + 4 }) : undefined,
    asm: (f, address) =>
      `b${condition_suffix(f.cc)} ${address_text(address + extend(f.imm8 << 1, 9) + 4)}`,
    test,
  }),
  row("t16", "BX", "0100 0111 0 Rm:4 (0)(0)(0)", {
    decode: (f) => branch_exchange({}, { rm: f.Rm }),
    asm: (f) => `bx ${reg_name(f.Rm)}`,
    test,
  }),
  row("t16", "BLX_reg", "0100 0111 1 Rm:4 (0)(0)(0)", {
    decode: (f) => branch_link_reg({ thumb: true }, { rm: f.Rm }),
    asm: (f) => `blx ${reg_name(f.Rm)}`,
    test,
  }),
  row("t16", "CBZ", "1011 N:1 0 i:1 1 imm5:5 Rn:3", {
    decode: (f) =>
      compare_branch({ nonzero: f.N === 1 }, {
        rn: f.Rn,
        imm: ((f.i << 6) | (f.imm5 << 1)) + 4,
      }),
    asm: (f, address) =>
      `${f.N ? "cbnz" : "cbz"} ${reg_name(f.Rn)}, ${
        address_text(address + ((f.i << 6) | (f.imm5 << 1)) + 4)
      }`,
    test,
  }),
  row("t16", "IT", "1011 1111 firstcond:4 mask:4", {
    // Mask 0 are the hints; condition 15 is UNPREDICTABLE: UNDEFINED here.
    decode: (f) =>
      f.mask === 0 || f.firstcond === 15
        ? undefined
        : it({}, { firstcond: f.firstcond, mask: f.mask }),
    asm: (f) => it_text(f.firstcond, f.mask),
    test: { skip: "means nothing alone" },
  }),
  row("t32", "B_cond", "11110 S:1 cc:4 imm6:6 10 J1:1 0 J2:1 imm11:11", {
    decode: (f) => f.cc < 14 ? branch_cond({ cond: f.cc }, { imm: cond_offset(f) }) : undefined,
    asm: (f, address) => `b${condition_suffix(f.cc)}.w ${address_text(address + cond_offset(f))}`,
    test,
  }),
  row("t32", "B", "11110 S:1 imm10:10 10 J1:1 1 J2:1 imm11:11", {
    decode: (f) => branch({}, { imm: branch_offset(f) }),
    asm: (f, address) => `b.w ${address_text(address + branch_offset(f))}`,
    test,
  }),
  row("t32", "BL", "11110 S:1 imm10:10 11 J1:1 1 J2:1 imm11:11", {
    decode: (f) => branch_link({ thumb: true }, { imm: branch_offset(f) }),
    asm: (f, address) => `bl ${address_text(address + branch_offset(f))}`,
    test,
  }),
  row("t32", "BLX_imm", "11110 S:1 imm10H:10 11 J1:1 0 J2:1 imm10L:10 0", {
    decode: (f) => branch_link_exchange({ thumb: true }, { imm: blx_offset(f) }),
    asm: (f, address) => `blx ${address_text((address + 4 & ~3) + blx_offset(f))}`,
    test,
  }),
  row("t32", "BXJ", "1111 0011 1100 Rm:4 10 (0) 0 (1)(1)(1)(1)(0)(0)(0)(0)(0)(0)(0)(0)", {
    decode: (f) => branch_exchange({}, { rm: f.Rm }),
    asm: (f) => `bxj ${reg_name(f.Rm)}`,
    test,
  }),
  row("t32", "TBB", "1110 1000 1101 Rn:4 (1)(1)(1)(1)(0)(0)(0)(0) 000 H:1 Rm:4", {
    decode: (f) =>
      f.Rm === 15 ? undefined : table_branch({ half: f.H === 1 }, { rn: f.Rn, rm: f.Rm }),
    asm: (f) =>
      `${f.H ? "tbh" : "tbb"} [${reg_name(f.Rn)}, ${reg_name(f.Rm)}${f.H ? ", lsl #1" : ""}]`,
    test: { ...test, valid: (f) => f.Rn !== 13 && f.Rm !== 13 && f.Rm !== 15 },
  }),
];
