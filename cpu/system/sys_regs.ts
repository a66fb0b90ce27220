/** SCTLR bits. */
export const SCTLR = {
  M: 1 << 0,
  A: 1 << 1,
  C: 1 << 2,
  CP15BEN: 1 << 5,
  SW: 1 << 10,
  Z: 1 << 11,
  I: 1 << 12,
  V: 1 << 13,
  WXN: 1 << 19,
  UWXN: 1 << 20,
  EE: 1 << 25,
  TRE: 1 << 28,
  AFE: 1 << 29,
  TE: 1 << 30,
} as const;

/** TTBCR.EAE: translation tables are in the long format. */
export const TTBCR_EAE: number = 1 << 31;

/**
 * State behind the CP15 registers that are storage, as signed 32-bit words. TPIDRURW, TPIDRURO and
 * TPIDRPRW are in the CPU state.
 */
export class SysRegs {
  sctlr = 0;
  actlr = 0;
  cpacr = 0;
  ttbr0 = 0;
  ttbr0_high = 0;
  ttbr1 = 0;
  ttbr1_high = 0;
  ttbcr = 0;
  dacr = 0;
  dfsr = 0;
  ifsr = 0;
  adfsr = 0;
  aifsr = 0;
  dfar = 0;
  ifar = 0;
  par = 0;
  par_high = 0;
  /** PRRR, and MAIR0 when TTBCR.EAE is set. */
  mair0 = 0;
  /** NMRR, and MAIR1 when TTBCR.EAE is set. */
  mair1 = 0;
  amair0 = 0;
  amair1 = 0;
  vbar = 0;
  contextidr = 0;
  csselr = 0;
  l2ctlr = 0;
  l2ectlr = 0;
  teecr = 0;
  teehbr = 0;

  /** Everything zero but SCTLR and CPACR. */
  reset(sctlr: number): void {
    Object.assign(this, new SysRegs());
    this.sctlr = sctlr;
  }

  /** Whether translation tables are in the long format. */
  get lpae(): boolean {
    return this.ttbcr < 0;
  }
}
