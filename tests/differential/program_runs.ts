/**
 * Runs of random programs, for comparing engines.
 *
 * @module
 */
import { STATE } from "../../cpu/state.ts";
import { differences, result_word } from "./compare.ts";
import { CASE, CODE, type Result } from "./layout.ts";
import { DATA, DATA_BYTES, type Program } from "./programs.ts";
import { Random } from "./random.ts";
import type { EngineName, Subject } from "./subject.ts";
import { fill_d, fpscr, integer } from "./values.ts";

/** The programs' seed; `ARMVM_FUZZ_SEED` gives another. */
export const SEED = Number(Deno.env.get("ARMVM_FUZZ_SEED") ?? 1);
/** In instructions. */
const BUDGET = 3000;
/** Room for code, from CODE. */
export const CODE_BYTES = 0x4000;

/** How many programs to draw; `ARMVM_FUZZ_PROGRAMS` gives another number. */
export function program_count(usual: number): number {
  return Number(Deno.env.get("ARMVM_FUZZ_PROGRAMS") ?? usual);
}

/** What a program left behind. */
export interface Outcome {
  readonly result: Result;
  readonly instructions: bigint;
  /** Data and code afterwards. */
  readonly memory: Uint32Array;
}

/** The registers a program starts with, as a case. */
export function start_of({ address, thumb, random }: Program): Uint32Array {
  const c = new Uint32Array(CASE.words);
  c[CASE.code_address] = address;
  c[CASE.thumb] = thumb ? 1 : 0;
  for (let i = 0; i < 15; i++) c[CASE.r + i] = integer(random);
  c[CASE.cpsr] = (random.word() & 0xf80f_0000) | 0x10;
  c[CASE.fpscr] = fpscr(random);
  fill_d(random, c.subarray(CASE.d, CASE.d + 64), random.pick(["f32", "f64", "lanes"]));
  return c;
}

const PATTERN = Uint32Array.from(
  { length: DATA_BYTES / 4 },
  ((random) => () => integer(random))(new Random(99)),
);

/** Makes the programs' data what it is at a start. */
export function fill_data({ cpu }: Subject): void {
  cpu.u32.set(PATTERN, cpu.code_address(DATA) >>> 2);
}

/** Puts a program and its data into memory. */
export function prepare(subject: Subject, program: Program): void {
  fill_data(subject);
  // Stray branches may have executed data.
  for (let page = DATA; page < CODE; page += 0x1000) {
    subject.engines.interpreter.page_written(page, 0, 0x1000);
  }
  subject.write_halves(CODE, new Array(CODE_BYTES / 2).fill(0xde00));
  subject.write_halves(program.address, program.halves);
}

/** Runs what is in memory from the start `c`. */
export function run_prepared(subject: Subject, c: Uint32Array, engine: EngineName): Outcome {
  const { cpu } = subject;
  const from = cpu.code_address(DATA) >>> 2;
  cpu.set(STATE.excl_open, 0);
  const result = subject.run(c, engine, BUDGET);
  return {
    result,
    instructions: cpu.i64[STATE.insn_count.address >> 3]!,
    memory: cpu.u32.slice(from, from + (DATA_BYTES + CODE_BYTES) / 4),
  };
}

/** What differs between the reference engine's outcome and another one's. */
export function disagreement(reference: Outcome, other: Outcome): string[] {
  const out = differences(reference.result, other.result, { strict: true }).map((name) => {
    const word = result_word(name);
    const [want, got] = [reference.result[word]!, other.result[word]!];
    return `${name}: reference ${want.toString(16)}, not ${got.toString(16)}`;
  });
  if (reference.instructions !== other.instructions) {
    out.push(`instructions: reference ${reference.instructions}, not ${other.instructions}`);
  }
  const at = reference.memory.findIndex((word, i) => word !== other.memory[i]);
  if (at >= 0) out.push(`memory at ${(DATA + 4 * at).toString(16)}`);
  return out;
}
