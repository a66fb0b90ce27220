/** Runs the real command line, as `deno task armvm` does, for tests. */
import { fileURLToPath } from "node:url";
import { soft_flags } from "../../packaging/run_flags.ts";

/** The program's file. */
export const MAIN: string = fileURLToPath(new URL("../../main.ts", import.meta.url));

/** Arguments of `deno` that `deno task armvm` uses. */
export const DENO_ARGS: readonly string[] = ["run", "--quiet", ...soft_flags()];

/** What a run gave. */
export interface Result {
  /** Exit status. */
  readonly code: number;
  /** Standard output. */
  readonly stdout: string;
  /** Standard error. */
  readonly stderr: string;
}

/** How a run differs from the usual. */
export interface RunArmvm {
  /** Standard input; default: nothing. */
  readonly stdin?: string;
  /** More arguments of `deno`. */
  readonly deno_args?: readonly string[];
  /** Environment on top of ours. */
  readonly env?: Record<string, string>;
  /** Ends the run with SIGKILL; default a minute. */
  readonly limit_ms?: number;
}

/** Runs `armvm` with `args` to its end. */
export async function armvm(args: readonly string[], options: RunArmvm = {}): Promise<Result> {
  const { stdin = "", deno_args = [], env = {}, limit_ms = 60_000 } = options;
  const child = new Deno.Command(Deno.execPath(), {
    args: [...DENO_ARGS, ...deno_args, MAIN, ...args],
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
    env: { NO_COLOR: "1", ...env },
    signal: AbortSignal.timeout(limit_ms),
  }).spawn();
  const writer = child.stdin.getWriter();
  // A run that fails before it reads closes the pipe.
  await writer.write(new TextEncoder().encode(stdin)).catch(() => {});
  await writer.close().catch(() => {});
  const { code, stdout, stderr } = await child.output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, stdout: text(stdout), stderr: text(stderr) };
}
