import {
  type CharBackend,
  type DeviceState,
  FwCfg,
  type FwCfgFile,
  GicV2m,
  type Log,
  MmioBus,
  type MmioDevice,
  Pl011,
  Pl031,
  Pl061,
  PowerKey,
  VirtioMmioSlot,
} from "../devices/mod.ts";
import type { GicVersion, IrqLines } from "../hypervisor/mod.ts";
import {
  MEMORY_MAP,
  POWER_KEY_PIN,
  type Region,
  SPI,
  V2M_SPIS,
  VIRTIO_SLOTS,
} from "./memory_map.ts";

/** A device with the place and the interrupts that the machine gives it. */
export interface PlacedDevice {
  /** The device. */
  readonly device: MmioDevice;
  /** Where it is. */
  readonly region: Region;
  /** SPIs of its interrupt outputs. */
  readonly spis: readonly number[];
}

/** What the board's devices are connected to. */
export interface VirtBoardOptions {
  /** The machine's GIC. */
  readonly irqs: IrqLines;
  /** Its generation: a GICv2 has a v2m frame beside it. */
  readonly gic: GicVersion;
  /** The host's end of the serial line. */
  readonly serial: CharBackend;
  /** Number of CPUs, for fw_cfg. */
  readonly cpus: number;
  /** Bytes of RAM, for fw_cfg. */
  readonly ram_size: number;
  /** Wall clock in milliseconds since 1970; `Date.now` when absent. */
  readonly now?: () => number;
  /** Takes the guest's mistakes, each kind once. */
  readonly log?: Log;
  /** Files for fw_cfg. */
  readonly files?: readonly FwCfgFile[];
}

/** The devices of the `virt` machine on their bus: everything but CPUs, GIC and RAM. */
export class VirtBoard {
  /** The bus. */
  readonly bus: MmioBus;
  /** The console. */
  readonly uart: Pl011;
  /** The power button: `press()` asks the guest to power off. */
  readonly power_key: PowerKey;
  /** All devices, by rising address. */
  readonly devices: readonly PlacedDevice[];

  readonly #rtc: Pl031;

  /** Makes the devices and puts them on the bus. */
  constructor(options: VirtBoardOptions) {
    const { irqs, serial: backend, log, now = Date.now } = options;
    const line = (spi: number) => (level: boolean): void => irqs.set_irq(spi, level);
    this.bus = new MmioBus(log);
    this.uart = new Pl011({ backend, irq: line(SPI.uart), log });
    this.#rtc = new Pl031({ now, irq: line(SPI.rtc), log });
    const gpio = new Pl061({ irq: line(SPI.gpio), log });
    this.power_key = new PowerKey({
      now: () => performance.now(),
      pin: (level) => gpio.set_pin(POWER_KEY_PIN, level),
    });
    const v2m = new GicV2m({
      first_spi: SPI.v2m,
      spis: V2M_SPIS,
      irq: (spi, level) => irqs.set_irq(spi, level),
      log,
    });
    const place = (device: MmioDevice, region: Region, ...spis: number[]): PlacedDevice => ({
      device,
      region,
      spis,
    });
    this.devices = [
      ...options.gic === 2 ? [place(v2m, MEMORY_MAP.gic_v2m)] : [],
      place(this.uart, MEMORY_MAP.uart, SPI.uart),
      place(this.#rtc, MEMORY_MAP.rtc, SPI.rtc),
      place(new FwCfg(options), MEMORY_MAP.fw_cfg),
      place(gpio, MEMORY_MAP.gpio, SPI.gpio),
      ...Array.from({ length: VIRTIO_SLOTS }, (_, slot) => {
        const { base, size } = MEMORY_MAP.virtio;
        return place(
          new VirtioMmioSlot(log),
          { base: base + slot * size, size },
          SPI.virtio + slot,
        );
      }),
    ];
    for (const { device, region } of this.devices) {
      this.bus.map(region.base, region.size, device);
    }
  }

  /** What devices do by themselves: serial traffic, alarms, the power key's release. */
  poll(): void {
    this.uart.poll();
    this.#rtc.poll();
    this.power_key.poll();
  }

  /** Milliseconds until `poll()` has something to do even if the host does nothing; or Infinity. */
  next_event_ms(): number {
    return Math.min(this.#rtc.next_event_ms(), this.power_key.next_event_ms());
  }

  /** Power-on state of every device. */
  reset(): void {
    this.power_key.reset();
    for (const { device } of this.devices) device.reset();
  }

  /** State of every device that has any, by address in hexadecimal. */
  state(): Record<string, DeviceState> {
    return Object.fromEntries(
      this.devices.map(({ device, region }) => [region.base.toString(16), device.state()]),
    );
  }

  /** Takes a state; devices it does not have are reset. */
  restore(state: Readonly<Record<string, DeviceState>>): void {
    for (const { device, region } of this.devices) {
      device.reset();
      const saved = state[region.base.toString(16)];
      if (saved !== undefined) device.restore(saved);
    }
    // A key that was down when the state was saved would never be let go.
    this.power_key.reset();
  }
}
