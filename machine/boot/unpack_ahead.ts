import { is_zimage, read_zimage_header, unpack_zimage, type UnpackedKernel } from "./zimage.ts";

/** A kernel that was taken out of its zImage before it is loaded. */
export type Unpacked = UnpackedKernel;

/**
 * Does ahead of `load`, perhaps on another thread, what takes longest there: unpacks a zImage.
 * Undefined where `load` must look by itself, be it that there is something to say about the image.
 */
export function unpack_ahead(
  image: Uint8Array,
  memory: number,
  progress: (fraction: number) => void,
): Unpacked | undefined {
  if (is_zimage(image) !== "little") return undefined;
  try {
    const kernel = unpack_zimage(image, read_zimage_header(image), memory, progress);
    return "why_not" in kernel ? undefined : kernel;
  } catch {
    return undefined;
  }
}
