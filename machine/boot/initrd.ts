import { human_size, ImageError, with_advice } from "./error.ts";
import { identify } from "./identify.ts";
import { read_uimage } from "./uimage.ts";
import { CorruptData } from "./unpacked.ts";

/**
 * What of an initrd file goes into memory: all of it, but a uImage's header is taken off.
 *
 * The kernel reads many formats, so only what surely is none is refused. Throws ImageError with
 * code `bad_initrd`.
 */
export function read_initrd(
  initrd: { readonly bytes: Uint8Array; readonly name: string },
  log: (line: string) => void,
): Uint8Array {
  const { bytes, name } = initrd;
  const info = identify(bytes);
  switch (info.kind) {
    case "empty":
    case "blank":
    case "text":
    case "zimage":
    case "zimage-big-endian":
    case "arm-image":
    case "arm64-image":
    case "x86-bzimage":
    case "riscv-image":
    case "efi-zboot":
    case "efi-pe":
    case "elf":
    case "fdt":
    case "fit":
      throw bad(name, `this is ${info.description}; pass a cpio archive or a file system image`);
    case "uimage":
      return read_ramdisk(bytes, name);
    case "raw":
      log(`${name}: the initrd is of no known format; the kernel may know it`);
      return bytes;
    default:
      log(`${name}: the initrd is ${info.description} (${human_size(bytes.length)})`);
      return bytes;
  }
}

function read_ramdisk(bytes: Uint8Array, name: string): Uint8Array {
  try {
    const uimage = read_uimage(bytes);
    if (uimage.content === "ramdisk") return uimage.data;
    throw bad(name, "the uImage holds a kernel; pass that as the image");
  } catch (error) {
    if (error instanceof CorruptData) throw bad(name, error.message);
    throw error;
  }
}

function bad(name: string, why: string): ImageError {
  return new ImageError("bad_initrd", `Cannot use initrd ${name}: ${with_advice(why)}`);
}
