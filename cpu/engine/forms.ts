import type { Program } from "../ir/node.ts";
import { OPERAND_KINDS } from "../ir/node.ts";
import type { Op, Static } from "../isa/op.ts";
import { build_program } from "../isa/program.ts";
import { operand_layout, RECORD } from "./record.ts";

/** What a form of an op depends on besides its statics. */
export interface Placement {
  /** Bytes of the instruction. */
  readonly size: number;
  readonly thumb: boolean;
  /** The direct branch in it stays in the page. */
  readonly near: boolean;
}

/** A form of an op at a placement: what a handler is made for. */
export interface Form {
  readonly op: Op;
  readonly statics: Readonly<Record<string, Static>>;
  readonly place: Placement;
  readonly program: Program;
}

/** What a record of some form of an op needs, found by its statics. */
export interface FormInfo {
  readonly op: Op;
  readonly statics: Readonly<Record<string, Static>>;
  readonly program: Program;
  /** See {@link branch_operand}. */
  readonly branch: string | undefined;
  /** Operands in a record. */
  readonly layout: readonly { name: string; offset: number; bytes: number; scale: number }[];
  /** Names of operands that are general registers. */
  readonly registers: readonly string[];
  /** Handler numbers by placement. */
  readonly numbers: (number | undefined)[];
}

/** Forms of one op by the values of its statics, in the order of their names. */
interface FormTree {
  readonly names: readonly string[];
  readonly root: Map<Static, unknown>;
  /** Of an op without statics. */
  only?: FormInfo;
}

/** An index for what is kept by placement. */
export function place_index(place: Placement): number {
  return (place.thumb ? 2 : 0) + (place.size === 4 ? 1 : 0) + (place.near ? 4 : 0);
}

const branching = new WeakMap<Program, string | undefined>();

/**
 * The operand that holds the offset of a program's direct branch: undefined when it has none, "" when
 * the offset is computed.
 */
export function branch_operand(program: Program): string | undefined {
  if (!branching.has(program)) branching.set(program, find_branch(program.nodes));
  return branching.get(program);
}

function find_branch(nodes: Program["nodes"]): string | undefined {
  for (const n of nodes) {
    const found = n.k === "branch"
      ? n.offset.k === "operand" ? n.offset.name : ""
      : n.k === "if"
      ? find_branch(n.then) ?? find_branch(n.otherwise)
      : n.k === "loop"
      ? find_branch(n.body)
      : undefined;
    if (found !== undefined) return found;
  }
  return undefined;
}

function make_info(op: Op, statics: Readonly<Record<string, Static>>): FormInfo {
  const program = build_program(op, statics);
  const layout = operand_layout(op);
  return {
    op,
    statics,
    program,
    branch: branch_operand(program),
    layout: Object.entries(layout).map(([name, { offset, kind }]) => ({
      name,
      offset,
      bytes: OPERAND_KINDS[kind].bytes,
      scale: OPERAND_KINDS[kind].scale,
    })),
    registers: Object.keys(op.operands).filter((name) => op.operands[name] === "reg"),
    numbers: [],
  };
}

/** Bytes of records that an instruction's form takes. */
export function step_of(place: Placement): number {
  return place.thumb && place.size === 4 ? 2 * RECORD.size : RECORD.size;
}

/** Finds forms by op and statics, without making strings of them. */
export class FormTable {
  readonly #trees = new Map<Op, FormTree>();

  /** What is known of a form. */
  info(op: Op, statics: Readonly<Record<string, Static>>): FormInfo {
    let tree = this.#trees.get(op);
    if (!tree) {
      this.#trees.set(op, tree = { names: Object.keys(statics).sort(), root: new Map() });
    }
    const { names } = tree;
    if (names.length === 0) return tree.only ??= make_info(op, statics);
    let node = tree.root;
    const last = names.length - 1;
    for (let i = 0; i < last; i++) {
      const value = statics[names[i]!]!;
      let next = node.get(value) as Map<Static, unknown> | undefined;
      if (!next) node.set(value, next = new Map());
      node = next;
    }
    const value = statics[names[last]!]!;
    let info = node.get(value) as FormInfo | undefined;
    if (!info) node.set(value, info = make_info(op, statics));
    return info;
  }
}
