/**
 * Finds the symbols that a Linux kernel keeps of itself (CONFIG_KALLSYMS) in guest memory, as
 * scripts/kallsyms.c lays them out: names as indices of tokens, addresses as offsets from a base.
 *
 * @module
 */

/** The kernel lies in the first part of memory. */
const SEARCHED = 96 << 20;
const FEWEST = 1000, MOST = 1_000_000;
/** How far the tables lie apart at most. */
const REACH = 16 << 20;
/**
 * Places that may be tried as tables, and names that may be read: many times what a kernel needs,
 * but a guest that fills its memory with beginnings of tables gets no hours of the host's time.
 */
const MOST_PLACES = 1000, MOST_READ = 4 * MOST;

/** Lines as /proc/kallsyms has them; "" when no table is found. */
export function find_kallsyms(memory: Uint8Array): string {
  const bytes = memory.subarray(0, SEARCHED);
  const tokens = find_tokens(bytes);
  if (tokens === undefined) return "";
  const names = find_names(bytes, tokens);
  if (names === undefined) return "";
  const addresses = find_addresses(bytes, tokens, names);
  if (addresses === undefined) return "";
  return names.list.map((name, i) =>
    `${(addresses[i]! >>> 0).toString(16).padStart(8, "0")} ${name[0]} ${name.slice(1)}\n`
  ).join("");
}

interface Tokens {
  readonly start: number;
  /** Behind the tokens' index. */
  readonly end: number;
  readonly texts: readonly string[];
}

/** The 256 tokens: the digits, which names use, stand for themselves, one after another. */
function find_tokens(bytes: Uint8Array): Tokens | undefined {
  const digits = new TextEncoder().encode("0\0" + "1\0" + "2\0" + "3\0" + "4\0" + "5\0");
  let places = 0;
  for (let at = bytes.indexOf(digits[0]!); at >= 0; at = bytes.indexOf(digits[0]!, at + 1)) {
    if (!digits.every((byte, i) => bytes[at + i] === byte)) continue;
    if (++places > MOST_PLACES) return undefined;
    const tokens = tokens_around(bytes, at);
    if (tokens) return tokens;
  }
  return undefined;
}

function tokens_around(bytes: Uint8Array, zero: number): Tokens | undefined {
  // Token number 0x30 is "0": go back over 0x30 of them.
  let start = zero;
  for (let i = 0; i < 0x30; i++) {
    start--;
    const furthest = Math.max(0, zero - 0x30 * 64);
    while (start > furthest && bytes[start - 1] !== 0) start--;
    if (start <= furthest) return undefined;
  }
  const texts: string[] = [], offsets: number[] = [];
  let at = start;
  for (let i = 0; i < 256; i++) {
    offsets.push(at - start);
    let text = "";
    while (bytes[at] !== 0) {
      if (text.length > 64 || at >= bytes.length) return undefined;
      text += String.fromCharCode(bytes[at++]!);
    }
    at++;
    texts.push(text);
  }
  const index = (at + 3) & ~3;
  if (index + 512 > bytes.length) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const fits = offsets.every((offset, i) => view.getUint16(index + 2 * i, true) === offset);
  return fits ? { start, end: index + 512, texts } : undefined;
}

interface Names {
  /** Where their number is. */
  readonly start: number;
  /** Each begins with its type. */
  readonly list: readonly string[];
}

/** The names come before the tokens, their number before them. */
function find_names(bytes: Uint8Array, tokens: Tokens): Names | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const budget = { names: MOST_READ };
  for (let start = tokens.start & ~3; start > Math.max(0, tokens.start - REACH); start -= 4) {
    const count = view.getUint32(start, true);
    if (count < FEWEST || count > MOST) continue;
    const list = read_names(bytes, { at: start + 4, count, tokens, budget });
    if (list) return { start, list };
    if (budget.names <= 0) return undefined;
  }
  return undefined;
}

function read_names(
  bytes: Uint8Array,
  { at, count, tokens, budget }: {
    at: number;
    count: number;
    tokens: Tokens;
    budget: { names: number };
  },
): string[] | undefined {
  const list: string[] = [];
  for (let i = 0; i < count; i++) {
    if (--budget.names <= 0) return undefined;
    let length = bytes[at++]!;
    // Long names have a second byte of length (Linux 6.1).
    if (length >= 0x80) length = (length & 0x7f) | (bytes[at++]! << 7);
    if (length === 0 || at + length > tokens.start) return undefined;
    let name = "";
    for (const end = at + length; at < end; at++) name += tokens.texts[bytes[at]!];
    if (!/^[a-zA-Z?-]./.test(name)) return undefined;
    list.push(name);
  }
  return list;
}

/** Offsets from a base: before the names until Linux 6.4, behind the tokens since. */
function find_addresses(
  bytes: Uint8Array,
  tokens: Tokens,
  names: Names,
): number[] | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const count = names.list.length;
  const read = (offsets: number, base: number): number[] | undefined => {
    if (offsets < 0 || Math.max(offsets + 4 * count, base + 4) > bytes.length) return undefined;
    const first = base < 0 ? 0 : view.getUint32(base, true);
    const out: number[] = [];
    for (let i = 0, last = 0; i < count; i++) {
      const offset = view.getUint32(offsets + 4 * i, true);
      if (offset < last) return undefined;
      last = offset;
      out.push(first + offset);
    }
    return out.at(-1)! > out[0]! ? out : undefined;
  };
  const before = names.start - 4;
  return read(before - 4 * count, before) ?? read(tokens.end, tokens.end + 4 * count) ??
    read(names.start - 4 * count, -1);
}
