/** A file for {@link tar_entry}. */
export interface TarFile {
  /** Path, of at most 100 bytes. */
  readonly name: string;
  /** Permissions. */
  readonly mode: number;
  /** Contents. */
  readonly bytes: Uint8Array;
}

const BLOCK = 512;

/** What ends an archive. */
export const TAR_END: Uint8Array<ArrayBuffer> = new Uint8Array(2 * BLOCK);

/** A file as a piece of a tar archive (POSIX ustar), the same for the same file at any time. */
export function tar_entry({ name, mode, bytes }: TarFile): Uint8Array<ArrayBuffer> {
  const entry = new Uint8Array(BLOCK + Math.ceil(bytes.length / BLOCK) * BLOCK);
  const put = (at: number, text: string) => entry.set(new TextEncoder().encode(text), at);
  const octal = (at: number, digits: number, value: number) =>
    put(at, value.toString(8).padStart(digits, "0"));
  if (new TextEncoder().encode(name).length > 100) throw new RangeError(`${name} is too long`);
  put(0, name);
  octal(100, 7, mode);
  octal(108, 7, 0);
  octal(116, 7, 0);
  octal(124, 11, bytes.length);
  octal(136, 11, 0);
  put(148, " ".repeat(8));
  put(156, "0");
  put(257, "ustar\0" + "00");
  const sum = entry.subarray(0, BLOCK).reduce((total, byte) => total + byte, 0);
  put(148, `${sum.toString(8).padStart(6, "0")}\0 `);
  entry.set(bytes, BLOCK);
  return entry;
}
