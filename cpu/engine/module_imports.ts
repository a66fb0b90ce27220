import type { Cpu } from "../cpu.ts";
import type { Helper } from "../helper.ts";
import type { Module } from "../wasm/encoder.ts";
import type { Imports } from "./emit.ts";

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
export class ModuleImports implements Imports {
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

/** A helper as a function that generated code can import. */
export function bind_helper(cpu: Cpu, helper: Helper): (...args: never[]) => unknown {
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
