/**
 * Generates tier 0: one WebAssembly function that interprets predecoded records, from the ops.
 *
 * @module
 */
import type { Cpu } from "../cpu.ts";
import type { Helper } from "../helper.ts";
import type { Op, Static } from "../isa/op.ts";
import { all_ops } from "../isa/op.ts";
import { form_key } from "../isa/program.ts";
import { STATE } from "../state.ts";
import { type Body, Code, Module, OP } from "../../wasm/encoder.ts";
import { ProgramEmitter } from "./emit.ts";
import type { Surroundings } from "./surroundings.ts";
import {
  type Form,
  type FormInfo,
  FormTable,
  place_index,
  type Placement,
  step_of,
} from "./forms.ts";
import {
  ADDED_TYPE,
  FIRST_NUMBER,
  HANDLER,
  MainFunction,
  mark,
  push_operand,
  push_pc,
} from "./main_function.ts";
import { bind_helper, ModuleImports, SharedImports } from "./module_imports.ts";

const LAST_NUMBER = 0xffff;

/** Functions that the interpreter needs from its engine. */
export interface EngineHooks {
  decode(rec: number): number;
  lookup(target: number): number;
  cross(rec: number): number;
  page_end_it(): void;
}

/** A function that stands for a record. */
export interface AddedFunction {
  /** Its handler number. */
  readonly number: number;
  /** The size of its body. */
  readonly bytes: number;
}

/** All handlers of one vCPU: the main function, and the forms that are functions of their own. */
export class Handlers {
  readonly #forms: Form[] = [];
  readonly #numbers = new Map<string, number>();
  readonly #table_of_forms = new FormTable();
  readonly #table: WebAssembly.Table;
  readonly #environment: Record<string, unknown>;
  readonly #cpu: Cpu;
  readonly #free_numbers: number[] = [];
  #next_number = FIRST_NUMBER;
  #inline = 0;
  #size = 0;
  #compile_ms = 0;

  /** What added functions may import. */
  readonly imports: SharedImports = new SharedImports();
  /** Enters the main function at a record. */
  readonly run: (rec: number) => void;

  constructor(cpu: Cpu, hooks: EngineHooks) {
    this.#cpu = cpu;
    this.#table = new WebAssembly.Table({ element: "anyfunc", initial: FIRST_NUMBER });
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
    return this.#table_of_forms.info(op, statics);
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
    this.#build_function(this.#forms.at(-1)!, number);
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
  #build_function(form: Form, number: number): void {
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
    module.func("f", ["i32"], ["i32"], code.finish());
    const exports = this.#instantiate(module, helpers);
    this.#table.set(number, exports.f as () => void);
  }

  /**
   * Adds functions that stand for records as outlined forms do, in one module. Numbers come from a
   * range of their own and can be given back. Bodies import what {@link imports} has.
   */
  add_functions(bodies: readonly Body[]): AddedFunction[] {
    const module = new Module({ table: true });
    if (module.type(["i32"], ["i32"]) !== ADDED_TYPE) throw new TypeError("not the first type");
    this.imports.declare(module);
    bodies.forEach((body, i) => module.func(`f${i}`, ["i32"], ["i32"], body));
    const exports = this.#instantiate(module, this.imports.helpers);
    return bodies.map(({ bytes }, i) => {
      const number = this.#free_numbers.pop() ?? this.#next_number++;
      if (number >= this.#table.length) this.#table.grow(1024);
      this.#table.set(number, exports[`f${i}`] as () => void);
      return { number, bytes: bytes.length };
    });
  }

  /** Whether {@link add_functions} has as many numbers left. */
  has_room(functions: number): boolean {
    return this.#free_numbers.length + LAST_NUMBER - this.#next_number >= functions;
  }

  /** Ends the life of a function from {@link add_functions}. */
  remove_function(number: number): void {
    this.#table.set(number, null);
    this.#free_numbers.push(number);
  }

  #build_main(): (rec: number) => void {
    const module = new Module({ table: true });
    const helpers = new Map<string, Helper>();
    const main = new MainFunction(module, helpers, this.#forms);
    module.func("run", ["i32"], [], main.code.finish());
    this.#size = main.code.length;
    return this.#instantiate(module, helpers).run as (rec: number) => void;
  }
}
