import type { DeviceDescription, DeviceState, IrqLine, Log, MmioDevice } from "./device.ts";
import { primecell_ids, type PrimecellId, RegisterBank } from "./registers.ts";

type Name =
  | "DATA"
  | "DIR"
  | "IS"
  | "IBE"
  | "IEV"
  | "IE"
  | "RIS"
  | "MIS"
  | "IC"
  | "AFSEL"
  | PrimecellId;

/** What a {@link Pl061} is connected to. */
export interface Pl061Options {
  /** Its interrupt output. */
  readonly irq: IrqLine;
  /** Called when the guest drives an output pin to another level. */
  readonly output?: (pin: number, level: boolean) => void;
  /** Takes the guest's first mistake. */
  readonly log?: Log;
}

/** The GPIO controller PL061 (Arm DDI 0190): eight pins, pulled down. */
export class Pl061 implements MmioDevice {
  /** Name in logs. */
  readonly name = "pl061";

  readonly #irq: IrqLine;
  readonly #output: (pin: number, level: boolean) => void;
  /** Levels that the outside drives. */
  #inputs = 0;
  /** Levels that output pins had last. */
  #driven = 0;
  /** Edges seen and not yet cleared. */
  #edges = 0;
  #level = false;

  readonly #regs: RegisterBank<Name>;

  /** Makes a controller with all pins inputs at 0. */
  constructor(options: Pl061Options) {
    this.#irq = options.irq;
    this.#output = options.output ?? (() => {});
    const changed = (): void => this.#update();
    this.#regs = new RegisterBank<Name>(this.name, [
      {
        offset: 0x000,
        name: "DATA",
        words: 256,
        read: (offset) => this.#pins() & (offset >> 2),
        write: (value, offset) => this.#write_data(value, offset >> 2),
      },
      { offset: 0x400, name: "DIR", writable: 0xff, write: () => this.#drive() },
      { offset: 0x404, name: "IS", writable: 0xff, write: changed },
      { offset: 0x408, name: "IBE", writable: 0xff, write: changed },
      { offset: 0x40c, name: "IEV", writable: 0xff, write: changed },
      { offset: 0x410, name: "IE", writable: 0xff, write: changed },
      { offset: 0x414, name: "RIS", read: () => this.#raw() },
      { offset: 0x418, name: "MIS", read: () => this.#raw() & this.#regs.values.IE },
      { offset: 0x41c, name: "IC", write: (value) => this.#clear(value) },
      { offset: 0x420, name: "AFSEL", writable: 0xff },
      ...primecell_ids(0x0004_1061),
    ], options.log);
  }

  /** Drives an input pin from outside. */
  set_pin(pin: number, level: boolean): void {
    const before = this.#inputs;
    this.#inputs = level ? before | (1 << pin) : before & ~(1 << pin);
    const { DIR, IS, IBE, IEV } = this.#regs.values;
    const changed = (before ^ this.#inputs) & ~DIR & ~IS;
    // A single edge counts when the new level is the one asked for.
    this.#edges |= changed & (IBE | ~(this.#inputs ^ IEV));
    this.#update();
  }

  /** Reads a register. */
  read(offset: number, size: number): number {
    return this.#regs.read(offset, size);
  }

  /** Writes a register. */
  write(offset: number, size: number, value: number): void {
    this.#regs.write(offset, size, value);
  }

  /** Power-on state; what the outside drives stays. */
  reset(): void {
    this.#regs.reset();
    this.#edges = 0;
    this.#drive();
  }

  /** Registers, pins and pending edges. */
  state(): DeviceState {
    return {
      ...this.#regs.state(),
      inputs: this.#inputs,
      edges: this.#edges,
      driven: this.#driven,
    };
  }

  /** Takes a state. */
  restore(state: DeviceState): void {
    this.#regs.restore(state);
    this.#inputs = Number(state.inputs ?? 0) & 0xff;
    this.#edges = Number(state.edges ?? 0) & 0xff;
    this.#driven = Number(state.driven ?? 0) & 0xff;
    this.#update();
  }

  /** Its node in the device tree. */
  describe(): DeviceDescription {
    return {
      node: "pl061",
      compatible: ["arm,pl061", "arm,primecell"],
      interrupts: ["level"],
      clocks: ["apb_pclk"],
      properties: {
        "#gpio-cells": [2],
        "gpio-controller": true,
      },
    };
  }

  #pins(): number {
    const { DATA, DIR } = this.#regs.values;
    return (DATA & DIR) | (this.#inputs & ~DIR & 0xff);
  }

  #write_data(value: number, mask: number): void {
    const bits = mask & this.#regs.values.DIR;
    this.#regs.values.DATA = (this.#regs.values.DATA & ~bits) | (value & bits);
    this.#drive();
  }

  #drive(): void {
    const { DATA, DIR } = this.#regs.values;
    const driven = DATA & DIR;
    const changed = driven ^ this.#driven;
    this.#driven = driven;
    for (let pin = 0; changed >> pin !== 0; pin++) {
      if (((changed >> pin) & 1) !== 0) this.#output(pin, ((driven >> pin) & 1) !== 0);
    }
    this.#update();
  }

  #raw(): number {
    const { IS, IEV, DIR } = this.#regs.values;
    const levels = ~(this.#inputs ^ IEV) & IS & ~DIR;
    return (this.#edges & ~IS | levels) & 0xff;
  }

  #clear(value: number): void {
    this.#edges &= ~value;
    this.#update();
  }

  #update(): void {
    const level = (this.#raw() & this.#regs.values.IE) !== 0;
    if (level !== this.#level) this.#irq(this.#level = level);
  }
}
