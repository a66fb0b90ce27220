/** Plain data that a device's state is saved as: structured-cloneable and JSON-safe. */
export type DeviceState = { readonly [name: string]: number | string | readonly number[] };

/**
 * A device on the bus.
 *
 * It knows offsets, never addresses, and answers every offset: a guest cannot make it throw.
 */
export interface MmioDevice {
  /** Short name for logs and the monitor, such as `"pl011"`. */
  readonly name: string;
  /** Reads `size` (1, 2 or 4) bytes; the result is unsigned and fits them. */
  read(offset: number, size: number): number;
  /** Writes `size` (1, 2 or 4) bytes; `value` is unsigned and fits them. */
  write(offset: number, size: number, value: number): void;
  /** Back to the state after power-on. */
  reset(): void;
  /** The state that a later `restore()` brings back. */
  state(): DeviceState;
  /** Takes a state that `state()` gave, maybe in another process. */
  restore(state: DeviceState): void;
  /** How the device tree shows the device; absent for devices that it does not show. */
  describe?(): DeviceDescription;
}

/** How a device's interrupt output behaves. */
export type Trigger = "level" | "edge";

/** What a device says of itself in the device tree. Addresses and numbers come from the machine. */
export interface DeviceDescription {
  /** Node name without its unit address. */
  readonly node: string;
  /** Value of `compatible`. */
  readonly compatible: readonly string[];
  /** Its interrupt outputs, in the order of `interrupts`. */
  readonly interrupts?: readonly Trigger[];
  /** Names of its clock inputs, all fed by the peripheral clock. */
  readonly clocks?: readonly string[];
  /** Further properties: text, cells, or `true` for a property without a value. */
  readonly properties?: Readonly<Record<string, string | readonly number[] | true>>;
}

/** Drives an interrupt line. */
export type IrqLine = (level: boolean) => void;

/** Takes one line of log for a person. */
export type Log = (message: string) => void;
