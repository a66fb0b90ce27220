import type { Node, Program, VAccess } from "../ir/node.ts";
import { known_index, v_place } from "../ir/places.ts";
import { type Field, STATE, V_BASE } from "../state.ts";
import { type Code, OP } from "../../wasm/encoder.ts";
import { emit_state_condition } from "./condition.ts";
import { AccessEmitter } from "./emit_access.ts";
import { ProgramFrame } from "./program_frame.ts";
import type { BranchTo, Surroundings } from "./surroundings.ts";

/** Adds the general registers that nodes set, those inside of others too. */
function find_set_registers(nodes: readonly Node[], found: Set<number>): void {
  for (const node of nodes) {
    if (node.k === "set_reg") {
      const index = known_index(node.index);
      if (index !== undefined) found.add(index);
    } else if (node.k === "if") {
      find_set_registers(node.then, found);
      find_set_registers(node.otherwise, found);
    } else if (node.k === "loop") find_set_registers(node.body, found);
  }
}

const V_LOAD: Record<VAccess, (c: Code, at: number) => void> = {
  i32: (c, at) => c.mem(OP.i32_load, 2, at),
  i64: (c, at) => c.mem(OP.i64_load, 3, at),
  f32: (c, at) => c.mem(OP.f32_load, 2, at),
  f64: (c, at) => c.mem(OP.f64_load, 3, at),
  v128: (c, at) => c.v128_mem(0, at),
  i64x2: (c, at) => c.v128_mem(10, at),
  u8: (c, at) => c.mem(OP.i32_load8_u, 0, at),
  s8: (c, at) => c.mem(OP.i32_load8_s, 0, at),
  u16: (c, at) => c.mem(OP.i32_load16_u, 1, at),
  s16: (c, at) => c.mem(OP.i32_load16_s, 1, at),
};
const V_STORE: Record<VAccess, (c: Code, at: number) => void> = {
  i32: (c, at) => c.mem(OP.i32_store, 2, at),
  i64: (c, at) => c.mem(OP.i64_store, 3, at),
  f32: (c, at) => c.mem(OP.f32_store, 2, at),
  f64: (c, at) => c.mem(OP.f64_store, 3, at),
  v128: (c, at) => c.v128_mem(11, at),
  i64x2: (c, at) => c.u8(0xfd, 0x1d, 0).mem(OP.i64_store, 3, at),
  u8: (c, at) => c.mem(OP.i32_store8, 0, at),
  s8: (c, at) => c.mem(OP.i32_store8, 0, at),
  u16: (c, at) => c.mem(OP.i32_store16, 1, at),
  s16: (c, at) => c.mem(OP.i32_store16, 1, at),
};

/** Emits one op's program as WebAssembly. */
export class ProgramEmitter {
  readonly #around: Surroundings;
  readonly #code: Code;
  readonly #frame: ProgramFrame;
  readonly #accesses: AccessEmitter;
  /** General registers that the program sets. */
  readonly #set_registers = new Set<number>();

  constructor(around: Surroundings) {
    this.#around = around;
    this.#code = around.code;
    this.#frame = new ProgramFrame(around);
    this.#accesses = new AccessEmitter(around, this.#frame);
  }

  /** Emits `program`; falls through to what follows unless the program ends its path. */
  emit(program: Program): void {
    if (this.#around.register) find_set_registers(program.nodes, this.#set_registers);
    this.#block(program.nodes);
    this.#frame.give_back();
  }

  #block(nodes: readonly Node[]): void {
    for (let i = 0; i < nodes.length; i++) {
      if (this.#move(nodes[i]!, nodes[i + 1])) i++;
      else this.#statement(nodes[i]!);
    }
  }

  /** A direct load to a V register in a local, or store of one, as what the local is. */
  #move(first: Node, second: Node | undefined): boolean {
    const fp = this.#around.fp;
    if (!fp || first.uses !== 1) return false;
    if (second?.k === "set_v" && first.k === "direct_load" && second.value === first) {
      const ty = fp.float_at(v_place(second) ?? NaN, second.access);
      if (ty === undefined || first.access !== second.access) return false;
      fp.set_v(v_place(second)!, ty, () => {
        this.#accesses.direct_load(first, ty);
      });
    } else if (second?.k === "direct_store" && first.k === "get_v" && second.value === first) {
      const ty = fp.float_at(v_place(first) ?? NaN, first.access);
      if (ty === undefined || first.access !== second.access) return false;
      this.#accesses.direct_store(second, ty, () => fp.get_v(v_place(first)!, ty));
    } else return false;
    return true;
  }

  #statement(node: Node): void {
    const c = this.#code;
    switch (node.k) {
      case "const":
      case "operand":
        return;
      case "pure":
        // Used once, it is emitted where it is used: its arguments are locals that stay as they are.
        if (node.uses > 1) {
          this.#frame.push_pure(node);
          c.set(this.#frame.local_of(node));
        }
        return;
      case "get_reg":
        if (this.#shares_register(node)) return;
        this.#get_reg(node.index);
        return this.#frame.keep(node);
      case "set_reg":
        return this.#set_reg(node);
      case "get": {
        const copy = this.#around.fp?.copy(node.field);
        if (this.#around.flags?.has(node.field)) this.#around.flags.get(node.field);
        else if (copy !== undefined) c.get(copy);
        else c.i32(0).mem(node.ty === "i64" ? OP.i64_load : OP.i32_load, 2, node.field.address);
        return this.#frame.keep(node);
      }
      case "set": {
        if (this.#around.flags?.has(node.field)) {
          return this.#around.flags.set(node.field, () => this.#frame.push(node.value));
        }
        const copy = this.#around.fp?.copy(node.field);
        c.i32(0);
        this.#frame.push(node.value);
        if (copy !== undefined) c.tee(copy);
        c.mem(node.field.type === "i64" ? OP.i64_store : OP.i32_store, 2, node.field.address);
        return;
      }
      case "holds":
        if (this.#around.flags) this.#around.flags.condition(node.cc);
        else emit_state_condition(c, node.cc);
        return this.#frame.keep(node);
      case "flags":
        return this.#flags(node);
      case "get_v":
        if (!this.#around.fp?.get_v(v_place(node) ?? NaN, node.access)) {
          V_LOAD[node.access](c, this.#v_address(node));
        }
        return this.#frame.keep(node);
      case "set_v": {
        const push = (): void => this.#frame.push(node.value);
        if (this.#around.fp?.set_v(v_place(node) ?? NaN, node.access, push)) return;
        const at = this.#v_address(node);
        this.#frame.push(node.value);
        V_STORE[node.access](c, at);
        return;
      }
      case "load":
        this.#accesses.load(node);
        return this.#frame.keep(node);
      case "store":
        return this.#accesses.store(node);
      case "probe":
        return this.#accesses.probe(node);
      case "window":
        this.#accesses.window(node);
        return;
      case "range":
        return this.#accesses.range(node);
      case "direct_load":
        this.#accesses.direct_load(node, node.access);
        return this.#frame.keep(node);
      case "direct_store":
        this.#accesses.direct_store(node, node.access, () => this.#frame.push(node.value));
        return;
      case "compare_exchange":
        this.#accesses.compare_exchange(node);
        return this.#frame.keep(node);
      case "call":
        if (node.helper.exits) this.#around.mark();
        if (node.helper.counts) this.#around.count?.();
        this.#around.fp?.before_call(node.helper);
        for (const arg of node.args) this.#frame.push(arg);
        c.byte(OP.call);
        c.leb(this.#around.imports.helper(node.helper));
        if (node.ty) this.#frame.keep(node);
        this.#around.fp?.after_call(node.helper);
        if (node.helper.exits) this.#frame.check_exit();
        return;
      case "guard":
        return this.#guard(node);
      case "pc":
        this.#around.pc();
        return this.#frame.keep(node);
      case "branch":
        this.#around.branch(() => this.#frame.push(node.offset), this.#frame.depth);
        return;
      case "branch_to":
        this.#branch_to(node);
        return;
      case "leave":
        this.#around.leave(this.#frame.depth);
        return;
      case "var_new":
      case "var_set":
        this.#frame.push(node.value);
        c.set(this.#frame.variable(node.variable));
        return;
      case "var_get":
        c.get(this.#frame.variable(node.variable));
        return this.#frame.keep(node);
      case "if":
        return this.#if(node);
      case "loop":
        c.u8(OP.loop, 0x40);
        this.#frame.depth++;
        this.#block(node.body);
        this.#frame.push(node.condition);
        c.u8(OP.br_if, 0);
        this.#frame.depth--;
        c.byte(OP.end);
        return;
    }
  }

  #if(node: Node & { k: "if" }): void {
    const c = this.#code;
    if (node.expected) return this.#expected_if(node);
    this.#frame.push(node.condition);
    c.u8(OP.if, 0x40);
    this.#frame.depth++;
    // Arms do not set flags unless control leaves in them.
    const flags = this.#around.flags, known = flags?.save();
    this.#block(node.then);
    flags?.restore(known);
    if (node.otherwise.length > 0) {
      c.byte(OP.else);
      this.#block(node.otherwise);
      flags?.restore(known);
    }
    this.#frame.depth--;
    c.byte(OP.end);
  }

  /** Leaves the expected path at the first condition that does not hold. */
  #expected_if(node: Node & { k: "if" }): void {
    const c = this.#code;
    c.u8(OP.block, 0x40, OP.block, 0x40);
    for (const condition of conjuncts(node.condition)) {
      this.#frame.push(condition);
      c.byte(0x45);
      c.unlikely().u8(OP.br_if, 0);
    }
    this.#frame.depth += 2;
    this.#block(node.then);
    c.u8(OP.br, 1, OP.end);
    this.#frame.depth--;
    this.#block(node.otherwise);
    c.byte(OP.end);
    this.#frame.depth--;
  }

  #guard(node: Node & { k: "guard" }): void {
    const c = this.#code, around = this.#around;
    const { field, mask, wants } = node.guard;
    if (around.fp?.passed(node.guard)) return;
    const local = around.fp?.copy(field);
    if (local !== undefined) c.get(local);
    else c.i32(0).mem(OP.i32_load, 2, field.address);
    c.i32(mask).byte(0x71);
    if (wants === "set") c.byte(0x45);
    c.unlikely().u8(OP.if, 0x40);
    around.mark();
    c.byte(OP.call);
    c.leb(around.imports.helper(node.helper));
    around.leave(this.#frame.depth + 1);
    c.byte(OP.end);
  }

  #flags(node: Node & { k: "flags" }): void {
    const c = this.#code, { kind } = node;
    const x = () => this.#frame.push(node.x), y = () => this.#frame.push(node.y);
    const result = () => this.#frame.push(node.result);
    if (this.#around.flags) return this.#around.flags.compare(kind, x, y);
    const set = (field: Field, push: () => void): void => {
      c.i32(0);
      push();
      c.mem(OP.i32_store, 2, field.address);
    };
    const xor = (a: () => void, b: () => void): void => {
      a();
      b();
      c.byte(0x73);
    };
    set(STATE.nf, result);
    set(STATE.zf, result);
    set(STATE.cf, () => {
      if (kind === "add") result();
      x();
      if (kind === "sub") y();
      c.byte(kind === "add" ? 0x49 : 0x4f);
    });
    set(STATE.vf, () => {
      xor(x, result);
      if (kind === "add") xor(y, result);
      else xor(x, y);
      c.byte(0x71);
    });
  }

  /** Where a register is in a local and stays as it is, the local is what was read. */
  #shares_register(node: Node & { k: "get_reg" }): boolean {
    const known = known_index(node.index);
    if (known === undefined || known === 15 || !this.#around.register) return false;
    if (this.#set_registers.has(known)) return false;
    this.#frame.share(node, this.#around.register(known));
    return true;
  }
  #get_reg(index: Node): void {
    const c = this.#code, around = this.#around;
    const known = known_index(index);
    if (known === 15 && around.r15) around.r15();
    else if (known !== undefined && around.register) c.get(around.register(known));
    else c.mem(OP.i32_load, 2, this.#reg_address(index));
  }
  #set_reg(node: Node & { k: "set_reg" }): void {
    const c = this.#code, around = this.#around;
    const known = known_index(node.index);
    if (known !== undefined && around.register) {
      this.#frame.push(node.value);
      c.set(around.register(known));
      return;
    }
    const at = this.#reg_address(node.index);
    this.#frame.push(node.value);
    c.mem(OP.i32_store, 2, at);
  }

  /** Pushes the base of a register's address; returns the constant part. */
  #reg_address(index: Node): number {
    const c = this.#code;
    const known = known_index(index);
    if (known !== undefined) {
      c.i32(0);
      return STATE.r.address + 4 * known;
    }
    if (index.k === "operand") this.#around.operand(index.name);
    else {
      this.#frame.push(index);
      c.i32(15).u8(0x71).i32(2).byte(0x74);
    }
    return STATE.r.address;
  }

  #v_address(node: Node & { k: "get_v" | "set_v" }): number {
    const place = v_place(node);
    if (place !== undefined) {
      this.#code.i32(0);
      return V_BASE + place;
    }
    const { index } = node;
    // Computed, it could lead out of the register file, and of the memory.
    if (index.k !== "operand") throw new TypeError("a V register's index must be an operand");
    this.#around.operand(index.name);
    return V_BASE + node.disp;
  }

  #branch_to(node: BranchTo): void {
    const c = this.#code;
    if (!node.exchange) {
      this.#around.branch_to(() => this.#frame.push(node.address), this.#frame.depth, node);
      return;
    }
    const target = this.#frame.borrow("i32");
    this.#frame.push(node.address);
    c.set(target);
    c.i32(0).get(target).i32(1).u8(0x71).mem(OP.i32_store, 2, STATE.thumb.address);
    this.#around.branch_to(() => c.get(target), this.#frame.depth, node);
  }
}

/** Operations whose results are 0 or 1. */
const TRUTH = /^(i32|i64|f32|f64)\.(eqz|eq|ne|lt|gt|le|ge)(_[su])?$|\.(all|any)_true$/;

function is_truth(node: Node): boolean {
  if (node.k !== "pure") return false;
  return node.op.name === "i32.and" ? node.args.every(is_truth) : TRUTH.test(node.op.name);
}

/** The conditions that hold together when `condition` does. */
function conjuncts(condition: Node): Node[] {
  if (condition.k !== "pure" || condition.op.name !== "i32.and" || condition.uses !== 1) {
    return [condition];
  }
  return is_truth(condition) ? condition.args.flatMap(conjuncts) : [condition];
}
