/**
 * FPSCR, which the CPU state has in parts: control, NZCV, cumulative flags and QC.
 *
 * @module
 */
import type { Cpu } from "./cpu.ts";
import { STATE } from "./state.ts";

/** Bits of FPSCR. */
export const FPSCR = {
  /** Condition flags. */
  nzcv: 0xf000_0000,
  /** Control bits: AHP, DN, FZ, RMode, Stride, Len. Trap enables read as zero. */
  control: 0x07f7_0000,
  /** Cumulative flags: IDC, IXC, UFC, OFC, DZC, IOC. */
  cumulative: 0x9f,
  /** IXC. */
  inexact: 1 << 4,
  /** FZ. */
  flush: 1 << 24,
  /** RMode. */
  rounding: 3 << 22,
  /** Stride and Len. */
  vector: 0x0037_0000,
} as const;

/** The place of QC. */
export const QC_BIT = 27;

/**
 * How much of Arm's arithmetic the host's is, when rounding is to nearest and there are no short
 * vectors. The flag that matters is the inexact one: once it is set, most results raise nothing more.
 */
export const FP_CASE = {
  /** Something else: the host's results are of no use. */
  other: 0,
  /** Denormals count, the inexact flag is set. */
  plain: 1,
  /** Denormals are flushed, the inexact flag is set. */
  flushing: 2,
  /** Denormals count, the inexact flag is clear. */
  fresh: 4,
} as const;

/** Control bits under which the host's results are not Arm's. */
export const UNUSUAL = FPSCR.flush | FPSCR.rounding | FPSCR.vector;

/** FPSCR put together. */
export function get_fpscr(cpu: Cpu): number {
  const saturated = cpu.get(STATE.fp_qc) !== 0 ? 1 << QC_BIT : 0;
  return cpu.get(STATE.fpscr) | cpu.get(STATE.fp_nzcv) | cpu.get(STATE.fp_flags) | saturated;
}

/** FPSCR taken apart. */
export function set_fpscr(cpu: Cpu, value: number): void {
  cpu.set(STATE.fpscr, value & FPSCR.control);
  cpu.set(STATE.fp_nzcv, value & FPSCR.nzcv);
  cpu.set(STATE.fp_flags, value & FPSCR.cumulative);
  cpu.set(STATE.fp_qc, (value >>> QC_BIT) & 1);
  update_case(cpu);
}

/** Adds to FPSCR's cumulative flags. */
export function raise_flags(cpu: Cpu, flags: number): void {
  if (flags === 0) return;
  cpu.set(STATE.fp_flags, cpu.get(STATE.fp_flags) | flags);
  update_case(cpu);
}

function update_case(cpu: Cpu): void {
  const { inexact, flush } = FPSCR;
  const bits = (cpu.get(STATE.fpscr) & UNUSUAL) | (cpu.get(STATE.fp_flags) & inexact);
  const { plain, flushing, fresh, other } = FP_CASE;
  cpu.set(
    STATE.fp_case,
    bits === inexact ? plain : bits === (inexact | flush) ? flushing : bits === 0 ? fresh : other,
  );
}
