/**
 * Pieces of code as text: an address and an instruction word a line, the rest of the line for people.
 *
 * @module
 */
import { decode_a32, decode_thumb, it_advance } from "../engine/fetch.ts";
import { type Insn, is_wide } from "../isa/decoder.ts";
import { extract_fields } from "../isa/row.ts";
import type { InsnSource, Source } from "../translate/region.ts";

/** Code at addresses: A32 words, T16 halfwords, T32 words as first:second. */
export interface Listing {
  readonly thumb: boolean;
  readonly words: ReadonlyMap<number, number>;
  /** Addresses of accesses that often miss the page maps. */
  readonly slow?: ReadonlySet<number>;
  /** Where indirect branches went. */
  readonly seen?: ReadonlyMap<number, readonly number[]>;
}

/** Instructions one after another, from an address. */
export function listing(
  code: readonly number[],
  options: { thumb?: boolean; at?: number } = {},
): Listing {
  const words = new Map<number, number>();
  let address = options.at ?? 0;
  for (const word of code) {
    words.set(address, word);
    address += options.thumb && word <= 0xffff ? 2 : 4;
  }
  return { thumb: options.thumb ?? false, words };
}

/** Instructions as they are decoded, in order of address; IT blocks as if entered at their IT. */
function decoded(code: Listing): Map<number, Source> {
  const out = new Map<number, Source>();
  let itstate = 0, next = NaN;
  for (const [address, word] of [...code.words].sort((a, b) => a[0] - b[0])) {
    if (address !== next) itstate = 0;
    const wide = !code.thumb || word > 0xffff;
    const insn = !code.thumb
      ? decode_a32(word)
      : wide
      ? decode_thumb(word >>> 16, word & 0xffff, itstate)
      : decode_thumb(word, 0, itstate);
    const { op, operands } = insn.decoded;
    itstate = op.name === "it" ? (operands.firstcond! << 4) | operands.mask! : it_advance(itstate);
    const size = wide ? 4 : 2;
    next = address + size;
    const it_goes_on = (next & 0xfff) === 0 && itstate !== 0;
    const seen = code.seen?.get(address) ?? [];
    const slow = code.slow?.has(address) ?? false;
    out.set(address, { insn, size, it_goes_on, seen, slow, scattered: false });
  }
  return out;
}

/** The listing's instructions, as the translator asks for them. */
export function source_of(code: Listing): InsnSource {
  const insns = decoded(code);
  return (address) => insns.get(address);
}

/** The listing as text. */
export function listing_text(code: Listing): string[] {
  const hex = (address: number): string => address.toString(16);
  return [
    ...instruction_lines(code),
    ...[...code.seen ?? []].map(([at, targets]) =>
      `seen ${hex(at)}: ${targets.map(hex).join(" ")}`
    ),
    ...[...code.slow ?? []].map((at) => `slow ${hex(at)}`),
  ];
}

function instruction_lines(code: Listing): string[] {
  return [...decoded(code)].map(([address, { insn }]) => {
    const word = code.words.get(address)!;
    const wide = !code.thumb || is_wide(word > 0xffff ? word >>> 16 : word);
    const digits = word.toString(16).padStart(wide ? 8 : 4, "0");
    return `${address.toString(16).padStart(4)}: ${digits.padEnd(8)}  ${asm(insn, word, address)}`;
  });
}

function asm({ row, cond, decoded: { op } }: Insn, word: number, address: number): string {
  const text = row.asm(extract_fields(row, word), address);
  const predicated = row.isa !== "a32" && cond !== 14 && op.name !== "it" && !row.conditional;
  return predicated ? `${text}  ; if ${CONDITIONS[cond]}` : text;
}

const CONDITIONS = [
  "eq",
  "ne",
  "cs",
  "cc",
  "mi",
  "pl",
  "vs",
  "vc",
  "hi",
  "ls",
  "ge",
  "lt",
  "gt",
  "le",
];

/**
 * Reads lines of {@link listing_text}. Of instructions only address and word count; `seen 4: 10 20` says
 * where the branch at 4 went, `slow 8` that the access at 8 often misses.
 */
export function parse_listing(lines: readonly string[], thumb: boolean): Listing {
  const words = new Map<number, number>(), seen = new Map<number, number[]>();
  const slow = new Set<number>();
  for (const line of lines) {
    const [first, ...others] = line.match(/[0-9a-f]+(?=[: ]|$)/g)!.map((n) => parseInt(n, 16));
    if (line.startsWith("slow")) slow.add(first!);
    else if (line.startsWith("seen")) seen.set(first!, others);
    else words.set(first!, others[0]!);
  }
  return { thumb, words, seen, slow };
}
