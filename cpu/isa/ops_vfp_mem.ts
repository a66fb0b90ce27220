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
import { combos, define_op } from "./op.ts";

/** What an address starts from: a register, or the PC as A32 or Thumb reads it, cut to a word. */
export type VfpBase = "reg" | "a32_pc" | "thumb_pc";

const BIG_ENDIAN = 1 << 9;

function base_address(b: Builder, base: VfpBase, rn: Node): Node {
  if (base === "reg") return b.reg(rn);
  return b.add(b.and(b.pc(), ~3), base === "a32_pc" ? 8 : 4);
}

function join(b: Builder, low: Node, high: Node): Node {
  const wide = (word: Node): Node => b.op("i64.extend_i32_u", word);
  return b.op("i64.or", wide(low), b.op("i64.shl", wide(high), 32));
}

function exchange(b: Builder, value: Node): Node {
  return b.op("i64.rotl", value, 32);
}

/**
 * Loads a doubleword, which need only be word-aligned. As two words, whose order depends on CPSR.E,
 * where it is not aligned: that is faster than one access across an alignment boundary.
 */
export function load_double(b: Builder, address: Node): Node {
  const value = b.local("i64", 0);
  b.if(b.and(address, 7), () => {
    const first = b.load(address, 4, { aligned: true });
    const second = b.load(b.add(address, 4), 4, { aligned: true });
    value.set(join(b, first, second));
    b.if(b.and(b.get(STATE.cpsr), BIG_ENDIAN), () => value.set(exchange(b, value.get())));
  }, () => value.set(b.load(address, 8)));
  return value.get();
}

/** Stores a doubleword, as {@link load_double} loads it. */
export function store_double(b: Builder, address: Node, value: Node): void {
  b.if(b.and(address, 7), () => {
    const words = b.local("i64", value);
    b.if(b.and(b.get(STATE.cpsr), BIG_ENDIAN), () => words.set(exchange(b, value)));
    const both = words.get();
    b.store(address, 4, b.op("i32.wrap_i64", both), { aligned: true });
    const second = b.op("i32.wrap_i64", b.op("i64.shr_u", both, 32));
    b.store(b.add(address, 4), 4, second, { aligned: true });
  }, () => b.store(address, 8, value));
}

/** Transfers one register, `disp` bytes into the register file from `v`. */
function transfer(
  b: Builder,
  s: { load: boolean; double: boolean },
  v: Node,
  disp: number,
  address: Node,
): void {
  const access = s.double ? "i64" : "i32";
  if (s.load) {
    const value = s.double ? load_double(b, address) : b.load(address, 4, { aligned: true });
    b.set_v(v, access, value, disp);
  } else if (s.double) store_double(b, address, b.v(v, access, disp));
  else b.store(address, 4, b.v(v, access, disp), { aligned: true });
}

/** VLDR and VSTR of S registers; `imm` is signed. */
export const vfp_mem_s = define_op<{ load: boolean; base: VfpBase }>()("vfp_mem_s", {
  operands: { d: "sreg", rn: "reg", imm: "imm" },
  lower(b, { load, base }, { d, rn, imm }) {
    check_fp(b);
    transfer(b, { load, double: false }, d, 0, b.add(base_address(b, base, rn), imm));
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
    transfer(b, { load, double: true }, d, 0, b.add(base_address(b, base, rn), imm));
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
  const size = double ? 8 : 4;
  for (let i = 0; i < (double ? s.words >> 1 : s.words); i++) {
    transfer(b, { load: s.load, double }, first, size * i, b.add(start, size * i));
  }
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
