/** A property value of 32-bit big-endian cells. */
export function cells(...values: number[]): Uint8Array {
  const bytes = new Uint8Array(values.length * 4);
  const view = new DataView(bytes.buffer);
  values.forEach((value, index) => view.setUint32(index * 4, value));
  return bytes;
}

/** A property value of 64-bit big-endian numbers, two cells each. */
export function cells64(...values: (number | bigint)[]): Uint8Array {
  const bytes = new Uint8Array(values.length * 8);
  const view = new DataView(bytes.buffer);
  values.forEach((value, index) => view.setBigUint64(index * 8, BigInt(value)));
  return bytes;
}

/** A property value of NUL-terminated strings. */
export function strings(...values: string[]): Uint8Array {
  return new TextEncoder().encode(values.map((value) => value + "\0").join(""));
}

/** A property whose presence is its value. */
export function flag(): Uint8Array {
  return new Uint8Array(0);
}

/** The cells of a property; undefined when its length is not a multiple of four. */
export function read_cells(value: Uint8Array): number[] | undefined {
  if (value.length % 4 !== 0) return undefined;
  const view = new DataView(value.buffer, value.byteOffset, value.length);
  return Array.from({ length: value.length / 4 }, (_, index) => view.getUint32(index * 4));
}

/** The strings of a property; undefined when it is not a list of NUL-terminated UTF-8 strings. */
export function read_strings(value: Uint8Array): string[] | undefined {
  if (value.length === 0 || value[value.length - 1] !== 0) return undefined;
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(value).slice(0, -1)
      .split("\0");
  } catch {
    return undefined;
  }
}

/** Hands out phandles, counted up from a first one. */
export class Phandles {
  #next: number;

  /** Starts at `first`; QEMU's `virt` starts at 0x8000, and so does this. */
  constructor(first = 0x8000) {
    this.#next = first;
  }

  /** A phandle not given before. */
  next(): number {
    return this.#next++;
  }
}
