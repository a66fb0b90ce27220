import type { GicVersion } from "../hypervisor/mod.ts";
import { VGIC } from "./abi/constants.ts";
import type { Attribute, DeviceAttributes } from "./device_attr.ts";

/** A bank of distributor registers: first offset and bits per interrupt. */
interface Bank {
  readonly offset: number;
  readonly bits: number;
}

/** Offsets in the distributor, and from 0x10000 on in a redistributor (Arm IHI 0069, 12.9). */
const GICD_CTLR = 0;
const ISENABLER: Bank = { offset: 0x100, bits: 1 };
const ICENABLER: Bank = { offset: 0x180, bits: 1 };
const ISPENDR: Bank = { offset: 0x200, bits: 1 };
const ICPENDR: Bank = { offset: 0x280, bits: 1 };
const ISACTIVER: Bank = { offset: 0x300, bits: 1 };
const ICACTIVER: Bank = { offset: 0x380, bits: 1 };
const IGROUPR: Bank = { offset: 0x80, bits: 1 };
const IPRIORITYR: Bank = { offset: 0x400, bits: 8 };
const ITARGETSR: Bank = { offset: 0x800, bits: 8 };
const ICFGR: Bank = { offset: 0xc00, bits: 2 };
const IROUTER = 0x6000;
const SGI_FRAME = 0x1_0000;
/** SGIs and PPIs, which each CPU has of its own. */
const PRIVATE = 32;

/** GICv2's CPU interface: CTLR, PMR, BPR, ABPR. */
const GICC = [0x00, 0x04, 0x08, 0x1c];
/** GICv3's: ICC_PMR, BPR0, BPR1, CTLR, IGRPEN0, IGRPEN1, as op0 op1 CRn CRm op2. */
const ICC = [
  [3, 0, 4, 6, 0],
  [3, 0, 12, 8, 3],
  [3, 0, 12, 12, 3],
  [3, 0, 12, 12, 4],
  [3, 0, 12, 12, 6],
  [3, 0, 12, 12, 7],
].map(([op0, op1, crn, crm, op2]) =>
  (op0! << 14) | (op1! << 11) | (crn! << 7) | (crm! << 3) | op2!
);

/** Which GIC it is. */
export interface GicShape {
  /** Version. */
  readonly version: GicVersion;
  /** Number of its CPUs. */
  readonly vcpus: number;
  /** Number of its interrupts, private ones included. */
  readonly interrupts: number;
}

/** The registers of a GIC that say what state it is in, and how to give them another one. */
export class GicRegisters {
  /** Writes that come before the others. */
  readonly #clear: (readonly [Attribute, bigint])[] = [];
  /** Registers that take what was read from them. */
  readonly #kept: Attribute[] = [];
  /** What else there is to see: which interrupts are enabled, pending, active. */
  readonly #seen: Attribute[] = [];

  /** Lists them. */
  constructor({ version, vcpus, interrupts }: GicShape) {
    this.#keep(dist(0, GICD_CTLR));
    for (let cpu = 0; cpu < vcpus; cpu++) {
      const at = version === 2
        ? (offset: number) => dist(cpu, offset)
        : (offset: number) => redist(cpu, SGI_FRAME + offset);
      this.#range(at, { version, from: 0, to: PRIVATE });
      for (const register of version === 2 ? GICC : ICC) {
        const group = version === 2
          ? VGIC.KVM_DEV_ARM_VGIC_GRP_CPU_REGS
          : VGIC.KVM_DEV_ARM_VGIC_GRP_CPU_SYSREGS;
        this.#keep({ group, attr: of_cpu(version, cpu) | BigInt(register) });
      }
    }
    this.#range((offset) => dist(0, offset), { version, from: PRIVATE, to: interrupts });
    if (version === 3) {
      for (let spi = PRIVATE; spi < interrupts; spi++) {
        this.#keep(dist(0, IROUTER + 8 * spi));
        this.#keep(dist(0, IROUTER + 8 * spi + 4));
      }
    }
  }

  /** Reads what {@link GicRegisters.restore} takes. No vCPU may run. */
  save(gic: DeviceAttributes): bigint[] {
    return this.#kept.map((attribute) => gic.get(attribute));
  }

  /** Gives a GIC the values of another one, or of itself before; nothing is pending. */
  restore(gic: DeviceAttributes, values: readonly bigint[]): void {
    for (const [attribute, value] of this.#clear) gic.set(attribute, value);
    this.#kept.forEach((attribute, index) => gic.set(attribute, values[index]!));
  }

  /** All there is to see, by name: group, attribute and value. */
  show(gic: DeviceAttributes): string[] {
    return [...this.#kept, ...this.#seen].map((attribute) =>
      `${attribute.group}:${attribute.attr.toString(16)}=${gic.get(attribute).toString(16)}`
    );
  }

  #range(
    at: (offset: number) => Attribute,
    range: { readonly version: GicVersion; readonly from: number; readonly to: number },
  ): void {
    const { version, from, to } = range;
    const each = (bank: Bank, use: (attribute: Attribute) => void): void => {
      const step = 32 / bank.bits;
      for (let irq = from; irq < to; irq += step) use(at(bank.offset + 4 * (irq / step)));
    };
    for (const bank of [ISPENDR, ISACTIVER]) {
      each(bank, (attribute) => this.#seen.push(attribute));
    }
    const all = 0xffff_ffffn;
    each(ICENABLER, (attribute) => this.#clear.push([attribute, all]));
    // A GICv3 takes the latches as they are to be; a GICv2 clears those that are written as ones.
    if (version === 2) each(ICPENDR, (attribute) => this.#clear.push([attribute, all]));
    else each(ISPENDR, (attribute) => this.#clear.push([attribute, 0n]));
    each(ICACTIVER, (attribute) => this.#clear.push([attribute, all]));
    // SGIs start enabled.
    each(ISENABLER, (attribute) => this.#keep(attribute));
    each(IGROUPR, (attribute) => this.#keep(attribute));
    each(IPRIORITYR, (attribute) => this.#keep(attribute));
    if (version === 2 && from >= PRIVATE) each(ITARGETSR, (attribute) => this.#keep(attribute));
    // SGIs are edge-triggered, which cannot be written.
    each(ICFGR, (attribute) => from >= PRIVATE && this.#keep(attribute));
  }

  #keep(attribute: Attribute): void {
    this.#kept.push(attribute);
  }
}

function dist(cpu: number, offset: number): Attribute {
  // GICv2 banks private registers by CPU number; GICv3 ignores the field for the distributor.
  return {
    group: VGIC.KVM_DEV_ARM_VGIC_GRP_DIST_REGS,
    attr: (BigInt(cpu) << 32n) | BigInt(offset),
  };
}

function redist(cpu: number, offset: number): Attribute {
  return {
    group: VGIC.KVM_DEV_ARM_VGIC_GRP_REDIST_REGS,
    attr: of_cpu(3, cpu) | BigInt(offset),
  };
}

/** Names a CPU in bits 63:32: by number, or by affinity, of which level 0 holds 16 CPUs. */
function of_cpu(version: GicVersion, cpu: number): bigint {
  return BigInt(version === 2 ? cpu : ((cpu >> 4) << 8) | (cpu & 15)) << 32n;
}
