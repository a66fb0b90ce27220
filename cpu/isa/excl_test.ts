import assert from "node:assert/strict";
import { DATA, play, type SceneCase, test_scenes, text_of } from "../testing/scene.ts";

const at = (more: Record<number, number> = {}): Record<number, number> => ({ 0: DATA, ...more });

const CASES: SceneCase[] = [
  ["a32", 0xe190_1f9f, "ldrex r1, [r0]", { regs: at(), memory: { [DATA]: 0x8000_0001 } }, {
    regs: { 1: 0x8000_0001 },
  }],
  ["a32", 0xe1d0_1f9f, "ldrexb r1, [r0]", { regs: at(), memory: { [DATA]: 0x1234_5688 } }, {
    regs: { 1: 0x88 },
  }],
  // Nothing was loaded before: the monitor is closed.
  ["a32", 0xe180_2f91, "strex r2, r1, [r0]", { regs: at(), memory: { [DATA]: 3 } }, {
    regs: { 2: 1 },
    memory: { [DATA]: 3 },
  }],
  ["a32", 0xe190_1f9f, "ldrex r1, [r0]", { regs: { 0: DATA + 2 } }, {
    raises: { kind: "data_abort", address: DATA + 2, status: 1 },
  }],
  ["a32", 0xe1b0_2f9f, "ldrexd r2, r3, [r0]", { regs: { 0: DATA + 4 } }, {
    raises: { kind: "data_abort", address: DATA + 4, status: 1 },
  }],
  ["a32", 0xe100_1092, "swp r1, r2, [r0]", { regs: at({ 2: 7 }), memory: { [DATA]: 3 } }, {
    regs: { 1: 3 },
    memory: { [DATA]: 7 },
  }],
  ["a32", 0xe140_1092, "swpb r1, r2, [r0]", {
    regs: at({ 2: 0x107 }),
    memory: { [DATA]: 0x1122_3344 },
  }, { regs: { 1: 0x44 }, memory: { [DATA]: 0x1122_3307 } }],
  ["t32", 0xe850_1f01, "ldrex r1, [r0, #4]", { regs: at(), memory: { [DATA + 4]: 9 } }, {
    regs: { 1: 9 },
  }],
  [
    "t32",
    0xe8d0_157f,
    "ldrexd r1, r5, [r0]",
    { regs: at(), memory: { [DATA]: 1, [DATA + 4]: 2 } },
    {
      regs: { 1: 1, 5: 2 },
    },
  ],
];

test_scenes(CASES);

/** LDREX, what happens between, STREX, all with r0 as base; r2 gets the result. */
function between(between: readonly number[], regs: Record<number, number> = {}) {
  return play({
    code: [0xe190_1f9f, ...between, 0xe180_2f94],
    regs: at({ 4: 77, ...regs }),
    memory: { [DATA]: 3 },
  });
}

Deno.test("STREX stores once after LDREX and closes the monitor", () => {
  assert.equal(text_of("a32", 0xe180_2f94), "strex r2, r4, [r0]");
  const once = between([]);
  assert.deepEqual([once.r[2], once.memory.get(DATA)], [0, 77]);
  const again = between([0xe180_3f91]); // strex r3, r1, [r0]
  assert.deepEqual([again.r[3], again.r[2], again.memory.get(DATA)], [0, 1, 3]);
});

Deno.test("STREX fails after CLREX, a changed value, another address or another size", () => {
  const CASES: [string, number[]][] = [
    ["clrex", [0xf57f_f01f]],
    ["str r4, [r0]", [0xe580_4000]],
    ["add r0, r0, #4", [0xe280_0004]],
    ["ldrexb r3, [r0]", [0xe1d0_3f9f]],
  ];
  for (const [text, code] of CASES) {
    assert.equal(text_of("a32", code[0]!), text);
    assert.equal(between(code).r[2], 1, text);
  }
});

Deno.test("STREXB and STREXH store only their bytes", () => {
  // ldrexb r1, [r0]; strexb r2, r4, [r0]; ldrexh r1, [r5]; strexh r3, r4, [r5]
  const out = play({
    code: [0xe1d0_1f9f, 0xe1c0_2f94, 0xe1f5_1f9f, 0xe1e5_3f94],
    regs: at({ 4: 0xabcd_ef12, 5: DATA + 6 }),
    memory: { [DATA]: 0x8070_6050, [DATA + 4]: 0x9080_7060 },
  });
  assert.deepEqual([out.r[2], out.r[3], out.r[1]], [0, 0, 0x9080]);
  assert.equal(out.memory.get(DATA), 0x8070_6012);
  assert.equal(out.memory.get(DATA + 4), 0xef12_7060);
});

Deno.test("LDREXD and STREXD keep the register at the lower address first, in both byte orders", () => {
  for (const cpsr of [0x1d3, 0x3d3]) {
    // ldrexd r2, r3, [r0]; strexd r1, r4, r5, [r0]
    const out = play({
      code: [0xe1b0_2f9f, 0xe1a0_1f94],
      regs: at({ 4: 0x0102_0304, 5: 0x0506_0708 }),
      memory: { [DATA]: 0x1122_3344, [DATA + 4]: 0x5566_7788 },
      cpsr,
    });
    const big = cpsr === 0x3d3;
    assert.equal(out.r[1], 0);
    assert.deepEqual(
      [out.r[2], out.r[3]],
      big ? [0x4433_2211, 0x8877_6655] : [0x1122_3344, 0x5566_7788],
    );
    assert.deepEqual(
      [out.memory.get(DATA), out.memory.get(DATA + 4)],
      big ? [0x0403_0201, 0x0807_0605] : [0x0102_0304, 0x0506_0708],
    );
  }
});

Deno.test("STREX to a page that may not be written faults and leaves the monitor open", () => {
  const code = [0xe190_1f9f, 0xe180_2f94];
  const out = play({
    code,
    regs: at({ 4: 77 }),
    memory: { [DATA]: 3 },
    setup(rig) {
      // AP[2] set: read-only.
      rig.poke(0x4000_4000 + 0x400 * 4, 0x4000_8c02);
      rig.mmu({ ttbr0: 0x4000_4000 });
    },
  });
  assert.deepEqual(out.pending, { kind: "data_abort", address: DATA, status: 0x80d });
  assert.equal(out.r[2], 0x1111_0002);
  assert.equal(out.memory.get(DATA), 3);
});
