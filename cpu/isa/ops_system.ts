/**
 * Exceptions, hints, status registers, exception return and coprocessors.
 *
 * @module
 */
import type { Builder } from "../ir/builder.ts";
import type { Node } from "../ir/node.ts";
import { RAISE_UNDEFINED } from "../raise.ts";
import { STATE } from "../state.ts";
import {
  BKPT,
  CP_READ,
  CP_READ64,
  CP_WRITE,
  CP_WRITE64,
  CPS,
  DBG,
  GET_BANKED_SP,
  HVC,
  ISB,
  MRS_SPSR,
  MSR_CPSR,
  MSR_SPSR,
  REQUIRE_PRIVILEGED,
  REQUIRE_SPSR,
  RFE,
  SET_BANKED_SP,
  SETEND,
  SEV,
  SMC,
  SVC,
  WFE,
  WFI,
  YIELD,
} from "../system/sys_helpers.ts";
import { combos, define_op } from "./op.ts";
import type { BlockMode } from "./ops_block.ts";
import { join_words } from "./ops_mem.ts";

/** NOP, preloads and barriers, which the engines keep by themselves. */
export const nop = define_op<Record<never, never>>()("nop", {
  operands: {},
  lower() {},
  inline: [{}],
});

/** SVC. What it carries is for whoever reads the code. */
export const supervisor_call = define_op<Record<never, never>>()("supervisor_call", {
  operands: {},
  lower(b) {
    b.exit(SVC);
  },
  inline: [{}],
});

/** BKPT. */
export const breakpoint = define_op<Record<never, never>>()("breakpoint", {
  operands: {},
  lower(b) {
    b.exit(BKPT);
  },
});

/** HVC and SMC. */
export const firmware_call = define_op<{ call: "hvc" | "smc" }>()("firmware_call", {
  operands: { imm: "u16" },
  lower(b, { call }, { imm }) {
    b.exit(call === "hvc" ? HVC : SMC, imm);
  },
});

/** Hints that do something. */
export type Hint = "yield" | "wfe" | "wfi" | "sev";

const HINTS = { yield: YIELD, wfe: WFE, wfi: WFI, sev: SEV } as const;

/** YIELD, WFE, WFI and SEV. */
export const hint = define_op<{ hint: Hint }>()("hint", {
  operands: {},
  lower(b, statics) {
    b.call(HINTS[statics.hint]);
  },
});

/** DBG. */
export const debug_hint = define_op<Record<never, never>>()("debug_hint", {
  operands: { option: "u8" },
  lower(b, _, { option }) {
    b.call(DBG, option);
  },
});

/**
 * ISB: what comes next is looked up again. Like a branch to the next instruction, which costs least;
 * inside an IT block a branch would end the block, so there the engine is left and entered again.
 */
export const isb = define_op<{ in_it: boolean }>()("isb", {
  operands: {},
  lower(b, { in_it }) {
    if (in_it) b.call(ISB);
    else b.branch_to(b.add(b.pc(), 4), false, false);
  },
  inline: [{ in_it: false }],
});

/** CPS: see {@link CPS} of the helpers. */
export const change_state = define_op<Record<never, never>>()("change_state", {
  operands: { aif: "u16", set: "u8", mode: "u8" },
  lower(b, _, { aif, set, mode }) {
    b.call(CPS, aif, set, mode);
  },
});

/** Not zero in a privileged mode. */
function is_privileged(b: Builder): Node {
  return b.ne(b.and(b.get(STATE.cpsr), 0x1f), 0x10);
}

/** CPSID without a mode: masking more can make nothing visible. */
export const mask_interrupts = define_op<Record<never, never>>()("mask_interrupts", {
  operands: { aif: "u16" },
  lower(b, _, { aif }) {
    b.if(is_privileged(b), () => b.set(STATE.cpsr, b.or(b.get(STATE.cpsr), aif)));
  },
  inline: [{}],
});

/** SETEND. */
export const set_endianness = define_op<Record<never, never>>()("set_endianness", {
  operands: { big: "u8" },
  lower(b, _, { big }) {
    b.call(SETEND, big);
  },
});

/** CPSR as MRS reads it: no execution state. */
function read_cpsr(b: Builder): Node {
  const nzcv = b.or(
    b.or(
      b.and(b.get(STATE.nf), 0x8000_0000 | 0),
      b.shl(b.eqz(b.get(STATE.zf)), 30),
    ),
    b.or(b.shl(b.get(STATE.cf), 29), b.shl(b.shr_u(b.get(STATE.vf), 31), 28)),
  );
  const q_ge = b.or(b.shl(b.get(STATE.qf), 27), b.shl(b.get(STATE.ge), 16));
  return b.or(b.or(nzcv, q_ge), b.and(b.get(STATE.cpsr), 0x3df));
}

/** MRS. */
export const read_status = define_op<{ spsr: boolean }>()("read_status", {
  operands: { rd: "reg" },
  lower(b, { spsr }, { rd }) {
    b.set_reg(rd, spsr ? b.call(MRS_SPSR) : read_cpsr(b));
  },
  inline: [{ spsr: false }],
});

/** Which PSR bytes MSR writes: flags only, control only, or what the mask says. */
export type StatusPart = "flags" | "control" | "any" | "spsr";

function write_status(b: Builder, part: StatusPart, value: Node, mask: Node): void {
  switch (part) {
    case "spsr":
      b.call(MSR_SPSR, value, mask);
      return;
    case "any":
      b.call(MSR_CPSR, value, mask);
      return;
    case "control":
      // Interrupts are most often "restored" to what they are. Neither T nor J is written.
      b.if(b.and(b.xor(value, b.get(STATE.cpsr)), 0xdf), () => {
        b.call(MSR_CPSR, value, mask);
      });
      return;
    case "flags":
      b.set(STATE.nf, value);
      b.set(STATE.zf, b.and(b.not(value), 1 << 30));
      b.set(STATE.cf, b.and(b.shr_u(value, 29), 1));
      b.set(STATE.vf, b.shl(value, 3));
      b.set(STATE.qf, b.and(b.shr_u(value, 27), 1));
  }
}

const HOT_PARTS = combos({ part: ["flags", "control"] });

/** MSR with a register. `mask` has 0xff in each byte to write. */
export const write_status_reg = define_op<{ part: StatusPart }>()("write_status_reg", {
  operands: { rn: "reg", mask: "imm" },
  lower(b, { part }, { rn, mask }) {
    write_status(b, part, b.reg(rn), mask);
  },
  inline: HOT_PARTS,
});

/** MSR with an immediate. */
export const write_status_imm = define_op<{ part: StatusPart }>()("write_status_imm", {
  operands: { value: "imm", mask: "imm" },
  lower(b, { part }, { value, mask }) {
    write_status(b, part, value, mask);
  },
});

/** Offset of the lower word of a pair from the base, by mode. */
const PAIR_OFFSET = { ia: 0, ib: 4, da: -4, db: -8 } as const;

/** The base after a pair was transferred. */
function after_pair(b: Builder, mode: BlockMode, base: Node): Node {
  return b.add(base, mode === "ia" || mode === "ib" ? 8 : -8);
}

/** SRS: LR and SPSR to the stack of `target`. */
export const store_return_state = define_op<{ mode: BlockMode; wback: boolean }>()(
  "store_return_state",
  {
    operands: { target: "u8" },
    lower(b, { mode, wback }, { target }) {
      b.call(REQUIRE_SPSR);
      const base = b.call(GET_BANKED_SP, target);
      const address = b.add(base, PAIR_OFFSET[mode]);
      b.store(address, 4, b.reg(14), { aligned: true });
      b.store(b.add(address, 4), 4, b.get(STATE.spsr), { aligned: true });
      if (wback) b.call(SET_BANKED_SP, target, after_pair(b, mode, base));
    },
  },
);

/** RFE: PC and CPSR from memory. */
export const return_from_exception = define_op<{ mode: BlockMode; wback: boolean }>()(
  "return_from_exception",
  {
    operands: { rn: "reg" },
    lower(b, { mode, wback }, { rn }) {
      b.call(REQUIRE_PRIVILEGED);
      const base = b.reg(rn);
      const address = b.add(base, PAIR_OFFSET[mode]);
      const pc = b.load(address, 4, { aligned: true });
      const cpsr = b.load(b.add(address, 4), 4, { aligned: true });
      if (wback) b.set_reg(rn, after_pair(b, mode, base));
      b.exit(RFE, pc, cpsr);
    },
  },
);

/** MRC. With `flags`, bits 31:28 go to the flags (Rt is 15). */
export const read_coprocessor = define_op<{ flags: boolean }>()("read_coprocessor", {
  operands: { rt: "reg", index: "imm" },
  lower(b, { flags }, { rt, index }) {
    const value = b.call(CP_READ, index);
    if (!flags) return b.set_reg(rt, value);
    b.set(STATE.nf, value);
    b.set(STATE.zf, b.and(b.not(value), 1 << 30));
    b.set(STATE.cf, b.and(b.shr_u(value, 29), 1));
    b.set(STATE.vf, b.shl(value, 3));
  },
  // A part of the main function: there the instructions are counted, which PMCCNTR shows.
  inline: [{ flags: false }],
});

/** MCR. */
export const write_coprocessor = define_op<Record<never, never>>()("write_coprocessor", {
  operands: { rt: "reg", index: "imm" },
  lower(b, _, { rt, index }) {
    b.call(CP_WRITE, index, b.reg(rt));
  },
  inline: [{}],
});

/** MRRC. */
export const read_coprocessor64 = define_op<Record<never, never>>()("read_coprocessor64", {
  operands: { rt: "reg", rt2: "reg", index: "imm" },
  lower(b, _, { rt, rt2, index }) {
    const value = b.call(CP_READ64, index);
    b.set_reg(rt, b.op("i32.wrap_i64", value));
    b.set_reg(rt2, b.op("i32.wrap_i64", b.op("i64.shr_u", value, 32)));
  },
});

/** MCRR. */
export const write_coprocessor64 = define_op<Record<never, never>>()("write_coprocessor64", {
  operands: { rt: "reg", rt2: "reg", index: "imm" },
  lower(b, _, { rt, rt2, index }) {
    b.call(CP_WRITE64, index, join_words(b, b.reg(rt), b.reg(rt2)));
  },
});

/** The software thread registers. */
export type ThreadRegister = "tpidrurw" | "tpidruro" | "tpidrprw";

/** MRC of a software thread register: every system call and per-CPU access reads one. */
export const read_thread = define_op<{ register: ThreadRegister }>()("read_thread", {
  operands: { rt: "reg" },
  lower(b, { register }, { rt }) {
    if (register === "tpidrprw") {
      b.if(is_privileged(b), () => {}, () => {
        b.call(RAISE_UNDEFINED);
      });
    }
    b.set_reg(rt, b.get(STATE[register]));
  },
  inline: combos({ register: ["tpidrurw", "tpidruro", "tpidrprw"] }),
});
