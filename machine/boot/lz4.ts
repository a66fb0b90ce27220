import { le32 } from "./bytes.ts";
import { CorruptData, OutputBuffer, type Unpacked } from "./unpacked.ts";
import { xxh32 } from "./xxh32.ts";

const FRAME_MAGIC = 0x184d_2204;
const LEGACY_MAGIC = 0x184c_2102;
const LEGACY_BLOCK = 8 << 20;

/**
 * Decompresses the lz4 frame that `input` starts with (lz4_Frame_format.md 1.6). Throws CorruptData
 * and OutputTooLarge.
 */
export function unlz4(input: Uint8Array, limit: number): Unpacked {
  const flags = input[4] ?? 0;
  const size_code = ((input[5] ?? 0) >> 4) & 7;
  if (le32(input, 0) !== FRAME_MAGIC || (flags & 0xc2) !== 0x40 || size_code < 4) {
    throw new CorruptData("its lz4 header is damaged");
  }
  const has_size = (flags & 8) !== 0;
  const has_dictionary = (flags & 1) !== 0;
  const header_end = 6 + (has_size ? 8 : 0) + (has_dictionary ? 4 : 0);
  if (header_end >= input.length) throw new CorruptData("it ends too early");
  if (((xxh32(input.subarray(4, header_end)) >>> 8) & 0xff) !== input[header_end]) {
    throw new CorruptData("its lz4 header is damaged");
  }
  if (has_dictionary) throw new CorruptData("it needs an lz4 dictionary");
  const content_size = has_size ? le32(input, 6) + le32(input, 10) * 2 ** 32 : undefined;
  const output = new OutputBuffer({ limit, expected: content_size });
  const block_maximum = 1 << (8 + 2 * size_code);
  let at = header_end + 1;
  for (;;) {
    need(input, at, 4);
    const word = le32(input, at);
    at += 4;
    if (word === 0) break;
    const size = word & 0x7fff_ffff;
    need(input, at, size);
    if (size > block_maximum) throw new CorruptData("an lz4 block is too large");
    const block = input.subarray(at, at + size);
    at += size;
    const start = output.length;
    if (word >>> 31 !== 0) {
      output.reserve(start + size);
      output.bytes.set(block, start);
      output.length = start + size;
    } else {
      const window = (flags & 0x20) !== 0 ? start : 0;
      decode_block(block, output, { window, maximum: block_maximum });
    }
    if ((flags & 0x10) !== 0) {
      need(input, at, 4);
      if (xxh32(block) !== le32(input, at)) throw new CorruptData("its checksum does not match");
      at += 4;
    }
  }
  if (content_size !== undefined && content_size !== output.length) {
    throw new CorruptData("it has another size than it says");
  }
  if ((flags & 4) !== 0) {
    need(input, at, 4);
    if (xxh32(output.written()) !== le32(input, at)) {
      throw new CorruptData("its checksum does not match");
    }
    at += 4;
  }
  return { bytes: output.written(), consumed: at };
}

/**
 * Decompresses the legacy lz4 file that `input` starts with, as `lz4 -l` and the kernel's build
 * make them: blocks of 8 MiB, the last one shorter, with no end mark and no checksum.
 */
export function unlz4_legacy(input: Uint8Array, limit: number, expected?: number): Unpacked {
  if (le32(input, 0) !== LEGACY_MAGIC) throw new CorruptData("its lz4 header is damaged");
  const output = new OutputBuffer({ limit, expected });
  let at = 4;
  while (at < input.length) {
    need(input, at, 4);
    const size = le32(input, at);
    if (size === LEGACY_MAGIC) {
      at += 4;
      continue;
    }
    at += 4;
    need(input, at, size);
    const start = output.length;
    const block = input.subarray(at, at + size);
    decode_block(block, output, { window: start, maximum: LEGACY_BLOCK });
    at += size;
    if (output.length - start < LEGACY_BLOCK) break;
  }
  return { bytes: output.written(), consumed: at };
}

interface BlockOptions {
  /** Index in the output before which no match may reach. */
  readonly window: number;
  /** The most bytes that the block may hold. */
  readonly maximum: number;
}

/** Decodes one block (lz4_Block_format.md). */
function decode_block(block: Uint8Array, output: OutputBuffer, options: BlockOptions): void {
  const { window, maximum } = options;
  const start = output.length;
  let out = output.bytes;
  let pos = start;
  let at = 0;
  const end = block.length;
  while (at < end) {
    const token = block[at++]!;
    let literals = token >> 4;
    if (literals === 15) {
      let more = 255;
      while (more === 255) {
        if (at >= end) throw new CorruptData("it ends too early");
        more = block[at++]!;
        literals += more;
      }
    }
    if (at + literals > end) throw new CorruptData("it ends too early");
    if (pos + literals - start > maximum) throw new CorruptData("an lz4 block is too large");
    output.length = pos;
    output.reserve(pos + literals);
    out = output.bytes;
    for (const stop = at + literals; at < stop;) out[pos++] = block[at++]!;
    if (at === end) break;

    if (at + 2 > end) throw new CorruptData("it ends too early");
    const distance = block[at]! | (block[at + 1]! << 8);
    at += 2;
    if (distance === 0 || distance > pos - window) {
      throw new CorruptData("a match reaches before its start");
    }
    let length = (token & 15) + 4;
    if (length === 19) {
      let more = 255;
      while (more === 255) {
        if (at >= end) throw new CorruptData("it ends too early");
        more = block[at++]!;
        length += more;
      }
    }
    if (pos + length - start > maximum) throw new CorruptData("an lz4 block is too large");
    output.length = pos;
    output.reserve(pos + length);
    out = output.bytes;
    for (const stop = pos + length; pos < stop; pos++) out[pos] = out[pos - distance]!;
  }
  output.length = pos;
}

function need(input: Uint8Array, at: number, size: number): void {
  if (at + size > input.length) throw new CorruptData("it ends too early");
}
