import { EXIT_STATUS, type ExitStatus } from "./exit_status.ts";

/** Writes all of `data` to standard output. A reader that has gone away is no error of ours. */
export async function write_stdout(data: string | Uint8Array): Promise<ExitStatus> {
  const bytes = typeof data === "string" ? new TextEncoder().encode(data) : data;
  try {
    for (let at = 0; at < bytes.length;) at += await Deno.stdout.write(bytes.subarray(at));
    return EXIT_STATUS.ok;
  } catch (error) {
    if (error instanceof Deno.errors.BrokenPipe) return EXIT_STATUS.sigpipe;
    throw error;
  }
}

/** Shows one line of armvm's own, on stderr. */
export function say(message: string): void {
  print(`armvm: ${printable(message)}\n`);
}

/** `text` without control characters but newlines: guests and files choose parts of messages. */
export function printable(text: string): string {
  return text.replaceAll(/[^\P{Cc}\n]/gu, "?");
}

/** Shows text of armvm's own, on stderr. Deno's raw mode still turns newlines into CR LF. */
export function print(text: string): void {
  const bytes = new TextEncoder().encode(text);
  try {
    for (let at = 0; at < bytes.length;) at += Deno.stderr.writeSync(bytes.subarray(at));
  } catch {
    // Nobody reads stderr: there is nobody to tell.
  }
}
