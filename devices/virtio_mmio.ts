import type { DeviceDescription, DeviceState, Log, MmioDevice } from "./device.ts";
import { RegisterBank } from "./registers.ts";

/**
 * A virtio-mmio transport with no device behind it (virtio 1.2, 4.2.2: DeviceID 0).
 *
 * Drivers read the magic, the version and the id, and leave it alone. The version and the vendor
 * are those of QEMU's empty transports.
 */
export class VirtioMmioSlot implements MmioDevice {
  /** Name in logs. */
  readonly name = "virtio-mmio";

  readonly #regs: RegisterBank<string>;

  /** Makes an empty transport. */
  constructor(log?: Log) {
    this.#regs = new RegisterBank<string>(this.name, [
      { offset: 0x000, name: "MagicValue", reset: 0x7472_6976, constant: true },
      { offset: 0x004, name: "Version", reset: 1, constant: true },
      { offset: 0x008, name: "DeviceID", constant: true },
      { offset: 0x00c, name: "VendorID", reset: 0x554d_4551, constant: true },
    ], log);
  }

  /** Reads a register. */
  read(offset: number, size: number): number {
    return this.#regs.read(offset, size);
  }

  /** Nothing can be written. */
  write(offset: number, size: number, value: number): void {
    this.#regs.write(offset, size, value);
  }

  /** Nothing changes. */
  reset(): void {}

  /** Empty. */
  state(): DeviceState {
    return {};
  }

  /** Nothing to take. */
  restore(_state: DeviceState): void {}

  /** Its node in the device tree. */
  describe(): DeviceDescription {
    return {
      node: "virtio_mmio",
      compatible: ["virtio,mmio"],
      interrupts: ["edge"],
      properties: { "dma-coherent": true },
    };
  }
}
