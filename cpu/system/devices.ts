/**
 * What plugs into the core: devices whose registers are answered on the vCPU's own thread, the
 * interrupt controller, the generic timer.
 *
 * @module
 */

/** Memory-mapped registers that the core answers itself, without an exit. */
export interface InternalDevice {
  /** Guest physical address of offset 0. */
  readonly base: number;
  /** Bytes. */
  readonly size: number;
  /** Reads `size` (1, 2, 4) bytes, unsigned. */
  read(offset: number, size: number): number;
  /** Writes `size` (1, 2, 4) bytes. */
  write(offset: number, size: number, value: number): void;
}

/** The interrupt controller. It drives the vCPU's inputs by `Cpu.set_lines`. */
export interface InterruptController {
  /** Its register frames. */
  readonly devices: readonly InternalDevice[];
  /** Drives SPI `spi` (0-based). */
  set_spi(spi: number, level: boolean): void;
  /** Drives private interrupt `ppi` (INTID 16..31, given as INTID). */
  set_ppi(intid: number, level: boolean): void;
  /** Power-on state. */
  reset(): void;
}

/** Generic timer registers, by the names of ARM DDI 0406C, chapter B8. */
export type TimerRegister =
  | "CNTFRQ"
  | "CNTKCTL"
  | "CNTPCT"
  | "CNTVCT"
  | "CNTP_CTL"
  | "CNTP_CVAL"
  | "CNTP_TVAL"
  | "CNTV_CTL"
  | "CNTV_CVAL"
  | "CNTV_TVAL";

/** The generic timer of one vCPU. */
export interface TimerRegisters {
  /** A register's value, unsigned. */
  read(name: TimerRegister): bigint;
  /** Writes a register; 32-bit ones take the low word. CNTVCT moves the virtual counter. */
  write(name: TimerRegister, value: bigint): void;
  /** Brings its interrupt outputs up to date with the counter. */
  poll(): void;
  /** Milliseconds until an output changes by itself, or Infinity. */
  next_event_ms(): number;
  /** Power-on state. */
  reset(): void;
}
