import { le32 } from "./bytes.ts";
import { decompress_file, is_compression } from "./decompress.ts";
import { identify } from "./identify.ts";
import { CorruptData, OutputTooLarge } from "./unpacked.ts";

/** What the header of an arm64 Image tells (Linux Documentation/arch/arm64/booting.rst). */
export interface Arm64Image {
  /** Where the Image goes, from an address that is a multiple of 2 MiB. */
  readonly text_offset: number;
  /** Bytes it takes in memory, BSS included. */
  readonly image_size: number;
}

const HEADER_BYTES = 64;
const FLAG_BIG_ENDIAN = 1;
/** text_offset of kernels before 3.17, which say no image_size. */
const OLD_TEXT_OFFSET = 0x8_0000;
const OLD_BSS = 16 << 20;
const MOST = 0x1_0000_0000;
/** Bytes of a gzip file that surely hold the start of what is in it. */
const ENOUGH_GZIP = 1 << 16;

/** Reads the header. Throws CorruptData. */
export function read_arm64_image(bytes: Uint8Array): Arm64Image {
  if (bytes.length < HEADER_BYTES) throw new CorruptData("the arm64 Image ends too early");
  if ((le32(bytes, 24) & FLAG_BIG_ENDIAN) !== 0) {
    throw new CorruptData("the kernel is big-endian; build it without CPU_BIG_ENDIAN");
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, HEADER_BYTES);
  const [text_offset, image_size] = [8, 16].map((at) => view.getBigUint64(at, true));
  if (image_size === 0n) {
    return { text_offset: OLD_TEXT_OFFSET, image_size: bytes.length + OLD_BSS };
  }
  if (text_offset! > MOST || image_size! > MOST || text_offset! % 4096n !== 0n) {
    throw new CorruptData("the arm64 Image's header is damaged");
  }
  return {
    text_offset: Number(text_offset),
    image_size: Math.max(Number(image_size), bytes.length),
  };
}

/** The compressed kernel inside of an EFI zboot image (Linux drivers/firmware/efi/libstub). */
export function zboot_payload(bytes: Uint8Array): Uint8Array {
  const [offset, size] = [le32(bytes, 8), le32(bytes, 12)];
  if (offset < HEADER_BYTES || offset + size > bytes.length) {
    throw new CorruptData("the EFI zboot image ends too early");
  }
  return bytes.subarray(offset, offset + size);
}

/**
 * Whether an image is a 64-bit kernel: bare, in an EFI zboot image or compressed. What cannot be
 * read is not: loading it then says what is wrong with it. `limit` bounds what is unpacked.
 */
export async function is_arm64_image(bytes: Uint8Array, limit: number): Promise<boolean> {
  const { kind } = identify(bytes);
  try {
    if (kind === "efi-zboot") return await is_arm64_image(zboot_payload(bytes), limit);
    if (kind === "gzip") return identify(await start_of_gzip(bytes)).kind === "arm64-image";
    if (!is_compression(kind)) return kind === "arm64-image";
    return identify(decompress_file(kind, bytes, limit)).kind === "arm64-image";
  } catch (error) {
    if (error instanceof CorruptData || error instanceof OutputTooLarge) return false;
    throw error;
  }
}

/** The first bytes of what a gzip file holds: unpacking the rest would take a while. */
async function start_of_gzip(bytes: Uint8Array): Promise<Uint8Array> {
  const source = new Blob([new Uint8Array(bytes.subarray(0, ENOUGH_GZIP))]).stream();
  const reader = source.pipeThrough(new DecompressionStream("gzip")).getReader();
  try {
    return (await reader.read()).value ?? new Uint8Array();
  } catch {
    return new Uint8Array();
  } finally {
    await reader.cancel().catch(() => {});
  }
}
