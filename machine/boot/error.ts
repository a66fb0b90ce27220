/** What kind of input was at fault. */
export type ImageErrorCode = "bad_image" | "bad_initrd" | "bad_fdt" | "too_large";

/**
 * What is given to a guest at boot cannot be used.
 *
 * The message is one line that says what is wrong and what to do about it.
 */
export class ImageError extends Error {
  /** What kind of input was at fault. */
  readonly code: ImageErrorCode;

  /** Makes an error with `message` as it is. */
  constructor(code: ImageErrorCode, message: string) {
    super(message);
    this.name = "ImageError";
    this.code = code;
  }
}

/** What armvm takes, for messages. */
export const WANTED = "armvm needs a 32-bit ARM kernel (zImage, uImage, Image, ELF or raw binary)";

/** A byte count for a person: "5.2 MiB". */
export function human_size(bytes: number): string {
  if (bytes < 1024) return bytes === 1 ? "1 byte" : `${bytes} bytes`;
  const units = ["KiB", "MiB", "GiB", "TiB"];
  let value = bytes;
  let unit = -1;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${value >= 100 ? value.toFixed(0) : value.toFixed(1).replace(/\.0$/, "")} ${units[unit]}`;
}

/** How much of something is there: "1.9 MiB of 5.2 MiB", or in bytes where that would hide it. */
export function part_of(have: number, need: number): string {
  const [part, whole] = [human_size(have), human_size(need)];
  return part === whole ? `${have} of ${need} bytes` : `${part} of ${whole}`;
}

/** A guest address for a person: "0x40008000". */
export function hex(value: number): string {
  return `0x${value.toString(16)}`;
}

/** `why` with what to do about damaged files behind it, unless it says what to do already. */
export function with_advice(why: string): string {
  return why.includes("; ") ? why : `${why}; get a whole copy of it`;
}
