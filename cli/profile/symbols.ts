/**
 * Symbols of a guest: System.map, a copy of /proc/kallsyms, ELF files.
 */

/** Names of code addresses. */
export interface Symbol {
  readonly address: number;
  readonly name: string;
  /** Bytes, where it is known; else it reaches to the next one. */
  readonly size?: number;
}

/** A symbol without a size reaches this far at most. */
const FARTHEST = 1 << 20;

/** Finds the symbol that an address belongs to. */
export class SymbolTable {
  readonly #symbols: readonly Symbol[];

  /** A table of `symbols`, in any order. */
  constructor(symbols: readonly Symbol[]) {
    this.#symbols = symbols.toSorted((a, b) => a.address - b.address);
  }

  /** How many there are. */
  get size(): number {
    return this.#symbols.length;
  }

  /** The name of what is at an address. */
  find(address: number): string | undefined {
    let low = 0, high = this.#symbols.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#symbols[middle]!.address <= address) low = middle + 1;
      else high = middle;
    }
    const symbol = this.#symbols[low - 1];
    if (!symbol) return undefined;
    const reach = symbol.size || FARTHEST;
    return address < symbol.address + reach ? symbol.name : undefined;
  }
}

/** Symbols from a file's bytes. Throws RangeError with a message for the user. */
export function parse_symbols(bytes: Uint8Array): Symbol[] {
  const is_elf = bytes[0] === 0x7f && bytes[1] === 0x45 && bytes[2] === 0x4c && bytes[3] === 0x46;
  const symbols = is_elf ? parse_elf(bytes) : parse_map(new TextDecoder().decode(bytes));
  if (symbols.length === 0) {
    throw new RangeError(
      "it has no symbols; give System.map, a copy of /proc/kallsyms or an ELF file",
    );
  }
  if (symbols.every(({ address }) => address === 0)) {
    throw new RangeError("all its addresses are 0; copy /proc/kallsyms as root");
  }
  return symbols;
}

/** Lines of `c0008000 T stext`, perhaps with `[module]` behind. */
function parse_map(text: string): Symbol[] {
  return [...text.matchAll(/^([0-9a-f]{8}) [tTwW] (\S+)(?:\s+(\[\S+\]))?/gm)]
    .filter(([, , name]) => !is_mapping(name!))
    .map(([, address, name, module]) => ({
      address: parseInt(address!, 16),
      name: module === undefined ? name! : `${name} ${module}`,
    }));
}

/** Mapping symbols say what kind of code or data follows (ELF for the Arm Architecture, 5.5.5). */
function is_mapping(name: string): boolean {
  return name === "" || /^\$[atdx](\.|$)/.test(name);
}

const SHT = { symtab: 2, dynsym: 11 } as const;
const STT = { notype: 0, func: 2 } as const;

/** Functions of a 32-bit little-endian ELF file. */
function parse_elf(bytes: Uint8Array): Symbol[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes[4] !== 1 || bytes[5] !== 1) {
    throw new RangeError("it is no 32-bit little-endian ELF file");
  }
  try {
    const headers = view.getUint32(32, true), size = view.getUint16(46, true);
    const sections = Array.from({ length: view.getUint16(48, true) }, (_, i) => {
      const word = (n: number): number => view.getUint32(headers + i * size + 4 * n, true);
      return { type: word(1), offset: word(4), bytes: word(5), link: word(6) };
    });
    const table = sections.find(({ type }) => type === SHT.symtab) ??
      sections.find(({ type }) => type === SHT.dynsym);
    return table === undefined ? [] : elf_symbols(view, table, sections[table.link]!.offset);
  } catch (error) {
    if (error instanceof RangeError) throw new RangeError("the ELF file is cut off");
    throw new RangeError("the ELF file's symbols cannot be read");
  }
}

function elf_symbols(
  view: DataView,
  table: { offset: number; bytes: number },
  names: number,
): Symbol[] {
  const out: Symbol[] = [];
  for (let at = table.offset; at + 16 <= table.offset + table.bytes; at += 16) {
    const value = view.getUint32(at + 4, true), type = view.getUint8(at + 12) & 15;
    const defined = view.getUint16(at + 14, true) !== 0;
    if (!defined || (type !== STT.func && type !== STT.notype)) continue;
    const name = c_string(view, names + view.getUint32(at, true));
    if (is_mapping(name)) continue;
    // Bit 0 of a function's address says that it is Thumb code.
    const address = type === STT.func ? (value & ~1) >>> 0 : value;
    out.push({ address, name, size: view.getUint32(at + 8, true) });
  }
  return out;
}

function c_string(view: DataView, at: number): string {
  let text = "";
  for (let byte = view.getUint8(at); byte !== 0; byte = view.getUint8(++at)) {
    text += String.fromCharCode(byte);
  }
  return text;
}
