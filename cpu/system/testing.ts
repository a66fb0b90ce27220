import { Cpu, new_cpu_memory, type PendingException } from "../cpu.ts";
import { EXIT, MEM, STATE } from "../state.ts";
import { MODE } from "./modes.ts";
import { SCTLR } from "./sys_regs.ts";
import { System } from "./system.ts";

/** Where the RAM of a {@link Rig} is, and its size. */
export const RAM = { base: 0x4000_0000, size: 0x10_0000 } as const;

/** A CPU with its system and some RAM, for tests of the system level. */
export class Rig {
  readonly cpu: Cpu = new Cpu(new_cpu_memory(RAM.size));
  readonly system: System = new System(this.cpu, RAM);

  /** Back to power-on, RAM zero. */
  reset(): void {
    this.cpu.u8.fill(0, MEM.guest_ram, MEM.guest_ram + RAM.size);
    this.system.reset();
  }

  /** Writes a word at a physical address. */
  poke(pa: number, value: number): void {
    this.cpu.i32[(MEM.guest_ram + pa - RAM.base) >>> 2] = value;
  }
  /** Reads a word at a physical address, unsigned. */
  peek(pa: number): number {
    return this.cpu.u32[(MEM.guest_ram + pa - RAM.base) >>> 2]!;
  }
  /** Writes a long descriptor. */
  poke64(pa: number, value: bigint): void {
    this.poke(pa, Number(BigInt.asIntN(32, value)));
    this.poke(pa + 4, Number(BigInt.asIntN(32, value >> 32n)));
  }

  /** Sets CPSR.M. */
  mode(mode: keyof typeof MODE): void {
    const { modes } = this.system;
    modes.set_cpsr((modes.get_cpsr() & ~0x1f) | MODE[mode]);
  }

  /** Turns the MMU on with tables as given; short descriptors unless TTBCR.EAE is set. */
  mmu(options: {
    ttbr0?: number;
    ttbr1?: number;
    ttbcr?: number;
    dacr?: number;
    sctlr?: number;
    asid?: number;
  }): void {
    const { regs } = this.system;
    regs.ttbr0 = (options.ttbr0 ?? 0) | 0;
    regs.ttbr1 = (options.ttbr1 ?? 0) | 0;
    regs.ttbcr = (options.ttbcr ?? 0) | 0;
    regs.dacr = (options.dacr ?? 0x5555_5555) | 0;
    regs.contextidr = options.asid ?? 0;
    regs.sctlr |= SCTLR.M | (options.sctlr ?? 0);
    this.system.translation_changed();
  }

  /** What the last access raised; undefined when it did not. Clears it. */
  taken(): PendingException | undefined {
    const { cpu } = this;
    const pending = cpu.get(STATE.exit) === EXIT.exception ? cpu.pending : undefined;
    cpu.set(STATE.exit, EXIT.none);
    cpu.pending = undefined;
    return pending;
  }
}
