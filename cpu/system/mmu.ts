import type { Cpu } from "../cpu.ts";
import { MEM } from "../state.ts";
import { FAULT, fault_status } from "./fault.ts";
import { SCTLR, type SysRegs } from "./sys_regs.ts";

/** Rights to a page; bits of {@link Mmu.rights}. */
export const RIGHT = { read: 1, write: 2, execute: 4 } as const;

/** Guest RAM as the walker and the maps see it. */
export interface RamRange {
  /** Guest physical address of the first byte. */
  readonly base: number;
  /** Size in bytes. */
  readonly size: number;
}

const R = RIGHT.read, RW = RIGHT.read | RIGHT.write;
/** Read and write rights by AP[2:0]: [PL1, PL0]. */
const AP_FULL: readonly (readonly [number, number])[] = [
  [0, 0],
  [RW, 0],
  [RW, R],
  [RW, RW],
  [0, 0],
  [R, 0],
  [R, R],
  [R, R],
];
/** The same by AP[2:1], where AP[0] is an access flag. */
const AP_SIMPLE: readonly (readonly [number, number])[] = [[RW, 0], [RW, RW], [R, 0], [R, R]];

/** Where a short leaf descriptor keeps its fields: bit numbers. */
interface ShortLayout {
  readonly level: number;
  readonly size_log2: number;
  readonly xn: number;
  readonly tex: number;
  readonly ap: number;
  readonly ap2: number;
  readonly s: number;
  readonly ng: number;
}
const SECTION: ShortLayout = {
  level: 1,
  size_log2: 20,
  xn: 4,
  tex: 12,
  ap: 10,
  ap2: 15,
  s: 16,
  ng: 17,
};
const SUPERSECTION: ShortLayout = { ...SECTION, size_log2: 24 };
const LARGE_PAGE: ShortLayout = {
  level: 2,
  size_log2: 16,
  xn: 15,
  tex: 12,
  ap: 4,
  ap2: 9,
  s: 10,
  ng: 11,
};
const SMALL_PAGE: ShortLayout = {
  level: 2,
  size_log2: 12,
  xn: 0,
  tex: 6,
  ap: 4,
  ap2: 9,
  s: 10,
  ng: 11,
};

const HIGH = 0x1_0000_0000;

/**
 * The stage 1 address translation of ARMv7-A: short descriptors, and the long ones of LPAE.
 *
 * A walk answers through fields, so that nothing is allocated. Physical addresses are numbers up to
 * 2^40.
 */
export class Mmu {
  readonly #regs: SysRegs;
  readonly #ram: RamRange;
  readonly #i32: Int32Array;

  /** FSR value (no WnR) of the last walk or translation that failed. */
  status = 0;
  /** Physical address of the byte asked for. */
  pa = 0;
  /** {@link RIGHT} bits for the privilege asked for. */
  rights = 0;
  /** log2 of the size of the page, section or block. */
  size_log2 = 12;
  /** Not for one ASID only. */
  global = true;
  /** TEX, C, B (bits 4:0) of a short descriptor, AttrIndx of a long one. */
  attr = 0;
  /** S bit, or SH field of a long descriptor. */
  shareable = 0;
  /** Level at which the walk ended, for permission faults. */
  level = 0;
  /** Domain of a short descriptor. */
  domain = 0;
  /** The walk went through tables: the MMU is on. */
  mapped = false;

  constructor(cpu: Cpu, regs: SysRegs, ram: RamRange) {
    this.#regs = regs;
    this.#ram = ram;
    this.#i32 = cpu.i32;
  }

  /** Translates for an access that needs `right`. False on a fault, with `status` set. */
  translate(va: number, right: number, privileged: boolean): boolean {
    if (!this.walk(va, privileged)) return false;
    if ((this.rights & right) !== 0) return true;
    this.#fail(FAULT.permission);
    return false;
  }

  /** Looks `va` up. False when there is no translation, with `status` set. */
  walk(va: number, privileged: boolean): boolean {
    va = va >>> 0;
    const regs = this.#regs;
    this.domain = 0;
    if ((regs.sctlr & SCTLR.M) === 0) {
      this.mapped = false;
      this.pa = va;
      this.rights = 7;
      this.size_log2 = 12;
      this.global = true;
      this.attr = 0;
      this.shareable = 0;
      return true;
    }
    this.mapped = true;
    return regs.lpae ? this.#walk_long(va, privileged) : this.#walk_short(va, privileged);
  }

  #fail(fault: number): false {
    this.status = fault_status(this.#regs.lpae, fault, this.level, this.domain);
    return false;
  }

  /** Index of the word at physical address `pa` in the memory, or -1 outside RAM. */
  #word(pa: number): number {
    const offset = pa - this.#ram.base;
    return offset >= 0 && offset < this.#ram.size ? (MEM.guest_ram + offset) >>> 2 : -1;
  }

  #descriptor(index: number): number {
    const v = this.#i32[index]!;
    if ((this.#regs.sctlr & SCTLR.EE) === 0) return v;
    return (v << 24) | ((v & 0xff00) << 8) | ((v >>> 8) & 0xff00) | (v >>> 24);
  }

  #walk_short(va: number, privileged: boolean): boolean {
    const regs = this.#regs;
    const ttbcr = regs.ttbcr;
    const n = ttbcr & 7;
    const use1 = n !== 0 && (va >>> (32 - n)) !== 0;
    this.level = 1;
    if ((ttbcr & (use1 ? 0x20 : 0x10)) !== 0) return this.#fail(FAULT.translation);
    const shift = use1 ? 0 : n;
    const base = ((use1 ? regs.ttbr1 : regs.ttbr0) & (-1 << (14 - shift))) >>> 0;
    const l1_index = this.#word(base + (((va << shift) >>> (20 + shift)) << 2));
    if (l1_index < 0) return this.#fail(FAULT.walk);
    const l1 = this.#descriptor(l1_index);
    const type = l1 & 3;
    if (type === 0) return this.#fail(FAULT.translation);
    if (type !== 1) {
      const pxn = (l1 & 1) !== 0;
      if ((l1 & (1 << 18)) !== 0) {
        this.pa = (((l1 & 0xff00_0000) >>> 0) | (va & 0xff_ffff)) >>> 0;
        this.pa += (((l1 >>> 20) & 15) | (((l1 >>> 5) & 15) << 4)) * HIGH;
        return this.#leaf_short(l1, SUPERSECTION, pxn, privileged);
      }
      this.domain = (l1 >>> 5) & 15;
      this.pa = ((l1 & 0xfff0_0000) | (va & 0xf_ffff)) >>> 0;
      return this.#leaf_short(l1, SECTION, pxn, privileged);
    }
    this.domain = (l1 >>> 5) & 15;
    this.level = 2;
    const l2_index = this.#word(((l1 & 0xffff_fc00) >>> 0) + ((va >>> 10) & 0x3fc));
    if (l2_index < 0) return this.#fail(FAULT.walk);
    const l2 = this.#descriptor(l2_index);
    const pxn = (l1 & 4) !== 0;
    switch (l2 & 3) {
      case 0:
        return this.#fail(FAULT.translation);
      case 1:
        this.pa = ((l2 & 0xffff_0000) | (va & 0xffff)) >>> 0;
        return this.#leaf_short(l2, LARGE_PAGE, pxn, privileged);
      default:
        this.pa = ((l2 & 0xffff_f000) | (va & 0xfff)) >>> 0;
        return this.#leaf_short(l2, SMALL_PAGE, pxn, privileged);
    }
  }

  #leaf_short(desc: number, layout: ShortLayout, pxn: boolean, privileged: boolean): boolean {
    const { sctlr, dacr } = this.#regs;
    this.size_log2 = layout.size_log2;
    this.global = ((desc >>> layout.ng) & 1) === 0;
    this.attr = (((desc >>> layout.tex) & 7) << 2) | ((desc >>> 2) & 3);
    this.shareable = (desc >>> layout.s) & 1;
    const ap = ((desc >>> layout.ap) & 3) | (((desc >>> layout.ap2) & 1) << 2);
    const afe = (sctlr & SCTLR.AFE) !== 0;
    if (afe && (ap & 1) === 0) return this.#fail(FAULT.access_flag);
    const domain_access = (dacr >>> (this.domain * 2)) & 3;
    if (domain_access === 3) {
      this.rights = 7;
      return true;
    }
    if (domain_access !== 1) return this.#fail(FAULT.domain);
    const xn = ((desc >>> layout.xn) & 1) !== 0;
    this.#set_rights(afe ? AP_SIMPLE[ap >> 1]! : AP_FULL[ap]!, xn, pxn, privileged);
    return true;
  }

  #set_rights(
    access: readonly [number, number],
    xn: boolean,
    pxn: boolean,
    privileged: boolean,
  ): void {
    const rights = privileged ? access[0] : access[1];
    const sctlr = this.#regs.sctlr;
    let execute = (rights & RIGHT.read) !== 0 && !xn && !(privileged && pxn);
    if ((sctlr & SCTLR.WXN) !== 0 && (rights & RIGHT.write) !== 0) execute = false;
    if (privileged && (sctlr & SCTLR.UWXN) !== 0 && (access[1] & RIGHT.write) !== 0) {
      execute = false;
    }
    this.rights = execute ? rights | RIGHT.execute : rights;
  }

  #walk_long(va: number, privileged: boolean): boolean {
    const regs = this.#regs;
    const ttbcr = regs.ttbcr;
    const t0 = ttbcr & 7, t1 = (ttbcr >>> 16) & 7;
    this.level = 1;
    const in0 = t0 === 0 || (va >>> (32 - t0)) === 0;
    const in1 = t1 === 0 ? !in0 : (va >>> (32 - t1)) === (1 << t1) - 1;
    if (!in0 && !in1) return this.#fail(FAULT.translation);
    if ((ttbcr & (in1 ? 1 << 23 : 1 << 7)) !== 0) return this.#fail(FAULT.translation);
    const size = in1 ? t1 : t0;
    let level = size < 2 ? 1 : 2;
    const low = in1 ? regs.ttbr1 : regs.ttbr0;
    const high = (in1 ? regs.ttbr1_high : regs.ttbr0_high) & 0xff;
    const x = level === 1 ? 5 - size : 14 - size;
    let table = ((low & (-1 << x)) >>> 0) + high * HIGH;
    // The first index may be short, or for level 2 long by what level 1 would have resolved.
    let index = ((va << size) >>> size) >>> (level === 1 ? 30 : 21);
    let ap_table = 0, xn = false, pxn = false;
    for (;;) {
      this.level = level;
      const word = this.#word(table + index * 8);
      if (word < 0) return this.#fail(FAULT.walk);
      const big = (regs.sctlr & SCTLR.EE) !== 0;
      const lo = this.#descriptor(big ? word + 1 : word);
      const hi = this.#descriptor(big ? word : word + 1);
      if ((lo & 1) === 0) return this.#fail(FAULT.translation);
      if (level < 3 && (lo & 2) !== 0) {
        ap_table |= hi >>> 29;
        xn ||= (hi & (1 << 28)) !== 0;
        pxn ||= (hi & (1 << 27)) !== 0;
        table = ((lo & 0xffff_f000) >>> 0) + (hi & 0xff) * HIGH;
        level++;
        index = level === 2 ? (va >>> 21) & 511 : (va >>> 12) & 511;
        continue;
      }
      if (level === 3 && (lo & 2) === 0) return this.#fail(FAULT.translation);
      xn ||= (hi & (1 << 22)) !== 0;
      pxn ||= (hi & (1 << 21)) !== 0;
      return this.#leaf_long(va, lo, hi, ap_table & 3, xn, pxn, privileged);
    }
  }

  #leaf_long(
    va: number,
    lo: number,
    hi: number,
    ap_table: number,
    xn: boolean,
    pxn: boolean,
    privileged: boolean,
  ): boolean {
    this.size_log2 = 39 - 9 * this.level;
    const offset = 2 ** this.size_log2 - 1;
    this.pa = (((lo & ~0xfff & ~offset) | (va & offset)) >>> 0) + (hi & 0xff) * HIGH;
    this.global = (lo & (1 << 11)) === 0;
    this.attr = (lo >>> 2) & 7;
    this.shareable = (lo >>> 8) & 3;
    if ((lo & (1 << 10)) === 0) return this.#fail(FAULT.access_flag);
    // APTable[0] takes PL0's access away, APTable[1] write access.
    let ap = (lo >>> 6) & 3;
    if ((ap_table & 1) !== 0) ap &= ~1;
    if ((ap_table & 2) !== 0) ap |= 2;
    this.#set_rights(AP_SIMPLE[ap]!, xn, pxn, privileged);
    return true;
  }

  /**
   * Memory type of the last walk: 0 Strongly-ordered, 1 Device, 2 Normal. With the MMU off it is
   * Strongly-ordered by the book, but nothing here enforces that.
   */
  memory_type(): number {
    if (!this.mapped) return 0;
    const regs = this.#regs;
    if (regs.lpae) {
      const byte = this.mair_byte();
      return byte >>> 4 !== 0 ? 2 : byte === 0 ? 0 : 1;
    }
    if ((regs.sctlr & SCTLR.TRE) !== 0) {
      const type = (regs.mair0 >>> ((this.attr & 7) * 2)) & 3;
      return type === 3 ? 2 : type;
    }
    switch (this.attr) {
      case 0b00000:
        return 0;
      case 0b00001:
      case 0b01000:
        return 1;
    }
    return 2;
  }

  /** The MAIR byte of the last walk of long descriptors. */
  mair_byte(): number {
    const mair = (this.attr & 4) !== 0 ? this.#regs.mair1 : this.#regs.mair0;
    return (mair >>> ((this.attr & 3) * 8)) & 0xff;
  }
}
