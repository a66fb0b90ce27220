/** What a guest needs of its kernel on this machine, and how a kernel shows that it has it. */

/** Something that a kernel may have. */
export interface Need {
  /** What it is, for a person. */
  readonly what: string;
  /** Options of the kernel's configuration, all of them wanted. */
  readonly options: readonly string[];
  /** Text that a kernel with it contains; any one of them will do. */
  readonly strings: readonly string[];
  /** How bad it is to be without. */
  readonly without: "problem" | "note";
  /** Whether a module in the initrd is as good. */
  readonly module?: true;
  /** What being without means and what to do. */
  readonly consequence: string;
}

/** Of 32-bit and 64-bit kernels alike. */
const COMMON: readonly Need[] = [
  {
    what: "a console on the PL011 serial line",
    options: ["SERIAL_AMBA_PL011", "SERIAL_AMBA_PL011_CONSOLE"],
    strings: ["uart-pl011"],
    without: "problem",
    consequence: "nothing of it can be seen; build it with SERIAL_AMBA_PL011_CONSOLE",
  },
  {
    what: "power-off and reset by PSCI",
    options: ["ARM_PSCI_FW"],
    strings: ["arm,psci-0.2"],
    without: "note",
    consequence: "the guest cannot power itself off; build it with ARM_PSCI",
  },
  {
    what: "virtio over MMIO",
    options: ["VIRTIO_MMIO"],
    strings: ["virtio,mmio"],
    without: "note",
    module: true,
    consequence: "not built in; disks and network need the module virtio_mmio from the initrd",
  },
  {
    what: "the power key",
    options: ["KEYBOARD_GPIO", "GPIO_PL061"],
    strings: ["gpio-keys"],
    without: "note",
    module: true,
    consequence:
      "not built in; the guest notices it with the modules gpio_keys and gpio-pl061 only",
  },
  {
    what: "the PL031 clock",
    options: ["RTC_DRV_PL031"],
    strings: ["rtc-pl031"],
    without: "note",
    module: true,
    consequence: "not built in; the guest starts in 1970 unless it loads rtc-pl031",
  },
  {
    what: "a /dev that the kernel fills",
    options: ["DEVTMPFS"],
    strings: ["devtmpfs: mounted", "devtmpfs: initialized"],
    without: "note",
    consequence: "the initrd must make its own /dev; build it with DEVTMPFS",
  },
];

const ARM: readonly Need[] = [
  {
    what: "boards described by device trees",
    options: ["USE_OF"],
    strings: ["Generic DT based system", "linux,dummy-virt"],
    without: "problem",
    consequence:
      "it is built for boards of its own; build it with ARCH_MULTIPLATFORM and ARCH_VIRT",
  },
  {
    what: "the GIC interrupt controller",
    options: ["ARM_GIC"],
    strings: ["arm,cortex-a15-gic"],
    without: "problem",
    consequence: "no interrupt arrives; build it with ARM_GIC (ARCH_VIRT selects it)",
  },
  {
    what: "the generic timer",
    options: ["ARM_ARCH_TIMER"],
    strings: ["arm,armv7-timer"],
    without: "problem",
    consequence: "it has no clock to run by; build it with HAVE_ARM_ARCH_TIMER (ARCH_VIRT does)",
  },
];

const ARM64: readonly Need[] = [
  {
    what: "the GIC interrupt controller",
    options: ["ARM_GIC_V3"],
    strings: ["arm,gic-v3"],
    without: "problem",
    consequence: "no interrupt arrives; build it with ARM_GIC_V3",
  },
];

/** For a kernel of this architecture. */
export function needs_of(architecture: "arm" | "arm64"): readonly Need[] {
  return architecture === "arm" ? [...ARM, ...COMMON] : [...ARM64, ...COMMON];
}

/** Support for an initrd. */
export const INITRD: Need = {
  what: "initial RAM disks",
  options: ["BLK_DEV_INITRD"],
  strings: ["rootfs image is not initramfs", "Trying to unpack rootfs image"],
  without: "problem",
  consequence: "the initrd is ignored; build it with BLK_DEV_INITRD",
};

/** The option that lets a kernel unpack an initrd of this compression. */
export const UNPACKER_OPTIONS: Readonly<Record<string, string>> = {
  gzip: "RD_GZIP",
  bzip2: "RD_BZIP2",
  lzma: "RD_LZMA",
  xz: "RD_XZ",
  lzop: "RD_LZO",
  "lz4-legacy": "RD_LZ4",
  lz4: "RD_LZ4",
  zstd: "RD_ZSTD",
};
