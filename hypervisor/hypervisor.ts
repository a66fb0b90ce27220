import type { Exit } from "./exit.ts";
import type { GicVersion, IrqLines } from "./irq.ts";
import type { GuestMemory } from "./memory.ts";
import type { VcpuInit } from "./vcpu_init.ts";

/** What a backend offers on this host. */
export interface Probe {
  /** Whether VMs can be made. */
  readonly available: boolean;
  /** One line: what it is, or why it is not available and what to do. */
  readonly reason: string;
  /** CPU models by name, as `--cpu` takes them; the preferred one first. */
  readonly cpus: readonly string[];
  /** The init each vCPU prefers; absent when not available. */
  readonly preferred?: VcpuInit;
  /** Features that an init may ask for, and for each one refused the reason. */
  readonly features: readonly FeatureOffer[];
  /** GIC versions offered. */
  readonly gic: readonly GicVersion[];
  /** Largest guest physical address width, in bits. */
  readonly ipa_bits: number;
}

/** Whether one feature is offered. */
export interface FeatureOffer {
  /** Name of the feature: a key of `VCPU_FEATURE`, or one that only this backend knows. */
  readonly name: string;
  /** Whether an init with it is accepted. */
  readonly offered: boolean;
  /** Why not, or what it gives. */
  readonly reason: string;
}

/** How a VM is made. */
export interface VmOptions {
  /** RAM to make: base and size, both multiples of 4 KiB. */
  readonly memory: { readonly base: number; readonly size: number };
  /** GIC to put in the VM, at QEMU virt's addresses. */
  readonly gic: GicVersion;
  /** Number of vCPUs that will be made. */
  readonly vcpus: number;
}

/** A backend: something that can make VMs. Opening one holds no resource until `create_vm`. */
export interface Hypervisor {
  /** `"kvm"` or `"soft"`. */
  readonly name: string;
  /** What this host offers; never throws. */
  probe(): Probe;
  /** Makes a VM. Throws HypervisorError. */
  create_vm(options: VmOptions): Vm;
  /** `Vcpu.kick()` for a vCPU of another thread, from its token. */
  kick(token: KickToken): void;
}

/** Names a vCPU across threads; structured-cloneable. */
export interface KickToken {
  /** Which backend it belongs to. */
  readonly backend: string;
  /** Memory that both threads see. */
  readonly shared: SharedArrayBuffer;
  /** What else the backend needs. */
  readonly words: readonly number[];
}

/** Where a vCPU was at some times, oldest first; structured-cloneable. */
export interface GuestSamples {
  /** Virtual addresses of instructions. */
  readonly pc: Uint32Array;
  /** In which space: bits 4:0 the mode, as CPSR has it, or 0 when the vCPU slept; from bit 8 the ASID. */
  readonly space: Uint32Array;
  /** Milliseconds that each one stands for. */
  readonly ms: Float32Array;
}

/** A virtual machine: memory, an interrupt controller, vCPUs. */
export interface Vm extends IrqLines, Disposable {
  /** The RAM that was asked for. */
  readonly memory: GuestMemory;
  /** KVM_ARM_PREFERRED_TARGET: a fresh init that the user may edit. */
  preferred_target(): VcpuInit;
  /** KVM_CREATE_VCPU. EEXIST for an index twice, EINVAL beyond `vcpus`. */
  create_vcpu(index: number): Vcpu;
}

/** A virtual CPU. Everything but `init` answers ENOEXEC before `init`. */
export interface Vcpu extends Disposable {
  /**
   * KVM_ARM_VCPU_INIT: sets target and features at once; again with the same ones resets the vCPU.
   * Code that is put into memory before the next `run()` is what it executes, whatever was there.
   * EINVAL for an unknown target or bit, or for a second init that differs.
   */
  init(init: VcpuInit): void;
  /** KVM_GET_REG_LIST: ids of all registers. */
  reg_list(): bigint[];
  /** KVM_GET_ONE_REG. The value, unsigned. ENOENT for an unknown id. */
  get_reg(id: bigint): bigint;
  /** KVM_SET_ONE_REG. ENOENT for an unknown id, EINVAL for a different value of an invariant one. */
  set_reg(id: bigint, value: bigint): void;
  /** KVM_RUN: runs the guest until something needs the caller. Blocks the thread. */
  run(): Exit;
  /** Makes the current, or else the next, `run()` return `interrupted`. */
  kick(): void;
  /** What another thread hands to `Hypervisor.kick`. */
  kick_token(): KickToken;
  /** Counters for a person, by name. A backend may have none. */
  statistics?(): Readonly<Record<string, number>>;
  /** Takes samples of what the guest executes, from now on. A backend may be unable to. */
  start_profile?(): void;
  /** The samples since {@link start_profile}. */
  profile?(): GuestSamples;
}
