import { DENO_ARGS, MAIN } from "./armvm.ts";

/** How long anything that is waited for may take. */
const PATIENCE_MS = 60_000;

/** A program that is running: what is typed at it and what it says. */
export class Running implements AsyncDisposable {
  /** All of standard output so far. */
  stdout = "";
  /** All of standard error so far. */
  stderr = "";
  readonly #child: Deno.ChildProcess;
  readonly #input: WritableStreamDefaultWriter<Uint8Array>;
  readonly #readers: Promise<void>[];
  #news = Promise.withResolvers<void>();
  #seen = 0;
  #ended = false;

  private constructor(child: Deno.ChildProcess) {
    this.#child = child;
    this.#input = child.stdin.getWriter();
    this.#readers = (["stdout", "stderr"] as const).map(async (name) => {
      for await (const text of child[name].pipeThrough(new TextDecoderStream())) {
        this[name] += text;
        this.#ring();
      }
    });
    child.status.then(() => {
      this.#ended = true;
      this.#ring();
    });
  }

  /** Starts `armvm` with `args`, as `deno task armvm` does. */
  static armvm(args: readonly string[]): Running {
    return Running.#start(Deno.execPath(), [...DENO_ARGS, MAIN, ...args]);
  }

  /** Starts a shell script on a terminal of its own, of which stderr is a part. */
  static on_terminal(script: string): Running {
    return Running.#start("script", ["--quiet", "--flush", "--return", "-c", script, "/dev/null"]);
  }

  static #start(program: string, args: string[]): Running {
    return new Running(
      new Deno.Command(program, {
        args,
        stdin: "piped",
        stdout: "piped",
        stderr: "piped",
        env: { NO_COLOR: "1" },
      }).spawn(),
    );
  }

  /** The process. */
  get pid(): number {
    return this.#child.pid;
  }

  /** Sends a signal. */
  kill(signal: Deno.Signal): void {
    this.#child.kill(signal);
  }

  /** Types. */
  async type(text: string): Promise<void> {
    await this.#input.write(new TextEncoder().encode(text));
  }

  /** Ends the input. */
  async end_input(): Promise<void> {
    await this.#input.close().catch(() => {});
  }

  /** Waits until the output, after what was expected before, has `text`. Gives what came up to it. */
  async expect(text: string, patience = PATIENCE_MS): Promise<string> {
    const until = performance.now() + patience;
    for (;;) {
      const news = this.#news.promise;
      const at = this.stdout.indexOf(text, this.#seen);
      if (at >= 0) {
        const passed = this.stdout.slice(this.#seen, at + text.length);
        this.#seen = at + text.length;
        return passed;
      }
      const left = until - performance.now();
      if (this.#ended || left <= 0) {
        throw new Error(
          `${this.#ended ? "ended" : "waited"} without ${JSON.stringify(text)}; it said ` +
            `${JSON.stringify(this.stdout.slice(-2000))} and ${JSON.stringify(this.stderr)}`,
        );
      }
      let timer;
      const limit = new Promise<void>((resolve) => timer = setTimeout(resolve, left));
      await Promise.race([news, limit]);
      clearTimeout(timer);
    }
  }

  /** Waits for the end; the exit status. */
  async ended(patience = PATIENCE_MS): Promise<number> {
    let timer;
    const limit = new Promise<undefined>((resolve) =>
      timer = setTimeout(() => resolve(undefined), patience)
    );
    const status = await Promise.race([this.#child.status, limit]);
    clearTimeout(timer);
    if (status === undefined) throw new Error(`still running; it said ${this.stdout.slice(-2000)}`);
    await Promise.all(this.#readers);
    return status.code;
  }

  /** Ends the program if it still runs. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#ended) this.#child.kill("SIGKILL");
    await this.end_input();
    await Promise.all(this.#readers);
    await this.#child.status;
  }

  #ring(): void {
    this.#news.resolve();
    this.#news = Promise.withResolvers();
  }
}
