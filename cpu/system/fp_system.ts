import type { Cpu } from "../cpu.ts";
import { get_fpscr, set_fpscr } from "../fpscr.ts";
import { STATE } from "../state.ts";

const FPEXC_EN = 1 << 30;

/** What the ID table says about floating point. */
export interface FpIdentity {
  fpsid: number;
  mvfr0: number;
  mvfr1: number;
  /** Whether the CPU has VFP and Advanced SIMD at all. */
  present: boolean;
}

/** VFP system registers, and who may execute VFP and Advanced SIMD instructions. */
export class FpSystem {
  readonly #cpu: Cpu;
  /** FPEXC: only EN can be set. */
  fpexc = 0;
  /** Values of ID registers. */
  identity: FpIdentity = { fpsid: 0, mvfr0: 0, mvfr1: 0, present: false };

  /** Makes it for `cpu`, with floating point absent until an identity is given. */
  constructor(cpu: Cpu) {
    this.#cpu = cpu;
  }

  /** Sets the reset state. */
  reset(): void {
    this.fpexc = 0;
    set_fpscr(this.#cpu, 0);
    this.update();
  }

  /** Whether CPACR lets the current mode access cp10 and cp11. */
  #allowed(): boolean {
    if (!this.identity.present) return false;
    const access = (this.#cpu.system.regs.cpacr >>> 20) & 3;
    return access === 3 || (access === 1 && this.#cpu.system.modes.privileged());
  }

  /** Recomputes fp_enabled and simd_enabled; after a change of CPACR, FPEXC or privilege. */
  update(): void {
    const on = this.#allowed() && (this.fpexc & FPEXC_EN) !== 0;
    this.#cpu.set(STATE.fp_enabled, on ? 1 : 0);
    const asedis = this.#cpu.system.regs.cpacr < 0;
    this.#cpu.set(STATE.simd_enabled, on && !asedis ? 1 : 0);
  }

  /** VMRS of a system register. */
  vmrs(reg: number): number {
    if (!this.#accessible(reg)) return 0;
    switch (reg) {
      case 0:
        return this.identity.fpsid;
      case 1:
        return get_fpscr(this.#cpu);
      case 6:
        return this.identity.mvfr1;
      case 7:
        return this.identity.mvfr0;
      case 8:
        return this.fpexc;
    }
    this.#cpu.raise({ kind: "undefined" });
    return 0;
  }

  /** VMSR to a system register. ID registers ignore it. */
  vmsr(reg: number, value: number): void {
    if (!this.#accessible(reg)) return;
    switch (reg) {
      case 0:
      case 6:
      case 7:
        return;
      case 1:
        set_fpscr(this.#cpu, value);
        return;
      case 8:
        this.set_fpexc(value);
        return;
    }
    this.#cpu.raise({ kind: "undefined" });
  }

  /** Writes FPEXC. */
  set_fpexc(value: number): void {
    this.fpexc = value & FPEXC_EN;
    this.update();
  }

  /** FPSCR needs FPEXC.EN; the others need PL1, and are there when EN is clear. */
  #accessible(reg: number): boolean {
    const ok = this.#allowed() &&
      (reg === 1 ? (this.fpexc & FPEXC_EN) !== 0 : this.#cpu.system.modes.privileged());
    if (!ok) this.#cpu.raise({ kind: "undefined" });
    return ok;
  }
}
