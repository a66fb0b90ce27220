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
import { read_cells } from "./properties.ts";

/** What besides the tree goes into a flattened device tree. */
export interface WriteFdtOptions {
  /** Ranges for the memory reservation block. */
  readonly reservations?: readonly FdtReservation[];
}

/** Bytes that grow; everything is big-endian. */
class Output {
  #bytes = new Uint8Array(4096);
  #view = new DataView(this.#bytes.buffer);
  length = 0;

  #reserve(size: number): number {
    const at = this.length;
    if (at + size > this.#bytes.length) {
      const grown = new Uint8Array(Math.max(this.#bytes.length * 2, at + size));
      grown.set(this.#bytes);
      this.#bytes = grown;
      this.#view = new DataView(grown.buffer);
    }
    this.length = at + size;
    return at;
  }

  u32(value: number): void {
    const at = this.#reserve(4);
    this.#view.setUint32(at, value);
  }

  u64(value: bigint): void {
    const at = this.#reserve(8);
    this.#view.setBigUint64(at, value);
  }

  set_u32(at: number, value: number): void {
    this.#view.setUint32(at, value);
  }

  raw(value: Uint8Array): void {
    const at = this.#reserve(value.length);
    this.#bytes.set(value, at);
  }

  align(alignment: number): void {
    this.#reserve(align_up(this.length, alignment) - this.length);
  }

  finish(): Uint8Array {
    return this.#bytes.slice(0, this.length);
  }
}

/** The strings block: names once each, a name that ends another one shares its bytes, as in dtc. */
class StringTable {
  text = "";
  #offsets = new Map<string, number>();

  offset(name: string): number {
    let offset = this.#offsets.get(name);
    if (offset === undefined) {
      offset = this.text.indexOf(name + "\0");
      if (offset < 0) {
        offset = this.text.length;
        this.text += name + "\0";
      }
      this.#offsets.set(name, offset);
    }
    return offset;
  }
}

/** One byte per character, as the reader makes them, so that any tree that was read can be written. */
function latin1(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length);
  for (let at = 0; at < text.length; at++) bytes[at] = text.charCodeAt(at);
  return bytes;
}

function check_name(name: string, what: string): void {
  let good = name !== "";
  for (let at = 0; at < name.length; at++) {
    const code = name.charCodeAt(at);
    good &&= code > 0 && code < 0x100;
  }
  if (!good) throw new FdtError("write", `${JSON.stringify(name)} is not a ${what} name`);
}

function write_node(out: Output, table: StringTable, node: FdtNode, depth: number): void {
  if (depth > FDT_MAX_DEPTH) throw new FdtError("write", `deeper than ${FDT_MAX_DEPTH} levels`);
  // The root has no name, whatever the tree says.
  const name = depth === 0 ? "" : node.name;
  if (depth > 0) check_name(name, "node");
  if (name.includes("/")) throw new FdtError("write", `${JSON.stringify(name)} has a slash`);
  out.u32(FDT_TOKEN.begin_node);
  out.raw(latin1(name + "\0"));
  out.align(4);
  for (const [name, value] of node.properties) {
    check_name(name, "property");
    out.u32(FDT_TOKEN.prop);
    out.u32(value.length);
    out.u32(table.offset(name));
    out.raw(value);
    out.align(4);
  }
  for (const child of node.children) write_node(out, table, child, depth + 1);
  out.u32(FDT_TOKEN.end_node);
}

/** The physical id of the boot CPU: the first cell of the first node in /cpus with a `reg`. */
function boot_cpu(root: FdtNode): number {
  const cpus = root.children.find((child) => child.name === "cpus");
  for (const cpu of cpus?.children ?? []) {
    const reg = cpu.properties.get("reg");
    if (reg !== undefined) return read_cells(reg)?.[0] ?? 0;
  }
  return 0;
}

/**
 * Flattens a tree, version 17. The bytes are those that dtc gives for the same tree.
 *
 * @throws {FdtError} for names that cannot be written and for nesting beyond {@link FDT_MAX_DEPTH}.
 */
export function write_fdt(root: FdtNode, options: WriteFdtOptions = {}): Uint8Array {
  const out = new Output();
  const table = new StringTable();
  out.raw(new Uint8Array(FDT_HEADER_SIZE));
  const reservations_at = out.length;
  for (const { address, size } of options.reservations ?? []) {
    out.u64(address);
    out.u64(size);
  }
  out.u64(0n);
  out.u64(0n);
  const struct_at = out.length;
  write_node(out, table, root, 0);
  out.u32(FDT_TOKEN.end);
  const strings_at = out.length;
  out.raw(latin1(table.text));
  const header: Record<keyof typeof FDT_HEADER, number> = {
    magic: FDT_MAGIC,
    totalsize: out.length,
    off_dt_struct: struct_at,
    off_dt_strings: strings_at,
    off_mem_rsvmap: reservations_at,
    version: FDT_VERSION,
    last_comp_version: FDT_LAST_COMPATIBLE,
    boot_cpuid_phys: boot_cpu(root),
    size_dt_strings: out.length - strings_at,
    size_dt_struct: strings_at - struct_at,
  };
  for (const [name, offset] of Object.entries(FDT_HEADER)) {
    out.set_u32(offset, header[name as keyof typeof FDT_HEADER]);
  }
  return out.finish();
}
