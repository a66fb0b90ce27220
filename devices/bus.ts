import type { Log, MmioDevice } from "./device.ts";

/** Distinct pages without a device that are remembered; accesses beyond are only counted. */
const MAX_REPORTED_PAGES = 64;

/** A device and where it is. */
export interface Mapping {
  /** Address of its first byte. */
  readonly base: number;
  /** Bytes it answers for. */
  readonly size: number;
  /** The device. */
  readonly device: MmioDevice;
}

/** The physical address space outside RAM: finds the device an access is for. */
export class MmioBus {
  /** Guest accesses so far to addresses without a device. */
  unmapped = 0;

  readonly #mappings: Mapping[] = [];
  readonly #log: Log | undefined;
  readonly #reported = new Set<number>();
  #last: Mapping | undefined;

  /** Makes an empty bus. Accesses without a device go to `log` once per page of 4 KiB. */
  constructor(log?: Log) {
    this.#log = log;
  }

  /**
   * Puts a device at [base, base + size).
   *
   * @throws {RangeError} when the range is empty, beyond 2^52 or overlaps another one.
   */
  map(base: number, size: number, device: MmioDevice): void {
    if (!Number.isSafeInteger(base) || !(size > 0) || base < 0 || base + size > 2 ** 52) {
      throw new RangeError(`Cannot map ${device.name}: bad range`);
    }
    const at = this.#mappings.findLastIndex((mapping) => mapping.base < base) + 1;
    // They are in order and apart, so only the neighbours can be in the way.
    const other = this.#mappings.slice(Math.max(at - 1, 0), at + 1)
      .find((m) => base < m.base + m.size && m.base < base + size);
    if (other !== undefined) {
      throw new RangeError(`Cannot map ${device.name}: overlaps ${other.device.name}`);
    }
    this.#mappings.splice(at, 0, { base, size, device });
  }

  /** What is mapped, by rising address. */
  mappings(): readonly Mapping[] {
    return this.#mappings;
  }

  /** Reads `size` (1, 2 or 4) bytes; 0 where there is no device. */
  read(address: number, size: number): number {
    const mapping = this.#find(address);
    if (mapping === undefined) return this.#miss("read", address, size);
    return mapping.device.read(address - mapping.base, size);
  }

  /** Writes `size` (1, 2 or 4) bytes; does nothing where there is no device. */
  write(address: number, size: number, value: number): void {
    const mapping = this.#find(address);
    if (mapping === undefined) this.#miss("write", address, size);
    else mapping.device.write(address - mapping.base, size, value);
  }

  /** Answers a read exit: `size` (1, 2, 4 or 8) bytes into `data`. Eight bytes are two reads. */
  read_into(address: number, size: number, data: DataView): void {
    switch (size) {
      case 1:
        return data.setUint8(0, this.read(address, 1));
      case 2:
        return data.setUint16(0, this.read(address, 2), true);
      case 8:
        data.setUint32(0, this.read(address, 4), true);
        return data.setUint32(4, this.read(address + 4, 4), true);
      default:
        return data.setUint32(0, this.read(address, 4), true);
    }
  }

  /** Answers a write exit: `size` (1, 2, 4 or 8) bytes of `data`. Eight bytes are two writes. */
  write_from(address: number, size: number, data: DataView): void {
    switch (size) {
      case 1:
        return this.write(address, 1, data.getUint8(0));
      case 2:
        return this.write(address, 2, data.getUint16(0, true));
      case 8:
        this.write(address, 4, data.getUint32(0, true));
        return this.write(address + 4, 4, data.getUint32(4, true));
      default:
        return this.write(address, 4, data.getUint32(0, true));
    }
  }

  #find(address: number): Mapping | undefined {
    // Guests access one device many times in a row.
    const last = this.#last;
    if (last !== undefined && address >= last.base && address < last.base + last.size) return last;
    let low = 0;
    let high = this.#mappings.length - 1;
    while (low <= high) {
      const middle = (low + high) >> 1;
      const mapping = this.#mappings[middle]!;
      if (address < mapping.base) high = middle - 1;
      else if (address >= mapping.base + mapping.size) low = middle + 1;
      else return this.#last = mapping;
    }
    return undefined;
  }

  #miss(what: string, address: number, size: number): 0 {
    this.unmapped++;
    const page = Math.floor(address / 4096);
    if (this.#reported.size < MAX_REPORTED_PAGES && !this.#reported.has(page)) {
      this.#reported.add(page);
      this.#log?.(
        `bus: guest ${what} of ${size} bytes at 0x${address.toString(16)}: no device there`,
      );
    }
    return 0;
  }
}
