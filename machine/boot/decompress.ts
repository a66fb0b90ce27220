import { ungzip } from "./gzip.ts";
import { unlz4, unlz4_legacy } from "./lz4.ts";
import { unlzma } from "./lzma_file.ts";
import type { Unpacked } from "./unpacked.ts";
import { unxz } from "./xz.ts";
import { unzstd } from "./zstd.ts";

/** Formats that {@link decompress} knows. */
export type Compression = "gzip" | "xz" | "zstd" | "lz4" | "lz4-legacy" | "lzma";

/** Options of {@link decompress}. */
export interface DecompressOptions {
  /** The most bytes that the output may have. */
  readonly limit: number;
  /** The output's size, where it is known. */
  readonly expected?: number;
}

/** Whether `kind` names a format that {@link decompress} knows. */
export function is_compression(kind: string): kind is Compression {
  return ["gzip", "xz", "zstd", "lz4", "lz4-legacy", "lzma"].includes(kind);
}

/**
 * Decompresses what `input` starts with. Throws CorruptData and OutputTooLarge only.
 *
 * None of these is WebAssembly: where the software core runs without wasm bounds checks, hostile
 * input could leave another module's memory.
 */
export function decompress(
  format: Compression,
  input: Uint8Array,
  options: DecompressOptions,
): Unpacked {
  switch (format) {
    case "gzip":
      return ungzip(input, options.limit);
    case "xz":
      return unxz(input, options);
    case "zstd":
      return unzstd(input, options.limit);
    case "lz4":
      return unlz4(input, options.limit);
    case "lz4-legacy":
      return unlz4_legacy(input, options.limit, options.expected);
    case "lzma":
      return unlzma(input, options.limit, options.expected);
  }
}
