/** What a decompressor gives. */
export interface Unpacked {
  /** The decompressed bytes. */
  readonly bytes: Uint8Array;
  /** How many bytes of the input it took. */
  readonly consumed: number;
}

/** Compressed data does not follow its format. Internal to the decompressors' callers. */
export class CorruptData extends Error {
  override name = "CorruptData";
}

/** Compressed data holds more than the caller has room for. */
export class OutputTooLarge extends Error {
  override name = "OutputTooLarge";
}

/** Options of an {@link OutputBuffer}. */
export interface OutputOptions {
  /** The most bytes that it may have. */
  readonly limit: number;
  /** The output's size, where it is known. */
  readonly expected?: number | undefined;
  /** Told how many bytes are out, now and then. */
  readonly progress?: ((length: number) => void) | undefined;
}

/** A growing output with a hard limit, so that a small file cannot unpack to all of memory. */
export class OutputBuffer {
  /** Storage; the first `length` bytes are in use. */
  bytes: Uint8Array;
  /** Bytes written. */
  length = 0;
  /** Told how much is written, now and then. */
  readonly progress: ((length: number) => void) | undefined;
  readonly #limit: number;
  readonly #allocate: (size: number) => Uint8Array;

  /**
   * An empty output with room for what is expected. `allocate` makes it storage of a size, with
   * what was written at its beginning.
   */
  constructor(
    { limit, expected = 1 << 20, progress, allocate }: OutputOptions & {
      readonly allocate?: (size: number) => Uint8Array;
    },
  ) {
    this.#limit = limit;
    this.progress = progress;
    this.#allocate = allocate ?? ((size) => {
      const grown = new Uint8Array(size);
      grown.set(this.written());
      return grown;
    });
    this.bytes = new Uint8Array(0);
    this.bytes = this.#allocate(Math.min(limit, expected));
  }

  /** Makes room up to `end` bytes in all. */
  reserve(end: number): void {
    if (end > this.#limit) throw new OutputTooLarge();
    if (end <= this.bytes.length) return;
    this.bytes = this.#allocate(Math.min(this.#limit, Math.max(end, this.bytes.length * 2)));
  }

  /** What was written. */
  written(): Uint8Array {
    return this.bytes.subarray(0, this.length);
  }
}
