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

/** A growing output with a hard limit, so that a small file cannot unpack to all of memory. */
export class OutputBuffer {
  /** Storage; the first `length` bytes are in use. */
  bytes: Uint8Array;
  /** Bytes written. */
  length = 0;
  /** Told how much is written, now and then. */
  readonly progress: ((length: number) => void) | undefined;
  readonly #limit: number;

  /** An empty output of at most `limit` bytes, with room for `expected` at once. */
  constructor(limit: number, expected = 1 << 20, progress?: (length: number) => void) {
    this.#limit = limit;
    this.progress = progress;
    this.bytes = new Uint8Array(Math.min(limit, expected));
  }

  /** Makes room up to `end` bytes in all. */
  reserve(end: number): void {
    if (end > this.#limit) throw new OutputTooLarge();
    if (end <= this.bytes.length) return;
    const grown = new Uint8Array(Math.min(this.#limit, Math.max(end, this.bytes.length * 2)));
    grown.set(this.bytes.subarray(0, this.length));
    this.bytes = grown;
  }

  /** What was written. */
  written(): Uint8Array {
    return this.bytes.subarray(0, this.length);
  }
}
