import type { Cpu } from "../cpu.ts";
import { STATE } from "../state.ts";
import { FAULT, fault_status } from "./fault.ts";
import { MODE, PSR } from "./modes.ts";
import type { System } from "./system.ts";

/** An exception as its entry needs it (ARM DDI 0406C, B1.8.3 and B1.9). */
interface Entry {
  /** Mode entered. */
  readonly mode: number;
  /** Offset of its vector. */
  readonly vector: number;
  /** What LR is ahead of `STATE.pc`, in A32 and in Thumb. */
  readonly a32: number;
  readonly thumb: number;
  /** CPSR bits set beyond I. */
  readonly masks: number;
}

const ENTRY = {
  undefined: { mode: MODE.und, vector: 0x04, a32: 4, thumb: 2, masks: 0 },
  svc: { mode: MODE.svc, vector: 0x08, a32: 4, thumb: 2, masks: 0 },
  prefetch_abort: { mode: MODE.abt, vector: 0x0c, a32: 4, thumb: 4, masks: PSR.A },
  data_abort: { mode: MODE.abt, vector: 0x10, a32: 8, thumb: 8, masks: PSR.A },
  irq: { mode: MODE.irq, vector: 0x18, a32: 4, thumb: 4, masks: PSR.A },
  fiq: { mode: MODE.fiq, vector: 0x1c, a32: 4, thumb: 4, masks: PSR.A | PSR.F },
} as const satisfies Record<string, Entry>;

/** Takes exceptions. `STATE.pc` is the instruction that raised, or the one an interrupt precedes. */
export class Exceptions {
  readonly #cpu: Cpu;
  readonly #system: System;

  constructor(cpu: Cpu, system: System) {
    this.#cpu = cpu;
    this.#system = system;
  }

  #enter(entry: Entry): void {
    const { regs, modes } = this.#system;
    const cpu = this.#cpu;
    const high = (regs.sctlr & (1 << 13)) !== 0;
    const base = high ? 0xffff_0000 | 0 : regs.vbar;
    const ahead = cpu.get(STATE.thumb) !== 0 ? entry.thumb : entry.a32;
    modes.enter(entry.mode, cpu.get(STATE.pc) + ahead, entry.masks, base + entry.vector);
  }

  /**
   * Takes the exception in `cpu.pending`. False for hvc and smc, which are for the firmware:
   * afterwards {@link complete} or {@link undefined} ends them.
   */
  take_pending(): boolean {
    const cpu = this.#cpu;
    const { regs } = this.#system;
    const pending = cpu.pending!;
    cpu.pending = undefined;
    switch (pending.kind) {
      case "undefined":
        this.#enter(ENTRY.undefined);
        return true;
      case "svc":
        // The return address is the next instruction, so ITSTATE must be that one's too.
        this.#advance_it();
        this.#enter(ENTRY.svc);
        return true;
      case "bkpt":
        regs.ifsr = fault_status(regs.lpae, FAULT.debug, 0);
        regs.ifar = 0;
        this.#enter(ENTRY.prefetch_abort);
        return true;
      case "prefetch_abort":
        regs.ifsr = pending.status;
        regs.ifar = pending.address | 0;
        this.#enter(ENTRY.prefetch_abort);
        return true;
      case "data_abort":
        regs.dfsr = pending.status;
        regs.dfar = pending.address | 0;
        this.#enter(ENTRY.data_abort);
        return true;
      case "hvc":
      case "smc":
        return false;
    }
  }

  /** Undefined for the instruction at `STATE.pc`. */
  undefined(): void {
    this.#enter(ENTRY.undefined);
  }

  /** The four-byte instruction at `STATE.pc` is complete: on to the next one. */
  complete(): void {
    const cpu = this.#cpu;
    cpu.set(STATE.pc, cpu.get(STATE.pc) + 4);
    this.#advance_it();
  }

  #advance_it(): void {
    const cpu = this.#cpu;
    const it = cpu.get(STATE.itstate);
    cpu.set(STATE.itstate, (it & 7) === 0 ? 0 : (it & 0xe0) | ((it << 1) & 0x1f));
  }

  /** Takes FIQ or IRQ if one is pending and not masked. Whether it did. */
  take_interrupt(): boolean {
    const cpu = this.#cpu;
    if (!cpu.irq_line && !cpu.fiq_line) return false;
    const cpsr = cpu.get(STATE.cpsr);
    if (cpu.fiq_line && (cpsr & PSR.F) === 0) {
      this.#enter(ENTRY.fiq);
      return true;
    }
    if (cpu.irq_line && (cpsr & PSR.I) === 0) {
      this.#enter(ENTRY.irq);
      return true;
    }
    return false;
  }
}
