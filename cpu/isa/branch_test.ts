import assert from "node:assert/strict";
import { CODE, DATA, play, type SceneCase, test_scenes, text_of } from "../testing/scene.ts";

const CASES: SceneCase[] = [
  ["a32", 0xea00_003e, "b 0x40001100", {}, { pc: CODE + 0x100 }],
  ["a32", 0x1aff_ffbe, "bne 0x40000f00", {}, { pc: CODE - 0x100 }],
  ["a32", 0x1aff_ffbe, "bne 0x40000f00", { cpsr: 0x4000_01d3 }, {}],
  ["a32", 0x0b00_0006, "bleq 0x40001020", { cpsr: 0x4000_01d3 }, {
    regs: { 14: CODE + 4 },
    pc: CODE + 0x20,
  }],
  ["a32", 0x0b00_0006, "bleq 0x40001020", {}, {}],
  ["a32", 0xfb00_0006, "blx 0x40001022", {}, {
    regs: { 14: CODE + 4 },
    pc: CODE + 0x22,
    cpsr: 0x1f3,
  }],
  ["a32", 0xe12f_ff11, "bx r1", { regs: { 1: DATA } }, { pc: DATA, cpsr: 0x1d3 }],
  ["a32", 0xe12f_ff11, "bx r1", { regs: { 1: DATA + 3 } }, { pc: DATA + 2, cpsr: 0x1f3 }],
  ["a32", 0xe12f_ff21, "bxj r1", { regs: { 1: DATA + 3 } }, { pc: DATA + 2, cpsr: 0x1f3 }],
  ["a32", 0xe12f_ff31, "blx r1", { regs: { 1: DATA + 1 } }, {
    regs: { 14: CODE + 4 },
    pc: DATA,
    cpsr: 0x1f3,
  }],
  ["a32", 0xe12f_ff3e, "blx lr", { regs: { 14: DATA } }, { regs: { 14: CODE + 4 }, pc: DATA }],
  ["t16", 0xe07e, "b 0x40001100", {}, { pc: CODE + 0x100 }],
  ["t16", 0xd0ee, "beq 0x40000fe0", { cpsr: 0x4000_01d3 }, { pc: CODE - 0x20 }],
  ["t16", 0xd0ee, "beq 0x40000fe0", {}, {}],
  ["t32", 0xf000_87fe, "beq.w 0x40002000", { cpsr: 0x4000_01d3 }, { pc: CODE + 0x1000 }],
  ["t32", 0xf07f_bffe, "b.w 0x40081000", {}, { pc: CODE + 0x8_0000 }],
  ["t32", 0xf000_fffe, "bl 0x40002000", {}, { regs: { 14: CODE + 5 }, pc: CODE + 0x1000 }],
  ["t32", 0xf000_effe, "blx 0x40002000", {}, {
    regs: { 14: CODE + 5 },
    pc: CODE + 0x1000,
    cpsr: 0x1d3,
  }],
  ["t16", 0x4708, "bx r1", { regs: { 1: DATA } }, { pc: DATA, cpsr: 0x1d3 }],
  // How Thumb code enters A32 code that follows it.
  ["t16", 0x4778, "bx pc", {}, { pc: CODE + 4, cpsr: 0x1d3 }],
  ["t16", 0x4788, "blx r1", { regs: { 1: DATA } }, {
    regs: { 14: CODE + 3 },
    pc: DATA,
    cpsr: 0x1d3,
  }],
  ["t16", 0xb171, "cbz r1, 0x40001020", { regs: { 1: 0 } }, { pc: CODE + 0x20 }],
  ["t16", 0xb171, "cbz r1, 0x40001020", { regs: { 1: 4 } }, {}],
  ["t16", 0xb971, "cbnz r1, 0x40001020", { regs: { 1: 4 } }, { pc: CODE + 0x20 }],
  ["t16", 0xb971, "cbnz r1, 0x40001020", { regs: { 1: 0 } }, {}],
  ["t32", 0xe8d0_f001, "tbb [r0, r1]", { regs: { 0: DATA, 1: 1 }, memory: { [DATA]: 0xff00 } }, {
    pc: CODE + 4 + 2 * 0xff,
  }],
  ["t32", 0xe8d0_f011, "tbh [r0, r1, lsl #1]", {
    regs: { 0: DATA, 1: 1 },
    memory: { [DATA]: 0x1001_0000 },
  }, { pc: CODE + 4 + 2 * 0x1001 }],
  ["t32", 0xe8df_f001, "tbb [pc, r1]", {
    regs: { 1: 2 },
    memory: { [CODE + 4]: 0x0010_0000 },
  }, { pc: CODE + 4 + 0x20 }],
];

test_scenes(CASES);

Deno.test("BLX from Thumb counts from an aligned address", () => {
  assert.equal(play({ code: [0xf000_effe], thumb: true, at: CODE + 2 }).pc, CODE + 0x1000);
});

/** Whether `code` branches to CODE + 0x100, for each of the sixteen flag combinations. */
function taken(code: number, thumb: boolean): boolean[] {
  return Array.from({ length: 16 }, (_, flags) => {
    const out = play({ code: [code], thumb, cpsr: ((flags << 28) | 0x1d3) >>> 0 });
    assert.ok(out.pc === CODE + 0x100 || out.pc === CODE + (code > 0xffff ? 4 : 2));
    return out.pc === CODE + 0x100;
  });
}

Deno.test("Conditional branches look at the flags as the manual's table of conditions says", () => {
  const MEANING: ((n: boolean, z: boolean, c: boolean, v: boolean) => boolean)[] = [
    (_, z) => z,
    (_, z) => !z,
    (_n, _z, c) => c,
    (_n, _z, c) => !c,
    (n) => n,
    (n) => !n,
    (_n, _z, _c, v) => v,
    (_n, _z, _c, v) => !v,
    (_n, z, c) => c && !z,
    (_n, z, c) => !c || z,
    (n, _z, _c, v) => n === v,
    (n, _z, _c, v) => n !== v,
    (n, z, _c, v) => !z && n === v,
    (n, z, _c, v) => z || n !== v,
  ];
  MEANING.forEach((meaning, cc) => {
    const expected = Array.from(
      { length: 16 },
      (_, f) => meaning((f & 8) !== 0, (f & 4) !== 0, (f & 2) !== 0, (f & 1) !== 0),
    );
    assert.deepEqual(taken(((cc << 28) | 0x0a00_003e) >>> 0, false), expected, `A32 ${cc}`);
    assert.deepEqual(taken(0xd07e | (cc << 8), true), expected, `T16 ${cc}`);
    assert.deepEqual(taken((0xf000_807e | (cc << 22)) >>> 0, true), expected, `T32 ${cc}`);
  });
});

Deno.test("IT predicates what follows it, and the block ends with a branch", () => {
  assert.equal(text_of("t16", 0xbf06), "itte eq");
  // itte eq; addeq r0, #1; addeq r1, #1; bne .+0x100
  const code = [0xbf06, 0x3001, 0x3101, 0xe07e];
  const equal = play({ code, thumb: true, regs: { 0: 0, 1: 0 }, cpsr: 0x4000_01d3 });
  assert.deepEqual([equal.r[0], equal.r[1], equal.pc], [1, 1, CODE + 8]);
  const different = play({ code, thumb: true, regs: { 0: 0, 1: 0 } });
  assert.deepEqual([different.r[0], different.r[1], different.pc], [0, 0, CODE + 6 + 0x100]);
  for (const out of [equal, different]) assert.equal(out.cpsr & 0x0600_fc00, 0);
  const within = play({ code, thumb: true, steps: 2 });
  // ITSTATE 00001100: one "ne" left after "eq".
  assert.equal(within.cpsr & 0x0600_fc00, 0x0000_0c00);
});

Deno.test("A branch out of RAM is taken, and fetching there aborts", () => {
  const out = play({ code: [0xe12f_ff11], steps: 2, regs: { 1: 0x2000_0000 } });
  assert.equal(out.pending?.kind, "prefetch_abort");
  assert.equal(out.pc, 0x2000_0000);
});
