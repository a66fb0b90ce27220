import type { Cpu } from "../cpu.ts";
import { MAP_BIAS, MEM, STATE } from "../state.ts";
import { BLOCK, BLOCK_LOG2, Context, ContextKey, ContextPool, type FillLog } from "./context.ts";
import { type Mmu, type RamRange, RIGHT } from "./mmu.ts";
import { SCTLR, type SysRegs } from "./sys_regs.ts";

/** What the maps tell the engine, which keeps predecoded instructions. */
export interface CodeCache {
  /** Forget which virtual page is which predecoded page. */
  flush_tlb(): void;
  /** The same for one virtual page under one code tag; `va` has its low 12 bits clear. */
  flush_tlb_page(va: number, tag: number): void;
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
const EMPTY_MAP = MEM.maps + (MEM.map_contexts - 1) * 2 * MEM.map_bytes;
/** A map's word that leads nowhere; see {@link PageMaps}. */
const MISS = 0;
/** Code tags are even, and fit below a page's address. */
const TAG_STEP = 2, TAG_END = 0x1000;
/** What a cell has in place of a page. */
const NO_PAGE = 0x800;
/** A physical page is written through more virtual pages than the table has room for. */
const MANY = -1;
/** Virtual pages for which the table has room. */
const WRITERS = 4;
/** Pages that are filled together where they are mapped together: no more than a large page has. */
const NEIGHBOURS = 16;
/** From a page's word in a read map to that in its write map, in words. */
const WRITE_MAP = MEM.map_bytes >> 2;

/**
 * The soft TLB: dense page maps in the WebAssembly memory, a pair for each of some contexts.
 *
 * A map has one word per 4 KiB virtual page: zero is a miss; else bit 0 is set, and the rest is what
 * to add to a virtual address in that page to have its address in the WebAssembly memory. So the host
 * gives memory only for those parts of a map that have entries. Only RAM is ever mapped.
 *
 * Contexts are taken lazily: until something is filled, a new combination of translation registers
 * sees an empty map, so that the steps of a context switch cost no context. One that is taken begins
 * with the global entries of a relative: as in hardware, they hold in every address space.
 */
export class PageMaps {
  readonly #cpu: Cpu;
  readonly #i32: Int32Array;
  readonly #regs: SysRegs;
  readonly #mmu: Mmu;
  readonly ram: RamRange;
  readonly #pool: ContextPool;
  #current: Context | undefined;
  /** The context for unprivileged accesses; in a privileged mode it is found when there is one. */
  #user: Context | undefined;
  readonly #key: ContextKey = new ContextKey();
  readonly #user_key: ContextKey = new ContextKey();
  #next_tag = TAG_STEP;
  /** log2 of the largest translation seen in each 2 MiB of virtual addresses, if above 12. */
  readonly #large = new Uint8Array(2048);
  /** Parts of 2 MiB in which RAM is mapped as Device or Strongly-ordered memory. */
  readonly #device: Uint8Array;
  /** By RAM page: 1 when the engine protects it. */
  readonly #protected: Uint8Array;
  /** By RAM page: the first {@link WRITERS} virtual pages (plus one) that write maps have it at, or MANY. */
  readonly #writers: Int32Array;
  /** The engine's side. */
  code: CodeCache = NO_CODE;

  constructor(cpu: Cpu, regs: SysRegs, mmu: Mmu, ram: RamRange) {
    this.#cpu = cpu;
    this.#i32 = cpu.i32;
    this.#device = cpu.u8.subarray(MEM.near_device, MEM.near_device + 2048);
    this.#device.fill(0);
    this.#i32.fill(NO_PAGE, MEM.cells >> 2, (MEM.cells + 2 * MEM.write_cells) >> 2);
    this.#regs = regs;
    this.#mmu = mmu;
    this.ram = ram;
    this.#protected = new Uint8Array(ram.size >>> 12);
    this.#writers = new Int32Array((ram.size >>> 12) * WRITERS);
    const contexts: Context[] = [];
    for (let at = MEM.maps; at < EMPTY_MAP; at += 2 * MEM.map_bytes) {
      contexts.push(new Context(at, MEM.map_bytes));
    }
    this.#pool = new ContextPool(contexts);
  }

  // ---- contexts ----

  /** Points the CPU at the maps of its current state; after any change of mode or registers. */
  select(): void {
    const privileged = this.#cpu.system.modes.privileged();
    this.#key.take(this.#regs, privileged);
    const current = this.#current;
    if (current === undefined || !current.key.equals(this.#key)) {
      this.#current = this.#pool.find(this.#key);
    }
    this.#user = privileged ? undefined : this.#current;
    this.#publish();
  }

  #publish(): void {
    const cpu = this.#cpu;
    const current = this.#current, user = this.#user;
    const big = (cpu.get(STATE.cpsr) & (1 << 9)) !== 0;
    const map = current !== undefined && !big ? current.read_map : EMPTY_MAP;
    if (map !== cpu.get(STATE.map)) this.#clear_cells();
    cpu.set(STATE.map, map);
    cpu.set(STATE.user_map, user !== undefined && !big ? user.read_map : EMPTY_MAP);
    if (current !== undefined && current.tag === 0) this.#tag(current);
    cpu.set(STATE.strict_alignment, this.#regs.sctlr & SCTLR.A);
    cpu.set(STATE.code_tag, current !== undefined ? current.tag : 0);
  }

  /** What a cell has was in the current map, and still has to be. */
  #clear_cells(): void {
    const i32 = this.#i32;
    if (i32[MEM.cells_used >> 2] === 0) return;
    i32[MEM.cells_used >> 2] = 0;
    // Each change of mode comes here: no call, and the pages alone.
    const end = (MEM.cells + 2 * MEM.write_cells) >> 2;
    for (let i = MEM.cells >> 2; i < end; i += 2) i32[i] = NO_PAGE;
  }

  /** A tag that nothing in the code TLB has. */
  #tag(context: Context): void {
    if (this.#next_tag === TAG_END) {
      this.#next_tag = TAG_STEP;
      for (const other of this.#pool.all) other.tag = 0;
      this.code.flush_tlb();
    }
    context.tag = this.#next_tag;
    this.#next_tag += TAG_STEP;
  }

  /** The context for accesses with the given privilege, made when there is none yet. */
  context(unprivileged: boolean): Context {
    const found = unprivileged ? this.#user : this.#current;
    if (found !== undefined) return found;
    if (!unprivileged || !this.#cpu.system.modes.privileged()) {
      this.#current = this.#take(this.#key);
      if (!this.#cpu.system.modes.privileged()) this.#user = this.#current;
    } else {
      const key = this.#user_key;
      key.take(this.#regs, false);
      // With the MMU off both privileges have the same key.
      this.#user = key.equals(this.#key)
        ? this.context(false)
        : this.#pool.find(key) ?? this.#take(key);
    }
    this.#publish();
    return (unprivileged ? this.#user : this.#current)!;
  }

  #take(key: ContextKey): Context {
    const context = this.#pool.oldest(this.#current);
    if (context.used) {
      this.#drop(context, context.local, BLOCK.local);
      this.#drop(context, context.global, BLOCK.global);
      context.tag = 0;
    }
    const relative = this.#pool.relative(key);
    this.#pool.give(context, key);
    if (relative !== undefined && relative !== context) this.#copy_globals(relative, context);
    return context;
  }

  #copy_globals(from: Context, to: Context): void {
    const i32 = this.#i32;
    for (let i = 0; i < from.global.length; i++) {
      const vpage = from.global.at(i);
      const at = (from.read_map >> 2) + vpage, to_at = (to.read_map >> 2) + vpage;
      if ((i32[at]! | i32[at + WRITE_MAP]!) === MISS || i32[to_at]! !== MISS) continue;
      i32[to_at] = i32[at]!;
      i32[to_at + WRITE_MAP] = i32[at + WRITE_MAP]!;
      to.global.add(vpage);
      to.touch(vpage, BLOCK.global);
    }
  }

  // ---- filling ----

  /**
   * Fills from the MMU's last walk of `va`, which gave a RAM page, for reading and writing as it allows;
   * no write entry is made for a protected page. Of what is mapped in larger pieces, as the kernel's
   * memory is, neighbours are filled as well.
   */
  fill(context: Context, va: number): void {
    const mmu = this.#mmu;
    const vpage = va >>> 12;
    const region = va >>> 21;
    const page = Math.floor((mmu.pa - this.ram.base) / 4096);
    if (mmu.mapped && mmu.memory_type() !== 2) this.#device[region] = 1;
    if (mmu.size_log2 === 12) return this.#fill_page(context, vpage, page);
    if (mmu.size_log2 > this.#large[region]!) this.#large[region] = mmu.size_log2;
    const first = Math.max(vpage & -NEIGHBOURS, vpage - page);
    const last = Math.min(vpage | (NEIGHBOURS - 1), vpage - page + (this.ram.size >>> 12) - 1);
    for (let v = first; v <= last; v++) this.#fill_page(context, v, page + v - vpage);
  }

  #fill_page(context: Context, vpage: number, page: number): void {
    const mmu = this.#mmu, i32 = this.#i32;
    const entry = (MEM.guest_ram + page * 4096 - vpage * 4096 - MAP_BIAS) | 0;
    const read_index = (context.read_map >> 2) + vpage;
    const write_index = read_index + WRITE_MAP;
    if ((i32[read_index]! | i32[write_index]!) === MISS) {
      (mmu.global ? context.global : context.local).add(vpage);
      context.touch(vpage, mmu.global ? BLOCK.global : BLOCK.local);
    }
    if ((mmu.rights & RIGHT.read) !== 0) {
      const before = i32[read_index]!;
      if (before !== MISS && before !== entry) this.#clear_cells();
      i32[read_index] = entry;
    }
    if ((mmu.rights & RIGHT.write) !== 0 && this.#protected[page] === 0) {
      i32[write_index] = entry;
      this.#note_writer(page, vpage + 1);
    }
  }

  #note_writer(page: number, vpage1: number): void {
    const w = this.#writers;
    const from = page * WRITERS, end = from + WRITERS;
    for (let i = from; i < end; i++) {
      if (w[i] === vpage1 || w[i] === MANY) return;
      if (w[i] === 0) {
        w[i] = vpage1;
        return;
      }
    }
    w[from] = MANY;
  }

  /** Remembers what of `va`'s translation, just walked, code TLB entries made from it depend on. */
  note_fetch(va: number): void {
    const { size_log2, global } = this.#mmu;
    const region = va >>> 21;
    this.context(false).touch(va >>> 12, global ? BLOCK.global : BLOCK.local);
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
    this.#clear_cells();
    this.#protected[page] = 1;
    const from = page * WRITERS;
    const writers = this.#writers.subarray(from, from + WRITERS);
    const wasm_page = MEM.guest_ram + page * 4096;
    for (const context of this.#pool.all) {
      if (!context.used) continue;
      if (writers[0] === MANY) this.#unwrite_all(context, wasm_page);
      else {
        for (let i = 0; i < WRITERS && writers[i] !== 0; i++) {
          this.#unwrite(context, writers[i]! - 1, wasm_page);
        }
      }
    }
    writers.fill(0);
  }

  /** Drops a write entry if it leads to `wasm_page`. */
  #unwrite(context: Context, vpage: number, wasm_page: number): void {
    const index = (context.write_map >> 2) + vpage;
    if (this.#i32[index] === ((wasm_page - vpage * 4096 - MAP_BIAS) | 0)) this.#i32[index] = MISS;
  }

  #unwrite_all(context: Context, wasm_page: number): void {
    for (const block of context.touched) {
      const end = (block + 1) << BLOCK_LOG2;
      for (let v = block << BLOCK_LOG2; v < end; v++) this.#unwrite(context, v, wasm_page);
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
    for (const context of this.#pool.all) {
      if (!context.used) continue;
      this.#drop(context, context.local, BLOCK.local);
      this.#drop(context, context.global, BLOCK.global);
      context.tag = 0;
    }
    this.#large.fill(0);
    this.#device.fill(0);
    this.#publish();
  }

  /** TLBIASID: what is not global and was filled under `asid`. */
  flush_asid(asid: number): void {
    for (const context of this.#pool.all) {
      if (!context.used || context.key.asid !== asid) continue;
      this.#drop(context, context.local, BLOCK.local);
      context.tag = 0;
    }
    this.#publish();
  }

  /** TLBIMVA: the translation of `va` that is global or was filled under `asid`; TLBIMVAA: of any. */
  flush_page(va: number, asid?: number): void {
    va = (va & ~0xfff) >>> 0;
    const large = this.#large[va >>> 21]!;
    // A translation larger than a page goes as a whole.
    if (large > 21) return this.flush();
    const vpage = va >>> 12;
    let others = false;
    for (const context of this.#pool.all) {
      if (!context.used) continue;
      const has = context.block(vpage);
      if (has === 0) continue;
      const concerned = asid === undefined || context.key.asid === asid;
      if (!concerned && (has & BLOCK.global) === 0) {
        others = true;
        continue;
      }
      if (large === 0) {
        this.#clear(context, vpage, 1);
        this.code.flush_tlb_page(va, context.tag);
      } else {
        this.#clear(context, (va >>> 21) << 9, 512);
        context.tag = 0;
      }
    }
    if (large !== 0) {
      // Another address space may still have something of a large translation there.
      if (!others) this.#large[va >>> 21] = 0;
      this.#publish();
    }
  }

  #clear(context: Context, vpage: number, count: number): void {
    const i32 = this.#i32;
    this.#clear_cells();
    const at = (context.read_map >> 2) + vpage;
    for (let i = at; i < at + count; i++) i32[i] = i32[i + WRITE_MAP] = MISS;
  }

  /** Drops what a log has, which are the entries that `blocks` know by `bit`. */
  #drop(context: Context, log: FillLog, bit: number): void {
    if (log.overflowed) {
      for (const block of context.touched) {
        if ((context.block(block << BLOCK_LOG2) & bit) === 0) continue;
        this.#clear(context, block << BLOCK_LOG2, 1 << BLOCK_LOG2);
      }
    } else {
      for (let i = 0; i < log.length; i++) this.#clear(context, log.at(i), 1);
    }
    log.clear();
    context.untouch(bit);
  }
}
