import type { Cpu } from "../cpu.ts";
import type { AddedFunction } from "../engine/handlers.ts";
import { FIRST_NUMBER, HANDLER } from "../engine/main_function.ts";
import { InterpreterEngine, type RecordPage } from "../engine/interpreter.ts";
import { RECORD } from "../engine/record.ts";
import { type Mark, set_mark } from "../engine/record_page.ts";
import { EXIT, MEM, STATE } from "../state.ts";
import { Discovery, type Wanted } from "./discover.ts";
import { Orders } from "./orders.ts";
import { translate, type Translation } from "./translate.ts";

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
  /**
   * Another thread will come to translate (`translator_worker.ts`). Until it is there nothing is
   * translated, unless it does not come.
   */
  readonly assisted?: boolean;
  /** How long it may take to come, from when there is something to translate. */
  readonly patience_ms?: number;
}

/** A region that is translated. */
interface Translated {
  /** Record that has its handler. */
  readonly rec: number;
  readonly code: AddedFunction;
  /** Byte offsets that it covers, by page. */
  readonly ranges: ReadonlyMap<RecordPage, { readonly from: number; readonly to: number }>;
}

/** The longest slice, in times the shortest. */
const LONGEST_SLICE = 8;
/**
 * Samples that make an access one that often misses: those between which there was one miss or more in
 * so many instructions, this one last.
 */
const MANY_MISSES = 4;
const RARELY = 200;
/** The same for one that comes to other pages than its cell has. */
const OFTEN = 40;

const PATIENCE_MS = 1000;

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
  readonly #queue = new Map<number, Wanted>();
  /** Makes translations here. */
  readonly #discovery: Discovery;
  /** What another thread translates, while there is one or may be. */
  #orders: Orders | undefined;
  #waited = 0;
  /** How often samples met accesses that had missed the page maps, by record, for each page. */
  readonly #misses = new Map<RecordPage, Map<number, number>>();
  /** The same for accesses that had come to another page than their cell had. */
  readonly #strays = new Map<RecordPage, Map<number, number>>();
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
    this.#discovery = new Discovery(cpu);
    if (options.assisted) this.#orders = new Orders(cpu, options.patience_ms ?? PATIENCE_MS);
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
    if (this.cpu.get(STATE.strays) !== 0) this.#strayed();
    if (rec >= MEM.records && this.cpu.u16[rec >> 1]! >= FIRST_NUMBER) {
      this.#slice = Math.min(2 * this.#slice, LONGEST_SLICE * this.#sample_every);
    } else if (rec >= MEM.records) {
      const weight = this.#slice / this.#sample_every;
      this.#slice = this.#sample_every;
      const places = counts_of(this.#samples, this.page_of(rec));
      const before = places.get(rec) ?? 0, samples = before + weight;
      places.set(rec, samples);
      if (before < this.#hot && samples >= this.#hot) {
        const { thumb } = this.page_of(rec);
        const page = this.cpu.get(STATE.pc) & ~0xfff;
        this.#queue.set(rec, { rec, thumb, page, tag: this.cpu.get(STATE.code_tag) });
      }
    }
    if (this.#orders && this.#let_translate(this.#orders)) return;
    if (this.#queue.size === 0) return;
    if (this.#queue.size >= this.#batch || ++this.#waited > 4 * this.#batch) this.#translate();
  }

  /**
   * Accesses have missed since the last sample. One that does so again and again is translated in
   * another way; most come to a page for the first time and will find it then.
   */
  #missed(): void {
    const rec = this.cpu.get(STATE.missed);
    const often = this.cpu.get(STATE.misses) * RARELY > this.#slice;
    this.cpu.set(STATE.misses, 0);
    if (often) this.#note(rec, { samples: this.#misses, mark: "slow", few: MANY_MISSES });
  }

  /** The same for accesses that come to other pages than their cells have. */
  #strayed(): void {
    const rec = this.cpu.get(STATE.stray);
    const often = this.cpu.get(STATE.strays) * OFTEN > this.#slice;
    this.cpu.set(STATE.strays, 0);
    // A region is translated again for one access; others in it would have their turn.
    const few = MANY_MISSES / 2;
    if (often) this.#note(rec, { samples: this.#strays, mark: "scattered", few });
  }

  /**
   * Counts a sample at an access: `few` of them make it one that is to be translated in another way,
   * and with the last one it is.
   */
  #note(
    rec: number,
    { samples, mark, few }: {
      readonly samples: Map<RecordPage, Map<number, number>>;
      readonly mark: Mark;
      readonly few: number;
    },
  ): void {
    const page = this.page_of(rec);
    // All pages of records may have gone since.
    if (!page) return;
    const counts = counts_of(samples, page);
    const misses = (counts.get(rec) ?? 0) + 1;
    counts.set(rec, misses);
    const slot = (rec - page.base) / RECORD.size;
    if (misses === few) set_mark(page, mark, slot, true);
    if (misses === MANY_MISSES) this.#drop_at(page, slot << (page.thumb ? 1 : 2), 1);
  }

  /** Has another thread translate what is queued; false when there is none. */
  #let_translate(orders: Orders): boolean {
    if (this.#queue.size > 0) orders.give(this.#queue);
    if (orders.any_done) this.#take(orders);
    if (!orders.lost) return true;
    for (const wanted of orders.outstanding()) this.#queue.set(wanted.rec, wanted);
    this.#orders = undefined;
    return false;
  }

  /** Takes what another thread has translated. */
  #take(orders: Orders): void {
    const start = performance.now();
    const translated: Translation[] = [];
    for (const { rec, translation, stale, error, imports } of orders.collect()) {
      this.handlers.imports.learn(imports);
      const page = this.page_of(rec);
      // Other code is there by now, or none.
      if (stale || !page) this.#samples.get(page)?.delete(rec);
      else if (error !== "") throw new Error(`translating: ${error}`);
      else if (translation) translated.push(translation);
      else counts_of(this.#samples, page).set(rec, -Infinity);
    }
    this.#add(translated);
    this.#counts.translate_ms += performance.now() - start;
  }

  /** Translates what is queued, as one module. */
  #translate(): void {
    const start = performance.now();
    const translated: Translation[] = [];
    for (const [rec, wanted] of this.#queue) {
      // All pages of records may have gone since.
      const page = this.page_of(rec);
      if (!page) continue;
      const parts = { discovery: this.#discovery, imports: this.handlers.imports };
      const done = translate(wanted, parts);
      if (done) translated.push(done);
      else counts_of(this.#samples, page).set(rec, -Infinity);
    }
    this.#queue.clear();
    this.#waited = 0;
    this.#add(translated);
    this.#counts.translate_ms += performance.now() - start;
  }

  /** Adds translations, as one module. */
  #add(translated: readonly Translation[]): void {
    if (translated.length === 0) return;
    if (!this.handlers.has_room(translated.length)) this.#evict();
    const added = this.handlers.add_functions(translated.map(({ body }) => body));
    translated.forEach((translation, i) => this.#install(translation, added[i]!));
    if (this.#counts.code_bytes > this.#cache_bytes) this.#evict();
    this.#counts.modules++;
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

  #install({ rec, insns, covered }: Translation, code: AddedFunction): void {
    const ranges = new Map(covered.map((range) => [this.page_of(range.base), range]));
    const translated: Translated = { rec, code, ranges };
    this.#live.add(translated);
    this.#counts.code_bytes += code.bytes;
    for (const page of ranges.keys()) {
      const list = this.#regions.get(page);
      if (list) list.push(translated);
      else this.#regions.set(page, [translated]);
    }
    this.cpu.u16[rec >> 1] = code.number;
    this.#counts.regions++;
    this.#counts.region_insns += insns;
  }

  protected override code_dropped(page: RecordPage, offset: number, length: number): void {
    this.#orders?.changed(page.base, offset, length);
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
    for (const counts of [this.#samples, this.#misses, this.#strays]) {
      const places = counts.get(page);
      if (!places) continue;
      for (const rec of places.keys()) {
        if (rec < first || rec > last) continue;
        places.delete(rec);
        const slot = (rec - page.base) / RECORD.size;
        if (counts === this.#misses) set_mark(page, "slow", slot, false);
        if (counts === this.#strays) set_mark(page, "scattered", slot, false);
      }
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
    this.#counts.code_bytes -= region.code.bytes;
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
