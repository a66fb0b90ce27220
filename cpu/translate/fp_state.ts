/**
 * Floating-point state of a region: V registers, copies of what FPSCR says, and what has been checked.
 *
 * @module
 */
import type { FpSurroundings } from "../engine/emit.ts";
import type { Helper } from "../helper.ts";
import type { Guard, Node } from "../ir/node.ts";
import { type Field, STATE } from "../state.ts";
import { type Code, OP } from "../wasm/encoder.ts";
import { VectorRegisters } from "./vector_registers.ts";

/** Fields that only floating-point instructions and their helpers change while a region runs. */
const COPIED: ReadonlySet<Field> = new Set([
  STATE.fp_enabled,
  STATE.simd_enabled,
  STATE.fp_plain,
  STATE.fpscr,
  STATE.fp_flags,
  STATE.fp_nzcv,
]);

/** Whether one block dominates another, by their ids. */
type Dominates = (a: number, b: number) => boolean;

/** What the programs of a region do with floating-point state. */
class Uses {
  readonly fields = new Set<Field>();
  readonly written = new Set<Field>();
  /** A helper may use V registers, or change who may. */
  interferes = false;
  readonly constants = new Map<string, Uint8Array>();

  add(nodes: readonly Node[]): void {
    for (const node of nodes) this.#node(node);
  }

  #node(node: Node): void {
    switch (node.k) {
      case "get":
        this.#field(node.field);
        break;
      case "guard":
        this.#field(node.guard.field);
        break;
      case "set":
        this.#field(node.field);
        this.written.add(node.field);
        break;
      case "call":
        if (!node.helper.keeps_vectors) this.interferes = true;
        break;
      case "pure":
        for (const arg of node.args) this.#constant(arg);
        break;
      case "set_v":
        this.#constant(node.value);
        break;
      case "if":
        this.add(node.then);
        this.add(node.otherwise);
        break;
      case "loop":
        this.add(node.body);
        break;
    }
  }
  #field(field: Field): void {
    if (COPIED.has(field)) this.fields.add(field);
  }
  #constant(node: Node): void {
    if (node.k !== "const" || node.ty !== "v128") return;
    const bytes = node.value as Uint8Array;
    this.constants.set(bytes.join(), bytes);
  }
}

/** Keeps a region's floating-point state in locals. */
export class RegionFp {
  readonly #code: Code;
  readonly #uses = new Uses();
  readonly #vectors: VectorRegisters;
  readonly #copies = new Map<Field, number>();
  readonly #constants = new Map<string, number>();
  readonly #dominates: Dominates;
  /** Blocks in which a guard is passed whenever they are left at their end. */
  readonly #passed = new Map<Guard, number[]>();

  /** For the programs of `nodes`. */
  constructor(code: Code, nodes: Iterable<readonly Node[]>, dominates: Dominates) {
    this.#code = code;
    this.#dominates = dominates;
    this.#vectors = new VectorRegisters(code);
    for (const program of nodes) {
      this.#uses.add(program);
      this.#vectors.discover(program);
    }
    this.#vectors.assign();
    for (const field of this.#uses.fields) this.#copies.set(field, code.local("i32"));
    for (const key of this.#uses.constants.keys()) this.#constants.set(key, code.local("v128"));
  }

  /** Where the region begins. */
  enter(): void {
    const c = this.#code;
    this.#refresh();
    this.#vectors.load();
    for (const [key, local] of this.#constants) {
      c.u8(0xfd, 12).list(this.#uses.constants.get(key)!).set(local);
    }
  }

  /** Where it ends. */
  leave(): void {
    this.#vectors.store();
  }

  #refresh(): void {
    for (const [field, local] of this.#copies) {
      this.#code.i32(0).mem(OP.i32_load, 2, field.address).set(local);
    }
  }

  /** For the instructions of a block; `certain`: those that are executed whenever the block is. */
  in_block(block: number, certain: boolean): FpSurroundings {
    return {
      copy: (field) => this.#copies.get(field),
      constant: (bytes) => this.#constants.get(bytes.join()),
      passed: (guard) => this.#is_passed(guard, block, certain),
      before_call: (helper) => {
        if (!helper.keeps_vectors) this.#vectors.store();
      },
      after_call: (helper) => this.#called(helper),
      get_v: (at, access) => this.#vectors.get(at, access),
      float_at: (at, access) => this.#vectors.float_at(at, access),
      set_v: (at, access, push) => this.#vectors.set(at, access, push),
    };
  }

  #is_passed(guard: Guard, block: number, certain: boolean): boolean {
    const { interferes, written } = this.#uses;
    if (interferes || written.has(guard.field)) return false;
    const passed = this.#passed.get(guard) ?? [];
    if (passed.some((id) => id === block || this.#dominates(id, block))) return true;
    if (certain) this.#passed.set(guard, [...passed, block]);
    return false;
  }

  #called(helper: Helper): void {
    this.#refresh();
    if (!helper.keeps_vectors) this.#vectors.load();
  }
}
