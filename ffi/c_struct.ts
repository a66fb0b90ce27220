import type { Field, Layout } from "./abi/layout.ts";

/**
 * Memory with a C struct in it, at an address that stays the same.
 *
 * Values go in and out as numbers, or as bigints for `u64`; arrays by element.
 */
export class CStruct<Name extends string> {
  /** The memory, for a call's argument. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly #view: DataView<ArrayBuffer>;
  readonly #fields: { readonly [name in Name]: Field };
  #address: bigint | undefined;

  /** A struct of zeros, or with `values`; `extra` bytes follow it. */
  constructor(
    { size, fields }: Layout<Name>,
    options: { readonly values?: Partial<Record<Name, number | bigint>>; readonly extra?: number } =
      {},
  ) {
    this.bytes = new Uint8Array(new ArrayBuffer(size + (options.extra ?? 0)));
    this.#view = new DataView(this.bytes.buffer);
    this.#fields = fields;
    for (const name in options.values) this.set(name, options.values[name]!);
  }

  /** Where the struct is in this process, for a field of another one. */
  get address(): bigint {
    return this.#address ??= address_of(this.bytes);
  }

  /** Writes a field. */
  set(name: Name, value: number | bigint, index = 0): void {
    const { type, offset } = this.#fields[name];
    const view = this.#view;
    switch (type) {
      case "u8":
        return view.setUint8(offset + index, Number(value));
      case "u16":
        return view.setUint16(offset + 2 * index, Number(value), true);
      case "u32":
        return view.setUint32(offset + 4 * index, Number(value), true);
      case "i32":
        return view.setInt32(offset + 4 * index, Number(value), true);
      case "u64":
        return view.setBigUint64(offset + 8 * index, BigInt(value), true);
    }
  }

  /** Reads a field of up to 32 bits. */
  get(name: Name, index = 0): number {
    return Number(this.get_u64(name, index));
  }

  /** Reads any field. */
  get_u64(name: Name, index = 0): bigint {
    const { type, offset } = this.#fields[name];
    const view = this.#view;
    switch (type) {
      case "u8":
        return BigInt(view.getUint8(offset + index));
      case "u16":
        return BigInt(view.getUint16(offset + 2 * index, true));
      case "u32":
        return BigInt(view.getUint32(offset + 4 * index, true));
      case "i32":
        return BigInt(view.getInt32(offset + 4 * index, true));
      case "u64":
        return view.getBigUint64(offset + 8 * index, true);
    }
  }
}

/** The address of memory that V8 does not move: that of an ArrayBuffer made as such. */
export function address_of(bytes: Uint8Array<ArrayBuffer>): bigint {
  return Deno.UnsafePointer.value(Deno.UnsafePointer.of(bytes));
}
