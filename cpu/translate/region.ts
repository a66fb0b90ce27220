/**
 * Finds the instructions that are translated together: those reached from an entry that have been
 * executed before, across pages and into functions that are called directly.
 *
 * Addresses are relative to the virtual address of the entry's page, so that a region serves every
 * mapping of its pages that keeps their distances.
 *
 * @module
 */
import type { Program } from "../ir/node.ts";
import type { Insn } from "../isa/decoder.ts";
import type { FlagUse } from "./flag_liveness.ts";
import { type Indirect, prepare } from "./prepared.ts";

/** An instruction where it lies. */
export interface Source {
  readonly insn: Insn;
  readonly size: number;
  /** The instruction after it, at a page's end, is in the same IT block: only the interpreter can go on. */
  readonly it_goes_on: boolean;
  /** Its accesses often miss the page maps: they are done without leaving. */
  readonly slow: boolean;
  /** They come to another page again and again. */
  readonly scattered: boolean;
  /** Relative addresses that it went to, where it takes them from a register or memory. */
  readonly seen: readonly number[];
}

/** Gives the instruction at a relative address, or undefined for one not to be translated. */
export type InsnSource = (address: number) => Source | undefined;

/** A function inlined at one call, or the region's own code. */
export interface Scope {
  readonly id: number;
  readonly parent?: Scope;
  /** Where it begins. */
  readonly entry: number;
  /** Where its caller goes on. */
  readonly return_to: number;
  readonly depth: number;
}

/** One instruction of a region. */
export interface RegionInsn {
  readonly address: number;
  readonly size: number;
  readonly insn: Insn;
  /** Its program, with its operands known. */
  readonly program: Program;
  /** Addresses that it may branch to directly, or that an indirect branch is expected to go to. */
  readonly targets: readonly number[];
  /** Whether it may go on to the next instruction. */
  readonly falls_through: boolean;
  /** It may go to an address from a register or memory. */
  readonly indirect: Indirect | undefined;
  /** A call: sets LR and branches. */
  readonly calls: boolean;
  readonly flags: FlagUse;
  /** The called function, where it is inlined. */
  callee?: Scope;
  readonly it_goes_on: boolean;
  /** Its accesses often miss the page maps. */
  readonly slow: boolean;
  /** They come to another page again and again. */
  readonly scattered: boolean;
}

/** A straight run of instructions in one scope. */
export interface Block {
  readonly id: number;
  readonly scope: Scope;
  readonly insns: readonly RegionInsn[];
  /** Address of the first one. */
  readonly start: number;
  /** Address after the last one. */
  readonly end: number;
  /** Ids of blocks that may follow. */
  readonly successors: number[];
  /** It has no instructions, but goes to one of several addresses: its scope's indirect branches. */
  readonly switches?: readonly number[];
}

/** A region. Block 0 is the entry. */
export interface Region {
  /** Address at which it is entered. */
  readonly entry: number;
  readonly thumb: boolean;
  readonly blocks: readonly Block[];
  readonly insns: number;
  /** The block at an address of a scope. */
  block_at(scope: Scope, address: number): Block | undefined;
  /** The block that a scope's indirect branches go to. */
  switch_of(scope: Scope): Block | undefined;
}

/** Whether an instruction ends in its scope's switch. */
export function is_switched(insn: RegionInsn): boolean {
  return insn.indirect !== undefined && !insn.calls && insn.targets.length > 0;
}

function region_insn(address: number, source: Source): RegionInsn | undefined {
  const { insn, size, it_goes_on, slow, scattered, seen } = source;
  const prepared = prepare(insn);
  if (!prepared) return undefined;
  const { program, offsets, indirect, calls, flags } = prepared;
  return {
    address,
    size,
    insn,
    program,
    targets: offsets.length === 0
      ? indirect && !indirect.returns ? seen : NO_TARGETS
      : offsets.map((offset) => address + offset),
    falls_through: !program.ends || insn.cond !== 14,
    indirect,
    calls,
    flags,
    it_goes_on,
    slow,
    scattered,
  };
}
const NO_TARGETS: readonly number[] = [];

/** How large regions may become, in instructions. */
const MAX_INSNS = 300;
/** How deep calls are inlined. */
const MAX_DEPTH = 4;

/** Collects the instructions of a region, breadth first. */
class Collector {
  readonly scopes: Scope[] = [];
  readonly insns: Map<number, RegionInsn>[] = [];
  readonly leaders: Set<number>[] = [];
  readonly #source: InsnSource;
  readonly #queue: { scope: Scope; address: number }[] = [];
  count = 0;

  constructor(entry: number, source: InsnSource) {
    this.#source = source;
    this.#scope({ entry, return_to: NaN, depth: 0 });
    for (let item = this.#queue.shift(); item; item = this.#queue.shift()) {
      this.#follow(item.scope, item.address);
    }
  }

  #scope(bare: Omit<Scope, "id">): Scope {
    const scope = { ...bare, id: this.scopes.length };
    this.scopes.push(scope);
    this.insns.push(new Map());
    this.leaders.push(new Set());
    this.#lead(scope, scope.entry);
    return scope;
  }
  #lead(scope: Scope, address: number): void {
    this.leaders[scope.id]!.add(address);
    this.#queue.push({ scope, address });
  }

  #follow(scope: Scope, start: number): void {
    const insns = this.insns[scope.id]!;
    for (let address = start; !insns.has(address) && this.count < MAX_INSNS;) {
      const source = this.#source(address);
      const insn = source && region_insn(address, source);
      if (!insn) return;
      insns.set(address, insn);
      this.count++;
      if (insn.calls) this.#call(scope, insn);
      else for (const target of insn.targets) this.#lead(scope, target);
      if (!insn.falls_through || insn.it_goes_on) return;
      address += insn.size;
      const page_ends = address >> 12 !== insn.address >> 12;
      if (insn.targets.length > 0 || page_ends) this.leaders[scope.id]!.add(address);
    }
  }

  /** Inlines the function that `insn` calls, unless it is being inlined already. */
  #call(scope: Scope, insn: RegionInsn): void {
    const [entry] = insn.targets;
    if (entry === undefined || scope.depth === MAX_DEPTH) return;
    for (let s: Scope | undefined = scope; s; s = s.parent) if (s.entry === entry) return;
    if (!this.#source(entry)) return;
    const return_to = insn.address + insn.size;
    insn.callee = this.#scope({ parent: scope, entry, return_to, depth: scope.depth + 1 });
    this.#lead(scope, return_to);
  }
}

/** Finds the region that is entered at `entry`; undefined when its first instruction cannot be translated. */
export function find_region(entry: number, thumb: boolean, source: InsnSource): Region | undefined {
  const found = new Collector(entry, source);
  if (found.count === 0) return undefined;
  const by_start = found.scopes.map(() => new Map<number, Block>());
  const blocks: Block[] = [];
  for (const scope of found.scopes) {
    const insns = found.insns[scope.id]!;
    for (const start of found.leaders[scope.id]!) {
      if (!insns.has(start)) continue;
      const block = form_block(blocks.length, scope, start, insns, found.leaders[scope.id]!);
      blocks.push(block);
      by_start[scope.id]!.set(start, block);
    }
  }
  const block_at = (scope: Scope, address: number): Block | undefined =>
    by_start[scope.id]!.get(address);
  const switches = form_switches(blocks, block_at);
  const switch_of = (scope: Scope): Block | undefined => switches.get(scope);
  for (const block of blocks) if (!block.switches) link_block(block, block_at, switch_of);
  return { entry, thumb, blocks, insns: found.count, block_at, switch_of };
}

/** Adds a block for each scope that has indirect branches which are expected to stay in it. */
function form_switches(
  blocks: Block[],
  block_at: (scope: Scope, address: number) => Block | undefined,
): ReadonlyMap<Scope, Block> {
  const targets = new Map<Scope, Set<number>>();
  for (const { scope, insns } of blocks) {
    const last = insns.at(-1)!;
    if (!is_switched(last)) continue;
    const all = targets.get(scope) ?? new Set();
    for (const target of last.targets) if (block_at(scope, target)) all.add(target);
    if (all.size > 0) targets.set(scope, all);
  }
  const out = new Map<Scope, Block>();
  for (const [scope, set] of targets) {
    const switches = [...set].sort((a, b) => a - b);
    const successors = switches.map((target) => block_at(scope, target)!.id);
    const block = {
      id: blocks.length,
      scope,
      insns: [],
      start: NaN,
      end: NaN,
      successors,
      switches,
    };
    blocks.push(block);
    out.set(scope, block);
  }
  return out;
}

function form_block(
  id: number,
  scope: Scope,
  start: number,
  insns: ReadonlyMap<number, RegionInsn>,
  leaders: ReadonlySet<number>,
): Block {
  const run: RegionInsn[] = [];
  let address = start;
  let last: RegionInsn;
  do {
    last = insns.get(address)!;
    run.push(last);
    address += last.size;
    // A page's end ends a block too: the next page may lie elsewhere.
  } while (
    last.targets.length === 0 && last.falls_through && !last.it_goes_on && insns.has(address) &&
    !leaders.has(address) && address >> 12 === last.address >> 12
  );
  return { id, scope, insns: run, start, end: address, successors: [] };
}

function link_block(
  block: Block,
  block_at: (scope: Scope, address: number) => Block | undefined,
  switch_of: (scope: Scope) => Block | undefined,
): void {
  const add = (to: Block | undefined): void => {
    if (to) block.successors.push(to.id);
  };
  const { scope } = block;
  for (const insn of block.insns) {
    // Returns in the middle of a block (conditional ones) leave the region.
    const ends_block = insn === block.insns.at(-1);
    if (insn.callee) add(block_at(insn.callee, insn.callee.entry));
    else if (is_switched(insn)) add(switch_of(scope));
    else if (!insn.calls) { for (const target of insn.targets) add(block_at(scope, target)); }
    if (ends_block && insn.indirect?.returns && scope.parent) {
      add(block_at(scope.parent, scope.return_to));
    }
  }
  const last = block.insns.at(-1)!;
  if (last.falls_through && !last.it_goes_on) add(block_at(scope, block.end));
}
