/**
 * Guest physical memory, as QEMU's `virt` has it.
 *
 * ```text
 *  0x0000_0000  +------------------------------+
 *               | (flash: none)                |  128 MiB
 *  0x0800_0000  +------------------------------+
 *               | GIC distributor              |  64 KiB
 *  0x0801_0000  +------------------------------+
 *               | GICv2 CPU interface          |  64 KiB
 *  0x0802_0000  +------------------------------+
 *               | GICv2m frame for MSIs        |  4 KiB     SPI 48 to 111
 *               :                              :
 *  0x080a_0000  +------------------------------+
 *               | GICv3 redistributors         |  128 KiB a CPU, 123 of them
 *  0x0900_0000  +------------------------------+
 *               | PL011 UART                   |  4 KiB     SPI 1
 *  0x0901_0000  +------------------------------+
 *               | PL031 clock                  |  4 KiB     SPI 2
 *  0x0902_0000  +------------------------------+
 *               | fw_cfg                       |  24 bytes
 *  0x0903_0000  +------------------------------+
 *               | PL061 GPIO, pin 3: power key |  4 KiB     SPI 7
 *               :                              :
 *  0x0a00_0000  +------------------------------+
 *               | 32 virtio-mmio transports    |  512 B each, SPI 16 to 47
 *               :                              :
 *  0x4000_0000  +------------------------------+
 *               | RAM                          |
 *               +------------------------------+
 * ```
 *
 * QEMU has two CFI flash chips below 128 MiB for firmware. Nothing here boots from them, and a chip
 * in the device tree that answers no command would only make kernels complain, so there are none.
 * Devices for the secure world are absent too: the CPUs have no Security Extensions. The PCIe host
 * at 0x1000_0000 to 0x3fff_ffff is not modelled.
 *
 * @module
 */

/** A range of physical addresses. */
export interface Region {
  /** First address. */
  readonly base: number;
  /** Size in bytes. */
  readonly size: number;
}

/** Regions by name. */
export const MEMORY_MAP = {
  gic_dist: { base: 0x0800_0000, size: 0x1_0000 },
  gic_cpu: { base: 0x0801_0000, size: 0x1_0000 },
  gic_v2m: { base: 0x0802_0000, size: 0x1000 },
  gic_redist: { base: 0x080a_0000, size: 0xf6_0000 },
  uart: { base: 0x0900_0000, size: 0x1000 },
  rtc: { base: 0x0901_0000, size: 0x1000 },
  fw_cfg: { base: 0x0902_0000, size: 0x18 },
  gpio: { base: 0x0903_0000, size: 0x1000 },
  virtio: { base: 0x0a00_0000, size: 0x200 },
} as const satisfies Record<string, Region>;

/** Where RAM begins. */
export const RAM_BASE = 0x4000_0000;

/** Number of virtio-mmio transports, one after the other. */
export const VIRTIO_SLOTS = 32;

/** Shared peripheral interrupts, counted from 0 (INTID - 32). */
export const SPI = { uart: 1, rtc: 2, gpio: 7, virtio: 16, v2m: 48 } as const;

/** Number of SPIs that the v2m frame can raise. */
export const V2M_SPIS = 64;

/** Private peripheral interrupts of the generic timer, counted from 0 (INTID - 16). */
export const TIMER_PPI = { secure: 13, non_secure: 14, virtual: 11, hypervisor: 10 } as const;

/** GPIO pin of the power key. */
export const POWER_KEY_PIN = 3;

/** Frequency of the peripheral clock in Hz. */
export const PERIPHERAL_CLOCK_HZ = 24_000_000;
