import type ProgressBar from "progress";
import { say } from "./output.ts";

const BAR_DELAY_MS = 300;
const LINE_DELAY_MS = 10_000;
const WIDTH = 30;

/** How progress is shown. */
export interface ProgressOptions {
  /** Show nothing. */
  readonly quiet?: boolean;
  /** Whether standard error is a terminal; default: look. */
  readonly terminal?: boolean;
  /** How long the work may take before anything is shown, in milliseconds; default: a moment. */
  readonly delay?: number;
}

/**
 * Shows on standard error how far some work is, unless it is done in a moment: as a bar on a
 * terminal, as one line elsewhere.
 */
export class Progress implements Disposable {
  readonly #label: string;
  readonly #terminal: boolean;
  readonly #delay: number;
  readonly #started = performance.now();
  #bar: ProgressBar | undefined;
  #shown = false;
  #over: boolean;

  /** `label` says what is going on: "unpacking the kernel". */
  constructor(label: string, options: ProgressOptions = {}) {
    this.#label = label;
    this.#terminal = options.terminal ?? Deno.stderr.isTerminal();
    this.#delay = options.delay ?? (this.#terminal ? BAR_DELAY_MS : LINE_DELAY_MS);
    this.#over = options.quiet === true;
  }

  /** The work is done to this part, 0 to 1. */
  update(fraction: number): void {
    if (this.#over) return;
    this.#bar?.update(Math.min(fraction, 0.999));
    if (this.#shown || performance.now() - this.#started < this.#delay) return;
    this.#shown = true;
    // A bar that cannot be shown is no reason to fail.
    if (this.#terminal) this.#open_bar(fraction).catch(() => {});
    else say(`${this.#label}: ${Math.floor(fraction * 100)} % ...`);
  }

  /** Takes the bar away. Later updates do nothing. */
  end(): void {
    this.#over = true;
    this.#bar?.terminate();
    this.#bar = undefined;
  }

  /** The same as {@link Progress.end}. */
  [Symbol.dispose](): void {
    this.end();
  }

  async #open_bar(fraction: number): Promise<void> {
    const [{ default: ProgressBar }, { default: process }] = await Promise.all([
      import("progress"),
      import("node:process"),
    ]);
    if (this.#over) return;
    // Some terminals do not say how wide they are; the bar would have no room.
    process.stderr.columns ||= 80;
    this.#bar = new ProgressBar(`armvm: ${this.#label} [:bar] :percent`, {
      total: 1000,
      width: WIDTH,
      stream: process.stderr,
      clear: true,
      complete: "#",
      incomplete: ".",
    });
    this.#bar.update(fraction);
  }
}
