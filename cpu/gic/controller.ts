import type { InternalDevice, InterruptController } from "../system/devices.ts";
import { Gicv2 } from "./gicv2.ts";

/** Where a GICv2's frames are: QEMU virt's. */
export const GICV2_FRAMES = {
  distributor: { base: 0x0800_0000, size: 0x1_0000 },
  cpu_interface: { base: 0x0801_0000, size: 0x1_0000 },
} as const;

/** How the controller is made. */
export interface ControllerOptions {
  /** Number of interrupts, private ones included. */
  readonly interrupts: number;
  /** Drives the vCPU's IRQ and FIQ inputs. */
  readonly output: (irq: boolean, fiq: boolean) => void;
}

/** A GICv2 as the core's interrupt controller, for one vCPU. */
export function gicv2_controller(options: ControllerOptions): InterruptController {
  const gic = new Gicv2({
    cpus: 1,
    interrupts: options.interrupts,
    output: (_cpu, irq, fiq) => options.output(irq, fiq),
  });
  const devices: InternalDevice[] = [
    {
      ...GICV2_FRAMES.distributor,
      read: (offset, size) => gic.read_distributor(0, offset, size),
      write: (offset, size, value) => gic.write_distributor(0, offset, size, value),
    },
    {
      ...GICV2_FRAMES.cpu_interface,
      read: (offset, _size) => gic.read_cpu(0, offset),
      write: (offset, _size, value) => gic.write_cpu(0, offset, value),
    },
  ];
  return {
    devices,
    set_spi: (spi, level) => gic.set_spi(spi + 32, level),
    set_ppi: (intid, level) => gic.set_ppi(0, intid, level),
    reset: () => gic.reset(),
  };
}
