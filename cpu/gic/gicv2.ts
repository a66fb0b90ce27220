/**
 * The generic interrupt controller, version 2 (Arm IHI 0048B), without the Security Extensions.
 *
 * @module
 */
import { bank, word_count } from "./bits.ts";

/** Tells a vCPU the levels of its IRQ and FIQ inputs. */
export type GicOutput = (cpu: number, irq: boolean, fiq: boolean) => void;

/** How a GIC is made. */
export interface GicOptions {
  /** Number of CPU interfaces, 1..8. */
  readonly cpus: number;
  /** Number of interrupts, SGIs and PPIs included; a multiple of 32. */
  readonly interrupts: number;
  /** Called when an output changes. */
  readonly output: GicOutput;
}

const SPURIOUS = 1023;
/** An interrupt is pending that is not to be acknowledged here: it is of group 1. */
const OTHER_GROUP = 1022;
/** GICC_CTLR (section 4.4.1) as it is without the Security Extensions. Bits 0 and 1 enable groups. */
const CONTROL = { ack_ctl: 4, fiq_en: 8, cbpr: 0x10, eoi_mode: 0x200, writable: 0x61f } as const;
/** Priority bits that are implemented: all eight, as the emulated GIC of QEMU's virt has. */
const IDLE_PRIORITY = 0x100;

/** What each CPU interface keeps. */
class CpuInterface {
  ctlr = 0;
  pmr = 0;
  bpr = 0;
  /** Binary point of group 1, which is one more than BPR for the same split. */
  abpr = 1;
  /** Active priorities by preemption level, as GICC_APR. */
  readonly apr = new Uint32Array(4);
  /** Interrupts acknowledged, innermost last: their running priorities. */
  readonly running: { intid: number; priority: number }[] = [];
  /** SGI sources: bit s of [n] is a pending SGI n from CPU s. */
  readonly sgi_pending = new Uint8Array(16);
  /** Source CPU of the active SGI n. */
  readonly sgi_active = new Uint8Array(16);
  irq = false;
  fiq = false;
}

/** Distributor and CPU interfaces. Offsets are within their MMIO frames. */
export class Gicv2 {
  readonly cpus: number;
  readonly interrupts: number;
  readonly #output: GicOutput;
  readonly #interfaces: CpuInterface[];
  /** One word per 32 interrupts; word 0 banked per CPU: index cpu for 0, cpus + n - 1 for n > 0. */
  readonly #enabled: Uint32Array;
  readonly #latched: Uint32Array;
  readonly #level: Uint32Array;
  readonly #active: Uint32Array;
  readonly #edge: Uint32Array;
  /** A bit is set for an interrupt of group 1. */
  readonly #group: Uint32Array;
  readonly #priority: Uint8Array;
  readonly #targets: Uint8Array;
  #ctlr = 0;

  /** A GIC after reset. */
  constructor(options: GicOptions) {
    this.cpus = options.cpus;
    this.interrupts = options.interrupts;
    this.#output = options.output;
    this.#interfaces = Array.from({ length: options.cpus }, () => new CpuInterface());
    const words = word_count(options.interrupts) - 1 + options.cpus;
    this.#enabled = new Uint32Array(words);
    this.#latched = new Uint32Array(words);
    this.#level = new Uint32Array(words);
    this.#active = new Uint32Array(words);
    this.#edge = new Uint32Array(words);
    this.#group = new Uint32Array(words);
    this.#priority = new Uint8Array(words * 32);
    this.#targets = new Uint8Array(words * 32);
    this.reset();
  }

  /** Back to the state after power-on; input levels stay. */
  reset(): void {
    this.#ctlr = 0;
    for (const array of [this.#enabled, this.#latched, this.#active, this.#edge, this.#group]) {
      array.fill(0);
    }
    this.#priority.fill(0);
    this.#targets.fill(0);
    for (let cpu = 0; cpu < this.cpus; cpu++) {
      // SGIs are always enabled and edge-triggered.
      this.#enabled[cpu] = 0xffff;
      this.#edge[cpu] = 0xffff;
      const own = this.#interfaces[cpu]!;
      own.ctlr = own.pmr = own.bpr = 0;
      own.abpr = 1;
      own.apr.fill(0);
      own.running.length = 0;
      own.sgi_pending.fill(0);
    }
    this.#update();
  }

  /** Drives a shared interrupt (INTID 32 and up). */
  set_spi(intid: number, level: boolean): void {
    if (intid < 32 || intid >= this.interrupts) return;
    this.#set_level(0, intid, level);
  }
  /** Drives a private interrupt (INTID 16..31) of one CPU. */
  set_ppi(cpu: number, intid: number, level: boolean): void {
    this.#set_level(cpu, intid, level);
  }

  #word(cpu: number, intid: number): number {
    return bank(this.cpus, cpu, intid >>> 5);
  }
  #set_level(cpu: number, intid: number, level: boolean): void {
    const word = this.#word(cpu, intid), bit = (1 << (intid & 31)) >>> 0;
    const old = (this.#level[word]! & bit) !== 0;
    if (old === level) return;
    if (level) {
      this.#level[word]! |= bit;
      if (this.#edge[word]! & bit) this.#latched[word]! |= bit;
    } else this.#level[word]! &= ~bit;
    this.#update();
  }

  /** Interrupts of a word that are pending: latched, or level-sensitive with their input high. */
  #pending_word(word: number): number {
    return (this.#latched[word]! | (this.#level[word]! & ~this.#edge[word]!)) >>> 0;
  }

  /** Interrupts of a word whose group the distributor forwards. */
  #forwarded_word(word: number): number {
    const group1 = this.#group[word]!;
    return ((this.#ctlr & 1) !== 0 ? ~group1 : 0) | ((this.#ctlr & 2) !== 0 ? group1 : 0);
  }

  #group_of(cpu: number, intid: number): number {
    return (this.#group[this.#word(cpu, intid)]! >>> (intid & 31)) & 1;
  }

  /** The pending, enabled, forwarded, inactive interrupt of highest priority for `cpu`. */
  #best(cpu: number): number {
    let best = SPURIOUS, best_priority = 0xff;
    const words = word_count(this.interrupts);
    for (let n = 0; n < words; n++) {
      const word = bank(this.cpus, cpu, n);
      let bits = (this.#pending_word(word) & this.#enabled[word]! & ~this.#active[word]! &
        this.#forwarded_word(word)) >>> 0;
      for (; bits !== 0; bits &= bits - 1) {
        const bit = 31 - Math.clz32(bits & -bits);
        const index = word * 32 + bit;
        if (n > 0 && this.cpus > 1 && ((this.#targets[index]! >>> cpu) & 1) === 0) continue;
        if (this.#priority[index]! < best_priority) {
          best = n * 32 + bit;
          best_priority = this.#priority[index]!;
        }
      }
    }
    return best;
  }

  #priority_of(cpu: number, intid: number): number {
    return intid >= this.interrupts
      ? IDLE_PRIORITY
      : this.#priority[this.#word(cpu, intid) * 32 + (intid & 31)]!;
  }
  #running_priority(own: CpuInterface): number {
    return own.running.at(-1)?.priority ?? IDLE_PRIORITY;
  }
  /** The part of a priority that counts for preemption. */
  #group_priority(own: CpuInterface, group: number, priority: number): number {
    const own_point = group === 1 && (own.ctlr & CONTROL.cbpr) === 0;
    return priority & (0xff << (own_point ? own.abpr : own.bpr + 1));
  }

  #signals(cpu: number): number {
    const own = this.#interfaces[cpu]!;
    if ((this.#ctlr & 3) === 0 || (own.ctlr & 3) === 0) return SPURIOUS;
    const intid = this.#best(cpu);
    if (intid === SPURIOUS) return SPURIOUS;
    const group = this.#group_of(cpu, intid);
    if (((own.ctlr >>> group) & 1) === 0) return SPURIOUS;
    const priority = this.#priority_of(cpu, intid);
    if (priority >= own.pmr) return SPURIOUS;
    const running = this.#running_priority(own);
    if (running !== IDLE_PRIORITY && this.#group_priority(own, group, priority) >= running) {
      return SPURIOUS;
    }
    return intid;
  }

  #update(): void {
    for (let cpu = 0; cpu < this.cpus; cpu++) {
      const own = this.#interfaces[cpu]!;
      const intid = this.#signals(cpu);
      const fiq = intid !== SPURIOUS && (own.ctlr & CONTROL.fiq_en) !== 0 &&
        this.#group_of(cpu, intid) === 0;
      const irq = intid !== SPURIOUS && !fiq;
      if (irq !== own.irq || fiq !== own.fiq) {
        own.irq = irq;
        own.fiq = fiq;
        this.#output(cpu, irq, fiq);
      }
    }
  }

  /** What a read for `alias` (group 1 only) or of the plain register is shown of `intid`. */
  #visible(cpu: number, intid: number, alias: boolean): number {
    if (intid === SPURIOUS) return SPURIOUS;
    const group = this.#group_of(cpu, intid);
    if (alias) return group === 1 ? intid : SPURIOUS;
    const both = (this.#interfaces[cpu]!.ctlr & CONTROL.ack_ctl) !== 0;
    return group === 0 || both ? intid : OTHER_GROUP;
  }

  #highest_pending(cpu: number, alias: boolean): number {
    const intid = this.#visible(cpu, this.#best(cpu), alias);
    if (intid >= 16) return intid;
    const sources = this.#interfaces[cpu]!.sgi_pending[intid]!;
    return intid | ((31 - Math.clz32(sources & -sources)) << 10);
  }

  #acknowledge(cpu: number, alias: boolean): number {
    const own = this.#interfaces[cpu]!;
    const intid = this.#visible(cpu, this.#signals(cpu), alias);
    if (intid >= OTHER_GROUP) return intid;
    const word = this.#word(cpu, intid), bit = (1 << (intid & 31)) >>> 0;
    let source = 0;
    if (intid < 16) {
      source = 31 - Math.clz32(own.sgi_pending[intid]! & -own.sgi_pending[intid]!);
      own.sgi_pending[intid]! &= ~(1 << source);
      if (own.sgi_pending[intid] === 0) this.#latched[word]! &= ~bit;
      own.sgi_active[intid] = source;
    } else this.#latched[word]! &= ~bit;
    this.#active[word]! |= bit;
    const priority = this.#group_priority(
      own,
      this.#group_of(cpu, intid),
      this.#priority_of(cpu, intid),
    );
    own.running.push({ intid, priority });
    own.apr[priority >>> 6]! |= (1 << ((priority >>> 1) & 31)) >>> 0;
    this.#update();
    return intid | (source << 10);
  }

  #end(cpu: number, value: number): void {
    const own = this.#interfaces[cpu]!;
    const intid = value & 0x3ff;
    if (intid >= this.interrupts) return;
    const at = own.running.findLastIndex((r) => r.intid === intid);
    if (at >= 0) {
      const { priority } = own.running.splice(at, 1)[0]!;
      if (!own.running.some((r) => r.priority === priority)) {
        own.apr[priority >>> 6]! &= ~(1 << ((priority >>> 1) & 31));
      }
    }
    // EOImode 1 drops the priority only; GICC_DIR deactivates.
    if ((own.ctlr & CONTROL.eoi_mode) === 0) {
      this.#active[this.#word(cpu, intid)]! &= ~(1 << (intid & 31));
    }
    this.#update();
  }
  #deactivate(cpu: number, value: number): void {
    const own = this.#interfaces[cpu]!;
    const intid = value & 0x3ff;
    if (intid >= this.interrupts || (own.ctlr & CONTROL.eoi_mode) === 0) return;
    this.#active[this.#word(cpu, intid)]! &= ~(1 << (intid & 31));
    this.#update();
  }

  #software_interrupt(cpu: number, value: number): void {
    const intid = value & 15;
    const filter = (value >>> 24) & 3;
    const all = (1 << this.cpus) - 1;
    const targets = filter === 0
      ? (value >>> 16) & 0xff & all
      : filter === 1
      ? all & ~(1 << cpu)
      : filter === 2
      ? 1 << cpu
      : 0;
    for (let t = 0; t < this.cpus; t++) {
      if (((targets >>> t) & 1) === 0) continue;
      this.#interfaces[t]!.sgi_pending[intid]! |= 1 << cpu;
      this.#latched[t]! |= 1 << intid;
    }
    this.#update();
  }

  /** Reads the CPU interface of `cpu`. */
  read_cpu(cpu: number, offset: number): number {
    const own = this.#interfaces[cpu];
    if (!own) return 0;
    switch (offset) {
      case 0x00:
        return own.ctlr;
      case 0x04:
        return own.pmr;
      case 0x08:
        return own.bpr;
      case 0x0c:
        return this.#acknowledge(cpu, false);
      case 0x14:
        return Math.min(this.#running_priority(own), 0xff);
      case 0x18:
        return this.#highest_pending(cpu, false);
      case 0x1c:
        return own.abpr;
      case 0x20:
        return this.#acknowledge(cpu, true);
      case 0x28:
        return this.#highest_pending(cpu, true);
      case 0xd0:
      case 0xd4:
      case 0xd8:
      case 0xdc:
        return own.apr[(offset - 0xd0) >> 2]!;
      case 0xfc:
        return 0x0202_043b;
      default:
        return 0;
    }
  }

  /** Writes the CPU interface of `cpu`. */
  write_cpu(cpu: number, offset: number, value: number): void {
    const own = this.#interfaces[cpu];
    if (!own) return;
    switch (offset) {
      case 0x00:
        own.ctlr = value & CONTROL.writable;
        break;
      case 0x04:
        own.pmr = value & 0xff;
        break;
      case 0x08:
        own.bpr = value & 7;
        break;
      case 0x10:
        return this.#end(cpu, value);
      case 0x1c:
        own.abpr = Math.max(1, value & 7);
        break;
      case 0x24:
        if (this.#group_of(cpu, value & 0x3ff) === 1) this.#end(cpu, value);
        return;
      case 0xd0:
      case 0xd4:
      case 0xd8:
      case 0xdc:
        own.apr[(offset - 0xd0) >> 2] = value;
        break;
      case 0x1000:
        return this.#deactivate(cpu, value);
      default:
        return;
    }
    this.#update();
  }

  /** Reads the distributor as `cpu` sees it; `size` 1, 2 or 4 bytes. */
  read_distributor(cpu: number, offset: number, size: number): number {
    if (cpu >= this.cpus) return 0;
    let value = 0;
    for (let i = size - 1; i >= 0; i--) {
      value = (value << 8) | this.#read_byte(cpu, offset + i);
    }
    return value >>> 0;
  }

  #read_byte(cpu: number, offset: number): number {
    const shift = (offset & 3) * 8;
    if (offset < 0x80) {
      const lines = word_count(this.interrupts) - 1;
      const word = offset < 4
        ? this.#ctlr
        : offset < 8
        ? lines | ((this.cpus - 1) << 5)
        : offset < 12
        ? 0x43b
        : 0;
      return (word >>> shift) & 0xff;
    }
    if (offset >= 0xfd0 && offset < 0x1000) {
      return IDENTIFICATION[(offset - 0xfd0) >> 2]! & (shift ? 0 : 0xff);
    }
    const first = this.#first_interrupt(offset);
    if (first < 0 || first >= this.interrupts) return 0;
    const word = this.#word(cpu, first);
    const bits = first & 31;
    switch (offset >> 7) {
      case 0x80 >> 7:
        return (this.#group[word]! >>> bits) & 0xff;
      case 0x100 >> 7:
      case 0x180 >> 7:
        return (this.#enabled[word]! >>> bits) & 0xff;
      case 0x200 >> 7:
      case 0x280 >> 7:
        return (this.#pending_word(word) >>> bits) & 0xff;
      case 0x300 >> 7:
      case 0x380 >> 7:
        return (this.#active[word]! >>> bits) & 0xff;
    }
    if (offset >= 0x400 && offset < 0x800) return this.#priority[word * 32 + bits]!;
    if (offset >= 0x800 && offset < 0xc00) {
      if (this.cpus === 1) return 0;
      return first < 32 ? 1 << cpu : this.#targets[word * 32 + bits]!;
    }
    if (offset >= 0xc00 && offset < 0xd00) {
      let value = 0;
      for (let i = 0; i < 4; i++) value |= ((this.#edge[word]! >>> (bits + i)) & 1) << (2 * i + 1);
      return value;
    }
    if (offset >= 0xf10 && offset < 0xf30) return this.#interfaces[cpu]!.sgi_pending[offset & 15]!;
    return 0;
  }

  /** The first interrupt that a register byte is about, or -1. */
  #first_interrupt(offset: number): number {
    if (offset < 0x400) return (offset & 0x7f) * 8;
    if (offset < 0x800) return offset - 0x400;
    if (offset < 0xc00) return offset - 0x800;
    if (offset < 0xd00) return (offset - 0xc00) * 4;
    return offset >= 0xf10 && offset < 0xf30 ? 0 : -1;
  }

  /** Writes the distributor as `cpu`. */
  write_distributor(cpu: number, offset: number, size: number, value: number): void {
    if (cpu >= this.cpus) return;
    if (offset === 0xf00) {
      if (size === 4) this.#software_interrupt(cpu, value);
      return;
    }
    for (let i = 0; i < size; i++) this.#write_byte(cpu, offset + i, (value >>> (8 * i)) & 0xff);
    this.#update();
  }

  #write_byte(cpu: number, offset: number, value: number): void {
    if (offset === 0) this.#ctlr = value & 3;
    if (offset < 0x80) return;
    const first = this.#first_interrupt(offset);
    if (first < 0 || first >= this.interrupts) return;
    const word = this.#word(cpu, first);
    const bits = first & 31;
    const mask = (value << bits) >>> 0;
    const sgis = first < 16 ? 0xffff : 0;
    switch (offset >> 7) {
      case 0x80 >> 7:
        this.#group[word] = (this.#group[word]! & ~(0xff << bits)) | mask;
        return;
      case 0x100 >> 7:
        this.#enabled[word]! |= mask;
        return;
      case 0x180 >> 7:
        this.#enabled[word]! &= ~(mask & ~sgis);
        return;
      case 0x200 >> 7:
        this.#latched[word]! |= mask & ~sgis;
        return;
      case 0x280 >> 7:
        this.#latched[word]! &= ~(mask & ~sgis);
        return;
      case 0x300 >> 7:
        this.#active[word]! |= mask;
        return;
      case 0x380 >> 7:
        this.#active[word]! &= ~mask;
        return;
    }
    if (offset < 0x800) this.#priority[word * 32 + bits] = value;
    else if (offset < 0xc00) {
      if (first >= 32 && this.cpus > 1) {
        this.#targets[word * 32 + bits] = value & ((1 << this.cpus) - 1);
      }
    } else if (offset < 0xd00) this.#write_config(word, first, value);
    else this.#write_sgi_pending(cpu, offset, value);
  }

  #write_config(word: number, first: number, value: number): void {
    if (first < 16) return;
    for (let i = 0; i < 4; i++) {
      const bit = (1 << ((first & 31) + i)) >>> 0;
      if ((value >>> (2 * i + 1)) & 1) this.#edge[word]! |= bit;
      else this.#edge[word]! &= ~bit;
    }
  }

  #write_sgi_pending(cpu: number, offset: number, value: number): void {
    const own = this.#interfaces[cpu]!, intid = offset & 15;
    if (offset < 0xf20) own.sgi_pending[intid]! &= ~value;
    else own.sgi_pending[intid]! |= value & ((1 << this.cpus) - 1);
    if (own.sgi_pending[intid]) this.#latched[cpu]! |= 1 << intid;
    else this.#latched[cpu]! &= ~(1 << intid);
  }
}

/** PIDR4..7, PIDR0..3, CIDR0..3 (section 4.3.19). */
const IDENTIFICATION = [0x04, 0, 0, 0, 0x90, 0xb4, 0x2b, 0, 0x0d, 0xf0, 0x05, 0xb1];
