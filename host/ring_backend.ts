import type { CharBackend } from "../devices/char_backend.ts";
import type { ByteRing } from "./byte_ring.ts";

/** The serial line's host end on the vCPU's thread: two rings, and bells for the main thread. */
export class RingBackend implements CharBackend {
  readonly #input: ByteRing;
  readonly #output: ByteRing;
  readonly #ring: (which: "input" | "output") => void;
  readonly #tap: (byte: number) => void;

  /**
   * Reads `input` and writes `output`; `ring` tells the main thread about news in a ring it waits
   * for, `tap` sees each byte that went out.
   */
  constructor(
    rings: { readonly input: ByteRing; readonly output: ByteRing },
    hooks: {
      readonly ring: (which: "input" | "output") => void;
      readonly tap: (byte: number) => void;
    },
  ) {
    this.#input = rings.input;
    this.#output = rings.output;
    this.#ring = hooks.ring;
    this.#tap = hooks.tap;
  }

  /** Takes one byte; false when the main thread has not made room: it kicks the vCPU when it has. */
  put(byte: number): boolean {
    while (!this.#output.push(byte)) {
      if (this.#output.wait_for_space()) return false;
    }
    this.#tap(byte);
    if (this.#output.reader_to_ring()) this.#ring("output");
    return true;
  }

  /** The next byte of input, or -1: the main thread kicks the vCPU when there is more. */
  get(): number {
    const byte = this.#input.shift();
    if (byte >= 0 && this.#input.writer_to_ring()) this.#ring("input");
    return byte;
  }
}
