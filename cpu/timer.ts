/**
 * The generic timer of one vCPU: the counter, its physical and virtual timers (Arm ARM DDI 0406C, B8).
 *
 * @module
 */

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
  /** CompareValue. A number: the counter passes 2^53 after four years. */
  cval = 0;
  level = false;
}

const TICKS_PER_MS = COUNTER_HZ / 1000;

/** Counter and timers. */
export class GenericTimer {
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
      timer.cval = 0;
    }
    this.update();
  }

  /** CNTx_CTL, with ISTATUS. */
  ctl(name: TimerName): number {
    const timer = this.#timers[name];
    const met = (timer.ctl & 1) !== 0 && this.count() >= timer.cval;
    return timer.ctl | (met ? 4 : 0);
  }
  /** Writes CNTx_CTL. */
  set_ctl(name: TimerName, value: number): void {
    this.#timers[name].ctl = value & 3;
    this.update();
  }
  /** CNTx_CVAL, unsigned. */
  cval(name: TimerName): bigint {
    return BigInt(this.#timers[name].cval);
  }
  /** Writes CNTx_CVAL. */
  set_cval(name: TimerName, value: bigint): void {
    this.#timers[name].cval = Number(BigInt.asUintN(64, value));
    this.update();
  }
  /** CNTx_TVAL: how far CompareValue is ahead of the counter, 32 bits. */
  tval(name: TimerName): number {
    return Number(BigInt.asIntN(32, BigInt(this.#timers[name].cval) - BigInt(this.count())));
  }
  /** Writes CNTx_TVAL: sets CompareValue to the counter plus a signed 32-bit value. */
  set_tval(name: TimerName, value: number): void {
    this.#timers[name].cval = Math.max(0, this.count() + (value | 0));
    this.update();
  }

  /** Drives the outputs by the counter. */
  update(): void {
    const count = this.count();
    for (const name of ["physical", "virtual"] as const) {
      const timer = this.#timers[name];
      const level = (timer.ctl & 3) === 1 && count >= timer.cval;
      if (level !== timer.level) {
        timer.level = level;
        this.#options.output(name, level);
      }
    }
  }

  /** Milliseconds until an output will rise, or Infinity. */
  next_event(): number {
    let next = Infinity;
    for (const timer of Object.values(this.#timers)) {
      if ((timer.ctl & 3) === 1 && !timer.level) next = Math.min(next, timer.cval);
    }
    return next === Infinity ? next : Math.max(0, next / TICKS_PER_MS - this.#options.now());
  }
}
