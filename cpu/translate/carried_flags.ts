/**
 * Flags that a loop's end hands to its beginning.
 *
 * The region may be left at a loop's beginning, by an access that cannot be done, before the flags are
 * set again. Then those of the comparison at the loop's end are wanted. Its operands are most often
 * still in registers, or differ from what registers hold by a constant, so nothing need be stored in each
 * turn: who leaves makes the operands from the registers. In the first turn, which the number of
 * instructions tells, the CPU state has the flags.
 *
 * @module
 */
import type { Node } from "../ir/node.ts";
import { known_index } from "../ir/places.ts";
import type { ControlFlow } from "./control_flow.ts";
import { ALL_FLAGS } from "./flag_liveness.ts";
import type { Block, Region, RegionInsn } from "./region.ts";

/** What a register holds, if there is one, plus a constant. */
export interface Term {
  readonly register: number | undefined;
  readonly plus: number;
}

/** Flags that follow from what registers hold. */
export interface Carried {
  readonly kind: "sub" | "add";
  readonly x: Term;
  readonly y: Term;
}

/** What a loop's header is handed. */
export interface Handover {
  /** Blocks that hand it over on their way back. */
  readonly ends: ReadonlySet<number>;
  /** What flags follow from before each of its instructions that may leave before all flags are set. */
  readonly places: ReadonlyMap<RegionInsn, Carried>;
}

/** How many blocks back a comparison is looked for. */
const FAR = 8;

/** What is handed over to headers of loops, by their ids. */
export function carried_flags(
  region: Region,
  flow: ControlFlow,
): ReadonlyMap<number, Handover> {
  const predecessors = new Map<number, Set<number>>();
  for (const id of flow.order.keys()) {
    for (const to of region.blocks[id]!.successors) {
      const set = predecessors.get(to);
      if (set) set.add(id);
      else predecessors.set(to, new Set([id]));
    }
  }
  const out = new Map<number, Handover>();
  for (const header of flow.loops) {
    // Innermost first: what a loop within another does is what is done most.
    const ends = [...predecessors.get(header)!]
      .filter((id) => flow.dominates(header, id))
      .sort((a, b) => flow.order.get(a)! - flow.order.get(b)!);
    const first = ends.map((id) => handed_over(region, predecessors, id)).find((flags) => flags);
    const places = first && used_in(region.blocks[header]!, first);
    if (!places) continue;
    const text = JSON.stringify(first);
    const alike = ends.filter((id) =>
      JSON.stringify(handed_over(region, predecessors, id)) === text
    );
    out.set(header, { ends: new Set(alike), places });
  }
  return out;
}

/** What the flags at a block's end follow from. */
function handed_over(
  region: Region,
  predecessors: ReadonlyMap<number, ReadonlySet<number>>,
  end: number,
): Carried | undefined {
  const after: RegionInsn[] = [];
  for (let id = end, far = 0; far < FAR; far++) {
    const { insns } = region.blocks[id]!;
    for (let i = insns.length - 1; i >= 0; i--) {
      const insn = insns[i]!;
      const { sets, sets_in_arm } = insn.flags;
      if (sets_in_arm) return undefined;
      if (sets !== 0) {
        let flags = insn.insn.cond === 14 ? compared(insn) : undefined;
        for (let j = after.length - 1; j >= 0 && flags; j--) flags = moved(flags, after[j]!);
        return flags;
      }
      after.push(insn);
    }
    const before = predecessors.get(id);
    // The entry has the region's caller before it.
    if (before?.size !== 1 || id === 0) return undefined;
    for (const only of before) id = only;
  }
  return undefined;
}

/** What the flags follow from after an instruction that sets them. */
function compared({ program: { nodes } }: RegionInsn): Carried | undefined {
  const flags = nodes.find((node) => node.k === "flags");
  if (flags?.k !== "flags") return undefined;
  const { kind, result } = flags;
  const x = term(flags.x), y = term(flags.y);
  if (!x || !y || is_written(nodes, y)) return undefined;
  if (!is_written(nodes, x)) return { kind, x, y };
  // Where the result has taken x's place, x follows from it.
  const writes = [...writes_of(nodes, x.register!)];
  if (writes.length !== 1 || writes[0] !== result || y.register !== undefined) return undefined;
  return { kind, x: { ...x, plus: (kind === "sub" ? y.plus : -y.plus) | 0 }, y };
}

function is_written(nodes: readonly Node[], { register }: Term): boolean {
  return register !== undefined && [...writes_of(nodes, register)].length > 0;
}

function term(node: Node): Term | undefined {
  if (node.k === "const") return { register: undefined, plus: node.value as number };
  if (node.k !== "get_reg") return undefined;
  const register = known_index(node.index)!;
  return register === 15 ? undefined : { register, plus: 0 };
}

/** The same after another instruction. */
function moved(flags: Carried, insn: RegionInsn): Carried | undefined {
  const x = moved_term(flags.x, insn), y = moved_term(flags.y, insn);
  return x && y && { kind: flags.kind, x, y };
}

function moved_term(term: Term, { program: { nodes }, insn }: RegionInsn): Term | undefined {
  const { register } = term;
  if (register === undefined) return term;
  const [value, ...others] = writes_of(nodes, register);
  if (!value) return term;
  // A write in an arm may not happen.
  const happens = insn.cond === 14 && nodes.some((n) => n.k === "set_reg" && n.value === value);
  const by = happens && others.length === 0 ? constant_move(value, register) : undefined;
  return by === undefined ? undefined : { register, plus: (term.plus - by) | 0 };
}

/** The values that a program writes to a register. */
function* writes_of(nodes: readonly Node[], register: number): Iterable<Node> {
  for (const node of nodes) {
    if (node.k === "set_reg" && known_index(node.index) === register) yield node.value;
    else if (node.k === "if") {
      yield* writes_of(node.then, register);
      yield* writes_of(node.otherwise, register);
    } else if (node.k === "loop") yield* writes_of(node.body, register);
  }
}

/** What a value adds to what the register held; undefined when it is anything else. */
export function constant_move(value: Node, register: number): number | undefined {
  if (value.k !== "pure") return undefined;
  const { name } = value.op;
  if (name !== "i32.add" && name !== "i32.sub") return undefined;
  const [base, by] = value.args as [Node, Node];
  if (base.k !== "get_reg" || known_index(base.index) !== register || by.k !== "const") {
    return undefined;
  }
  return name === "i32.add" ? by.value as number : -(by.value as number);
}

/**
 * What the flags follow from before those of a block's instructions that may leave before all flags are
 * set; undefined where somebody wants to see them, or leaves other than before an instruction.
 */
function used_in(block: Block, first: Carried): ReadonlyMap<RegionInsn, Carried> | undefined {
  const out = new Map<RegionInsn, Carried>();
  let flags: Carried | undefined = first;
  let some_set = false;
  for (const insn of block.insns) {
    const { reads, sets, may_leave, sets_in_arm } = insn.flags;
    if (reads !== 0 || sets_in_arm || insn.insn.cond !== 14 || insn.targets.length > 0) {
      return undefined;
    }
    if (may_leave || insn.indirect || crosses(insn)) {
      if (!flags || some_set || insn.slow || !leaves_by_misses(insn.program.nodes)) {
        return undefined;
      }
      out.set(insn, flags);
    }
    if (sets === ALL_FLAGS) return out;
    if (sets !== 0) some_set = true;
    flags = flags && moved(flags, insn);
  }
  return undefined;
}

/** Whether an instruction lies in two pages. */
function crosses({ address, size }: RegionInsn): boolean {
  return address >> 12 !== (address + size - 1) >> 12;
}

/** Whether nothing in a program leaves but accesses, which do so before it has done anything. */
function leaves_by_misses(nodes: readonly Node[]): boolean {
  return nodes.every((node) => {
    switch (node.k) {
      case "probe":
      case "compare_exchange":
      case "leave":
      case "call":
      case "guard":
      case "branch":
      case "branch_to":
        return false;
      case "if":
        return leaves_by_misses(node.then) && leaves_by_misses(node.otherwise);
      case "loop":
        return leaves_by_misses(node.body);
      default:
        return true;
    }
  });
}
