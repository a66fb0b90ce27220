import { ACCESS, Cpu, type MemorySystem, new_cpu_memory } from "../../cpu/cpu.ts";
import type { Engine } from "../../cpu/engine/engine.ts";
import { InterpreterEngine } from "../../cpu/engine/interpreter.ts";
import { ReferenceEngine } from "../../cpu/engine/reference.ts";
import { get_fpscr, set_fpscr } from "../../cpu/fpscr.ts";
import { SCTLR } from "../../cpu/system/sys_regs.ts";
import { System } from "../../cpu/system/system.ts";
import { EXIT, MEM, STATE, V_BASE } from "../../cpu/state.ts";
import {
  CASE,
  type Case,
  CODE_END,
  RAM,
  RAM_SIZE,
  RESULT,
  type Result,
  SIGNAL,
  STOP_A32,
  STOP_THUMB,
  WINDOW,
  WINDOW_BYTES,
} from "./layout.ts";

/** A short-descriptor section: normal cacheable memory, AP = all may read and write, domain 0. */
const SECTION = 0x1c0e;
/** The map of the memory system's in which nothing is mapped. */
const NO_MAP = MEM.maps + (MEM.map_contexts - 1) * 2 * MEM.map_bytes;

/** RAM and nothing else, and a note of which bytes were accessed. */
class Arena implements MemorySystem {
  readonly #cpu: Cpu;
  /** Data accesses since {@link clear}: the first one's address, and how far they reach from there. */
  accesses = 0;
  first = 0;
  below = 0;
  above = 0;
  wrote = false;
  /** Where code was fetched in RAM; the reference engine does it for each instruction. */
  lowest_fetch = 0;
  highest_fetch = 0;
  /** Told of every byte that is stored: any page may have been executed. */
  on_write: (page: number, offset: number, length: number) => void = () => {};

  constructor(cpu: Cpu) {
    this.#cpu = cpu;
  }

  clear(): void {
    this.accesses = 0;
    this.first = this.below = this.above = 0;
    this.wrote = false;
    this.lowest_fetch = RAM + RAM_SIZE;
    this.highest_fetch = RAM;
  }

  #at(address: number, length: number, aligned: boolean): number {
    if (this.accesses++ === 0) this.first = address | 0;
    const from = (address - this.first) | 0;
    this.below = Math.min(this.below, from);
    this.above = Math.max(this.above, from + length);
    const bad = aligned && (address & (Math.min(length, 8) - 1)) !== 0;
    const offset = (address >>> 0) - RAM;
    if (bad || offset < 0 || offset + length > RAM_SIZE) {
      this.#cpu.raise({ kind: "data_abort", address, status: bad ? 1 : 5 });
      return -1;
    }
    return MEM.guest_ram + offset;
  }

  load(address: number, width: number, access: number): number {
    const at = this.#at(address, width, (access & ACCESS.aligned) !== 0);
    if (at < 0) return 0;
    let value = 0;
    for (let i = width - 1; i >= 0; i--) value = (value << 8) | this.#cpu.u8[at + i]!;
    return value;
  }
  load64(address: number, access: number): bigint {
    const at = this.#at(address, 8, (access & ACCESS.aligned) !== 0);
    if (at < 0) return 0n;
    const low = this.load(address, 4, 0), high = this.load(address + 4, 4, 0);
    return (BigInt(high >>> 0) << 32n) | BigInt(low >>> 0);
  }
  store(address: number, width: number, value: number, access: number): void {
    this.wrote = true;
    const at = this.#at(address, width, (access & ACCESS.aligned) !== 0);
    if (at < 0) return;
    for (let i = 0; i < width; i++) this.#cpu.u8[at + i] = value >>> (8 * i);
    for (let byte = address; byte < address + width; byte++) {
      this.on_write(byte & ~0xfff, byte & 0xfff, 1);
    }
  }
  store64(address: number, value: bigint, access: number): void {
    this.wrote = true;
    const at = this.#at(address, 8, (access & ACCESS.aligned) !== 0);
    if (at < 0) return;
    this.store(address, 4, Number(BigInt.asIntN(32, value)), 0);
    this.store(address + 4, 4, Number(BigInt.asIntN(32, value >> 32n)), 0);
  }
  probe(address: number, length: number, _write: boolean): void {
    this.#at(address, length, false);
  }
  compare_exchange(address: number, width: number, expected: bigint, value: bigint): boolean {
    const old = width === 8 ? this.load64(address, 0) : BigInt(this.load(address, width, 0) >>> 0);
    if (old !== BigInt.asUintN(width * 8, expected)) return false;
    if (width === 8) this.store64(address, value, 0);
    else this.store(address, width, Number(BigInt.asIntN(32, value)), 0);
    return true;
  }
  fetch_page(address: number): number | undefined {
    const page = (address & ~0xfff) >>> 0;
    if (page >= RAM && page < RAM + RAM_SIZE) {
      this.lowest_fetch = Math.min(this.lowest_fetch, address >>> 0);
      this.highest_fetch = Math.max(this.highest_fetch, address >>> 0);
      return page;
    }
    this.#cpu.raise({ kind: "prefetch_abort", address, status: 5 });
    return undefined;
  }
  fetched_log2(): number {
    return 12;
  }
  protect_page(_pa_page: number): void {}
}

/** What the last run accessed in memory. */
export interface Accesses {
  readonly count: number;
  /** Address of the first access. */
  readonly first: number;
  /** Lowest and highest byte from there. */
  readonly below: number;
  readonly above: number;
  /** Whether some access was a store. */
  readonly wrote: boolean;
  /** Instructions executed. */
  readonly instructions: number;
  /** Lowest and highest address of an instruction in RAM. */
  readonly lowest_fetch: number;
  readonly highest_fetch: number;
}

/** Names of the engines under test. */
export type EngineName = "reference" | "interpreter";

/** The engines under test, over one CPU in User mode. */
export class Subject {
  readonly cpu: Cpu;
  readonly engines: Readonly<Record<EngineName, Engine>>;
  readonly #arena: Arena;
  #mapped = false;
  /** Whether {@link run} goes step by step. */
  single_step = false;
  /**
   * Whether the last run, on the reference engine and without the MMU, stored into the IT block that
   * was executing: what then executes is UNPREDICTABLE.
   */
  rewrote_it_block = false;
  /** Budget with which {@link run} enters the engine again and again. */
  slice = Infinity;

  /** Engines over a new CPU; `fast` makes the one that is compared with the reference engine. */
  constructor(fast: (cpu: Cpu) => Engine = (cpu) => new InterpreterEngine(cpu)) {
    const cpu = this.cpu = new Cpu(new_cpu_memory(RAM_SIZE));
    const system = new System(cpu, { base: RAM, size: RAM_SIZE });
    this.#arena = new Arena(cpu);
    this.engines = {
      reference: new ReferenceEngine(cpu),
      interpreter: fast(cpu),
    };
    system.maps.code = this.engines.interpreter;
    this.#arena.on_write = (page, offset, length) => {
      const ahead = page + offset - cpu.get(STATE.pc);
      if (cpu.get(STATE.itstate) !== 0 && ahead >= 0 && ahead < 20) this.rewrote_it_block = true;
      this.engines.interpreter.page_written(page, offset, length);
    };
    this.#translate(system);
    // cp10 and cp11 are everyone's.
    system.regs.cpacr = 0x00f0_0000;
    system.fp.set_fpexc(1 << 30);
    cpu.set(STATE.cpsr, 0x10);
    system.context_changed();
  }

  /** Turns the MMU on: RAM is normal memory for everyone, and nothing else is mapped. */
  #translate(system: System): void {
    const table = CODE_END;
    for (let section = RAM; section < RAM + RAM_SIZE; section += 0x10_0000) {
      const at = this.cpu.code_address(table) + (section >>> 20) * 4;
      this.cpu.u32[at >>> 2] = section | SECTION;
    }
    system.regs.ttbr0 = table;
    system.regs.dacr = 1;
    system.regs.sctlr |= SCTLR.M;
    system.translation_changed();
  }

  /**
   * Whether memory is the system's, with MMU and page maps, or a plain array behind functions. Both
   * hold the same bytes.
   */
  map_window(mapped: boolean): void {
    this.#mapped = mapped;
  }

  /** Puts the code of cases into memory. */
  write_code(cases: readonly Case[]): void {
    const pages = new Set<number>();
    for (const c of cases) {
      const { from, to } = this.#put_code(c);
      for (let page = from & ~0xfff; page < to; page += 0x1000) pages.add(page);
    }
    for (const page of pages) this.engines.interpreter.page_written(page, 0, 0x1000);
  }

  #put_code(c: Case): { from: number; to: number } {
    const cpu = this.cpu;
    const address = c[CASE.code_address]!;
    const from = address - c[CASE.fill_before]!, to = address + c[CASE.fill_after]!;
    cpu.u32.fill(
      c[CASE.thumb] ? STOP_THUMB : STOP_A32,
      cpu.code_address(from) >>> 2,
      cpu.code_address(to) >>> 2,
    );
    const code = c.subarray(CASE.code, CASE.code + CASE.code_words);
    cpu.u32.set(code, cpu.code_address(address) >>> 2);
    return { from, to };
  }

  /** Puts code at an address, where anything may have been executed before. */
  write_halves(address: number, halves: readonly number[]): void {
    this.cpu.u16.set(halves, this.cpu.code_address(address) >>> 1);
    const to = address + 2 * halves.length;
    for (let page = address & ~0xfff; page < to; page += 0x1000) {
      this.engines.interpreter.page_written(page, 0, 0x1000);
    }
  }

  /** Executes one case whose code is in memory, for at most so many taken branches. */
  run(c: Case, name: EngineName, budget = 64): Result {
    const cpu = this.cpu;
    this.#load(c);
    this.#arena.clear();
    this.rewrote_it_block = false;
    const engine = this.engines[name];
    for (let left = budget; left > 0;) {
      const slice = Math.min(left, this.slice);
      cpu.set(STATE.budget, slice);
      if (this.single_step) engine.step();
      else engine.run();
      left -= slice - cpu.get(STATE.budget);
      if (cpu.get(STATE.exit) === EXIT.exception) break;
      cpu.set(STATE.exit, EXIT.none);
    }
    return this.#result();
  }

  /** What the last run accessed. Accesses by way of the page maps are not seen. */
  get accesses(): Accesses {
    const { accesses: count, first, below, above, wrote } = this.#arena;
    const { lowest_fetch, highest_fetch } = this.#arena;
    const instructions = Number(this.cpu.i64[STATE.insn_count.address >> 3]);
    return { count, first, below, above, wrote, instructions, lowest_fetch, highest_fetch };
  }

  /** Executes a case on the reference engine, with every access going by the memory system. */
  preview(c: Case): { result: Result; accesses: Accesses } {
    this.#put_code(c);
    const mapped = this.#mapped;
    this.#mapped = false;
    const result = this.run(c, "reference");
    this.#mapped = mapped;
    return { result, accesses: this.accesses };
  }

  #load(c: Case): void {
    const cpu = this.cpu;
    cpu.u32.set(c.subarray(CASE.r, CASE.r + 15), STATE.r.address >>> 2);
    // Nothing may depend on what the r15 slot holds.
    cpu.set_reg(15, 0x5555_5555);
    const cpsr = c[CASE.cpsr]!;
    cpu.set(STATE.nf, cpsr);
    cpu.set(STATE.zf, (cpsr >>> 30) & 1 ? 0 : 1);
    cpu.set(STATE.cf, (cpsr >>> 29) & 1);
    cpu.set(STATE.vf, cpsr << 3);
    cpu.set(STATE.qf, (cpsr >>> 27) & 1);
    cpu.set(STATE.ge, (cpsr >>> 16) & 15);
    if (cpu.get(STATE.cpsr) !== 0x10) {
      cpu.set(STATE.cpsr, 0x10);
      cpu.system.context_changed();
    }
    this.#choose_memory();
    set_fpscr(cpu, c[CASE.fpscr]!);
    cpu.u32.set(c.subarray(CASE.d, CASE.d + 64), V_BASE >>> 2);
    cpu.u32.set(
      c.subarray(CASE.window, CASE.window + WINDOW_BYTES / 4),
      cpu.code_address(WINDOW) >>> 2,
    );
    cpu.set(STATE.excl_open, 0);
    cpu.set(STATE.pc, c[CASE.code_address]!);
    cpu.set(STATE.thumb, c[CASE.thumb]!);
    cpu.set(STATE.itstate, 0);
    cpu.set(STATE.exit, EXIT.none);
    cpu.i64[STATE.insn_count.address >> 3] = 0n;
    cpu.pending = undefined;
  }

  #choose_memory(): void {
    const cpu = this.cpu;
    cpu.mem = this.#mapped ? cpu.system.memory : this.#arena;
    if (this.#mapped) return cpu.system.maps.select();
    for (const map of ["map", "user_map"] as const) cpu.set(STATE[map], NO_MAP);
  }

  #result(): Result {
    const cpu = this.cpu;
    const out = new Uint32Array(RESULT.words);
    out[RESULT.signal] = this.#signal();
    out[RESULT.pc] = cpu.get(STATE.pc);
    out.set(cpu.u32.subarray(STATE.r.address >>> 2, (STATE.r.address >>> 2) + 15), RESULT.r);
    const it = cpu.get(STATE.itstate);
    out[RESULT.cpsr] = (cpu.get(STATE.nf) & 0x8000_0000) |
      (cpu.get(STATE.zf) === 0 ? 1 << 30 : 0) | (cpu.get(STATE.cf) << 29) |
      ((cpu.get(STATE.vf) >>> 3) & (1 << 28)) | (cpu.get(STATE.qf) << 27) |
      ((it & 3) << 25) | ((it >>> 2) << 10) | (cpu.get(STATE.ge) << 16) |
      cpu.get(STATE.cpsr) | (cpu.get(STATE.thumb) << 5);
    out[RESULT.fpscr] = get_fpscr(cpu);
    out.set(cpu.u32.subarray(V_BASE >>> 2, (V_BASE >>> 2) + 64), RESULT.d);
    const window = cpu.code_address(WINDOW) >>> 2;
    out.set(cpu.u32.subarray(window, window + WINDOW_BYTES / 4), RESULT.window);
    return out;
  }

  /** The exit as a signal number; 100 and more for what no user process meets. */
  #signal(): number {
    const exit = this.cpu.get(STATE.exit);
    if (exit !== EXIT.exception) return 100 + exit;
    const pending = this.cpu.pending!;
    switch (pending.kind) {
      case "undefined":
        return SIGNAL.ill;
      case "prefetch_abort":
        return SIGNAL.segv;
      case "data_abort":
        return (pending.status & 0x3f) === 1 ? SIGNAL.bus : SIGNAL.segv;
      default:
        return 110;
    }
  }
}
