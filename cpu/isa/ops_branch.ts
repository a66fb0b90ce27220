/**
 * Branches, and IT.
 *
 * @module
 */
import type { Builder } from "../ir/builder.ts";
import { combos, define_op } from "./op.ts";

/** Immediates of branches are byte offsets from the branch's own address. */
export const branch = define_op<Record<never, never>>()("branch", {
  operands: { imm: "imm" },
  lower(b, _, { imm }) {
    b.branch(imm);
  },
  inline: [{}],
});

const CONDITIONS = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13] as const;

/** B with a condition of its own: no predication around it. */
export const branch_cond = define_op<{ cond: number }>()("branch_cond", {
  operands: { imm: "imm" },
  lower(b, { cond }, { imm }) {
    b.if(b.holds(cond), () => b.branch(imm));
  },
  inline: combos({ cond: CONDITIONS }),
});

/** Sets LR to the instruction after this one, which is `size` bytes long. */
function link(b: Builder, thumb: boolean, size: number): void {
  b.set_reg(14, b.add(b.pc(), thumb ? size + 1 : size));
}

/** BL: same instruction set. */
export const branch_link = define_op<{ thumb: boolean }>()("branch_link", {
  operands: { imm: "imm" },
  lower(b, { thumb }, { imm }) {
    link(b, thumb, 4);
    b.branch(imm);
  },
  inline: combos({ thumb: [false, true] }),
});

/** BLX with an immediate: to the other instruction set. From Thumb, `imm` counts from Align(PC, 4). */
export const branch_link_exchange = define_op<{ thumb: boolean }>()("branch_link_exchange", {
  operands: { imm: "imm" },
  lower(b, { thumb }, { imm }) {
    link(b, thumb, 4);
    if (thumb) b.branch_to(b.add(b.and(b.add(b.pc(), 4), ~3), imm), true);
    else b.branch_to(b.or(b.add(b.pc(), imm), 1), true);
  },
  inline: combos({ thumb: [false, true] }),
});

/** BX, and BXJ, which without Jazelle is the same. */
export const branch_exchange = define_op<Record<never, never>>()("branch_exchange", {
  operands: { rm: "reg" },
  lower(b, _, { rm }) {
    b.branch_to(b.reg(rm), true);
  },
  inline: [{}],
});

/** BLX with a register. */
export const branch_link_reg = define_op<{ thumb: boolean }>()("branch_link_reg", {
  operands: { rm: "reg" },
  lower(b, { thumb }, { rm }) {
    const target = b.reg(rm);
    link(b, thumb, thumb ? 2 : 4);
    b.branch_to(target, true);
  },
  inline: combos({ thumb: [false, true] }),
});

/** CBZ and CBNZ. */
export const compare_branch = define_op<{ nonzero: boolean }>()("compare_branch", {
  operands: { rn: "reg", imm: "imm" },
  lower(b, { nonzero }, { rn, imm }) {
    const value = b.reg(rn);
    b.if(nonzero ? value : b.eqz(value), () => b.branch(imm));
  },
  inline: combos({ nonzero: [false, true] }),
});

/** TBB and TBH: forward by twice an entry of a table. */
export const table_branch = define_op<{ half: boolean }>()("table_branch", {
  operands: { rn: "reg", rm: "reg" },
  lower(b, { half }, { rn, rm }) {
    const index = half ? b.shl(b.reg(rm), 1) : b.reg(rm);
    const entry = b.load(b.add(b.reg(rn), index), half ? 2 : 1);
    b.branch_to(b.add(b.pc(), b.add(b.shl(entry, 1), 4)));
  },
  inline: combos({ half: [false, true] }),
});

/** IT. The framework predicates what follows; at run time nothing happens. */
export const it = define_op<Record<never, never>>()("it", {
  operands: { firstcond: "u8", mask: "u8" },
  lower() {},
  inline: [{}],
});
