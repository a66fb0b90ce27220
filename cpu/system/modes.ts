import type { Cpu } from "../cpu.ts";
import { EXIT, STATE } from "../state.ts";

/** CPSR.M values. */
export const MODE = {
  usr: 0x10,
  fiq: 0x11,
  irq: 0x12,
  svc: 0x13,
  abt: 0x17,
  und: 0x1b,
  sys: 0x1f,
} as const;

/** CPSR bits. */
export const PSR = {
  M: 0x1f,
  T: 1 << 5,
  F: 1 << 6,
  I: 1 << 7,
  A: 1 << 8,
  E: 1 << 9,
  J: 1 << 24,
  Q: 1 << 27,
} as const;

/** What `STATE.cpsr` keeps. */
const KEPT = PSR.J | PSR.E | PSR.A | PSR.I | PSR.F | PSR.M;
/** APSR: what User mode may write by MSR: NZCVQ, GE, and E. */
const USER_WRITABLE = 0xf80f_0000 | PSR.E;
/** What MSR may write: no execution state but E. */
const MSR_WRITABLE = 0xf80f_03df | 0;
/** What MRS reads. */
const MRS_READABLE = 0xf80f_03df | 0;

/** Bank of each mode: where its r13, r14 and SPSR are; -1 is no mode. */
const BANK = new Int8Array(32).fill(-1);
BANK[MODE.usr] = 0;
BANK[MODE.sys] = 0;
BANK[MODE.svc] = 1;
BANK[MODE.abt] = 2;
BANK[MODE.und] = 3;
BANK[MODE.irq] = 4;
BANK[MODE.fiq] = 5;

const R = STATE.r.address >> 2;

/**
 * Modes, banked registers, CPSR and SPSR.
 *
 * CPSR lives in pieces in `STATE`; the registers of the current mode are in `STATE.r` and
 * `STATE.spsr`, those of other modes here.
 *
 * Rules for what is UNPREDICTABLE: a write of a mode that does not exist leaves the mode as it is;
 * J is never set; User and System mode have no SPSR: using it is Undefined.
 */
export class Modes {
  readonly #cpu: Cpu;
  readonly #i32: Int32Array;
  /** r13 by bank. */
  readonly #sp = new Int32Array(6);
  /** r14 by bank. */
  readonly #lr = new Int32Array(6);
  /** SPSR by bank. */
  readonly #spsr = new Int32Array(6);
  /** r8..r12: of FIQ mode (while not current), and of all others (while FIQ mode is current). */
  readonly #high_fiq = new Int32Array(5);
  readonly #high_usr = new Int32Array(5);

  constructor(cpu: Cpu) {
    this.#cpu = cpu;
    this.#i32 = cpu.i32;
  }

  /** All registers zero, SVC mode, everything masked. */
  reset(): void {
    const cpu = this.#cpu;
    for (const bank of [this.#sp, this.#lr, this.#spsr, this.#high_fiq, this.#high_usr]) {
      bank.fill(0);
    }
    for (let i = 0; i < 16; i++) cpu.set_reg(i, 0);
    for (const f of [STATE.nf, STATE.cf, STATE.vf, STATE.qf, STATE.ge, STATE.thumb]) cpu.set(f, 0);
    cpu.set(STATE.itstate, 0);
    cpu.set(STATE.zf, 1);
    cpu.set(STATE.spsr, 0);
    cpu.set(STATE.cpsr, MODE.svc | PSR.A | PSR.I | PSR.F);
  }

  /** CPSR.M. */
  mode(): number {
    return this.#cpu.get(STATE.cpsr) & PSR.M;
  }
  /** Whether the current mode is not User. */
  privileged(): boolean {
    return (this.#cpu.get(STATE.cpsr) & PSR.M) !== MODE.usr;
  }
  /** Whether the current mode has an SPSR. */
  has_spsr(): boolean {
    const mode = this.mode();
    return mode !== MODE.usr && mode !== MODE.sys;
  }

  /** Whether `mode` is a mode of this CPU. */
  exists(mode: number): boolean {
    return BANK[mode & 31]! >= 0;
  }

  /** The whole CPSR. IT is exact only while no record page is entered. */
  get_cpsr(): number {
    const cpu = this.#cpu;
    const it = cpu.get(STATE.itstate);
    return (cpu.get(STATE.nf) & 0x8000_0000) | (cpu.get(STATE.zf) === 0 ? 1 << 30 : 0) |
      (cpu.get(STATE.cf) << 29) | ((cpu.get(STATE.vf) >>> 31) << 28) |
      (cpu.get(STATE.qf) << 27) | ((it & 3) << 25) | (cpu.get(STATE.ge) << 16) |
      ((it >> 2) << 10) | (cpu.get(STATE.thumb) << 5) | cpu.get(STATE.cpsr);
  }

  /** Writes all of CPSR, mode and execution state included. Tells the system what changed. */
  set_cpsr(value: number): void {
    const cpu = this.#cpu;
    this.#set_flags(value, 0xf80f_0000);
    cpu.set(STATE.itstate, ((value >>> 25) & 3) | ((value >>> 8) & 0xfc));
    cpu.set(STATE.thumb, (value >>> 5) & 1);
    this.#set_kept(value & (KEPT & ~PSR.J));
  }

  /** Writes flags under a mask of whole fields. */
  #set_flags(value: number, mask: number): void {
    const cpu = this.#cpu;
    if (mask & 0xf800_0000) {
      cpu.set(STATE.nf, value & 0x8000_0000);
      cpu.set(STATE.zf, (value & 0x4000_0000) === 0 ? 1 : 0);
      cpu.set(STATE.cf, (value >>> 29) & 1);
      cpu.set(STATE.vf, (value << 3) & 0x8000_0000);
      cpu.set(STATE.qf, (value >>> 27) & 1);
    }
    if (mask & 0x000f_0000) cpu.set(STATE.ge, (value >>> 16) & 15);
  }

  /** Writes mode, masks and E; banks and context follow. Whether the context may have changed. */
  #set_kept(value: number): boolean {
    const cpu = this.#cpu;
    const old = cpu.get(STATE.cpsr);
    if (BANK[value & PSR.M]! < 0) value = (value & ~PSR.M) | (old & PSR.M);
    if (((old ^ value) & PSR.M) !== 0) this.#switch_banks(old & PSR.M, value & PSR.M);
    cpu.set(STATE.cpsr, value);
    const was_user = (old & PSR.M) === MODE.usr;
    const is_user = (value & PSR.M) === MODE.usr;
    if (was_user !== is_user || ((old ^ value) & PSR.E) !== 0) {
      cpu.system.context_changed();
      return true;
    }
    return false;
  }

  #switch_banks(old: number, mode: number): void {
    const i32 = this.#i32;
    const from = BANK[old]!, to = BANK[mode]!;
    if (from === to) return;
    this.#sp[from] = i32[R + 13]!;
    this.#lr[from] = i32[R + 14]!;
    this.#spsr[from] = this.#cpu.get(STATE.spsr);
    if (old === MODE.fiq || mode === MODE.fiq) {
      const save = old === MODE.fiq ? this.#high_fiq : this.#high_usr;
      const load = old === MODE.fiq ? this.#high_usr : this.#high_fiq;
      for (let i = 0; i < 5; i++) {
        save[i] = i32[R + 8 + i]!;
        i32[R + 8 + i] = load[i]!;
      }
    }
    i32[R + 13] = this.#sp[to]!;
    i32[R + 14] = this.#lr[to]!;
    this.#cpu.set(STATE.spsr, this.#spsr[to]!);
  }

  /** MRS CPSR. */
  mrs_cpsr(): number {
    return this.get_cpsr() & MRS_READABLE;
  }

  /** MRS SPSR. */
  mrs_spsr(): number {
    if (this.has_spsr()) return this.#cpu.get(STATE.spsr);
    this.#cpu.raise({ kind: "undefined" });
    return 0;
  }

  /** MSR CPSR. */
  msr_cpsr(value: number, mask: number): void {
    mask &= this.privileged() ? MSR_WRITABLE : USER_WRITABLE;
    this.#set_flags(value, mask);
    this.#change(mask & KEPT, value);
  }

  /** Changes the bits of `mask` in `STATE.cpsr` to those of `value`, and leaves when it must. */
  #change(mask: number, value: number): void {
    if (mask === 0) return;
    const cpu = this.#cpu;
    const changed = this.#set_kept((cpu.get(STATE.cpsr) & ~mask) | (value & mask));
    if (changed || this.interrupt_visible()) {
      cpu.set(STATE.budget, 0);
      cpu.set(STATE.exit, EXIT.resume);
    }
  }

  /** MSR SPSR. */
  msr_spsr(value: number, mask: number): void {
    const cpu = this.#cpu;
    if (!this.has_spsr()) {
      cpu.raise({ kind: "undefined" });
      return;
    }
    cpu.set(STATE.spsr, (cpu.get(STATE.spsr) & ~mask) | (value & mask));
  }

  /** CPS. */
  cps(aif: number, set: boolean, mode: number): void {
    if (!this.privileged()) return;
    const bits = aif & (PSR.A | PSR.I | PSR.F);
    this.#change(bits | (mode !== 0 ? PSR.M : 0), (set ? bits : 0) | mode);
  }

  /** SETEND. */
  setend(big: boolean): void {
    this.#change(PSR.E, big ? PSR.E : 0);
  }

  /** Whether an interrupt is pending that CPSR does not mask. */
  interrupt_visible(): boolean {
    const cpu = this.#cpu;
    const cpsr = cpu.get(STATE.cpsr);
    return (cpu.irq_line && (cpsr & PSR.I) === 0) || (cpu.fiq_line && (cpsr & PSR.F) === 0);
  }

  /** Exception return to `address` with CPSR from SPSR. */
  exception_return(address: number): void {
    if (!this.has_spsr()) {
      this.#cpu.raise({ kind: "undefined" });
      return;
    }
    this.return_to(address, this.#cpu.get(STATE.spsr));
  }

  /** Goes to `address` with CPSR `cpsr`. */
  return_to(address: number, cpsr: number): void {
    const cpu = this.#cpu;
    this.set_cpsr(cpsr);
    cpu.set(STATE.pc, address & (cpu.get(STATE.thumb) !== 0 ? ~1 : ~3));
    cpu.set(STATE.exit, EXIT.jump);
  }

  /**
   * Banks for an exception: enters `mode` with SPSR and LR given and the bits of `masks` set; T and
   * E as SCTLR says. `STATE.pc` becomes the vector's address.
   */
  enter(mode: number, lr: number, masks: number, vector: number): void {
    const cpu = this.#cpu;
    const old = this.get_cpsr();
    const sctlr = cpu.system.regs.sctlr;
    const kept = (cpu.get(STATE.cpsr) & ~(PSR.M | PSR.E)) | mode | masks | PSR.I |
      ((sctlr >>> 25 & 1) << 9);
    cpu.set(STATE.itstate, 0);
    cpu.set(STATE.thumb, (sctlr >>> 30) & 1);
    this.#set_kept(kept);
    cpu.set(STATE.spsr, old);
    cpu.set_reg(14, lr);
    cpu.set(STATE.pc, vector);
  }

  /** SP of `mode`. */
  get_banked_sp(mode: number): number {
    const bank = BANK[mode & 31]!;
    if (bank < 0) {
      this.#cpu.raise({ kind: "undefined" });
      return 0;
    }
    return bank === BANK[this.mode()] ? this.#i32[R + 13]! : this.#sp[bank]!;
  }
  /** Writes SP of `mode`. */
  set_banked_sp(mode: number, value: number): void {
    const bank = BANK[mode & 31]!;
    if (bank < 0) return;
    if (bank === BANK[this.mode()]) this.#i32[R + 13] = value;
    else this.#sp[bank] = value;
  }
  /** LR of `mode`. */
  get_banked_lr(mode: number): number {
    const bank = BANK[mode & 31]!;
    return bank === BANK[this.mode()] ? this.#i32[R + 14]! : this.#lr[bank]!;
  }
  /** Writes LR of `mode`. */
  set_banked_lr(mode: number, value: number): void {
    const bank = BANK[mode & 31]!;
    if (bank === BANK[this.mode()]) this.#i32[R + 14] = value;
    else this.#lr[bank] = value;
  }
  /** SPSR of `mode`. */
  get_banked_spsr(mode: number): number {
    const bank = BANK[mode & 31]!;
    return bank === BANK[this.mode()] ? this.#cpu.get(STATE.spsr) : this.#spsr[bank]!;
  }
  /** Writes SPSR of `mode`. */
  set_banked_spsr(mode: number, value: number): void {
    const bank = BANK[mode & 31]!;
    if (bank === BANK[this.mode()]) this.#cpu.set(STATE.spsr, value);
    else this.#spsr[bank] = value;
  }

  /** User mode's r0..r14, whatever mode is current. */
  get_user_reg(index: number): number {
    const mode = this.mode();
    if (index >= 8 && index <= 12 && mode === MODE.fiq) return this.#high_usr[index - 8]!;
    if (index === 13) return this.get_banked_sp(MODE.usr);
    if (index === 14) return this.get_banked_lr(MODE.usr);
    return this.#i32[R + index]!;
  }
  /** Writes User mode's r0..r14. */
  set_user_reg(index: number, value: number): void {
    const mode = this.mode();
    if (index >= 8 && index <= 12 && mode === MODE.fiq) this.#high_usr[index - 8] = value;
    else if (index === 13) this.set_banked_sp(MODE.usr, value);
    else if (index === 14) this.set_banked_lr(MODE.usr, value);
    else this.#i32[R + index] = value;
  }
  /** FIQ mode's r8..r12, whatever mode is current. */
  get_fiq_reg(index: number): number {
    return this.mode() === MODE.fiq ? this.#i32[R + index]! : this.#high_fiq[index - 8]!;
  }
  /** Writes FIQ mode's r8..r12. */
  set_fiq_reg(index: number, value: number): void {
    if (this.mode() === MODE.fiq) this.#i32[R + index] = value;
    else this.#high_fiq[index - 8] = value;
  }
}
