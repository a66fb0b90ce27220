import type { Cpu } from "../cpu.ts";
import { MEM, STATE } from "../state.ts";
import { Context, ContextKey, type FillLog } from "./context.ts";
import { type Mmu, type RamRange, RIGHT } from "./mmu.ts";
import { SCTLR, type SysRegs } from "./sys_regs.ts";

/** What the maps tell the engine, which keeps predecoded instructions. */
export interface CodeCache {
  /** Forget which virtual page is which predecoded page. */
  flush_tlb(): void;
  /** The same for one virtual page, in every context; `va` has its low 12 bits clear. */
  flush_tlb_page(va: number): void;
  /**
   * The RAM page at physical address `pa_page`, which the engine had protected, is about to be
   * written: `length` bytes from `offset`. From here on the page is not protected; if the engine
   * wants it to stay so because it still has code there, it answers true.
   */
  page_written(pa_page: number, offset: number, length: number): boolean | void;
}

/** A code cache for when there is none. */
export const NO_CODE: CodeCache = {
  flush_tlb() {},
  flush_tlb_page() {},
  page_written() {},
};

/** The last context's maps are never given away: nothing is ever mapped there. */
const EMPTY = MEM.map_contexts - 1;
const EMPTY_MAP = MEM.maps + EMPTY * 2 * MEM.map_bytes;
const MISS = 1;
/** A physical page is written through more virtual pages than the table has room for. */
const MANY = -1;

/**
 * The soft TLB: dense page maps in the WebAssembly memory, a pair for each of some contexts.
 *
 * A map has one word per 4 KiB virtual page: bit 0 set is a miss, else it is what to add to a
 * virtual address in that page to have its address in the WebAssembly memory. Only RAM is ever
 * mapped. Contexts are taken lazily: until something is filled, a new combination of translation
 * registers sees an empty map, so that the steps of a context switch cost no context.
 */
export class PageMaps {
  readonly #cpu: Cpu;
  readonly #i32: Int32Array;
  readonly #regs: SysRegs;
  readonly #mmu: Mmu;
  readonly ram: RamRange;
  readonly #contexts: Context[] = [];
  #current: Context | undefined;
  #user: Context | undefined;
  readonly #key: ContextKey = new ContextKey();
  readonly #user_key: ContextKey = new ContextKey();
  #clock = 0;
  #empty_ready = false;
  /** log2 of the largest translation seen in each 2 MiB of virtual addresses, if above 12. */
  readonly #large = new Uint8Array(2048);
  /** Parts of 2 MiB in which RAM is mapped as Device or Strongly-ordered memory. */
  readonly #device: Uint8Array;
  /** By RAM page: 1 when the engine protects it. */
  readonly #protected: Uint8Array;
  /** By RAM page: the two first virtual pages (plus one) that write maps have it at, or MANY. */
  readonly #writers: Int32Array;
  /** The engine's side. */
  code: CodeCache = NO_CODE;

  constructor(cpu: Cpu, regs: SysRegs, mmu: Mmu, ram: RamRange) {
    this.#cpu = cpu;
    this.#i32 = cpu.i32;
    this.#device = cpu.u8.subarray(MEM.near_device, MEM.near_device + 2048);
    this.#device.fill(0);
    this.#regs = regs;
    this.#mmu = mmu;
    this.ram = ram;
    this.#protected = new Uint8Array(ram.size >>> 12);
    this.#writers = new Int32Array((ram.size >>> 12) * 2);
    for (let i = 0; i < EMPTY; i++) {
      this.#contexts.push(new Context(i, MEM.maps + i * 2 * MEM.map_bytes, MEM.map_bytes));
    }
  }

  // ---- contexts ----

  /** Points the CPU at the maps of its current state; after any change of mode or registers. */
  select(): void {
    const cpu = this.#cpu;
    const privileged = cpu.system.modes.privileged();
    this.#key.take(this.#regs, privileged);
    this.#current = this.#find(this.#key, this.#current);
    if (privileged) {
      this.#user_key.take(this.#regs, false);
      this.#user = this.#find(this.#user_key, this.#user);
    } else this.#user = this.#current;
    this.#publish();
  }

  #find(key: ContextKey, hint: Context | undefined): Context | undefined {
    if (hint !== undefined && hint.key.equals(key)) return hint;
    for (const context of this.#contexts) {
      if (context.used && context.key.equals(key)) {
        context.stamp = ++this.#clock;
        return context;
      }
    }
    return undefined;
  }

  #publish(): void {
    const cpu = this.#cpu;
    const current = this.#current;
    const big = (cpu.get(STATE.cpsr) & (1 << 9)) !== 0;
    if (!this.#empty_ready) {
      this.#empty_ready = true;
      this.#i32.fill(MISS, EMPTY_MAP >> 2, (EMPTY_MAP + 2 * MEM.map_bytes) >> 2);
    }
    const mapped = current !== undefined && !big;
    cpu.set(STATE.map, mapped ? current.read_map : EMPTY_MAP);
    const user = big ? undefined : this.#user;
    cpu.set(STATE.user_map, user !== undefined ? user.read_map : EMPTY_MAP);
    cpu.set(STATE.strict_alignment, this.#regs.sctlr & SCTLR.A);
    cpu.set(STATE.code_tag, (current !== undefined ? current.number : EMPTY) << 1);
  }

  /** The context for accesses with the given privilege, made when there is none yet. */
  context(unprivileged: boolean): Context {
    const found = unprivileged ? this.#user : this.#current;
    if (found !== undefined) return found;
    const user_now = unprivileged && this.#cpu.system.modes.privileged();
    const made = this.#take(user_now ? this.#user_key : this.#key);
    // With the MMU off both privileges have the same key.
    if (made.key.equals(this.#key)) this.#current = made;
    if (!this.#cpu.system.modes.privileged()) this.#user = made;
    else if (made.key.equals(this.#user_key)) this.#user = made;
    this.#publish();
    return made;
  }

  #take(key: ContextKey): Context {
    let oldest: Context | undefined;
    for (const context of this.#contexts) {
      if (context === this.#current || context === this.#user) continue;
      if (!context.used) {
        oldest = context;
        break;
      }
      if (oldest === undefined || context.stamp < oldest.stamp) oldest = context;
    }
    const context = oldest!;
    if (context.used) {
      this.#drop(context);
      this.code.flush_tlb();
    } else {
      this.#i32.fill(MISS, context.read_map >> 2, (context.write_map + MEM.map_bytes) >> 2);
      context.used = true;
    }
    context.key.copy(key);
    context.stamp = ++this.#clock;
    return context;
  }

  // ---- filling ----

  /**
   * Fills from the MMU's last walk of `va`, which gave a RAM page. A write map entry is made only
   * for a write, and not for a protected page.
   */
  fill(context: Context, va: number, write: boolean): void {
    const mmu = this.#mmu;
    const vpage = va >>> 12;
    const region = va >>> 21;
    const page = Math.floor((mmu.pa - this.ram.base) / 4096);
    const entry = (MEM.guest_ram + page * 4096 - vpage * 4096) | 0;
    const read_index = (context.read_map >> 2) + vpage;
    if (mmu.size_log2 > 12 && mmu.size_log2 > this.#large[region]!) {
      this.#large[region] = mmu.size_log2;
    }
    if (mmu.mapped && mmu.memory_type() !== 2) this.#device[region] = 1;
    const write_index = (context.write_map >> 2) + vpage;
    if ((this.#i32[read_index]! & this.#i32[write_index]! & MISS) !== 0) {
      (mmu.global ? context.global : context.local).add(vpage);
    }
    if ((mmu.rights & RIGHT.read) !== 0) this.#i32[read_index] = entry;
    if (write && this.#protected[page] === 0) {
      this.#i32[write_index] = entry;
      this.#note_writer(page, vpage + 1);
    }
  }

  #note_writer(page: number, vpage1: number): void {
    const w = this.#writers;
    const i = page * 2;
    if (w[i] === vpage1 || w[i + 1] === vpage1 || w[i] === MANY) return;
    if (w[i] === 0) w[i] = vpage1;
    else if (w[i + 1] === 0) w[i + 1] = vpage1;
    else w[i] = MANY;
  }

  /** Code TLB entries of large translations go as a whole too: remembers how large this one is. */
  note_fetch(va: number): void {
    const { size_log2 } = this.#mmu;
    const region = va >>> 21;
    if (size_log2 > 12 && size_log2 > this.#large[region]!) this.#large[region] = size_log2;
  }

  /** Whether RAM may be mapped as Device or Strongly-ordered memory near `va`. */
  near_device(va: number): boolean {
    return this.#device[va >>> 21] !== 0;
  }

  // ---- protected pages ----

  /** From now on stores to the RAM page at physical address `pa_page` tell the code cache first. */
  protect(pa_page: number): void {
    const page = (pa_page - this.ram.base) >>> 12;
    if (this.#protected[page] !== 0) return;
    this.#protected[page] = 1;
    const w = this.#writers;
    const a = w[page * 2]!, b = w[page * 2 + 1]!;
    w[page * 2] = w[page * 2 + 1] = 0;
    if (a === 0) return;
    const wasm_page = MEM.guest_ram + page * 4096;
    for (const context of this.#contexts) {
      if (!context.used) continue;
      if (a === MANY) {
        this.#unwrite_all(context, wasm_page);
        continue;
      }
      this.#unwrite(context, a - 1, wasm_page);
      if (b !== 0) this.#unwrite(context, b - 1, wasm_page);
    }
  }

  /** Drops a write entry if it leads to `wasm_page`. */
  #unwrite(context: Context, vpage: number, wasm_page: number): void {
    const index = (context.write_map >> 2) + vpage;
    if (this.#i32[index] === ((wasm_page - vpage * 4096) | 0)) this.#i32[index] = MISS;
  }

  #unwrite_all(context: Context, wasm_page: number): void {
    for (const log of [context.global, context.local]) {
      if (log.overflowed) {
        for (let vpage = 0; vpage < 1 << 20; vpage++) this.#unwrite(context, vpage, wasm_page);
        return;
      }
      for (let i = 0; i < log.length; i++) this.#unwrite(context, log.at(i), wasm_page);
    }
  }

  /** Whether stores to the RAM page at physical address `pa_page` must be announced. */
  is_protected(pa_page: number): boolean {
    return this.#protected[(pa_page - this.ram.base) >>> 12] !== 0;
  }

  /**
   * RAM changes, or is about to, at physical address `pa`: by a store, a device, a loader. What the
   * code cache made of it is dropped.
   */
  written(pa: number, length: number): void {
    if (length <= 0) return;
    const start = pa - this.ram.base;
    const last = (start + length - 1) >>> 12;
    for (let page = start >>> 12; page <= last; page++) {
      if (this.#protected[page] === 0 || this.#protected[page] === undefined) continue;
      const from = Math.max(start, page * 4096);
      const to = Math.min(start + length, page * 4096 + 4096);
      this.#protected[page] = 0;
      const pa_page = this.ram.base + page * 4096;
      const stays = this.code.page_written(pa_page, from - page * 4096, to - from);
      if (stays === true) this.#protected[page] = 1;
    }
  }

  // ---- TLB maintenance ----

  /** TLBIALL. */
  flush(): void {
    for (const context of this.#contexts) if (context.used) this.#drop(context);
    this.#large.fill(0);
    this.#device.fill(0);
    this.code.flush_tlb();
  }

  /** TLBIASID: what is not global and was filled under `asid`. */
  flush_asid(asid: number): void {
    for (const context of this.#contexts) {
      if (context.used && context.key.asid === asid) this.#drop_log(context, context.local);
    }
    this.code.flush_tlb();
  }

  /** TLBIMVA, TLBIMVAA: the translation of `va`, in every context. */
  flush_page(va: number): void {
    va = (va & ~0xfff) >>> 0;
    const large = this.#large[va >>> 21]!;
    if (large === 0) {
      this.#drop_range(va >>> 12, 1);
      this.code.flush_tlb_page(va);
      return;
    }
    // A translation larger than a page goes as a whole.
    if (large > 21) {
      this.flush();
      return;
    }
    this.#drop_range((va >>> 21) << 9, 512);
    this.#large[va >>> 21] = 0;
    this.code.flush_tlb();
  }

  #drop_range(vpage: number, count: number): void {
    const i32 = this.#i32;
    for (const context of this.#contexts) {
      if (!context.used) continue;
      const read = (context.read_map >> 2) + vpage, write = (context.write_map >> 2) + vpage;
      i32.fill(MISS, read, read + count);
      i32.fill(MISS, write, write + count);
    }
  }

  #drop(context: Context): void {
    this.#drop_log(context, context.local);
    this.#drop_log(context, context.global);
  }

  #drop_log(context: Context, log: FillLog): void {
    const i32 = this.#i32;
    const read = context.read_map >> 2, write = context.write_map >> 2;
    if (log.overflowed) {
      i32.fill(MISS, read, (context.write_map + MEM.map_bytes) >> 2);
      context.local.clear();
      context.global.clear();
      return;
    }
    for (let i = 0; i < log.length; i++) {
      const vpage = log.at(i);
      i32[read + vpage] = MISS;
      i32[write + vpage] = MISS;
    }
    log.clear();
  }
}
