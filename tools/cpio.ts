/**
 * Writes cpio archives in the "newc" format, as Linux's initramfs takes them
 * (Documentation/driver-api/early-userspace/buffer-format.rst).
 *
 * @module
 */

/** One file of an archive. */
export interface CpioEntry {
  /** Path without a leading slash, such as `bin/busybox`. */
  readonly path: string;
  /** File type and permissions, as in `st_mode`. */
  readonly mode: number;
  /** The file's bytes, or a symbolic link's target. */
  readonly data?: Uint8Array | string;
  /** Major and minor number of a device node. */
  readonly device?: readonly [major: number, minor: number];
}

/** A directory, 0755. */
export function directory(path: string): CpioEntry {
  return { path, mode: 0o040755 };
}

/** A regular file; 0644, or 0755 when `executable`. */
export function file(path: string, data: Uint8Array | string, executable = false): CpioEntry {
  return { path, mode: executable ? 0o100755 : 0o100644, data };
}

/** A symbolic link to `target`. */
export function symlink(path: string, target: string): CpioEntry {
  return { path, mode: 0o120777, data: target };
}

/** A character device node, 0600. */
export function char_device(path: string, major: number, minor: number): CpioEntry {
  return { path, mode: 0o020600, device: [major, minor] };
}

/** The archive of `entries`, in order; owned by root, with the same bytes every time. */
export function cpio_newc(entries: readonly CpioEntry[]): Uint8Array<ArrayBuffer> {
  const records = [...entries, { path: "TRAILER!!!", mode: 0 }].map(record);
  const size = records.reduce((sum, { length }) => sum + length, 0);
  const archive = new Uint8Array(align(size, 512));
  let offset = 0;
  for (const bytes of records) {
    archive.set(bytes, offset);
    offset += bytes.length;
  }
  return archive;
}

function record(entry: CpioEntry, index: number): Uint8Array {
  const encoder = new TextEncoder();
  const name = encoder.encode(entry.path + "\0");
  const data = typeof entry.data === "string"
    ? encoder.encode(entry.data)
    : entry.data ?? new Uint8Array();
  const is_directory = (entry.mode & 0o170000) === 0o040000;
  const [major, minor] = entry.device ?? [0, 0];
  // ino, mode, uid, gid, nlink, mtime, filesize, dev major/minor, rdev major/minor, namesize, check
  const fields = [
    index + 1,
    entry.mode,
    0,
    0,
    is_directory ? 2 : 1,
    0,
    data.length,
    0,
    0,
    major,
    minor,
    name.length,
    0,
  ];
  const header = encoder.encode(
    "070701" + fields.map((value) => value.toString(16).padStart(8, "0")).join(""),
  );
  const data_at = align(header.length + name.length, 4);
  const bytes = new Uint8Array(align(data_at + data.length, 4));
  bytes.set(header);
  bytes.set(name, header.length);
  bytes.set(data, data_at);
  return bytes;
}

function align(value: number, to: number): number {
  return Math.ceil(value / to) * to;
}
