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
  static readonly #LIMIT = 1 << 16;
  #pages = new Int32Array(256);
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

/** A pair of page maps and whose they are. */
export class Context {
  readonly number: number;
  /** Byte address of the read map, in the WebAssembly memory. */
  readonly read_map: number;
  /** Byte address of the write map. */
  readonly write_map: number;
  readonly key: ContextKey = new ContextKey();
  /** Filled entries of global translations, and of those of one ASID. */
  readonly global: FillLog = new FillLog();
  readonly local: FillLog = new FillLog();
  /** When it was selected last. */
  stamp = 0;
  /** It has been given to a key. */
  used = false;

  constructor(number: number, read_map: number, map_bytes: number) {
    this.number = number;
    this.read_map = read_map;
    this.write_map = read_map + map_bytes;
  }
}
