import { unzstd_frame } from "./builtins.ts";
import { le16, le32 } from "./bytes.ts";
import { from_zlib } from "./gzip.ts";
import { CorruptData, type Unpacked } from "./unpacked.ts";

const MAGIC = 0xfd2f_b528;

/** Decompresses the zstd frame that `input` starts with. Throws CorruptData and OutputTooLarge. */
export function unzstd(input: Uint8Array, limit: number): Unpacked {
  // The decompressor gives what it has of a cut off frame without a word, so its end is found first.
  const consumed = zstd_frame_end(input);
  const options = { maxOutputLength: Math.max(limit, 1) };
  const bytes = from_zlib("zstd", () => unzstd_frame(input.subarray(0, consumed), options));
  return { bytes, consumed };
}

/** Where the frame at the start of `input` ends, by its header and block headers (RFC 8878, 3.1.1). */
function zstd_frame_end(input: Uint8Array): number {
  if (le32(input, 0) !== MAGIC) throw new CorruptData("its zstd header is damaged");
  const descriptor = input[4] ?? 0;
  const single_segment = (descriptor & 0x20) !== 0;
  const dictionary_size = [0, 1, 2, 4][descriptor & 3]!;
  const content_size = [single_segment ? 1 : 0, 2, 4, 8][descriptor >> 6]!;
  let at = 5 + (single_segment ? 0 : 1) + dictionary_size + content_size;
  for (;;) {
    if (at + 3 > input.length) throw new CorruptData("it ends too early");
    const header = le16(input, at) | (input[at + 2]! << 16);
    const type = (header >> 1) & 3;
    if (type === 3) throw new CorruptData("its zstd data are damaged");
    at += 3 + (type === 1 ? 1 : header >> 3);
    if ((header & 1) !== 0) break;
  }
  if ((descriptor & 4) !== 0) at += 4;
  if (at > input.length) throw new CorruptData("it ends too early");
  return at;
}
