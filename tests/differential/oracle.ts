import { fileURLToPath } from "node:url";
import { CASE, type Case, RESULT, type Result } from "./layout.ts";

const COMPILER = "arm-linux-gnueabihf-gcc";
const QEMU = "qemu-arm";

/** Why there is no oracle on this machine, or undefined. */
export async function why_no_oracle(): Promise<string | undefined> {
  for (const tool of [QEMU, COMPILER]) {
    try {
      const { success } = await new Deno.Command(tool, {
        args: ["--version"],
        stdout: "null",
        stderr: "null",
      }).output();
      if (!success) return `${tool} does not run`;
    } catch {
      return `${tool} is not installed`;
    }
  }
  return undefined;
}

async function build(directory: string): Promise<string> {
  const out = `${directory}/runner`;
  const { success, stderr } = await new Deno.Command(COMPILER, {
    args: [
      ...["-static", "-nostdlib", "-no-pie", "-ffreestanding", "-O2", "-Wall", "-Wextra"],
      ...["-marm", "-march=armv7-a", "-mfloat-abi=soft", "-fno-tree-loop-distribute-patterns"],
      // Out of the way of what random instructions may hit.
      ...["-Wl,-Ttext-segment=0x7a000000", "-Wl,--build-id=none", "-o", out],
      fileURLToPath(new URL("./runner.c", import.meta.url)),
    ],
    stdout: "null",
    stderr: "piped",
  }).output();
  if (!success) throw new Error(`Cannot build runner.c: ${new TextDecoder().decode(stderr)}`);
  return out;
}

/** `qemu-arm -cpu cortex-a15`, executing cases. */
export class Oracle {
  readonly #directory: string;
  readonly #child: Deno.ChildProcess;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array<ArrayBuffer>>;
  readonly #reader: ReadableStreamDefaultReader<Uint8Array<ArrayBuffer>>;
  #rest: Uint8Array = new Uint8Array(0);

  private constructor(directory: string, runner: string) {
    this.#directory = directory;
    this.#child = new Deno.Command(QEMU, {
      args: ["-cpu", "cortex-a15", runner],
      stdin: "piped",
      stdout: "piped",
      stderr: "inherit",
    }).spawn();
    this.#writer = this.#child.stdin.getWriter();
    this.#reader = this.#child.stdout.getReader();
  }

  /** Builds the runner and starts it. */
  static async open(): Promise<Oracle> {
    const directory = await Deno.makeTempDir({ prefix: "armvm-differential-" });
    return new Oracle(directory, await build(directory));
  }

  /** Executes cases and returns as many results, in one array. */
  async run(cases: readonly Case[]): Promise<Result[]> {
    const message = new Uint32Array(1 + cases.length * CASE.words);
    message[0] = cases.length;
    cases.forEach((c, i) => message.set(c, 1 + i * CASE.words));
    const sent = this.#writer.write(new Uint8Array(message.buffer));
    // A broken pipe shows as a short answer, with more to say about it.
    sent.catch(() => {});
    const bytes = await this.#read(cases.length * RESULT.words * 4);
    await sent;
    const words = new Uint32Array(bytes.buffer);
    return cases.map((_, i) => words.subarray(i * RESULT.words, (i + 1) * RESULT.words));
  }

  async #read(length: number): Promise<Uint8Array> {
    const out = new Uint8Array(length);
    let done = 0;
    const timer = setTimeout(() => this.#child.kill("SIGKILL"), 60_000);
    try {
      while (done < length) {
        if (this.#rest.length === 0) {
          const { value } = await this.#reader.read();
          if (!value) throw new Error("Cannot read results: the runner ended or hung");
          this.#rest = value;
        }
        const take = this.#rest.subarray(0, length - done);
        out.set(take, done);
        done += take.length;
        this.#rest = this.#rest.subarray(take.length);
      }
    } finally {
      clearTimeout(timer);
    }
    return out;
  }

  /** Ends the runner. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#writer.close().catch(() => {});
    await this.#reader.cancel().catch(() => {});
    await this.#child.status;
    await Deno.remove(this.#directory, { recursive: true });
  }
}
