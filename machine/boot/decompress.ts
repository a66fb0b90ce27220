import { concat, le32 } from "./bytes.ts";
import { ungzip } from "./gzip.ts";
import { unlz4, unlz4_legacy } from "./lz4.ts";
import { unlzma } from "./lzma_file.ts";
import type { Unpacked } from "./unpacked.ts";
import { is_xz_header, unxz } from "./xz.ts";
import { unzstd } from "./zstd.ts";

/** Formats that {@link decompress} knows. */
export type Compression = "gzip" | "xz" | "zstd" | "lz4" | "lz4-legacy" | "lzma";

/** Options of {@link decompress}. */
export interface DecompressOptions {
  /** The most bytes that the output may have. */
  readonly limit: number;
  /** The output's size, where it is known. */
  readonly expected?: number;
  /** Told how many bytes are out, now and then; of formats that take long only. */
  readonly progress?: (length: number) => void;
}

/** Whether `kind` names a format that {@link decompress} knows. */
export function is_compression(kind: string): kind is Compression {
  return ["gzip", "xz", "zstd", "lz4", "lz4-legacy", "lzma"].includes(kind);
}

/**
 * Decompresses a whole file: as the tools of each format do, also what was appended to it in the
 * same format. Throws CorruptData and OutputTooLarge only.
 */
export function decompress_file(format: Compression, input: Uint8Array, limit: number): Uint8Array {
  const { bytes, consumed } = decompress(format, input, { limit });
  const parts = [bytes];
  let total = bytes.length;
  let at = next_stream(format, input, consumed);
  while (at !== undefined) {
    const next = decompress(format, input.subarray(at), { limit: limit - total });
    parts.push(next.bytes);
    total += next.bytes.length;
    at = next_stream(format, input, at + next.consumed);
  }
  return parts.length === 1 ? bytes : concat(parts);
}

/** Where behind `at` another stream starts, if one does. */
function next_stream(format: Compression, input: Uint8Array, at: number): number | undefined {
  switch (format) {
    case "xz":
      // Streams may have zeros between them.
      while (input[at] === 0) at++;
      return is_xz_header(input, at) ? at : undefined;
    case "zstd":
      return le32(input, at) === 0xfd2f_b528 ? at : undefined;
    case "lz4":
      return le32(input, at) === 0x184d_2204 ? at : undefined;
    default:
      return undefined;
  }
}

/**
 * Decompresses what `input` starts with. Throws CorruptData and OutputTooLarge only.
 *
 * No WebAssembly of others is used: where the software core runs without wasm bounds checks, hostile
 * input could leave such a module's memory. LZMA's checks each address itself.
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
