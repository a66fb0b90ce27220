import type { ByteRing } from "./byte_ring.ts";

/** A guest's serial line as Web Streams. */
export interface ConsoleStreams {
  /** What the guest sends. When nobody reads, the guest's serial line backs up and it waits. */
  readonly readable: ReadableStream<Uint8Array<ArrayBuffer>>;
  /** What the guest receives. Closing it leaves the guest running. */
  readonly writable: WritableStream<Uint8Array>;
}

/** The main thread's ends of the two rings. */
export class RingConsole implements ConsoleStreams {
  readonly readable: ReadableStream<Uint8Array<ArrayBuffer>>;
  readonly writable: WritableStream<Uint8Array>;
  readonly #input: ByteRing;
  readonly #output: ByteRing;
  readonly #kick: () => void;
  readonly #bells = {
    input: Promise.withResolvers<void>(),
    output: Promise.withResolvers<void>(),
  };
  #closed = false;
  #discard = false;

  /** `kick` makes the vCPU look at its rings. */
  constructor(
    rings: { readonly input: ByteRing; readonly output: ByteRing },
    kick: () => void,
  ) {
    this.#input = rings.input;
    this.#output = rings.output;
    this.#kick = kick;
    this.readable = new ReadableStream({
      pull: (controller) => this.#pull(controller),
      cancel: () => {
        this.#discard = true;
        this.#drop();
      },
    }, { highWaterMark: 0 });
    this.writable = new WritableStream({ write: (chunk) => this.#write(chunk) });
  }

  /** The Worker has rung: the ring `which` has what this side waits for. */
  bell(which: "input" | "output"): void {
    this.#bells[which].resolve();
    this.#bells[which] = Promise.withResolvers();
    if (which === "output" && this.#discard) this.#drop();
  }

  /** No vCPU is at the other end any more: what waits can still be read, what is written is lost. */
  close(): void {
    this.#closed = true;
    this.bell("input");
    this.bell("output");
  }

  async #pull(controller: ReadableStreamDefaultController<Uint8Array<ArrayBuffer>>): Promise<void> {
    for (;;) {
      const rung = this.#bells.output.promise;
      const closed = this.#closed;
      const bytes = this.#take();
      if (bytes.length > 0) return controller.enqueue(bytes);
      if (closed) return controller.close();
      if (this.#output.wait_for_bytes()) await rung;
    }
  }

  #take(): Uint8Array<ArrayBuffer> {
    const bytes = this.#output.read();
    if (bytes.length > 0 && this.#output.writer_to_ring()) this.#kick();
    return bytes;
  }

  #drop(): void {
    do this.#take(); while (!this.#output.wait_for_bytes());
  }

  async #write(chunk: Uint8Array): Promise<void> {
    for (let at = 0; at < chunk.length && !this.#closed;) {
      const rung = this.#bells.input.promise;
      const count = this.#input.write(chunk.subarray(at));
      at += count;
      if (count > 0) this.#kick();
      else if (this.#input.wait_for_space()) await rung;
    }
  }
}
