/**
 * Floating-point state of a region: V registers, copies of what FPSCR says, and what has been checked.
 *
 * @module
 */
import type { FpSurroundings } from "../engine/surroundings.ts";
import type { Helper } from "../helper.ts";
import type { Guard, Node, VAccess } from "../ir/node.ts";
import { type Field, STATE } from "../state.ts";
import { type Code, OP } from "../../wasm/encoder.ts";
import { VectorRegisters } from "./vector_registers.ts";

/** Fields that only floating-point instructions and their helpers change while a region runs. */
const COPIED: ReadonlySet<Field> = new Set([
  STATE.fp_enabled,
  STATE.simd_enabled,
  STATE.fp_case,
  STATE.fpscr,
  STATE.fp_flags,
  STATE.fp_nzcv,
]);

/** Whether one block dominates another, by their ids. */
type Dominates = (a: number, b: number) => boolean;

const known = new WeakMap<readonly Node[], boolean>();

/** Whether a program has to do with floating point. Programs are asked again and again. */
function is_fp(nodes: readonly Node[]): boolean {
  let fp = known.get(nodes);
  if (fp === undefined) known.set(nodes, fp = nodes.some(touches));
  return fp;
}

function touches(node: Node): boolean {
  switch (node.k) {
    case "get":
    case "set":
      return COPIED.has(node.field);
    case "guard":
    case "get_v":
    case "set_v":
      return true;
    case "call":
      return !node.helper.keeps_vectors;
    case "if":
      return node.then.some(touches) || node.otherwise.some(touches);
    case "loop":
      return node.body.some(touches);
    default:
      return false;
  }
}

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
export class RegionFp implements FpSurroundings {
  readonly #code: Code;
  readonly #uses = new Uses();
  readonly #vectors: VectorRegisters;
  readonly #copies = new Map<Field, number>();
  readonly #constants = new Map<string, number>();
  readonly #dominates: Dominates;
  /** Blocks in which a guard is passed whenever they are left at their end. */
  readonly #passed = new Map<Guard, number[]>();
  #used = false;
  /** Where instructions are being emitted. */
  #block = 0;
  #certain = false;

  /** For the programs of `nodes`. */
  constructor(code: Code, nodes: Iterable<readonly Node[]>, dominates: Dominates) {
    this.#code = code;
    this.#dominates = dominates;
    this.#vectors = new VectorRegisters(code);
    for (const program of nodes) {
      if (!is_fp(program)) continue;
      this.#used = true;
      this.#uses.add(program);
      this.#vectors.discover(program);
    }
    this.#vectors.assign();
    for (const field of this.#uses.fields) this.#copies.set(field, code.local("i32"));
    for (const key of this.#uses.constants.keys()) this.#constants.set(key, code.local("v128"));
  }

  /** Where the region begins. */
  enter(): void {
    if (!this.#used) return;
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

  /**
   * For the instructions of a block; `certain`: those that are executed whenever the block is.
   * Undefined in a region without floating point.
   */
  in_block(block: number, certain: boolean): FpSurroundings | undefined {
    if (!this.#used) return undefined;
    this.#block = block;
    this.#certain = certain;
    return this;
  }

  copy(field: Field): number | undefined {
    return this.#copies.get(field);
  }
  constant(bytes: Uint8Array): number | undefined {
    return this.#constants.get(bytes.join());
  }
  get_v(at: number, access: VAccess): boolean {
    return this.#vectors.get(at, access);
  }
  set_v(at: number, access: VAccess, push: () => void): boolean {
    return this.#vectors.set(at, access, push);
  }
  float_at(at: number, access: VAccess): "f32" | "f64" | undefined {
    return this.#vectors.float_at(at, access);
  }

  before_call(helper: Helper): void {
    if (!helper.keeps_vectors) this.#vectors.store();
  }
  after_call(helper: Helper): void {
    this.#refresh();
    if (!helper.keeps_vectors) this.#vectors.load();
  }

  passed(guard: Guard): boolean {
    const { interferes, written } = this.#uses;
    if (interferes || written.has(guard.field)) return false;
    const passed = this.#passed.get(guard) ?? [];
    const block = this.#block;
    if (passed.some((id) => id === block || this.#dominates(id, block))) return true;
    if (this.#certain) this.#passed.set(guard, [...passed, block]);
    return false;
  }
}
