/** Whether a quantity grows over time. */
export class Trend {
  readonly #values: number[] = [];

  /** One more, later than all others. */
  add(value: number): void {
    this.#values.push(value);
  }

  /** The median of the last third over that of the first; 1 while there are few. */
  get growth(): number {
    const third = Math.floor(this.#values.length / 3);
    if (third === 0) return 1;
    return median(this.#values.slice(-third)) / median(this.#values.slice(0, third));
  }
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1]!;
}
