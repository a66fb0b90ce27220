/** How a machine ended. */
export type Ended =
  /** The guest powered itself off (PSCI SYSTEM_OFF). */
  | { readonly kind: "powered_off" }
  /** The guest asked for a reset and `no_reboot` was set. */
  | { readonly kind: "reset" }
  /** The guest's Linux kernel panicked; `message` is what it said. */
  | { readonly kind: "panic"; readonly message: string }
  /** The time limit of `run` passed. */
  | { readonly kind: "timeout" }
  /** `run`'s signal was aborted, or the machine disposed. */
  | { readonly kind: "stopped" }
  /** armvm cannot go on: a bug in it, `message` says where. */
  | { readonly kind: "failed"; readonly message: string };

/** How much a line of log matters. */
export type LogLevel = "warn" | "info" | "debug";

/** What the monitor can be asked. */
export type MonitorRequest = keyof MonitorAnswers;

/** The monitor's answers. */
export interface MonitorAnswers {
  /** The vCPU's registers, by name. */
  registers: readonly RegisterValue[];
  /** The machine's devices. */
  devices: readonly DeviceInfo[];
  /** Counters. */
  stats: Readonly<Record<string, number>>;
}

/** One register of a vCPU. */
export interface RegisterValue {
  /** Name, such as `r0`, `cpsr`, `sctlr`. */
  readonly name: string;
  /** Its value. */
  readonly value: bigint;
}

/** One device of the machine. */
export interface DeviceInfo {
  /** Name, such as `pl011`. */
  readonly name: string;
  /** Guest physical address of its registers. */
  readonly base: number;
  /** Size of its register window in bytes. */
  readonly size: number;
  /** Interrupt, as an SPI number. */
  readonly spi?: number;
}
