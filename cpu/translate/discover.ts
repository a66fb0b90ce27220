/**
 * Finds regions in a vCPU's memory: its records, what lies beside them, and the guest's code. It
 * writes nothing, so that it may be done on another thread while the vCPU runs: what it reads may then
 * be half old and half new, and whoever installs a region asks whether its code has changed meanwhile.
 *
 * @module
 */
import { seen_targets } from "../engine/branch_targets.ts";
import { code_tlb_look_up } from "../engine/code_tlb.ts";
import { HANDLER } from "../engine/main_function.ts";
import { RECORD } from "../engine/record.ts";
import {
  base_of,
  code_page,
  type CodeMemory,
  type CodePage,
  has_mark,
} from "../engine/record_page.ts";
import { type Insn, is_wide } from "../isa/decoder.ts";
import { MEM } from "../state.ts";
import { InsnCache, prepare } from "./prepared.ts";
import { find_region, type InsnSource, type Region, type Source } from "./region.ts";

/** A place that is hot, and where it was seen. */
export interface Wanted {
  readonly rec: number;
  readonly thumb: boolean;
  /** Virtual page. */
  readonly page: number;
  /** Code tag. */
  readonly tag: number;
}

/** A region that is about to be translated. */
export interface Found {
  readonly region: Region;
  /** The pages it lies in, by their addresses relative to the entry's page. */
  readonly pages: ReadonlyMap<number, CodePage>;
}

/** Where an instruction lies. */
interface Place {
  readonly page: CodePage;
  readonly offset: number;
  /** The page after it, for an instruction that may end there. */
  readonly next: CodePage | undefined;
  /** Virtual address of the page in which the region is entered. */
  readonly entry_page: number;
}

const NONE: readonly number[] = [];

/** Finds the regions of one vCPU. */
export class Discovery {
  readonly #memory: CodeMemory;
  readonly #insns = new InsnCache();

  constructor(memory: CodeMemory) {
    this.#memory = memory;
  }

  /** The region that is entered at a hot place; undefined where there is none that is worth it. */
  find({ rec, thumb, page: va, tag }: Wanted): Found | undefined {
    const memory = this.#memory;
    const entry_page = code_page(memory, base_of(rec), thumb);
    const entry = ((rec - entry_page.base) / RECORD.size) * (thumb ? 2 : 4);
    if (entry >= 0x1000) return undefined;
    const pages = new Map<number, CodePage>([[0, entry_page]]);
    const page_at = (at: number): CodePage | undefined => {
      const known = pages.get(at);
      if (known) return known;
      const base = code_tlb_look_up(memory, va + at, tag | (thumb ? 1 : 0));
      if (base === 0) return undefined;
      const page = code_page(memory, base, thumb);
      pages.set(at, page);
      return page;
    };
    const source: InsnSource = (address) => {
      const at = address & ~0xfff;
      const page = page_at(at);
      const offset = address & 0xfff;
      const next = thumb && offset === 0xffe ? page_at(at + 0x1000) : undefined;
      return page && this.#source({ page, offset, next, entry_page: va });
    };
    // Leaving for the interpreter, so that it executes the entry, would lead back here.
    if (thumb && entry === 0xffe && memory.u16[rec >> 1] === HANDLER.cross) return undefined;
    const region = find_region(entry, thumb, source);
    return region !== undefined && region.insns > 1 ? { region, pages } : undefined;
  }

  /** Where a page lies in the WebAssembly memory. */
  #code_address(pa: number): number {
    return pa - this.#memory.ram_base + MEM.guest_ram;
  }

  /** The instruction at an offset of a page, when it has been executed. It may end in the `next` page. */
  #source({ page, offset, next, entry_page }: Place): Source | undefined {
    const memory = this.#memory;
    const { thumb } = page;
    const unit = thumb ? 2 : 4;
    if ((offset & (unit - 1)) !== 0) return undefined;
    const slot = offset / unit;
    const rec = page.base + slot * RECORD.size;
    const handler = Atomics.load(memory.u16, rec >> 1);
    if (handler < HANDLER.cond && handler !== HANDLER.cross) return undefined;
    const at = this.#code_address(page.pa) + offset;
    const slow = has_mark(page, "slow", slot);
    const scattered = has_mark(page, "scattered", slot);
    if (!thumb) {
      const insn = this.#insns.a32(memory.u32[at >>> 2]!);
      const seen = this.#seen(rec, insn, { thumb, entry_page });
      return { insn, size: 4, it_goes_on: false, slow, scattered, seen };
    }
    const first = memory.u16[at >>> 1]!;
    const wide = is_wide(first);
    let rest = at + 2;
    if (wide && offset === 0xffe) {
      if (!next || page.it[slot] !== 0) return undefined;
      rest = this.#code_address(next.pa);
    }
    const insn = this.#insns.thumb(first, wide ? memory.u16[rest >>> 1]! : 0, page.it[slot]!);
    const size = wide ? 4 : 2;
    const it_goes_on = offset + size === 0x1000 && page.it[2048] !== 0;
    const seen = this.#seen(rec, insn, { thumb, entry_page });
    return { insn, size, it_goes_on, slow, scattered, seen };
  }

  /** Where an indirect branch went in its own instruction set, relative to a page. */
  #seen(
    rec: number,
    insn: Insn,
    { thumb, entry_page }: { thumb: boolean; entry_page: number },
  ): readonly number[] {
    const indirect = prepare(insn)?.indirect;
    if (!indirect || indirect.returns) return NONE;
    const out: number[] = [];
    for (const target of seen_targets(this.#memory, rec)) {
      if (indirect.exchange && (target & 1) !== (thumb ? 1 : 0)) continue;
      out.push(((target & (thumb ? ~1 : ~3)) - entry_page) | 0);
    }
    return out;
  }
}
