/**
 * From a hot place to a function body: what may be done on another thread than the vCPU's.
 *
 * @module
 */
import type { Imports } from "../engine/surroundings.ts";
import type { Body } from "../../wasm/encoder.ts";
import type { Discovery, Found, Wanted } from "./discover.ts";
import { RegionEmitter } from "./emit_region.ts";

/** Byte offsets of a page that a region covers. */
export interface Covered {
  /** Address of the page's first record. */
  readonly base: number;
  readonly from: number;
  readonly to: number;
}

/** A translated region. */
export interface Translation {
  /** The record at which it is entered. */
  readonly rec: number;
  /** Instructions in it. */
  readonly insns: number;
  readonly covered: readonly Covered[];
  readonly body: Body;
}

/** Translates the region that is entered at a hot place; undefined when there is none. */
export function translate(
  wanted: Wanted,
  { discovery, imports }: { discovery: Discovery; imports: Imports },
): Translation | undefined {
  const found = discovery.find(wanted);
  if (!found) return undefined;
  const bases = new Map([...found.pages].map(([address, page]) => [address, page.base]));
  const body = new RegionEmitter(found.region, bases, imports).code.finish();
  return { rec: wanted.rec, insns: found.region.insns, covered: cover(found), body };
}

function cover({ region, pages }: Found): Covered[] {
  const ranges = new Map<number, { from: number; to: number }>();
  const add = (start: number, end: number): void => {
    const { base } = pages.get(start & ~0xfff)!;
    const range = ranges.get(base) ?? { from: 0x1000, to: 0 };
    range.from = Math.min(range.from, start & 0xfff);
    range.to = Math.max(range.to, (start & 0xfff) + end - start);
    ranges.set(base, range);
  };
  for (const { start, end, switches } of region.blocks) {
    if (switches) continue;
    add(start, end);
    const last_page = (end - 1) & ~0xfff;
    if (last_page !== (start & ~0xfff)) add(last_page, end);
  }
  return [...ranges].map(([base, { from, to }]) => ({ base, from, to }));
}
