/**
 * Random programs on the interpreter, against the reference engine: predecoded pages, branches, IT
 * blocks, faults in the middle, code that changes.
 *
 * @module
 */
import assert from "node:assert/strict";
import { runnable_rows } from "./draw.ts";
import { CASE, CODE, RESULT } from "./layout.ts";
import {
  disagreement,
  type Outcome,
  prepare,
  program_count,
  run_prepared,
  SEED,
  start_of,
} from "./program_runs.ts";
import { type Program, ProgramDrawer } from "./programs.ts";
import { type EngineName, Subject } from "./subject.ts";
import { new_case } from "./text.ts";

const PROGRAMS = program_count(4000);

function execute(subject: Subject, program: Program, c: Uint32Array, engine: EngineName): Outcome {
  prepare(subject, program);
  return run_prepared(subject, c, engine);
}

Deno.test(`${PROGRAMS} random programs run alike on both engines`, () => {
  const subject = new Subject();
  const drawer = new ProgramDrawer(runnable_rows());
  let ended = 0, instructions = 0n;
  for (let index = 0; index < PROGRAMS; index++) {
    const program = drawer.draw(SEED, index);
    const c = start_of(program);
    subject.map_window((index & 3) !== 3);
    const reference = execute(subject, program, c, "reference");
    // As timer interrupts do, leave and come back anywhere.
    subject.slice = (index & 1) === 0 ? Infinity : 1 + (index % 37);
    const interpreter = execute(subject, program, c, "interpreter");
    subject.slice = Infinity;
    const signal = reference.result[RESULT.signal]!;
    // A loop whose counter got lost ends by its budget, which engines count in their own way.
    if (signal >= 100) continue;
    ended++;
    instructions += reference.instructions;
    const wrong = disagreement(reference, interpreter);
    if (wrong.length > 0) {
      subject.map_window(false);
      execute(subject, program, c, "reference");
      if (subject.rewrote_it_block) continue;
    }
    assert.deepEqual(wrong, [], `program ${index} of seed ${SEED}`);
  }
  assert.ok(ended > PROGRAMS * 0.9, `only ${ended} programs came to an end`);
  assert.ok(instructions > BigInt(PROGRAMS * 20), `only ${instructions} instructions`);
});

Deno.test("code that replaces an IT block in which execution stopped is not conditional", () => {
  const subject = new Subject();
  const c = new_case(true, []);
  // itt eq; ldreq r0, [r0]; moveq r1, #1. The load faults.
  subject.write_halves(CODE, [0xbf04, 0x6800, 0x2101, 0xde00]);
  c[CASE.cpsr] = 0x4000_0010;
  assert.equal(subject.run(c, "interpreter")[RESULT.pc], CODE + 2);
  // movs r2, #1; movs r0, #1; movs r1, #2, with Z clear.
  subject.write_halves(CODE, [0x2201, 0x2001, 0x2102, 0xde00]);
  c[CASE.cpsr] = 0x10;
  const result = subject.run(c, "interpreter");
  assert.deepEqual([...result.subarray(RESULT.r, RESULT.r + 3)], [1, 2, 1]);
});

Deno.test("a store that drops the records of its own page still writes its base back", () => {
  const subject = new Subject();
  const c = new_case(true, []);
  // it eq; moveq r1, #1; str r2, [r0], #4 over both.
  subject.write_halves(CODE, [0xbf08, 0x2101, 0xf840, 0x2b04, 0xde00]);
  c[CASE.r] = CODE;
  c[CASE.r + 2] = 0x2101_bf08;
  for (const mapped of [false, true]) {
    subject.map_window(mapped);
    assert.equal(subject.run(c, "interpreter")[RESULT.r], CODE + 4);
  }
});

Deno.test("an IT block that writes to its own page goes on as it began", () => {
  const subject = new Subject();
  const c = new_case(true, []);
  // itte eq; str.w r2, [r0]; mov.w r1, #1; movne r3, #1.
  subject.write_halves(CODE, [0xbf06, 0xf8c0, 0x2000, 0xf04f, 0x0101, 0x2301, 0xde00]);
  c[CASE.cpsr] = 0x4000_0010;
  c[CASE.r] = CODE;
  c[CASE.r + 2] = 0xf8c0_bf06;
  for (const mapped of [false, true]) {
    subject.map_window(mapped);
    const result = subject.run(c, "interpreter");
    assert.deepEqual([...result.subarray(RESULT.r + 1, RESULT.r + 4)], [1, 0xf8c0_bf06, 0]);
  }
});

Deno.test("an IT block goes on in the next page after another one faulted on the way there", () => {
  const subject = new Subject();
  const c = new_case(true, []);
  // itt eq; moveq r2, #1; and ldr.w r1, [r0], which lies in two pages and faults.
  subject.write_halves(CODE + 0xff8, [0xbf00, 0xbf04, 0x2201, 0xf8d0, 0x1000, 0xde00]);
  c[CASE.code_address] = CODE + 0xff8;
  c[CASE.cpsr] = 0x4000_0010;
  assert.equal(subject.run(c, "interpreter")[RESULT.pc], CODE + 0xffe);
  // The same with three in the block: the fault leaves one behind.
  subject.write_halves(CODE + 0xff8, [0xbf00, 0xbf02, 0x2201, 0xf8d0, 0x1000, 0x2301, 0xde00]);
  assert.equal(subject.run(c, "interpreter")[RESULT.pc], CODE + 0xffe);
  // itt eq; mov.w r1, #2 before the page's end, moveq r2, #3 behind it; movs r3, #4.
  subject.write_halves(CODE + 0xffa, [0xbf04, 0xf04f, 0x0102, 0x2203, 0x2304, 0xde00]);
  c[CASE.code_address] = CODE + 0xffa;
  const result = subject.run(c, "interpreter");
  assert.equal(result[RESULT.pc], CODE + 0x1004);
  assert.deepEqual([...result.subarray(RESULT.r + 1, RESULT.r + 4)], [2, 3, 4]);
});

Deno.test("an IT block across a page's end is one also after another one in the page was met", () => {
  const subject = new Subject();
  const c = new_case(true, []);
  // At the page's end: ite eq; moveq r1, #1; behind it: movne r2, #2; bx lr, to where it goes on.
  subject.write_halves(CODE + 0xffc, [0xbf0c, 0x2101, 0x2202, 0x4770]);
  // bl there; it eq; moveq r3, #3; movs r2, #0; bl there again; udf.
  subject.write_halves(CODE + 0xf00, [0xf000, 0xf87c, 0xbf08, 0x2303, 0x2200, 0xf000]);
  subject.write_halves(CODE + 0xf0c, [0xf877, 0xde00]);
  c[CASE.code_address] = CODE + 0xf00;
  c[CASE.cpsr] = 0x4000_0010;
  for (const engine of ["reference", "interpreter"] as const) {
    const result = subject.run(c, engine);
    assert.equal(result[RESULT.pc], CODE + 0xf0e, engine);
    assert.deepEqual([...result.subarray(RESULT.r + 1, RESULT.r + 4)], [1, 0, 3], engine);
  }
});
