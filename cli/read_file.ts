import { CliError, EXIT_STATUS } from "./exit_status.ts";

/** Room for the first read of a file that does not say its size. */
const FIRST_READ = 1 << 20;

/** How {@link read_file} reads. */
export interface ReadFileOptions {
  /** What the file is for, such as `initrd`. */
  readonly what: string;
  /** Most bytes that make sense. */
  readonly limit: number;
}

/**
 * Reads a file that the user named, into memory that another thread can be given without a copy.
 * What cannot be read is a CliError that says what to do.
 */
export async function read_file(
  path: string,
  options: ReadFileOptions,
): Promise<Uint8Array> {
  const { what, limit } = options;
  const fail = (why: string): never => {
    throw new CliError(EXIT_STATUS.file, `cannot read the ${what} ${quoted(path)}: ${why}`);
  };
  if (path === "") {
    throw new CliError(EXIT_STATUS.usage, `the ${what} has an empty name; name a file`);
  }
  try {
    // A file is read on this thread: another one that touches that much new memory gets in the way of
    // threads that start, and a guest's does. A pipe waits for somebody to write to it.
    using file = Deno.statSync(path).isFile ? Deno.openSync(path) : await Deno.open(path);
    const info = file.statSync();
    if (info.isDirectory) fail("it is a directory; name a file");
    if (info.isBlockDevice || info.isCharDevice) fail("it is a device; name a file");
    // A pipe has no size before it is read.
    if (info.size > limit) too_large(path, what, limit);
    const bytes = await read_up_to(file, info, limit + 1);
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

/** All of a file, or its first `most` bytes; its size is a guess. */
async function read_up_to(
  file: Deno.FsFile,
  { size, isFile }: Pick<Deno.FileInfo, "size" | "isFile">,
  most: number,
): Promise<Uint8Array> {
  // One byte more than there should be: then the read that finds the end needs no more room.
  let bytes = shared_bytes(Math.min(size === 0 ? FIRST_READ : size + 1, most));
  let length = 0;
  while (length < most) {
    if (length === bytes.length) {
      const larger = shared_bytes(Math.min(2 * length, most));
      larger.set(bytes);
      bytes = larger;
    }
    const room = bytes.subarray(length);
    const count = isFile ? file.readSync(room) : await file.read(room);
    if (count === null) break;
    length += count;
  }
  return bytes.subarray(0, length);
}

function shared_bytes(length: number): Uint8Array {
  return new Uint8Array(new SharedArrayBuffer(length));
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
