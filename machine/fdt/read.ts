import {
  align_up,
  FDT_HEADER,
  FDT_HEADER_SIZE,
  FDT_LAST_COMPATIBLE,
  FDT_MAGIC,
  FDT_TOKEN,
  FDT_VERSION,
} from "./layout.ts";
import { FDT_MAX_DEPTH, FdtError, type FdtNode, type FdtReservation } from "./node.ts";

/** A block of the file, its bounds checked against the file's. */
interface Block {
  readonly start: number;
  readonly end: number;
}

/** The header, checked: every block lies inside the file. */
interface Header {
  readonly view: DataView;
  readonly total: number;
  readonly structure: Block;
  readonly strings: Block;
  readonly reservations: number;
}

function fail(why: string): never {
  throw new FdtError("read", why);
}

function hex(value: number): string {
  return `0x${value.toString(16)}`;
}

function read_header(bytes: Uint8Array): Header {
  if (bytes.length === 0) fail("it is empty");
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  if (bytes.length < 4 || view.getUint32(0) !== FDT_MAGIC) {
    fail(`it does not begin with ${hex(FDT_MAGIC)} (device tree source? compile it with dtc)`);
  }
  if (bytes.length < FDT_HEADER_SIZE) fail(`truncated in its header, ${bytes.length} bytes`);
  const word = (name: keyof typeof FDT_HEADER): number => view.getUint32(FDT_HEADER[name]);
  const total = word("totalsize");
  const version = word("version");
  if (total > bytes.length) fail(`truncated: ${bytes.length} bytes of ${total}`);
  if (total < FDT_HEADER_SIZE) fail(`its size ${total} is less than its header's`);
  if (version < FDT_LAST_COMPATIBLE || word("last_comp_version") > FDT_VERSION) {
    fail(`version ${version} is not ${FDT_VERSION} or compatible with it`);
  }
  const block = (name: string, start: number, size: number, alignment: number): Block => {
    if (start < FDT_HEADER_SIZE || start + size > total) {
      fail(`its ${name} block (${hex(start)}, ${size} bytes) is not inside its ${total} bytes`);
    }
    if (start % alignment !== 0) fail(`its ${name} block is not aligned to ${alignment} bytes`);
    return { start, end: start + size };
  };
  const struct_at = word("off_dt_struct");
  // Version 16 does not say how long the structure block is; its END token does.
  const struct_size = version >= 17 ? word("size_dt_struct") : Math.max(total - struct_at, 0);
  return {
    view,
    total,
    structure: block("structure", struct_at, struct_size, 4),
    strings: block("strings", word("off_dt_strings"), word("size_dt_strings"), 1),
    reservations: block("reservation", word("off_mem_rsvmap"), 16, 8).start,
  };
}

/** Longest name that is read; the specification has 31. Keeps hostile files from costing much. */
const MAX_NAME = 255;

/** The characters of [start, end) up to a NUL, one per byte; undefined without one near enough. */
function c_string(view: DataView, start: number, end: number): string | undefined {
  let text = "";
  const last = Math.min(end, start + MAX_NAME + 1);
  for (let at = start; at < last; at++) {
    const code = view.getUint8(at);
    if (code === 0) return text;
    text += String.fromCharCode(code);
  }
  return undefined;
}

/** Reads the structure block from front to back; each token consumes at least four bytes. */
class StructureReader {
  readonly #header: Header;
  readonly #stack: FdtNode[] = [];
  readonly #names = new Map<number, string>();
  #children = new Map<FdtNode, Set<string>>();
  #at: number;
  #root: FdtNode | undefined;

  constructor(header: Header) {
    this.#header = header;
    this.#at = header.structure.start;
  }

  read(): FdtNode {
    for (;;) {
      const where = hex(this.#at - this.#header.structure.start);
      const token = this.#word("a token");
      if (this.#root !== undefined && this.#stack.length === 0 && token !== FDT_TOKEN.nop) {
        if (token !== FDT_TOKEN.end) fail(`something follows its root node at ${where}`);
        return this.#root;
      }
      switch (token) {
        case FDT_TOKEN.begin_node:
          this.#begin_node();
          break;
        case FDT_TOKEN.end_node: {
          const node = this.#stack.pop();
          if (node === undefined) fail(`a node ends before any begins at ${where}`);
          this.#children.delete(node);
          break;
        }
        case FDT_TOKEN.prop:
          this.#property();
          break;
        case FDT_TOKEN.nop:
          break;
        case FDT_TOKEN.end:
          fail(`it ends inside node ${this.#path()}`);
          break;
        default:
          fail(`unknown token ${hex(token)} at ${where}`);
      }
    }
  }

  #path(): string {
    return "/" + this.#stack.slice(1).map((node) => node.name).join("/");
  }

  #word(what: string): number {
    if (this.#at + 4 > this.#header.structure.end) {
      fail(`its structure block ends before ${what} in node ${this.#path()}`);
    }
    const value = this.#header.view.getUint32(this.#at);
    this.#at += 4;
    return value;
  }

  #skip(size: number): void {
    // Blocks begin on a multiple of four, so alignment within the file is that within the block.
    this.#at = align_up(this.#at + size, 4);
  }

  #begin_node(): void {
    const name = c_string(this.#header.view, this.#at, this.#header.structure.end);
    if (name === undefined) {
      fail(`a node name in ${this.#path()} does not end within ${MAX_NAME} bytes`);
    }
    this.#skip(name.length + 1);
    const parent = this.#stack.at(-1);
    if (this.#stack.length > FDT_MAX_DEPTH) fail(`nodes deeper than ${FDT_MAX_DEPTH} levels`);
    if (parent === undefined) {
      this.#root = { name: "", properties: new Map(), children: [] };
      this.#stack.push(this.#root);
      return;
    }
    if (name === "" || name.includes("/")) {
      fail(`${JSON.stringify(name)} in ${this.#path()} is not a node name`);
    }
    let names = this.#children.get(parent);
    if (names === undefined) this.#children.set(parent, names = new Set());
    if (names.has(name)) fail(`${this.#path()} has two nodes ${name}`);
    names.add(name);
    const node = { name, properties: new Map(), children: [] };
    parent.children.push(node);
    this.#stack.push(node);
  }

  #property(): void {
    const node = this.#stack.at(-1);
    if (node === undefined) fail("a property precedes its root node");
    if (node.children.length > 0) fail(`a property follows a node inside ${this.#path()}`);
    const size = this.#word("a property's size");
    const name = this.#name(this.#word("a property's name"));
    if (this.#at + size > this.#header.structure.end) {
      fail(`property ${name} of ${this.#path()} (${size} bytes) leaves its structure block`);
    }
    if (node.properties.has(name)) fail(`${this.#path()} has two properties ${name}`);
    const { view } = this.#header;
    node.properties.set(
      name,
      new Uint8Array(view.buffer, view.byteOffset + this.#at, size).slice(),
    );
    this.#skip(size);
  }

  #name(offset: number): string {
    const { view, strings } = this.#header;
    let name = this.#names.get(offset);
    if (name === undefined) {
      if (strings.start + offset >= strings.end) {
        fail(`a property's name (${hex(offset)}) in ${this.#path()} leaves its strings block`);
      }
      name = c_string(view, strings.start + offset, strings.end);
      if (name === undefined) {
        fail(`a property's name in ${this.#path()} does not end within ${MAX_NAME} bytes`);
      }
      if (name === "") fail(`a property of ${this.#path()} has no name`);
      this.#names.set(offset, name);
    }
    return name;
  }
}

/**
 * Reads a flattened device tree of version 16 or 17. Bytes after its `totalsize` are not looked at.
 *
 * Names are read one character per byte, so that any name survives {@link write_fdt}.
 *
 * @throws {FdtError} for anything that is not well formed.
 */
export function read_fdt(bytes: Uint8Array): FdtNode {
  return new StructureReader(read_header(bytes)).read();
}

/**
 * Reads the memory reservation block of a flattened device tree.
 *
 * @throws {FdtError} when the header is not well formed or the block does not end.
 */
export function read_fdt_reservations(bytes: Uint8Array): FdtReservation[] {
  const { view, total, reservations } = read_header(bytes);
  const found: FdtReservation[] = [];
  for (let at = reservations; at + 16 <= total; at += 16) {
    const address = view.getBigUint64(at);
    const size = view.getBigUint64(at + 8);
    if (address === 0n && size === 0n) return found;
    found.push({ address, size });
  }
  return fail("its reservation block does not end");
}
