import type { Cpu } from "../cpu.ts";
import { EXIT, STATE } from "../state.ts";
import type { InternalDevice } from "./devices.ts";

/** An access that the current instruction has already made. */
interface Done {
  address: number;
  size: number;
  is_write: boolean;
  value: number;
}

/**
 * Accesses to physical addresses that are not RAM.
 *
 * One becomes an exit: the engine abandons the instruction, the caller answers, and the instruction
 * runs again from its beginning ({@link replaying} says so, and the run loop then steps exactly one
 * instruction). What it had done before is answered from a queue, in order, so that an LDM from a
 * device reads every register once.
 */
export class Mmio {
  readonly #cpu: Cpu;
  readonly #devices: InternalDevice[] = [];
  readonly #done: Done[] = [];
  #count = 0;
  #next = 0;

  constructor(cpu: Cpu) {
    this.#cpu = cpu;
  }

  /** Adds registers that the core answers itself. Later ones do not hide earlier ones. */
  add(device: InternalDevice): void {
    this.#devices.push(device);
  }

  /** An answered access waits for its instruction to run again. */
  get replaying(): boolean {
    return this.#count > 0;
  }

  /** Reads `size` bytes. When STATE.exit became non-zero the result means nothing. */
  read(address: number, size: number): number {
    const device = this.#find(address);
    if (device !== undefined) return device.read(address - device.base, size);
    const done = this.#replay(address, size, false);
    if (done !== undefined) return done.value;
    this.#exit(address, size, false, 0);
    return 0;
  }

  /** Writes `size` bytes. */
  write(address: number, size: number, value: number): void {
    const device = this.#find(address);
    if (device !== undefined) {
      device.write(address - device.base, size, size === 4 ? value >>> 0 : value);
      return;
    }
    if (this.#replay(address, size, true) === undefined) this.#exit(address, size, true, value);
  }

  #find(address: number): InternalDevice | undefined {
    for (const device of this.#devices) {
      const offset = address - device.base;
      if (offset >= 0 && offset < device.size) return device;
    }
    return undefined;
  }

  #replay(address: number, size: number, is_write: boolean): Done | undefined {
    if (this.#next >= this.#count) return undefined;
    const done = this.#done[this.#next]!;
    if (done.address !== address || done.size !== size || done.is_write !== is_write) {
      // Registers were changed between the exit and now: this is not the same instruction any more.
      this.finish();
      return undefined;
    }
    this.#next++;
    return done;
  }

  #exit(address: number, size: number, is_write: boolean, value: number): void {
    const { mmio } = this.#cpu;
    mmio.address = address;
    mmio.size = size;
    mmio.is_write = is_write;
    mmio.data.setUint32(0, is_write ? value & (size === 4 ? -1 : (1 << (size * 8)) - 1) : 0, true);
    mmio.data.setUint32(4, 0, true);
    this.#cpu.set(STATE.exit, EXIT.mmio);
  }

  /** The exit's access has been answered in `cpu.mmio.data`: queue it for the instruction. */
  answered(): void {
    const { address, size, is_write, data } = this.#cpu.mmio;
    const value = size === 4
      ? data.getUint32(0, true)
      : size === 2
      ? data.getUint16(0, true)
      : data.getUint8(0);
    const slot = this.#done[this.#count];
    if (slot === undefined) this.#done.push({ address, size, is_write, value });
    else {
      slot.address = address;
      slot.size = size;
      slot.is_write = is_write;
      slot.value = value;
    }
    this.#count++;
  }

  /** The instruction is about to run again from its beginning. */
  rewind(): void {
    this.#next = 0;
  }

  /** The instruction has completed, or taken an exception. */
  finish(): void {
    this.#count = 0;
    this.#next = 0;
  }
}
