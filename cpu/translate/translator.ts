import type { Cpu } from "../cpu.ts";
import { decode_a32, decode_thumb } from "../engine/fetch.ts";
import { FIRST_NUMBER, HANDLER } from "../engine/handlers.ts";
import { InterpreterEngine, type RecordPage } from "../engine/interpreter.ts";
import { RECORD } from "../engine/record.ts";
import { is_wide } from "../isa/decoder.ts";
import { EXIT, MEM, STATE } from "../state.ts";
import { RegionEmitter } from "./emit_region.ts";
import { find_region, type InsnSource, type Region } from "./region.ts";

/** How the translator decides; tests lower the thresholds. */
export interface TranslatorOptions {
  /** Instructions between two samples. */
  readonly sample_every?: number;
  /** Samples at a place that make it hot. */
  readonly hot?: number;
  /** Regions that are translated together. */
  readonly batch?: number;
}

/** A region that is translated. */
interface Translated {
  /** Record that has its handler. */
  readonly rec: number;
  readonly number: number;
  /** Byte offsets in the page that it covers. */
  readonly from: number;
  readonly to: number;
}

/** Tier 1: interprets, and translates what samples find to be hot. */
export class TranslatorEngine extends InterpreterEngine {
  override readonly name = "translator";
  readonly #sample_every: number;
  readonly #hot: number;
  readonly #batch: number;
  /** Samples by record; -Infinity for what cannot be translated. */
  readonly #samples = new Map<number, number>();
  readonly #queue = new Set<number>();
  #waited = 0;
  /** Instructions to the next sample. */
  #slice: number;
  readonly #regions = new Map<RecordPage, Translated[]>();
  readonly #counts = { regions: 0, region_insns: 0, dropped: 0, translate_ms: 0, modules: 0 };

  /** An engine for `cpu`. */
  constructor(cpu: Cpu, options: TranslatorOptions = {}) {
    super(cpu);
    this.#sample_every = options.sample_every ?? 4000;
    this.#slice = this.#sample_every;
    this.#hot = options.hot ?? 3;
    this.#batch = options.batch ?? 8;
  }

  override get statistics(): Record<string, number> {
    return { ...super.statistics, ...this.#counts };
  }

  override run(): void {
    const cpu = this.cpu;
    let left = cpu.get(STATE.budget);
    while (left > 0 && cpu.get(STATE.exit) === EXIT.none) {
      const slice = Math.min(left, this.#slice);
      const before = cpu.i64[STATE.insn_count.address >> 3]!;
      cpu.set(STATE.budget, slice);
      this.left_at = 0;
      super.run();
      const done = Number(cpu.i64[STATE.insn_count.address >> 3]! - before);
      // A budget that was zeroed from outside ends the run, one that was used up only the slice.
      left = cpu.get(STATE.budget) <= 0 && done < slice ? 0 : left - done;
      if (cpu.get(STATE.exit) === EXIT.none) this.#sample(this.left_at);
    }
    cpu.set(STATE.budget, Math.max(left, 0));
  }

  /** Looks at a place that execution came by. Translated code is looked at less often. */
  #sample(rec: number): void {
    if (rec >= MEM.records && this.cpu.u16[rec >> 1]! >= FIRST_NUMBER) {
      this.#slice = Math.min(2 * this.#slice, 32 * this.#sample_every);
    } else if (rec >= MEM.records) {
      this.#slice = this.#sample_every;
      const samples = (this.#samples.get(rec) ?? 0) + 1;
      this.#samples.set(rec, samples);
      if (samples === this.#hot) this.#queue.add(rec);
    }
    if (this.#queue.size === 0) return;
    if (this.#queue.size >= this.#batch || ++this.#waited > 4 * this.#batch) this.#translate();
  }

  /** Translates what is queued, as one module. */
  #translate(): void {
    const start = performance.now();
    const found: { rec: number; page: RecordPage; region: Region }[] = [];
    for (const rec of this.#queue) {
      const page = this.page_of(rec);
      const region = page && this.#find(page, rec);
      if (region) found.push({ rec, page, region });
      else this.#samples.set(rec, -Infinity);
    }
    this.#queue.clear();
    this.#waited = 0;
    if (found.length === 0 || !this.handlers.has_room(found.length)) return;
    const numbers = this.handlers.add_functions(
      found.map(({ page, region }) => (imports) =>
        new RegionEmitter(region, page.base, imports).code
      ),
    );
    found.forEach(({ rec, page, region }, i) => this.#install(rec, page, region, numbers[i]!));
    this.#counts.modules++;
    this.#counts.translate_ms += performance.now() - start;
  }

  #find(page: RecordPage, rec: number): Region | undefined {
    const cpu = this.cpu;
    const { thumb } = page;
    const code = cpu.code_address(page.pa);
    const unit = thumb ? 2 : 4;
    const source: InsnSource = (offset) => {
      if (offset < 0 || offset + unit > 0x1000 || (!thumb && (offset & 3) !== 0)) return undefined;
      const slot = offset / unit;
      const handler = cpu.u16[(page.base + slot * RECORD.size) >> 1]!;
      // Only what has been executed: the rest is cold.
      if (handler < HANDLER.cond) return undefined;
      if (!thumb) return { insn: decode_a32(cpu.u32[(code + offset) >>> 2]!), size: 4 };
      const first = cpu.u16[(code + offset) >>> 1]!;
      if (!is_wide(first)) return { insn: decode_thumb(first, 0, page.it[slot]!), size: 2 };
      if (offset === 0xffe) return undefined;
      const second = cpu.u16[(code + offset + 2) >>> 1]!;
      return { insn: decode_thumb(first, second, page.it[slot]!), size: 4 };
    };
    const entry = ((rec - page.base) / RECORD.size) * unit;
    if (entry >= 0x1000) return undefined;
    const region = find_region(entry, thumb, source);
    return region !== undefined && region.insns > 1 ? region : undefined;
  }

  #install(rec: number, page: RecordPage, region: Region, number: number): void {
    let from = 0x1000, to = 0;
    for (const { start, end } of region.blocks.values()) {
      from = Math.min(from, start);
      to = Math.max(to, end);
    }
    const list = this.#regions.get(page);
    const translated = { rec, number, from, to };
    if (list) list.push(translated);
    else this.#regions.set(page, [translated]);
    this.cpu.u16[rec >> 1] = number;
    this.#counts.regions++;
    this.#counts.region_insns += region.insns;
  }

  protected override code_dropped(page: RecordPage, offset: number, length: number): void {
    // Called by the base class's constructor too, before there are regions.
    const list = this.#regions?.get(page);
    if (!list) return;
    const kept: Translated[] = [];
    for (const region of list) {
      if (region.to <= offset || region.from >= offset + length) {
        kept.push(region);
        continue;
      }
      if (this.cpu.u16[region.rec >> 1] === region.number) {
        this.cpu.u16[region.rec >> 1] = HANDLER.decode;
      }
      this.handlers.remove_function(region.number);
      this.#samples.delete(region.rec);
      this.#counts.dropped++;
    }
    if (kept.length > 0) this.#regions.set(page, kept);
    else this.#regions.delete(page);
  }
}
