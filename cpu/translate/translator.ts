import type { Cpu } from "../cpu.ts";
import { type AddedFunction, FIRST_NUMBER } from "../engine/handlers.ts";
import { HANDLER } from "../engine/main_function.ts";
import { InterpreterEngine, type RecordPage } from "../engine/interpreter.ts";
import { seen_targets } from "../engine/branch_targets.ts";
import { RECORD } from "../engine/record.ts";
import type { Insn } from "../isa/decoder.ts";
import { is_wide } from "../isa/decoder.ts";
import { EXIT, MEM, STATE } from "../state.ts";
import { RegionEmitter } from "./emit_region.ts";
import { InsnCache, prepare } from "./prepared.ts";
import { find_region, type InsnSource, type Region, type Source } from "./region.ts";

/** How the translator decides; tests lower the thresholds. */
export interface TranslatorOptions {
  /** Instructions between two samples. */
  readonly sample_every?: number;
  /** Samples at a place that make it hot. */
  readonly hot?: number;
  /** Regions that are translated together. */
  readonly batch?: number;
  /** Bytes of WebAssembly code that regions may have together; the oldest go when there is more. */
  readonly cache_bytes?: number;
}

/** A region that is translated. */
interface Translated {
  /** Record that has its handler. */
  readonly rec: number;
  readonly code: AddedFunction;
  /** Byte offsets that it covers, by page. */
  readonly ranges: ReadonlyMap<RecordPage, { readonly from: number; readonly to: number }>;
}

/** The virtual page and the code tag under which a record was met. */
interface Seen {
  readonly page: number;
  readonly tag: number;
}

/** Where an instruction lies. */
interface Place {
  readonly page: RecordPage;
  readonly offset: number;
  /** The page after it, for an instruction that may end there. */
  readonly next: RecordPage | undefined;
  /** Virtual address of the page in which the region is entered. */
  readonly entry_page: number;
}

/** A region that is about to be translated, and the pages it lies in. */
interface Found {
  readonly rec: number;
  readonly region: Region;
  readonly pages: ReadonlyMap<number, RecordPage>;
}

/** The longest slice, in times the shortest. */
const LONGEST_SLICE = 8;
/** Samples without anything new after which regions are brought together, and how many at most. */
const CALM = 200;
const LARGEST_BUNDLE = 512;
const BUNDLE_MS = 300;
/**
 * Samples that make an access one that often misses: those between which there was one miss or more in
 * so many instructions, this one last.
 */
const MANY_MISSES = 4;
const RARELY = 200;

const NONE: readonly number[] = [];

/** Room for code, unless told. */
export const DEFAULT_CACHE_BYTES: number = 64 << 20;

/** Tier 1: interprets, and translates what samples find to be hot. */
export class TranslatorEngine extends InterpreterEngine {
  override readonly name = "translator";
  readonly #sample_every: number;
  readonly #hot: number;
  readonly #batch: number;
  /** Samples by record, for each page; -Infinity for what cannot be translated. */
  readonly #samples = new Map<RecordPage, Map<number, number>>();
  /** Hot records, and where they were seen. */
  readonly #queue = new Map<number, Seen>();
  #waited = 0;
  /** Samples since something was translated. */
  #calm = 0;
  /** When regions may be brought together again. */
  #next_bundle = 0;
  /** Modules that hold regions. */
  #modules = 0;
  /** How often samples met accesses that had missed the page maps, by record, for each page. */
  readonly #misses = new Map<RecordPage, Map<number, number>>();
  readonly #insns = new InsnCache();
  /** Instructions from one sample to the next. */
  #slice: number;
  #random = 1;
  /** What is left of them. Exceptions come more often than samples, so it outlives a run. */
  #to_sample = 0;
  readonly #regions = new Map<RecordPage, Translated[]>();
  /** All of them, oldest first. */
  readonly #live = new Set<Translated>();
  readonly #cache_bytes: number;
  readonly #counts = {
    ...{
      regions: 0,
      region_insns: 0,
      dropped: 0,
      evicted: 0,
      translate_ms: 0,
      modules: 0,
      bundles: 0,
    },
    /** Of the regions that are there. */
    code_bytes: 0,
  };

  /** An engine for `cpu`. */
  constructor(cpu: Cpu, options: TranslatorOptions = {}) {
    super(cpu);
    this.#sample_every = options.sample_every ?? 4000;
    this.#slice = this.#sample_every;
    this.#hot = options.hot ?? 100;
    this.#batch = options.batch ?? 8;
    this.#cache_bytes = options.cache_bytes ?? DEFAULT_CACHE_BYTES;
  }

  override get statistics(): Record<string, number> {
    return { ...super.statistics, ...this.#counts, live: this.#live.size };
  }

  override run(): void {
    const cpu = this.cpu;
    let left = cpu.get(STATE.budget);
    while (left > 0 && cpu.get(STATE.exit) === EXIT.none) {
      const slice = Math.min(left, Math.max(this.#to_sample, 1));
      const before = cpu.get(STATE.insn_count);
      cpu.set(STATE.budget, slice);
      this.left_at = 0;
      super.run();
      const done = (cpu.get(STATE.insn_count) - before) >>> 0;
      // A budget that was zeroed from outside ends the run, one that was used up only the slice.
      left = cpu.get(STATE.budget) <= 0 && done < slice ? 0 : left - done;
      this.#to_sample -= done;
      if (this.#to_sample <= 0 && cpu.get(STATE.exit) === EXIT.none) {
        this.#sample(this.left_at);
        this.#to_sample = this.#until_next();
      }
    }
    cpu.set(STATE.budget, Math.max(left, 0));
  }

  /**
   * Instructions until the next sample: around the length of a slice, at random. A program's loop that
   * took about as many would be seen at the same few places again and again, and at no others.
   */
  #until_next(): number {
    this.#random = (Math.imul(this.#random, 1_664_525) + 1_013_904_223) | 0;
    return (this.#slice >> 1) + (this.#random >>> 8) % this.#slice;
  }

  /** Looks at a place that execution came by. Translated code is looked at less often. */
  #sample(rec: number): void {
    if (this.cpu.get(STATE.misses) !== 0) this.#missed();
    if (rec >= MEM.records && this.cpu.u16[rec >> 1]! >= FIRST_NUMBER) {
      this.#slice = Math.min(2 * this.#slice, LONGEST_SLICE * this.#sample_every);
    } else if (rec >= MEM.records) {
      const weight = this.#slice / this.#sample_every;
      this.#slice = this.#sample_every;
      const places = counts_of(this.#samples, this.page_of(rec));
      const before = places.get(rec) ?? 0, samples = before + weight;
      places.set(rec, samples);
      if (before < this.#hot && samples >= this.#hot) {
        const page = this.cpu.get(STATE.pc) & ~0xfff;
        this.#queue.set(rec, { page, tag: this.cpu.get(STATE.code_tag) });
      }
    }
    if (this.#queue.size === 0) {
      if (++this.#calm % CALM === 0) this.#rebundle();
    } else if (this.#queue.size >= this.#batch || ++this.#waited > 4 * this.#batch) {
      this.#translate();
    }
  }

  /**
   * Brings all regions together once no new ones come: a call into another module costs V8 several
   * times what one within a module does. Not often: V8 has to optimise them anew.
   */
  #rebundle(): void {
    if (this.#modules <= 1 + (this.#live.size >> 3)) return;
    const start = performance.now();
    if (start < this.#next_bundle) return;
    const newest = [...this.#live].slice(-LARGEST_BUNDLE);
    this.handlers.bundle(newest.map(({ code }) => code));
    this.#modules = 1;
    this.#next_bundle = start + BUNDLE_MS;
    this.#counts.bundles++;
    this.#counts.translate_ms += performance.now() - start;
  }

  /**
   * Accesses have missed since the last sample. One that does so again and again is translated in
   * another way; most come to a page for the first time and will find it then.
   */
  #missed(): void {
    const rec = this.cpu.get(STATE.missed);
    const often = this.cpu.get(STATE.misses) * RARELY > this.#slice;
    this.cpu.set(STATE.misses, 0);
    const page = this.page_of(rec);
    // All pages of records may have gone since.
    if (!often || !page) return;
    const counts = counts_of(this.#misses, page);
    const misses = (counts.get(rec) ?? 0) + 1;
    counts.set(rec, misses);
    if (misses !== MANY_MISSES) return;
    const offset = ((rec - page.base) / RECORD.size) << (page.thumb ? 1 : 2);
    this.#drop_at(page, offset, 1);
  }

  #is_slow(page: RecordPage, rec: number): boolean {
    return (this.#misses.get(page)?.get(rec) ?? 0) >= MANY_MISSES;
  }

  /** Translates what is queued, as one module. */
  #translate(): void {
    const start = performance.now();
    const found: Found[] = [];
    for (const [rec, seen] of this.#queue) {
      const region = this.#find(rec, seen);
      if (region) found.push(region);
      else counts_of(this.#samples, this.page_of(rec)).set(rec, -Infinity);
    }
    this.#queue.clear();
    this.#waited = this.#calm = 0;
    if (found.length === 0) return;
    if (!this.handlers.has_room(found.length)) this.#evict();
    const added = this.handlers.add_functions(
      found.map(({ region, pages }) => (imports) => {
        const bases = new Map([...pages].map(([address, page]) => [address, page.base]));
        return new RegionEmitter(region, bases, imports).code;
      }),
    );
    found.forEach((region, i) => this.#install(region, added[i]!));
    if (this.#counts.code_bytes > this.#cache_bytes) this.#evict();
    this.#modules++;
    this.#counts.modules++;
    this.#counts.translate_ms += performance.now() - start;
  }

  #find(rec: number, seen: Seen): Found | undefined {
    const entry_page = this.page_of(rec);
    if (!entry_page) return undefined;
    const { thumb } = entry_page;
    const entry = ((rec - entry_page.base) / RECORD.size) * (thumb ? 2 : 4);
    if (entry >= 0x1000) return undefined;
    const pages = new Map<number, RecordPage>([[0, entry_page]]);
    const page_at = (at: number): RecordPage | undefined => {
      const page = pages.get(at) ?? this.cached_page(seen.page + at, seen.tag, thumb ? 1 : 0);
      if (page) pages.set(at, page);
      return page;
    };
    const source: InsnSource = (address) => {
      const at = address & ~0xfff;
      const page = page_at(at);
      const offset = address & 0xfff;
      const next = thumb && offset === 0xffe ? page_at(at + 0x1000) : undefined;
      return page && this.#source({ page, offset, next, entry_page: seen.page });
    };
    // Leaving for the interpreter, so that it executes the entry, would lead back here.
    if (thumb && entry === 0xffe && this.cpu.u16[rec >> 1] === HANDLER.cross) return undefined;
    const region = find_region(entry, thumb, source);
    return region !== undefined && region.insns > 1 ? { rec, region, pages } : undefined;
  }

  /** The instruction at an offset of a page, when it has been executed. It may end in the `next` page. */
  #source({ page, offset, next, entry_page }: Place): Source | undefined {
    const cpu = this.cpu;
    const { thumb } = page;
    const unit = thumb ? 2 : 4;
    if ((offset & (unit - 1)) !== 0) return undefined;
    const slot = offset / unit;
    const rec = page.base + slot * RECORD.size;
    const handler = cpu.u16[rec >> 1]!;
    if (handler < HANDLER.cond && handler !== HANDLER.cross) return undefined;
    const at = cpu.code_address(page.pa) + offset;
    if (!thumb) {
      const insn = this.#insns.a32(cpu.u32[at >>> 2]!);
      const seen = this.#seen(rec, insn, { thumb, entry_page });
      return { insn, size: 4, it_goes_on: false, slow: this.#is_slow(page, rec), seen };
    }
    const first = cpu.u16[at >>> 1]!;
    const wide = is_wide(first);
    let rest = at + 2;
    if (wide && offset === 0xffe) {
      if (!next || page.it[slot] !== 0) return undefined;
      rest = cpu.code_address(next.pa);
    }
    const insn = this.#insns.thumb(first, wide ? cpu.u16[rest >>> 1]! : 0, page.it[slot]!);
    const size = wide ? 4 : 2;
    const it_goes_on = offset + size === 0x1000 && page.it[2048] !== 0;
    const seen = this.#seen(rec, insn, { thumb, entry_page });
    return { insn, size, it_goes_on, slow: this.#is_slow(page, rec), seen };
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
    for (const target of seen_targets(this.cpu, rec)) {
      if (indirect.exchange && (target & 1) !== (thumb ? 1 : 0)) continue;
      out.push(((target & (thumb ? ~1 : ~3)) - entry_page) | 0);
    }
    return out;
  }

  /** Drops the oldest quarter, by its code: what is still hot is soon translated again. */
  #evict(): void {
    const goal = Math.min(this.#cache_bytes, this.#counts.code_bytes) * 0.75;
    for (const region of this.#live) {
      if (this.#counts.code_bytes <= goal) return;
      this.#drop(region);
      this.#counts.evicted++;
    }
  }

  #install({ rec, region, pages }: Found, code: AddedFunction): void {
    const ranges = new Map<RecordPage, { from: number; to: number }>();
    const cover = (start: number, end: number): void => {
      const page = pages.get(start & ~0xfff)!;
      const range = ranges.get(page) ?? { from: 0x1000, to: 0 };
      range.from = Math.min(range.from, start & 0xfff);
      range.to = Math.max(range.to, (start & 0xfff) + end - start);
      ranges.set(page, range);
    };
    for (const { start, end, switches } of region.blocks) {
      if (switches) continue;
      cover(start, end);
      const last_page = (end - 1) & ~0xfff;
      if (last_page !== (start & ~0xfff)) cover(last_page, end);
    }
    const translated: Translated = { rec, code, ranges };
    this.#live.add(translated);
    this.#counts.code_bytes += code.code.length;
    for (const page of ranges.keys()) {
      const list = this.#regions.get(page);
      if (list) list.push(translated);
      else this.#regions.set(page, [translated]);
    }
    this.cpu.u16[rec >> 1] = code.number;
    this.#counts.regions++;
    this.#counts.region_insns += region.insns;
  }

  protected override code_dropped(page: RecordPage, offset: number, length: number): void {
    this.#forget_samples(page, offset, length);
    this.#drop_at(page, offset, length);
  }

  /** Drops the regions that cover some bytes of a page. */
  #drop_at(page: RecordPage, offset: number, length: number): void {
    const list = this.#regions.get(page);
    if (!list) return;
    for (const region of [...list]) {
      const { from, to } = region.ranges.get(page)!;
      if (to > offset && from < offset + length) this.#drop(region);
    }
  }

  /** Other code may come there, which may be hot, and may be translated. */
  #forget_samples(page: RecordPage, offset: number, length: number): void {
    const shift = page.thumb ? 1 : 2;
    const first = page.base + (offset >> shift) * RECORD.size;
    const last = page.base + ((offset + length - 1) >> shift) * RECORD.size;
    for (const counts of [this.#samples, this.#misses]) {
      const places = counts.get(page);
      if (!places) continue;
      for (const rec of places.keys()) if (rec >= first && rec <= last) places.delete(rec);
      if (places.size === 0) counts.delete(page);
    }
  }

  #drop(region: Translated): void {
    this.cpu.set(STATE.code_changed, 1);
    for (const page of region.ranges.keys()) {
      const rest = this.#regions.get(page)!.filter((r) => r !== region);
      if (rest.length > 0) this.#regions.set(page, rest);
      else this.#regions.delete(page);
    }
    if (this.cpu.u16[region.rec >> 1] === region.code.number) {
      this.cpu.u16[region.rec >> 1] = HANDLER.decode;
    }
    this.handlers.remove_function(region.code.number);
    this.#samples.get(this.page_of(region.rec))?.delete(region.rec);
    this.#live.delete(region);
    this.#counts.code_bytes -= region.code.code.length;
    this.#counts.dropped++;
  }
}

/** The counts of a page, which are made when there are none yet. */
function counts_of(
  counts: Map<RecordPage, Map<number, number>>,
  page: RecordPage,
): Map<number, number> {
  let places = counts.get(page);
  if (!places) counts.set(page, places = new Map());
  return places;
}
