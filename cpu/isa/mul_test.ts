import { type CommonCase, test_cases, test_common_cases } from "../testing/insn_case.ts";

const MIN = 0x8000_0000, MAX = 0x7fff_ffff, ONES = 0xffff_ffff, HALVES = 0x8000_8000;

/** In both instruction sets the same text. */
const WORD: readonly CommonCase[] = [
  [0xe020_3291, 0xfb01_3002, "mla r0, r1, r2, r3", { r1: ONES, r2: 3, r3: 4 }, { r0: 1 }],
  [0xe060_3291, 0xfb01_3012, "mls r0, r1, r2, r3", { r1: 3, r2: 4, r3: 2 }, { r0: 0xffff_fff6 }],
  [0xe081_0392, 0xfba2_0103, "umull r0, r1, r2, r3", { r2: ONES, r3: ONES }, {
    r0: 1,
    r1: 0xffff_fffe,
  }],
  [0xe0c1_0392, 0xfb82_0103, "smull r0, r1, r2, r3", { r2: ONES, r3: ONES }, { r0: 1, r1: 0 }],
  [0xe0c1_0392, 0xfb82_0103, "smull r0, r1, r2, r3", { r2: MIN, r3: MIN }, {
    r0: 0,
    r1: 0x4000_0000,
  }],
  // Sources may be destinations.
  [0xe083_2392, 0xfba2_2303, "umull r2, r3, r2, r3", { r2: MIN, r3: 4 }, { r2: 0, r3: 2 }],
  [0xe0a1_0392, 0xfbe2_0103, "umlal r0, r1, r2, r3", { r0: ONES, r1: 1, r2: 1, r3: 1 }, {
    r0: 0,
    r1: 2,
  }],
  [0xe0e1_0392, 0xfbc2_0103, "smlal r0, r1, r2, r3", { r0: 0, r1: 0, r2: ONES, r3: 1 }, {
    r0: ONES,
    r1: ONES,
  }],
  [0xe041_0392, 0xfbe2_0163, "umaal r0, r1, r2, r3", { r0: ONES, r1: ONES, r2: ONES, r3: ONES }, {
    r0: ONES,
    r1: ONES,
  }],
];

const HALF: readonly CommonCase[] = [
  [0xe160_0281, 0xfb11_f002, "smulbb r0, r1, r2", { r1: 0x1234_8000, r2: 0x1234_8000 }, {
    r0: 0x4000_0000,
  }],
  [0xe160_02a1, 0xfb11_f022, "smultb r0, r1, r2", { r1: 0xffff_0007, r2: 0x0007_0003 }, {
    r0: 0xffff_fffd,
  }],
  [0xe160_02c1, 0xfb11_f012, "smulbt r0, r1, r2", { r1: 2, r2: 0xfffe_0003 }, { r0: 0xffff_fffc }],
  [0xe100_32e1, 0xfb11_3032, "smlatt r0, r1, r2, r3", { r1: MIN, r2: MIN, r3: 0x3fff_ffff }, {
    r0: MAX,
  }],
  [0xe100_32e1, 0xfb11_3032, "smlatt r0, r1, r2, r3", { r1: MIN, r2: MIN, r3: 0x4000_0000 }, {
    r0: MIN,
    flags: "Q",
  }],
  // Q is never cleared.
  [0xe100_3281, 0xfb11_3002, "smlabb r0, r1, r2, r3", { r1: 1, r2: 1, r3: 1, flags: "Q" }, {
    r0: 2,
  }],
  [0xe120_02a1, 0xfb31_f002, "smulwb r0, r1, r2", { r1: MIN, r2: 0x8000 }, { r0: 0x4000_0000 }],
  [0xe120_02e1, 0xfb31_f012, "smulwt r0, r1, r2", { r1: ONES, r2: 0x0001_0000 }, { r0: ONES }],
  [0xe120_3281, 0xfb31_3002, "smlawb r0, r1, r2, r3", { r1: MAX, r2: MAX, r3: MIN }, {
    r0: 0x7fff_8000,
    flags: "Q",
  }],
  [0xe141_03c2, 0xfbc2_0193, "smlalbt r0, r1, r2, r3", { r0: 0, r1: 0, r2: 1, r3: 0xffff_0000 }, {
    r0: ONES,
    r1: ONES,
  }],
];

const DUAL: readonly CommonCase[] = [
  [0xe700_f211, 0xfb21_f002, "smuad r0, r1, r2", { r1: 0x0002_0003, r2: 0x0005_0007 }, { r0: 31 }],
  [0xe700_f231, 0xfb21_f012, "smuadx r0, r1, r2", { r1: 0x0002_0003, r2: 0x0005_0007 }, { r0: 29 }],
  // The one sum of products that overflows.
  [0xe700_f211, 0xfb21_f002, "smuad r0, r1, r2", { r1: HALVES, r2: HALVES }, {
    r0: MIN,
    flags: "Q",
  }],
  [0xe700_f251, 0xfb41_f002, "smusd r0, r1, r2", { r1: 0x0002_0003, r2: 0x0005_0007 }, { r0: 11 }],
  [0xe700_f271, 0xfb41_f012, "smusdx r0, r1, r2", { r1: 0x0002_0003, r2: 0x0005_0007 }, { r0: 1 }],
  [0xe700_3211, 0xfb21_3002, "smlad r0, r1, r2, r3", { r1: 0x10001, r2: 0x10001, r3: MAX }, {
    r0: MIN + 1,
    flags: "Q",
  }],
  // The sum of the products overflows, the whole does not.
  [0xe700_3211, 0xfb21_3002, "smlad r0, r1, r2, r3", { r1: HALVES, r2: HALVES, r3: ONES }, {
    r0: MAX,
  }],
  [
    0xe700_3251,
    0xfb41_3002,
    "smlsd r0, r1, r2, r3",
    { r1: 0x0001_0000, r2: 0x0001_0000, r3: MIN },
    {
      r0: MAX,
      flags: "Q",
    },
  ],
  [0xe741_0312, 0xfbc2_01c3, "smlald r0, r1, r2, r3", { r0: 0, r1: 0, r2: HALVES, r3: HALVES }, {
    r0: MIN,
    r1: 0,
  }],
  [0xe741_0372, 0xfbd2_01d3, "smlsldx r0, r1, r2, r3", { r0: 0, r1: 1, r2: 0x0001_0000, r3: 1 }, {
    r0: ONES,
    r1: 0,
  }],
];

const HIGH: readonly CommonCase[] = [
  [0xe750_f211, 0xfb51_f002, "smmul r0, r1, r2", { r1: MIN, r2: ONES }, { r0: 0 }],
  [0xe750_f231, 0xfb51_f012, "smmulr r0, r1, r2", { r1: MIN, r2: ONES }, { r0: 1 }],
  [0xe750_3211, 0xfb51_3002, "smmla r0, r1, r2, r3", { r1: ONES, r2: 1, r3: 1 }, { r0: 0 }],
  [0xe750_32d1, 0xfb61_3002, "smmls r0, r1, r2, r3", { r1: 1, r2: 1, r3: 1 }, { r0: 0 }],
  [0xe750_32f1, 0xfb61_3012, "smmlsr r0, r1, r2, r3", { r1: 1, r2: 1, r3: 1 }, { r0: 1 }],
];

const DIVIDE: readonly CommonCase[] = [
  [0xe710_f211, 0xfb91_f0f2, "sdiv r0, r1, r2", { r1: 0xffff_fff9, r2: 2 }, { r0: 0xffff_fffd }],
  [0xe710_f211, 0xfb91_f0f2, "sdiv r0, r1, r2", { r1: MIN, r2: ONES }, { r0: MIN }],
  [0xe710_f211, 0xfb91_f0f2, "sdiv r0, r1, r2", { r1: 7, r2: ONES }, { r0: 0xffff_fff9 }],
  [0xe710_f211, 0xfb91_f0f2, "sdiv r0, r1, r2", { r1: MIN, r2: 0 }, { r0: 0 }],
  [0xe710_f211, 0xfb91_f0f2, "sdiv r0, r1, r2", { r1: 7, r2: MIN }, { r0: 0 }],
  [0xe730_f211, 0xfbb1_f0f2, "udiv r0, r1, r2", { r1: ONES, r2: 2 }, { r0: MAX }],
  [0xe730_f211, 0xfbb1_f0f2, "udiv r0, r1, r2", { r1: 1, r2: ONES }, { r0: 0 }],
  [0xe730_f211, 0xfbb1_f0f2, "udiv r0, r1, r2", { r1: ONES, r2: 0 }, { r0: 0 }],
  [0xe16f_0f11, 0xfab1_f081, "clz r0, r1", { r1: 0 }, { r0: 32 }],
  [0xe16f_0f11, 0xfab1_f081, "clz r0, r1", { r1: 1 }, { r0: 31 }],
];

test_cases("a32", [
  [0xe000_0291, "mul r0, r1, r2", { r1: 0x1_0001, r2: 0x1_0001 }, { r0: 0x2_0001 }],
  [0xe010_0291, "muls r0, r1, r2", { r1: MIN, r2: 2, flags: "NCV" }, { r0: 0, flags: "nZ" }],
  [0xe030_3291, "mlas r0, r1, r2, r3", { r1: 1, r2: MAX, r3: 1, flags: "C" }, {
    r0: MIN,
    flags: "N",
  }],
  // Z is of all 64 bits, N of the topmost.
  [0xe091_0392, "umulls r0, r1, r2, r3", { r2: MIN, r3: 2 }, { r0: 0, r1: 1 }],
  [0xe0d1_0392, "smulls r0, r1, r2, r3", { r2: MIN, r3: 1 }, { r0: MIN, r1: ONES, flags: "N" }],
  [0xe0d1_0392, "smulls r0, r1, r2, r3", { r2: 0, r3: 1, flags: "V" }, {
    r0: 0,
    r1: 0,
    flags: "Z",
  }],
]);
test_common_cases([
  ...WORD,
  ...HALF,
  ...DUAL,
  ...HIGH,
  ...DIVIDE,
]);
test_cases("t16", [
  [0x4348, "muls r0, r1, r0", { r0: 3, r1: 0xffff_ffff, flags: "CV" }, {
    r0: 0xffff_fffd,
    flags: "N",
  }],
]);
test_cases("t16", [
  [0x4348, "muls r0, r1, r0", { r0: 3, r1: 0xffff_ffff }, { r0: 0xffff_fffd }],
], { in_it: true });
test_cases("t32", [
  [0xfb01_f002, "mul.w r0, r1, r2", { r1: 0x1_0001, r2: 0x1_0001 }, { r0: 0x2_0001 }],
]);
