import { ACCESS, alignment_of, type Cpu, type MemorySystem } from "../cpu.ts";
import { EXIT, MAP_BIAS, MEM, STATE } from "../state.ts";
import { FAULT, fault_status, FSR_WNR } from "./fault.ts";
import type { Mmio } from "./mmio.ts";
import { type Mmu, RIGHT } from "./mmu.ts";
import type { PageMaps } from "./page_maps.ts";
import { SCTLR, type SysRegs } from "./sys_regs.ts";

/** A fault was raised. */
const FAULTED = -1;
/** Not RAM: the physical address is in the MMU. */
const DEVICE = -2;

/**
 * Guest memory behind the fast path: everything that is not a naturally aligned little-endian access
 * to a page that the maps have.
 */
export class Memory implements MemorySystem {
  readonly #cpu: Cpu;
  readonly #regs: SysRegs;
  readonly #mmu: Mmu;
  readonly #maps: PageMaps;
  readonly #mmio: Mmio;
  readonly #i32: Int32Array;
  readonly #u8: Uint8Array;

  constructor(cpu: Cpu, regs: SysRegs, mmu: Mmu, maps: PageMaps, mmio: Mmio) {
    this.#cpu = cpu;
    this.#regs = regs;
    this.#mmu = mmu;
    this.#maps = maps;
    this.#mmio = mmio;
    this.#i32 = cpu.i32;
    this.#u8 = cpu.u8;
  }

  #abort(address: number, status: number, write: boolean): void {
    this.#cpu.raise({
      kind: "data_abort",
      address: address >>> 0,
      status: write ? status | FSR_WNR : status,
    });
  }

  #alignment_abort(address: number, write: boolean): void {
    this.#abort(address, fault_status(this.#regs.lpae, FAULT.alignment, 0), write);
  }

  #big(): boolean {
    return (this.#cpu.get(STATE.cpsr) & (1 << 9)) !== 0;
  }

  /** Where virtual address `va` is in the WebAssembly memory; or FAULTED, or DEVICE. */
  #resolve(va: number, write: boolean, unprivileged: boolean): number {
    const maps = this.#maps;
    const context = maps.context(unprivileged);
    const map = write ? context.write_map : context.read_map;
    const entry = this.#i32[(map >> 2) + (va >>> 12)]!;
    if (entry !== 0) return (entry + MAP_BIAS + va) >>> 0;
    const mmu = this.#mmu;
    const privileged = !unprivileged && this.#cpu.system.modes.privileged();
    if (!mmu.translate(va, write ? RIGHT.write : RIGHT.read, privileged)) {
      this.#abort(va, mmu.status, write);
      return FAULTED;
    }
    const offset = mmu.pa - maps.ram.base;
    if (offset < 0 || offset >= maps.ram.size) return DEVICE;
    maps.fill(context, va);
    return MEM.guest_ram + offset;
  }

  /** Tells the code cache about a store that is about to happen at an address #resolve gave. */
  #before_store(at: number, va: number, length: number, unprivileged: boolean): void {
    const maps = this.#maps;
    const pa = maps.ram.base + at - MEM.guest_ram;
    if (!maps.is_protected(pa)) return;
    maps.written(pa, length);
    // When the page is free again, later stores may be direct.
    if (!maps.is_protected(pa)) this.#resolve(va, true, unprivileged);
  }

  /** Checks alignment rules. Whether the access may go on. */
  #aligned(va: number, width: number, access: number, write: boolean): boolean {
    if ((va & (alignment_of(width, access) - 1)) === 0) return true;
    if ((access & ACCESS.aligned) !== 0 || (this.#regs.sctlr & SCTLR.A) !== 0) {
      this.#alignment_abort(va, write);
      return false;
    }
    return true;
  }

  /** Unaligned accesses to Device and Strongly-ordered memory fault. */
  #unaligned_device(va: number, at: number, write: boolean, unprivileged: boolean): boolean {
    if ((this.#regs.sctlr & SCTLR.M) === 0) return false;
    if (at !== DEVICE && !this.#maps.near_device(va)) return false;
    this.#mmu.walk(va, !unprivileged && this.#cpu.system.modes.privileged());
    if (this.#mmu.memory_type() === 2) return false;
    this.#alignment_abort(va, write);
    return true;
  }

  /** See {@link MemorySystem.load}. */
  load(address: number, width: number, access: number): number {
    if ((address & (width - 1)) !== 0) {
      if (!this.#aligned(address, width, access, false)) return 0;
      const here = this.#plain(address, width, access, false);
      if (here < 0) return Number(this.#load_bytes(address, width, access));
      return this.#load_here(here, width);
    }
    const at = this.#resolve(address, false, (access & ACCESS.unprivileged) !== 0);
    let value: number;
    if (at >= 0) {
      value = width === 4
        ? this.#cpu.u32[at >>> 2]!
        : width === 2
        ? this.#cpu.u16[at >>> 1]!
        : this.#u8[at]!;
    } else if (at === FAULTED) return 0;
    else value = this.#mmio.read(this.#mmu.pa, width);
    return this.#big() ? swap(value, width) : value;
  }

  /** See {@link MemorySystem.load64}. In big-endian mode all eight bytes are reversed. */
  load64(address: number, access: number): bigint {
    if ((address & 7) !== 0) {
      if (!this.#aligned(address, 8, access, false)) return 0n;
      return this.#load_bytes(address, 8, access);
    }
    const at = this.#resolve(address, false, (access & ACCESS.unprivileged) !== 0);
    if (at >= 0) {
      const value = this.#cpu.i64[at / 8]!;
      return this.#big() ? swap64(value) : value;
    }
    if (at === FAULTED) return 0n;
    const pa = this.#mmu.pa;
    const low = this.#mmio.read(pa, 4);
    if (this.#cpu.get(STATE.exit) !== EXIT.none) return 0n;
    const high = this.#mmio.read(pa + 4, 4);
    return this.#big() ? join(swap(high, 4), swap(low, 4)) : join(low, high);
  }

  /** An unaligned value of up to 4 bytes. */
  #load_here(at: number, width: number): number {
    const u8 = this.#u8;
    const low = u8[at]! | u8[at + 1]! << 8;
    return width === 2 ? low : (low | u8[at + 2]! << 16 | u8[at + 3]! << 24) >>> 0;
  }

  /**
   * Where an access that is not aligned goes in the usual case: to little-endian RAM, in one page that
   * has been accessed before; else -1.
   */
  #plain(address: number, length: number, access: number, write: boolean): number {
    if ((address & 0xfff) + length > 4096 || this.#big()) return -1;
    if ((this.#regs.sctlr & SCTLR.M) !== 0 && this.#maps.near_device(address)) return -1;
    const context = this.#maps.context((access & ACCESS.unprivileged) !== 0);
    const map = write ? context.write_map : context.read_map;
    const entry = this.#i32[(map >> 2) + (address >>> 12)]!;
    return entry !== 0 ? (entry + MAP_BIAS + address) >>> 0 : -1;
  }

  /** A load that is not aligned, byte by byte. Signed when `width` is 8. */
  #load_bytes(address: number, width: number, access: number): bigint {
    const unprivileged = (access & ACCESS.unprivileged) !== 0;
    const split = (address & (alignment_of(width, access) - 1)) !== 0;
    const first = this.#resolve(address, false, unprivileged);
    if (first === FAULTED) return 0n;
    if (split && this.#unaligned_device(address, first, false, unprivileged)) return 0n;
    const pa = this.#mmu.pa;
    const here = Math.min(width, 4096 - (address & 0xfff));
    let second = first < 0 ? DEVICE : first + here;
    let pa2 = pa + here;
    if (here < width) {
      const next = (address + here) >>> 0;
      second = this.#resolve(next, false, unprivileged);
      if (second === FAULTED) return 0n;
      if (split && this.#unaligned_device(next, second, false, unprivileged)) return 0n;
      pa2 = this.#mmu.pa;
    }
    let value = 0n;
    const big = this.#big();
    for (let i = 0; i < width; i++) {
      let byte: number;
      if (i < here) byte = first >= 0 ? this.#u8[first + i]! : this.#mmio.read(pa + i, 1);
      else byte = second >= 0 ? this.#u8[second + i - here]! : this.#mmio.read(pa2 + i - here, 1);
      if (this.#cpu.get(STATE.exit) !== EXIT.none) return 0n;
      value |= BigInt(byte) << BigInt(8 * (big ? width - 1 - i : i));
    }
    return width === 8 ? BigInt.asIntN(64, value) : value;
  }

  /** See {@link MemorySystem.store}. */
  store(address: number, width: number, value: number, access: number): void {
    if ((address & (width - 1)) !== 0) {
      if (this.#aligned(address, width, access, true)) {
        this.#store_unaligned(address, width, value, access);
      }
      return;
    }
    const unprivileged = (access & ACCESS.unprivileged) !== 0;
    const at = this.#resolve(address, true, unprivileged);
    if (at === FAULTED) return;
    if (this.#big()) value = swap(value, width);
    if (at === DEVICE) {
      this.#mmio.write(this.#mmu.pa, width, value);
      return;
    }
    this.#before_store(at, address, width, unprivileged);
    if (width === 4) this.#i32[at >>> 2] = value;
    else if (width === 2) this.#cpu.u16[at >>> 1] = value;
    else this.#u8[at] = value;
  }

  #store_unaligned(address: number, width: number, value: number, access: number): void {
    const at = this.#plain(address, width, access, true);
    if (at < 0) {
      return this.#store_bytes(address, width, BigInt.asUintN(64, BigInt(value)), access);
    }
    for (let i = 0; i < width; i++) this.#u8[at + i] = value >>> (8 * i);
  }

  /** See {@link MemorySystem.store64}. */
  store64(address: number, value: bigint, access: number): void {
    if ((address & 7) !== 0) {
      if (this.#aligned(address, 8, access, true)) {
        this.#store_bytes(address, 8, BigInt.asUintN(64, value), access);
      }
      return;
    }
    const unprivileged = (access & ACCESS.unprivileged) !== 0;
    const at = this.#resolve(address, true, unprivileged);
    if (at === FAULTED) return;
    if (this.#big()) value = swap64(value);
    if (at === DEVICE) {
      const pa = this.#mmu.pa;
      this.#mmio.write(pa, 4, Number(BigInt.asIntN(32, value)));
      if (this.#cpu.get(STATE.exit) !== EXIT.none) return;
      this.#mmio.write(pa + 4, 4, Number(BigInt.asIntN(32, value >> 32n)));
      return;
    }
    this.#before_store(at, address, 8, unprivileged);
    this.#cpu.i64[at / 8] = value;
  }

  /** A store that is not aligned, byte by byte; both pages are checked first. */
  #store_bytes(address: number, width: number, value: bigint, access: number): void {
    const unprivileged = (access & ACCESS.unprivileged) !== 0;
    const split = (address & (alignment_of(width, access) - 1)) !== 0;
    const first = this.#resolve(address, true, unprivileged);
    if (first === FAULTED) return;
    if (split && this.#unaligned_device(address, first, true, unprivileged)) return;
    const pa = this.#mmu.pa;
    const here = Math.min(width, 4096 - (address & 0xfff));
    let second = first < 0 ? DEVICE : first + here;
    let pa2 = pa + here;
    if (here < width) {
      const next = (address + here) >>> 0;
      second = this.#resolve(next, true, unprivileged);
      if (second === FAULTED) return;
      if (split && this.#unaligned_device(next, second, true, unprivileged)) return;
      pa2 = this.#mmu.pa;
      if (second >= 0) this.#before_store(second, next, width - here, unprivileged);
    }
    if (first >= 0) this.#before_store(first, address, here, unprivileged);
    const big = this.#big();
    for (let i = 0; i < width; i++) {
      const byte = Number((value >> BigInt(8 * (big ? width - 1 - i : i))) & 255n);
      if (i < here) {
        if (first >= 0) this.#u8[first + i] = byte;
        else this.#mmio.write(pa + i, 1, byte);
      } else if (second >= 0) this.#u8[second + i - here] = byte;
      else this.#mmio.write(pa2 + i - here, 1, byte);
      if (this.#cpu.get(STATE.exit) !== EXIT.none) return;
    }
  }

  /** See {@link MemorySystem.probe}. */
  probe(address: number, length: number, write: boolean): void {
    if (length <= 0) return;
    if (this.#resolve(address, write, false) === FAULTED) return;
    const room = 4096 - (address & 0xfff);
    if (length > room) this.#resolve((address + room) >>> 0, write, false);
  }

  /**
   * See {@link MemorySystem.compare_exchange}. What is not RAM has no exclusive monitor: a
   * synchronous external abort.
   */
  compare_exchange(address: number, width: number, expected: bigint, value: bigint): boolean {
    if ((address & (width - 1)) !== 0) {
      this.#alignment_abort(address, true);
      return false;
    }
    const at = this.#resolve(address, true, false);
    if (at === FAULTED) return false;
    if (at === DEVICE) {
      this.#abort(address, fault_status(this.#regs.lpae, FAULT.external, 0), true);
      return false;
    }
    this.#before_store(at, address, width, false);
    if (this.#big()) {
      const shift = BigInt(64 - 8 * width);
      expected = BigInt.asUintN(64, swap64(expected)) >> shift;
      value = BigInt.asUintN(64, swap64(value)) >> shift;
    }
    const { u8, u16, i32, i64 } = this.#cpu;
    if (width === 8) {
      const e = BigInt.asIntN(64, expected);
      return Atomics.compareExchange(i64, at / 8, e, BigInt.asIntN(64, value)) === e;
    }
    if (width === 4) {
      const e = Number(BigInt.asIntN(32, expected));
      return Atomics.compareExchange(i32, at >>> 2, e, Number(BigInt.asIntN(32, value))) === e;
    }
    const bits = width * 8;
    const e = Number(BigInt.asUintN(bits, expected));
    const v = Number(BigInt.asUintN(bits, value));
    return width === 2
      ? Atomics.compareExchange(u16, at >>> 1, e, v) === e
      : Atomics.compareExchange(u8, at, e, v) === e;
  }

  /**
   * See {@link MemorySystem.fetch_page}. `STATE.code_tag` is right for this address only after this
   * returned: a context may be taken for it here.
   */
  fetch_page(address: number): number | undefined {
    const mmu = this.#mmu;
    const { ram } = this.#maps;
    const cpu = this.#cpu;
    let status: number;
    if (mmu.translate(address, RIGHT.execute, cpu.system.modes.privileged())) {
      const offset = mmu.pa - ram.base;
      if (offset >= 0 && offset < ram.size) {
        this.#maps.context(false);
        this.#maps.note_fetch(address);
        return mmu.pa - (mmu.pa % 4096);
      }
      status = fault_status(this.#regs.lpae, FAULT.external, 0);
    } else {
      status = mmu.status;
      // IFSR has no domain.
      if (!this.#regs.lpae) status &= ~0xf0;
    }
    cpu.raise({ kind: "prefetch_abort", address: address >>> 0, status });
    return undefined;
  }

  /** See {@link MemorySystem.fetched_log2}. */
  fetched_log2(): number {
    return this.#mmu.size_log2;
  }

  /** See {@link MemorySystem.protect_page}. */
  protect_page(pa_page: number): void {
    this.#maps.protect(pa_page);
  }
}

function swap(v: number, width: number): number {
  if (width === 1) return v;
  if (width === 2) return ((v & 0xff) << 8) | ((v >>> 8) & 0xff);
  return ((v << 24) | ((v & 0xff00) << 8) | ((v >>> 8) & 0xff00) | (v >>> 24)) >>> 0;
}

const words = new DataView(new ArrayBuffer(8));
function swap64(v: bigint): bigint {
  words.setBigInt64(0, v);
  return words.getBigInt64(0, true);
}

function join(low: number, high: number): bigint {
  words.setInt32(0, low, true);
  words.setInt32(4, high, true);
  return words.getBigInt64(0, true);
}
