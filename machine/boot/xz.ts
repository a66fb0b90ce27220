import { crc32, sha256 } from "./builtins.ts";
import { bcj_arm, bcj_arm_thumb } from "./bcj.ts";
import { crc64 } from "./crc64.ts";
import { LzmaDecoder } from "./lzma.ts";
import { CorruptData, type OutputOptions, type Unpacked } from "./unpacked.ts";

const HEADER_MAGIC = [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00];
const HEADER_SIZE = 12;
// Size of the check field by check id (xz file format 1.2, section 2.1.1.2).
const CHECK_SIZE = [0, 4, 4, 4, 8, 8, 8, 16, 16, 16, 32, 32, 32, 64, 64, 64];

/** Whether a whole, valid xz stream header is at `at`. */
export function is_xz_header(input: Uint8Array, at = 0): boolean {
  if (at + HEADER_SIZE > input.length) return false;
  for (let i = 0; i < HEADER_MAGIC.length; i++) {
    if (input[at + i] !== HEADER_MAGIC[i]) return false;
  }
  return input[at + 6] === 0 && input[at + 7]! < 16 &&
    crc32(input.subarray(at + 6, at + 8)) === read32(input, at + 8);
}

/** Decompresses the xz stream that `input` starts with; what follows the stream is not looked at. */
export function unxz(input: Uint8Array, options: OutputOptions): Unpacked {
  if (!is_xz_header(input)) throw new CorruptData("its xz header is damaged");
  const check = input[7]!;
  using decoder = new LzmaDecoder(input, options);
  const records: BlockSizes[] = [];
  let at = HEADER_SIZE;
  while (byte_at(input, at) !== 0) {
    const block = read_block(input, at, check, decoder);
    records.push(block);
    at = block.end;
  }
  const index_size = check_index(input, at, records);
  at += index_size;
  check_footer(input, at, index_size);
  return { bytes: decoder.output.written().slice(), consumed: at + HEADER_SIZE };
}

interface BlockSizes {
  readonly end: number;
  readonly unpadded: number;
  readonly uncompressed: number;
}

interface Filters {
  readonly dictionary_size: number;
  /** Filters to undo after LZMA2, in that order. */
  readonly undo: ((bytes: Uint8Array, start: number) => void)[];
  readonly starts: number[];
}

function read_block(
  input: Uint8Array,
  at: number,
  check: number,
  decoder: LzmaDecoder,
): BlockSizes {
  const header_size = (byte_at(input, at) + 1) * 4;
  if (at + header_size > input.length) throw new CorruptData("it ends too early");
  const header = input.subarray(at, at + header_size);
  if (crc32(header.subarray(0, -4)) !== read32(header, header_size - 4)) {
    throw new CorruptData("an xz block header is damaged");
  }
  const flags = header[1]!;
  if ((flags & 0x3c) !== 0) throw new CorruptData("it has an xz block of an unknown kind");
  const cursor = { bytes: header.subarray(0, -4), at: 2 };
  const compressed = (flags & 0x40) !== 0 ? read_varint(cursor) : undefined;
  const uncompressed = (flags & 0x80) !== 0 ? read_varint(cursor) : undefined;
  const filters = read_filters(cursor, (flags & 3) + 1);
  for (; cursor.at < cursor.bytes.length; cursor.at++) {
    if (cursor.bytes[cursor.at] !== 0) throw new CorruptData("an xz block header is damaged");
  }

  const { output } = decoder;
  const start = output.length;
  const data = at + header_size;
  const data_end = decode_lzma2(input, data, filters.dictionary_size, decoder);
  const size = output.length - start;
  if (compressed !== undefined && compressed !== data_end - data) {
    throw new CorruptData("an xz block has another size than it says");
  }
  if (uncompressed !== undefined && uncompressed !== size) {
    throw new CorruptData("an xz block has another size than it says");
  }
  const block = output.bytes.subarray(start, output.length);
  filters.undo.forEach((undo, i) => undo(block, filters.starts[i]!));

  let end = data_end;
  for (; ((end - at) & 3) !== 0; end++) {
    if (byte_at(input, end) !== 0) throw new CorruptData("an xz block's padding is damaged");
  }
  const check_size = CHECK_SIZE[check]!;
  if (end + check_size > input.length) throw new CorruptData("it ends too early");
  verify(check, block, input.subarray(end, end + check_size));
  return {
    end: end + check_size,
    unpadded: data_end - at + check_size,
    uncompressed: size,
  };
}

function read_filters(cursor: Cursor, count: number): Filters {
  const undo: Filters["undo"] = [];
  const starts: number[] = [];
  let dictionary_size = 0;
  for (let i = 0; i < count; i++) {
    const id = read_varint(cursor);
    const size = read_varint(cursor);
    const properties = cursor.bytes.subarray(cursor.at, cursor.at + size);
    if (properties.length !== size) throw new CorruptData("an xz block header is damaged");
    cursor.at += size;
    const last = i === count - 1;
    if (id === 0x21 && last) {
      dictionary_size = lzma2_dictionary_size(properties);
    } else if ((id === 0x07 || id === 0x08) && !last) {
      if (size !== 0 && size !== 4) throw new CorruptData("an xz block header is damaged");
      const filter_start = size === 4 ? read32(properties, 0) : 0;
      undo.unshift(id === 0x07 ? bcj_arm : bcj_arm_thumb);
      starts.unshift(filter_start);
    } else {
      throw new CorruptData(`it uses xz filter 0x${id.toString(16)}, which is not known here`);
    }
  }
  return { dictionary_size, undo, starts };
}

function lzma2_dictionary_size(properties: Uint8Array): number {
  const bits = properties[0];
  if (properties.length !== 1 || bits === undefined || bits > 40) {
    throw new CorruptData("an xz block header is damaged");
  }
  return bits === 40 ? 0xffff_ffff : (2 | (bits & 1)) * 2 ** ((bits >> 1) + 11);
}

/** Decodes LZMA2 chunks from `at`; answers where they end. */
function decode_lzma2(
  input: Uint8Array,
  at: number,
  dictionary_size: number,
  decoder: LzmaDecoder,
): number {
  const { output } = decoder;
  let dictionary_is_set = false;
  for (;;) {
    output.progress?.(output.length);
    const control = byte_at(input, at++);
    if (control === 0) return at;
    if (control === 1 || control >= 0xe0) {
      decoder.reset_dictionary(dictionary_size);
      dictionary_is_set = true;
    } else if (!dictionary_is_set) {
      throw new CorruptData("its first LZMA2 chunk does not start a dictionary");
    }
    if (control < 0x80) {
      if (control > 2) throw new CorruptData("it has an LZMA2 chunk of an unknown kind");
      const size = ((byte_at(input, at) << 8) | byte_at(input, at + 1)) + 1;
      at += 2;
      if (at + size > input.length) throw new CorruptData("it ends too early");
      output.reserve(output.length + size);
      output.bytes.set(input.subarray(at, at + size), output.length);
      output.length += size;
      at += size;
      continue;
    }
    const size = (((control & 0x1f) << 16) | (byte_at(input, at) << 8) | byte_at(input, at + 1)) +
      1;
    const packed = ((byte_at(input, at + 2) << 8) | byte_at(input, at + 3)) + 1;
    at += 4;
    if (control >= 0xc0) decoder.set_properties(byte_at(input, at++));
    else if (!decoder.has_properties) throw new CorruptData("an LZMA2 chunk has no properties");
    else if (control >= 0xa0) decoder.reset_state();
    const chunk_end = at + packed;
    if (chunk_end > input.length) throw new CorruptData("it ends too early");
    decoder.position = at;
    decoder.start_range_coder();
    decoder.decode(output.length + size, chunk_end);
    decoder.normalize();
    if (decoder.finished || decoder.position !== chunk_end || !decoder.range_coder_is_clean) {
      throw new CorruptData("an LZMA2 chunk has another size than it says");
    }
    at = chunk_end;
  }
}

function verify(check: number, bytes: Uint8Array, expected: Uint8Array): void {
  let good = true;
  if (check === 1) {
    good = crc32(bytes) === read32(expected, 0);
  } else if (check === 4) {
    const [low, high] = crc64(bytes);
    good = low === read32(expected, 0) && high === read32(expected, 4);
  } else if (check === 10) {
    const digest = sha256().update(bytes).digest();
    good = digest.every((byte, i) => byte === expected[i]);
  }
  if (!good) throw new CorruptData("its checksum does not match");
}

/** Compares the index at `at` with the blocks that were read; answers its size. */
function check_index(input: Uint8Array, at: number, records: readonly BlockSizes[]): number {
  const cursor = { bytes: input, at: at + 1 };
  let good = read_varint(cursor) === records.length;
  for (const record of records) {
    good &&= read_varint(cursor) === record.unpadded;
    good &&= read_varint(cursor) === record.uncompressed;
  }
  while (((cursor.at - at) & 3) !== 0) good = byte_at(input, cursor.at++) === 0 && good;
  if (cursor.at + 4 > input.length) throw new CorruptData("it ends too early");
  if (!good || crc32(input.subarray(at, cursor.at)) !== read32(input, cursor.at)) {
    throw new CorruptData("its xz index is damaged");
  }
  return cursor.at + 4 - at;
}

function check_footer(input: Uint8Array, at: number, index_size: number): void {
  if (at + HEADER_SIZE > input.length) throw new CorruptData("it ends too early");
  const good = crc32(input.subarray(at + 4, at + 10)) === read32(input, at) &&
    (read32(input, at + 4) + 1) * 4 === index_size &&
    input[at + 8] === input[6] && input[at + 9] === input[7] &&
    input[at + 10] === 0x59 && input[at + 11] === 0x5a;
  if (!good) throw new CorruptData("its xz footer is damaged");
}

interface Cursor {
  readonly bytes: Uint8Array;
  at: number;
}

function read_varint(cursor: Cursor): number {
  let value = 0;
  let scale = 1;
  for (let i = 0; i < 9; i++) {
    const byte = byte_at(cursor.bytes, cursor.at++);
    value += (byte & 0x7f) * scale;
    if (byte < 0x80) {
      if (value > Number.MAX_SAFE_INTEGER) break;
      return value;
    }
    scale *= 128;
  }
  throw new CorruptData("it has a size that is too large");
}

function byte_at(bytes: Uint8Array, at: number): number {
  const byte = bytes[at];
  if (byte === undefined) throw new CorruptData("it ends too early");
  return byte;
}

function read32(bytes: Uint8Array, at: number): number {
  return (bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)) >>>
    0;
}
