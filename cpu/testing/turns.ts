/**
 * Whole programs on the translator, stopped in their middle again and again, beside the reference
 * engine stopped after as many instructions.
 *
 * @module
 */
import assert from "node:assert/strict";
import { ReferenceEngine } from "../engine/reference.ts";
import { get_fpscr } from "../fpscr.ts";
import { EXIT, STATE } from "../state.ts";
import { RAM, Rig } from "../system/testing.ts";
import { TranslatorEngine, type TranslatorOptions } from "../translate/translator.ts";

/** Where programs may keep data; the page table of {@link Program.mmu} is behind it. */
export const DATA = RAM.base + 0x8000;
/** A first-level table. */
export const TABLE = RAM.base + 0x4000;
/** Second-level tables. */
export const PAGES = RAM.base + 0xc000;

/** A program that ends with `svc #0`. */
export interface Program {
  /** Instructions by address: A32 words, T16 halfwords, T32 words as first:second. */
  readonly code: Readonly<Record<number, readonly number[]>>;
  readonly thumb?: boolean;
  /** Where it begins. */
  readonly at: number;
  /** General registers by number; the others are 0. */
  readonly regs?: Readonly<Record<number, number>>;
  /** Words of memory by address. */
  readonly memory?: Readonly<Record<number, number>>;
  /** What else is to be done before. */
  readonly setup?: (rig: Rig) => void;
}

/** Called where a program has stopped: the budget was used up, or an exception other than `svc` waits. */
export type OnStop = (rig: Rig, stop: number) => void;

/** Where a turn stopped, or ended. */
export interface Stop {
  /** Instructions executed by then. */
  readonly count: number;
  /** One of EXIT; `none` when the budget was used up. */
  readonly exit: number;
  /** Everything that the program can tell, as text. */
  readonly state: string;
}

const LONGEST = 100_000;

/** A CPU with both engines. */
export class Stage {
  readonly rig: Rig = new Rig();
  readonly translator: TranslatorEngine;
  readonly #reference: ReferenceEngine;

  /** Every place is hot the first time that it is seen, unless told otherwise. */
  constructor(options: TranslatorOptions = {}) {
    const { cpu, system } = this.rig;
    this.#reference = new ReferenceEngine(cpu);
    const eager = { sample_every: 1, hot: 1, batch: 1 };
    this.translator = new TranslatorEngine(cpu, { ...eager, ...options });
    system.maps.code = this.translator;
  }

  /** One of the translator's counters. */
  count(name: string): number {
    return this.translator.statistics[name]!;
  }

  /** Puts the machine at a program's beginning. `keep`: the code has not changed since it last was. */
  begin(program: Program, keep = false): void {
    const { rig } = this;
    const { cpu, system } = rig;
    if (!keep) system.maps.written(RAM.base, RAM.size);
    rig.reset();
    cpu.set_lines(false, false);
    for (const [address, code] of Object.entries(program.code)) {
      let at = cpu.code_address(+address);
      for (const word of code) {
        const halves = program.thumb
          ? word > 0xffff ? [word >>> 16, word & 0xffff] : [word]
          : [word & 0xffff, word >>> 16];
        for (const half of halves) {
          cpu.u16[at >>> 1] = half;
          at += 2;
        }
      }
    }
    for (const [address, word] of Object.entries(program.memory ?? {})) rig.poke(+address, word);
    // SVC mode, interrupts on.
    system.modes.set_cpsr(0x13 | (program.thumb ? 0x20 : 0));
    system.regs.cpacr = 0x00f0_0000;
    system.fp.set_fpexc(1 << 30);
    for (let i = 0; i < 15; i++) cpu.set_reg(i, program.regs?.[i] ?? 0);
    program.setup?.(rig);
    system.context_changed();
    cpu.set(STATE.pc, program.at);
    cpu.set(STATE.exit, EXIT.none);
    cpu.i64[STATE.insn_count.address >> 3] = 0n;
  }

  #executed(): number {
    return Number(this.rig.cpu.i64[STATE.insn_count.address >> 3]!);
  }

  /** Everything that a program can tell, as text. */
  #state(): string {
    const { cpu, system } = this.rig;
    const hex = (n: number): string => (n >>> 0).toString(16);
    const parts = Array.from({ length: 15 }, (_, i) => `r${i}=${hex(cpu.reg(i))}`);
    parts.push(`pc=${hex(cpu.get(STATE.pc))}`, `cpsr=${hex(system.modes.get_cpsr())}`);
    parts.push(`spsr=${hex(cpu.get(STATE.spsr))}`, `exit=${cpu.get(STATE.exit)}`);
    if (cpu.get(STATE.exit) === EXIT.exception) parts.push(JSON.stringify(cpu.pending));
    if (cpu.get(STATE.exit) === EXIT.mmio) parts.push(`mmio ${hex(cpu.mmio.address)}`);
    parts.push(`fpscr=${hex(get_fpscr(cpu))}`);
    for (let d = 0; d < 32; d++) parts.push(`d${d}=${cpu.dreg(d).toString(16)}`);
    let sum = 0;
    for (let at = 0x8000; at < 0x9000; at += 4) sum = (sum * 31 + this.rig.peek(RAM.base + at)) | 0;
    parts.push(`memory=${hex(sum)}`);
    return parts.join(" ");
  }

  /** Whether the program is at its `svc`. */
  #ended(): boolean {
    const { cpu } = this.rig;
    return cpu.get(STATE.exit) === EXIT.exception && cpu.pending!.kind === "svc";
  }

  #stop(): Stop {
    return {
      count: this.#executed(),
      exit: this.rig.cpu.get(STATE.exit),
      state: this.#state(),
    };
  }

  /** Runs from {@link begin} to the end with the translator, stopping after each `budget`. */
  translated(budget: number, on_stop: OnStop = () => {}): Stop[] {
    const { cpu } = this.rig;
    const stops: Stop[] = [];
    while (this.#executed() < LONGEST) {
      cpu.set(STATE.exit, EXIT.none);
      cpu.set(STATE.budget, budget);
      this.translator.run();
      stops.push(this.#stop());
      if (this.#ended()) return stops;
      on_stop(this.rig, stops.length);
    }
    throw new Error("the program does not end");
  }

  /** Runs from {@link begin} with the reference engine, stopping where another turn did. */
  referenced(like: readonly Stop[], on_stop: OnStop = () => {}): Stop[] {
    const { cpu } = this.rig;
    const stops: Stop[] = [];
    for (const { count, exit } of like) {
      cpu.set(STATE.exit, EXIT.none);
      const goes_on = (): boolean => exit === EXIT.none ? this.#executed() < count : true;
      while (cpu.get(STATE.exit) === EXIT.none && this.#executed() <= count && goes_on()) {
        cpu.set(STATE.budget, 1000);
        this.#reference.step();
        // Only asks the run loop to look around.
        if (cpu.get(STATE.exit) === EXIT.resume && exit !== EXIT.resume) {
          cpu.set(STATE.exit, EXIT.none);
        }
      }
      stops.push(this.#stop());
      if (this.#ended()) return stops;
      on_stop(this.rig, stops.length);
    }
    return stops;
  }

  /** Runs a program both ways; they must agree wherever the translator stopped. */
  agree(
    program: Program,
    options: { budget?: number; keep?: boolean; on_stop?: OnStop } = {},
  ): Stop[] {
    this.begin(program, options.keep);
    const translated = this.translated(options.budget ?? 5000, options.on_stop);
    const { maps } = this.rig.system;
    const { code } = maps;
    // What the reference engine stores into code is nothing to the translator: it starts anew.
    maps.code = { flush_tlb() {}, flush_tlb_page() {}, page_written: () => true };
    try {
      this.begin(program, true);
      assert.deepEqual(translated, this.referenced(translated, options.on_stop));
    } finally {
      maps.code = code;
      code.flush_tlb();
    }
    return translated;
  }
}
