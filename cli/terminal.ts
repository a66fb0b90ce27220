/**
 * The user's terminal in raw mode: keys go to the guest as they are typed, Ctrl-C included.
 *
 * It is put back by `dispose`, and when the process ends in any way that runs code at all.
 */
export class Terminal implements Disposable {
  /** Whether standard input is a terminal; if not, nothing was changed. */
  readonly raw: boolean;
  readonly #restore = () => this.#set_raw(false);
  // The shell puts its own mode back while we are stopped in the background.
  readonly #resume = () => this.#set_raw(true);
  #active = false;

  /** Switches the terminal on standard input, if that is one. */
  constructor() {
    this.raw = Deno.stdin.isTerminal();
    if (!this.raw) return;
    this.#active = true;
    globalThis.addEventListener("unload", this.#restore);
    if (Deno.build.os !== "windows") Deno.addSignalListener("SIGCONT", this.#resume);
    this.#set_raw(true);
  }

  /** Puts the terminal back. */
  [Symbol.dispose](): void {
    if (!this.#active) return;
    this.#set_raw(false);
    this.#active = false;
    globalThis.removeEventListener("unload", this.#restore);
    if (Deno.build.os !== "windows") Deno.removeSignalListener("SIGCONT", this.#resume);
  }

  #set_raw(raw: boolean): void {
    if (!this.#active) return;
    try {
      Deno.stdin.setRaw(raw);
    } catch {
      // The terminal has gone away (its window was closed): there is nothing to put back.
    }
  }
}
