import { EXIT_STATUS, type ExitStatus } from "./exit_status.ts";

const SIGNALS = [
  ["SIGINT", EXIT_STATUS.sigint],
  ["SIGTERM", EXIT_STATUS.sigterm],
  ["SIGHUP", EXIT_STATUS.sighup],
  ["SIGQUIT", EXIT_STATUS.sigquit],
] as const;

/** Signals that Windows does not have. */
const UNIX_ONLY: readonly Deno.Signal[] = ["SIGTERM", "SIGQUIT"];

/** Stops the guest on a signal or the user's word, and remembers the status that goes with it. */
export class Stopper implements Disposable {
  /** What to end with, once stopped. */
  status: ExitStatus = EXIT_STATUS.internal_error;
  readonly #controller = new AbortController();
  readonly #stopped = Promise.withResolvers<ExitStatus>();
  readonly #listeners: [Deno.Signal, () => void][] = [];

  /** Listens for the signals that ask a program to end. */
  constructor() {
    for (const [signal, status] of SIGNALS) {
      if (Deno.build.os === "windows" && UNIX_ONLY.includes(signal)) continue;
      const listener = () => {
        // A second one means that a clean stop takes too long.
        if (this.signal.aborted) Deno.exit(status);
        this.stop(status);
      };
      Deno.addSignalListener(signal, listener);
      this.#listeners.push([signal, listener]);
    }
  }

  /** Aborted when the guest is to stop. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Resolves when the guest is to stop. */
  get stopped(): Promise<ExitStatus> {
    return this.#stopped.promise;
  }

  /** Stops the guest; `status` is what to end with, unless it was stopped before. */
  stop(status: ExitStatus): void {
    if (this.signal.aborted) return;
    this.status = status;
    this.#controller.abort();
    this.#stopped.resolve(status);
  }

  /** Stops listening for signals. */
  [Symbol.dispose](): void {
    for (const [signal, listener] of this.#listeners) Deno.removeSignalListener(signal, listener);
  }
}
