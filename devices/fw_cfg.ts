import type { DeviceDescription, DeviceState, MmioDevice } from "./device.ts";

/** A named file that the guest can read. */
export interface FwCfgFile {
  /** Path of at most 55 ASCII characters, such as `"opt/org.example/key"`. */
  readonly name: string;
  /** Its content. */
  readonly data: Uint8Array;
}

/** What a {@link FwCfg} holds. */
export interface FwCfgOptions {
  /** Number of CPUs. */
  readonly cpus: number;
  /** Bytes of RAM. */
  readonly ram_size: number;
  /** Files, in the order of the directory. */
  readonly files?: readonly FwCfgFile[];
}

/** Well-known items (QEMU docs/specs/fw_cfg.rst and Linux include/uapi/linux/qemu_fw_cfg.h). */
const KEY = { signature: 0x00, id: 0x01, ram_size: 0x03, cpus: 0x05, files: 0x19, first: 0x20 };
const FILE_NAME_SIZE = 56;
const FILE_ENTRY_SIZE = 64;

/** Offset of the selector; the data register is at 0. */
const SELECTOR = 0x08;

/**
 * QEMU's firmware configuration device, MMIO flavour, without DMA.
 *
 * The guest writes a big-endian key to the selector and then reads the item from the data register;
 * bytes appear in memory in the order of the item whatever the access size.
 */
export class FwCfg implements MmioDevice {
  /** Name in logs. */
  readonly name = "fw-cfg";

  readonly #items = new Map<number, Uint8Array>();
  #key = 0;
  #at = 0;

  /**
   * Makes a device with the given items.
   *
   * @throws {RangeError} for a file name that is too long or not ASCII, or too many files.
   */
  constructor(options: FwCfgOptions) {
    const files = options.files ?? [];
    const number = (value: number, size: number): Uint8Array =>
      Uint8Array.from({ length: size }, (_, n) => Math.floor(value / 256 ** n) % 256);
    this.#items.set(KEY.signature, new TextEncoder().encode("QEMU"));
    // Bit 0: the traditional interface; bit 1 would offer DMA.
    this.#items.set(KEY.id, number(1, 4));
    this.#items.set(KEY.ram_size, number(options.ram_size, 8));
    this.#items.set(KEY.cpus, number(options.cpus, 2));
    this.#items.set(KEY.files, directory(files));
    files.forEach((file, index) => this.#items.set(KEY.first + index, file.data));
  }

  /** Reads the next bytes of the selected item, zeros after its end. */
  read(offset: number, size: number): number {
    if (offset >= SELECTOR) return 0;
    const item = this.#items.get(this.#key);
    let value = 0;
    for (let byte = 0; byte < size; byte++) {
      value += (item?.[this.#at] ?? 0) * 256 ** byte;
      if (item !== undefined && this.#at < item.length) this.#at++;
    }
    return value;
  }

  /** Selects an item. The data register is read-only, as in QEMU since 2.4. */
  write(offset: number, size: number, value: number): void {
    if (offset !== SELECTOR || size !== 2) return;
    this.#key = ((value & 0xff) << 8) | (value >> 8);
    this.#at = 0;
  }

  /** Selects the signature. */
  reset(): void {
    this.#key = 0;
    this.#at = 0;
  }

  /** The selected item and how far it was read. */
  state(): DeviceState {
    return { key: this.#key, at: this.#at };
  }

  /** Takes a state. */
  restore(state: DeviceState): void {
    this.#key = Number(state.key ?? 0) & 0xffff;
    this.#at = Math.max(0, Number(state.at ?? 0) | 0);
  }

  /** Its node in the device tree. */
  describe(): DeviceDescription {
    return {
      node: "fw-cfg",
      compatible: ["qemu,fw-cfg-mmio"],
      properties: { "dma-coherent": true },
    };
  }
}

/** The file directory: a big-endian count, then size, key, a reserved half-word and name of each. */
function directory(files: readonly FwCfgFile[]): Uint8Array {
  if (files.length > 0x1000) throw new RangeError("Cannot make fw_cfg: more than 4096 files");
  const bytes = new Uint8Array(4 + files.length * FILE_ENTRY_SIZE);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, files.length);
  files.forEach(({ name, data }, index) => {
    if (name.length >= FILE_NAME_SIZE || !/^[\x20-\x7e]+$/.test(name)) {
      throw new RangeError(`Cannot make fw_cfg: bad file name ${JSON.stringify(name)}`);
    }
    const at = 4 + index * FILE_ENTRY_SIZE;
    view.setUint32(at, data.length);
    view.setUint16(at + 4, KEY.first + index);
    bytes.set(new TextEncoder().encode(name), at + 8);
  });
  return bytes;
}
