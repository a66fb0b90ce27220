/**
 * Random programs on the translator with its thresholds at their lowest, several times each so that
 * what the first turn executed is translated in the next: state equal to the reference engine's.
 *
 * @module
 */
import assert from "node:assert/strict";
import { NEON_ROWS } from "../../cpu/isa/neon_rows.ts";
import { VFP_ROWS } from "../../cpu/isa/vfp.ts";
import { VFP_MEM_ROWS } from "../../cpu/isa/vfp_mem.ts";
import { TranslatorEngine } from "../../cpu/translate/translator.ts";
import { type DrawnRow, runnable_rows } from "./draw.ts";
import { CODE, RESULT } from "./layout.ts";
import {
  CODE_BYTES,
  disagreement,
  fill_data,
  prepare,
  program_count,
  run_prepared,
  SEED,
  start_of,
} from "./program_runs.ts";
import { ProgramDrawer } from "./programs.ts";
import { Subject } from "./subject.ts";

const PROGRAMS = program_count(1200);
const VECTOR_PROGRAMS = program_count(600);
const TURNS = 3;

Deno.test(`${PROGRAMS} random programs run alike when they are translated`, () => {
  compare(runnable_rows(), PROGRAMS);
});

Deno.test(`${VECTOR_PROGRAMS} programs of VFP and Advanced SIMD run alike when they are translated`, () => {
  const vectors = new Set([...VFP_ROWS, ...VFP_MEM_ROWS, ...NEON_ROWS]);
  compare(runnable_rows().filter(({ row }) => vectors.has(row)), VECTOR_PROGRAMS);
});

/** Runs programs drawn from `rows` on both engines. */
function compare(rows: readonly DrawnRow[], programs: number): void {
  const options = { sample_every: 1, hot: 1, batch: 1 };
  const subject = new Subject((cpu) => new TranslatorEngine(cpu, options));
  const drawer = new ProgramDrawer(rows);
  let compared = 0;
  for (let index = 0; index < programs; index++) {
    const program = drawer.draw(SEED, index);
    const c = start_of(program);
    subject.map_window((index & 3) !== 3);
    prepare(subject, program);
    const before = code_bytes(subject);
    const reference = run_prepared(subject, c, "reference");
    // A loop whose counter got lost ends by its budget, which engines count in their own way.
    if (reference.result[RESULT.signal]! >= 100) continue;
    // What has stored into its own code would start from other code in its second turn.
    const changed = code_bytes(subject).some((byte, i) => byte !== before[i]);
    for (let turn = 0; turn < (changed ? 1 : TURNS); turn++) {
      if (turn === 0) prepare(subject, program);
      else fill_data(subject);
      const wrong = disagreement(reference, run_prepared(subject, c, "interpreter"));
      if (wrong.length > 0) {
        prepare(subject, program);
        subject.map_window(false);
        run_prepared(subject, c, "reference");
        if (subject.rewrote_it_block) break;
      }
      assert.deepEqual(wrong, [], `program ${index} of seed ${SEED}, turn ${turn}`);
      compared++;
    }
  }
  assert.ok(compared > programs * 2, `only ${compared} comparisons`);
  const { regions } = (subject.engines.interpreter as TranslatorEngine).statistics;
  assert.ok(regions! > programs / 20, `only ${regions} regions`);
}

function code_bytes({ cpu }: Subject): Uint8Array {
  const from = cpu.code_address(CODE);
  return cpu.u8.slice(from, from + CODE_BYTES);
}
