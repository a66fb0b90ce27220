import { RAM_BASE, to_dts, virt_fdt, write_fdt } from "../machine/mod.ts";
import { check_choices, check_memory, type CpuModel, DEFAULTS } from "./options.ts";

/** What {@link machine_dtb} and {@link machine_dts} describe. */
export interface MachineDtbOptions {
  /** RAM in bytes; default 512 MiB. */
  readonly memory?: number;
  /** CPU model; default `cortex-a15`. */
  readonly cpu?: CpuModel;
  /** Version of the interrupt controller; default 2. */
  readonly gic?: 2 | 3;
  /** Kernel command line; default: none. */
  readonly append?: string;
}

/** The machine's device tree as a blob. */
export function machine_dtb(options: MachineDtbOptions = {}): Uint8Array {
  return write_fdt(tree(options));
}

/** The machine's device tree as source, as `dtc` takes it. */
export function machine_dts(options: MachineDtbOptions = {}): string {
  return to_dts(tree(options));
}

function tree(options: MachineDtbOptions): ReturnType<typeof virt_fdt> {
  const { memory = DEFAULTS.memory, cpu = DEFAULTS.cpu, gic = DEFAULTS.gic, append } = options;
  check_memory(memory);
  check_choices({ cpu, gic });
  return virt_fdt({
    cpu,
    cpus: 1,
    gic,
    memory: { base: RAM_BASE, size: memory },
    ...(append === undefined ? {} : { bootargs: append }),
  });
}
