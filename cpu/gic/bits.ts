/** Words of 32 interrupts that `interrupts` fill. */
export function word_count(interrupts: number): number {
  return (interrupts + 31) >>> 5;
}

/** Index of word `n` in an array where word 0 is banked per CPU. */
export function bank(cpus: number, cpu: number, n: number): number {
  return n === 0 ? cpu : cpus + n - 1;
}
