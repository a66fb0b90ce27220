import assert from "node:assert/strict";
import { EXIT, STATE } from "../state.ts";
import { flat_cpu, place_code } from "../testing/flat.ts";
import { code_tlb_entry } from "./code_tlb.ts";
import { InterpreterEngine } from "./interpreter.ts";
import { ReferenceEngine } from "./reference.ts";

// mov r0,#10; mov r1,#0; loop: add r1,r1,r0; subs r0,r0,#1; bne loop; cmp r1,#55; moveq r2,#1; movne r2,#2; udf
const LOOP = [
  0xe3a0000a,
  0xe3a01000,
  0xe0811000,
  0xe2500001,
  0x1afffffc,
  0xe3510037,
  0x03a02001,
  0x13a02002,
  0xe7f000f0,
];
// movs r0,#3; movs r1,#0; loop: adds r1,#5; subs r0,#1; bne loop; cmp r1,#15; ite eq; moveq r2,#1; movne r2,#2; add.w r3,r1,#256; udf
const THUMB_LOOP = [
  0x2003,
  0x2100,
  0x3105,
  0x3801,
  0xd1fc,
  0x290f,
  0xbf0c,
  0x2201,
  0x2202,
  0xf501,
  0x7380,
  0xde00,
];

for (const make of [ReferenceEngine, InterpreterEngine]) {
  Deno.test(`${make.name} runs an A32 loop to its end`, () => {
    const cpu = flat_cpu();
    place_code(cpu, LOOP);
    new make(cpu).run();
    assert.equal(cpu.get(STATE.exit), EXIT.exception);
    assert.equal(cpu.reg(1), 55);
    assert.equal(cpu.reg(2), 1);
    assert.equal(cpu.get(STATE.pc), 0x4000_1020);
    assert.equal(cpu.i64[STATE.insn_count.address >> 3], 35n);
  });

  Deno.test(`${make.name} runs a Thumb loop and an IT block`, () => {
    const cpu = flat_cpu();
    place_code(cpu, THUMB_LOOP, { thumb: true });
    new make(cpu).run();
    assert.equal(cpu.get(STATE.exit), EXIT.exception);
    assert.equal(cpu.reg(1), 15);
    assert.equal(cpu.reg(2), 1);
    assert.equal(cpu.reg(3), 15 + 256);
    assert.equal(cpu.get(STATE.pc), 0x4000_1000 + 22);
  });

  Deno.test(`${make.name} steps one instruction at a time, through IT blocks and branches`, () => {
    const cpu = flat_cpu();
    place_code(cpu, THUMB_LOOP, { thumb: true });
    const engine = new make(cpu);
    const trace: number[] = [];
    for (let i = 0; i < 40 && cpu.get(STATE.exit) === EXIT.none; i++) {
      trace.push((cpu.get(STATE.pc) - 0x4000_1000) / 2);
      engine.step();
    }
    assert.deepEqual(trace, [0, 1, 2, 3, 4, 2, 3, 4, 2, 3, 4, 5, 6, 7, 8, 9, 11]);
  });
}

Deno.test("A page's A32 and Thumb code have entries of their own in the code TLB", () => {
  const cpu = flat_cpu();
  // blx to the Thumb code behind it, which is bx lr; then udf
  place_code(cpu, [0xfa00_0000, 0xe7f0_00f0, 0x0000_4770]);
  const engine = new InterpreterEngine(cpu);
  engine.run();
  assert.equal(cpu.get(STATE.pc), 0x4000_1004);
  const tag = cpu.get(STATE.code_tag), page = 0x4000_1000;
  const has = (thumb: number): boolean =>
    cpu.i32[code_tlb_entry(page, tag, thumb) >> 2] === (page | tag | thumb);
  assert.deepEqual([has(0), has(1)], [true, true]);
  engine.flush_tlb_page(page + 0x123, tag);
  assert.deepEqual([has(0), has(1)], [false, false]);
});

Deno.test("An instruction that is stepped again is stepped as it is then, and as another engine left it", () => {
  const cpu = flat_cpu();
  const engines = [new InterpreterEngine(cpu), new InterpreterEngine(cpu)];
  for (const n of [1, 1, 2, 2, 1]) {
    for (const engine of [...engines, ...engines]) {
      engine.flush_tlb();
      // mov r0, #n
      place_code(cpu, [0xe3a0_0000 | n], { address: 0x4000_1000 });
      cpu.set_reg(0, 0);
      engine.step();
      assert.equal(cpu.reg(0), n);
      // The same place: movs r0, #n + 3
      place_code(cpu, [0x2003 + n], { address: 0x4000_1000, thumb: true });
      engine.step();
      assert.equal(cpu.reg(0), n + 3);
      assert.equal(cpu.get(STATE.pc), 0x4000_1002);
    }
  }
});
