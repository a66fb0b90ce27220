/**
 * Writes WebAssembly binaries (WebAssembly core specification, chapter 5).
 *
 * @module
 */

/** A type of values. */
export type Ty = "i32" | "i64" | "f32" | "f64" | "v128";

/** Value type bytes. */
export const TYPE_BYTE: Record<Ty, number> = {
  i32: 0x7f,
  i64: 0x7e,
  f32: 0x7d,
  f64: 0x7c,
  v128: 0x7b,
};

/** Opcodes of control, variable and memory instructions, which carry immediates. */
export const OP = {
  unreachable: 0x00,
  block: 0x02,
  loop: 0x03,
  if: 0x04,
  else: 0x05,
  end: 0x0b,
  br: 0x0c,
  br_if: 0x0d,
  br_table: 0x0e,
  return: 0x0f,
  call: 0x10,
  call_indirect: 0x11,
  return_call_indirect: 0x13,
  drop: 0x1a,
  local_get: 0x20,
  local_set: 0x21,
  local_tee: 0x22,
  i32_load: 0x28,
  i64_load: 0x29,
  f32_load: 0x2a,
  f64_load: 0x2b,
  i32_load8_s: 0x2c,
  i32_load8_u: 0x2d,
  i32_load16_s: 0x2e,
  i32_load16_u: 0x2f,
  i32_store: 0x36,
  i64_store: 0x37,
  f32_store: 0x38,
  f64_store: 0x39,
  i32_store8: 0x3a,
  i32_store16: 0x3b,
  i32_const: 0x41,
  i64_const: 0x42,
  f32_const: 0x43,
  f64_const: 0x44,
} as const;

const scratch = new DataView(new ArrayBuffer(8));

/** A growing sequence of bytes. */
export class Bytes {
  #bytes = new Uint8Array(256);
  length = 0;

  /** Appends bytes. */
  u8(...values: number[]): this {
    for (let i = 0; i < values.length; i++) this.byte(values[i]!);
    return this;
  }
  /** Appends the bytes of a list. */
  list(values: ArrayLike<number>): this {
    for (let i = 0; i < values.length; i++) this.byte(values[i]!);
    return this;
  }
  /** Appends one byte. */
  byte(value: number): void {
    if (this.length === this.#bytes.length) {
      const larger = new Uint8Array(this.length * 2);
      larger.set(this.#bytes);
      this.#bytes = larger;
    }
    this.#bytes[this.length++] = value;
  }
  /** Appends an unsigned LEB128 number below 2^32. */
  leb(value: number): this {
    let v = value >>> 0;
    while (v >= 0x80) {
      this.byte((v & 0x7f) | 0x80);
      v >>>= 7;
    }
    this.byte(v);
    return this;
  }
  /** Appends a signed LEB128 number of 32 bits. */
  sleb(value: number): this {
    let v = value | 0;
    for (;;) {
      const low = v & 0x7f;
      v >>= 7;
      if ((v === 0 && (low & 0x40) === 0) || (v === -1 && (low & 0x40) !== 0)) {
        this.byte(low);
        return this;
      }
      this.byte(low | 0x80);
    }
  }
  /** Appends a signed LEB128 number of 64 bits. */
  sleb64(value: bigint): this {
    let v = BigInt.asIntN(64, value);
    for (;;) {
      const low = Number(v & 0x7fn);
      v >>= 7n;
      if ((v === 0n && (low & 0x40) === 0) || (v === -1n && (low & 0x40) !== 0)) {
        this.byte(low);
        return this;
      }
      this.byte(low | 0x80);
    }
  }
  /** Appends a name: its length and its bytes. */
  name(text: string): this {
    const bytes = new TextEncoder().encode(text);
    this.leb(bytes.length);
    return this.append(bytes);
  }
  /** Appends what another sequence holds. */
  append(other: Uint8Array): this {
    const needed = this.length + other.length;
    if (needed > this.#bytes.length) {
      const larger = new Uint8Array(Math.max(needed, this.#bytes.length * 2));
      larger.set(this.#bytes.subarray(0, this.length));
      this.#bytes = larger;
    }
    this.#bytes.set(other, this.length);
    this.length += other.length;
    return this;
  }
  /** The bytes so far. */
  view(): Uint8Array<ArrayBuffer> {
    return this.#bytes.subarray(0, this.length);
  }
}

/** A function's body as the code section has it: locals and instructions. */
export interface Body {
  readonly bytes: Uint8Array;
  /** Offsets of branches that are hardly ever taken. */
  readonly hints: readonly number[];
}

/** A body under construction. */
export class Code extends Bytes {
  readonly #types: Ty[] = [];
  readonly #parameters: number;
  readonly #free: Record<Ty, number[]> = { i32: [], i64: [], f32: [], f64: [], v128: [] };
  readonly #unlikely: number[] = [];

  /** A body for a function with `parameters` parameters. */
  constructor(parameters: number) {
    super();
    this.#parameters = parameters;
  }

  /** A new local for the whole function. */
  local(ty: Ty): number {
    this.#types.push(ty);
    return this.#parameters + this.#types.length - 1;
  }
  /** A local until it is given back. */
  borrow(ty: Ty): number {
    return this.#free[ty].pop() ?? this.local(ty);
  }
  /** Ends a loan. */
  give_back(ty: Ty, index: number): void {
    this.#free[ty].push(index);
  }
  /** Says that the `if` or `br_if` that comes next is hardly ever taken. */
  unlikely(): this {
    this.#unlikely.push(this.length);
    return this;
  }

  get(local: number): this {
    this.byte(OP.local_get);
    return this.leb(local);
  }
  set(local: number): this {
    this.byte(OP.local_set);
    return this.leb(local);
  }
  tee(local: number): this {
    this.byte(OP.local_tee);
    return this.leb(local);
  }
  i32(value: number): this {
    this.byte(OP.i32_const);
    return this.sleb(value);
  }
  i64(value: bigint): this {
    this.byte(OP.i64_const);
    return this.sleb64(value);
  }
  f32(value: number): this {
    scratch.setFloat32(0, value, true);
    this.byte(OP.f32_const);
    for (let i = 0; i < 4; i++) this.byte(scratch.getUint8(i));
    return this;
  }
  f64(value: number): this {
    scratch.setFloat64(0, value, true);
    this.byte(OP.f64_const);
    for (let i = 0; i < 8; i++) this.byte(scratch.getUint8(i));
    return this;
  }
  /** A load or store: `align` is log2. */
  mem(opcode: number, align: number, offset: number): this {
    this.byte(opcode);
    this.leb(align);
    return this.leb(offset);
  }
  /** A v128 load (0) or store (11). */
  v128_mem(opcode: number, offset: number): this {
    this.u8(0xfd);
    this.leb(opcode);
    this.leb(0);
    return this.leb(offset);
  }

  /** The body as the code section has it. */
  finish(): Body {
    const declarations = this.#declarations();
    return {
      bytes: new Bytes().append(declarations).append(this.view()).u8(OP.end).view().slice(),
      hints: this.#unlikely.map((offset) => offset + declarations.length),
    };
  }

  #declarations(): Uint8Array {
    const out = new Bytes();
    const runs: { ty: Ty; count: number }[] = [];
    for (const ty of this.#types) {
      const last = runs.at(-1);
      if (last?.ty === ty) last.count++;
      else runs.push({ ty, count: 1 });
    }
    out.leb(runs.length);
    for (const { ty, count } of runs) out.leb(count).u8(TYPE_BYTE[ty]);
    return out.view();
  }
}

/** A function's type. */
export interface FuncType {
  readonly params: readonly Ty[];
  readonly results: readonly Ty[];
}

/** A module under construction: one memory, perhaps a table, imported and own functions. */
export class Module {
  readonly #types: FuncType[] = [];
  readonly #type_index = new Map<string, number>();
  readonly #imports: { name: string; type: number }[] = [];
  readonly #import_index = new Map<string, number>();
  readonly #functions: { type: number; name: string; body: Body }[] = [];
  readonly #table: boolean;
  readonly #memory: "shared" | "unshared" | "none";

  /** A module that imports `env.memory`, unless told not to, and, with `table`, `env.table`. */
  constructor(options: { table?: boolean; memory?: "shared" | "unshared" | "none" } = {}) {
    this.#table = options.table ?? false;
    this.#memory = options.memory ?? "shared";
  }

  /** The index of a function type. */
  type(params: readonly Ty[], results: readonly Ty[]): number {
    const key = `${params}:${results}`;
    let index = this.#type_index.get(key);
    if (index === undefined) {
      index = this.#types.push({ params, results }) - 1;
      this.#type_index.set(key, index);
    }
    return index;
  }
  /** Imports `env.name`; its function index. Before any own function is added. */
  import(name: string, params: readonly Ty[], results: readonly Ty[]): number {
    const known = this.#import_index.get(name);
    if (known !== undefined) return known;
    const index = this.#imports.push({ name, type: this.type(params, results) }) - 1;
    this.#import_index.set(name, index);
    return index;
  }
  /** Adds a function, exported as `name`. */
  func(name: string, params: readonly Ty[], results: readonly Ty[], body: Body): void {
    this.#functions.push({ name, type: this.type(params, results), body });
  }

  /** The custom section `metadata.code.branch_hint` (WebAssembly branch hinting proposal). */
  #branch_hints(out: Bytes): void {
    const s = new Bytes().name("metadata.code.branch_hint");
    const hinted = this.#functions.filter(({ body }) => body.hints.length > 0);
    if (hinted.length === 0) return;
    s.leb(hinted.length);
    this.#functions.forEach(({ body: { hints } }, i) => {
      if (hints.length === 0) return;
      s.leb(this.#imports.length + i).leb(hints.length);
      for (const offset of hints) s.leb(offset).u8(1, 0);
    });
    out.u8(0).leb(s.length).append(s.view());
  }

  /** The binary. */
  finish(): Uint8Array<ArrayBuffer> {
    const out = new Bytes();
    out.u8(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0);
    section(out, 1, this.#types.length, (s) => {
      for (const { params, results } of this.#types) {
        s.u8(0x60).leb(params.length).u8(...params.map((t) => TYPE_BYTE[t]));
        s.leb(results.length).u8(...results.map((t) => TYPE_BYTE[t]));
      }
    });
    const own = (this.#memory === "none" ? 0 : 1) + (this.#table ? 1 : 0);
    section(out, 2, this.#imports.length + own, (s) => {
      if (this.#memory !== "none") {
        s.name("env").name("memory").byte(2);
        // Shared ones are as large as they can be; others have at least a page and may grow.
        if (this.#memory === "shared") s.u8(3).leb(65536).leb(65536);
        else s.u8(0, 1);
      }
      if (this.#table) s.name("env").name("table").u8(1, 0x70, 0).leb(0);
      for (const { name, type } of this.#imports) s.name("env").name(name).u8(0).leb(type);
    });
    section(out, 3, this.#functions.length, (s) => {
      for (const f of this.#functions) s.leb(f.type);
    });
    section(out, 7, this.#functions.length, (s) => {
      this.#functions.forEach((f, i) => s.name(f.name).u8(0).leb(this.#imports.length + i));
    });
    this.#branch_hints(out);
    section(out, 10, this.#functions.length, (s) => {
      for (const { body: { bytes } } of this.#functions) s.leb(bytes.length).append(bytes);
    });
    return out.view();
  }
}

function section(out: Bytes, id: number, count: number, fill: (s: Bytes) => void): void {
  const s = new Bytes();
  s.leb(count);
  fill(s);
  out.u8(id).leb(s.length).append(s.view());
}
