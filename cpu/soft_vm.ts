import {
  type GuestMemory,
  HypervisorError,
  type Vcpu,
  vcpu_init,
  type VcpuInit,
  type Vm,
  type VmOptions,
} from "../hypervisor/mod.ts";
import { Cpu, new_cpu_memory } from "./cpu.ts";
import type { Engine } from "./engine/engine.ts";
import { gicv2_controller } from "./gic/controller.ts";
import { SoftVcpu } from "./soft_vcpu.ts";
import { MEM } from "./state.ts";
import type { InterruptController } from "./system/devices.ts";
import { CPU_MODELS, FEATURE_TABLE } from "./system/features.ts";
import { System } from "./system/system.ts";
import { GenericTimer } from "./timer.ts";

/** Interrupts of the GIC: 256 SPIs beyond the 32 private ones, as QEMU's virt has. */
const GIC_INTERRUPTS = 288;
/** INTIDs of the timers' private interrupts. */
const TIMER_INTID = { physical: 30, virtual: 27 } as const;

/** The init that the software core prefers: a Cortex-A15 with everything. */
export function preferred_init(): VcpuInit {
  const features = FEATURE_TABLE.map((f) => f.name)
    .filter((name) => name !== "power_off" && name !== "el1_32bit");
  return vcpu_init(CPU_MODELS[0]!.target, features);
}

/** A VM of the software core. It has one vCPU, and lives on one thread. */
export class SoftVm implements Vm {
  /** The RAM. */
  readonly memory: GuestMemory;
  readonly #cpu: Cpu;
  readonly #system: System;
  readonly #gic: InterruptController;
  readonly #make_engine: (cpu: Cpu) => Engine;
  #vcpu: SoftVcpu | undefined;

  /** Makes a VM whose vCPU runs on what `make_engine` makes. */
  constructor(options: VmOptions, make_engine: (cpu: Cpu) => Engine) {
    check(options);
    const { base, size } = options.memory;
    const memory = new_cpu_memory(size);
    this.#make_engine = make_engine;
    this.#cpu = new Cpu(memory);
    this.#system = new System(this.#cpu, options.memory);
    this.memory = { base, size, bytes: new Uint8Array(memory.buffer, MEM.guest_ram, size) };
    this.#gic = gicv2_controller({
      interrupts: GIC_INTERRUPTS,
      output: (irq, fiq) => this.#cpu.set_lines(irq, fiq),
    });
    for (const device of this.#gic.devices) this.#system.mmio.add(device);
    const powered_on = performance.now();
    this.#system.timer = new GenericTimer({
      now: () => performance.now() - powered_on,
      output: (timer, level) => this.#gic.set_ppi(TIMER_INTID[timer], level),
    });
  }

  /** See {@link Vm.preferred_target}. */
  preferred_target(): VcpuInit {
    return preferred_init();
  }

  /** See {@link Vm.create_vcpu}. */
  create_vcpu(index: number): Vcpu {
    if (index !== 0) {
      throw new HypervisorError("KVM_CREATE_VCPU", "EINVAL", `there is no vCPU ${index}`);
    }
    if (this.#vcpu !== undefined) {
      throw new HypervisorError("KVM_CREATE_VCPU", "EEXIST", "vCPU 0 has been made already");
    }
    this.#vcpu = new SoftVcpu({
      cpu: this.#cpu,
      engine: this.#make_engine(this.#cpu),
      index,
      on_init: () => this.#gic.reset(),
    });
    return this.#vcpu;
  }

  /** See {@link IrqLines.set_irq}. */
  set_irq(spi: number, level: boolean): void {
    this.#gic.set_spi(spi, level);
  }

  /**
   * A device or a loader has written `length` bytes of RAM at guest physical address `address`:
   * instructions that the vCPU knows from there are read again.
   */
  memory_written(address: number, length: number): void {
    this.#system.maps.written(address, length);
  }

  /** The CPU itself, for tests and the monitor. */
  get cpu(): Cpu {
    return this.#cpu;
  }

  /** Nothing to give back: the memory is garbage once nobody refers to it. */
  [Symbol.dispose](): void {}
}

function check({ memory: { base, size }, gic, vcpus }: VmOptions): void {
  const refuse = (why: string): never => {
    throw new HypervisorError("KVM_CREATE_VM", "EINVAL", why);
  };
  if (size <= 0 || size % 4096 !== 0 || base % 4096 !== 0) {
    refuse("RAM must begin and end at multiples of 4 KiB");
  }
  const most = 0x1_0000_0000 - MEM.guest_ram;
  if (size > most) refuse(`RAM can have at most ${Math.floor(most / 2 ** 20)} MiB`);
  if (base + size > 0x1_0000_0000) refuse("RAM must end below 4 GiB");
  if (gic !== 2) refuse(`GIC version ${gic} is not there: the software core has a GICv2`);
  if (vcpus !== 1) refuse("the software core runs one vCPU");
}
