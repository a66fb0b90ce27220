import type { Cpu } from "../cpu.ts";
import { STATE } from "../state.ts";

/** PMCR bits. */
const PMCR = { E: 1, P: 2, C: 4, D: 8 } as const;
const CYCLES = 31;
/** Events that are counted: software increments, instructions, cycles. */
const EVENT = { sw_incr: 0, instructions: 8, cycles: 0x11 } as const;

/**
 * The performance monitor (ARM DDI 0406C, chapter C12), small: one instruction is one cycle. Counters
 * overflow into PMOVSR but raise no interrupt.
 */
export class Pmu {
  readonly #cpu: Cpu;
  /** PMCR's read-only fields: implementer, id, number of counters in 15:11. */
  #identity = 0;
  #pmcr = 0;
  enabled = 0;
  overflow = 0;
  interrupts = 0;
  selected = 0;
  user = 0;
  readonly #types = new Int32Array(32);
  readonly #values = new Float64Array(32);
  /** Instructions at the last update. */
  #seen = 0;

  constructor(cpu: Cpu) {
    this.#cpu = cpu;
  }

  /** Power-on state. `identity` is PMCR's; zero when there is no monitor. */
  reset(identity: number): void {
    this.#identity = identity & 0xffff_f800;
    this.#pmcr =
      this.enabled =
      this.overflow =
      this.interrupts =
      this.selected =
      this.user =
        0;
    this.#types.fill(0);
    this.#values.fill(0);
    this.#seen = this.#now();
  }

  /** Number of event counters. */
  get counters(): number {
    return (this.#identity >>> 11) & 31;
  }
  /** Bits that exist in the enable, overflow and interrupt registers. */
  get mask(): number {
    return (1 << CYCLES) | ((1 << this.counters) - 1);
  }

  #now(): number {
    return Number(this.#cpu.i64[STATE.insn_count.address >> 3]!);
  }

  #counts(event: number): boolean {
    return event === EVENT.instructions || event === EVENT.cycles;
  }

  /** Adds what has happened since the last look. */
  update(): void {
    const now = this.#now();
    const elapsed = now - this.#seen;
    this.#seen = now;
    if ((this.#pmcr & PMCR.E) === 0) return;
    const cycles = (this.#pmcr & PMCR.D) !== 0 ? elapsed / 64 : elapsed;
    if (this.enabled < 0) this.#advance(CYCLES, cycles);
    for (let i = 0; i < this.counters; i++) {
      if ((this.enabled & (1 << i)) === 0) continue;
      if (this.#counts(this.#types[i]! & 0xff)) this.#advance(i, elapsed);
    }
  }

  #advance(i: number, by: number): void {
    const value = this.#values[i]! + by;
    if (value >= 0x1_0000_0000) this.overflow |= 1 << i;
    this.#values[i] = value % 0x1_0000_0000;
  }

  get pmcr(): number {
    return this.#identity | this.#pmcr;
  }
  set pmcr(value: number) {
    this.update();
    this.#pmcr = value & (PMCR.E | PMCR.D | 0x30);
    if ((value & PMCR.C) !== 0) this.#values[CYCLES] = 0;
    if ((value & PMCR.P) !== 0) this.#values.fill(0, 0, this.counters);
  }

  /** PMSWINC. */
  software_increment(mask: number): void {
    this.update();
    if ((this.#pmcr & PMCR.E) === 0) return;
    for (let i = 0; i < this.counters; i++) {
      const on = (mask & this.enabled & (1 << i)) !== 0;
      if (on && (this.#types[i]! & 0xff) === EVENT.sw_incr) this.#advance(i, 1);
    }
  }

  /** Whether counter `i` exists. */
  exists(i: number): boolean {
    return i === CYCLES || i < this.counters;
  }
  /** Counter `i`; 31 is the cycle counter. */
  value(i: number): number {
    this.update();
    return this.exists(i) ? Math.floor(this.#values[i]!) | 0 : 0;
  }
  /** Writes counter `i`. */
  set_value(i: number, value: number): void {
    this.update();
    if (this.exists(i)) this.#values[i] = value >>> 0;
  }
  /** Event type of counter `i`. */
  type(i: number): number {
    return this.exists(i) ? this.#types[i]! : 0;
  }
  /** Writes the event type of counter `i`. */
  set_type(i: number, value: number): void {
    this.update();
    if (this.exists(i)) this.#types[i] = value & 0xf800_00ff;
  }
  /** PMCEID0: the events that are counted. */
  get event_ids(): number {
    return (1 << EVENT.sw_incr) | (1 << EVENT.instructions) | (1 << EVENT.cycles);
  }
}
