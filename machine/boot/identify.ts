import { ascii, be32, field_text, has_magic, le16, le32 } from "./bytes.ts";
import { WANTED } from "./error.ts";
import { linux_image } from "./linux_image.ts";
import { is_uimage } from "./uimage.ts";
import { is_zimage } from "./zimage.ts";

/** A kind of file that can be told by its bytes. */
export type ImageKind =
  | "zimage"
  | "zimage-big-endian"
  | "uimage"
  | "arm-image"
  | "elf"
  | "raw"
  | "gzip"
  | "xz"
  | "zstd"
  | "lz4"
  | "lz4-legacy"
  | "lzma"
  | "bzip2"
  | "lzop"
  | "arm64-image"
  | "riscv-image"
  | "x86-bzimage"
  | "efi-zboot"
  | "efi-pe"
  | "fdt"
  | "fit"
  | "cpio"
  | "android-boot"
  | "filesystem"
  | "disk"
  | "archive"
  | "text"
  | "blank"
  | "empty";

/** What a file is. */
export interface ImageInfo {
  /** Its kind. */
  readonly kind: ImageKind;
  /** What it is, for a person: "a gzip file". */
  readonly description: string;
  /** Why it cannot be booted and what to do instead; absent where it may be bootable. */
  readonly refusal?: string;
}

interface Signature extends ImageInfo {
  readonly at: number;
  readonly magic: readonly number[];
}

const UNPACK_FIRST = "take the kernel out of it and pass that";

const SIGNATURES: readonly Signature[] = [
  { kind: "gzip", at: 0, magic: [0x1f, 0x8b, 8], description: "a gzip file" },
  { kind: "xz", at: 0, magic: [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0], description: "an xz file" },
  { kind: "zstd", at: 0, magic: [0x28, 0xb5, 0x2f, 0xfd], description: "a zstd file" },
  { kind: "lz4", at: 0, magic: [0x04, 0x22, 0x4d, 0x18], description: "an lz4 file" },
  { kind: "lz4-legacy", at: 0, magic: [0x02, 0x21, 0x4c, 0x18], description: "a legacy lz4 file" },
  {
    kind: "bzip2",
    at: 0,
    magic: ascii("BZh"),
    description: "a bzip2 file",
    refusal: "unpack it with bunzip2 and pass the result",
  },
  {
    kind: "lzop",
    at: 0,
    magic: [0x89, ...ascii("LZO\0\r\n\x1a\n")],
    description: "an lzop file",
    refusal: "unpack it with lzop -d and pass the result",
  },
  {
    kind: "arm64-image",
    at: 0x38,
    magic: ascii("ARM\x64"),
    description: "a 64-bit arm64 Image",
    refusal: WANTED,
  },
  {
    kind: "riscv-image",
    at: 0x38,
    magic: ascii("RSC\x05"),
    description: "a RISC-V Image",
    refusal: WANTED,
  },
  {
    kind: "x86-bzimage",
    at: 0x202,
    magic: ascii("HdrS"),
    description: "an x86 bzImage",
    refusal: WANTED,
  },
  {
    kind: "efi-zboot",
    at: 4,
    magic: ascii("zimg"),
    description: "an EFI zboot image, which only UEFI firmware can start",
    refusal: WANTED,
  },
  {
    kind: "cpio",
    at: 0,
    magic: ascii("07070"),
    description: "a cpio archive, as initramfs images are",
    refusal: "pass it with --initrd, and a kernel as the image",
  },
  {
    kind: "android-boot",
    at: 0,
    magic: ascii("ANDROID!"),
    description: "an Android boot image",
    refusal: UNPACK_FIRST,
  },
  {
    kind: "archive",
    at: 0,
    magic: ascii("!<arch>"),
    description: "an ar archive or Debian package",
    refusal: `${UNPACK_FIRST} (dpkg-deb -x; the kernel is boot/vmlinuz-*)`,
  },
  {
    kind: "archive",
    at: 0,
    magic: [0xed, 0xab, 0xee, 0xdb],
    description: "an RPM package",
    refusal: UNPACK_FIRST,
  },
  {
    kind: "archive",
    at: 0,
    magic: ascii("PK\x03\x04"),
    description: "a zip archive",
    refusal: UNPACK_FIRST,
  },
  {
    kind: "archive",
    at: 0,
    magic: ascii("7z\xbc\xaf"),
    description: "a 7z archive",
    refusal: UNPACK_FIRST,
  },
  {
    kind: "archive",
    at: 257,
    magic: ascii("ustar"),
    description: "a tar archive",
    refusal: UNPACK_FIRST,
  },
  {
    kind: "filesystem",
    at: 0,
    magic: ascii("hsqs"),
    description: "a squashfs file system",
    refusal: UNPACK_FIRST,
  },
  {
    kind: "filesystem",
    at: 0,
    magic: [0x45, 0x3d, 0xcd, 0x28],
    description: "a cramfs file system",
    refusal: UNPACK_FIRST,
  },
  {
    kind: "filesystem",
    at: 0,
    magic: ascii("UBI#"),
    description: "a UBI image",
    refusal: UNPACK_FIRST,
  },
  {
    kind: "filesystem",
    at: 0,
    magic: ascii("XFSB"),
    description: "an XFS file system",
    refusal: UNPACK_FIRST,
  },
  {
    kind: "filesystem",
    at: 0x8001,
    magic: ascii("CD001"),
    description: "an ISO 9660 image",
    refusal: UNPACK_FIRST,
  },
  {
    kind: "filesystem",
    at: 0x1_0040,
    magic: ascii("_BHRfS_M"),
    description: "a btrfs file system",
    refusal: UNPACK_FIRST,
  },
  {
    kind: "disk",
    at: 0,
    magic: ascii("QFI\xfb"),
    description: "a qcow2 disk image",
    refusal: UNPACK_FIRST,
  },
  {
    kind: "disk",
    at: 512,
    magic: ascii("EFI PART"),
    description: "a disk image with GPT partitions",
    refusal: UNPACK_FIRST,
  },
];

/** Tells what `bytes` is. It looks at headers only: a file that is damaged inside is still named. */
export function identify(bytes: Uint8Array): ImageInfo {
  if (bytes.length === 0) {
    return { kind: "empty", description: "an empty file", refusal: WANTED };
  }
  // First, as newer zImages are PE files too.
  const zimage = is_zimage(bytes);
  if (zimage === "little") return { kind: "zimage", description: "a 32-bit ARM zImage" };
  if (zimage === "big") {
    return {
      kind: "zimage-big-endian",
      description: "a big-endian ARM zImage",
      refusal: "armvm has little-endian guests only; build the kernel without CPU_BIG_ENDIAN",
    };
  }
  if (is_uimage(bytes)) return { kind: "uimage", description: "a uImage" };
  if (has_magic(bytes, 0, [0x7f, 0x45, 0x4c, 0x46])) {
    return { kind: "elf", description: "an ELF file" };
  }
  if (be32(bytes, 0) === 0xd00d_feed) return identify_fdt(bytes);
  const found = SIGNATURES.find(({ at, magic }) => has_magic(bytes, at, magic));
  if (found !== undefined) {
    const { kind, description, refusal } = found;
    return refusal === undefined ? { kind, description } : { kind, description, refusal };
  }
  if (looks_like_lzma(bytes)) return { kind: "lzma", description: "an lzma file" };
  const pe = identify_pe(bytes);
  if (pe !== undefined) return pe;
  if (linux_image(bytes) !== undefined) {
    return { kind: "arm-image", description: "an uncompressed ARM Linux Image" };
  }
  return identify_headless(bytes);
}

function identify_fdt(bytes: Uint8Array): ImageInfo {
  // A FIT is a device tree whose root has a node "images".
  const struct = be32(bytes, 8);
  const is_fit = struct < bytes.length &&
    contains(bytes.subarray(0, 1 << 16), [0, 0, 0, 1, ...ascii("images\0")]);
  return is_fit
    ? {
      kind: "fit",
      description: "a FIT image",
      refusal: "take the kernel out of it (dumpimage -T flat_dt -p 0) and pass that",
    }
    : {
      kind: "fdt",
      description: "a device tree blob",
      refusal: "pass it with --dtb, and a kernel as the image",
    };
}

/** A .lzma file has no magic: the usual properties, a usual dictionary size, a possible size. */
function looks_like_lzma(bytes: Uint8Array): boolean {
  if (bytes.length < 18 || bytes[0] !== 0x5d || bytes[13] !== 0) return false;
  const dictionary = le32(bytes, 1);
  // 2^n or 2^n + 2^(n-1), as xz's and LZMA SDK's own detection has it.
  const unit = dictionary & -dictionary;
  const usual = dictionary >= 4096 &&
    (dictionary === unit >>> 0 || dictionary === 3 * (unit >>> 0));
  const low = le32(bytes, 5);
  const high = le32(bytes, 9);
  const possible = (low === 0xffff_ffff && high === 0xffff_ffff) || (high === 0 && low !== 0);
  return usual && possible;
}

const PE_MACHINES: Readonly<Record<number, string>> = {
  0x14c: "x86",
  0x8664: "x86-64",
  0xaa64: "arm64",
  0x1c0: "ARM",
  0x1c2: "ARM",
  0x1c4: "ARM",
  0x5032: "RISC-V",
  0x5064: "RISC-V",
};

function identify_pe(bytes: Uint8Array): ImageInfo | undefined {
  if (!has_magic(bytes, 0, ascii("MZ"))) return undefined;
  const at = le32(bytes, 0x3c);
  if (!has_magic(bytes, at, ascii("PE\0\0"))) return undefined;
  const machine = PE_MACHINES[le16(bytes, at + 4)] ?? "another machine's";
  return {
    kind: "efi-pe",
    description: `an EFI or Windows program (PE, ${machine})`,
    refusal: WANTED,
  };
}

/** What is left: files that only their content gives away. */
function identify_headless(bytes: Uint8Array): ImageInfo {
  if (le16(bytes, 0x438) === 0xef53) {
    return {
      kind: "filesystem",
      description: "an ext2, ext3 or ext4 file system",
      refusal: UNPACK_FIRST,
    };
  }
  const head = bytes.subarray(0, 4096);
  if (is_text(head)) {
    const line = field_text(head.subarray(0, 24)).split("?")[0]!;
    return {
      kind: "text",
      description: line.length < 4 ? "a text file" : `a text file that starts "${line}"`,
      refusal: WANTED,
    };
  }
  if (head.every((byte) => byte === 0) && bytes.every((byte) => byte === 0)) {
    return { kind: "blank", description: "a file of zero bytes only", refusal: WANTED };
  }
  if (head.every((byte) => byte === 0xff) && bytes.every((byte) => byte === 0xff)) {
    return { kind: "blank", description: "a file of 0xff bytes only", refusal: WANTED };
  }
  if (le16(bytes, 510) === 0xaa55 && bytes.length % 512 === 0 && has_partition(bytes)) {
    return { kind: "disk", description: "a disk image with partitions", refusal: UNPACK_FIRST };
  }
  return { kind: "raw", description: "a raw binary" };
}

function is_text(bytes: Uint8Array): boolean {
  return bytes.length >= 4 &&
    bytes.every((byte) =>
      (byte >= 0x20 && byte < 0x7f) || byte >= 0xa0 || (byte >= 9 && byte < 14)
    ) &&
    bytes.filter((byte) => byte < 0x80).length > bytes.length * 0.7;
}

/** Whether an MBR has at least one partition, all with a valid status byte. */
function has_partition(bytes: Uint8Array): boolean {
  const entries = [446, 462, 478, 494];
  return entries.every((at) => (bytes[at]! & 0x7f) === 0) &&
    entries.some((at) => bytes[at + 4] !== 0 && le32(bytes, at + 12) !== 0);
}

function contains(bytes: Uint8Array, needle: readonly number[]): boolean {
  for (let i = bytes.indexOf(needle[0]!); i >= 0; i = bytes.indexOf(needle[0]!, i + 1)) {
    if (has_magic(bytes, i, needle)) return true;
  }
  return false;
}
