/**
 * Which accesses of a region remember the page that they came to last.
 *
 * A page map's word depends on the address, and what is loaded on that word: two loads one after the
 * other. A _cell_ has the page that an access in a loop came to last and its page map's word, so an
 * address is compared with it instead, which a processor predicts, and a single load is left. Accesses
 * by one base register share a cell.
 *
 * @module
 */
import type { Node } from "../ir/node.ts";
import { known_index } from "../ir/places.ts";
import { MEM } from "../state.ts";
import { constant_move } from "./carried_flags.ts";
import type { ControlFlow } from "./control_flow.ts";
import type { Region, RegionInsn } from "./region.ts";

/** Cells that a region may have in each direction. Others have the rest: they would drive it out. */
const MAX_CELLS = 8;
/**
 * The longest loop that has cells, in instructions. Longer ones are often retries around whole paths
 * of a kernel, which go round once: after each change of the page maps a cell costs more than it gains.
 */
const LONGEST = 150;

/** Where `STATE.r15` would be: accesses relative to the instruction. */
const PC = 15;

/** The byte address of the cell of each instruction that has one; for writing it is `MEM.write_cells` on. */
export function page_cells(region: Region, flow: ControlFlow): ReadonlyMap<RegionInsn, number> {
  const depths = loop_depths(region, flow);
  const blocks = [...depths.keys()].sort((a, b) => depths.get(b)! - depths.get(a)!);
  const out = new Map<RegionInsn, number>();
  let left = MAX_CELLS;
  // Regions begin at different ones.
  let next = (region.entry >>> 1) * 7;
  for (const id of blocks) {
    const by_base = new Map<number, number>();
    for (const insn of region.blocks[id]!.insns) {
      const base = insn.scattered || insn.slow ? undefined : base_of(insn.program.nodes);
      if (base !== undefined) {
        let cell = by_base.get(base);
        if (cell === undefined && left > 0) {
          left--;
          cell = MEM.cells + 8 * (next++ % MEM.cell_count);
          by_base.set(base, cell);
        }
        if (cell !== undefined) out.set(insn, cell);
      }
      forget(insn.program.nodes, by_base);
    }
  }
  return out;
}

/** In how many loops that are short enough blocks are, for those that are in any. */
function loop_depths(region: Region, flow: ControlFlow): ReadonlyMap<number, number> {
  const predecessors = new Map<number, number[]>();
  for (const id of flow.order.keys()) {
    for (const to of region.blocks[id]!.successors) {
      const list = predecessors.get(to);
      if (list) list.push(id);
      else predecessors.set(to, [id]);
    }
  }
  const depths = new Map<number, number>();
  for (const header of flow.loops) {
    const body = new Set([header]);
    const stack = predecessors.get(header)!.filter((from) => flow.dominates(header, from));
    for (let id = stack.pop(); id !== undefined; id = stack.pop()) {
      if (body.has(id)) continue;
      body.add(id);
      stack.push(...predecessors.get(id) ?? []);
    }
    const insns = [...body].reduce((sum, id) => sum + region.blocks[id]!.insns.length, 0);
    if (insns > LONGEST) continue;
    for (const id of body) depths.set(id, (depths.get(id) ?? 0) + 1);
  }
  return depths;
}

/** The base register of a program's first access; undefined when it has none. */
function base_of(nodes: readonly Node[]): number | undefined {
  for (const node of nodes) {
    if (node.k === "load" || node.k === "store") return leftmost(node.address);
    if (node.k !== "if") continue;
    const base = base_of(node.then) ?? base_of(node.otherwise);
    if (base !== undefined) return base;
  }
  return undefined;
}

/** The register that an address begins with. */
function leftmost(node: Node): number | undefined {
  if (node.k === "get_reg") return known_index(node.index);
  if (node.k === "pc") return PC;
  return node.k === "pure" ? leftmost(node.args[0]!) : undefined;
}

/** Registers that are written lose their cells, unless they move by a constant. */
function forget(nodes: readonly Node[], by_base: Map<number, number>): void {
  for (const node of nodes) {
    if (node.k === "set_reg") {
      const to = known_index(node.index)!;
      if (constant_move(node.value, to) === undefined) by_base.delete(to);
    } else if (node.k === "if") {
      forget(node.then, by_base);
      forget(node.otherwise, by_base);
    } else if (node.k === "loop") forget(node.body, by_base);
  }
}
