import { crc32, inflate_raw } from "./builtins.ts";
import { concat, le16, le32 } from "./bytes.ts";
import { CorruptData, OutputTooLarge, type Unpacked } from "./unpacked.ts";

/**
 * Decompresses the gzip members that `input` starts with (RFC 1952); what follows them is not
 * looked at. Throws CorruptData and OutputTooLarge.
 */
export function ungzip(input: Uint8Array, limit: number): Unpacked {
  const members: Uint8Array[] = [];
  let length = 0, consumed = 0;
  do {
    const next = member(input.subarray(consumed), limit - length);
    // Only what has something: a file may have very many empty ones.
    if (next.bytes.length > 0) members.push(next.bytes);
    length += next.bytes.length;
    consumed += next.consumed;
  } while (is_gzip(input, consumed));
  return { bytes: members.length === 1 ? members[0]! : concat(members), consumed };
}

/** Whether a gzip member seems to start at `at`. */
export function is_gzip(input: Uint8Array, at = 0): boolean {
  return input[at] === 0x1f && input[at + 1] === 0x8b && input[at + 2] === 8 &&
    (input[at + 3]! & 0xe0) === 0;
}

function member(input: Uint8Array, limit: number): Unpacked {
  const start = header_size(input);
  // `info` also tells how much of the input was taken; the types do not know it.
  const options = { maxOutputLength: Math.max(limit, 1), info: true };
  const inflate = inflate_raw as unknown as (
    input: Uint8Array,
    options: unknown,
  ) => { buffer: Uint8Array; engine: { bytesWritten: number } };
  const { buffer: bytes, engine } = from_zlib(
    "gzip",
    () => inflate(input.subarray(start), options),
  );
  if (bytes.length > limit) throw new OutputTooLarge();
  const end = start + engine.bytesWritten;
  if (end + 8 > input.length) throw new CorruptData("it ends too early");
  if (crc32(bytes) !== le32(input, end) || bytes.length !== le32(input, end + 4)) {
    throw new CorruptData("its checksum does not match");
  }
  return { bytes, consumed: end + 8 };
}

function header_size(input: Uint8Array): number {
  if (!is_gzip(input)) throw new CorruptData("its gzip header is damaged");
  const flags = input[3]!;
  let at = 10;
  if ((flags & 4) !== 0) at += 2 + le16(input, at);
  // A file name, then a comment, each up to a zero.
  for (const flag of [8, 16]) {
    if ((flags & flag) === 0) continue;
    const end = input.indexOf(0, at);
    if (end < 0) throw new CorruptData("it ends too early");
    at = end + 1;
  }
  if ((flags & 2) !== 0) at += 2;
  if (at >= input.length) throw new CorruptData("it ends too early");
  return at;
}

/** Runs one of node:zlib's decompressors, with its errors as ours. */
export function from_zlib<T>(format: string, run: () => T): T {
  try {
    return run();
  } catch (error) {
    const code = (error as { code?: unknown }).code;
    if (code === "ERR_BUFFER_TOO_LARGE") throw new OutputTooLarge();
    if (code === "Z_BUF_ERROR") throw new CorruptData("it ends too early");
    throw new CorruptData(`its ${format} data are damaged`);
  }
}
