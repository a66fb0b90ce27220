/**
 * Finds the instructions that are translated together: those reached from an entry, inside its page,
 * that have been executed before.
 *
 * @module
 */
import type { Node, Program } from "../ir/node.ts";
import type { Insn } from "../isa/decoder.ts";
import { build_program } from "../isa/program.ts";
import { known_index } from "../engine/emit.ts";

/** One instruction of a region. */
export interface RegionInsn {
  /** Byte offset in the page. */
  readonly offset: number;
  readonly size: number;
  readonly insn: Insn;
  /** Its program, with its operands known. */
  readonly program: Program;
  /** Offsets in the page that it may branch to directly; those outside the page too. */
  readonly targets: readonly number[];
  /** Whether it may go on to the next instruction. */
  readonly falls_through: boolean;
  /** A call: what it branches to is not part of the region. */
  readonly calls: boolean;
}

/** A straight run of instructions. */
export interface Block {
  readonly insns: readonly RegionInsn[];
  /** Offset of the first one. */
  readonly start: number;
  /** Offset after the last one. */
  readonly end: number;
  /** Offsets of blocks of the region that follow. */
  readonly successors: readonly number[];
}

/** A region: blocks by offset, the entry first. */
export interface Region {
  readonly entry: number;
  readonly thumb: boolean;
  readonly blocks: ReadonlyMap<number, Block>;
  readonly insns: number;
}

/** Gives the instruction at an offset of the page, or undefined for one not to be translated. */
export type InsnSource = (offset: number) => { insn: Insn; size: number } | undefined;

/** What a program's nodes say about whether and how it can be translated. */
interface Traits {
  translatable: boolean;
  links: boolean;
  targets: number[];
}

function scan(nodes: readonly Node[], traits: Traits, offset: number): void {
  for (const node of nodes) {
    switch (node.k) {
      case "call":
        if (!node.helper.keeps_core) traits.translatable = false;
        break;
      case "get_reg":
        if (known_index(node.index) === undefined) traits.translatable = false;
        break;
      case "set_reg": {
        const index = known_index(node.index);
        if (index === undefined || index === 15) traits.translatable = false;
        if (index === 14) traits.links = true;
        break;
      }
      case "branch":
        if (node.offset.k === "const") traits.targets.push(offset + (node.offset.value as number));
        else traits.targets.push(NaN);
        break;
      case "if":
        scan(node.then, traits, offset);
        scan(node.otherwise, traits, offset);
        break;
      case "loop":
        scan(node.body, traits, offset);
        break;
    }
  }
}

function region_insn(offset: number, size: number, insn: Insn): RegionInsn | undefined {
  const { op, statics, operands } = insn.decoded;
  const program = build_program(op, statics, operands);
  const traits: Traits = { translatable: true, links: false, targets: [] };
  scan(program.nodes, traits, offset);
  if (!traits.translatable) return undefined;
  return {
    offset,
    size,
    insn,
    program,
    targets: traits.targets,
    falls_through: !program.ends || insn.cond !== 14,
    calls: traits.links && traits.targets.length > 0,
  };
}

/** How large regions may become, in instructions. */
export const MAX_REGION = 250;

/** Collects the region that is entered at `entry`; undefined when its first instruction cannot be translated. */
export function find_region(entry: number, thumb: boolean, source: InsnSource): Region | undefined {
  const insns = new Map<number, RegionInsn>();
  const leaders = new Set([entry]);
  const queue = [entry];
  while (queue.length > 0) {
    for (let offset = queue.shift()!; !insns.has(offset) && insns.size < MAX_REGION;) {
      const found = source(offset);
      const insn = found && region_insn(offset, found.size, found.insn);
      if (!insn) break;
      insns.set(offset, insn);
      if (!insn.calls) {
        for (const target of insn.targets) {
          if (!(target >= 0 && target < 0x1000)) continue;
          leaders.add(target);
          queue.push(target);
        }
      }
      if (!insn.falls_through) break;
      offset += insn.size;
      if (insn.targets.length > 0) leaders.add(offset);
    }
  }
  if (!insns.has(entry)) return undefined;
  return { entry, thumb, blocks: form_blocks(insns, leaders), insns: insns.size };
}

function form_blocks(
  insns: ReadonlyMap<number, RegionInsn>,
  leaders: ReadonlySet<number>,
): Map<number, Block> {
  const blocks = new Map<number, Block>();
  for (const start of leaders) {
    if (!insns.has(start)) continue;
    const run: RegionInsn[] = [];
    let offset = start;
    let last: RegionInsn;
    do {
      last = insns.get(offset)!;
      run.push(last);
      offset += last.size;
    } while (
      last.targets.length === 0 && last.falls_through && insns.has(offset) && !leaders.has(offset)
    );
    const successors: number[] = [];
    if (!last.calls) successors.push(...last.targets.filter((t) => insns.has(t)));
    if (last.falls_through && insns.has(offset)) successors.push(offset);
    blocks.set(start, { insns: run, start, end: offset, successors });
  }
  return blocks;
}
