import { CliError, EXIT_STATUS } from "./exit_status.ts";

const CHUNK = 1 << 20;

/** How {@link read_file} reads. */
export interface ReadFileOptions {
  /** What the file is for, such as `initrd`. */
  readonly what: string;
  /** Most bytes that make sense. */
  readonly limit: number;
}

/** Reads a file that the user named. What cannot be read is a CliError that says what to do. */
export async function read_file(
  path: string,
  options: ReadFileOptions,
): Promise<Uint8Array<ArrayBuffer>> {
  const { what, limit } = options;
  const fail = (why: string): never => {
    throw new CliError(EXIT_STATUS.file, `cannot read the ${what} ${quoted(path)}: ${why}`);
  };
  if (path === "") {
    throw new CliError(EXIT_STATUS.usage, `the ${what} has an empty name; name a file`);
  }
  try {
    using file = await Deno.open(path);
    const info = await file.stat();
    if (info.isDirectory) fail("it is a directory; name a file");
    if (info.isBlockDevice || info.isCharDevice) fail("it is a device; name a file");
    // A pipe has no size before it is read.
    if (info.size > limit) too_large(path, what, limit);
    const bytes = await read_up_to(file, limit + 1);
    if (bytes.length > limit) too_large(path, what, limit);
    return bytes;
  } catch (error) {
    if (error instanceof CliError) throw error;
    throw new CliError(
      EXIT_STATUS.file,
      `cannot read the ${what} ${quoted(path)}: ${file_reason(error)}`,
    );
  }
}

function too_large(path: string, what: string, limit: number): never {
  throw new CliError(
    EXIT_STATUS.bad_image,
    `the ${what} ${quoted(path)} is larger than the guest's memory of ${limit >> 20} MiB; ` +
      "give it more with --memory",
  );
}

async function read_up_to(file: Deno.FsFile, most: number): Promise<Uint8Array<ArrayBuffer>> {
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  let length = 0;
  while (length < most) {
    const chunk = new Uint8Array(Math.min(CHUNK, most - length));
    const count = await file.read(chunk);
    if (count === null) break;
    chunks.push(chunk.subarray(0, count));
    length += count;
  }
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return bytes;
}

/** Why a file operation failed, and what to do, in one clause. */
export function file_reason(error: unknown): string {
  if (error instanceof Deno.errors.NotFound) return "there is no such file; check the path";
  if (error instanceof Deno.errors.PermissionDenied) {
    return "permission denied; check its owner and mode";
  }
  if (error instanceof Deno.errors.NotCapable) {
    return "Deno was not granted access to it; run armvm with --allow-read and --allow-write";
  }
  if (error instanceof Deno.errors.IsADirectory) return "it is a directory; name a file";
  if (error instanceof Deno.errors.NotADirectory) {
    return "a part of the path is not a directory; check the path";
  }
  return (error instanceof Error ? error.message : String(error)).replaceAll(/\s+/g, " ");
}

/** A path as it is shown to the user, on one line. */
export function quoted(path: string): string {
  return JSON.stringify(path);
}
