/** Scalars of C structs, by size and signedness. */
export type Scalar = "u8" | "u16" | "u32" | "i32" | "u64";

const SIZES: Record<Scalar, number> = { u8: 1, u16: 2, u32: 4, i32: 4, u64: 8 };

/** A field: a scalar, or an array of them. */
export type FieldType = Scalar | readonly [Scalar, number];

/** Where a field is. */
export interface Field {
  /** What one element is. */
  readonly type: Scalar;
  /** Number of elements; 1 for a plain scalar. */
  readonly count: number;
  /** Bytes from the start of the struct. */
  readonly offset: number;
}

/** A C struct: its size, and its fields by name. */
export interface Layout<Name extends string = string> {
  /** `sizeof`. */
  readonly size: number;
  /** The fields, in order. */
  readonly fields: { readonly [name in Name]: Field };
}

/**
 * Lays a struct out as C does on every 64-bit Linux: each field at a multiple of its own size, the
 * whole padded to a multiple of the largest. `offset` shifts all fields, for an arm of a union.
 */
export function layout<Name extends string>(
  fields: { readonly [name in Name]: FieldType },
  offset = 0,
): Layout<Name> {
  const placed: Partial<Record<Name, Field>> = {};
  let at = offset;
  let alignment = 1;
  for (const name of Object.keys(fields) as Name[]) {
    const given: FieldType = fields[name];
    const type: Scalar = typeof given === "string" ? given : given[0];
    const count: number = typeof given === "string" ? 1 : given[1];
    const size = SIZES[type];
    at = align(at, size);
    placed[name] = { type, count, offset: at };
    at += size * count;
    alignment = Math.max(alignment, size);
  }
  return { size: align(at, alignment) - offset, fields: placed as Record<Name, Field> };
}

function align(value: number, to: number): number {
  return Math.ceil(value / to) * to;
}
