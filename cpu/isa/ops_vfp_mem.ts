/**
 * VFP loads and stores, moves to and from general registers, and the system registers.
 *
 * @module
 */
import { FPSCR, QC_BIT, UNUSUAL } from "../fpscr.ts";
import type { Builder } from "../ir/builder.ts";
import type { Node } from "../ir/node.ts";
import { STATE } from "../state.ts";
import { VMRS, VMSR } from "../system/sys_helpers.ts";
import { check_fp } from "./fp_check.ts";
import { type RegisterList, transfer_words } from "./fp_memory.ts";
import { combos, define_op } from "./op.ts";

/** What an address starts from: a register, or the PC as A32 or Thumb reads it, cut to a word. */
export type VfpBase = "reg" | "a32_pc" | "thumb_pc";

function base_address(b: Builder, base: VfpBase, rn: Node): Node {
  if (base === "reg") return b.reg(rn);
  return b.add(b.and(b.pc(), ~3), base === "a32_pc" ? 8 : 4);
}

/** Registers of 4 or 8 bytes from byte `at` on. */
function list_of(at: Node, bytes: 4 | 8, count: number): RegisterList {
  return { at, bytes, displacements: Array.from({ length: count }, (_, i) => bytes * i) };
}

/** Transfers registers of a range that can be accessed directly. */
function transfer_directly(b: Builder, load: boolean, range: Node, list: RegisterList): void {
  const access = list.bytes === 8 ? "i64" : "i32";
  for (const disp of list.displacements) {
    if (load) b.set_v(list.at, access, b.direct_load(range, disp, access), disp);
    else b.direct_store(range, disp, b.v(list.at, access, disp));
  }
}

/** Transfers consecutive registers at a word-aligned address. */
function transfer(b: Builder, load: boolean, address: Node, list: RegisterList): void {
  const range = b.range(address, list.displacements.length * list.bytes, 3, !load);
  b.expect(
    b.eqz(range),
    () => transfer_directly(b, load, range, list),
    () => transfer_words(b, load, address, list),
  );
}

/** Transfers one doubleword, which nearly always is aligned to its size. */
function transfer_double(b: Builder, load: boolean, address: Node, list: RegisterList): void {
  const range = b.range(address, 8, 7, !load);
  b.expect(
    b.eqz(range),
    () => transfer_directly(b, load, range, list),
    () => transfer(b, load, address, list),
  );
}

/** VLDR and VSTR of S registers; `imm` is signed. */
export const vfp_mem_s = define_op<{ load: boolean; base: VfpBase }>()("vfp_mem_s", {
  operands: { d: "sreg", rn: "reg", imm: "imm" },
  lower(b, { load, base }, { d, rn, imm }) {
    check_fp(b);
    transfer(b, load, b.add(base_address(b, base, rn), imm), list_of(d, 4, 1));
  },
  inline: [
    ...combos({ load: [true, false], base: ["reg"] }),
    ...combos({ load: [true], base: ["a32_pc", "thumb_pc"] }),
  ],
});

/** VLDR and VSTR of D registers; `imm` is signed. */
export const vfp_mem_d = define_op<{ load: boolean; base: VfpBase }>()("vfp_mem_d", {
  operands: { d: "dreg", rn: "reg", imm: "imm" },
  lower(b, { load, base }, { d, rn, imm }) {
    check_fp(b);
    transfer_double(b, load, b.add(base_address(b, base, rn), imm), list_of(d, 8, 1));
  },
  inline: [
    ...combos({ load: [true, false], base: ["reg"] }),
    ...combos({ load: [true], base: ["a32_pc", "thumb_pc"] }),
  ],
});

/** How a block transfer goes; `words` is the instruction's imm8, odd for FLDMX and FSTMX. */
export type VfpBlock = {
  load: boolean;
  words: number;
  down: boolean;
  wback: boolean;
  base: VfpBase;
};

/** Registers in order of address; the base is written last, so that a fault leaves it alone. */
function block(b: Builder, s: VfpBlock, double: boolean, first: Node, rn: Node): void {
  check_fp(b);
  const base = base_address(b, s.base, rn);
  const moved = b.add(base, s.down ? -4 * s.words : 4 * s.words);
  const start = s.down ? moved : base;
  const count = double ? s.words >> 1 : s.words;
  transfer(b, s.load, start, list_of(first, double ? 8 : 4, count));
  if (s.wback) b.set_reg(rn, moved);
}

/** VLDM, VSTM, VPUSH and VPOP of S registers. */
export const vfp_block_s = define_op<VfpBlock>()("vfp_block_s", {
  operands: { first: "sreg", rn: "reg" },
  lower: (b, s, { first, rn }) => block(b, s, false, first, rn),
});

/** VLDM, VSTM, VPUSH and VPOP of D registers. */
export const vfp_block_d = define_op<VfpBlock>()("vfp_block_d", {
  operands: { first: "dreg", rn: "reg" },
  lower: (b, s, { first, rn }) => block(b, s, true, first, rn),
  inline: combos({ load: [true, false], words: [2, 4, 8], wback: [true], base: ["reg"] })
    .map((s) => ({ ...s, down: !s.load })),
});

/** VMOV between a general register and an S register. */
export const vfp_core_s = define_op<{ to_core: boolean }>()("vfp_core_s", {
  operands: { n: "sreg", rt: "reg" },
  lower(b, { to_core }, { n, rt }) {
    check_fp(b);
    if (to_core) b.set_reg(rt, b.v(n, "i32"));
    else b.set_v(n, "i32", b.reg(rt));
  },
  inline: combos({ to_core: [true, false] }),
});

/** VMOV between two general registers and two consecutive S registers. */
export const vfp_core_ss = define_op<{ to_core: boolean }>()("vfp_core_ss", {
  operands: { m: "sreg", rt: "reg", rt2: "reg" },
  lower(b, { to_core }, { m, rt, rt2 }) {
    check_fp(b);
    move_pair(b, to_core, { m, rt, rt2 });
  },
});

/** VMOV between two general registers and a D register. */
export const vfp_core_d = define_op<{ to_core: boolean }>()("vfp_core_d", {
  operands: { m: "dreg", rt: "reg", rt2: "reg" },
  lower(b, { to_core }, { m, rt, rt2 }) {
    check_fp(b);
    move_pair(b, to_core, { m, rt, rt2 });
  },
  inline: combos({ to_core: [true, false] }),
});

function move_pair(b: Builder, to_core: boolean, o: { m: Node; rt: Node; rt2: Node }): void {
  if (to_core) {
    b.set_reg(o.rt, b.v(o.m, "i32"));
    b.set_reg(o.rt2, b.v(o.m, "i32", 4));
  } else {
    b.set_v(o.m, "i32", b.reg(o.rt));
    b.set_v(o.m, "i32", b.reg(o.rt2), 4);
  }
}

/** VMRS APSR_nzcv, FPSCR. */
export const vfp_flags = define_op<Record<never, never>>()("vfp_flags", {
  operands: {},
  lower(b) {
    check_fp(b);
    const nzcv = b.get(STATE.fp_nzcv);
    b.set(STATE.nf, nzcv);
    b.set(STATE.zf, b.and(b.not(nzcv), 1 << 30));
    b.set(STATE.cf, b.and(b.shr_u(nzcv, 29), 1));
    b.set(STATE.vf, b.shl(nzcv, 3));
  },
  inline: [{}],
});

/** VMRS and VMSR of FPSCR. */
export const vfp_fpscr = define_op<{ load: boolean }>()("vfp_fpscr", {
  operands: { rt: "reg" },
  lower(b, { load }, { rt }) {
    check_fp(b);
    if (load) {
      const saturated = b.shl(b.ne(b.get(STATE.fp_qc), 0), QC_BIT);
      const flags = b.or(b.get(STATE.fp_nzcv), b.get(STATE.fp_flags));
      b.set_reg(rt, b.or(b.or(b.get(STATE.fpscr), saturated), flags));
    } else {
      const value = b.reg(rt);
      b.set(STATE.fpscr, b.and(value, FPSCR.control));
      // As `fpscr.ts` has it: nothing unusual, and inexact.
      const judged = b.and(value, UNUSUAL | FPSCR.inexact);
      b.set(STATE.fp_plain, b.eq(judged, FPSCR.inexact));
      b.set(STATE.fp_nzcv, b.and(value, FPSCR.nzcv));
      b.set(STATE.fp_flags, b.and(value, FPSCR.cumulative));
      b.set(STATE.fp_qc, b.and(b.shr_u(value, QC_BIT), 1));
    }
  },
  inline: combos({ load: [true, false] }),
});

/** VMRS and VMSR of the other system registers, which check access themselves. */
export const vfp_system = define_op<{ load: boolean }>()("vfp_system", {
  operands: { rt: "reg", reg: "u8" },
  lower(b, { load }, { rt, reg }) {
    if (load) b.set_reg(rt, b.call(VMRS, reg));
    else b.call(VMSR, reg, b.reg(rt));
  },
});
