/**
 * A region and the code made from it as text, for golden files.
 *
 * @module
 */
import type { Imports } from "../engine/surroundings.ts";
import type { Helper } from "../helper.ts";
import { MEM } from "../state.ts";
import { RegionEmitter } from "../translate/emit_region.ts";
import { find_region, type Region } from "../translate/region.ts";
import { type Listing, listing_text, source_of } from "./listing.ts";
import { wasm_text } from "./wasm_text.ts";

/** Bytes between the records of two pages. */
const PAGE_RECORDS = 0x9000;

/** Numbers imports as they are asked for, and knows what they are called. */
class NamedImports implements Imports {
  readonly #known: { name: string; params: number; results: number }[] = [];

  #import(name: string, params: number, results: number): number {
    const index = this.#known.findIndex((i) => i.name === name);
    return index >= 0 ? index : this.#known.push({ name, params, results }) - 1;
  }
  load = (): number => this.#import("load", 3, 1);
  load64 = (): number => this.#import("load64", 2, 1);
  store = (): number => this.#import("store", 4, 0);
  store64 = (): number => this.#import("store64", 3, 0);
  probe = (): number => this.#import("probe", 3, 0);
  exchange = (): number => this.#import("exchange", 4, 1);
  exchange64 = (): number => this.#import("exchange64", 3, 1);
  helper = ({ name, args, ty }: Helper): number =>
    this.#import(name, args.length, ty === undefined ? 0 : 1);
  at(index: number): { name: string; params: number; results: number } {
    return this.#known[index]!;
  }
}

/** The region that is entered at the listing's first address, as lines: its code, blocks and wasm. */
export function region_text(code: Listing): string[] {
  const entry = [...code.words.keys()][0]!;
  const region = find_region(entry, code.thumb, source_of(code));
  const lines = ["--- code", ...listing_text(code), "--- region"];
  if (!region) return [...lines, "none"];
  lines.push(...blocks_text(region), "--- wasm");
  const pages = [...new Set([...code.words.keys()].map((address) => address & ~0xfff))].sort();
  const bases = new Map(pages.map((page, i) => [page, MEM.records + i * PAGE_RECORDS]));
  const imports = new NamedImports();
  const { code: body } = new RegionEmitter(region, bases, imports);
  return [...lines, ...wasm_text(body, { callee: (index) => imports.at(index) })];
}

function blocks_text(region: Region): string[] {
  return region.blocks.map(({ id, scope, start, end, insns, successors }) => {
    const where = scope.parent ? ` in call ${scope.id} from ${scope.parent.id}` : "";
    const to = successors.length > 0 ? successors.map((s) => `b${s}`).join(", ") : "out";
    return `b${id} ${hex(start)}..${hex(end)} (${insns.length})${where} -> ${to}`;
  });
}

function hex(address: number): string {
  return address.toString(16).padStart(4, "0");
}
