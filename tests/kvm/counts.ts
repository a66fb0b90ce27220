/** How many tests passed, failed and were ignored. */
export interface Counts {
  passed: number;
  failed: number;
  ignored: number;
}

/**
 * Reads the test runner's summary. A run without one, or whose status says more than its summary,
 * has one failure more: the machine died, or a module could not be loaded.
 */
export function counts_of(output: string, status: number | undefined): Counts {
  const line = [...output.matchAll(/^(?:ok|FAILED) \| \d+ passed.*$/gm)].at(-1)?.[0] ?? "";
  const count = (what: string): number => Number(new RegExp(`(\\d+) ${what}`).exec(line)?.[1] ?? 0);
  const counts = {
    passed: count("passed"),
    failed: count("failed"),
    ignored: count("ignored"),
  };
  if (counts.failed === 0 && (status !== 0 || counts.passed === 0)) counts.failed = 1;
  return counts;
}

/** A summary in the test runner's form. */
export function summary_line({ passed, failed, ignored }: Counts, ms: number): string {
  const skipped = ignored > 0 ? ` | ${ignored} ignored` : "";
  const seconds = Math.round(ms / 1000);
  const minutes = Math.floor(seconds / 60);
  const time = minutes > 0 ? `${minutes}m${seconds % 60}s` : `${seconds}s`;
  return `${
    failed > 0 ? "FAILED" : "ok"
  } | ${passed} passed | ${failed} failed${skipped} (${time})`;
}
