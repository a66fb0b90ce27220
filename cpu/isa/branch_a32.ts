/**
 * A32 branches (DDI 0406C A5.5, A5.2.12).
 *
 * @module
 */
import { address_text, mnemonic, reg_name } from "./asm.ts";
import {
  branch,
  branch_cond,
  branch_exchange,
  branch_link,
  branch_link_exchange,
  branch_link_reg,
} from "./ops_branch.ts";
import { type Row, row } from "./row.ts";

/** imm24 in words, as a byte offset from the branch. */
const offset24 = (imm24: number): number => ((imm24 << 8) >> 6) + 8;

const test = { skip: "branches away" };

/** All of the group. */
export const BRANCH_A32_ROWS: readonly Row[] = [
  // Named `cc`, so that the framework does not predicate it: the op looks at the flags itself.
  row("a32", "B", "cc:4 1010 imm24:24", {
    decode: (f) => {
      const imm = offset24(f.imm24);
      if (f.cc === 15) return undefined;
      return f.cc === 14 ? branch({}, { imm }) : branch_cond({ cond: f.cc }, { imm });
    },
    asm: (f, address) =>
      `${mnemonic("b", { cond: f.cc })} ${address_text(address + offset24(f.imm24))}`,
    test,
  }),
  row("a32", "BL", "cond:4 1011 imm24:24", {
    decode: (f) => branch_link({ thumb: false }, { imm: offset24(f.imm24) }),
    asm: (f, address) => `${mnemonic("bl", f)} ${address_text(address + offset24(f.imm24))}`,
    test,
  }),
  // Two rows, so that each is a special case of B.
  row("a32", "BLX_imm", "1111 1010 imm24:24", {
    decode: (f) => branch_link_exchange({ thumb: false }, { imm: offset24(f.imm24) }),
    asm: (f, address) => `blx ${address_text(address + offset24(f.imm24))}`,
    test,
  }),
  row("a32", "BLX_imm_half", "1111 1011 imm24:24", {
    decode: (f) => branch_link_exchange({ thumb: false }, { imm: offset24(f.imm24) + 2 }),
    asm: (f, address) => `blx ${address_text(address + offset24(f.imm24) + 2)}`,
    test,
  }),
  row("a32", "BX", "cond:4 0001 0010 (1)(1)(1)(1)(1)(1)(1)(1)(1)(1)(1)(1) 0001 Rm:4", {
    decode: (f) => branch_exchange({}, { rm: f.Rm }),
    asm: (f) => `${mnemonic("bx", f)} ${reg_name(f.Rm)}`,
    test,
  }),
  row("a32", "BXJ", "cond:4 0001 0010 (1)(1)(1)(1)(1)(1)(1)(1)(1)(1)(1)(1) 0010 Rm:4", {
    decode: (f) => branch_exchange({}, { rm: f.Rm }),
    asm: (f) => `${mnemonic("bxj", f)} ${reg_name(f.Rm)}`,
    test,
  }),
  row("a32", "BLX_reg", "cond:4 0001 0010 (1)(1)(1)(1)(1)(1)(1)(1)(1)(1)(1)(1) 0011 Rm:4", {
    decode: (f) => branch_link_reg({ thumb: false }, { rm: f.Rm }),
    asm: (f) => `${mnemonic("blx", f)} ${reg_name(f.Rm)}`,
    test,
  }),
];
