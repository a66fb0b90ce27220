import type { GuestSamples } from "../hypervisor/mod.ts";
import type { Cpu } from "./cpu.ts";
import { STATE } from "./state.ts";

/** Milliseconds between two samples, at least. */
const PERIOD_MS = 0.2;
/** Samples that are kept; when there are more, two become one. */
const MOST = 1 << 21;

/** Notes where a vCPU is, as often as it is asked. */
export class Profile {
  readonly #cpu: Cpu;
  #pc = new Uint32Array(1 << 14);
  #space = new Uint32Array(1 << 14);
  #ms = new Float32Array(1 << 14);
  #length = 0;
  #last = performance.now();

  /** A profile of `cpu`, empty. */
  constructor(cpu: Cpu) {
    this.#cpu = cpu;
  }

  /** Takes a sample if it is time for one. `asleep`: the time passed in WFI. */
  sample(asleep = false): void {
    const now = performance.now(), ms = now - this.#last;
    if (ms < PERIOD_MS && !asleep) return;
    this.#last = now;
    if (this.#length === this.#pc.length) this.#make_room();
    const cpu = this.#cpu, at = this.#length++;
    this.#pc[at] = cpu.get(STATE.pc);
    const { contextidr } = cpu.system.regs;
    this.#space[at] = asleep ? 0 : (cpu.get(STATE.cpsr) & 0x1f) | ((contextidr & 0xff) << 8);
    this.#ms[at] = ms;
  }

  #make_room(): void {
    if (this.#length < MOST) {
      const pc = this.#pc, space = this.#space, ms = this.#ms;
      this.#pc = new Uint32Array(2 * pc.length);
      this.#space = new Uint32Array(2 * pc.length);
      this.#ms = new Float32Array(2 * pc.length);
      this.#pc.set(pc);
      this.#space.set(space);
      this.#ms.set(ms);
      return;
    }
    this.#length >>= 1;
    for (let i = 0; i < this.#length; i++) {
      this.#pc[i] = this.#pc[2 * i]!;
      this.#space[i] = this.#space[2 * i]!;
      this.#ms[i] = this.#ms[2 * i]! + this.#ms[2 * i + 1]!;
    }
  }

  /** What there is so far. */
  get samples(): GuestSamples {
    return {
      pc: this.#pc.slice(0, this.#length),
      space: this.#space.slice(0, this.#length),
      ms: this.#ms.slice(0, this.#length),
    };
  }
}
