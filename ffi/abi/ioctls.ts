/**
 * KVM's ioctls, grouped by the kind of file they go to. A number is made of direction, size of the
 * argument, KVM's own type and a serial number (uapi `asm-generic/ioctl.h`).
 *
 * @module
 */
import { STRUCTS } from "./structs.ts";

/** What a call does with the memory that its argument points to. */
export type Direction = "none" | "write" | "read" | "read_write";

/** One ioctl. */
export interface Ioctl {
  /** Which way its argument goes, seen from the caller. */
  readonly dir: Direction;
  /** Serial number within KVM's type. */
  readonly nr: number;
  /** Size of the argument in bytes; 0 for a plain number. */
  readonly size: number;
}

/** KVMIO, the type of all of KVM's ioctls. */
const KVMIO = 0xae;
const DIRECTIONS: Record<Direction, number> = { none: 0, write: 1, read: 2, read_write: 3 };

const plain = (nr: number): Ioctl => ({ dir: "none", nr, size: 0 });
const write = (nr: number, type: keyof typeof STRUCTS): Ioctl => ({
  dir: "write",
  nr,
  size: STRUCTS[type].size,
});
const read = (nr: number, type: keyof typeof STRUCTS): Ioctl => ({
  dir: "read",
  nr,
  size: STRUCTS[type].size,
});
const read_write = (nr: number, type: keyof typeof STRUCTS): Ioctl => ({
  dir: "read_write",
  nr,
  size: STRUCTS[type].size,
});

/** Calls on `/dev/kvm`. */
export const SYSTEM_IOCTLS = {
  KVM_GET_API_VERSION: plain(0x00),
  KVM_CREATE_VM: plain(0x01),
  KVM_CHECK_EXTENSION: plain(0x03),
  KVM_GET_VCPU_MMAP_SIZE: plain(0x04),
} as const satisfies Record<string, Ioctl>;

/** Calls on a VM. */
export const VM_IOCTLS = {
  KVM_CREATE_VCPU: plain(0x41),
  KVM_SET_USER_MEMORY_REGION: write(0x46, "kvm_userspace_memory_region"),
  KVM_IRQ_LINE: write(0x61, "kvm_irq_level"),
  KVM_IRQFD: write(0x76, "kvm_irqfd"),
  KVM_IOEVENTFD: write(0x79, "kvm_ioeventfd"),
  KVM_ENABLE_CAP: write(0xa3, "kvm_enable_cap"),
  KVM_ARM_PREFERRED_TARGET: read(0xaf, "kvm_vcpu_init"),
  KVM_CREATE_DEVICE: read_write(0xe0, "kvm_create_device"),
} as const satisfies Record<string, Ioctl>;

/** Calls on a vCPU. */
export const VCPU_IOCTLS = {
  KVM_RUN: plain(0x80),
  KVM_GET_MP_STATE: read(0x98, "kvm_mp_state"),
  KVM_SET_MP_STATE: write(0x99, "kvm_mp_state"),
  KVM_SET_GUEST_DEBUG: write(0x9b, "kvm_guest_debug"),
  KVM_GET_VCPU_EVENTS: read(0x9f, "kvm_vcpu_events"),
  KVM_SET_VCPU_EVENTS: write(0xa0, "kvm_vcpu_events"),
  KVM_GET_ONE_REG: write(0xab, "kvm_one_reg"),
  KVM_SET_ONE_REG: write(0xac, "kvm_one_reg"),
  KVM_ARM_VCPU_INIT: write(0xae, "kvm_vcpu_init"),
  KVM_GET_REG_LIST: read_write(0xb0, "kvm_reg_list"),
} as const satisfies Record<string, Ioctl>;

/** Calls on a device, and on a vCPU that has attributes. */
export const DEVICE_IOCTLS = {
  KVM_SET_DEVICE_ATTR: write(0xe1, "kvm_device_attr"),
  KVM_GET_DEVICE_ATTR: write(0xe2, "kvm_device_attr"),
  KVM_HAS_DEVICE_ATTR: write(0xe3, "kvm_device_attr"),
} as const satisfies Record<string, Ioctl>;

/** All of them. */
export const IOCTLS = {
  ...SYSTEM_IOCTLS,
  ...VM_IOCTLS,
  ...VCPU_IOCTLS,
  ...DEVICE_IOCTLS,
} as const;

/** Name of an ioctl. */
export type IoctlName = keyof typeof IOCTLS;

/** The number that `ioctl(2)` takes. */
export function ioctl_number({ dir, nr, size }: Ioctl): number {
  return ((DIRECTIONS[dir] << 30) | (size << 16) | (KVMIO << 8) | nr) >>> 0;
}
