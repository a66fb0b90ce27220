/**
 * Dominators of a region's blocks, for structured control flow.
 *
 * @module
 */
import type { Region } from "./region.ts";

/** A region's control flow graph. Blocks are named by their ids. */
export interface ControlFlow {
  /** Position in reverse postorder, of blocks that can be reached. */
  readonly order: ReadonlyMap<number, number>;
  /** Blocks that a block dominates immediately. */
  readonly children: ReadonlyMap<number, readonly number[]>;
  /** Blocks that several forward edges lead to. */
  readonly merges: ReadonlySet<number>;
  /** Blocks that a back edge leads to. */
  readonly loops: ReadonlySet<number>;
  /** Whether `a` dominates `b`. */
  dominates(a: number, b: number): boolean;
}

function postorder(region: Region): number[] {
  const out: number[] = [];
  const seen = new Set<number>([0]);
  const stack = [{ block: region.blocks[0]!, next: 0 }];
  while (stack.length > 0) {
    const top = stack.at(-1)!;
    const successor = top.block.successors[top.next++];
    if (successor === undefined) {
      out.push(top.block.id);
      stack.pop();
    } else if (!seen.has(successor)) {
      seen.add(successor);
      stack.push({ block: region.blocks[successor]!, next: 0 });
    }
  }
  return out;
}

/**
 * Analyses a region (Cooper, Harvey, Kennedy: "A Simple, Fast Dominance Algorithm"). Back edges to a
 * block that does not dominate their source are not counted as loops: they leave the region.
 */
export function analyse(region: Region): ControlFlow {
  const sequence = postorder(region).reverse();
  const order = new Map(sequence.map((id, i) => [id, i]));
  const predecessors: number[][] = sequence.map(() => []);
  for (const id of sequence) {
    for (const to of region.blocks[id]!.successors) {
      predecessors[order.get(to)!]!.push(order.get(id)!);
    }
  }
  const idom = find_dominators(predecessors);
  const dominates = (a: number, b: number): boolean => {
    let at = order.get(b)!;
    const goal = order.get(a)!;
    while (at > goal) at = idom[at]!;
    return at === goal;
  };
  const children = new Map<number, number[]>(sequence.map((id) => [id, []]));
  for (let i = 1; i < sequence.length; i++) {
    children.get(sequence[idom[i]!]!)!.push(sequence[i]!);
  }
  const merges = new Set<number>(), loops = new Set<number>();
  sequence.forEach((id, i) => {
    if (predecessors[i]!.filter((p) => p < i).length > 1) merges.add(id);
    for (const p of predecessors[i]!) {
      if (p >= i && dominates(id, sequence[p]!)) loops.add(id);
    }
  });
  return { order, children, merges, loops, dominates };
}

function find_dominators(predecessors: readonly (readonly number[])[]): number[] {
  const idom: number[] = [0];
  for (let changed = true; changed;) {
    changed = false;
    for (let i = 1; i < predecessors.length; i++) {
      let best = -1;
      for (const p of predecessors[i]!) {
        if (idom[p] === undefined) continue;
        best = best < 0 ? p : intersect(idom, p, best);
      }
      if (best >= 0 && idom[i] !== best) {
        idom[i] = best;
        changed = true;
      }
    }
  }
  return idom;
}

function intersect(idom: readonly number[], a: number, b: number): number {
  while (a !== b) {
    while (a > b) a = idom[a]!;
    while (b > a) b = idom[b]!;
  }
  return a;
}
