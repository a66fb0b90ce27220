/**
 * Node's modules that decompressors use. They are large and most guests boot without them, so they
 * are loaded by the first call.
 *
 * @module
 */
import type { Hash } from "node:crypto";
import type { ZlibOptions, ZstdOptions } from "node:zlib";

/** CRC-32 as gzip, xz and uImage files have it. */
export function crc32(bytes: Uint8Array): number {
  return process.getBuiltinModule("node:zlib").crc32(bytes);
}

/** Decompresses raw deflate data. */
export function inflate_raw(bytes: Uint8Array, options: ZlibOptions): Uint8Array {
  return process.getBuiltinModule("node:zlib").inflateRawSync(bytes, options);
}

/** Decompresses a zstd frame. */
export function unzstd_frame(bytes: Uint8Array, options: ZstdOptions): Uint8Array {
  return process.getBuiltinModule("node:zlib").zstdDecompressSync(bytes, options);
}

/** A new SHA-256. */
export function sha256(): Hash {
  return process.getBuiltinModule("node:crypto").createHash("sha256");
}
