/**
 * ONE_REG ids: 64-bit names of registers (Linux Documentation/virt/kvm/api.rst, section 4.68, and
 * the 32-bit asm/kvm.h that Linux had up to 5.6).
 *
 * Bits 63:56 architecture, 55:52 size as log2 of bytes, 31:16 group, 15:0 the register.
 */
export const KVM_REG_ARM = 0x4000_0000_0000_0000n;
/** Architecture field of arm64 ids. */
export const KVM_REG_ARM64 = 0x6000_0000_0000_0000n;
/** Size field of a 32-bit register. */
export const KVM_REG_SIZE_U32 = 0x0020_0000_0000_0000n;
/** Size field of a 64-bit register. */
export const KVM_REG_SIZE_U64 = 0x0030_0000_0000_0000n;
/** Size field of a 128-bit register. */
export const KVM_REG_SIZE_U128 = 0x0040_0000_0000_0000n;

/** Groups ("coprocessors") of 32-bit ARM ids, shifted into place. */
export const KVM_REG_ARM_GROUP = {
  /** `struct kvm_regs`, indexed in 32-bit words. */
  core: 0x0010_0000n,
  /** Demultiplexed registers: CCSIDR by CSSELR. */
  demux: 0x0011_0000n,
  /** VFP: D registers at 0.., system registers at 0x20000000-like ids (low half here). */
  vfp: 0x0012_0000n,
  /** Firmware (PSCI version). */
  fw: 0x0014_0000n,
} as const;

/** Size in bytes of the register that `id` names. */
export function reg_size(id: bigint): number {
  return 1 << Number((id >> 52n) & 15n);
}

/**
 * The id of a 32-bit CP15 or CP14 register (KVM_REG_ARM | group cp | fields).
 * Layout: cp in 31:16, CRn 14:11, CRm 10:7, opc1 6:3, opc2 2:0 (arch/arm/include/uapi/asm/kvm.h).
 */
export function cp_reg_id(
  cp: number,
  crn: number,
  opc1: number,
  crm: number,
  opc2: number,
): bigint {
  return KVM_REG_ARM | KVM_REG_SIZE_U32 | BigInt(cp << 16) |
    BigInt((crn << 11) | (crm << 7) | (opc1 << 3) | opc2);
}

/** The id of a 64-bit CP15 register (MRRC/MCRR): cp, CRm and opc1 only. */
export function cp_reg64_id(cp: number, opc1: number, crm: number): bigint {
  return KVM_REG_ARM | KVM_REG_SIZE_U64 | BigInt(cp << 16) | BigInt((crm << 7) | (opc1 << 3));
}

/** The id of the 32-bit word `index` of `struct kvm_regs`. */
export function core_reg_id(index: number): bigint {
  return KVM_REG_ARM | KVM_REG_SIZE_U32 | KVM_REG_ARM_GROUP.core | BigInt(index);
}
