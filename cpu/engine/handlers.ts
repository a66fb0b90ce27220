/**
 * Generates tier 0: one WebAssembly function that interprets predecoded records, from the ops.
 *
 * @module
 */
import type { Cpu } from "../cpu.ts";
import type { Helper } from "../helper.ts";
import type { Program } from "../ir/node.ts";
import { OPERAND_KINDS } from "../ir/node.ts";
import { condition } from "../isa/condition.ts";
import { Builder } from "../ir/builder.ts";
import type { Op, Static } from "../isa/op.ts";
import { all_ops } from "../isa/op.ts";
import { build_program, form_key } from "../isa/program.ts";
import { MEM, STATE } from "../state.ts";
import { Code, Module, OP } from "../wasm/encoder.ts";
import { emit_code_tlb_hit } from "./code_tlb.ts";
import { type Imports, ProgramEmitter, type Surroundings } from "./emit.ts";
import { operand_layout, RECORD } from "./record.ts";

/** Handlers that are not an op's, by number. */
export const HANDLER = {
  /** Not decoded yet. */
  decode: 0,
  /** After the last record of a page: goes to the next page. */
  page_end: 1,
  /** The same inside an IT block. */
  page_end_it: 2,
  /** A Thumb instruction that lies in two pages. */
  cross: 3,
  /** After a crossing instruction: goes to `STATE.scratch_next`. */
  cross_end: 4,
  /** After a single step. */
  stop: 5,
  /**
   * Skips the instruction unless condition 0..13 holds, else dispatches to its second handler.
   * 14 further on: the same for an instruction of two records.
   */
  cond: 6,
  /** Puts r15 in its slot where condition 0..14 holds, else skips; 15 further on for two records. */
  pc: 34,
  /** The first form. */
  forms: 64,
} as const;

/** Handler numbers of added functions; forms stay below. */
export const FIRST_NUMBER = 0x4000;
const LAST_NUMBER = 0xffff;

/** What a form of an op depends on besides its statics. */
export interface Placement {
  /** Bytes of the instruction. */
  readonly size: number;
  readonly thumb: boolean;
  /** The direct branch in it stays in the page. */
  readonly near: boolean;
}

interface Form {
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

function place_index(place: Placement): number {
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

/** Functions that the interpreter needs from its engine. */
export interface EngineHooks {
  decode(rec: number): number;
  lookup(target: number): number;
  cross(rec: number): number;
  page_end_it(): void;
}

const IMPORTS: Record<string, [params: ("i32" | "i64")[], results: ("i32" | "i64")[]]> = {
  load: [["i32", "i32", "i32"], ["i32"]],
  load64: [["i32", "i32"], ["i64"]],
  store: [["i32", "i32", "i32", "i32"], []],
  store64: [["i32", "i64", "i32"], []],
  probe: [["i32", "i32", "i32"], []],
  exchange: [["i32", "i32", "i32", "i32"], ["i32"]],
  exchange64: [["i32", "i64", "i64"], ["i32"]],
  decode: [["i32"], ["i32"]],
  lookup: [["i32"], ["i32"]],
  cross: [["i32"], ["i32"]],
  page_end_it: [[], []],
};

/** Numbers the imports of a module as emitted code asks for them. */
class ModuleImports implements Imports {
  readonly #module: Module;
  readonly #used: Map<string, Helper>;

  constructor(module: Module, helpers: Map<string, Helper>) {
    this.#module = module;
    this.#used = helpers;
  }
  named(name: string): number {
    const [params, results] = IMPORTS[name]!;
    return this.#module.import(name, params, results);
  }
  load = (): number => this.named("load");
  load64 = (): number => this.named("load64");
  store = (): number => this.named("store");
  store64 = (): number => this.named("store64");
  probe = (): number => this.named("probe");
  exchange = (): number => this.named("exchange");
  exchange64 = (): number => this.named("exchange64");
  helper(helper: Helper): number {
    const name = `helper ${helper.name}`;
    const known = this.#used.get(name);
    if (known && known !== helper) throw new TypeError(`two helpers are called ${helper.name}`);
    this.#used.set(name, helper);
    return this.#module.import(name, helper.args, helper.ty ? [helper.ty] : []);
  }
}

function push_operand(code: Code, op: Op, rec: number, name: string): void {
  const { offset, kind } = operand_layout(op)[name]!;
  code.get(rec);
  if (kind === "imm") code.mem(OP.i32_load, 2, offset);
  else if (kind === "u16") code.mem(OP.i32_load16_u, 1, offset);
  else code.mem(OP.i32_load8_u, 0, offset);
}

function push_pc(code: Code, rec: number): void {
  code.i32(0).mem(OP.i32_load, 2, STATE.pc_page.address);
  code.get(rec).mem(OP.i32_load16_u, 1, RECORD.pc).u8(0x6a);
}

function mark(code: Code, rec: number): void {
  code.i32(0).get(rec).mem(OP.i32_store, 2, STATE.rec.address);
}

/** Bytes of records that an instruction's form takes. */
function step_of(place: Placement): number {
  return place.thumb && place.size === 4 ? 2 * RECORD.size : RECORD.size;
}

/** All handlers of one vCPU: the main function, and the forms that are functions of their own. */
export class Handlers {
  readonly #forms: Form[] = [];
  readonly #numbers = new Map<string, number>();
  readonly #trees = new Map<Op, FormTree>();
  readonly #table: WebAssembly.Table;
  readonly #environment: Record<string, unknown>;
  readonly #cpu: Cpu;
  readonly #free_numbers: number[] = [];
  #next_number = FIRST_NUMBER;
  #inline = 0;
  #size = 0;
  #compile_ms = 0;

  /** Enters the main function at a record. */
  readonly run: (rec: number) => void;

  constructor(cpu: Cpu, hooks: EngineHooks) {
    this.#cpu = cpu;
    this.#table = new WebAssembly.Table({ element: "anyfunc", initial: 1024 });
    const mem = (): typeof cpu.mem => cpu.mem;
    this.#environment = {
      memory: cpu.memory,
      table: this.#table,
      load: (a: number, w: number, access: number) => mem().load(a, w, access),
      load64: (a: number, access: number) => mem().load64(a, access),
      store: (a: number, w: number, v: number, access: number) => mem().store(a, w, v, access),
      store64: (a: number, v: bigint, access: number) => mem().store64(a, v, access),
      probe: (a: number, n: number, write: number) => mem().probe(a, n, write !== 0),
      exchange: (a: number, w: number, expected: number, value: number) =>
        mem().compare_exchange(a, w, BigInt(expected >>> 0), BigInt(value >>> 0)) ? 1 : 0,
      exchange64: (a: number, expected: bigint, value: bigint) =>
        mem().compare_exchange(a, 8, BigInt.asUintN(64, expected), BigInt.asUintN(64, value))
          ? 1
          : 0,
      decode: (rec: number) => hooks.decode(rec),
      lookup: (target: number) => hooks.lookup(target),
      cross: (rec: number) => hooks.cross(rec),
      page_end_it: () => hooks.page_end_it(),
    };
    this.#collect_inline();
    this.run = this.#build_main();
  }

  /** How many handlers the main function has, its size in bytes, and the time V8 took for all code. */
  get statistics(): { inline: number; outlined: number; bytes: number; compile_ms: number } {
    return {
      compile_ms: this.#compile_ms,
      inline: HANDLER.forms + this.#inline,
      outlined: this.#forms.length - this.#inline,
      bytes: this.#size,
    };
  }

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

  /** The handler's number for a form; one that the main function lacks is made now. */
  number(info: FormInfo, place: Placement): number {
    return info.numbers[place_index(place)] ??= this.#find_number(info, place);
  }

  #find_number(info: FormInfo, place: Placement): number {
    const key = this.#key(info, place);
    const known = this.#numbers.get(key);
    if (known !== undefined) return known;
    const number = this.#add(info, place, key);
    this.#build_function(this.#forms.at(-1)!, number - HANDLER.forms - this.#inline);
    return number;
  }

  #key(info: FormInfo, place: Placement): string {
    const branch = info.branch !== undefined
      ? `|${place.thumb ? "thumb" : "arm"}|${place.near ? "near" : "far"}`
      : "";
    return `${form_key(info.op, info.statics)}|${step_of(place)}${branch}`;
  }

  #add(info: FormInfo, place: Placement, key: string): number {
    const { op, statics, program } = info;
    const number = HANDLER.forms + this.#forms.length;
    this.#forms.push({ op, statics, place, program });
    this.#numbers.set(key, number);
    return number;
  }

  #collect_inline(): void {
    const places: Placement[] = [true, false].flatMap((near) => [
      { size: 4, thumb: false, near },
      { size: 2, thumb: true, near },
      { size: 4, thumb: true, near },
    ]);
    for (const op of all_ops()) {
      for (const statics of op.inline) {
        const info = this.info(op, statics);
        for (const place of places) {
          const key = this.#key(info, place);
          if (!this.#numbers.has(key)) this.#add(info, place, key);
        }
      }
    }
    this.#inline = this.#forms.length;
  }

  #instantiate(
    module: Module,
    helpers: Map<string, Helper>,
  ): WebAssembly.Exports {
    for (const [name, helper] of helpers) {
      this.#environment[name] ??= bind_helper(this.#cpu, helper);
    }
    const binary = module.finish();
    const start = performance.now();
    const { exports } = new WebAssembly.Instance(new WebAssembly.Module(binary), {
      env: this.#environment as WebAssembly.ModuleImports,
    });
    this.#compile_ms += performance.now() - start;
    return exports;
  }

  /** A form as a function: record in; out 0 to leave, 1 to go to STATE.pc, or the next record. */
  #build_function(form: Form, slot: number): void {
    const module = new Module();
    const helpers = new Map<string, Helper>();
    const code = new Code(1);
    const around: Surroundings = {
      code,
      imports: new ModuleImports(module, helpers),
      operand: (name) => push_operand(code, form.op, 0, name),
      pc: () => push_pc(code, 0),
      mark: () => mark(code, 0),
      leave: () => {
        code.i32(0).byte(OP.return);
      },
      branch: (push) => {
        if (form.place.near) {
          code.get(0);
          push();
          code.i32(form.place.thumb ? 3 : 2).u8(0x74, 0x6a);
          code.byte(OP.return);
        } else {
          code.i32(0);
          push_pc(code, 0);
          push();
          code.u8(0x6a).mem(OP.i32_store, 2, STATE.pc.address);
          code.i32(1).byte(OP.return);
        }
      },
      branch_to: (push) => {
        code.i32(0);
        push();
        code.mem(OP.i32_store, 2, STATE.pc.address);
        code.i32(1).byte(OP.return);
      },
    };
    new ProgramEmitter(around).emit(form.program);
    code.get(0).i32(step_of(form.place)).byte(0x6a);
    module.func("f", ["i32"], ["i32"], code);
    const exports = this.#instantiate(module, helpers);
    if (slot >= this.#table.length) this.#table.grow(1024);
    this.#table.set(slot, exports.f as () => void);
  }

  /**
   * Adds functions that stand for records as outlined forms do, in one module; their handler numbers.
   * Numbers come from a range of their own and can be given back.
   */
  add_functions(emitters: readonly ((imports: Imports) => Code)[]): number[] {
    const module = new Module();
    const helpers = new Map<string, Helper>();
    const imports = new ModuleImports(module, helpers);
    const codes = emitters.map((emit) => emit(imports));
    codes.forEach((code, i) => module.func(`f${i}`, ["i32"], ["i32"], code));
    const exports = this.#instantiate(module, helpers);
    return codes.map((_, i) => {
      const number = this.#free_numbers.pop() ?? this.#next_number++;
      const slot = number - HANDLER.forms - this.#inline;
      if (slot >= this.#table.length) this.#table.grow(slot + 1024 - this.#table.length);
      this.#table.set(slot, exports[`f${i}`] as () => void);
      return number;
    });
  }

  /** Whether {@link add_functions} has as many numbers left. */
  has_room(functions: number): boolean {
    return this.#free_numbers.length + LAST_NUMBER - this.#next_number >= functions;
  }

  /** Ends the life of a function from {@link add_functions}. */
  remove_function(number: number): void {
    this.#table.set(number - HANDLER.forms - this.#inline, null);
    this.#free_numbers.push(number);
  }

  #build_main(): (rec: number) => void {
    const module = new Module({ table: true });
    const helpers = new Map<string, Helper>();
    const main = new MainFunction(module, helpers, this.#forms);
    module.func("run", ["i32"], [], main.code);
    this.#size = main.code.length;
    return this.#instantiate(module, helpers).run as (rec: number) => void;
  }
}

function bind_helper(cpu: Cpu, helper: Helper): (...args: never[]) => unknown {
  const run = helper.run as (cpu: Cpu, ...args: unknown[]) => unknown;
  switch (helper.args.length) {
    case 0:
      return () => run(cpu);
    case 1:
      return (a) => run(cpu, a);
    case 2:
      return (a, b) => run(cpu, a, b);
    case 3:
      return (a, b, c) => run(cpu, a, b, c);
    default:
      return (...args) => run(cpu, ...args);
  }
}

/** Emits the main function: a loop around a `br_table` with one block per handler. */
class MainFunction {
  readonly code = new Code(1);
  readonly #imports: ModuleImports;
  readonly #rec = 0;
  readonly #handler = this.code.local("i32");
  readonly #target = this.code.local("i32");
  readonly #count = this.code.local("i32");
  readonly #scratch = this.code.local("i32");
  readonly #handlers: number;
  /** Blocks around the code being emitted that belong to the dispatch. */
  #open = 0;

  constructor(module: Module, helpers: Map<string, Helper>, forms: readonly Form[]) {
    this.#imports = new ModuleImports(module, helpers);
    this.#handlers = HANDLER.forms + forms.length;
    // Imports are numbered as they are asked for, and the indirect call's type must exist.
    const call_type = module.type(["i32"], ["i32"]);
    this.#emit(forms, call_type);
  }

  #emit(forms: readonly Form[], call_type: number): void {
    const c = this.code;
    this.#fetch_next();
    c.u8(OP.block, 0x40, OP.loop, 0x40, OP.block, 0x40, OP.block, 0x40);
    for (let i = 0; i < this.#handlers; i++) c.u8(OP.block, 0x40);
    c.get(this.#handler).byte(OP.br_table);
    c.leb(this.#handlers);
    for (let i = 0; i <= this.#handlers; i++) c.leb(i);
    let number = 0;
    const handler = (emit: () => void): void => {
      c.byte(OP.end);
      this.#open = this.#handlers - ++number + 1;
      emit();
    };
    handler(() => this.#decode());
    handler(() => this.#page_end());
    handler(() => this.#page_end_it());
    handler(() => this.#cross());
    handler(() => this.#cross_end());
    handler(() => this.#exit(0));
    for (const step of [RECORD.size, 2 * RECORD.size]) {
      for (let cc = 0; cc < 14; cc++) handler(() => this.#condition(cc, step));
    }
    for (const step of [RECORD.size, 2 * RECORD.size]) {
      for (let cc = 0; cc < 15; cc++) handler(() => this.#wants_pc(cc, step));
    }
    for (const form of forms) handler(() => this.#form(form));
    // The table's default: a function of its own.
    c.byte(OP.end);
    this.#open = 0;
    this.#outlined(call_type);
    c.byte(OP.end);
    this.#goto();
    c.u8(OP.end, OP.end);
    c.i32(0).get(this.#rec).mem(OP.i32_store, 2, STATE.rec.address);
    c.i32(0).i32(0).mem(OP.i32_load, 2, STATE.budget.address).get(this.#count).u8(0x6b);
    c.mem(OP.i32_store, 2, STATE.budget.address);
    for (const { address } of [STATE.insn_count, STATE.interpreted]) {
      c.i32(0).i32(0).mem(OP.i64_load, 3, address);
      c.get(this.#count).u8(0xad, 0x7c).mem(OP.i64_store, 3, address);
    }
  }

  /** Labels, from inside a handler with `depth` blocks of its own. */
  #to_goto(depth: number): void {
    this.code.byte(OP.br);
    this.code.leb(depth + this.#open);
  }
  #to_dispatch(depth: number): void {
    this.code.byte(OP.br);
    this.code.leb(depth + this.#open + 1);
  }
  #exit(depth: number): void {
    this.code.byte(OP.br);
    this.code.leb(depth + this.#open + 2);
  }

  /** Loads the handler of the record and counts an instruction. */
  #fetch_next(): void {
    const c = this.code;
    c.get(this.#rec).mem(OP.i32_load16_u, 1, RECORD.handler).set(this.#handler);
    c.get(this.#count).i32(1).u8(0x6a).set(this.#count);
  }
  #uncount(): void {
    this.code.get(this.#count).i32(1).u8(0x6b).set(this.#count);
  }
  #next(step: number): void {
    this.code.get(this.#rec).i32(step).u8(0x6a).set(this.#rec);
    this.#fetch_next();
    this.#to_dispatch(0);
  }
  /** Exits, with the target in `rec`, when as many instructions have been executed as the budget has. */
  #spend(depth: number): void {
    const c = this.code;
    c.get(this.#count).i32(0).mem(OP.i32_load, 2, STATE.budget.address);
    c.byte(0x4e);
    c.unlikely().byte(OP.br_if);
    c.leb(depth + this.#open + 2);
  }

  #decode(): void {
    const c = this.code;
    this.#uncount();
    c.get(this.#rec).u8(OP.call);
    c.leb(this.#imports.named("decode"));
    c.u8(OP.if, 0x40);
    this.#fetch_next();
    this.#to_dispatch(1);
    c.byte(OP.end);
    this.#exit(0);
  }
  #page_end(): void {
    const c = this.code;
    this.#uncount();
    c.i32(0).mem(OP.i32_load, 2, STATE.pc_page.address).i32(0x1000).u8(0x6a).set(this.#target);
    this.#to_goto(0);
  }
  #page_end_it(): void {
    const c = this.code;
    this.#uncount();
    c.byte(OP.call);
    c.leb(this.#imports.named("page_end_it"));
    c.i32(0).set(this.#rec);
    this.#exit(0);
  }
  #cross(): void {
    const c = this.code;
    this.#uncount();
    mark(c, this.#rec);
    c.get(this.#rec).byte(OP.call);
    c.leb(this.#imports.named("cross"));
    c.tee(this.#scratch).u8(OP.if, 0x40);
    c.get(this.#scratch).set(this.#rec);
    this.#fetch_next();
    this.#to_dispatch(1);
    c.byte(OP.end);
    this.#exit(0);
  }
  #cross_end(): void {
    const c = this.code;
    this.#uncount();
    c.i32(0).mem(OP.i32_load, 2, STATE.pc_page.address).i32(0x1002).u8(0x6a).set(this.#target);
    this.#to_goto(0);
  }

  /** Goes on with the form's own handler, or skips the instruction. */
  #dispatch_second(): void {
    const c = this.code;
    c.get(this.#rec).mem(OP.i32_load16_u, 1, RECORD.second).set(this.#handler);
  }
  #push_condition(cc: number): void {
    const b = new Builder();
    const holds = b.result(condition(b, cc));
    new ProgramEmitter(this.#surroundings(undefined)).emit_value(b.finish(), holds);
  }
  #condition(cc: number, step: number): void {
    const c = this.code;
    this.#push_condition(cc);
    c.u8(OP.if, 0x40);
    this.#dispatch_second();
    this.#to_dispatch(1);
    c.byte(OP.end);
    this.#next(step);
  }
  #wants_pc(cc: number, step: number): void {
    const c = this.code;
    if (cc !== 14) {
      this.#push_condition(cc);
      c.u8(OP.if, 0x40);
    }
    c.i32(0);
    push_pc(c, this.#rec);
    c.i32(8).i32(0).mem(OP.i32_load, 2, STATE.thumb.address).i32(2).u8(0x74, 0x6b, 0x6a);
    c.mem(OP.i32_store, 2, STATE.r.address + 60);
    this.#dispatch_second();
    this.#to_dispatch(cc === 14 ? 0 : 1);
    if (cc !== 14) {
      c.byte(OP.end);
      this.#next(step);
    }
  }

  #surroundings(form: Form | undefined): Surroundings {
    const c = this.code;
    return {
      code: c,
      imports: this.#imports,
      operand: (name) => push_operand(c, form!.op, this.#rec, name),
      pc: () => push_pc(c, this.#rec),
      mark: () => mark(c, this.#rec),
      leave: (depth) => this.#exit(depth),
      branch: (push, depth) => {
        if (form!.place.near) {
          c.get(this.#rec);
          push();
          c.i32(form!.place.thumb ? 3 : 2).u8(0x74, 0x6a).set(this.#rec);
          this.#spend(depth);
          this.#fetch_next();
          this.#to_dispatch(depth);
        } else {
          push_pc(c, this.#rec);
          push();
          c.u8(0x6a).set(this.#target);
          this.#to_goto(depth);
        }
      },
      branch_to: (push, depth) => {
        push();
        c.set(this.#target);
        this.#to_goto(depth);
      },
    };
  }
  #form(form: Form): void {
    new ProgramEmitter(this.#surroundings(form)).emit(form.program);
    if (!form.program.ends) this.#next(step_of(form.place));
  }

  #outlined(call_type: number): void {
    const c = this.code;
    c.get(this.#rec).get(this.#handler).i32(this.#handlers).u8(0x6b, OP.call_indirect);
    c.leb(call_type);
    c.byte(0);
    c.tee(this.#scratch).i32(1).u8(0x4b, OP.if, 0x40);
    c.get(this.#scratch).set(this.#rec);
    this.#fetch_next();
    this.#to_dispatch(1);
    c.byte(OP.end);
    c.get(this.#scratch).byte(0x45);
    c.u8(OP.if, 0x40);
    c.i32(0).mem(OP.i32_load, 2, STATE.rec.address).set(this.#rec);
    this.#exit(1);
    c.byte(OP.end);
    c.i32(0).mem(OP.i32_load, 2, STATE.pc.address).set(this.#target);
    this.#to_goto(0);
  }

  /** Goes to `target`: through the code TLB, or by asking the engine. */
  #goto(): void {
    const c = this.code;
    const thumb = c.local("i32"), entry = c.local("i32");
    c.i32(0).mem(OP.i32_load, 2, STATE.thumb.address).set(thumb);
    // ~(3 >> thumb): Thumb code is halfword aligned, A32 word aligned.
    c.get(this.#target).i32(3).get(thumb).u8(0x76).i32(-1).u8(0x73, 0x71).set(this.#target);
    emit_code_tlb_hit(c, { address: this.#target, thumb, entry, page: this.#scratch });
    c.u8(OP.if, 0x40);
    c.get(entry).mem(OP.i32_load, 2, MEM.code_tlb + 4);
    c.get(this.#target).i32(0xfff).u8(0x71).i32(2).get(thumb).u8(0x6a, 0x74, 0x6a).set(this.#rec);
    c.i32(0).get(this.#scratch).mem(OP.i32_store, 2, STATE.pc_page.address);
    c.byte(OP.else);
    c.get(this.#target).byte(OP.call);
    c.leb(this.#imports.named("lookup"));
    c.tee(this.#rec).byte(0x45);
    c.unlikely().u8(OP.if, 0x40);
    // Depths here: if, else's if, then dispatch and the exit block.
    c.byte(OP.br);
    c.leb(3);
    c.byte(OP.end);
    c.byte(OP.end);
    c.get(this.#count).i32(0).mem(OP.i32_load, 2, STATE.budget.address).byte(0x4e);
    c.unlikely().byte(OP.br_if);
    c.leb(1);
    this.#fetch_next();
    c.u8(OP.br, 0);
  }
}
