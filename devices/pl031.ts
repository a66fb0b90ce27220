import type { DeviceDescription, DeviceState, IrqLine, Log, MmioDevice } from "./device.ts";
import { primecell_ids, type PrimecellId, RegisterBank } from "./registers.ts";

type Name = "DR" | "MR" | "LR" | "CR" | "IMSC" | "RIS" | "MIS" | "ICR" | PrimecellId;

/** What a {@link Pl031} is connected to. */
export interface Pl031Options {
  /** Its interrupt output. */
  readonly irq: IrqLine;
  /** Wall clock: milliseconds since 1970, as `Date.now`. */
  readonly now: () => number;
  /** Takes the guest's first mistake. */
  readonly log?: Log;
}

/**
 * The real-time clock PL031 (Arm DDI 0224): seconds since 1970, with an alarm.
 *
 * It always runs: as on QEMU, its control register reads 1 and cannot be cleared.
 */
export class Pl031 implements MmioDevice {
  /** Name in logs. */
  readonly name = "pl031";

  readonly #irq: IrqLine;
  readonly #now: () => number;
  /** Guest's clock less the host's, in seconds. */
  #offset = 0;
  /** Counter up to which the alarm was looked for. */
  #seen = 0;
  #level = false;

  readonly #regs: RegisterBank<Name>;

  /** Makes a clock that shows the host's time. */
  constructor(options: Pl031Options) {
    this.#irq = options.irq;
    this.#now = options.now;
    this.#regs = new RegisterBank<Name>(this.name, [
      { offset: 0x00, name: "DR", read: () => this.#counter() },
      { offset: 0x04, name: "MR", writable: 0xffff_ffff, write: () => this.#set_match() },
      { offset: 0x08, name: "LR", writable: 0xffff_ffff, write: (value) => this.#load(value) },
      { offset: 0x0c, name: "CR", reset: 1, writable: 0 },
      { offset: 0x10, name: "IMSC", writable: 1, write: () => this.#update() },
      { offset: 0x14, name: "RIS", read: () => this.#raw() },
      { offset: 0x18, name: "MIS", read: () => this.#raw() & this.#regs.values.IMSC },
      { offset: 0x1c, name: "ICR", write: (value) => this.#clear(value) },
      ...primecell_ids(0x0014_1031),
    ], options.log);
    this.#seen = this.#counter();
  }

  /** Reads a register. */
  read(offset: number, size: number): number {
    return this.#regs.read(offset, size);
  }

  /** Writes a register. */
  write(offset: number, size: number, value: number): void {
    this.#regs.write(offset, size, value);
  }

  /** Looks whether the alarm is due. */
  poll(): void {
    const now = this.#counter();
    // A counter of 32 bits: the match lies in (seen, now] when its distance from seen does.
    const passed = (now - this.#seen) >>> 0;
    const distance = (this.#regs.values.MR - this.#seen) >>> 0;
    this.#seen = now;
    // A host clock set back shows as nearly 2^32 seconds passed; that is no alarm.
    if (distance !== 0 && distance <= passed && passed < 0x8000_0000) {
      this.#regs.values.RIS = 1;
      this.#update();
    }
  }

  /** Milliseconds until `poll()` raises the interrupt; Infinity when it is masked or raised. */
  next_event_ms(): number {
    const { IMSC, RIS, MR } = this.#regs.values;
    if (IMSC === 0 || RIS !== 0) return Infinity;
    const now = this.#counter();
    const seconds = (MR - now) >>> 0;
    // A match that was seen and cleared comes again when the counter has been all the way round.
    if (seconds === 0) return now === this.#seen ? 2 ** 32 * 1000 : 0;
    return seconds * 1000 - ((this.#now() % 1000) + 1000) % 1000;
  }

  /** Power-on state; the time goes on. */
  reset(): void {
    this.#regs.reset();
    this.#offset = 0;
    this.#seen = this.#counter();
    this.#update();
  }

  /** Registers, and the clock's offset from the host's. */
  state(): DeviceState {
    return { ...this.#regs.state(), offset: this.#offset, seen: this.#seen };
  }

  /** Takes a state. */
  restore(state: DeviceState): void {
    this.#regs.restore(state);
    this.#offset = Number(state.offset ?? 0);
    this.#seen = Number(state.seen ?? this.#counter());
    this.#update();
  }

  /** Its node in the device tree. */
  describe(): DeviceDescription {
    return {
      node: "pl031",
      compatible: ["arm,pl031", "arm,primecell"],
      interrupts: ["level"],
      clocks: ["apb_pclk"],
    };
  }

  #counter(): number {
    return (Math.floor(this.#now() / 1000) + this.#offset) >>> 0;
  }

  #raw(): number {
    this.poll();
    return this.#regs.values.RIS;
  }

  #set_match(): void {
    this.#seen = this.#counter();
    // The comparator is combinational: a match with the present second counts.
    if (this.#regs.values.MR === this.#seen) this.#regs.values.RIS = 1;
    this.#update();
  }

  #load(value: number): void {
    this.#offset = value - Math.floor(this.#now() / 1000);
    this.#set_match();
  }

  #clear(value: number): void {
    if ((value & 1) !== 0) this.#regs.values.RIS = 0;
    this.#update();
  }

  #update(): void {
    const level = (this.#regs.values.RIS & this.#regs.values.IMSC) !== 0;
    if (level !== this.#level) this.#irq(this.#level = level);
  }
}
