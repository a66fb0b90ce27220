import { FdtError, type FdtNode, type FdtReservation } from "./node.ts";
import { read_cells } from "./properties.ts";

/** What besides the tree goes into device tree source. */
export interface ToDtsOptions {
  /** Ranges written as `/memreserve/`. */
  readonly reservations?: readonly FdtReservation[];
}

/** Characters of names in source (Devicetree Specification 0.4, 2.2.1 and 2.2.4, and dtc's lexer). */
const NAME = /^[A-Za-z0-9,._+*#?@-]+$/;

/** Properties of cells that may look like text by chance. */
const CELLS = /^(reg|ranges|dma-ranges|interrupts|phandle|.*-frequency|.*-seed|#.*-cells)$/;

/**
 * Where properties hold phandles: after each comes as many cells as the node it names says in
 * `cells`, or none. dtc warns of plain numbers there.
 */
const REFERENCES: readonly { readonly name: RegExp; readonly cells?: string }[] = [
  { name: /^(interrupt-parent|cpu|interrupt-affinity|next-level-cache|memory-region)$/ },
  { name: /^(.*-)?gpios?$/, cells: "#gpio-cells" },
  { name: /^(assigned-)?clocks$|^assigned-clock-parents$/, cells: "#clock-cells" },
  { name: /^interrupts-extended$/, cells: "#interrupt-cells" },
  { name: /^msi-parent$/, cells: "#msi-cells" },
  { name: /^resets$/, cells: "#reset-cells" },
  { name: /^dmas$/, cells: "#dma-cells" },
  { name: /^phys$/, cells: "#phy-cells" },
];

/** Phandles and the labels by which source refers to their nodes. */
class Labels {
  readonly #nodes = new Map<number, FdtNode | "ambiguous">();
  readonly #labels = new Map<FdtNode, string>();
  readonly #used = new Set<string>();

  constructor(root: FdtNode) {
    this.#index(root);
    this.#mark(root);
  }

  /** The label of a node that something refers to. */
  of(node: FdtNode): string | undefined {
    return this.#labels.get(node);
  }

  /**
   * For each cell of a property the node it refers to, or undefined; undefined as a whole when
   * the property holds no references or is not of the form that such a property has.
   */
  targets(name: string, value: Uint8Array): (FdtNode | undefined)[] | undefined {
    const kind = REFERENCES.find((kind) => kind.name.test(name));
    const words = read_cells(value);
    if (kind === undefined || words === undefined) return undefined;
    const found: (FdtNode | undefined)[] = words.map(() => undefined);
    for (let at = 0; at < words.length; at++) {
      const node = this.#nodes.get(words[at]!);
      if (node === undefined || node === "ambiguous") return undefined;
      found[at] = node;
      if (kind.cells === undefined) continue;
      const count = read_cells(node.properties.get(kind.cells) ?? new Uint8Array(4))?.[0];
      if (count === undefined || at + count >= words.length) return undefined;
      at += count;
    }
    return found;
  }

  #index(node: FdtNode): void {
    const value = node.properties.get("phandle");
    const phandle = value?.length === 4 ? read_cells(value)![0]! : 0;
    if (phandle !== 0) this.#nodes.set(phandle, this.#nodes.has(phandle) ? "ambiguous" : node);
    node.children.forEach((child) => this.#index(child));
  }

  #mark(node: FdtNode): void {
    for (const [name, value] of node.properties) {
      for (const target of this.targets(name, value) ?? []) {
        if (target !== undefined && !this.#labels.has(target)) this.#label(target);
      }
    }
    node.children.forEach((child) => this.#mark(child));
  }

  #label(node: FdtNode): void {
    const stem = (node.name || "root").replace(/[^A-Za-z0-9]/g, "_").replace(/^(?![A-Za-z_])/, "_");
    let label = stem;
    for (let n = 2; this.#used.has(label); n++) label = `${stem}_${n}`;
    this.#used.add(label);
    this.#labels.set(node, label);
  }
}

function hex(value: number | bigint): string {
  return `0x${value.toString(16)}`;
}

/** Printable text as a list of quoted strings; undefined for anything else. */
function quoted(value: Uint8Array): string | undefined {
  if (value.at(-1) !== 0) return undefined;
  let text = "";
  let start = 0;
  for (let at = 0; at < value.length; at++) {
    if (value[at] !== 0) {
      if (value[at]! < 0x20 || value[at]! > 0x7e) return undefined;
      continue;
    }
    if (at === start && value.length > 1) return undefined;
    const part = new TextDecoder().decode(value.subarray(start, at)).replace(/["\\]/g, "\\$&");
    text += `${start === 0 ? "" : ", "}"${part}"`;
    start = at + 1;
  }
  return text;
}

function value_source(name: string, value: Uint8Array, labels: Labels): string {
  const words = read_cells(value);
  const targets = labels.targets(name, value);
  const text = targets === undefined && !CELLS.test(name) ? quoted(value) : undefined;
  if (text !== undefined) return text;
  if (words === undefined) {
    return `[${Array.from(value, (byte) => byte.toString(16).padStart(2, "0")).join(" ")}]`;
  }
  const cell = (word: number, index: number): string => {
    const target = targets?.[index];
    return target === undefined ? hex(word) : `&${labels.of(target)}`;
  };
  return `<${words.map(cell).join(" ")}>`;
}

function checked(name: string): string {
  if (!NAME.test(name)) {
    throw new FdtError("write", `${JSON.stringify(name)} cannot be written in source`);
  }
  return name;
}

function node_source(node: FdtNode, labels: Labels, indent: string): string {
  const label = labels.of(node);
  const name = indent === "" ? "/" : checked(node.name);
  const inner = indent + "\t";
  let text = `${indent}${label === undefined ? "" : `${label}: `}${name} {\n`;
  for (const [key, value] of node.properties) {
    const source = value.length === 0 ? "" : ` = ${value_source(key, value, labels)}`;
    text += `${inner}${checked(key)}${source};\n`;
  }
  for (const child of node.children) text += `\n${node_source(child, labels, inner)}`;
  return `${text}${indent}};\n`;
}

/**
 * Device tree source. `dtc -I dts -O dtb` makes of it the bytes that `write_fdt` gives.
 *
 * A value is shown as text, as cells or as bytes by its name and content; references to other
 * nodes are shown as labels where the property is known to hold them.
 *
 * @throws {FdtError} for names that source cannot express.
 */
export function to_dts(root: FdtNode, options: ToDtsOptions = {}): string {
  let text = "/dts-v1/;\n\n";
  for (const { address, size } of options.reservations ?? []) {
    text += `/memreserve/ ${hex(address)} ${hex(size)};\n`;
  }
  return text + node_source(root, new Labels(root), "");
}
