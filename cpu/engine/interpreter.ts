import type { Cpu } from "../cpu.ts";
import { is_wide } from "../isa/decoder.ts";
import type { Insn } from "../isa/decoder.ts";
import { EXIT, is_abandoned, MEM, STATE } from "../state.ts";
import { code_tlb_clear, code_tlb_clear_page, code_tlb_entry } from "./code_tlb.ts";
import type { Engine } from "./engine.ts";
import { decode_a32, decode_thumb, fetch_insn, it_advance } from "./fetch.ts";
import type { FormInfo } from "./forms.ts";
import { Handlers } from "./handlers.ts";
import { KnownRecords } from "./known_records.ts";
import { HANDLER } from "./main_function.ts";
import { RECORD } from "./record.ts";
import { CHUNK, CHUNKS, code_page, type CodePage, name_page, slots_of } from "./record_page.ts";

/** Scratch records of an instruction that lies in two pages. */
const CROSS_RECORD = MEM.scratch + 0x100;
/** Scratch records of single steps, by address: each place has room for three records, and a stamp. */
const STEP_RECORDS = MEM.scratch + 0x400;
const STEP_PLACES = 16, STEP_PLACE = 0x40, STEP_STAMP = 0x30;

/** A page of code, and how it fares. */
export interface RecordPage extends CodePage {
  /** Stores to the page since something in it was decoded, weighed. */
  stores: number;
  /** More of them make it a page of data. */
  patience: number;
}

/**
 * How many chunks of a memory have ever been used. What lies beyond is zero, which is what a page
 * without records is, and costs the host nothing until it is touched.
 */
const chunks_used = new WeakMap<WebAssembly.Memory, number>();

/**
 * A page that is written so often without anything new being decoded has become data: its records
 * go, and stores to it are no longer announced. Stores that hit instructions count many times. Each
 * time it turns out to be code nevertheless its patience doubles, so that data beside code costs slow
 * stores but not its records again and again.
 */
const PATIENCE_MIN = 1024, PATIENCE_MAX = 1 << 20;
const HIT_WEIGHT = 64;

/** log2 of the least that is mapped as one and not a page or some of them. */
const SECTION = 20;

/** Where the pages of a physical MiB and instruction set are found. */
function section_of(pa: number, thumb: number): number {
  return Math.floor(pa / (1 << SECTION)) * 2 + thumb;
}

/** An instruction that was stepped, whose record is still there if its place has the stamp. */
interface Stepped {
  readonly offset: number;
  readonly word: number;
  readonly itstate: number;
  readonly thumb: boolean;
  readonly insn: Insn;
  readonly size: number;
  readonly stamp: number;
}
/** Engines of one memory share the places. */
let step_stamps = 0;

/** A page that is none: direct branches in it may be near. */
const WARM_UP_PAGE: RecordPage = {
  ...{ base: 0, thumb: false, pa: 0, it: new Uint8Array(0) },
  ...{ slow: new Uint8Array(0), scattered: new Uint8Array(0) },
  ...{ stores: 0, patience: 0 },
};

/** Tier 0: interprets predecoded records in a generated WebAssembly function. */
export class InterpreterEngine implements Engine {
  readonly name: string = "interpreter";
  protected readonly cpu: Cpu;
  protected readonly handlers: Handlers;
  readonly #pages = new Map<number, RecordPage>();
  readonly #chunks: RecordPage[] = [];
  readonly #known = new KnownRecords();
  /** The pages of each MiB and instruction set. */
  readonly #sections = new Map<number, RecordPage[]>();
  /** Sections whose pages the code TLB has been given, by virtual address, code tag and T. */
  readonly #entered = new Set<number>();
  #decoded = 0;

  /** An engine for `cpu`. Generating and compiling its main function takes some tens of milliseconds. */
  constructor(cpu: Cpu) {
    this.cpu = cpu;
    this.handlers = new Handlers(cpu, {
      decode: (rec) => this.#decode(rec),
      lookup: (target) => this.#lookup(target),
      cross: (rec) => this.#cross(rec),
      page_end_it: () => this.#page_end_it(),
    });
    this.flush_tlb();
    this.#warm_up();
  }

  /**
   * Runs a branch to itself until V8 has noticed that the main function is hot: its optimising
   * compiler then works on another thread while the guest is still being loaded.
   */
  #warm_up(): void {
    const cpu = this.cpu;
    const budget = cpu.get(STATE.budget), count = cpu.i64[STATE.insn_count.address >> 3]!;
    const insn = decode_a32(0xeaff_fffe);
    this.#write(STEP_RECORDS, 0, insn, 4, false, WARM_UP_PAGE);
    for (let i = 0; i < 8; i++) {
      cpu.set(STATE.budget, 500);
      this.handlers.run(STEP_RECORDS);
    }
    cpu.set(STATE.budget, budget);
    cpu.i64[STATE.insn_count.address >> 3] = count;
  }

  /** Counters for `--stats`. */
  get statistics(): Record<string, number> {
    return {
      ...this.handlers.statistics,
      record_pages: this.#chunks.length,
      decoded: this.#decoded,
    };
  }

  flush_tlb(): void {
    code_tlb_clear(this.cpu);
    this.#entered.clear();
  }
  flush_tlb_page(va: number, tag: number): void {
    code_tlb_clear_page(this.cpu, va, tag);
  }
  page_written(pa_page: number, offset: number, length: number): boolean {
    let kept = false;
    for (const thumb of [0, 1]) {
      const page = this.#pages.get(pa_page + thumb);
      if (page) kept = this.#forget(page, offset, length) || kept;
    }
    return kept;
  }

  run(): void {
    const cpu = this.cpu;
    do {
      while (cpu.get(STATE.itstate) !== 0) {
        if (this.#enter_it_block()) break;
        this.step();
        if (cpu.get(STATE.exit) !== EXIT.none || cpu.get(STATE.budget) <= 0) return;
      }
      const rec = this.#find(cpu.get(STATE.pc));
      if (rec === 0) return;
      this.handlers.run(rec);
      this.#leave();
    } while (cpu.get(STATE.exit) === EXIT.none && cpu.get(STATE.budget) > 0);
  }

  step(): void {
    const cpu = this.cpu;
    const pc = cpu.get(STATE.pc), itstate = cpu.get(STATE.itstate);
    const at = STEP_RECORDS + ((pc >>> 1) % STEP_PLACES) * STEP_PLACE;
    const stepped = this.#prepare_step(at, pc, itstate);
    if (!stepped) return;
    const budget = cpu.get(STATE.budget);
    cpu.set(STATE.budget, 1);
    // A branch ends its IT block, even one to where nothing can be fetched.
    cpu.set(STATE.itstate, 0);
    this.handlers.run(at);
    const rec = cpu.get(STATE.rec);
    const in_step = rec >= at && rec <= at + 2 * RECORD.size;
    const exit = cpu.get(STATE.exit);
    if (in_step && rec !== at) cpu.i64[STATE.insn_count.address >> 3]!--;
    cpu.set(STATE.budget, budget - 1);
    if (!in_step) return this.#leave();
    if (is_abandoned(exit)) {
      cpu.i64[STATE.insn_count.address >> 3]!--;
      cpu.set(STATE.itstate, itstate);
      return;
    }
    if (exit === EXIT.jump) return;
    const { op, operands } = stepped.insn.decoded;
    cpu.set(STATE.pc, pc + stepped.size);
    cpu.set(
      STATE.itstate,
      op.name === "it" ? (operands.firstcond! << 4) | operands.mask! : it_advance(itstate),
    );
  }

  readonly #steps = new Array<Stepped | undefined>(STEP_PLACES).fill(undefined);

  /**
   * Makes the record of the instruction at `pc`, at `at`; undefined after a prefetch abort. Drivers poll
   * and feed devices with few instructions, so the record may be there already.
   */
  #prepare_step(at: number, pc: number, itstate: number): Stepped | undefined {
    const cpu = this.cpu;
    const found = this.#find(pc);
    if (found === 0) return undefined;
    const thumb = cpu.get(STATE.thumb) !== 0;
    const offset = pc & 0xfff;
    const code = cpu.code_address(this.page_of(found).pa) + offset;
    const straddles = thumb && offset === 0xffe;
    const word = straddles
      ? 0
      : thumb
      ? (cpu.u16[code >>> 1]! << 16) | cpu.u16[(code + 2) >>> 1]!
      : cpu.i32[code >>> 2]!;
    const place = (at - STEP_RECORDS) / STEP_PLACE;
    const stamp_at = (at + STEP_STAMP) >> 2;
    const known = this.#steps[place];
    if (
      known !== undefined && known.stamp === cpu.i32[stamp_at] && known.word === word &&
      known.offset === offset && known.itstate === itstate && known.thumb === thumb && !straddles
    ) return known;
    const fetched = fetch_insn(cpu, pc, thumb, itstate);
    if (!fetched) return undefined;
    this.#write(at, offset, fetched.insn, fetched.size, thumb, undefined);
    for (const step of [RECORD.size, 2 * RECORD.size]) {
      cpu.u16[(at + step) >> 1] = HANDLER.stop;
    }
    const stamp = cpu.i32[stamp_at] = ++step_stamps;
    return this.#steps[place] = { ...fetched, offset, word, itstate, thumb, stamp };
  }

  /** Makes pc and ITSTATE exact after the main function came back. */
  #leave(): void {
    const cpu = this.cpu;
    const rec = cpu.get(STATE.rec);
    this.left_at = rec;
    // An instruction that lies in two pages may have been left before the second page's end.
    this.#cross_rest = 0;
    if (rec === 0) return;
    // From here on STATE.itstate has the IT block, not the page: see #clear.
    cpu.set(STATE.rec, 0);
    const exit = cpu.get(STATE.exit);
    if (is_abandoned(exit)) cpu.i64[STATE.insn_count.address >> 3]!--;
    if (exit === EXIT.jump) return;
    let pc: number, itstate: number, size: number;
    if (rec < MEM.records) {
      // An instruction that lies in two pages: always a wide one.
      pc = cpu.get(STATE.pc_page) + cpu.u16[(rec + RECORD.pc) >> 1]!;
      itstate = this.#cross_it;
      size = 4;
    } else {
      const page = this.page_of(rec);
      const slot = (rec - page.base) / RECORD.size;
      const offset = slot * (page.thumb ? 2 : 4);
      pc = cpu.get(STATE.pc_page) + offset;
      itstate = page.it[slot]!;
      const at = cpu.code_address(page.pa) + offset;
      size = !page.thumb || is_wide(cpu.u16[at >>> 1]!) ? 4 : 2;
    }
    const done = exit !== EXIT.none && !is_abandoned(exit);
    cpu.set(STATE.pc, done ? pc + size : pc);
    cpu.set(STATE.itstate, done ? it_advance(itstate) : itstate);
  }

  /** The record at which the main function came back last, or 0: a branch's target when its budget ended. */
  protected left_at = 0;

  /** ITSTATE of the instruction in the crossing scratch record. */
  #cross_it = 0;

  /** The page that a record belongs to. */
  protected page_of(rec: number): RecordPage {
    return this.#chunks[Math.floor((rec - MEM.records) / CHUNK)]!;
  }

  /** Whether the records at pc were decoded under the very ITSTATE that is current. */
  #enter_it_block(): boolean {
    const cpu = this.cpu;
    const pc = cpu.get(STATE.pc), itstate = cpu.get(STATE.itstate);
    if (cpu.get(STATE.thumb) === 0) {
      cpu.set(STATE.itstate, 0);
      return true;
    }
    const rec = this.#find(pc);
    if (rec === 0) return false;
    const page = this.page_of(rec);
    if (page.it[(rec - page.base) / RECORD.size] !== itstate) return false;
    cpu.set(STATE.itstate, 0);
    return true;
  }

  /** As {@link #lookup}, by the code TLB where it can. */
  #find(target: number): number {
    const cpu = this.cpu;
    const thumb = cpu.get(STATE.thumb), tag = cpu.get(STATE.code_tag);
    const entry = code_tlb_entry(target, tag, thumb) >> 2;
    const page = target & ~0xfff;
    if (cpu.i32[entry] !== (page | tag | thumb)) return this.#lookup(target);
    cpu.set(STATE.pc_page, page);
    return cpu.i32[entry + 1]! + ((target & 0xfff) << (2 + thumb));
  }

  /** The record for code address `target`, with the code TLB filled; 0 after a prefetch abort. */
  #lookup(target: number): number {
    const cpu = this.cpu;
    const thumb = cpu.get(STATE.thumb);
    const pa = cpu.mem.fetch_page(target);
    if (pa === undefined) {
      cpu.set(STATE.pc, target);
      cpu.set(STATE.rec, 0);
      return 0;
    }
    let page = this.#pages.get(pa + thumb);
    if (!page) {
      page = this.#new_page(pa, thumb !== 0);
      cpu.mem.protect_page(pa);
    }
    const va_page = target & ~0xfff;
    if (cpu.mem.fetched_log2() >= SECTION) this.#enter_section(target, pa);
    this.#enter(va_page, page);
    cpu.set(STATE.pc_page, va_page);
    return page.base + ((target & 0xfff) << (2 + thumb));
  }

  /** Has the code TLB say that a virtual page has the records of `page`. */
  #enter(va_page: number, page: RecordPage): void {
    const cpu = this.cpu;
    const tag = cpu.get(STATE.code_tag), thumb = page.thumb ? 1 : 0;
    const entry = code_tlb_entry(va_page, tag, thumb) >> 2;
    cpu.i32[entry] = va_page | tag | thumb;
    cpu.i32[entry + 1] = page.base;
  }

  /**
   * Enters all pages with records of the section that maps `va` to `pa`. A kernel that flushes its TLB
   * when a process is forked would have each page of its own code looked up anew otherwise.
   */
  #enter_section(va: number, pa: number): void {
    const cpu = this.cpu;
    const thumb = cpu.get(STATE.thumb);
    const key = (va >>> SECTION) * 0x2000 + cpu.get(STATE.code_tag) + thumb;
    if (this.#entered.has(key)) return;
    this.#entered.add(key);
    for (const page of this.#sections.get(section_of(pa, thumb)) ?? []) {
      this.#enter(((va >>> SECTION) << SECTION) | (page.pa & ((1 << SECTION) - 1)), page);
    }
  }

  #new_page(pa: number, thumb: boolean): RecordPage {
    if (this.#chunks.length === CHUNKS) {
      for (const old of this.#chunks) this.code_dropped(old, 0, 0x1000);
      this.#chunks.length = 0;
      this.#pages.clear();
      this.#sections.clear();
      this.flush_tlb();
    }
    const base = MEM.records + this.#chunks.length * CHUNK;
    name_page(this.cpu, base, thumb, pa);
    const page = { ...code_page(this.cpu, base, thumb), stores: 0, patience: PATIENCE_MIN };
    this.#chunks.push(page);
    this.#pages.set(pa + (thumb ? 1 : 0), page);
    const section = section_of(pa, thumb ? 1 : 0);
    const others = this.#sections.get(section);
    if (others) others.push(page);
    else this.#sections.set(section, [page]);
    const { memory } = this.cpu;
    const used = chunks_used.get(memory) ?? 0;
    if (this.#chunks.length > used) {
      chunks_used.set(memory, this.#chunks.length);
      this.#end_page(page);
    } else this.#clear(page);
    return page;
  }

  #clear(page: RecordPage): void {
    const cpu = this.cpu;
    const slots = slots_of(page.thumb);
    const rest = this.#rest_of_it_block(page);
    page.it.fill(0);
    page.slow.fill(0);
    page.scattered.fill(0);
    for (const { slot, itstate } of rest) page.it[slot] = itstate;
    // The operands stay: the store that clears its own page still has its writeback to do.
    for (let i = 0; i < slots; i++) {
      cpu.u16[(page.base + i * RECORD.size) >> 1] = HANDLER.decode;
    }
    this.#end_page(page);
  }

  #end_page(page: RecordPage): void {
    const slots = slots_of(page.thumb);
    const end = page.base + slots * RECORD.size;
    this.cpu.u16[end >> 1] = page.it[slots] ? HANDLER.page_end_it : HANDLER.page_end;
  }

  /** Told before records of a page go: `length` bytes from `offset`. */
  protected code_dropped(_page: RecordPage, _offset: number, _length: number): void {}

  /** The IT block that is executing must go on as one, even when it rewrites its own page. */
  #rest_of_it_block(page: RecordPage): { slot: number; itstate: number }[] {
    const cpu = this.cpu;
    const out: { slot: number; itstate: number }[] = [];
    let slot = (cpu.get(STATE.rec) - page.base) / RECORD.size;
    if (!page.thumb || slot < 0 || slot >= 2048) return out;
    const at = cpu.code_address(page.pa);
    for (let itstate = page.it[slot]!; itstate !== 0; itstate = it_advance(itstate)) {
      out.push({ slot, itstate });
      if (slot === 2048) break;
      slot += is_wide(cpu.u16[(at + slot * 2) >>> 1]!) ? 2 : 1;
      if (slot > 2048) break;
    }
    return out;
  }

  /** Drops the records of some bytes of a page; whether records may be left in it. */
  #forget(page: RecordPage, offset: number, length: number): boolean {
    const cpu = this.cpu;
    const shift = page.thumb ? 1 : 2;
    // The halfword before may begin a wide instruction that the first byte belongs to.
    const first = Math.max(0, (offset >> shift) - (page.thumb ? 1 : 0));
    const last = (offset + length - 1) >> shift;
    for (let slot = first; slot <= last + 1; slot++) {
      // In or at an IT block sizes and conditions hang together.
      if (page.it[slot] !== 0 && page.it[slot] !== undefined) {
        this.#forget_all(page);
        return false;
      }
    }
    this.code_dropped(page, offset, length);
    let hits = 0;
    for (let slot = first; slot <= last; slot++) {
      const handler = (page.base + slot * RECORD.size) >> 1;
      if (cpu.u16[handler] !== HANDLER.decode) hits++;
      cpu.u16[handler] = HANDLER.decode;
    }
    page.stores += hits > 0 ? HIT_WEIGHT : 1;
    if (page.stores <= page.patience) return true;
    page.patience = Math.min(2 * page.patience, PATIENCE_MAX);
    this.#forget_all(page);
    return false;
  }

  #forget_all(page: RecordPage): void {
    page.stores = 0;
    this.code_dropped(page, 0, 0x1000);
    this.#clear(page);
  }

  /** Decodes the instruction at `rec`; 1, always. */
  #decode(rec: number): number {
    const cpu = this.cpu;
    const page = this.page_of(rec);
    this.#decoded++;
    page.stores = 0;
    // A page that was written has lost its protection along with its records.
    cpu.mem.protect_page(page.pa);
    const slot = (rec - page.base) / RECORD.size;
    const at = cpu.code_address(page.pa);
    if (!page.thumb) {
      const offset = slot * 4;
      const word = cpu.u32[(at + offset) >>> 2]!;
      if (this.#known.write(cpu, rec, { word, pc: offset })) return 1;
      const info = this.#write(rec, offset, decode_a32(word), 4, false, page);
      if (info.branch === undefined) this.#known.keep(cpu, rec, word);
      return 1;
    }
    const offset = slot * 2;
    const first = cpu.u16[(at + offset) >>> 1]!;
    if (is_wide(first) && offset === 0xffe) {
      cpu.u16[rec >> 1] = HANDLER.cross;
      cpu.u16[(rec + RECORD.pc) >> 1] = offset;
      return 1;
    }
    const second = is_wide(first) ? cpu.u16[(at + offset + 2) >>> 1]! : 0;
    const insn = decode_thumb(first, second, page.it[slot]!);
    if (insn.decoded.op.name === "it") this.#open_it_block(page, slot, insn);
    this.#write(rec, offset, insn, is_wide(first) ? 4 : 2, true, page);
    return 1;
  }

  /** Marks the instructions of an IT block, which are then decoded as conditional ones. */
  #open_it_block(page: RecordPage, it_slot: number, insn: Insn): void {
    const cpu = this.cpu;
    const { firstcond, mask } = insn.decoded.operands;
    const at = cpu.code_address(page.pa);
    let slot = it_slot + 1;
    let itstate = (firstcond! << 4) | mask!;
    while (itstate !== 0 && slot < 2048) {
      page.it[slot] = itstate;
      cpu.u16[(page.base + slot * RECORD.size) >> 1] = HANDLER.decode;
      const wide = is_wide(cpu.u16[(at + slot * 2) >>> 1]!);
      if (wide && slot === 2047) return;
      slot += wide ? 2 : 1;
      itstate = it_advance(itstate);
    }
    // Most blocks end well before the page does and say nothing about the one that may cross it.
    if (slot < 2048) return;
    page.it[2048] = itstate;
    cpu.u16[(page.base + 2048 * RECORD.size) >> 1] = page.it[2048] !== 0
      ? HANDLER.page_end_it
      : HANDLER.page_end;
  }

  /** The end of a page inside an IT block: the rest of it is stepped through. */
  #page_end_it(): void {
    const cpu = this.cpu;
    cpu.set(STATE.pc, cpu.get(STATE.pc_page) + (this.#cross_rest !== 0 ? 0x1002 : 0x1000));
    cpu.set(STATE.itstate, this.#cross_rest !== 0 ? this.#cross_rest : this.#end_it());
    this.#cross_rest = 0;
  }
  /** ITSTATE that is left after an instruction that lay in two pages. */
  #cross_rest = 0;
  #end_it(): number {
    const cpu = this.cpu;
    const pa = cpu.mem.fetch_page(cpu.get(STATE.pc_page));
    return pa === undefined ? 0 : this.#pages.get(pa + 1)?.it[2048] ?? 0;
  }

  /** Decodes an instruction that lies in two pages, each time anew; its record, or 0 after an abort. */
  #cross(rec: number): number {
    const cpu = this.cpu;
    const page = this.page_of(rec);
    this.#cross_it = page.it[2047]!;
    const pc = cpu.get(STATE.pc_page) + 0xffe;
    const fetched = fetch_insn(cpu, pc, true, this.#cross_it);
    if (!fetched) return 0;
    this.#write(CROSS_RECORD, 0xffe, fetched.insn, 4, true, undefined);
    this.#cross_rest = this.#cross_it === 0 ? 0 : it_advance(this.#cross_it);
    cpu.u16[(CROSS_RECORD + 2 * RECORD.size) >> 1] = this.#cross_rest !== 0
      ? HANDLER.page_end_it
      : HANDLER.cross_end;
    return CROSS_RECORD;
  }

  /** Writes an instruction's record; what is its form. Direct branches may be near only within `page`. */
  #write(
    rec: number,
    pc: number,
    insn: Insn,
    size: number,
    thumb: boolean,
    page: RecordPage | undefined,
  ): FormInfo {
    const cpu = this.cpu, { op, statics, operands } = insn.decoded;
    const info = this.handlers.info(op, statics);
    for (const { name, offset, bytes, scale } of info.layout) {
      const value = operands[name]! * scale;
      if (bytes === 4) cpu.i32[(rec + offset) >> 2] = value;
      else if (bytes === 2) cpu.u16[(rec + offset) >> 1] = value;
      else cpu.u8[rec + offset] = value;
    }
    let near = false;
    if (page && info.branch) {
      const target = pc + operands[info.branch]!;
      near = target >= 0 && target < 0x1000 && (thumb || (target & 3) === 0);
    }
    const number = this.handlers.number(info, { size, thumb, near });
    const two = thumb && size === 4 ? 1 : 0;
    let first = number;
    if (info.registers.some((name) => operands[name] === 15)) {
      first = HANDLER.pc + insn.cond + 15 * two;
    } else if (insn.cond !== 14) first = HANDLER.cond + insn.cond + 14 * two;
    cpu.u16[(rec + RECORD.pc) >> 1] = pc;
    cpu.u16[(rec + RECORD.second) >> 1] = number;
    // Another thread may read the page: what goes before the handler must be seen before it.
    Atomics.store(cpu.u16, (rec + RECORD.handler) >> 1, first);
    return info;
  }
}
