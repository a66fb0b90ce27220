import type { DeviceState, Log } from "./device.ts";

/** One 32-bit register of a device: a row of its table. */
export interface Register<Name extends string> {
  /** Byte offset, a multiple of four. */
  readonly offset: number;
  /** Name in the manual. */
  readonly name: Name;
  /** Value after reset; 0 when absent. */
  readonly reset?: number;
  /** Bits that a write stores; without it and without `write` the register is read-only. */
  readonly writable?: number;
  /** Number of consecutive words that are this register; 1 when absent. */
  readonly words?: number;
  /** What a read gives, in place of the stored value. */
  readonly read?: (offset: number) => number;
  /** What a write does, after the writable bits were stored. */
  readonly write?: (value: number, offset: number) => void;
  /** What a read gives is not the device's state, so it is not saved. */
  readonly constant?: boolean;
}

/**
 * The register file of a device, made of rows.
 *
 * Registers are words, as on an APB without byte strobes: a narrower read gives the bytes it asks
 * for, a narrower write writes the whole word, with zeros in the other bytes.
 */
export class RegisterBank<Name extends string> {
  /** Stored values by name. */
  readonly values: Record<Name, number>;
  /** Accesses so far to offsets without a register, and writes to read-only ones. */
  mistakes = 0;

  readonly #name: string;
  readonly #rows: readonly Register<Name>[];
  readonly #by_word: readonly (Register<Name> | undefined)[];
  readonly #log: Log | undefined;

  /** Makes a bank. The first mistake of the guest goes to `log`. */
  constructor(name: string, rows: readonly Register<Name>[], log?: Log) {
    this.#name = name;
    this.#rows = rows;
    this.#log = log;
    const end = Math.max(...rows.map(({ offset, words = 1 }) => (offset >> 2) + words));
    // Dense, and filled by one call: hundreds of words of which a few are registers.
    const by_word = new Array<Register<Name> | undefined>(end).fill(undefined);
    for (const row of rows) {
      for (let word = 0; word < (row.words ?? 1); word++) {
        const index = (row.offset >> 2) + word;
        if (row.offset % 4 !== 0 || by_word[index] !== undefined) {
          throw new TypeError(`${name}: register ${row.name} is not at a word of its own`);
        }
        by_word[index] = row;
      }
    }
    this.#by_word = by_word;
    this.values = Object.fromEntries(rows.map((row) => [row.name, row.reset ?? 0])) as Record<
      Name,
      number
    >;
  }

  /** Reads `size` bytes at `offset`. */
  read(offset: number, size: number): number {
    const row = this.#by_word[offset >>> 2];
    if (row === undefined) return this.#mistake("read", offset);
    const word = row.read === undefined ? this.values[row.name] : row.read(offset & ~3);
    const lane = word >>> ((offset & 3) * 8);
    return size === 4 ? lane >>> 0 : lane & (size === 1 ? 0xff : 0xffff);
  }

  /** Writes `size` bytes at `offset`. */
  write(offset: number, _size: number, value: number): void {
    const row = this.#by_word[offset >>> 2];
    if (row === undefined || (row.writable === undefined && row.write === undefined)) {
      this.#mistake("write", offset);
      return;
    }
    const word = (value << ((offset & 3) * 8)) >>> 0;
    if (row.writable !== undefined) {
      const kept = this.values[row.name] & ~row.writable;
      this.values[row.name] = (kept | (word & row.writable)) >>> 0;
    }
    row.write?.(word, offset & ~3);
  }

  /** Sets every register to its reset value. */
  reset(): void {
    for (const row of this.#rows) this.values[row.name] = row.reset ?? 0;
  }

  /** Stored values by name. */
  state(): DeviceState {
    const saved = this.#rows.filter((row) => !row.constant);
    return Object.fromEntries(saved.map((row) => [row.name, this.values[row.name]]));
  }

  /** Takes the values that `state()` gave; names it does not know are left out. */
  restore(state: DeviceState): void {
    for (const row of this.#rows) {
      const value = state[row.name];
      if (typeof value === "number" && !row.constant) this.values[row.name] = value >>> 0;
    }
  }

  #mistake(what: string, offset: number): 0 {
    if (this.mistakes++ === 0) {
      this.#log?.(`${this.#name}: guest ${what} of offset 0x${offset.toString(16)} ignored`);
    }
    return 0;
  }
}

/** Names of the registers that {@link primecell_ids} makes. */
export type PrimecellId = `${"PeriphID" | "PCellID"}${0 | 1 | 2 | 3}`;

/**
 * The eight identification registers of a PrimeCell at 0xfe0: a byte each of the peripheral id
 * (part number, designer 0x41, revision, configuration) and of the component id 0xb105f00d.
 */
export function primecell_ids(peripheral_id: number): Register<PrimecellId>[] {
  const row = (name: "PeriphID" | "PCellID", base: number, id: number) =>
    ([0, 1, 2, 3] as const).map((n): Register<PrimecellId> => ({
      offset: base + n * 4,
      name: `${name}${n}`,
      reset: (id >>> (n * 8)) & 0xff,
      constant: true,
    }));
  return [...row("PeriphID", 0xfe0, peripheral_id), ...row("PCellID", 0xff0, 0xb105f00d)];
}
