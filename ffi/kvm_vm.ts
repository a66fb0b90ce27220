import {
  type FeatureOffer,
  type GicVersion,
  type GuestMemory,
  HypervisorError,
  type Vcpu,
  type VcpuInit,
  type Vm,
  type VmOptions,
} from "../hypervisor/mod.ts";
import { CAPS, IRQ_LINE } from "./abi/constants.ts";
import { STRUCTS } from "./abi/structs.ts";
import { CStruct } from "./c_struct.ts";
import { type Doorbell, type EventFd, ioeventfd, irqfd } from "./eventfd.ts";
import { check_init, feature_offers } from "./features.ts";
import { KvmFd } from "./kvm_fd.ts";
import type { KvmSystem } from "./kvm_system.ts";
import { KvmVcpu } from "./kvm_vcpu.ts";
import { SharedGuestMemory } from "./shared_memory.ts";
import { gic_refusal, offered_gics, Vgic } from "./vgic.ts";

/** The least that KVM takes; QEMU virt's devices and 3 GiB of RAM are within. */
const LEAST_IPA_BITS = 32;
/** Where SPIs begin among a GIC's interrupts. */
const FIRST_SPI = 32;

/** A VM of KVM: its memory is given to the kernel, its GIC is the kernel's. */
export class KvmVm implements Vm {
  /** See {@link Vm.memory}. */
  readonly memory: GuestMemory;
  readonly #system: KvmSystem;
  readonly #file: KvmFd;
  readonly #gic: GicVersion;
  readonly #vgic: Vgic;
  readonly #vcpus = new Map<number, KvmVcpu>();
  readonly #initialised = new Set<number>();
  readonly #most: number;
  readonly #offers: readonly FeatureOffer[];
  readonly #irq = new CStruct(STRUCTS.kvm_irq_level);
  readonly #eventfds: EventFd[] = [];
  /** Levels that were set before the GIC worked. */
  #early_levels: Map<number, boolean> | undefined = new Map();

  /** Makes a VM; `system` is closed with it. */
  constructor(system: KvmSystem, options: VmOptions) {
    const { memory, gic, vcpus } = options;
    this.#system = system;
    this.#most = vcpus;
    this.#gic = gic;
    this.#offers = feature_offers((name) => system.extension(name));
    const ram = new SharedGuestMemory(memory);
    this.memory = ram;
    this.#file = system.create_vm(ipa_bits(system, memory.base + memory.size));
    try {
      this.#enable_nisv();
      this.#map(ram);
      check_gic(this.#file, gic);
      this.#vgic = new Vgic(this.#file, { version: gic, vcpus });
    } catch (error) {
      this.#file[Symbol.dispose]();
      throw error;
    }
  }

  /** See {@link Vm.preferred_target}. */
  preferred_target(): VcpuInit {
    return preferred_target(this.#file);
  }

  /** See {@link Vm.create_vcpu}. */
  create_vcpu(index: number): Vcpu {
    if (!(Number.isInteger(index) && index >= 0 && index < this.#most)) {
      throw new HypervisorError("KVM_CREATE_VCPU", "EINVAL", `there is no vCPU ${index}`);
    }
    const file = new KvmFd(this.#file.call("KVM_CREATE_VCPU", index, `vCPU ${index}`));
    const vcpu = new KvmVcpu({
      file,
      run_size: this.#system.run_size(),
      check: (init) => check_init(init, this.#offers),
      on_init: (again) => this.#on_init(index, again),
      preferred: () => this.preferred_target().target,
    });
    this.#vcpus.set(index, vcpu);
    return vcpu;
  }

  /** See {@link IrqLines.set_irq}. */
  set_irq(spi: number, level: boolean): void {
    if (this.#early_levels !== undefined) {
      this.#early_levels.set(spi, level);
      return;
    }
    this.#irq.set("irq", irq_number(spi));
    this.#irq.set("level", level ? 1 : 0);
    this.#file.call("KVM_IRQ_LINE", this.#irq.bytes);
  }

  /** An eventfd whose signal pulses SPI `spi`, from any thread or process. */
  irq_eventfd(spi: number): EventFd {
    return this.#keep(irqfd(this.#file, spi));
  }

  /** An eventfd that the kernel signals when the guest writes `doorbell`: no exit happens then. */
  io_eventfd(doorbell: Doorbell): EventFd {
    return this.#keep(ioeventfd(this.#file, doorbell));
  }

  /** The registers of the GIC, for comparison. No vCPU may run. */
  gic_state(): string[] {
    return this.#vgic.state();
  }

  /** Closes the VM, its vCPUs and everything else of it. */
  [Symbol.dispose](): void {
    for (const vcpu of this.#vcpus.values()) vcpu[Symbol.dispose]();
    for (const eventfd of this.#eventfds) eventfd[Symbol.dispose]();
    this.#vgic[Symbol.dispose]();
    this.#file[Symbol.dispose]();
    this.#system[Symbol.dispose]();
  }

  #keep(eventfd: EventFd): EventFd {
    this.#eventfds.push(eventfd);
    return eventfd;
  }

  #on_init(index: number, again: boolean): void {
    if (this.#early_levels === undefined) {
      // Power-on again: KVM resets the vCPU and leaves the GIC to us.
      if (again && index === 0) this.#reset_gic();
      return;
    }
    this.#initialised.add(index);
    if (this.#initialised.size < this.#most) return;
    this.#vgic.init();
    for (const vcpu of this.#vcpus.values()) vcpu.on_gic_ready();
    const early = this.#early_levels;
    this.#early_levels = undefined;
    for (const [spi, level] of early) if (level) this.set_irq(spi, level);
  }

  /**
   * What a GIC is at power-on is read from a new one: from this one it would have to be read before
   * the guest starts, hundreds of registers that most guests never need.
   */
  #reset_gic(): void {
    using vm = this.#system.create_vm(ipa_bits(this.#system, 0));
    const init = new CStruct(STRUCTS.kvm_vcpu_init);
    vm.call("KVM_ARM_PREFERRED_TARGET", init.bytes);
    using fresh = new Vgic(vm, { version: this.#gic, vcpus: this.#most });
    using vcpus = new DisposableStack();
    for (let index = 0; index < this.#most; index++) {
      const vcpu = vcpus.use(new KvmFd(vm.call("KVM_CREATE_VCPU", index)));
      vcpu.call("KVM_ARM_VCPU_INIT", init.bytes);
    }
    fresh.init();
    this.#vgic.reset(fresh);
  }

  #map(ram: SharedGuestMemory): void {
    const slot = new CStruct(STRUCTS.kvm_userspace_memory_region, {
      values: {
        slot: 0,
        guest_phys_addr: ram.base,
        memory_size: ram.size,
        userspace_addr: ram.address,
      },
    });
    this.#file.call(
      "KVM_SET_USER_MEMORY_REGION",
      slot.bytes,
      `${ram.size} bytes at 0x${ram.base.toString(16)}`,
    );
  }

  /** Lets the guest's undecodable device accesses exit instead of failing KVM_RUN, if possible. */
  #enable_nisv(): void {
    if (this.#system.extension("KVM_CAP_ARM_NISV_TO_USER") === 0) return;
    const request = new CStruct(STRUCTS.kvm_enable_cap, {
      values: { cap: CAPS.KVM_CAP_ARM_NISV_TO_USER },
    });
    this.#file.call("KVM_ENABLE_CAP", request.bytes);
  }
}

/** KVM_ARM_PREFERRED_TARGET. */
export function preferred_target(vm: KvmFd): VcpuInit {
  const answer = new CStruct(STRUCTS.kvm_vcpu_init);
  vm.call("KVM_ARM_PREFERRED_TARGET", answer.bytes);
  const { count } = STRUCTS.kvm_vcpu_init.fields.features;
  return {
    target: answer.get("target"),
    features: Uint32Array.from({ length: count }, (_, index) => answer.get("features", index)),
  };
}

/** Bits of guest physical addresses to ask for, for memory that ends at `end`. */
export function ipa_bits(system: KvmSystem, end: number): number {
  const most = system.extension("KVM_CAP_ARM_VM_IPA_SIZE");
  // Hosts before Linux 4.20 have 40 and no choice.
  if (most === 0) return 0;
  const needed = Math.max(LEAST_IPA_BITS, Math.ceil(Math.log2(end)));
  if (needed <= most) return needed;
  throw new HypervisorError(
    "KVM_CREATE_VM",
    "EINVAL",
    `the guest's memory needs addresses of ${needed} bits, and this host offers ${most}; ` +
      "give it less memory",
  );
}

/** KVM_IRQ_LINE's number for an SPI. */
function irq_number(spi: number): number {
  return (IRQ_LINE.KVM_ARM_IRQ_TYPE_SPI << IRQ_LINE.KVM_ARM_IRQ_TYPE_SHIFT) | (FIRST_SPI + spi);
}

function check_gic(vm: KvmFd, wanted: GicVersion): void {
  const why = gic_refusal(wanted, offered_gics(vm));
  if (why !== undefined) throw new HypervisorError("KVM_CREATE_DEVICE", "ENODEV", why);
}
