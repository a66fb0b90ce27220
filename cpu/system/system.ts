import type { Cpu } from "../cpu.ts";
import { CpRegisters } from "./cp_registers.ts";
import { FpSystem } from "./fp_system.ts";
import { Modes } from "./modes.ts";
import { SysRegs } from "./sys_regs.ts";

/** The system level of one vCPU. */
export class System {
  /** CP15 storage. */
  readonly regs: SysRegs = new SysRegs();
  /** Modes, banked registers, CPSR. */
  readonly modes: Modes;
  /** CP14 and CP15 by encoding. */
  readonly cp: CpRegisters;
  /** VFP system registers. */
  readonly fp: FpSystem;

  constructor(cpu: Cpu) {
    this.modes = new Modes(cpu);
    this.cp = new CpRegisters(cpu);
    this.fp = new FpSystem(cpu);
    cpu.system = this;
  }

  /** After a change of mode, E, or a translation register: another context may be the current one. */
  context_changed(): void {
    this.fp.update();
  }
}
