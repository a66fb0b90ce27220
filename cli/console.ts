import type { Machine } from "../mod.ts";
import { ESCAPE_HELP, type EscapeCommand, EscapeFilter } from "./escape.ts";
import { CliError, EXIT_STATUS } from "./exit_status.ts";
import { Monitor } from "./monitor.ts";
import { print, say } from "./output.ts";
import type { ConsoleTarget } from "./parse_values.ts";
import { file_reason, quoted } from "./read_file.ts";
import type { Stopper } from "./stopper.ts";
import { Terminal } from "./terminal.ts";

/** Longest wait for what the guest said last, when nobody takes it. */
const DRAIN_MS = 1000;
/** Typed bytes that may wait for a guest that does not listen. */
const TYPED_LIMIT = 1 << 16;

/** Where a guest's serial line is connected. */
export interface ConsoleLink extends Disposable {
  /** Waits until all that the guest said is out. */
  drain(): Promise<void>;
}

/** What a console is connected to. */
export interface ConsoleContext {
  readonly machine: Machine;
  readonly stopper: Stopper;
  /** What the end of a standard input that is no terminal sends to the guest; default: nothing. */
  readonly input_end?: Uint8Array;
}

/** Connects the machine's serial line to what `--console` names. */
export async function open_console(
  target: ConsoleTarget,
  context: ConsoleContext,
): Promise<ConsoleLink> {
  switch (target.kind) {
    case "stdio":
      return new StdioConsole(context);
    case "none": {
      const cancelled = context.machine.console.readable.cancel();
      return { drain: () => cancelled, [Symbol.dispose]: () => {} };
    }
    case "file":
      return await file_console(target.path, context);
  }
}

async function file_console(
  path: string,
  { machine, stopper }: ConsoleContext,
): Promise<ConsoleLink> {
  let file: Deno.FsFile;
  const fail = (error: unknown) =>
    new CliError(
      EXIT_STATUS.file,
      `cannot write the console to ${quoted(path)}: ${file_reason(error)}`,
    );
  try {
    // Not openSync: a pipe that nobody reads makes it wait.
    file = await Deno.open(path, { write: true, create: true, truncate: true });
  } catch (error) {
    throw fail(error);
  }
  // A full disk stops the guest: its output would be lost silently.
  const done = machine.console.readable.pipeTo(file.writable).catch((error) => {
    stopper.stop(EXIT_STATUS.file);
    throw fail(error);
  });
  done.catch(() => {});
  return { drain: () => done, [Symbol.dispose]: () => {} };
}

/** The serial line on standard input and output, with Ctrl-A keys when that is a terminal. */
class StdioConsole implements ConsoleLink {
  readonly #machine: Machine;
  readonly #stopper: Stopper;
  readonly #terminal = new Terminal();
  readonly #monitor: Monitor;
  readonly #output: Promise<void>;
  // Output waits while the monitor has the screen.
  #gate: PromiseWithResolvers<void> | undefined;

  constructor({ machine, stopper, input_end }: ConsoleContext) {
    this.#machine = machine;
    this.#stopper = stopper;
    this.#monitor = new Monitor({
      machine,
      print,
      leave: () => this.#leave_monitor(),
      quit: () => stopper.stop(EXIT_STATUS.quit),
    });
    this.#output = this.#pump_output();
    this.#pump_input(input_end).catch((error) => {
      if (!stopper.signal.aborted) say(`standard input: ${file_reason(error)}`);
    });
  }

  async drain(): Promise<void> {
    this.#leave_monitor();
    let timer;
    const limit = new Promise<void>((resolve) => timer = setTimeout(resolve, DRAIN_MS));
    // Nobody may be reading our output any more; a guest that was stopped has no claim to wait.
    await (this.#stopper.signal.aborted ? Promise.race([this.#output, limit]) : this.#output);
    clearTimeout(timer);
  }

  [Symbol.dispose](): void {
    this.#terminal[Symbol.dispose]();
  }

  async #pump_output(): Promise<void> {
    try {
      for await (const chunk of this.#machine.console.readable) {
        await this.#gate?.promise;
        for (let at = 0; at < chunk.length;) at += await Deno.stdout.write(chunk.subarray(at));
      }
    } catch (error) {
      const unread = error instanceof Deno.errors.BrokenPipe;
      if (!unread) say(`cannot write to the standard output: ${file_reason(error)}`);
      this.#stopper.stop(unread ? EXIT_STATUS.sigpipe : EXIT_STATUS.file);
    }
  }

  async #pump_input(input_end: Uint8Array | undefined): Promise<void> {
    const writer = this.#machine.console.writable.getWriter();
    const filter = this.#terminal.raw ? new EscapeFilter() : undefined;
    const buffer = new Uint8Array(4096);
    let waiting = 0;
    for (;;) {
      const count = await Deno.stdin.read(buffer);
      if (count === null) {
        // The end of the input is not the end of the guest, unless that was asked for.
        if (input_end && filter === undefined) await writer.write(input_end);
        return;
      }
      const input = buffer.slice(0, count);
      if (filter === undefined) {
        await writer.write(input);
        continue;
      }
      for (const part of filter.feed(input)) {
        if (typeof part === "string") this.#escape(part);
        else if (this.#gate !== undefined) await this.#monitor.type(part);
        // Reading goes on while the guest does not listen: Ctrl-A x must get through.
        else if (waiting + part.length <= TYPED_LIMIT) {
          waiting += part.length;
          writer.write(part).then(() => waiting -= part.length);
        }
      }
    }
  }

  #escape(command: EscapeCommand): void {
    if (command === "quit") this.#stopper.stop(EXIT_STATUS.quit);
    else if (command === "help") print(ESCAPE_HELP);
    else if (this.#gate !== undefined) {
      print("\n");
      this.#leave_monitor();
    } else {
      this.#gate = Promise.withResolvers();
      this.#monitor.enter();
    }
  }

  #leave_monitor(): void {
    this.#gate?.resolve();
    this.#gate = undefined;
  }
}
