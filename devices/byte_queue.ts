/** A first-in first-out queue of small numbers with a fixed capacity. */
export class ByteQueue {
  readonly #slots: Uint16Array;
  #first = 0;
  #length = 0;

  /** Makes an empty queue of `capacity` entries. */
  constructor(capacity: number) {
    this.#slots = new Uint16Array(capacity);
  }

  /** Entries held. */
  get length(): number {
    return this.#length;
  }

  /** Adds at the end. The queue must not be full. */
  push(value: number): void {
    this.#slots[(this.#first + this.#length) % this.#slots.length] = value;
    this.#length++;
  }

  /** The first entry. The queue must not be empty. */
  peek(): number {
    return this.#slots[this.#first]!;
  }

  /** Removes the first entry. The queue must not be empty. */
  shift(): number {
    const value = this.#slots[this.#first]!;
    this.#first = (this.#first + 1) % this.#slots.length;
    this.#length--;
    return value;
  }

  /** Removes all entries. */
  clear(): void {
    this.#first = 0;
    this.#length = 0;
  }

  /** The entries, the first one first. */
  to_array(): number[] {
    return Array.from(
      { length: this.#length },
      (_, n) => this.#slots[(this.#first + n) % this.#slots.length]!,
    );
  }

  /** Takes entries that `to_array()` gave; what is no such list counts as an empty one. */
  from_array(values: unknown): void {
    this.clear();
    if (!Array.isArray(values)) return;
    for (const value of values.slice(0, this.#slots.length)) this.push(Number(value));
  }
}
