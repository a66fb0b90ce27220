import type { DeviceDescription } from "../devices/mod.ts";
import type { GicVersion } from "../hypervisor/mod.ts";
import {
  cells,
  cells64,
  fdt_node,
  type FdtNode,
  flag,
  Phandles,
  strings,
  write_fdt,
} from "./fdt/mod.ts";
import {
  MEMORY_MAP,
  PERIPHERAL_CLOCK_HZ,
  POWER_KEY_PIN,
  type Region,
  TIMER_PPI,
} from "./memory_map.ts";
import { type PlacedDevice, VirtBoard } from "./virt_board.ts";

/** What the machine's device tree says. */
export interface VirtFdtOptions {
  /** CPU model, such as `"cortex-a15"`; its node is compatible with `"arm,"` and that. */
  readonly cpu: string;
  /** Number of CPUs. */
  readonly cpus: number;
  /** Whether the CPUs are ARMv8's, as a 32-bit guest on an arm64 host sees them. */
  readonly armv8?: boolean;
  /** GIC generation. */
  readonly gic: GicVersion;
  /** RAM. */
  readonly memory: Region;
  /** Kernel command line. */
  readonly bootargs?: string;
  /** First address of the initial RAM disk and the one after its last. */
  readonly initrd?: { readonly start: number; readonly end: number };
  /** Randomness for the kernel: any number of bytes for its pool, eight for its address. */
  readonly seeds?: { readonly rng?: Uint8Array; readonly kaslr?: Uint8Array };
  /** The board's devices; those of a board without connections when absent. */
  readonly devices?: readonly PlacedDevice[];
}

/** Interrupt specifiers of a GIC (Linux arm,gic.yaml). */
const GIC = { spi: 0, ppi: 1, edge_rising: 1, level_high: 4 };
/** KEY_POWER of linux/input-event-codes.h. */
const KEY_POWER = 116;
/** PSCI 0.2 function ids of the 32-bit calling convention (Arm DEN 0022). */
const PSCI = {
  cpu_suspend: 0x8400_0001,
  cpu_off: 0x8400_0002,
  cpu_on: 0x8400_0003,
  migrate: 0x8400_0005,
};

/** The device tree of the `virt` machine. */
export function virt_fdt(options: VirtFdtOptions): FdtNode {
  const phandles = new Phandles();
  const handle = { clock: phandles.next(), intc: phandles.next(), gpio: phandles.next() };
  const placed = options.devices ?? unconnected_devices(options);
  const node = (entry: PlacedDevice, description: DeviceDescription): FdtNode =>
    device_node(entry, { description, handle });

  const top: FdtNode[] = [];
  const in_intc: FdtNode[] = [];
  let uart = "";
  for (const entry of placed) {
    const description = entry.device.describe?.();
    if (description === undefined) continue;
    const made = node(entry, description);
    if (made.properties.has("gpio-controller")) made.properties.set("phandle", cells(handle.gpio));
    if (description.compatible.includes("arm,pl011")) uart ||= `/${made.name}`;
    if (!made.properties.has("msi-controller")) top.push(made);
    else {
      made.properties.set("phandle", cells(phandles.next()));
      in_intc.push(made);
    }
  }
  return fdt_node("", {
    "interrupt-parent": cells(handle.intc),
    model: strings("linux,dummy-virt"),
    "#size-cells": cells(2),
    "#address-cells": cells(2),
    compatible: strings("linux,dummy-virt"),
  }, [
    fdt_node("aliases", { serial0: strings(uart) }),
    chosen_node(options, uart),
    memory_node(options.memory),
    cpus_node(options, phandles),
    psci_node(),
    timer_node(options),
    intc_node(options, { phandle: handle.intc, children: in_intc }),
    clock_node(handle.clock),
    ...top,
    power_key_node(handle.gpio),
  ]);
}

/** {@link virt_fdt}, flattened. */
export function virt_dtb(options: VirtFdtOptions): Uint8Array {
  return write_fdt(virt_fdt(options));
}

function unconnected_devices(options: VirtFdtOptions): readonly PlacedDevice[] {
  return new VirtBoard({
    irqs: { set_irq: () => {} },
    gic: options.gic,
    serial: { put: () => true, get: () => -1 },
    cpus: options.cpus,
    ram_size: options.memory.size,
  }).devices;
}

/** A range as two address cells and two size cells. */
function reg(...regions: Region[]): Uint8Array {
  return cells64(...regions.flatMap(({ base, size }) => [base, size]));
}

function device_node(
  { region, spis }: PlacedDevice,
  context: { description: DeviceDescription; handle: { clock: number } },
): FdtNode {
  const { node, compatible, interrupts = [], clocks = [], properties = {} } = context.description;
  const made = fdt_node(`${node}@${region.base.toString(16)}`, {
    compatible: strings(...compatible),
    reg: reg(region),
  });
  if (interrupts.length > 0) {
    const specifiers = interrupts.flatMap((trigger, index) => [
      GIC.spi,
      spis[index]!,
      trigger === "edge" ? GIC.edge_rising : GIC.level_high,
    ]);
    made.properties.set("interrupts", cells(...specifiers));
  }
  if (clocks.length > 0) {
    made.properties.set("clocks", cells(...clocks.map(() => context.handle.clock)));
    made.properties.set("clock-names", strings(...clocks));
  }
  for (const [name, value] of Object.entries(properties)) {
    const bytes = value === true
      ? flag()
      : typeof value === "string"
      ? strings(value)
      : cells(...value);
    made.properties.set(name, bytes);
  }
  return made;
}

function chosen_node({ bootargs, initrd, seeds }: VirtFdtOptions, uart: string): FdtNode {
  return fdt_node("chosen", {
    ...bootargs === undefined ? {} : { bootargs: strings(bootargs) },
    "stdout-path": strings(uart),
    ...initrd === undefined ? {} : {
      "linux,initrd-start": cells64(initrd.start),
      "linux,initrd-end": cells64(initrd.end),
    },
    ...seeds?.rng === undefined ? {} : { "rng-seed": seeds.rng },
    ...seeds?.kaslr === undefined ? {} : { "kaslr-seed": seeds.kaslr },
  });
}

function memory_node(memory: Region): FdtNode {
  return fdt_node(`memory@${memory.base.toString(16)}`, {
    device_type: strings("memory"),
    reg: reg(memory),
  });
}

function cpus_node(options: VirtFdtOptions, phandles: Phandles): FdtNode {
  const numbers = Array.from({ length: options.cpus }, (_, index) => index);
  const cores = numbers.map((index) => ({ index, phandle: phandles.next() }));
  return fdt_node("cpus", { "#address-cells": cells(1), "#size-cells": cells(0) }, [
    ...cores.map(({ index, phandle }) =>
      fdt_node(`cpu@${index.toString(16)}`, {
        device_type: strings("cpu"),
        compatible: strings(`arm,${options.cpu}`),
        reg: cells(index),
        "enable-method": strings("psci"),
        phandle: cells(phandle),
      })
    ),
    fdt_node("cpu-map", {}, [
      fdt_node("socket0", {}, [
        fdt_node(
          "cluster0",
          {},
          cores.map(({ index, phandle }) => fdt_node(`core${index}`, { cpu: cells(phandle) })),
        ),
      ]),
    ]),
  ]);
}

function psci_node(): FdtNode {
  return fdt_node("psci", {
    compatible: strings("arm,psci-1.0", "arm,psci-0.2", "arm,psci"),
    method: strings("hvc"),
    ...Object.fromEntries(Object.entries(PSCI).map(([name, id]) => [name, cells(id)])),
  });
}

function timer_node({ armv8, gic, cpus }: VirtFdtOptions): FdtNode {
  // A GICv2's specifier says in bits 15:8 which CPUs have the interrupt.
  const flags = GIC.level_high | (gic === 2 ? ((1 << Math.min(cpus, 8)) - 1) << 8 : 0);
  const { secure, non_secure, virtual, hypervisor } = TIMER_PPI;
  return fdt_node("timer", {
    compatible: strings(...armv8 ? ["arm,armv8-timer"] : [], "arm,armv7-timer"),
    interrupts: cells(
      ...[secure, non_secure, virtual, hypervisor].flatMap((ppi) => [GIC.ppi, ppi, flags]),
    ),
    "always-on": flag(),
  });
}

function intc_node(
  { gic }: VirtFdtOptions,
  { phandle, children }: { phandle: number; children: FdtNode[] },
): FdtNode {
  const { gic_dist, gic_cpu, gic_redist } = MEMORY_MAP;
  return fdt_node(`intc@${gic_dist.base.toString(16)}`, {
    compatible: strings(gic === 2 ? "arm,cortex-a15-gic" : "arm,gic-v3"),
    reg: reg(gic_dist, gic === 2 ? gic_cpu : gic_redist),
    "interrupt-controller": flag(),
    "#interrupt-cells": cells(3),
    ...gic === 2 ? {} : { "#redistributor-regions": cells(1) },
    "#address-cells": cells(2),
    "#size-cells": cells(2),
    ranges: flag(),
    phandle: cells(phandle),
  }, children);
}

function clock_node(phandle: number): FdtNode {
  return fdt_node("apb-pclk", {
    compatible: strings("fixed-clock"),
    "#clock-cells": cells(0),
    "clock-frequency": cells(PERIPHERAL_CLOCK_HZ),
    "clock-output-names": strings("clk24mhz"),
    phandle: cells(phandle),
  });
}

function power_key_node(gpio: number): FdtNode {
  return fdt_node("gpio-keys", { compatible: strings("gpio-keys") }, [
    fdt_node("poweroff", {
      label: strings("GPIO Key Poweroff"),
      "linux,code": cells(KEY_POWER),
      gpios: cells(gpio, POWER_KEY_PIN, 0),
    }),
  ]);
}
