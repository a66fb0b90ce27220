/**
 * ONE_REG ids of arm64 (Linux Documentation/virt/kvm/api.rst, section 4.68, and arm64 asm/kvm.h).
 * A vCPU of KVM on arm64 has these whatever the width of its EL1.
 */
import { KVM_REG_ARM64, KVM_REG_SIZE_U128, KVM_REG_SIZE_U32, KVM_REG_SIZE_U64 } from "./regs.ts";

/** Groups of arm64 ids, shifted into place. */
export const KVM_REG_ARM64_GROUP = {
  /** `struct kvm_regs`, indexed in 32-bit words. */
  core: 0x0010_0000n,
  /** Demultiplexed registers: CCSIDR by CSSELR. */
  demux: 0x0011_0000n,
  /** System registers by op0, op1, CRn, CRm, op2. */
  sysreg: 0x0013_0000n,
  /** Firmware (PSCI version, workarounds). */
  fw: 0x0014_0000n,
  /** Which firmware services there are, as bitmaps. */
  fw_feat_bmap: 0x0016_0000n,
} as const;

/** Words of `struct kvm_regs` at which its parts begin. */
const CORE_WORD = { x0: 0, sp: 62, pc: 64, pstate: 66, sp_el1: 68, elr_el1: 70, spsr: 72 };
const V0_WORD = 84;
const FPSR_WORD = 212;
const FPCR_WORD = 213;

const core = (size: bigint, word: number): bigint =>
  KVM_REG_ARM64 | size | KVM_REG_ARM64_GROUP.core | BigInt(word);

/** The id of general register Xn, 0 to 30. */
export function x_reg_id(n: number): bigint {
  return core(KVM_REG_SIZE_U64, CORE_WORD.x0 + 2 * n);
}

/** The id of SIMD and floating-point register Vn, 0 to 31. */
export function v_reg_id(n: number): bigint {
  return core(KVM_REG_SIZE_U128, V0_WORD + 4 * n);
}

/** Banked SPSRs of `struct kvm_regs`, by index: `svc` is SPSR_EL1. */
export const SPSR_INDEX = { svc: 0, abt: 1, und: 2, irq: 3, fiq: 4 } as const;

/** The id of a banked SPSR. */
export function spsr_id(mode: keyof typeof SPSR_INDEX): bigint {
  return core(KVM_REG_SIZE_U64, CORE_WORD.spsr + 2 * SPSR_INDEX[mode]);
}

/** Ids of the other registers of `struct kvm_regs`. */
export const ARM64_CORE = {
  /** SP_EL0. */
  sp: core(KVM_REG_SIZE_U64, CORE_WORD.sp),
  /** The program counter. */
  pc: core(KVM_REG_SIZE_U64, CORE_WORD.pc),
  /** PSTATE, in the form of an SPSR. */
  pstate: core(KVM_REG_SIZE_U64, CORE_WORD.pstate),
  /** SP_EL1. */
  sp_el1: core(KVM_REG_SIZE_U64, CORE_WORD.sp_el1),
  /** ELR_EL1. */
  elr_el1: core(KVM_REG_SIZE_U64, CORE_WORD.elr_el1),
  /** FPSR. */
  fpsr: core(KVM_REG_SIZE_U32, FPSR_WORD),
  /** FPCR. */
  fpcr: core(KVM_REG_SIZE_U32, FPCR_WORD),
} as const;

/** Encoding of a system register. */
export type SysRegEncoding = readonly [
  op0: number,
  op1: number,
  crn: number,
  crm: number,
  op2: number,
];

/** The id of a system register: op0 15:14, op1 13:11, CRn 10:7, CRm 6:3, op2 2:0. */
export function sys_reg_id([op0, op1, crn, crm, op2]: SysRegEncoding): bigint {
  return KVM_REG_ARM64 | KVM_REG_SIZE_U64 | KVM_REG_ARM64_GROUP.sysreg |
    BigInt((op0 << 14) | (op1 << 11) | (crn << 7) | (crm << 3) | op2);
}
