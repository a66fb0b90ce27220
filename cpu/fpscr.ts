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
  update_plain(cpu);
}

/** Adds to FPSCR's cumulative flags. */
export function raise_flags(cpu: Cpu, flags: number): void {
  if (flags === 0) return;
  cpu.set(STATE.fp_flags, cpu.get(STATE.fp_flags) | flags);
  update_plain(cpu);
}

function update_plain(cpu: Cpu): void {
  const usual = (cpu.get(STATE.fpscr) & UNUSUAL) === 0;
  cpu.set(STATE.fp_plain, usual && (cpu.get(STATE.fp_flags) & FPSCR.inexact) !== 0 ? 1 : 0);
}
