/**
 * Names of the AArch64 system registers that KVM lists (Arm DDI 0487, D19), by the low 16 bits of
 * their ONE_REG ids.
 *
 * @module
 */

import { lazy } from "./lazy.ts";

/** `op0 op1 CRn CRm op2 name`; `n` in a name stands for the number of one of several. */
const ROWS = `
3 0 0 0 0 MIDR_EL1
3 0 0 0 5 MPIDR_EL1
3 0 0 0 6 REVIDR_EL1
3 0 0 1 0 ID_PFR0_EL1
3 0 0 1 1 ID_PFR1_EL1
3 0 0 1 2 ID_DFR0_EL1
3 0 0 1 3 ID_AFR0_EL1
3 0 0 1 4 ID_MMFR0_EL1
3 0 0 1 5 ID_MMFR1_EL1
3 0 0 1 6 ID_MMFR2_EL1
3 0 0 1 7 ID_MMFR3_EL1
3 0 0 2 0 ID_ISAR0_EL1
3 0 0 2 1 ID_ISAR1_EL1
3 0 0 2 2 ID_ISAR2_EL1
3 0 0 2 3 ID_ISAR3_EL1
3 0 0 2 4 ID_ISAR4_EL1
3 0 0 2 5 ID_ISAR5_EL1
3 0 0 2 6 ID_MMFR4_EL1
3 0 0 2 7 ID_ISAR6_EL1
3 0 0 3 0 MVFR0_EL1
3 0 0 3 1 MVFR1_EL1
3 0 0 3 2 MVFR2_EL1
3 0 0 3 4 ID_PFR2_EL1
3 0 0 3 5 ID_DFR1_EL1
3 0 0 3 6 ID_MMFR5_EL1
3 0 0 4 0 ID_AA64PFR0_EL1
3 0 0 4 1 ID_AA64PFR1_EL1
3 0 0 4 4 ID_AA64ZFR0_EL1
3 0 0 4 5 ID_AA64SMFR0_EL1
3 0 0 5 0 ID_AA64DFR0_EL1
3 0 0 5 1 ID_AA64DFR1_EL1
3 0 0 5 4 ID_AA64AFR0_EL1
3 0 0 5 5 ID_AA64AFR1_EL1
3 0 0 6 0 ID_AA64ISAR0_EL1
3 0 0 6 1 ID_AA64ISAR1_EL1
3 0 0 6 2 ID_AA64ISAR2_EL1
3 0 0 7 0 ID_AA64MMFR0_EL1
3 0 0 7 1 ID_AA64MMFR1_EL1
3 0 0 7 2 ID_AA64MMFR2_EL1
3 0 1 0 0 SCTLR_EL1
3 0 1 0 1 ACTLR_EL1
3 0 1 0 2 CPACR_EL1
3 0 1 2 0 ZCR_EL1
3 0 2 0 0 TTBR0_EL1
3 0 2 0 1 TTBR1_EL1
3 0 2 0 2 TCR_EL1
3 0 2 1 0 APIAKEYLO_EL1
3 0 2 1 1 APIAKEYHI_EL1
3 0 2 1 2 APIBKEYLO_EL1
3 0 2 1 3 APIBKEYHI_EL1
3 0 2 2 0 APDAKEYLO_EL1
3 0 2 2 1 APDAKEYHI_EL1
3 0 2 2 2 APDBKEYLO_EL1
3 0 2 2 3 APDBKEYHI_EL1
3 0 2 3 0 APGAKEYLO_EL1
3 0 2 3 1 APGAKEYHI_EL1
3 0 5 1 0 AFSR0_EL1
3 0 5 1 1 AFSR1_EL1
3 0 5 2 0 ESR_EL1
3 0 6 0 0 FAR_EL1
3 0 7 4 0 PAR_EL1
3 0 9 14 1 PMINTENSET_EL1
3 0 9 14 2 PMINTENCLR_EL1
3 0 10 2 0 MAIR_EL1
3 0 10 3 0 AMAIR_EL1
3 0 12 0 0 VBAR_EL1
3 0 12 1 1 DISR_EL1
3 0 13 0 1 CONTEXTIDR_EL1
3 0 13 0 4 TPIDR_EL1
3 0 14 1 0 CNTKCTL_EL1
3 1 0 0 1 CLIDR_EL1
3 1 0 0 7 AIDR_EL1
3 2 0 0 0 CSSELR_EL1
3 3 0 0 1 CTR_EL0
3 3 9 12 0 PMCR_EL0
3 3 9 12 1 PMCNTENSET_EL0
3 3 9 12 2 PMCNTENCLR_EL0
3 3 9 12 3 PMOVSCLR_EL0
3 3 9 12 4 PMSWINC_EL0
3 3 9 12 5 PMSELR_EL0
3 3 9 13 0 PMCCNTR_EL0
3 3 9 14 0 PMUSERENR_EL0
3 3 9 14 3 PMOVSSET_EL0
3 3 13 0 2 TPIDR_EL0
3 3 13 0 3 TPIDRRO_EL0
3 3 13 0 7 SCXTNUM_EL0
3 3 14 0 1 CNTPCT_EL0
3 3 14 2 1 CNTP_CTL_EL0
3 3 14 2 2 CNTP_CVAL_EL0
3 3 14 3 1 CNTV_CTL_EL0
3 3 14 0 2 CNTV_CVAL_EL0
3 3 14 3 2 CNTVCT_EL0
3 3 14 15 7 PMCCFILTR_EL0
3 4 3 0 0 DACR32_EL2
3 4 5 0 1 IFSR32_EL2
3 4 5 3 0 FPEXC32_EL2
2 0 0 0 2 OSDTRRX_EL1
2 0 0 2 0 MDCCINT_EL1
2 0 0 2 2 MDSCR_EL1
2 0 0 3 2 OSDTRTX_EL1
2 0 0 6 2 OSECCR_EL1
2 0 1 1 4 OSLSR_EL1
2 0 1 3 4 OSDLR_EL1
2 0 1 4 4 DBGPRCR_EL1
2 0 7 8 6 DBGCLAIMSET_EL1
2 0 7 9 6 DBGCLAIMCLR_EL1
2 0 7 14 6 DBGAUTHSTATUS_EL1
2 3 0 1 0 MDCCSR_EL0
2 3 0 4 0 DBGDTR_EL0
2 3 0 5 0 DBGDTRRX_EL0
2 4 0 7 0 DBGVCR32_EL2
`;

const bits = (op0: number, op1: number, crn: number, crm: number, op2: number): number =>
  (op0 << 14) | (op1 << 11) | (crn << 7) | (crm << 3) | op2;

/**
 * Names by the low 16 bits of the id. CNTV_CVAL_EL0 and CNTVCT_EL0 are at each other's encoding: a
 * slip of the interface's that cannot be mended.
 */
export const sys_reg_names: () => ReadonlyMap<number, string> = lazy(build);

function build(): Map<number, string> {
  const names = new Map<number, string>();
  for (const row of ROWS.trim().split("\n")) {
    const [op0, op1, crn, crm, op2, name] = row.split(" ");
    names.set(bits(+op0!, +op1!, +crn!, +crm!, +op2!), name!);
  }
  for (let n = 0; n < 16; n++) {
    const groups = [[4, "DBGBVR"], [5, "DBGBCR"], [6, "DBGWVR"], [7, "DBGWCR"]] as const;
    for (const [op2, name] of groups) names.set(bits(2, 0, 0, n, op2), `${name}${n}_EL1`);
  }
  for (let n = 0; n < 31; n++) {
    names.set(bits(3, 3, 14, 8 | (n >> 3), n & 7), `PMEVCNTR${n}_EL0`);
    names.set(bits(3, 3, 14, 12 | (n >> 3), n & 7), `PMEVTYPER${n}_EL0`);
  }
  return names;
}
