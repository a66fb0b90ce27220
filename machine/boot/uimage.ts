import { crc32 } from "./builtins.ts";
import { be32, field_text } from "./bytes.ts";
import { part_of, WANTED } from "./error.ts";
import { CorruptData } from "./unpacked.ts";

const MAGIC = 0x2705_1956;
const HEADER_SIZE = 64;

const ARCHITECTURES = [
  "invalid",
  "Alpha",
  "ARM",
  "x86",
  "IA-64",
  "MIPS",
  "MIPS64",
  "PowerPC",
  "S/390",
  "SuperH",
  "SPARC",
  "SPARC64",
  "m68k",
  "Nios",
  "MicroBlaze",
  "Nios II",
  "Blackfin",
  "AVR32",
  "ST200",
  "sandbox",
  "NDS32",
  "OpenRISC",
  "arm64",
  "ARC",
  "x86-64",
  "Xtensa",
  "RISC-V",
];
const ARCHITECTURE_ARM = 2;

const TYPES = [
  "invalid",
  "standalone program",
  "kernel",
  "ramdisk",
  "multi-file image",
  "firmware",
  "script",
  "file system",
  "device tree",
];
const TYPE_KERNEL = 2;
const TYPE_RAMDISK = 3;
const TYPE_KERNEL_NOLOAD = 14;

/** How a uImage's data are compressed, by the header's number. */
const COMPRESSIONS = ["none", "gzip", "bzip2", "lzma", "lzo", "lz4", "zstd"] as const;

/** The fields of a U-Boot legacy image header, and its data. */
export interface UImage {
  /** What the image holds. */
  readonly content: "kernel" | "ramdisk";
  /** Where the (unpacked) data are to be loaded; undefined when anywhere will do. */
  readonly load?: number;
  /** Entry point; for a kernel that is loaded anywhere, its offset in the data. */
  readonly entry: number;
  /** How the data are compressed. */
  readonly compression: typeof COMPRESSIONS[number];
  /** The name in the header. */
  readonly name: string;
  /** The data as stored. */
  readonly data: Uint8Array;
}

/** Whether a U-Boot legacy image header starts here. */
export function is_uimage(bytes: Uint8Array): boolean {
  return be32(bytes, 0) === MAGIC;
}

/**
 * Reads a U-Boot legacy image (include/image.h): a big-endian header of 64 bytes, then data, each
 * with its CRC-32. Throws CorruptData.
 */
export function read_uimage(bytes: Uint8Array): UImage {
  if (bytes.length < HEADER_SIZE) throw new CorruptData("its uImage header is cut off");
  const header = bytes.slice(0, HEADER_SIZE);
  header.fill(0, 4, 8);
  if (crc32(header) !== be32(bytes, 4)) throw new CorruptData("its uImage header is damaged");
  const size = be32(bytes, 12);
  if (size === 0) throw new CorruptData("the uImage holds no data");
  if (HEADER_SIZE + size > bytes.length) {
    const part = part_of(bytes.length - HEADER_SIZE, size);
    throw new CorruptData(`the uImage is cut off, with ${part}`);
  }
  const data = bytes.subarray(HEADER_SIZE, HEADER_SIZE + size);
  if (crc32(data) !== be32(bytes, 24)) {
    throw new CorruptData("the uImage's data do not match their checksum");
  }
  const architecture = bytes[29]!;
  if (architecture !== ARCHITECTURE_ARM) {
    const name = ARCHITECTURES[architecture] ?? `architecture ${architecture}`;
    throw new CorruptData(`the uImage is for ${name}; ${WANTED}`);
  }
  const compression = COMPRESSIONS[bytes[31]!];
  if (compression === undefined) {
    throw new CorruptData(
      `the uImage is compressed in an unknown way (${bytes[31]}); make one with gzip`,
    );
  }
  const load = be32(bytes, 16);
  const entry = be32(bytes, 20);
  const common = { compression, name: field_text(bytes.subarray(32, 64)), data };
  const type = bytes[30]!;
  switch (type) {
    case TYPE_KERNEL:
      return { ...common, content: "kernel", load, entry };
    case TYPE_KERNEL_NOLOAD:
      return { ...common, content: "kernel", entry };
    case TYPE_RAMDISK:
      return { ...common, content: "ramdisk", load, entry };
    default:
      throw new CorruptData(`the uImage holds a ${TYPES[type] ?? `type ${type}`}; ${WANTED}`);
  }
}
