import type { AccessOptions, DirectAccess, Node } from "../ir/node.ts";
import type { Ty } from "../ir/types.ts";
import { MAP_BIAS, MEM, STATE } from "../state.ts";
import { type Code, OP } from "../../wasm/encoder.ts";
import type { ProgramFrame } from "./program_frame.ts";
import { access_bits } from "./reference.ts";
import type { Surroundings } from "./surroundings.ts";

/** Guest memory behind an address that is known to be one; nothing is known of its alignment. */
const DIRECT_LOAD: Record<Ty | DirectAccess, (c: Code, offset: number) => void> = {
  u8: (c, offset) => c.mem(OP.i32_load8_u, 0, offset + MAP_BIAS),
  u16: (c, offset) => c.mem(OP.i32_load16_u, 0, offset + MAP_BIAS),
  i32: (c, offset) => c.mem(OP.i32_load, 0, offset + MAP_BIAS),
  i64: (c, offset) => c.mem(OP.i64_load, 0, offset + MAP_BIAS),
  f32: (c, offset) => c.mem(OP.f32_load, 0, offset + MAP_BIAS),
  f64: (c, offset) => c.mem(OP.f64_load, 0, offset + MAP_BIAS),
  v128: (c, offset) => c.v128_mem(0, offset + MAP_BIAS),
};
const DIRECT_STORE: Record<Ty | DirectAccess, (c: Code, offset: number) => void> = {
  u8: (c, offset) => c.mem(OP.i32_store8, 0, offset + MAP_BIAS),
  u16: (c, offset) => c.mem(OP.i32_store16, 0, offset + MAP_BIAS),
  i32: (c, offset) => c.mem(OP.i32_store, 0, offset + MAP_BIAS),
  i64: (c, offset) => c.mem(OP.i64_store, 0, offset + MAP_BIAS),
  f32: (c, offset) => c.mem(OP.f32_store, 0, offset + MAP_BIAS),
  f64: (c, offset) => c.mem(OP.f64_store, 0, offset + MAP_BIAS),
  v128: (c, offset) => c.v128_mem(11, offset + MAP_BIAS),
};

/** i32.atomic.rmw8.cmpxchg_u and its like. */
const CMPXCHG = {
  1: { code: 0x4a, align: 0 },
  2: { code: 0x4b, align: 1 },
  4: { code: 0x48, align: 2 },
  8: { code: 0x49, align: 3 },
} as const;

/** Where a page map's word is: in a local, or behind the page in a cell. */
type Word = { readonly entry: number } | { readonly cell: number };

/** Emits a program's accesses to guest memory. */
export class AccessEmitter {
  readonly #around: Surroundings;
  readonly #frame: ProgramFrame;
  readonly #code: Code;
  /** Locals of ranges by the ids of nodes: the page map's entry, and the address. */
  readonly #ranges = new Map<number, { entry: number; address: number }>();

  constructor(around: Surroundings, frame: ProgramFrame) {
    this.#around = around;
    this.#frame = frame;
    this.#code = around.code;
  }

  /** Pushes what addresses in a range are added to. */
  #push_direct(range: Node): void {
    const { entry, address } = this.#ranges.get(range.id)!;
    this.#code.get(entry).get(address).byte(0x6a);
  }

  /** Pushes what is at a place of a range, read as `type`. */
  direct_load(node: Node & { k: "direct_load" }, type: Ty | DirectAccess): void {
    this.#push_direct(node.range);
    DIRECT_LOAD[type](this.#code, node.offset);
  }

  /** Stores what `push` pushes to a place of a range, as `type`. */
  direct_store(
    node: Node & { k: "direct_store" },
    type: Ty | DirectAccess,
    push: () => void,
  ): void {
    this.#push_direct(node.range);
    push();
    DIRECT_STORE[type](this.#code, node.offset);
  }

  /** As {@link #map_entry}, off too where the access is not aligned, or leaves its page. */
  #map_access(address: number, width: number, options: AccessOptions, write: boolean): number {
    if (options.window) {
      const window = this.#frame.local_of(options.window);
      this.#code.get(window).byte(0x45);
      return window;
    }
    const anywhere = this.#around.unaligned && !options.aligned && options.element === undefined;
    const element = anywhere ? 1 : Math.min(options.element ?? width, width);
    const { unprivileged } = options;
    const entry = this.#map_entry(address, element - 1, { write, unprivileged });
    if (element < width) {
      this.#code.get(address).i32(0xfff).u8(0x71).i32(0x1000 - width).u8(0x4b, 0x72);
    }
    if (anywhere && width > 1) this.#or_unaligned_faults(address);
    return entry;
  }

  /** Pushes the page map's entry for `address` into a local; pushes whether the fast path is off. */
  #map_entry(
    address: number,
    mask: number,
    { write, unprivileged }: { write: boolean; unprivileged?: boolean },
  ): number {
    const c = this.#code;
    const entry = this.#frame.borrow("i32");
    const local = this.#around.map;
    if (local !== undefined && !unprivileged) c.get(local);
    else c.i32(0).mem(OP.i32_load, 2, (unprivileged ? STATE.user_map : STATE.map).address);
    c.get(address).i32(12).u8(0x76).i32(2).u8(0x74, 0x6a);
    c.mem(OP.i32_load, 2, write ? MEM.map_bytes : 0).tee(entry);
    // The low bits of an entry are ones; see MAP_BIAS.
    if (mask === 0) c.byte(0x45);
    else {
      c.i32(-1).byte(0x73);
      c.get(address).u8(0x72).i32(mask).u8(0x71);
    }
    return entry;
  }

  /** The page map's entry for a range of words in one page, else 0. */
  window(node: Node & { k: "window" }): void {
    const c = this.#code;
    const address = this.#frame.borrow("i32");
    this.#frame.push(node.address);
    c.set(address);
    const entry = this.#map_entry(address, 3, { write: node.write });
    c.byte(0x45);
    c.get(address).i32(0xfff).u8(0x71);
    this.#frame.push(node.length);
    c.u8(0x6a).i32(0x1000).u8(0x4d, 0x71);
    // All bits or none of the entry.
    c.i32(-1).u8(0x6c);
    c.get(entry).byte(0x71);
    c.set(this.#frame.local_of(node));
  }

  /** The page map's entry for a range, for direct accesses; its value is whether there is none. */
  range(node: Node & { k: "range" }): void {
    const c = this.#code, { mask, length, write } = node;
    const address = this.#frame.borrow("i32");
    this.#frame.push(node.address);
    c.set(address);
    const known = mask.k === "const" ? mask.value as number : 0;
    const entry = this.#map_entry(address, known, { write });
    if (mask.k !== "const") {
      c.get(address);
      this.#frame.push(mask);
      c.u8(0x71, 0x72);
    }
    // What is aligned to its length does not leave its page.
    if (known < length - 1) {
      c.get(address).i32(0xfff).u8(0x71).i32(0x1000 - length).u8(0x4b, 0x72);
    }
    if (node.unaligned) this.#or_unaligned_faults(address);
    c.set(this.#frame.local_of(node));
    this.#ranges.set(node.id, { entry, address });
  }

  /** Adds to what is pushed whether an unaligned access may fault where an aligned one does not. */
  #or_unaligned_faults(address: number): void {
    const c = this.#code;
    c.get(address).i32(21).u8(0x76).mem(OP.i32_load8_u, 0, MEM.near_device).byte(0x72);
    c.i32(0).mem(OP.i32_load, 2, STATE.strict_alignment.address).byte(0x72);
  }

  /** Pushes what a load reads. */
  load(node: Node & { k: "load" }): void {
    const c = this.#code, { options } = node;
    const address = this.#frame.borrow("i32");
    this.#frame.push(node.address);
    c.set(address);
    if (options.window === undefined || this.#around.miss) {
      return this.#load_at(address, node, options);
    }
    // A list that lies in two pages: each of its words is looked up.
    const window = this.#frame.local_of(options.window);
    c.get(window).byte(0x45);
    c.unlikely().u8(OP.if, node.width === 8 ? 0x7e : 0x7f);
    this.#frame.depth++;
    this.#load_at(address, node, { ...options, window: undefined });
    this.#frame.depth--;
    c.byte(OP.else);
    this.#load_mapped({ entry: window }, address, node);
    c.byte(OP.end);
  }

  #load_at(address: number, node: Node & { k: "load" }, options: AccessOptions): void {
    const c = this.#code, { width } = node;
    const cell = this.#cell(options, width, false);
    if (cell !== undefined) {
      this.#find_page(cell, address, { width, write: false });
      return this.#load_mapped(cell, address, node);
    }
    const entry = this.#map_access(address, width, options, false);
    if (this.#around.miss) {
      this.#miss(this.#around.miss);
      return this.#load_mapped({ entry }, address, node);
    }
    const value = this.#frame.borrow(node.ty!);
    c.unlikely().u8(OP.if, width === 8 ? 0x7e : 0x7f);
    this.#frame.depth++;
    this.#around.mark();
    c.get(address);
    if (width !== 8) c.i32(width);
    c.i32(access_bits(options)).u8(OP.call);
    c.leb(width === 8 ? this.#around.imports.load64() : this.#around.imports.load());
    if (options.signed && width === 1) c.byte(0xc0);
    if (options.signed && width === 2) c.byte(0xc1);
    c.set(value);
    this.#frame.check_exit();
    c.get(value);
    this.#frame.depth--;
    c.byte(OP.else);
    this.#load_mapped({ entry }, address, node);
    c.byte(OP.end);
  }

  #miss(leave: (depth: number) => void): void {
    this.#code.unlikely().u8(OP.if, 0x40);
    leave(this.#frame.depth + 1);
    this.#code.byte(OP.end);
  }

  /** The cell in which an access remembers its page, where it does. */
  #cell(options: AccessOptions, width: number, write: boolean): { cell: number } | undefined {
    const { cell, miss } = this.#around;
    if (cell === undefined || !miss || options.window || options.unprivileged) return undefined;
    if (options.element !== undefined && options.element < width) return undefined;
    return { cell: write ? cell + MEM.write_cells : cell };
  }

  /** Has a cell have the page of an access. */
  #find_page(
    { cell }: { cell: number },
    address: number,
    { width, write }: { width: number; write: boolean },
  ): void {
    const c = this.#code;
    c.get(address).i32(-4096 | (width - 1)).byte(0x71);
    c.i32(0).mem(OP.i32_load, 2, cell).byte(0x47);
    c.unlikely().u8(OP.if, 0x40);
    this.#frame.depth++;
    const entry = this.#map_entry(address, width - 1, { write });
    this.#miss(this.#around.miss!);
    c.i32(0).get(address).i32(-4096).u8(0x71).mem(OP.i32_store, 2, cell);
    c.i32(0).get(entry).mem(OP.i32_store, 2, cell + 4);
    c.i32(0).i32(1).mem(OP.i32_store, 2, MEM.cells_used);
    this.#around.strays?.();
    this.#frame.depth--;
    c.byte(OP.end);
  }

  /** Pushes where an address lies in the memory, without MAP_BIAS, by its page map's word. */
  #mapped_address(word: Word, address: number): void {
    const c = this.#code;
    if ("cell" in word) c.i32(0).mem(OP.i32_load, 2, word.cell + 4);
    else c.get(word.entry);
    c.get(address).byte(0x6a);
  }

  /** Pushes what is at an address, by its page map's word. */
  #load_mapped(word: Word, address: number, node: Node & { k: "load" }): void {
    const c = this.#code, { width, options } = node;
    this.#mapped_address(word, address);
    if (width === 8) c.mem(OP.i64_load, 0, MAP_BIAS);
    else if (width === 4) c.mem(OP.i32_load, 0, MAP_BIAS);
    else if (width === 2) c.mem(options.signed ? OP.i32_load16_s : OP.i32_load16_u, 0, MAP_BIAS);
    else c.mem(options.signed ? OP.i32_load8_s : OP.i32_load8_u, 0, MAP_BIAS);
  }

  /** Stores a value. */
  store(node: Node & { k: "store" }): void {
    const c = this.#code, { width, options } = node;
    const address = this.#frame.borrow("i32");
    const value = this.#frame.borrow(width === 8 ? "i64" : "i32");
    this.#frame.push(node.address);
    c.set(address);
    this.#frame.push(node.value);
    c.set(value);
    if (options.window === undefined || this.#around.miss) {
      return this.#store_at(address, { value, width }, options);
    }
    const window = this.#frame.local_of(options.window);
    c.get(window).byte(0x45);
    c.unlikely().u8(OP.if, 0x40);
    this.#frame.depth++;
    this.#store_at(address, { value, width }, { ...options, window: undefined });
    this.#frame.depth--;
    c.byte(OP.else);
    this.#store_mapped({ entry: window }, address, { value, width });
    c.byte(OP.end);
  }

  #store_at(
    address: number,
    { value, width }: { value: number; width: 1 | 2 | 4 | 8 },
    options: AccessOptions,
  ): void {
    const c = this.#code;
    const cell = this.#cell(options, width, true);
    if (cell !== undefined) {
      this.#find_page(cell, address, { width, write: true });
      return this.#store_mapped(cell, address, { value, width });
    }
    const entry = this.#map_access(address, width, options, true);
    if (this.#around.miss) {
      this.#miss(this.#around.miss);
      return this.#store_mapped({ entry }, address, { value, width });
    }
    c.unlikely().u8(OP.if, 0x40);
    this.#frame.depth++;
    this.#around.mark();
    c.get(address);
    if (width !== 8) c.i32(width);
    c.get(value).i32(access_bits(options)).u8(OP.call);
    c.leb(width === 8 ? this.#around.imports.store64() : this.#around.imports.store());
    this.#around.may_change_code?.();
    this.#frame.check_exit();
    this.#frame.depth--;
    c.byte(OP.else);
    this.#store_mapped({ entry }, address, { value, width });
    c.byte(OP.end);
  }

  /** Stores the local `value` to an address, by its page map's word. */
  #store_mapped(
    word: Word,
    address: number,
    { value, width }: { value: number; width: number },
  ): void {
    const c = this.#code;
    this.#mapped_address(word, address);
    c.get(value);
    if (width === 8) c.mem(OP.i64_store, 0, MAP_BIAS);
    else if (width === 4) c.mem(OP.i32_store, 0, MAP_BIAS);
    else if (width === 2) c.mem(OP.i32_store16, 0, MAP_BIAS);
    else c.mem(OP.i32_store8, 0, MAP_BIAS);
  }

  /** Pushes whether memory was as expected, and then has the new value. */
  compare_exchange(node: Node & { k: "compare_exchange" }): void {
    const c = this.#code, { width } = node;
    const address = this.#frame.borrow("i32"), done = this.#frame.borrow("i32");
    this.#frame.push(node.address);
    c.set(address);
    const entry = this.#map_entry(address, width - 1, { write: true });
    c.unlikely().u8(OP.if, 0x7f);
    this.#frame.depth++;
    this.#around.mark();
    c.get(address);
    if (width !== 8) c.i32(width);
    this.#frame.push(node.expected);
    this.#frame.push(node.value);
    c.byte(OP.call);
    c.leb(width === 8 ? this.#around.imports.exchange64() : this.#around.imports.exchange());
    this.#around.may_change_code?.();
    c.set(done);
    this.#frame.check_exit();
    c.get(done);
    this.#frame.depth--;
    c.byte(OP.else);
    c.get(entry).get(address).u8(0x6a);
    this.#frame.push(node.expected);
    this.#frame.push(node.value);
    // Alignment must be the natural one; these opcodes are the threads proposal's.
    const { code, align } = CMPXCHG[width];
    c.u8(0xfe).mem(code, align, MAP_BIAS);
    this.#frame.push(node.expected);
    c.byte(width === 8 ? 0x51 : 0x46);
    c.byte(OP.end);
  }

  /** Fast when the range lies in one page that the map has. */
  probe(node: Node & { k: "probe" }): void {
    const c = this.#code;
    const address = this.#frame.borrow("i32");
    this.#frame.push(node.address);
    c.set(address);
    this.#map_entry(address, 0, { write: node.write });
    c.get(address).i32(0xfff).u8(0x71);
    this.#frame.push(node.length);
    c.u8(0x6a).i32(0x1000).u8(0x4b, 0x72);
    c.unlikely().u8(OP.if, 0x40);
    this.#frame.depth++;
    this.#around.mark();
    c.get(address);
    this.#frame.push(node.length);
    c.i32(node.write ? 1 : 0).u8(OP.call);
    c.leb(this.#around.imports.probe());
    this.#frame.check_exit();
    this.#frame.depth--;
    c.byte(OP.end);
  }
}
