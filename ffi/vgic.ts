import type { GicVersion } from "../hypervisor/mod.ts";
import { DEVICES, KVM_CREATE_DEVICE_TEST, VGIC } from "./abi/constants.ts";
import { STRUCTS } from "./abi/structs.ts";
import { CStruct } from "./c_struct.ts";
import { DeviceAttributes } from "./device_attr.ts";
import { KvmFd } from "./kvm_fd.ts";
import { GicRegisters } from "./vgic_reset.ts";

/** QEMU virt's addresses. */
const ADDRESS = { dist: 0x0800_0000, cpu: 0x0801_0000, redist: 0x080a_0000 };

/** Interrupts: 256 SPIs beyond the 32 private ones, as QEMU's virt has. */
export const VGIC_INTERRUPTS = 288;

const TYPES: Record<GicVersion, number> = {
  2: DEVICES.KVM_DEV_TYPE_ARM_VGIC_V2,
  3: DEVICES.KVM_DEV_TYPE_ARM_VGIC_V3,
};

/** Which versions a VM of this host can have, the newest first. */
export function offered_gics(vm: KvmFd): GicVersion[] {
  return ([3, 2] as const).filter((version) => {
    const request = new CStruct(STRUCTS.kvm_create_device, {
      values: { type: TYPES[version], flags: KVM_CREATE_DEVICE_TEST },
    });
    return vm.try_call("KVM_CREATE_DEVICE", request.bytes) >= 0;
  });
}

/** Why a VM cannot have a GIC of a version, where KVM offers those; undefined when it can. */
export function gic_refusal(
  wanted: GicVersion,
  offered: readonly GicVersion[],
): string | undefined {
  if (offered.includes(wanted)) return undefined;
  if (offered.length === 0) return `${NO_GIC}; use --accel soft`;
  const names = offered.map((version) => `GICv${version}`).join(" and ");
  return `GICv${wanted} was asked for, and this host offers ${names}; use that`;
}

/** Why there are no guests on a host whose KVM offers no GIC. */
export const NO_GIC =
  "KVM here emulates no interrupt controller; the host's own must be a GICv2 or GICv3 with " +
  "virtualization";

/** The interrupt controller that the kernel emulates, with the help of the host's own. */
export class Vgic implements Disposable {
  readonly #file: KvmFd;
  readonly #attributes: DeviceAttributes;
  readonly #version: GicVersion;
  readonly #vcpus: number;
  #registers: GicRegisters | undefined;

  /** Puts one into a VM, before or after its vCPUs. */
  constructor(vm: KvmFd, options: { readonly version: GicVersion; readonly vcpus: number }) {
    const { version, vcpus } = options;
    const request = new CStruct(STRUCTS.kvm_create_device, { values: { type: TYPES[version] } });
    vm.call("KVM_CREATE_DEVICE", request.bytes, `GICv${version}`);
    this.#file = new KvmFd(request.get("fd"));
    this.#attributes = new DeviceAttributes(this.#file);
    this.#version = version;
    this.#vcpus = vcpus;
    const place = (attr: number, address: number): void =>
      this.#attributes.set({ group: VGIC.KVM_DEV_ARM_VGIC_GRP_ADDR, attr }, address);
    try {
      if (version === 2) {
        place(VGIC.KVM_VGIC_V2_ADDR_TYPE_DIST, ADDRESS.dist);
        place(VGIC.KVM_VGIC_V2_ADDR_TYPE_CPU, ADDRESS.cpu);
      } else {
        place(VGIC.KVM_VGIC_V3_ADDR_TYPE_DIST, ADDRESS.dist);
        place(VGIC.KVM_VGIC_V3_ADDR_TYPE_REDIST, ADDRESS.redist);
      }
      this.#attributes.set(
        { group: VGIC.KVM_DEV_ARM_VGIC_GRP_NR_IRQS, attr: 0 },
        VGIC_INTERRUPTS,
      );
    } catch (error) {
      this.#file[Symbol.dispose]();
      throw error;
    }
  }

  /** Makes it work: once, when every vCPU has been made and initialised. */
  init(): void {
    this.#attributes.set({
      group: VGIC.KVM_DEV_ARM_VGIC_GRP_CTRL,
      attr: VGIC.KVM_DEV_ARM_VGIC_CTRL_INIT,
    });
  }

  /** Back to what `fresh`, a GIC like this one, is after {@link Vgic.init}: KVM resets vCPUs only. */
  reset(fresh: Vgic): void {
    const registers = this.#all_registers();
    registers.restore(this.#attributes, registers.save(fresh.#attributes));
  }

  /** Its registers, for comparison. No vCPU may run. */
  state(): string[] {
    return this.#all_registers().show(this.#attributes);
  }

  #all_registers(): GicRegisters {
    return this.#registers ??= new GicRegisters({
      version: this.#version,
      vcpus: this.#vcpus,
      interrupts: VGIC_INTERRUPTS,
    });
  }

  /** Gives back the handle; the device itself lives as long as its VM. */
  [Symbol.dispose](): void {
    this.#file[Symbol.dispose]();
  }
}
