import type { DeviceDescription, DeviceState, Log, MmioDevice } from "./device.ts";
import { RegisterBank } from "./registers.ts";

/** What a {@link GicV2m} is connected to. */
export interface GicV2mOptions {
  /** First SPI (0-based) that messages may raise. */
  readonly first_spi: number;
  /** Number of SPIs. */
  readonly spis: number;
  /** Raises and lowers an SPI (0-based). */
  readonly irq: (spi: number, level: boolean) => void;
  /** Takes the guest's first mistake. */
  readonly log?: Log;
}

/** A GICv2m frame: turns memory writes of devices into SPIs (Arm SBSA 3.x, appendix E). */
export class GicV2m implements MmioDevice {
  /** Name in logs. */
  readonly name = "gicv2m";

  readonly #options: GicV2mOptions;
  readonly #regs: RegisterBank<string>;

  /** Makes a frame. */
  constructor(options: GicV2mOptions) {
    this.#options = options;
    this.#regs = new RegisterBank<string>(this.name, [
      {
        offset: 0x008,
        name: "MSI_TYPER",
        reset: ((options.first_spi + 32) << 16) | options.spis,
        constant: true,
      },
      { offset: 0x040, name: "MSI_SETSPI_NS", write: (value) => this.#set_spi(value) },
      // Product 'Q', architecture version 0, no implementer: QEMU's value.
      { offset: 0xfcc, name: "MSI_IIDR", reset: 0x0510_0000, constant: true },
    ], options.log);
  }

  /** Reads a register. */
  read(offset: number, size: number): number {
    return this.#regs.read(offset, size);
  }

  /** Writes a register. */
  write(offset: number, size: number, value: number): void {
    this.#regs.write(offset, size, value);
  }

  /** Nothing changes. */
  reset(): void {}

  /** Empty: pending interrupts are the GIC's. */
  state(): DeviceState {
    return {};
  }

  /** Nothing to take. */
  restore(_state: DeviceState): void {}

  /** Its node in the device tree, inside the interrupt controller's. */
  describe(): DeviceDescription {
    return {
      node: "v2m",
      compatible: ["arm,gic-v2m-frame"],
      properties: { "msi-controller": true },
    };
  }

  #set_spi(value: number): void {
    const spi = (value & 0x3ff) - 32;
    const { first_spi, spis, irq } = this.#options;
    if (spi < first_spi || spi >= first_spi + spis) return;
    irq(spi, true);
    irq(spi, false);
  }
}
