/**
 * The registers of an AArch32 vCPU under the ids that 32-bit ARM's KVM had for them.
 *
 * KVM on arm64 knows them as the AArch64 registers that hold them (Arm DDI 0487, D1.20.1 and the
 * "architecturally mapped" notes of each register). With this table a machine, a monitor or a saved
 * state need not know which kind of host a 32-bit guest runs on.
 */
import {
  ARM64_CORE,
  core_reg_id,
  cp_reg64_id,
  cp_reg_id,
  KVM_REG_ARM,
  KVM_REG_ARM_GROUP,
  KVM_REG_SIZE_U32,
  KVM_REG_SIZE_U64,
  spsr_id,
  type SPSR_INDEX,
  sys_reg_id,
  type SysRegEncoding,
  v_reg_id,
  x_reg_id,
} from "../hypervisor/mod.ts";
import { lazy } from "./lazy.ts";

/** Bits of an arm64 register in which a 32-bit one lives. */
export interface Piece {
  /** The arm64 register's id. */
  readonly id: bigint;
  /** Its lowest bit. */
  readonly shift: bigint;
  /** Its bits, shifted down. */
  readonly mask: bigint;
  /** Whether the rest of the arm64 register is something else, which a write keeps. */
  readonly shared: boolean;
}

const U32 = 0xffff_ffffn;
const U64 = 0xffff_ffff_ffff_ffffn;

const whole = (id: bigint, mask = U32): Piece[] => [{ id, shift: 0n, mask, shared: false }];
const half = (id: bigint, high: boolean, bits = 32n): Piece[] => [{
  id,
  shift: high ? bits : 0n,
  mask: (1n << bits) - 1n,
  shared: true,
}];
const part = (id: bigint, mask: bigint): Piece => ({ id, shift: 0n, mask, shared: true });

/** Which Xn hold SP and LR of each mode that has its own. */
const BANKS = {
  svc: { word: 18, sp: 19, lr: 18 },
  abt: { word: 21, sp: 21, lr: 20 },
  und: { word: 24, sp: 23, lr: 22 },
  irq: { word: 27, sp: 17, lr: 16 },
  fiq: { word: 35, sp: 29, lr: 30 },
} as const satisfies Record<keyof typeof SPSR_INDEX, unknown>;
/** Words of r8_fiq to r12_fiq, which are in X24 to X28. */
const FIQ_R8 = { word: 30, x: 24 };

type Cp15 = readonly [crn: number, opc1: number, crm: number, opc2: number];

/** CP15 registers that are the low half of an AArch64 one. */
const CP15_LOW: readonly (readonly [Cp15, SysRegEncoding])[] = [
  [[0, 0, 0, 0], [3, 0, 0, 0, 0]], // MIDR
  [[0, 0, 0, 5], [3, 0, 0, 0, 5]], // MPIDR
  [[0, 2, 0, 0], [3, 2, 0, 0, 0]], // CSSELR
  [[1, 0, 0, 0], [3, 0, 1, 0, 0]], // SCTLR
  [[1, 0, 0, 1], [3, 0, 1, 0, 1]], // ACTLR
  [[1, 0, 0, 2], [3, 0, 1, 0, 2]], // CPACR
  [[2, 0, 0, 0], [3, 0, 2, 0, 0]], // TTBR0
  [[2, 0, 0, 1], [3, 0, 2, 0, 1]], // TTBR1
  [[2, 0, 0, 2], [3, 0, 2, 0, 2]], // TTBCR, TCR_EL1
  [[3, 0, 0, 0], [3, 4, 3, 0, 0]], // DACR, DACR32_EL2
  [[5, 0, 0, 0], [3, 0, 5, 2, 0]], // DFSR, ESR_EL1
  [[5, 0, 0, 1], [3, 4, 5, 0, 1]], // IFSR, IFSR32_EL2
  [[7, 0, 4, 0], [3, 0, 7, 4, 0]], // PAR
  [[12, 0, 0, 0], [3, 0, 12, 0, 0]], // VBAR
  [[13, 0, 0, 1], [3, 0, 13, 0, 1]], // CONTEXTIDR
  [[13, 0, 0, 2], [3, 3, 13, 0, 2]], // TPIDRURW, TPIDR_EL0
  [[13, 0, 0, 3], [3, 3, 13, 0, 3]], // TPIDRURO, TPIDRRO_EL0
  [[13, 0, 0, 4], [3, 0, 13, 0, 4]], // TPIDRPRW, TPIDR_EL1
];

/** CP15 registers that share an AArch64 one: low half, high half. */
const CP15_PAIRS: readonly (readonly [low: Cp15, high: Cp15, SysRegEncoding])[] = [
  [[6, 0, 0, 0], [6, 0, 0, 2], [3, 0, 6, 0, 0]], // DFAR, IFAR; FAR_EL1
  [[10, 0, 2, 0], [10, 0, 2, 1], [3, 0, 10, 2, 0]], // PRRR/MAIR0, NMRR/MAIR1; MAIR_EL1
  [[10, 0, 3, 0], [10, 0, 3, 1], [3, 0, 10, 3, 0]], // AMAIR0, AMAIR1; AMAIR_EL1
];

/** 64-bit views: opc1, CRm. */
const CP15_WIDE: readonly (readonly [opc1: number, crm: number, SysRegEncoding])[] = [
  [0, 2, [3, 0, 2, 0, 0]], // TTBR0
  [1, 2, [3, 0, 2, 0, 1]], // TTBR1
  [0, 7, [3, 0, 7, 4, 0]], // PAR
];

/** Low halves of VFP system register ids (32-bit asm/kvm.h), and FPEXC32_EL2. */
const FPSCR = 0x1001n;
const FPEXC = 0x1008n;
const FPEXC32_EL2: SysRegEncoding = [3, 4, 5, 3, 0];
/** FPSCR's bits that AArch64 keeps in FPSR: flags, QC, cumulative exceptions; the others in FPCR. */
const IN_FPSR = 0xf800_009fn;

/** The pieces that make up each 32-bit register. */
const table = lazy(build);

/** The pieces of the arm64 registers that hold `id` in an AArch32 vCPU; undefined for none. */
export function pieces_of(id: bigint): readonly Piece[] | undefined {
  return table().get(id);
}

/** All ids there are pieces for. */
export function ids_of_32bit_registers(): bigint[] {
  return [...table().keys()];
}

function build(): Map<bigint, readonly Piece[]> {
  const table = new Map<bigint, readonly Piece[]>();
  for (let r = 0; r <= 14; r++) table.set(core_reg_id(r), whole(x_reg_id(r)));
  table.set(core_reg_id(15), whole(ARM64_CORE.pc));
  table.set(core_reg_id(16), whole(ARM64_CORE.pstate));
  for (const [mode, { word, sp, lr }] of Object.entries(BANKS)) {
    table.set(core_reg_id(word), whole(x_reg_id(sp)));
    table.set(core_reg_id(word + 1), whole(x_reg_id(lr)));
    table.set(core_reg_id(word + 2), whole(spsr_id(mode as keyof typeof BANKS)));
  }
  for (let i = 0; i < 5; i++) {
    table.set(core_reg_id(FIQ_R8.word + i), whole(x_reg_id(FIQ_R8.x + i)));
  }
  for (const [cp15, sys] of CP15_LOW) table.set(cp_reg_id(15, ...cp15), whole(sys_reg_id(sys)));
  for (const [low, high, sys] of CP15_PAIRS) {
    table.set(cp_reg_id(15, ...low), half(sys_reg_id(sys), false));
    table.set(cp_reg_id(15, ...high), half(sys_reg_id(sys), true));
  }
  for (const [opc1, crm, sys] of CP15_WIDE) {
    table.set(cp_reg64_id(15, opc1, crm), whole(sys_reg_id(sys), U64));
  }
  const vfp = KVM_REG_ARM | KVM_REG_ARM_GROUP.vfp;
  for (let d = 0; d < 32; d++) {
    table.set(vfp | KVM_REG_SIZE_U64 | BigInt(d), half(v_reg_id(d >> 1), (d & 1) === 1, 64n));
  }
  table.set(vfp | KVM_REG_SIZE_U32 | FPSCR, [
    part(ARM64_CORE.fpsr, IN_FPSR),
    part(ARM64_CORE.fpcr, ~IN_FPSR & U32),
  ]);
  table.set(vfp | KVM_REG_SIZE_U32 | FPEXC, whole(sys_reg_id(FPEXC32_EL2)));
  return table;
}
