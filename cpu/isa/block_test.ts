import assert from "node:assert/strict";
import { CODE, DATA, play, type SceneCase, test_scenes } from "../testing/scene.ts";
import { RAM, type Rig } from "../system/testing.ts";

const words = (from: number, ...values: number[]): Record<number, number> =>
  Object.fromEntries(values.map((v, i) => [from + 4 * i, v]));
const base = (offset: number, more: Record<number, number> = {}): Record<number, number> => ({
  0: DATA + offset,
  ...more,
});
const stack = (offset: number, more: Record<number, number> = {}): Record<number, number> => ({
  13: DATA + offset,
  ...more,
});

const CASES: SceneCase[] = [
  ["a32", 0xe890_4006, "ldm r0, {r1, r2, lr}", { regs: base(0), memory: words(DATA, 5, 6, 7) }, {
    regs: { 1: 5, 2: 6, 14: 7 },
  }],
  ["a32", 0xe9b0_0006, "ldmib r0!, {r1, r2}", { regs: base(-4), memory: words(DATA, 5, 6) }, {
    regs: { 0: DATA + 4, 1: 5, 2: 6 },
  }],
  ["a32", 0xe810_0003, "ldmda r0, {r0, r1}", { regs: base(4), memory: words(DATA, 5, 6) }, {
    regs: { 0: 5, 1: 6 },
  }],
  [
    "a32",
    0xe930_8002,
    "ldmdb r0!, {r1, pc}",
    { regs: base(8), memory: words(DATA, 5, 0x4000_2003) },
    { regs: { 0: DATA, 1: 5 }, pc: 0x4000_2002, cpsr: 0x1f3 },
  ],
  ["a32", 0xe8a0_0003, "stm r0!, {r0, r1}", { regs: base(0, { 1: 9 }) }, {
    regs: { 0: DATA + 8 },
    memory: words(DATA, DATA, 9),
  }],
  ["a32", 0xe980_8002, "stmib r0, {r1, pc}", { regs: base(-4, { 1: 9 }) }, {
    memory: words(DATA, 9, CODE + 8),
  }],
  ["a32", 0xe820_000e, "stmda r0!, {r1, r2, r3}", { regs: base(8, { 1: 7, 2: 8, 3: 9 }) }, {
    regs: { 0: DATA - 4 },
    memory: words(DATA, 7, 8, 9),
  }],
  ["a32", 0xe92d_4006, "push {r1, r2, lr}", { regs: stack(12, { 1: 7, 2: 8, 14: 9 }) }, {
    regs: { 13: DATA },
    memory: words(DATA, 7, 8, 9),
  }],
  ["a32", 0xe8bd_8002, "pop {r1, pc}", {
    regs: stack(0),
    memory: words(DATA, 5, 0x4000_2000),
  }, { regs: { 1: 5, 13: DATA + 8 }, pc: 0x4000_2000, cpsr: 0x1d3 }],
  ["a32", 0xe890_8000, "ldm r0, {pc}", { regs: base(0), memory: words(DATA, 0x4000_2001) }, {
    pc: 0x4000_2000,
    cpsr: 0x1f3,
  }],
  ["a32", 0xe920_8000, "stmdb r0!, {pc}", { regs: base(4) }, {
    regs: { 0: DATA },
    memory: words(DATA, CODE + 8),
  }],
  ["a32", 0xe890_4006, "ldm r0, {r1, r2, lr}", { regs: base(2) }, {
    raises: { kind: "data_abort", address: DATA + 2, status: 1 },
  }],
  ["t16", 0xb502, "push {r1, lr}", { regs: stack(8, { 1: 7, 14: 9 }) }, {
    regs: { 13: DATA },
    memory: words(DATA, 7, 9),
  }],
  ["t16", 0xbd02, "pop {r1, pc}", { regs: stack(0), memory: words(DATA, 5, 0x4000_2001) }, {
    regs: { 1: 5, 13: DATA + 8 },
    pc: 0x4000_2000,
    cpsr: 0x1f3,
  }],
  ["t16", 0xc003, "stm r0!, {r0, r1}", { regs: base(0, { 1: 9 }) }, {
    regs: { 0: DATA + 8 },
    memory: words(DATA, DATA, 9),
  }],
  ["t16", 0xc803, "ldm r0, {r0, r1}", { regs: base(0), memory: words(DATA, 5, 6) }, {
    regs: { 0: 5, 1: 6 },
  }],
  ["t16", 0xc806, "ldm r0!, {r1, r2}", { regs: base(0), memory: words(DATA, 5, 6) }, {
    regs: { 0: DATA + 8, 1: 5, 2: 6 },
  }],
  ["t32", 0xe930_0006, "ldmdb.w r0!, {r1, r2}", { regs: base(8), memory: words(DATA, 5, 6) }, {
    regs: { 0: DATA, 1: 5, 2: 6 },
  }],
  ["t32", 0xe900_0006, "stmdb.w r0, {r1, r2}", { regs: base(8, { 1: 5, 2: 6 }) }, {
    memory: words(DATA, 5, 6),
  }],
  // In SVC mode SP and LR of User mode are others.
  ["a32", 0xe8d0_6002, "ldm r0, {r1, sp, lr}^", { regs: base(0), memory: words(DATA, 5, 6, 7) }, {
    regs: { 1: 5 },
  }],
  ["a32", 0xe8d0_6002, "ldm r0, {r1, sp, lr}^", { regs: base(0), cpsr: 0x10 }, {
    raises: { kind: "undefined" },
  }],
  [
    "a32",
    0xe8f0_8002,
    "ldm r0!, {r1, pc}^",
    {
      regs: base(0),
      memory: words(DATA, 5, 0x4000_2002),
      setup: ({ system }) => system.modes.msr_spsr(0x6000_0033, -1),
    },
    { regs: { 0: DATA + 8, 1: 5 }, pc: 0x4000_2002, cpsr: 0x6000_0033 },
  ],
  [
    "a32",
    0xe8d0_8000,
    "ldm r0, {pc}^",
    {
      regs: base(0),
      memory: words(DATA, 0x4000_2002),
      setup: ({ system }) => system.modes.msr_spsr(0x13, -1),
    },
    { pc: 0x4000_2000, cpsr: 0x13 },
  ],
];

test_scenes(CASES);

Deno.test("LDM with ^ writes and STM with ^ reads User mode's SP and LR", () => {
  const out = play({
    // ldm r0, {r1, sp, lr}^; add r0, r0, #16; stm r0, {r1, sp, lr}^; cps #31
    code: [0xe8d0_6002, 0xe280_0010, 0xe8c0_6002, 0xf102_001f],
    regs: { 0: DATA },
    memory: words(DATA, 5, 6, 7),
  });
  assert.deepEqual([16, 20, 24].map((o) => out.memory.get(DATA + o)), [5, 6, 7]);
  assert.deepEqual(out.r.slice(13), [6, 7]);
});

/** One section of RAM that is mapped, and nothing after it. */
function one_section(rig: Rig): void {
  rig.poke(RAM.base + 0x4000 + (RAM.base >>> 20) * 4, RAM.base | 0xc02);
  rig.mmu({ ttbr0: RAM.base + 0x4000 });
}

Deno.test("A block transfer that faults on the way leaves its base alone and names the address", () => {
  const end = RAM.base + RAM.size;
  for (
    const [code, write] of [
      [0xe8b0_0006, false], // ldm r0!, {r1, r2}
      [0xe890_0003, false], // ldm r0, {r0, r1}
      [0xe8a0_0006, true], // stm r0!, {r1, r2}
      [0xe1c0_20d0, false], // ldrd r2, r3, [r0]
      [0xe0c0_20f8, true], // strd r2, r3, [r0], #8
    ] as const
  ) {
    const out = play({ code: [code], regs: { 0: end - 4 }, setup: one_section });
    assert.deepEqual(out.pending, {
      kind: "data_abort",
      address: end,
      status: write ? 0x805 : 5,
    });
    assert.equal(out.r[0], end - 4);
    assert.equal(out.pc, CODE);
  }
});
