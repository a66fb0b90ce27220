/**
 * A queue of bytes between two threads: one writes, one reads, neither locks.
 *
 * Layout of the shared memory: four 32-bit words, then the bytes. The positions run freely modulo
 * 2^32; their difference is how many bytes wait. The two "waits" words make wake-ups cheap: a side
 * that is about to sleep sets its own, the other side clears it and then rings it exactly once.
 */
const READ = 0;
const WRITE = 1;
const READER_WAITS = 2;
const WRITER_WAITS = 3;
const HEADER_BYTES = 16;

/** One end of the queue; both ends see the same {@link ByteRing.shared}. */
export class ByteRing {
  /** What to hand to the other thread, for its own `new ByteRing(shared)`. */
  readonly shared: SharedArrayBuffer;
  readonly #words: Int32Array;
  readonly #bytes: Uint8Array;
  readonly #mask: number;

  /** Opens a ring that {@link ByteRing.create} made. */
  constructor(shared: SharedArrayBuffer) {
    this.shared = shared;
    this.#words = new Int32Array(shared, 0, HEADER_BYTES / 4);
    this.#bytes = new Uint8Array(shared, HEADER_BYTES);
    this.#mask = this.#bytes.length - 1;
  }

  /** Makes an empty ring for `capacity` bytes, a power of two. */
  static create(capacity: number): ByteRing {
    if (capacity < 1 || (capacity & (capacity - 1)) !== 0) {
      throw new RangeError(`Cannot make a ring of ${capacity} bytes: not a power of two`);
    }
    return new ByteRing(new SharedArrayBuffer(HEADER_BYTES + capacity));
  }

  /** Bytes that can be read. */
  get length(): number {
    return (Atomics.load(this.#words, WRITE) - Atomics.load(this.#words, READ)) >>> 0;
  }

  /** Bytes that can be written. */
  get space(): number {
    return this.#bytes.length - this.length;
  }

  /** Writer: adds one byte; false when the ring is full. */
  push(byte: number): boolean {
    const at = Atomics.load(this.#words, WRITE);
    const used = (at - Atomics.load(this.#words, READ)) >>> 0;
    if (used >= this.#bytes.length) return false;
    this.#bytes[at & this.#mask] = byte;
    Atomics.store(this.#words, WRITE, at + 1);
    return true;
  }

  /** Writer: adds as many of `bytes` as fit and says how many. */
  write(bytes: Uint8Array): number {
    const count = Math.min(bytes.length, this.space);
    const at = Atomics.load(this.#words, WRITE);
    for (let i = 0; i < count; i++) this.#bytes[(at + i) & this.#mask] = bytes[i]!;
    Atomics.store(this.#words, WRITE, at + count);
    return count;
  }

  /** Reader: takes one byte; -1 when there is none. */
  shift(): number {
    const at = Atomics.load(this.#words, READ);
    if (at === Atomics.load(this.#words, WRITE)) return -1;
    const byte = this.#bytes[at & this.#mask]!;
    Atomics.store(this.#words, READ, at + 1);
    return byte;
  }

  /** Reader: takes everything that is there. */
  read(): Uint8Array<ArrayBuffer> {
    const taken = new Uint8Array(this.length);
    const at = Atomics.load(this.#words, READ);
    for (let i = 0; i < taken.length; i++) taken[i] = this.#bytes[(at + i) & this.#mask]!;
    Atomics.store(this.#words, READ, at + taken.length);
    return taken;
  }

  /** Reader: asks to be rung for the next byte. False when there is one already: then read on. */
  wait_for_bytes(): boolean {
    Atomics.store(this.#words, READER_WAITS, 1);
    return this.length === 0;
  }

  /** Writer: asks to be rung for space. False when there is some already: then write on. */
  wait_for_space(): boolean {
    Atomics.store(this.#words, WRITER_WAITS, 1);
    return this.space === 0;
  }

  /** Writer, after adding: whether the reader waits and is to be rung, once. */
  reader_to_ring(): boolean {
    return take(this.#words, READER_WAITS);
  }

  /** Reader, after taking: whether the writer waits and is to be rung, once. */
  writer_to_ring(): boolean {
    return take(this.#words, WRITER_WAITS);
  }
}

function take(words: Int32Array, flag: number): boolean {
  return Atomics.load(words, flag) === 1 && Atomics.exchange(words, flag, 0) === 1;
}
