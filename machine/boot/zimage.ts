import { be32, has_magic, le32 } from "./bytes.ts";
import { type Compression, decompress } from "./decompress.ts";
import { hex, part_of } from "./error.ts";
import { is_gzip } from "./gzip.ts";
import { has_ram_mask, linux_image } from "./linux_image.ts";
import { CorruptData, OutputTooLarge, type Unpacked } from "./unpacked.ts";
import { is_xz_header } from "./xz.ts";

const MAGIC = 0x016f_2818;
const ENDIAN_WORD = 0x0403_0201;
const TABLE_MAGIC = 0x4545_4545;
const TAG_KERNEL_SIZE = 0x5a53_4c4b;
const MIN_SIZE = 0x34;
const MAX_ATTEMPTS = 4;

/** What a zImage's header tells (arch/arm/boot/compressed/head.S and vmlinux.lds.S). */
export interface ZImageHeader {
  /** Size of the image; what follows in the file is not part of it. */
  readonly size: number;
  /** Whether it is linked to run at a fixed address, out of ROM. */
  readonly fixed: boolean;
  /** Whether a device tree was appended. */
  readonly appended_dtb: boolean;
  /** Where the inflated size's word is; from Linux 4.15 on. */
  readonly inflated_size_at?: number;
  /** The kernel's size after decompression; from Linux 4.15 on. */
  readonly inflated_size?: number;
  /** Size of the kernel's BSS, which follows it in memory; from Linux 4.15 on. */
  readonly bss_size?: number;
  /** Where the kernel goes, from the start of RAM; from Linux 5.10 on. */
  readonly text_offset?: number;
}

/** Whether a zImage starts here, and its byte order. */
export function is_zimage(bytes: Uint8Array): "little" | "big" | undefined {
  if (be32(bytes, 0x24) === MAGIC) return "big";
  if (le32(bytes, 0x24) !== MAGIC) return undefined;
  // BE8 kernels have a little-endian magic; older kernels have code where this word is.
  return be32(bytes, 0x30) === ENDIAN_WORD ? "big" : "little";
}

/** Reads the header of a little-endian zImage. Throws CorruptData. */
export function read_zimage_header(bytes: Uint8Array): ZImageHeader {
  const start = le32(bytes, 0x28);
  const size = le32(bytes, 0x2c) - start;
  if (size > bytes.length) {
    throw new CorruptData(`the zImage is cut off, with ${part_of(bytes.length, size)}`);
  }
  if (bytes.length < MIN_SIZE) throw new CorruptData("the zImage is cut off in its header");
  if (size < MIN_SIZE) throw new CorruptData("the zImage's header is damaged");
  const appended_dtb = be32(bytes, size) === 0xd00d_feed;
  return { size, fixed: start !== 0, appended_dtb, ...read_tags(bytes.subarray(0, size)) };
}

function read_tags(
  bytes: Uint8Array,
): Pick<ZImageHeader, "inflated_size_at" | "inflated_size" | "bss_size" | "text_offset"> {
  if (le32(bytes, 0x34) !== TABLE_MAGIC) return {};
  let at = le32(bytes, 0x38);
  while (at % 4 === 0 && at + 8 <= bytes.length) {
    const words = le32(bytes, at);
    if (words < 2) break;
    if (le32(bytes, at + 4) === TAG_KERNEL_SIZE && words >= 4) {
      const inflated_size_at = le32(bytes, at + 8);
      if (inflated_size_at + 4 > bytes.length) return {};
      const common = {
        inflated_size_at,
        inflated_size: le32(bytes, inflated_size_at),
        bss_size: le32(bytes, at + 12),
      };
      return words >= 5 ? { ...common, text_offset: le32(bytes, at + 16) } : common;
    }
    at += words * 4;
  }
  return {};
}

/** A kernel taken out of its zImage. */
export interface UnpackedKernel {
  /** The kernel as it is to lie in memory. */
  readonly image: Uint8Array;
  /** Where it goes, from the start of RAM. */
  readonly text_offset: number;
  /** How it was compressed. */
  readonly compression: Compression;
}

/**
 * Does what the zImage's own decompressor would do, or says why that is not certain: then the guest
 * has to do it.
 *
 * What makes it certain: the payload decompresses with its checksums, its length is the one that
 * the zImage states after it, the decompressor finds RAM by its own address, and the kernel's own
 * code and the zImage agree on TEXT_OFFSET.
 */
export function unpack_zimage(
  bytes: Uint8Array,
  header: ZImageHeader,
  limit: number,
  progress?: (fraction: number) => void,
): UnpackedKernel | { readonly why_not: string } {
  if (header.fixed) return { why_not: "it is linked to run at a fixed address" };
  if (header.appended_dtb) return { why_not: "it has a device tree appended" };
  const found = find_payload(bytes.subarray(0, header.size), header, limit, progress);
  if (found === undefined) {
    return { why_not: "no payload that can be unpacked here was found in it" };
  }
  if (!has_ram_mask(bytes.subarray(0, Math.min(found.at, 0x4000)))) {
    return { why_not: "its decompressor has a fixed idea of where RAM is" };
  }
  const own = linux_image(found.bytes)?.text_offset;
  const stated = header.text_offset;
  if (own !== undefined && stated !== undefined && own !== stated) {
    return { why_not: `it says two load offsets, ${hex(stated)} and ${hex(own)}` };
  }
  const text_offset = stated ?? own;
  if (text_offset === undefined) return { why_not: "its load offset is not known" };
  if (text_offset % 4 !== 0 || text_offset >= 0x0800_0000) {
    return { why_not: `its load offset ${hex(text_offset)} is odd` };
  }
  return { image: found.bytes, text_offset, compression: found.compression };
}

/** A compressed stream in a zImage. */
export interface Payload extends Unpacked {
  readonly at: number;
  readonly compression: Compression;
}

/** Finds and decompresses the kernel in a zImage. */
export function find_payload(
  bytes: Uint8Array,
  header: ZImageHeader,
  limit: number,
  progress?: (fraction: number) => void,
): Payload | undefined {
  // With gzip the inflated size is the stream's own last word, else it follows the stream.
  const size_at = header.inflated_size_at;
  const expected = header.inflated_size;
  if (expected !== undefined && (expected > limit || expected === 0)) return undefined;
  const search_end = size_at ?? bytes.length;
  let attempts = 0;
  for (let at = MIN_SIZE; at + 16 < search_end; at++) {
    const compression = payload_kind(bytes, at, expected);
    if (compression === undefined) continue;
    if (++attempts > MAX_ATTEMPTS) break;
    const stop = size_at === undefined ? bytes.length : size_at + (compression === "gzip" ? 4 : 0);
    const options = {
      limit: expected ?? limit,
      ...(expected !== undefined && {
        expected,
        progress: (length: number) => progress?.(length / expected),
      }),
    };
    let unpacked: Unpacked;
    try {
      unpacked = decompress(compression, bytes.subarray(at, stop), options);
    } catch (error) {
      if (error instanceof CorruptData || error instanceof OutputTooLarge) continue;
      throw error;
    }
    const end = at + unpacked.consumed;
    const length = unpacked.bytes.length;
    const good = size_at !== undefined
      ? end === stop && length === expected
      : compression === "gzip" || le32(bytes, end) === length;
    if (good) return { ...unpacked, at, compression };
  }
  return undefined;
}

/** Which compressed stream may start at `at`, of those that Linux's build makes for ARM, and zstd. */
function payload_kind(
  bytes: Uint8Array,
  at: number,
  expected: number | undefined,
): Compression | undefined {
  switch (bytes[at]) {
    case 0x1f:
      return is_gzip(bytes, at) ? "gzip" : undefined;
    case 0xfd:
      return is_xz_header(bytes, at) ? "xz" : undefined;
    case 0x02:
      return has_magic(bytes, at, [0x02, 0x21, 0x4c, 0x18]) ? "lz4-legacy" : undefined;
    case 0x28:
      return has_magic(bytes, at, [0x28, 0xb5, 0x2f, 0xfd]) ? "zstd" : undefined;
    case 0x5d: {
      // lc=3 lp=0 pb=2, a dictionary of a power of two, the size unknown or right.
      const dictionary = le32(bytes, at + 1);
      const low = le32(bytes, at + 5);
      const high = le32(bytes, at + 9);
      const power_of_two = (dictionary & (dictionary - 1)) === 0 && dictionary >= 4096;
      const size_is_good = (low === 0xffff_ffff && high === 0xffff_ffff) ||
        (high === 0 && (expected === undefined ? low >= 0x1_0000 : low === expected));
      return power_of_two && size_is_good && bytes[at + 13] === 0 ? "lzma" : undefined;
    }
    default:
      return undefined;
  }
}
