/**
 * Where a region's condition flags must be in the CPU state.
 *
 * Sets of flags have a bit for each: N 0, Z 1, C 2, V 3.
 *
 * @module
 */
import { path_ends } from "../ir/builder.ts";
import type { Node } from "../ir/node.ts";
import { type Field, FLAGS } from "../state.ts";
import type { ControlFlow } from "./control_flow.ts";
import type { Block, Region } from "./region.ts";

/** Every flag. */
export const ALL_FLAGS = 15;

/** The flags that condition codes read, by half the code. */
const NEEDED: readonly number[] = [2, 4, 1, 8, 6, 9, 11, 0];

/** The flags that condition `cc` reads. */
export function flags_of_condition(cc: number): number {
  return NEEDED[cc >> 1]!;
}

/** How a program deals with flags. */
export interface FlagUse {
  /** Flags that it reads. */
  readonly reads: number;
  /** Flags that it sets whenever it is executed to its end. */
  readonly sets: number;
  /** It may leave the region, with the flags as they were before it. */
  readonly may_leave: boolean;
  /** It sets flags in an arm only, which the translator cannot follow. */
  readonly sets_in_arm: boolean;
}

/** Looks through a program. */
export function flag_use(nodes: readonly Node[]): FlagUse {
  const use = { reads: 0, sets: 0, may_leave: false, sets_in_arm: false };
  look(nodes, use, false);
  return use;
}

function look(
  nodes: readonly Node[],
  use: { -readonly [K in keyof FlagUse]: FlagUse[K] },
  in_arm: boolean,
): void {
  const set = (flags: number): void => {
    if (flags === 0) return;
    if (in_arm) use.sets_in_arm = true;
    else use.sets |= flags;
  };
  for (const node of nodes) {
    switch (node.k) {
      case "get":
        use.reads |= flag_of(node.field);
        break;
      case "holds":
        use.reads |= flags_of_condition(node.cc);
        break;
      case "set":
        set(flag_of(node.field));
        break;
      case "flags":
        set(ALL_FLAGS);
        break;
      case "load":
      case "store":
      case "probe":
      case "compare_exchange":
      case "leave":
      case "call":
      case "guard":
        use.may_leave = true;
        break;
      case "if":
        look(node.then, use, in_arm || !path_ends(node.then));
        look(node.otherwise, use, in_arm || !path_ends(node.otherwise));
        break;
      case "loop":
        look(node.body, use, true);
        break;
    }
  }
}

/** The bit of a flag's field; 0 for any other. */
export function flag_of(field: Field): number {
  return (1 << FLAGS.indexOf(field)) & ALL_FLAGS;
}

/**
 * The flags that each block of a region wants in the CPU state at its beginning: those that are read,
 * or that the region may be left with, before they are set.
 */
export function wanted_flags(region: Region, { order }: ControlFlow): ReadonlyMap<number, number> {
  const wanted = new Map<number, number>();
  const blocks = [...order.keys()].map((id) => region.blocks[id]!).reverse();
  for (let changed = true; changed;) {
    changed = false;
    for (const block of blocks) {
      const flags = wanted_before(block, region, order, wanted);
      if (flags === wanted.get(block.id)) continue;
      wanted.set(block.id, flags);
      changed = true;
    }
  }
  return wanted;
}

function wanted_before(
  block: Block,
  region: Region,
  order: ControlFlow["order"],
  wanted: ReadonlyMap<number, number>,
): number {
  let flags = may_leave_at_end(block, region, order) ? ALL_FLAGS : 0;
  for (const to of block.successors) flags |= wanted.get(to) ?? 0;
  for (let i = block.insns.length - 1; i >= 0; i--) {
    const { insn, flags: use, indirect } = block.insns[i]!;
    if (insn.cond === 14) flags &= ~use.sets;
    flags |= use.reads | flags_of_condition(insn.cond);
    if (use.may_leave || indirect !== undefined) flags = ALL_FLAGS;
  }
  return flags;
}

/** Whether the region may be left behind a block: to elsewhere, or by a check on the way. */
function may_leave_at_end(
  { id, insns, successors }: Block,
  { blocks }: Region,
  order: ControlFlow["order"],
): boolean {
  const last = insns.at(-1);
  if (!last) return true;
  const ways = last.targets.length + (last.falls_through ? 1 : 0);
  if (ways !== successors.length) return true;
  // Loops look at their budget, and other pages may have gone.
  return successors.some((to) =>
    order.get(to)! <= order.get(id)! || blocks[to]!.start >> 12 !== last.address >> 12
  );
}
