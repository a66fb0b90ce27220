import { DATA, type SceneCase, test_scenes } from "../testing/scene.ts";

const W0 = 0x8899_aabb, W1 = 0x4455_6677;
/** Two words at DATA. */
const memory = { [DATA]: W0, [DATA + 4]: W1 };
const at = (offset: number, more: Record<number, number> = {}): Record<number, number> => ({
  1: DATA + offset,
  ...more,
});

const A32: SceneCase[] = [
  ["a32", 0xe591_0004, "ldr r0, [r1, #4]", { regs: at(0), memory }, { regs: { 0: W1 } }],
  ["a32", 0xe591_0004, "ldr r0, [r1, #4]", { regs: at(-2), memory }, { regs: { 0: 0x6677_8899 } }],
  ["a32", 0xe531_0004, "ldr r0, [r1, #-4]!", { regs: at(4), memory }, {
    regs: { 0: W0, 1: DATA },
  }],
  ["a32", 0xe491_0008, "ldr r0, [r1], #8", { regs: at(0), memory }, {
    regs: { 0: W0, 1: DATA + 8 },
  }],
  ["a32", 0xe7d1_0102, "ldrb r0, [r1, r2, lsl #2]", { regs: at(-3, { 2: 1 }), memory }, {
    regs: { 0: 0xaa },
  }],
  // LSR #32 is zero whatever r2 is, ASR #32 its sign.
  ["a32", 0xe711_0022, "ldr r0, [r1, -r2, lsr #32]", { regs: at(0, { 2: -1 }), memory }, {
    regs: { 0: W0 },
  }],
  ["a32", 0xe791_0042, "ldr r0, [r1, r2, asr #32]", { regs: at(5, { 2: 0x8000_0000 }), memory }, {
    regs: { 0: W1 },
  }],
  ["a32", 0xe791_0262, "ldr r0, [r1, r2, ror #4]", { regs: at(0, { 2: 0x40 }), memory }, {
    regs: { 0: W1 },
  }],
  [
    "a32",
    0xe791_0062,
    "ldr r0, [r1, r2, rrx]",
    { regs: { 1: (DATA + 0x8000_0000) >>> 0, 2: 8 }, memory, cpsr: 0x2000_01d3 },
    { regs: { 0: W1 } },
  ],
  ["a32", 0xe59f_0008, "ldr r0, [pc, #8] ; 0x40001010", { memory: { 0x4000_1010: 77 } }, {
    regs: { 0: 77 },
  }],
  ["a32", 0xe591_f004, "ldr pc, [r1, #4]", { regs: at(0), memory: { [DATA + 4]: 0x4000_2001 } }, {
    pc: 0x4000_2000,
    cpsr: 0x1f3,
  }],
  ["a32", 0xe491_f004, "ldr pc, [r1], #4", { regs: at(0), memory: { [DATA]: 0x4000_2000 } }, {
    regs: { 1: DATA + 4 },
    pc: 0x4000_2000,
    cpsr: 0x1d3,
  }],
  ["a32", 0xe581_f000, "str pc, [r1]", { regs: at(0) }, { memory: { [DATA]: 0x4000_1008 } }],
  ["a32", 0xe58f_0008, "str r0, [pc, #8] ; 0x40001010", {
    regs: { 0: 5 },
    memory: { 0x4000_1010: 1 },
  }, { memory: { 0x4000_1010: 5 } }],
  ["a32", 0xe1d1_00b2, "ldrh r0, [r1, #2]", { regs: at(0), memory }, { regs: { 0: 0x8899 } }],
  ["a32", 0xe131_00f2, "ldrsh r0, [r1, -r2]!", { regs: at(8, { 2: 6 }), memory }, {
    regs: { 0: 0xffff_8899, 1: DATA + 2 },
  }],
  ["a32", 0xe051_00d1, "ldrsb r0, [r1], #-1", { regs: at(1), memory }, {
    regs: { 0: 0xffff_ffaa, 1: DATA },
  }],
  ["a32", 0xe1c1_20d0, "ldrd r2, r3, [r1]", { regs: at(0), memory }, { regs: { 2: W0, 3: W1 } }],
  ["a32", 0xe1c1_20d4, "ldrd r2, r3, [r1, #4]", {
    regs: at(-8),
    memory: { [DATA - 4]: 3, [DATA]: W0 },
  }, { regs: { 2: 3, 3: W0 } }],
  ["a32", 0xe1c1_20d0, "ldrd r2, r3, [r1]", { regs: at(0), memory, cpsr: 0x3d3 }, {
    regs: { 2: 0xbbaa_9988, 3: 0x7766_5544 },
  }],
  ["a32", 0xe1cf_20d8, "ldrd r2, r3, [pc, #8] ; 0x40001010", {
    memory: { 0x4000_1010: 7, 0x4000_1014: 8 },
  }, { regs: { 2: 7, 3: 8 } }],
  ["a32", 0xe161_20f8, "strd r2, r3, [r1, #-8]!", { regs: at(8, { 2: W0, 3: W1 }) }, {
    regs: { 1: DATA },
    memory,
  }],
  ["a32", 0xe161_20f8, "strd r2, r3, [r1, #-8]!", {
    regs: at(8, { 2: W0, 3: W1 }),
    cpsr: 0x3d3,
  }, { regs: { 1: DATA }, memory: { [DATA]: 0xbbaa_9988, [DATA + 4]: 0x7766_5544 } }],
  ["a32", 0xe081_20f4, "strd r2, r3, [r1], r4", { regs: at(-4, { 2: W0, 3: W1, 4: 100 }) }, {
    regs: { 1: DATA + 96 },
    memory: { [DATA - 4]: W0, [DATA]: W1 },
  }],
  // Halfword aligned: LDRD and STRD need words.
  ["a32", 0xe1c1_20f2, "strd r2, r3, [r1, #2]", { regs: at(0), memory }, {
    memory,
    raises: { kind: "data_abort", address: DATA + 2, status: 0x801 },
  }],
  ["a32", 0xe4b1_0004, "ldrt r0, [r1], #4", { regs: at(0), memory }, {
    regs: { 0: W0, 1: DATA + 4 },
  }],
  ["a32", 0xe6e1_0002, "strbt r0, [r1], r2", { regs: at(3, { 0: 0x123, 2: 4 }), memory }, {
    regs: { 1: DATA + 7 },
    memory: { [DATA]: 0x2399_aabb },
  }],
  ["a32", 0xe0f1_00b2, "ldrht r0, [r1], #2", { regs: at(0), memory }, {
    regs: { 0: 0xaabb, 1: DATA + 2 },
  }],
  ["a32", 0xf5d1_f004, "pld [r1, #4]", { regs: { 1: 0 } }, {}],
  ["a32", 0xf791_f102, "pldw [r1, r2, lsl #2]", { regs: { 1: 0 } }, {}],
  ["a32", 0xf45f_f008, "pli [pc, #-8]", {}, {}],
];

const THUMB: SceneCase[] = [
  ["t16", 0x6848, "ldr r0, [r1, #4]", { regs: at(0), memory }, { regs: { 0: W1 } }],
  ["t16", 0x5e88, "ldrsh r0, [r1, r2]", { regs: at(0, { 2: 2 }), memory }, {
    regs: { 0: 0xffff_8899 },
  }],
  ["t16", 0x9002, "str r0, [sp, #8]", { regs: { 0: W0, 13: DATA - 8 } }, {
    memory: { [DATA]: W0 },
  }],
  ["t16", 0x4802, "ldr r0, [pc, #8] ; 0x4000100c", { memory: { 0x4000_100c: 9 } }, {
    regs: { 0: 9 },
  }],
  // PC is aligned before the offset is added.
  [
    "t16",
    0x4802,
    "ldr r0, [pc, #8] ; 0x4000100c",
    { at: 0x4000_1002, memory: { 0x4000_100c: 9 } },
    { regs: { 0: 9 } },
  ],
  ["t32", 0xf85f_0008, "ldr r0, [pc, #-8] ; 0x40000ffc", { memory: { 0x4000_0ffc: 9 } }, {
    regs: { 0: 9 },
  }],
  ["t32", 0xf851_0c04, "ldr r0, [r1, #-4]", { regs: at(4), memory }, { regs: { 0: W0 } }],
  ["t32", 0xf851_fb04, "ldr pc, [r1], #4", { regs: at(0), memory: { [DATA]: 0x4000_2000 } }, {
    regs: { 1: DATA + 4 },
    pc: 0x4000_2000,
    cpsr: 0x1d3,
  }],
  ["t32", 0xf851_0032, "ldr r0, [r1, r2, lsl #3]", { regs: at(-4, { 2: 1 }), memory }, {
    regs: { 0: W1 },
  }],
  ["t32", 0xf821_0d02, "strh r0, [r1, #-2]!", { regs: at(4, { 0: 0x12345 }), memory }, {
    regs: { 1: DATA + 2 },
    memory: { [DATA]: 0x2345_aabb },
  }],
  ["t32", 0xf911_0e05, "ldrsbt r0, [r1, #5]", { regs: at(-2), memory }, {
    regs: { 0: 0xffff_ff88 },
  }],
  ["t32", 0xe8f1_2502, "ldrd r2, r5, [r1], #8", { regs: at(0), memory }, {
    regs: { 1: DATA + 8, 2: W0, 5: W1 },
  }],
  ["t32", 0xe941_2502, "strd r2, r5, [r1, #-8]", { regs: at(8, { 2: W0, 5: W1 }) }, { memory }],
  ["t32", 0xe9df_2502, "ldrd r2, r5, [pc, #8] ; 0x4000100c", {
    memory: { 0x4000_100c: 1, 0x4000_1010: 2 },
  }, { regs: { 2: 1, 5: 2 } }],
  ["t32", 0xf811_fc04, "pld [r1, #-4]", { regs: { 1: 0 } }, {}],
  ["t32", 0xf8b1_f004, "pldw [r1, #4]", { regs: { 1: 0 } }, {}],
  ["t32", 0xf911_f002, "pli [r1, r2]", { regs: { 1: 0 } }, {}],
  ["t32", 0xf891_00c8, "ldrb r0, [r1, #200]", { regs: at(-200), memory }, { regs: { 0: 0xbb } }],
];

test_scenes([...A32, ...THUMB]);
