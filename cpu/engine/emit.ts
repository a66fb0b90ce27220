import type { Helper } from "../helper.ts";
import type {
  AccessOptions,
  DirectAccess,
  Guard,
  Node,
  Program,
  VAccess,
  Variable,
} from "../ir/node.ts";
import { OPERAND_KINDS } from "../ir/node.ts";
import type { Ty } from "../ir/types.ts";
import { EXIT, type Field, MAP_BIAS, MEM, STATE, V_BASE } from "../state.ts";
import { type Code, OP } from "../../wasm/encoder.ts";
import { emit_state_condition } from "./condition.ts";
import { access_bits } from "./reference.ts";

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

/** Micro-ops whose value is that of their first argument where the second is 0. */
const SAME_WITH_ZERO: ReadonlySet<string> = new Set([
  ...["i32.add", "i32.sub", "i32.or", "i32.xor", "i32.shl", "i32.shr_u", "i32.shr_s"],
]);

/** Whether it is a constant 0, or an operand that is known to be. */
function is_zero(node: Node): boolean {
  return (node.k === "const" || node.k === "operand") && node.value === 0;
}

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

/** Guest memory behind an address that is known to be one; nothing is known of its alignment. */
const DIRECT_LOAD: Record<Ty | DirectAccess, (c: Code, offset: number) => void> = {
  u8: (c, offset) => c.mem(OP.i32_load8_u, 0, offset + MAP_BIAS),
  u16: (c, offset) => c.mem(OP.i32_load16_u, 0, offset + MAP_BIAS),
  i32: (c, offset) => c.mem(OP.i32_load, 0, offset + MAP_BIAS),
  i64: (c, offset) => c.mem(OP.i64_load, 0, offset + MAP_BIAS),
  f32: (c, offset) => c.mem(OP.f32_load, 0, offset + MAP_BIAS),
  f64: (c, offset) => c.mem(OP.f64_load, 0, offset + MAP_BIAS),
  v128: (c, offset) => c.v128_mem(0, offset + MAP_BIAS),
};
const DIRECT_STORE: Record<Ty | DirectAccess, (c: Code, offset: number) => void> = {
  u8: (c, offset) => c.mem(OP.i32_store8, 0, offset + MAP_BIAS),
  u16: (c, offset) => c.mem(OP.i32_store16, 0, offset + MAP_BIAS),
  i32: (c, offset) => c.mem(OP.i32_store, 0, offset + MAP_BIAS),
  i64: (c, offset) => c.mem(OP.i64_store, 0, offset + MAP_BIAS),
  f32: (c, offset) => c.mem(OP.f32_store, 0, offset + MAP_BIAS),
  f64: (c, offset) => c.mem(OP.f64_store, 0, offset + MAP_BIAS),
  v128: (c, offset) => c.v128_mem(11, offset + MAP_BIAS),
};

/** i32.atomic.rmw8.cmpxchg_u and its like. */
const CMPXCHG = {
  1: { code: 0x4a, align: 0 },
  2: { code: 0x4b, align: 1 },
  4: { code: 0x48, align: 2 },
  8: { code: 0x49, align: 3 },
} as const;

/** Where a page map's word is: in a local, or behind the page in a cell. */
type Word = { readonly entry: number } | { readonly cell: number };

/** Emits one op's program as WebAssembly. */
export class ProgramEmitter {
  readonly #around: Surroundings;
  readonly #code: Code;
  /** Locals by the ids of nodes, and by those of variables. */
  readonly #locals: (number | undefined)[] = [];
  readonly #variables: (number | undefined)[] = [];
  /** Locals of ranges by the ids of nodes: the page map's entry, and the address. */
  readonly #ranges = new Map<number, { entry: number; address: number }>();
  /** General registers that the program sets. */
  readonly #set_registers = new Set<number>();
  readonly #borrowed: number[] = [];
  readonly #borrowed_types: Ty[] = [];
  #depth = 0;

  constructor(around: Surroundings) {
    this.#around = around;
    this.#code = around.code;
  }

  /** Emits `program`; falls through to what follows unless the program ends its path. */
  emit(program: Program): void {
    if (this.#around.register) find_set_registers(program.nodes, this.#set_registers);
    this.#block(program.nodes);
    this.#give_back();
  }

  #borrow(ty: Ty): number {
    const index = this.#code.borrow(ty);
    this.#borrowed.push(index);
    this.#borrowed_types.push(ty);
    return index;
  }
  #give_back(): void {
    for (let i = this.#borrowed.length - 1; i >= 0; i--) {
      this.#code.give_back(this.#borrowed_types[i]!, this.#borrowed[i]!);
    }
    this.#borrowed.length = this.#borrowed_types.length = 0;
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
        this.#direct_address(first.range);
        DIRECT_LOAD[ty](this.#code, first.offset);
      });
    } else if (second?.k === "direct_store" && first.k === "get_v" && second.value === first) {
      const ty = fp.float_at(v_place(first) ?? NaN, first.access);
      if (ty === undefined || first.access !== second.access) return false;
      this.#direct_address(second.range);
      fp.get_v(v_place(first)!, ty);
      DIRECT_STORE[ty](this.#code, second.offset);
    } else return false;
    return true;
  }

  /** Keeps what is on the stack as the value of `node`, or drops it. */
  #keep(node: Node): void {
    if (node.uses === 0) {
      this.#code.byte(OP.drop);
      return;
    }
    this.#code.set(this.#local_of(node));
  }

  #local_of(node: Node): number {
    return this.#locals[node.id] ??= this.#borrow(node.ty!);
  }

  /** Pushes what addresses in a range are added to. */
  #direct_address(range: Node): void {
    const { entry, address } = this.#ranges.get(range.id)!;
    this.#code.get(entry).get(address).byte(0x6a);
  }

  #variable(variable: Variable): number {
    return this.#variables[variable.id] ??= this.#borrow(variable.ty);
  }

  /** Pushes the value of `node`. */
  #push(node: Node): void {
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
          this.#push_pure(node);
          return;
        }
    }
    c.get(this.#local_of(node));
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

  #push_pure(node: Node & { k: "pure" }): void {
    const { args } = node;
    for (let i = 0; i < args.length; i++) {
      if (i === 1 && is_zero(args[1]!) && SAME_WITH_ZERO.has(node.op.name)) return;
      this.#push(args[i]!);
    }
    this.#code.list(node.op.code);
    if (node.imm.length > 0) this.#code.list(node.imm);
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
          this.#push_pure(node);
          c.set(this.#local_of(node));
        }
        return;
      case "get_reg":
        if (this.#shares_register(node)) return;
        this.#get_reg(node.index);
        return this.#keep(node);
      case "set_reg":
        return this.#set_reg(node);
      case "get": {
        const copy = this.#around.fp?.copy(node.field);
        if (this.#around.flags?.has(node.field)) this.#around.flags.get(node.field);
        else if (copy !== undefined) c.get(copy);
        else c.i32(0).mem(node.ty === "i64" ? OP.i64_load : OP.i32_load, 2, node.field.address);
        return this.#keep(node);
      }
      case "set": {
        if (this.#around.flags?.has(node.field)) {
          return this.#around.flags.set(node.field, () => this.#push(node.value));
        }
        const copy = this.#around.fp?.copy(node.field);
        c.i32(0);
        this.#push(node.value);
        if (copy !== undefined) c.tee(copy);
        c.mem(node.field.type === "i64" ? OP.i64_store : OP.i32_store, 2, node.field.address);
        return;
      }
      case "holds":
        if (this.#around.flags) this.#around.flags.condition(node.cc);
        else emit_state_condition(c, node.cc);
        return this.#keep(node);
      case "flags":
        return this.#flags(node);
      case "get_v":
        if (!this.#around.fp?.get_v(v_place(node) ?? NaN, node.access)) {
          V_LOAD[node.access](c, this.#v_address(node));
        }
        return this.#keep(node);
      case "set_v": {
        const push = (): void => this.#push(node.value);
        if (this.#around.fp?.set_v(v_place(node) ?? NaN, node.access, push)) return;
        const at = this.#v_address(node);
        this.#push(node.value);
        V_STORE[node.access](c, at);
        return;
      }
      case "load":
        this.#load(node);
        return this.#keep(node);
      case "store":
        return this.#store(node);
      case "probe":
        return this.#probe(node);
      case "window":
        this.#window(node);
        return;
      case "range":
        return this.#range(node);
      case "direct_load":
        this.#direct_address(node.range);
        DIRECT_LOAD[node.access](c, node.offset);
        return this.#keep(node);
      case "direct_store":
        this.#direct_address(node.range);
        this.#push(node.value);
        DIRECT_STORE[node.access](c, node.offset);
        return;
      case "compare_exchange":
        this.#compare_exchange(node);
        return this.#keep(node);
      case "call":
        if (node.helper.exits) this.#around.mark();
        if (node.helper.counts) this.#around.count?.();
        this.#around.fp?.before_call(node.helper);
        for (const arg of node.args) this.#push(arg);
        c.byte(OP.call);
        c.leb(this.#around.imports.helper(node.helper));
        if (node.ty) this.#keep(node);
        this.#around.fp?.after_call(node.helper);
        if (node.helper.exits) this.#check_exit();
        return;
      case "guard":
        return this.#guard(node);
      case "pc":
        this.#around.pc();
        return this.#keep(node);
      case "branch":
        this.#around.branch(() => this.#push(node.offset), this.#depth);
        return;
      case "branch_to":
        this.#branch_to(node);
        return;
      case "leave":
        this.#around.leave(this.#depth);
        return;
      case "var_new":
      case "var_set":
        this.#push(node.value);
        c.set(this.#variable(node.variable));
        return;
      case "var_get":
        c.get(this.#variable(node.variable));
        return this.#keep(node);
      case "if":
        return this.#if(node);
      case "loop":
        c.u8(OP.loop, 0x40);
        this.#depth++;
        this.#block(node.body);
        this.#push(node.condition);
        c.u8(OP.br_if, 0);
        this.#depth--;
        c.byte(OP.end);
        return;
    }
  }

  #if(node: Node & { k: "if" }): void {
    const c = this.#code;
    if (node.expected) return this.#expected_if(node);
    this.#push(node.condition);
    c.u8(OP.if, 0x40);
    this.#depth++;
    // Arms do not set flags unless control leaves in them.
    const flags = this.#around.flags, known = flags?.save();
    this.#block(node.then);
    flags?.restore(known);
    if (node.otherwise.length > 0) {
      c.byte(OP.else);
      this.#block(node.otherwise);
      flags?.restore(known);
    }
    this.#depth--;
    c.byte(OP.end);
  }

  /** Leaves the expected path at the first condition that does not hold. */
  #expected_if(node: Node & { k: "if" }): void {
    const c = this.#code;
    c.u8(OP.block, 0x40, OP.block, 0x40);
    for (const condition of conjuncts(node.condition)) {
      this.#push(condition);
      c.byte(0x45);
      c.unlikely().u8(OP.br_if, 0);
    }
    this.#depth += 2;
    this.#block(node.then);
    c.u8(OP.br, 1, OP.end);
    this.#depth--;
    this.#block(node.otherwise);
    c.byte(OP.end);
    this.#depth--;
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
    around.leave(this.#depth + 1);
    c.byte(OP.end);
  }

  #flags(node: Node & { k: "flags" }): void {
    const c = this.#code, { kind } = node;
    const x = () => this.#push(node.x), y = () => this.#push(node.y);
    const result = () => this.#push(node.result);
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
    this.#locals[node.id] = this.#around.register(known);
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
      this.#push(node.value);
      c.set(around.register(known));
      return;
    }
    const at = this.#reg_address(node.index);
    this.#push(node.value);
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
      this.#push(index);
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
      this.#around.branch_to(() => this.#push(node.address), this.#depth, node);
      return;
    }
    const target = this.#borrow("i32");
    this.#push(node.address);
    c.set(target);
    c.i32(0).get(target).i32(1).u8(0x71).mem(OP.i32_store, 2, STATE.thumb.address);
    this.#around.branch_to(() => c.get(target), this.#depth, node);
  }

  #check_exit(): void {
    const c = this.#code;
    this.#around.maps_changed?.();
    c.i32(0).mem(OP.i32_load, 2, STATE.exit.address);
    c.unlikely().u8(OP.if, 0x40);
    this.#around.leave(this.#depth + 1);
    c.byte(OP.end);
  }

  /** As {@link #map_entry}, off too where the access is not aligned, or leaves its page. */
  #map_access(address: number, width: number, options: AccessOptions, write: boolean): number {
    if (options.window) {
      const window = this.#local_of(options.window);
      this.#code.get(window).byte(0x45);
      return window;
    }
    const anywhere = this.#around.unaligned && !options.aligned && options.element === undefined;
    const element = anywhere ? 1 : Math.min(options.element ?? width, width);
    const { unprivileged } = options;
    const entry = this.#map_entry(address, element - 1, { write, unprivileged });
    if (element < width) {
      this.#code.get(address).i32(0xfff).u8(0x71).i32(0x1000 - width).u8(0x4b, 0x72);
    }
    if (anywhere && width > 1) this.#or_unaligned_faults(address);
    return entry;
  }

  /** Pushes the page map's entry for `address` into a local; pushes whether the fast path is off. */
  #map_entry(
    address: number,
    mask: number,
    { write, unprivileged }: { write: boolean; unprivileged?: boolean },
  ): number {
    const c = this.#code;
    const entry = this.#borrow("i32");
    const local = this.#around.map;
    if (local !== undefined && !unprivileged) c.get(local);
    else c.i32(0).mem(OP.i32_load, 2, (unprivileged ? STATE.user_map : STATE.map).address);
    c.get(address).i32(12).u8(0x76).i32(2).u8(0x74, 0x6a);
    c.mem(OP.i32_load, 2, write ? MEM.map_bytes : 0).tee(entry);
    // The low bits of an entry are ones; see MAP_BIAS.
    if (mask === 0) c.byte(0x45);
    else {
      c.i32(-1).byte(0x73);
      c.get(address).u8(0x72).i32(mask).u8(0x71);
    }
    return entry;
  }

  /** The page map's entry for a range of words in one page, else 0. */
  #window(node: Node & { k: "window" }): void {
    const c = this.#code;
    const address = this.#borrow("i32");
    this.#push(node.address);
    c.set(address);
    const entry = this.#map_entry(address, 3, { write: node.write });
    c.byte(0x45);
    c.get(address).i32(0xfff).u8(0x71);
    this.#push(node.length);
    c.u8(0x6a).i32(0x1000).u8(0x4d, 0x71);
    // All bits or none of the entry.
    c.i32(-1).u8(0x6c);
    c.get(entry).byte(0x71);
    c.set(this.#local_of(node));
  }

  #range(node: Node & { k: "range" }): void {
    const c = this.#code, { mask, length, write } = node;
    const address = this.#borrow("i32");
    this.#push(node.address);
    c.set(address);
    const known = mask.k === "const" ? mask.value as number : 0;
    const entry = this.#map_entry(address, known, { write });
    if (mask.k !== "const") {
      c.get(address);
      this.#push(mask);
      c.u8(0x71, 0x72);
    }
    // What is aligned to its length does not leave its page.
    if (known < length - 1) {
      c.get(address).i32(0xfff).u8(0x71).i32(0x1000 - length).u8(0x4b, 0x72);
    }
    if (node.unaligned) this.#or_unaligned_faults(address);
    c.set(this.#local_of(node));
    this.#ranges.set(node.id, { entry, address });
  }

  /** Adds to what is pushed whether an unaligned access may fault where an aligned one does not. */
  #or_unaligned_faults(address: number): void {
    const c = this.#code;
    c.get(address).i32(21).u8(0x76).mem(OP.i32_load8_u, 0, MEM.near_device).byte(0x72);
    c.i32(0).mem(OP.i32_load, 2, STATE.strict_alignment.address).byte(0x72);
  }

  #load(node: Node & { k: "load" }): void {
    const c = this.#code, { options } = node;
    const address = this.#borrow("i32");
    this.#push(node.address);
    c.set(address);
    if (options.window === undefined || this.#around.miss) {
      return this.#load_at(address, node, options);
    }
    // A list that lies in two pages: each of its words is looked up.
    const window = this.#local_of(options.window);
    c.get(window).byte(0x45);
    c.unlikely().u8(OP.if, node.width === 8 ? 0x7e : 0x7f);
    this.#depth++;
    this.#load_at(address, node, { ...options, window: undefined });
    this.#depth--;
    c.byte(OP.else);
    this.#load_mapped({ entry: window }, address, node);
    c.byte(OP.end);
  }

  #load_at(address: number, node: Node & { k: "load" }, options: AccessOptions): void {
    const c = this.#code, { width } = node;
    const cell = this.#cell(options, width, false);
    if (cell !== undefined) {
      this.#find_page(cell, address, { width, write: false });
      return this.#load_mapped(cell, address, node);
    }
    const entry = this.#map_access(address, width, options, false);
    if (this.#around.miss) {
      this.#miss(this.#around.miss);
      return this.#load_mapped({ entry }, address, node);
    }
    const value = this.#borrow(node.ty!);
    c.unlikely().u8(OP.if, width === 8 ? 0x7e : 0x7f);
    this.#depth++;
    this.#around.mark();
    c.get(address);
    if (width !== 8) c.i32(width);
    c.i32(access_bits(options)).u8(OP.call);
    c.leb(width === 8 ? this.#around.imports.load64() : this.#around.imports.load());
    if (options.signed && width === 1) c.byte(0xc0);
    if (options.signed && width === 2) c.byte(0xc1);
    c.set(value);
    this.#check_exit();
    c.get(value);
    this.#depth--;
    c.byte(OP.else);
    this.#load_mapped({ entry }, address, node);
    c.byte(OP.end);
  }

  #miss(leave: (depth: number) => void): void {
    this.#code.unlikely().u8(OP.if, 0x40);
    leave(this.#depth + 1);
    this.#code.byte(OP.end);
  }

  /** The cell in which an access remembers its page, where it does. */
  #cell(options: AccessOptions, width: number, write: boolean): { cell: number } | undefined {
    const { cell, miss } = this.#around;
    if (cell === undefined || !miss || options.window || options.unprivileged) return undefined;
    if (options.element !== undefined && options.element < width) return undefined;
    return { cell: write ? cell + MEM.write_cells : cell };
  }

  /** Has a cell have the page of an access. */
  #find_page(
    { cell }: { cell: number },
    address: number,
    { width, write }: { width: number; write: boolean },
  ): void {
    const c = this.#code;
    c.get(address).i32(-4096 | (width - 1)).byte(0x71);
    c.i32(0).mem(OP.i32_load, 2, cell).byte(0x47);
    c.unlikely().u8(OP.if, 0x40);
    this.#depth++;
    const entry = this.#map_entry(address, width - 1, { write });
    this.#miss(this.#around.miss!);
    c.i32(0).get(address).i32(-4096).u8(0x71).mem(OP.i32_store, 2, cell);
    c.i32(0).get(entry).mem(OP.i32_store, 2, cell + 4);
    c.i32(0).i32(1).mem(OP.i32_store, 2, MEM.cells_used);
    this.#around.strays?.();
    this.#depth--;
    c.byte(OP.end);
  }

  /** Pushes where an address lies in the memory, without MAP_BIAS, by its page map's word. */
  #mapped_address(word: Word, address: number): void {
    const c = this.#code;
    if ("cell" in word) c.i32(0).mem(OP.i32_load, 2, word.cell + 4);
    else c.get(word.entry);
    c.get(address).byte(0x6a);
  }

  /** Pushes what is at an address, by its page map's word. */
  #load_mapped(word: Word, address: number, node: Node & { k: "load" }): void {
    const c = this.#code, { width, options } = node;
    this.#mapped_address(word, address);
    if (width === 8) c.mem(OP.i64_load, 0, MAP_BIAS);
    else if (width === 4) c.mem(OP.i32_load, 0, MAP_BIAS);
    else if (width === 2) c.mem(options.signed ? OP.i32_load16_s : OP.i32_load16_u, 0, MAP_BIAS);
    else c.mem(options.signed ? OP.i32_load8_s : OP.i32_load8_u, 0, MAP_BIAS);
  }

  #store(node: Node & { k: "store" }): void {
    const c = this.#code, { width, options } = node;
    const address = this.#borrow("i32"), value = this.#borrow(width === 8 ? "i64" : "i32");
    this.#push(node.address);
    c.set(address);
    this.#push(node.value);
    c.set(value);
    if (options.window === undefined || this.#around.miss) {
      return this.#store_at(address, { value, width }, options);
    }
    const window = this.#local_of(options.window);
    c.get(window).byte(0x45);
    c.unlikely().u8(OP.if, 0x40);
    this.#depth++;
    this.#store_at(address, { value, width }, { ...options, window: undefined });
    this.#depth--;
    c.byte(OP.else);
    this.#store_mapped({ entry: window }, address, { value, width });
    c.byte(OP.end);
  }

  #store_at(
    address: number,
    { value, width }: { value: number; width: 1 | 2 | 4 | 8 },
    options: AccessOptions,
  ): void {
    const c = this.#code;
    const cell = this.#cell(options, width, true);
    if (cell !== undefined) {
      this.#find_page(cell, address, { width, write: true });
      return this.#store_mapped(cell, address, { value, width });
    }
    const entry = this.#map_access(address, width, options, true);
    if (this.#around.miss) {
      this.#miss(this.#around.miss);
      return this.#store_mapped({ entry }, address, { value, width });
    }
    c.unlikely().u8(OP.if, 0x40);
    this.#depth++;
    this.#around.mark();
    c.get(address);
    if (width !== 8) c.i32(width);
    c.get(value).i32(access_bits(options)).u8(OP.call);
    c.leb(width === 8 ? this.#around.imports.store64() : this.#around.imports.store());
    this.#around.may_change_code?.();
    this.#check_exit();
    this.#depth--;
    c.byte(OP.else);
    this.#store_mapped({ entry }, address, { value, width });
    c.byte(OP.end);
  }

  /** Stores the local `value` to an address, by its page map's word. */
  #store_mapped(
    word: Word,
    address: number,
    { value, width }: { value: number; width: number },
  ): void {
    const c = this.#code;
    this.#mapped_address(word, address);
    c.get(value);
    if (width === 8) c.mem(OP.i64_store, 0, MAP_BIAS);
    else if (width === 4) c.mem(OP.i32_store, 0, MAP_BIAS);
    else if (width === 2) c.mem(OP.i32_store16, 0, MAP_BIAS);
    else c.mem(OP.i32_store8, 0, MAP_BIAS);
  }

  #compare_exchange(node: Node & { k: "compare_exchange" }): void {
    const c = this.#code, { width } = node;
    const address = this.#borrow("i32"), done = this.#borrow("i32");
    this.#push(node.address);
    c.set(address);
    const entry = this.#map_entry(address, width - 1, { write: true });
    c.unlikely().u8(OP.if, 0x7f);
    this.#depth++;
    this.#around.mark();
    c.get(address);
    if (width !== 8) c.i32(width);
    this.#push(node.expected);
    this.#push(node.value);
    c.byte(OP.call);
    c.leb(width === 8 ? this.#around.imports.exchange64() : this.#around.imports.exchange());
    this.#around.may_change_code?.();
    c.set(done);
    this.#check_exit();
    c.get(done);
    this.#depth--;
    c.byte(OP.else);
    c.get(entry).get(address).u8(0x6a);
    this.#push(node.expected);
    this.#push(node.value);
    // Alignment must be the natural one; these opcodes are the threads proposal's.
    const { code, align } = CMPXCHG[width];
    c.u8(0xfe).mem(code, align, MAP_BIAS);
    this.#push(node.expected);
    c.byte(width === 8 ? 0x51 : 0x46);
    c.byte(OP.end);
  }

  /** Fast when the range lies in one page that the map has. */
  #probe(node: Node & { k: "probe" }): void {
    const c = this.#code;
    const address = this.#borrow("i32");
    this.#push(node.address);
    c.set(address);
    this.#map_entry(address, 0, { write: node.write });
    c.get(address).i32(0xfff).u8(0x71);
    this.#push(node.length);
    c.u8(0x6a).i32(0x1000).u8(0x4b, 0x72);
    c.unlikely().u8(OP.if, 0x40);
    this.#depth++;
    this.#around.mark();
    c.get(address);
    this.#push(node.length);
    c.i32(node.write ? 1 : 0).u8(OP.call);
    c.leb(this.#around.imports.probe());
    this.#check_exit();
    this.#depth--;
    c.byte(OP.end);
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

/** A register index that is known where code is generated. */
export function known_index(index: Node): number | undefined {
  if (index.k === "const") return (index.value as number) & 15;
  return index.k === "operand" ? index.value : undefined;
}

/** The byte of the V register file that is accessed, where it is known when code is generated. */
export function v_place({ index, disp }: Node & { k: "get_v" | "set_v" }): number | undefined {
  if (index.k === "const") return (index.value as number) + disp;
  if (index.k !== "operand" || index.value === undefined) return undefined;
  return index.value * OPERAND_KINDS[index.kind].scale + disp;
}

/** Exit kinds at which the instruction did not happen. */
export function is_abandoned(exit: number): boolean {
  return exit === EXIT.exception || exit === EXIT.mmio;
}
