/**
 * Random programs on the translator with its thresholds at their lowest, several times each so that
 * what the first turn executed is translated in the next: state equal to the reference engine's.
 *
 * @module
 */
import assert from "node:assert/strict";
import { STATE } from "../../cpu/state.ts";
import { TranslatorEngine } from "../../cpu/translate/translator.ts";
import { differences, result_word } from "./compare.ts";
import { runnable_rows } from "./draw.ts";
import { CASE, CODE, RESULT, type Result } from "./layout.ts";
import { DATA, DATA_BYTES, type Program, ProgramDrawer } from "./programs.ts";
import { Random } from "./random.ts";
import { type EngineName, Subject } from "./subject.ts";
import { fill_d, fpscr, integer } from "./values.ts";

const SEED = Number(Deno.env.get("ARMVM_FUZZ_SEED") ?? 1);
const PROGRAMS = Number(Deno.env.get("ARMVM_FUZZ_PROGRAMS") ?? 1200);
const TURNS = 3;
/** In instructions. */
const BUDGET = 3000;
const CODE_BYTES = 0x4000;
const PATTERN = Uint32Array.from(
  { length: DATA_BYTES / 4 },
  ((random) => () => integer(random))(new Random(99)),
);

interface Outcome {
  readonly result: Result;
  readonly instructions: bigint;
  /** Data and code afterwards. */
  readonly memory: Uint32Array;
}

function start_of({ address, thumb, random }: Program): Uint32Array {
  const c = new Uint32Array(CASE.words);
  c[CASE.code_address] = address;
  c[CASE.thumb] = thumb ? 1 : 0;
  for (let i = 0; i < 15; i++) c[CASE.r + i] = integer(random);
  c[CASE.cpsr] = (random.word() & 0xf80f_0000) | 0x10;
  c[CASE.fpscr] = fpscr(random);
  fill_d(random, c.subarray(CASE.d, CASE.d + 64), random.pick(["f32", "f64", "lanes"]));
  return c;
}

/** The program and its surroundings as they are at its beginning. */
function prepare({ cpu, engines, write_halves }: SubjectParts, program: Program): void {
  for (let page = DATA; page < CODE; page += 0x1000) {
    engines.interpreter.page_written(page, 0, 0x1000);
  }
  cpu.u32.set(PATTERN, cpu.code_address(DATA) >>> 2);
  write_halves(CODE, new Array(CODE_BYTES / 2).fill(0xde00));
  write_halves(program.address, program.halves);
}
type SubjectParts = {
  cpu: Subject["cpu"];
  engines: Subject["engines"];
  write_halves: (address: number, halves: readonly number[]) => void;
};

function execute(subject: Subject, c: Uint32Array, engine: EngineName): Outcome {
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

function disagreement(a: Outcome, b: Outcome): string[] {
  const out = differences(a.result, b.result, { strict: true }).map((name) => {
    const word = result_word(name);
    return `${name}: ${a.result[word]!.toString(16)}, translated ${b.result[word]!.toString(16)}`;
  });
  if (a.instructions !== b.instructions) {
    out.push(`instructions: ${a.instructions}, translated ${b.instructions}`);
  }
  const at = a.memory.findIndex((word, i) => word !== b.memory[i]);
  if (at >= 0) out.push(`memory at ${(DATA + 4 * at).toString(16)}`);
  return out;
}

Deno.test(`${PROGRAMS} random programs run alike when they are translated`, () => {
  const options = { sample_every: 1, hot: 1, batch: 1 };
  const subject = new Subject((cpu) => new TranslatorEngine(cpu, options));
  const parts: SubjectParts = {
    cpu: subject.cpu,
    engines: subject.engines,
    write_halves: (address, halves) => subject.write_halves(address, halves),
  };
  const drawer = new ProgramDrawer(runnable_rows());
  let compared = 0;
  for (let index = 0; index < PROGRAMS; index++) {
    const program = drawer.draw(SEED, index);
    const c = start_of(program);
    subject.map_window((index & 3) !== 3);
    prepare(parts, program);
    const before = parts.cpu.u8.slice(...code_range(subject));
    const reference = execute(subject, c, "reference");
    // A loop whose counter got lost ends by its budget, which engines count in their own way.
    if (reference.result[RESULT.signal]! >= 100) continue;
    // What has stored into its own code would start from other code in its second turn.
    const changed = parts.cpu.u8.slice(...code_range(subject)).some((byte, i) =>
      byte !== before[i]
    );
    for (let turn = 0; turn < (changed ? 1 : TURNS); turn++) {
      if (turn === 0) prepare(parts, program);
      else parts.cpu.u32.set(PATTERN, parts.cpu.code_address(DATA) >>> 2);
      const wrong = disagreement(reference, execute(subject, c, "interpreter"));
      assert.deepEqual(wrong, [], `program ${index} of seed ${SEED}, turn ${turn}`);
      compared++;
    }
  }
  assert.ok(compared > PROGRAMS * 2, `only ${compared} comparisons`);
  const { regions } = (subject.engines.interpreter as TranslatorEngine).statistics;
  assert.ok(regions! > PROGRAMS / 20, `only ${regions} regions`);
});

function code_range(subject: Subject): [number, number] {
  const from = subject.cpu.code_address(CODE);
  return [from, from + CODE_BYTES];
}
