import type { Node, Variable } from "../ir/node.ts";
import { OPERAND_KINDS } from "../ir/node.ts";
import type { Ty } from "../ir/types.ts";
import { STATE } from "../state.ts";
import { type Code, OP } from "../../wasm/encoder.ts";
import type { Surroundings } from "./surroundings.ts";

/** Micro-ops whose value is that of their first argument where the second is 0. */
const SAME_WITH_ZERO: ReadonlySet<string> = new Set([
  ...["i32.add", "i32.sub", "i32.or", "i32.xor", "i32.shl", "i32.shr_u", "i32.shr_s"],
]);

/** Whether it is a constant 0, or an operand that is known to be. */
function is_zero(node: Node): boolean {
  return (node.k === "const" || node.k === "operand") && node.value === 0;
}

/** What the code of a program stands in: the locals that have its values, and its open blocks. */
export class ProgramFrame {
  /** Blocks that are open. */
  depth = 0;
  readonly #around: Surroundings;
  readonly #code: Code;
  /** Locals by the ids of nodes, and by those of variables. */
  readonly #locals: (number | undefined)[] = [];
  readonly #variables: (number | undefined)[] = [];
  readonly #borrowed: number[] = [];
  readonly #borrowed_types: Ty[] = [];

  constructor(around: Surroundings) {
    this.#around = around;
    this.#code = around.code;
  }

  /** A local for as long as the program is being emitted. */
  borrow(ty: Ty): number {
    const index = this.#code.borrow(ty);
    this.#borrowed.push(index);
    this.#borrowed_types.push(ty);
    return index;
  }
  /** Gives all locals back that were borrowed. */
  give_back(): void {
    for (let i = this.#borrowed.length - 1; i >= 0; i--) {
      this.#code.give_back(this.#borrowed_types[i]!, this.#borrowed[i]!);
    }
    this.#borrowed.length = this.#borrowed_types.length = 0;
  }

  /** The local that has the value of `node`. */
  local_of(node: Node): number {
    return this.#locals[node.id] ??= this.borrow(node.ty!);
  }

  /** Has a local be the value of `node`. */
  share(node: Node, local: number): void {
    this.#locals[node.id] = local;
  }

  /** Keeps what is on the stack as the value of `node`, or drops it. */
  keep(node: Node): void {
    if (node.uses === 0) {
      this.#code.byte(OP.drop);
      return;
    }
    this.#code.set(this.local_of(node));
  }

  /** The local of a variable. */
  variable(variable: Variable): number {
    return this.#variables[variable.id] ??= this.borrow(variable.ty);
  }

  /** Pushes the value of `node`. */
  push(node: Node): void {
    const c = this.#code;
    switch (node.k) {
      case "const":
        this.#push_const(node);
        return;
      case "operand":
        if (node.value !== undefined) {
          c.i32(node.value);
          return;
        }
        this.#around.operand(node.name);
        if (OPERAND_KINDS[node.kind].scale > 1) {
          c.i32(Math.log2(OPERAND_KINDS[node.kind].scale)).byte(0x76);
        }
        return;
      case "pure":
        if (node.uses === 1) {
          this.push_pure(node);
          return;
        }
    }
    c.get(this.local_of(node));
  }

  #push_const(node: Node & { k: "const" }): void {
    const c = this.#code;
    switch (node.ty as Ty) {
      case "i32":
        c.i32(node.value as number);
        break;
      case "i64":
        c.i64(node.value as bigint);
        break;
      case "f32":
        c.f32(node.value as number);
        break;
      case "f64":
        c.f64(node.value as number);
        break;
      case "v128": {
        const bytes = node.value as Uint8Array;
        const local = this.#around.fp?.constant(bytes);
        if (local !== undefined) c.get(local);
        else c.u8(0xfd, 12).list(bytes);
      }
    }
  }

  /** Pushes the value of a node that is computed from others, from theirs. */
  push_pure(node: Node & { k: "pure" }): void {
    const { args } = node;
    for (let i = 0; i < args.length; i++) {
      if (i === 1 && is_zero(args[1]!) && SAME_WITH_ZERO.has(node.op.name)) return;
      this.push(args[i]!);
    }
    this.#code.list(node.op.code);
    if (node.imm.length > 0) this.#code.list(node.imm);
  }

  /** Leaves when STATE.exit has been set. */
  check_exit(): void {
    const c = this.#code;
    this.#around.maps_changed?.();
    c.i32(0).mem(OP.i32_load, 2, STATE.exit.address);
    c.unlikely().u8(OP.if, 0x40);
    this.#around.leave(this.depth + 1);
    c.byte(OP.end);
  }
}
