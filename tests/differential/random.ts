/** A small deterministic generator of random words (a 32-bit counter through a mixing function). */
export class Random {
  #state: number;

  /** Numbers that depend on `seed` and `stream` only. */
  constructor(seed: number, stream = 0) {
    this.#state = (Math.imul(seed, 0x9e3779b1) ^ Math.imul(stream + 1, 0x85ebca77)) | 0;
    this.word();
    this.word();
  }

  /** 32 random bits, unsigned. */
  word(): number {
    let x = (this.#state = (this.#state + 0x6d2b79f5) | 0);
    x = Math.imul(x ^ (x >>> 15), x | 1);
    x ^= x + Math.imul(x ^ (x >>> 7), x | 61);
    return (x ^ (x >>> 14)) >>> 0;
  }
  /** An integer from 0 to `limit` - 1. */
  below(limit: number): number {
    return Math.floor((this.word() / 0x1_0000_0000) * limit);
  }
  /** True this often in a hundred. */
  percent(chance: number): boolean {
    return this.below(100) < chance;
  }
  /** One of `list`. */
  pick<T>(list: readonly T[]): T {
    return list[this.below(list.length)]!;
  }
}
