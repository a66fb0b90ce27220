/**
 * The system instructions, as helpers that instruction rows call.
 *
 * Helpers with `exits` may raise Undefined (not allowed in this mode), leave for the run loop
 * (interrupts became visible, another context) or go elsewhere; rows use `b.exit` for those that
 * say so and `b.call` for the others. Modes are CPSR.M values (0x10..0x1f).
 *
 * @module
 */
import { get_fpscr, set_fpscr } from "../fpscr.ts";
import { type Helper, helper } from "../helper.ts";
import { EXIT, STATE } from "../state.ts";

/** CPSR as MRS reads it: execution state bits but E read as zero. */
export const MRS_CPSR: Helper = helper(
  "mrs_cpsr",
  { args: [], ty: "i32" },
  (cpu) => cpu.system.modes.mrs_cpsr(),
);

/** SPSR of the current mode. Undefined in User mode. */
export const MRS_SPSR: Helper = helper(
  "mrs_spsr",
  { args: [], ty: "i32", exits: true },
  (cpu) => cpu.system.modes.mrs_spsr(),
);

/**
 * MSR CPSR: `mask` has 0xff in each byte that the instruction's mask field selects. What User mode
 * may not write is left alone. Works for MSR APSR too.
 */
export const MSR_CPSR: Helper = helper(
  "msr_cpsr",
  { args: ["i32", "i32"], ty: undefined, exits: true },
  (cpu, value, mask) => cpu.system.modes.msr_cpsr(value, mask),
);

/** MSR SPSR: `mask` as in {@link MSR_CPSR}. Undefined in User and System mode. */
export const MSR_SPSR: Helper = helper(
  "msr_spsr",
  { args: ["i32", "i32"], ty: undefined, exits: true },
  (cpu, value, mask) => cpu.system.modes.msr_spsr(value, mask),
);

/**
 * CPS: `aif` has the A, I, F bits to change at their CPSR places (bits 8:6), `set` is 1 for CPSID
 * and 0 for CPSIE, `mode` the new mode or 0 for none. Nothing happens in User mode.
 */
export const CPS: Helper = helper(
  "cps",
  { args: ["i32", "i32", "i32"], ty: undefined, exits: true },
  (cpu, aif, set, mode) => cpu.system.modes.cps(aif, set !== 0, mode),
);

/** SETEND: data is big-endian from here when `big` is 1. */
export const SETEND: Helper = helper(
  "setend",
  { args: ["i32"], ty: undefined, exits: true },
  (cpu, big) => cpu.system.modes.setend(big !== 0),
);

/** Raises Undefined in User and System mode, which have no SPSR. Call before other effects. */
export const REQUIRE_SPSR: Helper = helper(
  "require_spsr",
  { args: [], ty: undefined, exits: true },
  (cpu) => {
    if (!cpu.system.modes.has_spsr()) cpu.raise({ kind: "undefined" });
  },
);

/** Raises Undefined in User mode. Call before other effects. */
export const REQUIRE_PRIVILEGED: Helper = helper(
  "require_privileged",
  { args: [], ty: undefined, exits: true },
  (cpu) => {
    if (!cpu.system.modes.privileged()) cpu.raise({ kind: "undefined" });
  },
);

/** Exception return (SUBS PC, LDM with PC and ^): CPSR from SPSR, on at `address`. Always exits. */
export const EXCEPTION_RETURN: Helper = helper(
  "exception_return",
  { args: ["i32"], ty: undefined, exits: true },
  (cpu, address) => cpu.system.modes.exception_return(address),
);

/** RFE: on at `new_pc` with `new_cpsr`. Always exits. Call {@link REQUIRE_PRIVILEGED} first. */
export const RFE: Helper = helper(
  "rfe",
  { args: ["i32", "i32"], ty: undefined, exits: true },
  (cpu, new_pc, new_cpsr) => cpu.system.modes.return_to(new_pc, new_cpsr),
);

/** SP of `mode`, for SRS. Undefined for a mode that does not exist. */
export const GET_BANKED_SP: Helper = helper(
  "get_banked_sp",
  { args: ["i32"], ty: "i32", exits: true },
  (cpu, mode) => cpu.system.modes.get_banked_sp(mode),
);

/** Writes SP of `mode`, for SRS. */
export const SET_BANKED_SP: Helper = helper(
  "set_banked_sp",
  { args: ["i32", "i32"], ty: undefined },
  (cpu, mode, value) => cpu.system.modes.set_banked_sp(mode, value),
);

/** User mode's register `index` (0..14), for STM with ^. */
export const GET_USER_REG: Helper = helper(
  "get_user_reg",
  { args: ["i32"], ty: "i32" },
  (cpu, index) => cpu.system.modes.get_user_reg(index),
);

/** Writes User mode's register `index` (0..14), for LDM with ^. */
export const SET_USER_REG: Helper = helper(
  "set_user_reg",
  { args: ["i32", "i32"], ty: undefined },
  (cpu, index, value) => cpu.system.modes.set_user_reg(index, value),
);

/** SVC. Always exits. */
export const SVC: Helper = helper(
  "svc",
  { args: [], ty: undefined, exits: true },
  (cpu) => cpu.raise({ kind: "svc" }),
);

/** HVC: a call to the PSCI firmware. Undefined in User mode. Always exits. */
export const HVC: Helper = helper(
  "hvc",
  { args: ["i32"], ty: undefined, exits: true },
  (cpu, imm) =>
    cpu.raise(cpu.system.modes.privileged() ? { kind: "hvc", imm } : { kind: "undefined" }),
);

/** SMC: a call to the PSCI firmware. Undefined in User mode. Always exits. */
export const SMC: Helper = helper(
  "smc",
  { args: ["i32"], ty: undefined, exits: true },
  (cpu, imm) =>
    cpu.raise(cpu.system.modes.privileged() ? { kind: "smc", imm } : { kind: "undefined" }),
);

/** BKPT: a prefetch abort with a debug event as its cause. Always exits. */
export const BKPT: Helper = helper(
  "bkpt",
  { args: [], ty: undefined, exits: true },
  (cpu) => cpu.raise({ kind: "bkpt" }),
);

/** WFI. Waits unless an interrupt is pending, masked or not. */
export const WFI: Helper = helper(
  "wfi",
  { args: [], ty: undefined, exits: true },
  (cpu) => {
    if (cpu.irq_line || cpu.fiq_line) return;
    cpu.wait_for_event = false;
    cpu.set(STATE.exit, EXIT.wait);
  },
);

/** WFE. Takes the event if there is one, else waits shortly. */
export const WFE: Helper = helper(
  "wfe",
  { args: [], ty: undefined, exits: true },
  (cpu) => {
    if (cpu.event) {
      cpu.event = false;
      return;
    }
    if (cpu.irq_line || cpu.fiq_line) return;
    cpu.wait_for_event = true;
    cpu.set(STATE.exit, EXIT.wait);
  },
);

/** SEV. */
export const SEV: Helper = helper(
  "sev",
  { args: [], ty: undefined },
  (cpu) => {
    cpu.event = true;
  },
);

/** YIELD: a hint; lets the run loop look around. */
export const YIELD: Helper = helper(
  "yield",
  { args: [], ty: undefined },
  (cpu) => cpu.set(STATE.budget, 0),
);

/** DBG: a hint to a debugger; nothing happens. */
export const DBG: Helper = helper("dbg", { args: ["i32"], ty: undefined }, () => {});

/** CLREX. */
export const CLREX: Helper = helper(
  "clrex",
  { args: [], ty: undefined },
  (cpu) => cpu.set(STATE.excl_open, 0),
);

/** ISB: instructions from here on are looked up again. */
export const ISB: Helper = helper(
  "isb",
  { args: [], ty: undefined, exits: true },
  (cpu) => {
    cpu.set(STATE.exit, EXIT.resume);
  },
);

/**
 * The index of a 32-bit coprocessor register for {@link CP_READ} and {@link CP_WRITE}; `cp` is 14
 * or 15. It fits an "imm" operand.
 */
export function cp_index(
  cp: number,
  crn: number,
  opc1: number,
  crm: number,
  opc2: number,
): number {
  return (cp << 16) | (crn << 11) | (crm << 7) | (opc1 << 3) | opc2;
}

/** The index of a 64-bit coprocessor register (MRRC, MCRR). */
export function cp_index64(cp: number, opc1: number, crm: number): number {
  return (1 << 20) | (cp << 16) | (crm << 7) | (opc1 << 3);
}

/** MRC. Undefined for what does not exist or may not be read in this mode. */
export const CP_READ: Helper = helper(
  "cp_read",
  { args: ["i32"], ty: "i32", exits: true, counts: true },
  (cpu, index) => cpu.system.cp.read(index),
);

/** MCR. Undefined for what does not exist or may not be written in this mode. */
export const CP_WRITE: Helper = helper(
  "cp_write",
  { args: ["i32", "i32"], ty: undefined, exits: true, counts: true },
  (cpu, index, value) => cpu.system.cp.write(index, value),
);

/** MRRC: Rt in bits 31:0, Rt2 in bits 63:32. */
export const CP_READ64: Helper = helper(
  "cp_read64",
  { args: ["i32"], ty: "i64", exits: true },
  (cpu, index) => cpu.system.cp.read64(index),
);

/** MCRR. */
export const CP_WRITE64: Helper = helper(
  "cp_write64",
  { args: ["i32", "i64"], ty: undefined, exits: true },
  (cpu, index, value) => cpu.system.cp.write64(index, value),
);

/**
 * VMRS of VFP system register `reg` (0 FPSID, 1 FPSCR, 6 MVFR1, 7 MVFR0, 8 FPEXC). FPSCR.NZCV to
 * APSR (Rt = 15) is the row's business. Undefined when the access is not allowed.
 */
export const VMRS: Helper = helper(
  "vmrs",
  { args: ["i32"], ty: "i32", exits: true },
  (cpu, reg) => cpu.system.fp.vmrs(reg),
);

/** VMSR. `reg` as in {@link VMRS}. */
export const VMSR: Helper = helper(
  "vmsr",
  { args: ["i32", "i32"], ty: undefined, exits: true },
  (cpu, reg, value) => cpu.system.fp.vmsr(reg, value),
);

/** FPSCR as a whole. No access check: for rows that have made their own. */
export const GET_FPSCR: Helper = helper(
  "get_fpscr",
  { args: [], ty: "i32" },
  (cpu) => get_fpscr(cpu),
);

/** Writes FPSCR as a whole. */
export const SET_FPSCR: Helper = helper(
  "set_fpscr",
  { args: ["i32"], ty: undefined },
  (cpu, value) => set_fpscr(cpu, value),
);
