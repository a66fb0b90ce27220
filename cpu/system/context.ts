import { SCTLR, type SysRegs } from "./sys_regs.ts";

/** SCTLR bits that translations depend on. */
const SCTLR_KEY = SCTLR.M | SCTLR.AFE | SCTLR.TRE | SCTLR.WXN | SCTLR.UWXN | SCTLR.EE;
/** CONTEXTIDR.ASID of short descriptors. */
const ASID = 0xff;

/**
 * All that decides what a virtual address means: privilege and the translation registers. Two
 * states with equal keys share a pair of page maps. With the MMU off only that counts.
 */
export class ContextKey {
  hash = -1;
  privileged = false;
  sctlr = 0;
  ttbcr = 0;
  dacr = 0;
  asid = 0;
  ttbr0 = 0;
  ttbr0_high = 0;
  ttbr1 = 0;
  ttbr1_high = 0;

  /** Takes the key of the current registers, as seen with `privileged`. */
  take(regs: SysRegs, privileged: boolean): void {
    this.sctlr = regs.sctlr & SCTLR_KEY;
    if ((regs.sctlr & SCTLR.M) === 0) {
      this.sctlr = 0;
      this.privileged = true;
      this.ttbcr = this.dacr = this.asid = 0;
      this.ttbr0 =
        this.ttbr0_high =
        this.ttbr1 =
        this.ttbr1_high =
          0;
      this.hash = 0;
      return;
    }
    const lpae = regs.lpae;
    this.privileged = privileged;
    this.ttbcr = regs.ttbcr;
    this.ttbr0 = regs.ttbr0;
    this.ttbr1 = regs.ttbr1;
    this.ttbr0_high = lpae ? regs.ttbr0_high : 0;
    this.ttbr1_high = lpae ? regs.ttbr1_high : 0;
    this.dacr = lpae ? 0 : regs.dacr;
    this.asid = current_asid(regs);
    this.hash = (this.ttbr0 ^ (this.asid << 4) ^ Math.imul(this.dacr, 0x9e37_79b1) ^
      Math.imul(this.ttbr1 ^ this.ttbcr, 0x85eb_ca6b) ^ (privileged ? 0x55 : 1)) >>> 0;
  }

  /** Whether it is the same key. */
  equals(o: ContextKey): boolean {
    return this.hash === o.hash && this.privileged === o.privileged && this.dacr === o.dacr &&
      this.ttbr0 === o.ttbr0 && this.ttbr0_high === o.ttbr0_high && this.asid === o.asid &&
      this.ttbr1 === o.ttbr1 && this.ttbr1_high === o.ttbr1_high && this.ttbcr === o.ttbcr &&
      this.sctlr === o.sctlr;
  }

  /** Whether global translations under this key are what they are under `o`: all but the address space. */
  same_but_space(o: ContextKey): boolean {
    return this.privileged === o.privileged && this.dacr === o.dacr && this.sctlr === o.sctlr &&
      this.ttbcr === o.ttbcr && this.ttbr1 === o.ttbr1 && this.ttbr1_high === o.ttbr1_high;
  }

  /** Becomes `o`. */
  copy(o: ContextKey): void {
    Object.assign(this, o);
  }
}

/** The ASID in use: CONTEXTIDR's, or that of the TTBR that TTBCR.A1 chooses. */
export function current_asid(regs: SysRegs): number {
  if (!regs.lpae) return regs.contextidr & ASID;
  const high = (regs.ttbcr & (1 << 22)) !== 0 ? regs.ttbr1_high : regs.ttbr0_high;
  return (high >>> 16) & 0xff;
}

/** Which virtual pages of a map pair may hold an entry; grows up to a limit, then means "all". */
export class FillLog {
  static readonly #LIMIT = 4096;
  #pages = new Int32Array(64);
  /** Number of pages logged. */
  length = 0;
  /** Too many to remember. */
  overflowed = false;

  /** Remembers a virtual page number. */
  add(page: number): void {
    if (this.overflowed) return;
    if (this.length === this.#pages.length) {
      if (this.length >= FillLog.#LIMIT) {
        this.overflowed = true;
        return;
      }
      const grown = new Int32Array(this.length * 2);
      grown.set(this.#pages);
      this.#pages = grown;
    }
    this.#pages[this.length++] = page;
  }
  /** Logged page `i`. */
  at(i: number): number {
    return this.#pages[i]!;
  }
  /** Forgets everything. */
  clear(): void {
    this.length = 0;
    this.overflowed = false;
  }
}

/** log2 of the virtual pages in a block of {@link Context.blocks}. */
export const BLOCK_LOG2 = 10;
/** What a context has of a block: translations of one ASID, or global ones. */
export const BLOCK = { local: 1, global: 2 } as const;

/** A pair of page maps and whose they are. */
export class Context {
  /** Byte address of the read map, in the WebAssembly memory. */
  readonly read_map: number;
  /** Byte address of the write map. */
  readonly write_map: number;
  readonly key: ContextKey = new ContextKey();
  /** Filled entries of global translations, and of those of one ASID. */
  readonly global: FillLog = new FillLog();
  readonly local: FillLog = new FillLog();
  /** By block of virtual pages: {@link BLOCK} bits for what may be in the maps or the code TLB. */
  readonly #blocks = new Uint8Array(1 << (20 - BLOCK_LOG2));
  /** Blocks that have some. */
  #touched: number[] = [];
  /** The tag of its entries in the code TLB; 0 when it has none. */
  tag = 0;
  /** When it was selected last. */
  stamp = 0;
  /** It has been given to a key. */
  used = false;
  /** The next one in its bucket of the {@link ContextPool}. */
  next: Context | undefined;

  constructor(read_map: number, map_bytes: number) {
    this.read_map = read_map;
    this.write_map = read_map + map_bytes;
  }

  /** What there is of the block that a virtual page lies in: {@link BLOCK} bits. */
  block(vpage: number): number {
    return this.#blocks[vpage >>> BLOCK_LOG2]!;
  }
  /** Blocks of which there is something. */
  get touched(): readonly number[] {
    return this.#touched;
  }
  /** Remembers that there is something of a virtual page's block. */
  touch(vpage: number, bit: number): void {
    const block = vpage >>> BLOCK_LOG2;
    const before = this.#blocks[block]!;
    if (before === 0) this.#touched.push(block);
    this.#blocks[block] = before | bit;
  }
  /** There is nothing left of the kind `bit`. */
  untouch(bit: number): void {
    const blocks = this.#blocks;
    for (const block of this.#touched) blocks[block]! &= ~bit;
    this.#touched = this.#touched.filter((block) => blocks[block] !== 0);
  }
}

const BUCKETS = 64;

/** All contexts, found by key. */
export class ContextPool {
  readonly all: readonly Context[];
  readonly #buckets: (Context | undefined)[] = new Array(BUCKETS).fill(undefined);
  #clock = 0;

  constructor(all: readonly Context[]) {
    this.all = all;
  }

  /** The context that `key` has been given. */
  find(key: ContextKey): Context | undefined {
    for (let c = this.#buckets[key.hash & (BUCKETS - 1)]; c !== undefined; c = c.next) {
      if (c.key.equals(key)) {
        c.stamp = ++this.#clock;
        return c;
      }
    }
    return undefined;
  }

  /** The context to take for another key: a free one, or that which was not selected for longest. */
  oldest(current: Context | undefined): Context {
    let oldest: Context | undefined;
    for (const context of this.all) {
      if (!context.used) return context;
      if (context === current) continue;
      if (oldest === undefined || context.stamp < oldest.stamp) oldest = context;
    }
    return oldest!;
  }

  /** Gives a context to a key. */
  give(context: Context, key: ContextKey): void {
    if (context.used) this.#unlink(context);
    context.used = true;
    context.key.copy(key);
    context.stamp = ++this.#clock;
    const bucket = key.hash & (BUCKETS - 1);
    context.next = this.#buckets[bucket];
    this.#buckets[bucket] = context;
  }

  #unlink(context: Context): void {
    const bucket = context.key.hash & (BUCKETS - 1);
    let at = this.#buckets[bucket];
    if (at === context) {
      this.#buckets[bucket] = context.next;
      return;
    }
    while (at!.next !== context) at = at!.next;
    at!.next = context.next;
  }

  /** The context selected last whose global translations hold under `key` too. */
  relative(key: ContextKey): Context | undefined {
    let best: Context | undefined;
    for (const context of this.all) {
      if (!context.used || context.global.length === 0 || !context.key.same_but_space(key)) {
        continue;
      }
      if (best === undefined || context.stamp > best.stamp) best = context;
    }
    return best;
  }
}
