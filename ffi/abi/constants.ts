/**
 * Constants of Linux's KVM interface, under the names that the headers have for them.
 *
 * @module
 */

/** The only version of the interface there has been since Linux 2.6.22. */
export const KVM_API_VERSION = 12;

/** What KVM_CHECK_EXTENSION is asked. */
export const CAPS = {
  KVM_CAP_IRQCHIP: 0,
  KVM_CAP_USER_MEMORY: 3,
  KVM_CAP_NR_VCPUS: 9,
  KVM_CAP_NR_MEMSLOTS: 10,
  KVM_CAP_MP_STATE: 14,
  KVM_CAP_SET_GUEST_DEBUG: 23,
  KVM_CAP_IRQFD: 32,
  KVM_CAP_IOEVENTFD: 36,
  KVM_CAP_VCPU_EVENTS: 41,
  KVM_CAP_MAX_VCPUS: 66,
  KVM_CAP_ONE_REG: 70,
  KVM_CAP_ARM_PSCI: 87,
  KVM_CAP_DEVICE_CTRL: 89,
  KVM_CAP_ARM_EL1_32BIT: 93,
  KVM_CAP_ARM_PSCI_0_2: 102,
  KVM_CAP_GUEST_DEBUG_HW_BPS: 119,
  KVM_CAP_GUEST_DEBUG_HW_WPS: 120,
  KVM_CAP_ARM_PMU_V3: 126,
  KVM_CAP_IMMEDIATE_EXIT: 136,
  KVM_CAP_ARM_VM_IPA_SIZE: 165,
  KVM_CAP_ARM_SVE: 170,
  KVM_CAP_ARM_PTRAUTH_ADDRESS: 171,
  KVM_CAP_ARM_PTRAUTH_GENERIC: 172,
  KVM_CAP_ARM_NISV_TO_USER: 177,
  KVM_CAP_ARM_INJECT_EXT_DABT: 178,
} as const;

/** Name of a capability. */
export type CapName = keyof typeof CAPS;

/** Why KVM_RUN returned. */
export const EXITS = {
  KVM_EXIT_DEBUG: 4,
  KVM_EXIT_MMIO: 6,
  KVM_EXIT_FAIL_ENTRY: 9,
  KVM_EXIT_INTR: 10,
  KVM_EXIT_INTERNAL_ERROR: 17,
  KVM_EXIT_SYSTEM_EVENT: 24,
  KVM_EXIT_ARM_NISV: 28,
} as const;

/** Kinds of KVM_EXIT_SYSTEM_EVENT. */
export const SYSTEM_EVENTS = {
  KVM_SYSTEM_EVENT_SHUTDOWN: 1,
  KVM_SYSTEM_EVENT_RESET: 2,
  KVM_SYSTEM_EVENT_CRASH: 3,
} as const;

/** Bits of `struct kvm_vcpu_init`'s features. */
export const VCPU_FEATURES = {
  KVM_ARM_VCPU_POWER_OFF: 0,
  KVM_ARM_VCPU_EL1_32BIT: 1,
  KVM_ARM_VCPU_PSCI_0_2: 2,
  KVM_ARM_VCPU_PMU_V3: 3,
  KVM_ARM_VCPU_SVE: 4,
  KVM_ARM_VCPU_PTRAUTH_ADDRESS: 5,
  KVM_ARM_VCPU_PTRAUTH_GENERIC: 6,
} as const;

/** Types of KVM_CREATE_DEVICE. */
export const DEVICES = {
  KVM_DEV_TYPE_ARM_VGIC_V2: 5,
  KVM_DEV_TYPE_ARM_VGIC_V3: 7,
} as const;

/** Flag of KVM_CREATE_DEVICE: only say whether it could be made. */
export const KVM_CREATE_DEVICE_TEST = 1;

/** Groups, attributes and shifts of the VGIC's device attributes. */
export const VGIC = {
  KVM_DEV_ARM_VGIC_GRP_ADDR: 0,
  KVM_DEV_ARM_VGIC_GRP_DIST_REGS: 1,
  KVM_DEV_ARM_VGIC_GRP_CPU_REGS: 2,
  KVM_DEV_ARM_VGIC_GRP_NR_IRQS: 3,
  KVM_DEV_ARM_VGIC_GRP_CTRL: 4,
  KVM_DEV_ARM_VGIC_GRP_REDIST_REGS: 5,
  KVM_DEV_ARM_VGIC_GRP_CPU_SYSREGS: 6,
  KVM_DEV_ARM_VGIC_GRP_LEVEL_INFO: 7,
  KVM_DEV_ARM_VGIC_CTRL_INIT: 0,
  KVM_VGIC_V2_ADDR_TYPE_DIST: 0,
  KVM_VGIC_V2_ADDR_TYPE_CPU: 1,
  KVM_VGIC_V3_ADDR_TYPE_DIST: 2,
  KVM_VGIC_V3_ADDR_TYPE_REDIST: 3,
  KVM_VGIC_V3_ADDR_TYPE_REDIST_REGION: 5,
} as const;

/** Attributes of a vCPU. */
export const VCPU_ATTRS = {
  KVM_ARM_VCPU_PMU_V3_CTRL: 0,
  KVM_ARM_VCPU_PMU_V3_IRQ: 0,
  KVM_ARM_VCPU_PMU_V3_INIT: 1,
} as const;

/** Shifts and types of KVM_IRQ_LINE's number. */
export const IRQ_LINE = {
  KVM_ARM_IRQ_TYPE_SHIFT: 24,
  KVM_ARM_IRQ_TYPE_SPI: 1,
} as const;

/** Controls of KVM_SET_GUEST_DEBUG. */
export const GUEST_DEBUG = {
  KVM_GUESTDBG_ENABLE: 1,
  KVM_GUESTDBG_SINGLESTEP: 2,
  KVM_GUESTDBG_USE_SW_BP: 1 << 16,
  KVM_GUESTDBG_USE_HW: 1 << 17,
} as const;

/** Flags of KVM_IRQFD and KVM_IOEVENTFD. */
export const EVENTFD_FLAGS = {
  KVM_IRQFD_FLAG_DEASSIGN: 1,
  KVM_IOEVENTFD_FLAG_DATAMATCH: 1,
  KVM_IOEVENTFD_FLAG_DEASSIGN: 4,
} as const;

/** Values of `struct kvm_mp_state`. */
export const MP_STATES = {
  KVM_MP_STATE_RUNNABLE: 0,
  KVM_MP_STATE_STOPPED: 5,
} as const;
