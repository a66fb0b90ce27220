/** Counters as lines for a person. */

/** One line for each counter. */
export function format_stats(stats: Readonly<Record<string, number>>): string {
  const width = Math.max(...Object.keys(stats).map((name) => name.length)) + 2;
  return Object.entries(stats).map(([name, value]) =>
    `${name.padEnd(width)}${Number.isInteger(value) ? value : value.toFixed(1)}\n`
  ).join("");
}

/** The counters of a guest that has ended, under how fast it ran. */
export function format_final_stats(
  stats: Readonly<Record<string, number>>,
  seconds: number,
): string {
  const { instructions } = stats;
  const speed = instructions === undefined
    ? ""
    : `, ${(instructions / seconds / 1e6).toFixed(0)} million instructions a second`;
  return `ran for ${seconds.toFixed(2)} s${speed}\n${format_stats(stats)}`;
}
