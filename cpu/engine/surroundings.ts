import type { Helper } from "../helper.ts";
import type { Guard, Node, VAccess } from "../ir/node.ts";
import type { Field } from "../state.ts";
import type { Code } from "../../wasm/encoder.ts";

/** Imported functions that emitted code calls, by index. */
export interface Imports {
  load(): number;
  load64(): number;
  store(): number;
  store64(): number;
  probe(): number;
  exchange(): number;
  exchange64(): number;
  helper(helper: Helper): number;
}

/** A branch to an address from a register or memory. */
export type BranchTo = Node & { k: "branch_to" };

/** Keeps condition flags in a way of its own. */
export interface Flags {
  /** What is known of how they are kept, at the place that is being emitted. */
  save(): unknown;
  /** Goes back to what was known there. */
  restore(known: unknown): void;
  /** Whether a state field is a flag. */
  has(field: Field): boolean;
  /** Pushes a flag. */
  get(field: Field): void;
  /** Sets a flag. */
  set(field: Field, push: () => void): void;
  /** Pushes a value that is not zero when condition `cc` holds. */
  condition(cc: number): void;
  /** All flags follow from a subtraction or an addition. */
  compare(kind: "add" | "sub", push_x: () => void, push_y: () => void): void;
}

/** Floating-point state that is kept in locals. */
export interface FpSurroundings {
  /** The local that has a copy of a state field; stores go to both. */
  copy(field: Field): number | undefined;
  /** Whether a guard has been passed on every way to this instruction. Notes that it now has. */
  passed(guard: Guard): boolean;
  /** The local that has a vector constant. */
  constant(bytes: Uint8Array): number | undefined;
  /** Before and after a call of a helper. */
  before_call(helper: Helper): void;
  after_call(helper: Helper): void;
  /** Pushes what is at a byte of the V register file; false where memory has it. */
  get_v(at: number, access: VAccess): boolean;
  /** The type of the local at a byte of the V register file, where it is a float of that width. */
  float_at(at: number, access: VAccess): "f32" | "f64" | undefined;
  /** Sets what is at a byte of the V register file; false where memory has it. */
  set_v(at: number, access: VAccess, push: () => void): boolean;
}

/** What surrounds an op's program: where operands come from and how control leaves. */
export interface Surroundings {
  readonly code: Code;
  readonly imports: Imports;
  /** Pushes an operand's value; register indices come scaled to bytes. */
  operand(name: string): void;
  /** Pushes the address of this instruction. */
  pc(): void;
  /** Stores which instruction this is, before anything that may leave. */
  mark(): void;
  /** Brings `STATE.insn_count` up to date; undefined where that is the caller's business. */
  count?(): void;
  /** Leaves: STATE.exit is set. `depth` is how many blocks the program has open. */
  leave(depth: number): void;
  /** Goes to this instruction plus the offset that `push` pushes. */
  branch(push: () => void, depth: number): void;
  /** Goes to the address that `push` pushes, its low bits still to be cleared; T is set. */
  branch_to(push: () => void, depth: number, node: BranchTo): void;
  /** The WebAssembly local that holds a general register, where registers are kept in locals. */
  register?(index: number): number;
  /** Flags, where they are not kept as state fields. */
  readonly flags?: Flags;
  /** The local that holds `STATE.map`, where it is kept in one. */
  readonly map?: number;
  /** After a call that may have made another page map the current one. */
  maps_changed?(): void;
  /**
   * Leaves so that the interpreter executes this instruction, for accesses that the page maps cannot do;
   * undefined where they are to be done here, by a call.
   */
  readonly miss?: (depth: number) => void;
  /** Where the accesses of this instruction remember the page that they came to last, if they do. */
  readonly cell?: number;
  /** Notes that they have come to another one. */
  strays?(): void;
  /** A call has been emitted that may store into code. */
  may_change_code?(): void;
  /** Accesses are often not aligned: those that need not be are done at once within a page. */
  readonly unaligned?: boolean;
  /** Pushes what r15 reads as, where registers are kept in locals. */
  r15?(): void;
  /** Where floating-point state is, if it is not only in memory. */
  readonly fp?: FpSurroundings;
}
