/**
 * Random programs on the translator with its thresholds at their lowest, several times each so that
 * what the first turn executed is translated in the next: state equal to the reference engine's.
 *
 * @module
 */
import assert from "node:assert/strict";
import { TranslatorEngine } from "../../cpu/translate/translator.ts";
import { runnable_rows } from "./draw.ts";
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
const TURNS = 3;

Deno.test(`${PROGRAMS} random programs run alike when they are translated`, () => {
  const options = { sample_every: 1, hot: 1, batch: 1 };
  const subject = new Subject((cpu) => new TranslatorEngine(cpu, options));
  const drawer = new ProgramDrawer(runnable_rows());
  let compared = 0;
  for (let index = 0; index < PROGRAMS; index++) {
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
  assert.ok(compared > PROGRAMS * 2, `only ${compared} comparisons`);
  const { regions } = (subject.engines.interpreter as TranslatorEngine).statistics;
  assert.ok(regions! > PROGRAMS / 20, `only ${regions} regions`);
});

function code_bytes({ cpu }: Subject): Uint8Array {
  const from = cpu.code_address(CODE);
  return cpu.u8.slice(from, from + CODE_BYTES);
}
