import type { Cpu } from "../cpu.ts";
import { EXIT, STATE } from "../state.ts";
import { CpRegisters } from "./cp_registers.ts";
import { DebugRegisters } from "./debug.ts";
import type { TimerRegisters } from "./devices.ts";
import { Exceptions } from "./exceptions.ts";
import type { CpuFeatures, CpuIdentity, CpuModel } from "./features.ts";
import { CPU_MODELS, identity_of } from "./features.ts";
import { FpSystem } from "./fp_system.ts";
import { Memory } from "./memory.ts";
import { Mmio } from "./mmio.ts";
import { Mmu, type RamRange } from "./mmu.ts";
import { Modes } from "./modes.ts";
import { PageMaps } from "./page_maps.ts";
import { Pmu } from "./pmu.ts";
import { SysRegs } from "./sys_regs.ts";

/** All optional parts present. */
export const ALL_FEATURES: CpuFeatures = {
  vfp_neon: true,
  debug: true,
  pmu: true,
  psci: true,
  power_off: false,
};

/**
 * The system level of one vCPU: everything but the instructions. Making one sets `cpu.system` and
 * `cpu.mem`; it is a Cortex-A15 with everything until {@link configure} says otherwise.
 */
export class System {
  readonly cpu: Cpu;
  /** CP15 storage. */
  readonly regs: SysRegs = new SysRegs();
  /** Modes, banked registers, CPSR. */
  readonly modes: Modes;
  /** Stage 1 translation. */
  readonly mmu: Mmu;
  /** The soft TLB. */
  readonly maps: PageMaps;
  /** What is not RAM. */
  readonly mmio: Mmio;
  /** Guest memory, for helpers and engines. */
  readonly memory: Memory;
  /** CP14 and CP15 by encoding. */
  readonly cp: CpRegisters;
  /** VFP system registers. */
  readonly fp: FpSystem;
  /** Debug register file. */
  readonly debug: DebugRegisters = new DebugRegisters();
  /** Performance monitor. */
  readonly pmu: Pmu;
  /** Exception entry. */
  readonly exceptions: Exceptions;
  /** The generic timer, when one is plugged in. */
  timer: TimerRegisters | undefined;
  /** ID registers. */
  identity!: CpuIdentity;
  /** Optional parts. */
  features: CpuFeatures = ALL_FEATURES;

  /** The system of `cpu`, with RAM at `ram`. */
  constructor(cpu: Cpu, ram: RamRange) {
    this.cpu = cpu;
    this.modes = new Modes(cpu);
    this.mmu = new Mmu(cpu, this.regs, ram);
    this.maps = new PageMaps(cpu, this.regs, this.mmu, ram);
    this.mmio = new Mmio(cpu);
    this.memory = new Memory(cpu, this.regs, this.mmu, this.maps, this.mmio);
    this.cp = new CpRegisters(cpu, this);
    this.fp = new FpSystem(cpu);
    this.pmu = new Pmu(cpu);
    this.exceptions = new Exceptions(cpu, this);
    cpu.ram_base = ram.base;
    cpu.system = this;
    cpu.mem = this.memory;
    this.configure(CPU_MODELS[0]!, ALL_FEATURES, 0);
  }

  /** Chooses model and features, then resets. `index` is the vCPU's number. */
  configure(model: CpuModel, features: CpuFeatures, index: number): void {
    this.features = features;
    this.identity = identity_of(model, features, index);
    this.cp.configure(features);
    this.fp.identity = {
      fpsid: this.identity.fpsid | 0,
      mvfr0: this.identity.mvfr0 | 0,
      mvfr1: this.identity.mvfr1 | 0,
      present: features.vfp_neon,
    };
    this.reset();
  }

  /** Power-on state: SVC mode, MMU off, interrupts masked, everything at address 0. */
  reset(): void {
    const cpu = this.cpu;
    this.regs.reset(this.identity.sctlr);
    this.regs.l2ctlr = this.identity.l2ctlr;
    this.modes.reset();
    this.debug.reset();
    this.pmu.reset(this.identity.pmcr | 0);
    this.timer?.reset();
    this.mmio.finish();
    for (const f of [STATE.tpidrurw, STATE.tpidruro, STATE.tpidrprw, STATE.excl_open]) {
      cpu.set(f, 0);
    }
    cpu.i64.fill(0n, STATE.v.address >> 3, (STATE.v.address >> 3) + 34);
    cpu.set(STATE.pc, 0);
    cpu.set(STATE.exit, EXIT.none);
    cpu.pending = undefined;
    cpu.event = false;
    this.fp.reset();
    this.maps.flush();
    this.maps.select();
  }

  /** The mode's privilege or CPSR.E changed. */
  context_changed(): void {
    this.fp.update();
    this.maps.select();
  }

  /** A translation register changed. */
  translation_changed(): void {
    this.maps.select();
  }

  /** Makes the current instruction the last before the run loop looks around. */
  leave(): void {
    this.cpu.set(STATE.exit, EXIT.resume);
  }
}
