import { type Field, STATE } from "../state.ts";
import type { Helper } from "../helper.ts";
import type {
  AccessOptions,
  DirectAccess,
  Guard,
  Node,
  OperandKind,
  Program,
  VAccess,
  Variable,
  Width,
} from "./node.ts";
import { OPERAND_KINDS } from "./node.ts";
import { pure_op } from "./ops.ts";
import type { Ty, Value } from "./types.ts";

type Distribute<T> = T extends unknown ? Omit<T, "id" | "uses"> : never;
type Bare = Distribute<Node>;

/** A typed, mutable local while a program is built. */
export interface Local {
  get(): Node;
  set(value: Node | number): void;
}

/**
 * Builds the program of one op. Values may be used any number of times and mean what they meant
 * where they were made: reading a register and writing it afterwards leaves the value read alone.
 *
 * An op must do what can fault (loads, stores, probes, calls that exit) before it writes registers,
 * so that an abandoned instruction can be started again.
 */
export class Builder {
  #nodes: Node[] = [];
  #next = 0;
  readonly #variables: Variable[] = [];
  #constants = new Map<string, Node>();

  /** An i32 constant. */
  c(value: number): Node {
    return this.constant("i32", value | 0);
  }

  /** A constant of any type. */
  constant(ty: Ty, value: Value): Node {
    const key = `${ty}:${Object.is(value, -0) ? "-0" : value}`;
    let node = this.#constants.get(key);
    if (!node) {
      node = this.#make({ k: "const", ty, value });
      this.#constants.set(key, node);
    }
    return node;
  }

  /** A pure micro-op by its WebAssembly name. Constants fold. */
  op(name: string, ...args: (Node | number)[]): Node {
    return this.op_imm(name, [], ...args);
  }

  /** A pure micro-op with immediate bytes (lane indices, shuffle masks). */
  op_imm(name: string, imm: readonly number[], ...args: (Node | number)[]): Node {
    const op = pure_op(name);
    const nodes = args.map((a, i) =>
      typeof a === "number" ? this.#number(op.args[i]!, a) : this.#known(a)
    );
    if (nodes.length !== op.args.length) throw new TypeError(`${name} takes ${op.args.length}`);
    nodes.forEach((n, i) => {
      if (n.ty !== op.args[i]) throw new TypeError(`${name}: argument ${i} is ${n.ty}`);
    });
    if (nodes.every((n) => n.k === "const")) {
      const values = nodes.map((n) => (n as Node & { k: "const" }).value);
      return this.constant(op.ty, op.eval(values, imm));
    }
    return this.#push({ k: "pure", ty: op.ty, op, args: this.#use(...nodes), imm });
  }

  #number(ty: Ty, value: number): Node {
    return this.constant(ty, ty === "i64" ? BigInt(value) : ty === "i32" ? value | 0 : value);
  }

  add(a: Node, b: Node | number): Node {
    return this.op("i32.add", a, b);
  }
  sub(a: Node | number, b: Node | number): Node {
    return this.op("i32.sub", a, b);
  }
  mul(a: Node, b: Node | number): Node {
    return this.op("i32.mul", a, b);
  }
  and(a: Node, b: Node | number): Node {
    return this.op("i32.and", a, b);
  }
  or(a: Node, b: Node | number): Node {
    return this.op("i32.or", a, b);
  }
  xor(a: Node, b: Node | number): Node {
    return this.op("i32.xor", a, b);
  }
  not(a: Node): Node {
    return this.op("i32.xor", a, -1);
  }
  shl(a: Node, b: Node | number): Node {
    return this.op("i32.shl", a, b);
  }
  shr_u(a: Node, b: Node | number): Node {
    return this.op("i32.shr_u", a, b);
  }
  shr_s(a: Node, b: Node | number): Node {
    return this.op("i32.shr_s", a, b);
  }
  rotr(a: Node, b: Node | number): Node {
    return this.op("i32.rotr", a, b);
  }
  eqz(a: Node): Node {
    return this.op("i32.eqz", a);
  }
  eq(a: Node, b: Node | number): Node {
    return this.op("i32.eq", a, b);
  }
  ne(a: Node, b: Node | number): Node {
    return this.op("i32.ne", a, b);
  }
  lt_u(a: Node, b: Node | number): Node {
    return this.op("i32.lt_u", a, b);
  }
  lt_s(a: Node, b: Node | number): Node {
    return this.op("i32.lt_s", a, b);
  }

  /** `condition ? a : b`, both computed. */
  select(condition: Node, a: Node, b: Node): Node {
    if (condition.k === "const") return condition.value !== 0 ? a : b;
    if (a.ty !== b.ty) throw new TypeError("select of two types");
    const v = this.local(a.ty!, b);
    this.if(condition, () => v.set(a));
    return v.get();
  }

  /** A general register by index: an operand, a constant, or anything computed (0..15). */
  reg(index: Node | number): Node {
    const n = typeof index === "number" ? this.c(index) : index;
    return this.#push({ k: "get_reg", ty: "i32", index: this.#use1(n) });
  }
  /** Writes a general register. Never r15: see {@link branch_to}. */
  set_reg(index: Node | number, value: Node): void {
    const n = typeof index === "number" ? this.c(index) : index;
    this.#push({
      k: "set_reg",
      ty: undefined,
      index: this.#use1(n),
      value: this.#use1(value),
    });
  }

  /** A field of the CPU state. */
  get(field: Field): Node {
    return this.#push({ k: "get", ty: field.type, field });
  }
  /** Writes a field of the CPU state. */
  set(field: Field, value: Node | number): void {
    const v = typeof value === "number" ? this.#number(field.type, value) : value;
    this.#push({ k: "set", ty: undefined, field, value: this.#use1(v) });
  }

  /** The V register file at operand `index` (sreg, dreg, qreg), plus `disp` bytes. */
  v(index: Node, access: VAccess, disp: number = 0): Node {
    const narrow = access[0] === "u" || access[0] === "s";
    const ty = narrow ? "i32" : access === "i64x2" ? "v128" : access as Ty;
    return this.#push({ k: "get_v", ty, index: this.#use1(index), disp, access });
  }
  /** Writes the V register file. */
  set_v(index: Node, access: VAccess, value: Node, disp: number = 0): void {
    this.#push({
      k: "set_v",
      ty: undefined,
      index: this.#use1(index),
      disp,
      access,
      value: this.#use1(value),
    });
  }

  /** Loads from guest memory: an i32, or an i64 when `width` is 8. */
  load(address: Node, width: Width, options: AccessOptions = {}): Node {
    const ty = width === 8 ? "i64" : "i32";
    if (options.window) this.#use1(options.window);
    return this.#push({ k: "load", ty, address: this.#use1(address), width, options });
  }
  /** Stores to guest memory. */
  store(address: Node, width: Width, value: Node, options: AccessOptions = {}): void {
    if (options.window) this.#use1(options.window);
    this.#push({
      k: "store",
      ty: undefined,
      address: this.#use1(address),
      width,
      value: this.#use1(value),
      options,
    });
  }
  /**
   * Makes sure that `length` bytes (1..64) from `address` can be accessed, or takes the fault now;
   * a fault is reported for the lowest address that has one. Device memory passes.
   */
  probe(address: Node, length: Node, write: boolean): void {
    this.#push({
      k: "probe",
      ty: undefined,
      address: this.#use1(address),
      length: this.#use1(length),
      write,
    });
  }

  /**
   * Looks up `length` bytes from `address`, whole words, for accesses that name the result as their
   * window: where the range lies in one page that can be reached directly they need no look-up of
   * their own. It never faults.
   */
  window(address: Node, length: Node, write: boolean): Node {
    return this.#push({
      k: "window",
      ty: "i32",
      address: this.#use1(address),
      length: this.#use1(length),
      write,
    });
  }

  /**
   * Stores `value` when memory holds `expected` (zero-extended; i64s when `width` is 8), atomically: 1
   * when it stored. The address must have been probed for writing, or fault here.
   */
  compare_exchange(address: Node, width: Width, expected: Node, value: Node): Node {
    return this.#push({
      k: "compare_exchange",
      ty: "i32",
      address: this.#use1(address),
      width,
      expected: this.#use1(expected),
      value: this.#use1(value),
    });
  }

  /** Calls a helper; its result, if it has one. */
  call(helper: Helper, ...args: (Node | number)[]): Node {
    const nodes = args.map((a, i) => typeof a === "number" ? this.#number(helper.args[i]!, a) : a);
    if (nodes.length !== helper.args.length) {
      throw new TypeError(`${helper.name} takes ${helper.args.length} arguments`);
    }
    nodes.forEach((n, i) => {
      if (n.ty !== helper.args[i]) throw new TypeError(`${helper.name}: argument ${i} is ${n.ty}`);
    });
    return this.#push({ k: "call", ty: helper.ty, helper, args: this.#use(...nodes) });
  }

  /**
   * Zero when `length` bytes from `address` can be accessed directly: they lie in one page that is
   * mapped and little-endian, and the address has the bits of `mask` (2^n - 1) clear. It never
   * faults. Then, and only then, {@link direct_load} and {@link direct_store} may be used. With
   * `unaligned` elements need not be aligned, where nothing forbids that.
   */
  range(
    address: Node,
    length: number,
    mask: Node | number,
    { write, unaligned = false }: { write: boolean; unaligned?: boolean },
  ): Node {
    const bits = typeof mask === "number" ? this.c(mask) : mask;
    return this.#push({
      k: "range",
      ty: "i32",
      address: this.#use1(address),
      length,
      mask: this.#use1(bits),
      write,
      unaligned,
    });
  }
  /** Loads from a range that can be accessed directly. */
  direct_load(range: Node, offset: number, access: DirectAccess): Node {
    check_inside(range, offset, access);
    const ty = access === "u8" || access === "u16" ? "i32" : access;
    return this.#push({ k: "direct_load", ty, range: this.#use1(range), offset, access });
  }
  /** Stores to a range that can be accessed directly. */
  direct_store(range: Node, offset: number, access: DirectAccess, value: Node): void {
    check_inside(range, offset, access);
    this.#push({
      k: "direct_store",
      ty: undefined,
      range: this.#use1(range),
      offset,
      access,
      value: this.#use1(value),
    });
  }

  /** Calls a helper that always exits, and leaves, unless `guard` is satisfied. */
  guard(guard: Guard, helper: Helper): void {
    this.#push({ k: "guard", ty: undefined, guard, helper });
  }

  /** The virtual address of this instruction. */
  pc(): Node {
    return this.#push({ k: "pc", ty: "i32" });
  }

  /** Goes to this instruction's address plus `offset`, in the same instruction set. Ends the path. */
  branch(offset: Node): void {
    this.#push({ k: "branch", ty: undefined, offset: this.#use1(offset) });
  }
  /**
   * Goes to `address` in the same instruction set (its low bits are cleared), or, with `exchange`,
   * in the one bit 0 chooses. Ends the path. Where it went before says where it will go, unless told.
   */
  branch_to(address: Node, exchange: boolean = false, foreseen: boolean = true): void {
    this.#push({ k: "branch_to", ty: undefined, address: this.#use1(address), exchange, foreseen });
  }
  /** Leaves because a helper has set `STATE.exit`; for helpers that always exit. Ends the path. */
  leave(): void {
    this.#push({ k: "leave", ty: undefined });
  }
  /** Calls a helper that always exits. Ends the path. */
  exit(helper: Helper, ...args: (Node | number)[]): void {
    this.call(helper, ...args);
    this.leave();
  }

  /** A mutable local. */
  local(ty: Ty, initial: Node | number): Local {
    const variable: Variable = { id: this.#variables.length, ty };
    this.#variables.push(variable);
    const make = (value: Node | number): Node =>
      this.#use1(typeof value === "number" ? this.#number(ty, value) : value);
    this.#push({ k: "var_new", ty: undefined, variable, value: make(initial) });
    return {
      get: () => this.#push({ k: "var_get", ty, variable }),
      set: (value) => {
        this.#push({ k: "var_set", ty: undefined, variable, value: make(value) });
      },
    };
  }

  /** Does `then` when `condition` is not zero, else `otherwise`. Decided now for a constant. */
  if(condition: Node, then: () => void, otherwise: () => void = () => {}): void {
    if (condition.k === "const") return condition.value !== 0 ? then() : otherwise();
    this.#use1(condition);
    const a = this.#block(then);
    const b = this.#block(otherwise);
    this.#push({ k: "if", ty: undefined, condition, then: a, otherwise: b });
  }

  /** As {@link if}, where the condition nearly always holds. */
  expect(condition: Node, then: () => void, otherwise: () => void): void {
    this.if(condition, then, otherwise);
    const node = this.#nodes.at(-1);
    if (node?.k === "if" && node.condition === condition) node.expected = true;
  }

  /** Does `body` again while the value it returns is not zero. Bound it: 64 rounds at most. */
  loop(body: () => Node): void {
    let condition: Node | undefined;
    const nodes = this.#block(() => {
      condition = this.#use1(body());
    });
    this.#push({ k: "loop", ty: undefined, body: nodes, condition: condition! });
  }

  #block(f: () => void): Node[] {
    const outer = this.#nodes;
    const constants = this.#constants;
    this.#nodes = [];
    this.#constants = new Map(constants);
    f();
    const inner = this.#nodes;
    this.#nodes = outer;
    this.#constants = constants;
    return inner;
  }

  /** N and Z from a result. */
  set_nz(result: Node): void {
    this.set(STATE.nf, result);
    this.set(STATE.zf, result);
  }

  /** N, Z, C and V from `result`, which is `x + y` or `x - y`. */
  set_flags(kind: "add" | "sub", { x, y, result }: { x: Node; y: Node; result: Node }): void {
    // Each is read several times where the flags are computed at once.
    for (const node of [x, y, result]) this.#use(node, node);
    this.#push({ k: "flags", ty: undefined, kind, x, y, result });
  }

  /** An i32, not zero when the flags meet condition `cc` (0..13). Use it as a truth value only. */
  holds(cc: number): Node {
    return this.#push({ k: "holds", ty: "i32", cc });
  }

  /**
   * An operand, by name. For op definitions. With a `value`, one that is known: a constant, or a
   * register index that stays an operand where it is used as one.
   */
  operand(name: string, kind: OperandKind, value?: number): Node {
    if (value === undefined) return this.#make({ k: "operand", ty: "i32", name, kind });
    if (OPERAND_KINDS[kind].scale === 1) return this.c(value);
    return this.#make({ k: "operand", ty: "i32", name, kind, value });
  }

  /** A known register index as a number. */
  #known(node: Node): Node {
    return node.k === "operand" && node.value !== undefined ? this.c(node.value) : node;
  }

  /** The finished program. */
  finish(): Program {
    return {
      nodes: this.#nodes,
      variables: this.#variables,
      ends: path_ends(this.#nodes),
    };
  }

  #make(bare: Bare): Node {
    return { ...bare, id: this.#next++, uses: 0 } as Node;
  }
  #push(bare: Bare): Node {
    const node = this.#make(bare);
    this.#nodes.push(node);
    return node;
  }
  #use(...nodes: Node[]): Node[] {
    for (const n of nodes) this.#use1(n);
    return nodes;
  }
  #use1(node: Node): Node {
    if (node.ty === undefined) throw new TypeError(`${node.k} has no value`);
    node.uses++;
    return node;
  }
}

const BYTES: Record<DirectAccess, number> = { u8: 1, u16: 2, i32: 4, i64: 8, v128: 16 };

/** Nothing else keeps generated code from reaching beyond a range. */
function check_inside(range: Node, offset: number, access: DirectAccess): void {
  if (range.k !== "range") throw new TypeError("a direct access needs a range");
  if (offset >= 0 && offset + BYTES[access] <= range.length) return;
  throw new RangeError(`Cannot access ${access} at ${offset} of ${range.length} bytes`);
}

/** Whether control never comes to the end of `nodes`. */
export function path_ends(nodes: readonly Node[]): boolean {
  const last = nodes.at(-1);
  if (!last) return false;
  switch (last.k) {
    case "branch":
    case "branch_to":
    case "leave":
      return true;
    case "if":
      return path_ends(last.then) && path_ends(last.otherwise);
    default:
      return false;
  }
}
