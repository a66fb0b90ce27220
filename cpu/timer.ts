/**
 * The generic timer of one vCPU: the counter, its physical and virtual timers (Arm ARM DDI 0406C, B8).
 *
 * @module
 */

import type { TimerRegister, TimerRegisters } from "./system/devices.ts";

/** Counter frequency, Hz, as QEMU's virt has it. */
export const COUNTER_HZ = 62_500_000;

/** Which timer. */
export type TimerName = "physical" | "virtual";

/** What a timer needs of its surroundings. */
export interface TimerOptions {
  /** Milliseconds since the machine was switched on, with fractions. */
  readonly now: () => number;
  /** Called when a timer's output changes. */
  readonly output: (timer: TimerName, level: boolean) => void;
}

class OneTimer {
  ctl = 0;
  /** CompareValue, all 64 bits. */
  compare = 0n;
  /** The same as a number, which is exact up to 2^53: the counter gets there after four years. */
  cval = 0;
  level = false;
}

function set_compare(timer: OneTimer, value: bigint): void {
  timer.compare = value;
  timer.cval = Number(value);
}

const TICKS_PER_MS = COUNTER_HZ / 1000;

/** Counter and timers. */
export class GenericTimer implements TimerRegisters {
  readonly #options: TimerOptions;
  readonly #timers: Record<TimerName, OneTimer> = {
    physical: new OneTimer(),
    virtual: new OneTimer(),
  };

  constructor(options: TimerOptions) {
    this.#options = options;
  }

  /** CNTPCT and CNTVCT (CNTVOFF is zero without the Virtualization Extensions). */
  count(): number {
    return Math.floor(this.#options.now() * TICKS_PER_MS);
  }

  /** Both timers off. */
  reset(): void {
    for (const timer of Object.values(this.#timers)) {
      timer.ctl = 0;
      set_compare(timer, 0n);
    }
    this.#offset = 0;
    this.#kernel_control = 0;
    this.poll();
  }

  /** CNTVCT minus CNTPCT, in ticks: how far a restored machine's time is ahead. */
  #offset = 0;
  #kernel_control = 0;

  #counter(name: TimerName): number {
    return name === "virtual" ? this.count() + this.#offset : this.count();
  }

  read(name: TimerRegister): bigint {
    switch (name) {
      case "CNTFRQ":
        return BigInt(COUNTER_HZ);
      case "CNTKCTL":
        return BigInt(this.#kernel_control);
      case "CNTPCT":
        return BigInt(this.count());
      case "CNTVCT":
        return BigInt(this.#counter("virtual"));
      default:
        return this.#read_timer(NAMES[name[3] as "P" | "V"], name.slice(5) as TimerField);
    }
  }

  write(name: TimerRegister, value: bigint): void {
    switch (name) {
      case "CNTFRQ":
      case "CNTPCT":
        return;
      case "CNTKCTL":
        this.#kernel_control = Number(BigInt.asUintN(32, value));
        return;
      case "CNTVCT":
        this.#offset = Number(BigInt.asUintN(64, value)) - this.count();
        break;
      default:
        this.#write_timer(NAMES[name[3] as "P" | "V"], name.slice(5) as TimerField, value);
    }
    this.poll();
  }

  #read_timer(name: TimerName, field: TimerField): bigint {
    const timer = this.#timers[name];
    switch (field) {
      case "CTL": {
        const met = (timer.ctl & 1) !== 0 && this.#counter(name) >= timer.cval;
        return BigInt(timer.ctl | (met ? 4 : 0));
      }
      case "CVAL":
        return timer.compare;
      case "TVAL":
        return BigInt.asUintN(32, timer.compare - BigInt(this.#counter(name)));
    }
  }

  #write_timer(name: TimerName, field: TimerField, value: bigint): void {
    const timer = this.#timers[name];
    switch (field) {
      case "CTL":
        timer.ctl = Number(value & 3n);
        break;
      case "CVAL":
        set_compare(timer, BigInt.asUintN(64, value));
        break;
      case "TVAL":
        set_compare(
          timer,
          BigInt(Math.max(0, this.#counter(name) + Number(BigInt.asIntN(32, value)))),
        );
        break;
    }
  }

  poll(): void {
    for (const name of ["physical", "virtual"] as const) {
      const timer = this.#timers[name];
      const level = (timer.ctl & 3) === 1 && this.#counter(name) >= timer.cval;
      if (level !== timer.level) {
        timer.level = level;
        this.#options.output(name, level);
      }
    }
  }

  next_event_ms(): number {
    let next = Infinity;
    for (const name of ["physical", "virtual"] as const) {
      const timer = this.#timers[name];
      if ((timer.ctl & 3) !== 1 || timer.level) continue;
      next = Math.min(next, (timer.cval - this.#counter(name)) / TICKS_PER_MS);
    }
    return Math.max(0, next);
  }
}

type TimerField = "CTL" | "CVAL" | "TVAL";
const NAMES = { P: "physical", V: "virtual" } as const;
