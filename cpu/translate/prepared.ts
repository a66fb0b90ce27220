/**
 * Instructions with their programs, kept by instruction word: the same words come again and again.
 *
 * @module
 */
import { decode_a32, decode_thumb } from "../engine/fetch.ts";
import type { BranchTo } from "../engine/surroundings.ts";
import type { Node, Program } from "../ir/node.ts";
import { known_index } from "../ir/places.ts";
import { type Insn, is_wide } from "../isa/decoder.ts";
import { build_program } from "../isa/program.ts";
import { flag_use, type FlagUse } from "./flag_liveness.ts";

/** What a translator has to know of an instruction, wherever it lies. */
export interface Prepared {
  /** Its program, with its operands known. */
  readonly program: Program;
  /** Where it may branch to directly, from its own address. */
  readonly offsets: readonly number[];
  /** It may go to an address from a register or memory. */
  readonly indirect: Indirect | undefined;
  /** A call: sets LR and branches. */
  readonly calls: boolean;
  readonly flags: FlagUse;
}

/**
 * A branch to an address from a register or memory: a return, or one that goes where it went before; in
 * the instruction set that bit 0 of the address says, or in the same.
 */
export interface Indirect {
  readonly returns: boolean;
  readonly exchange: boolean;
}

/** What a program's nodes say about whether and how it can be translated. */
interface Traits {
  translatable: boolean;
  links: boolean;
  /** Reads SP: an address that it loads is one that a function has kept. */
  pops: boolean;
  indirect: Indirect | undefined;
  offsets: number[];
}

function scan(nodes: readonly Node[], traits: Traits): void {
  for (const node of nodes) {
    switch (node.k) {
      case "call":
        if (!node.helper.keeps_core) traits.translatable = false;
        break;
      case "get_reg":
        if (known_index(node.index) === undefined) traits.translatable = false;
        if (known_index(node.index) === 13) traits.pops = true;
        break;
      case "set_reg": {
        const index = known_index(node.index);
        if (index === undefined || index === 15) traits.translatable = false;
        if (index === 14) traits.links = true;
        break;
      }
      case "branch":
        traits.offsets.push((node.offset as Node & { k: "const" }).value as number);
        break;
      case "branch_to":
        traits.indirect = indirect(node, traits);
        break;
      case "if":
        scan(node.then, traits);
        scan(node.otherwise, traits);
        break;
      case "loop":
        scan(node.body, traits);
        break;
    }
  }
}

function indirect({ address, exchange, foreseen }: BranchTo, { pops }: Traits): Indirect {
  const link = address.k === "get_reg" && known_index(address.index) === 14;
  return { returns: link || pops || !foreseen, exchange };
}

const prepared = new WeakMap<Insn, Prepared | "not">();

/** What the translator needs of an instruction; undefined for one that it leaves to the interpreter. */
export function prepare(insn: Insn): Prepared | undefined {
  let known = prepared.get(insn);
  if (known === undefined) prepared.set(insn, known = make(insn));
  return known === "not" ? undefined : known;
}

function make({ decoded: { op, statics, operands } }: Insn): Prepared | "not" {
  const program = build_program(op, statics, operands);
  const traits: Traits = {
    ...{ translatable: true, links: false, pops: false },
    ...{ indirect: undefined, offsets: [] },
  };
  scan(program.nodes, traits);
  const { offsets, indirect } = traits;
  if (!traits.translatable) return "not";
  const flags = flag_use(program.nodes);
  if (flags.sets_in_arm) return "not";
  const calls = traits.links && (offsets.length > 0 || indirect !== undefined);
  return { program, offsets, indirect, calls, flags };
}

/** Instructions that are kept. A program takes about 2 KB. */
const MOST = 8192;

/** Decodes instructions, each word once. */
export class InsnCache {
  readonly #a32 = new Map<number, Insn>();
  /** By word and ITSTATE. */
  readonly #thumb = new Map<number, Insn>();

  /** As {@link decode_a32}. */
  a32(word: number): Insn {
    let insn = this.#a32.get(word);
    if (!insn) {
      if (this.#a32.size === MOST) this.#a32.clear();
      this.#a32.set(word, insn = decode_a32(word));
    }
    return insn;
  }

  /** As {@link decode_thumb}. */
  thumb(first: number, second: number, itstate: number): Insn {
    const word = is_wide(first) ? first * 0x1_0000 + second : first;
    const key = itstate * 0x1_0000_0000 + word;
    let insn = this.#thumb.get(key);
    if (!insn) {
      if (this.#thumb.size === MOST) this.#thumb.clear();
      this.#thumb.set(key, insn = decode_thumb(first, second, itstate));
    }
    return insn;
  }
}
