import type { Cpu } from "../cpu.ts";
import { type Helper, helper_named } from "../helper.ts";
import type { Module } from "../../wasm/encoder.ts";
import type { Ty } from "../ir/types.ts";
import type { Imports } from "./surroundings.ts";

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

const HELPER = "helper ";

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
    const name = HELPER + helper.name;
    const known = this.#used.get(name);
    if (known && known !== helper) throw new TypeError(`two helpers are called ${helper.name}`);
    this.#used.set(name, helper);
    return this.#module.import(name, helper.args, helper.ty ? [helper.ty] : []);
  }
}

/** An import that code of several modules asks for. */
interface Named {
  readonly name: string;
  readonly params: readonly Ty[];
  readonly results: readonly Ty[];
}

/**
 * Imports whose numbers are the same in every module that declares them, so that emitted code can go
 * into one module and later into another.
 */
export class SharedImports implements Imports {
  readonly #known = new Map<string, { readonly index: number; readonly of: Named }>();
  /** The helpers among them. */
  readonly helpers = new Map<string, Helper>();

  #index(name: string, params: readonly Ty[], results: readonly Ty[]): number {
    let known = this.#known.get(name);
    if (!known) {
      known = { index: this.#known.size, of: { name, params, results } };
      this.#known.set(name, known);
    }
    return known.index;
  }
  #named(name: string): number {
    return this.#index(name, ...IMPORTS[name]!);
  }
  load = (): number => this.#named("load");
  load64 = (): number => this.#named("load64");
  store = (): number => this.#named("store");
  store64 = (): number => this.#named("store64");
  probe = (): number => this.#named("probe");
  exchange = (): number => this.#named("exchange");
  exchange64 = (): number => this.#named("exchange64");
  helper(helper: Helper): number {
    const name = HELPER + helper.name;
    this.helpers.set(name, helper);
    return this.#index(name, helper.args, helper.ty ? [helper.ty] : []);
  }

  /** Names of all but the first `known`, in their order. */
  names(known = 0): string[] {
    return [...this.#known.keys()].slice(known);
  }

  /** Numbers imports as somebody else has done, by {@link names}. */
  learn(names: readonly string[]): void {
    for (const name of names) {
      const helper = name.startsWith(HELPER) ? helper_named(name.slice(HELPER.length)) : undefined;
      if (helper) this.helper(helper);
      else this.#named(name);
    }
  }

  /** Declares all imports so far in a module that has none. */
  declare(module: Module): void {
    for (const { of: { name, params, results } } of this.#known.values()) {
      module.import(name, params, results);
    }
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
