/**
 * An interrupt input of the machine's GIC.
 *
 * SPI n of the architecture is INTID n + 32. Backends take SPIs only; PPIs belong to the vCPU.
 */
export interface IrqLines {
  /** Drives SPI `spi` (0-based, INTID `spi + 32`) to `level`. A rising edge latches edge-triggered SPIs. */
  set_irq(spi: number, level: boolean): void;
}

/** GIC generations that a VM may be given. */
export type GicVersion = 2 | 3;
