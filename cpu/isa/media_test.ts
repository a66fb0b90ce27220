import assert from "node:assert/strict";
import { decode_a32, decode_thumb } from "../engine/fetch.ts";
import { type CommonCase, test_cases, test_common_cases } from "../testing/insn_case.ts";

const MIN = 0x8000_0000, MAX = 0x7fff_ffff, ONES = 0xffff_ffff;

const PARALLEL: readonly CommonCase[] = [
  [0xe611_0f12, 0xfa91_f002, "sadd16 r0, r1, r2", { r1: 0x7fff_8000, r2: 0x0001_8000 }, {
    r0: MIN,
    ge: 0b1100,
  }],
  [0xe611_0f72, 0xfad1_f002, "ssub16 r0, r1, r2", { r1: 0x0000_8000, r2: 0x0001_0001 }, {
    r0: 0xffff_7fff,
    ge: 0,
  }],
  [0xe651_0f12, 0xfa91_f042, "uadd16 r0, r1, r2", { r1: 0xffff_0001, r2: 0x0001_0001 }, {
    r0: 2,
    ge: 0b1100,
  }],
  [0xe651_0f72, 0xfad1_f042, "usub16 r0, r1, r2", { r1: 0x0000_0002, r2: 0x0001_0002 }, {
    r0: 0xffff_0000,
    ge: 3,
  }],
  // ASX: the top halves' sum with the bottom, the bottom's difference with the top.
  [0xe611_0f32, 0xfaa1_f002, "sasx r0, r1, r2", { r1: 0x0001_0002, r2: 0x0003_0004 }, {
    r0: 0x0005_ffff,
    ge: 0b1100,
  }],
  [0xe611_0f52, 0xfae1_f002, "ssax r0, r1, r2", { r1: 0x0001_0002, r2: 0x0003_0004 }, {
    r0: 0xfffd_0005,
    ge: 0b0011,
  }],
  [0xe651_0f32, 0xfaa1_f042, "uasx r0, r1, r2", { r1: 0xffff_0000, r2: 0x0001_0001 }, {
    r0: 0x0000_ffff,
    ge: 0b1100,
  }],
  [0xe651_0f52, 0xfae1_f042, "usax r0, r1, r2", { r1: 0x0001_ffff, r2: 0x0001_0001 }, {
    r0: 0,
    ge: 0b1111,
  }],
  [0xe611_0f92, 0xfa81_f002, "sadd8 r0, r1, r2", { r1: 0x7f80_ff01, r2: 0x0180_01ff }, {
    r0: 0x8000_0000,
    ge: 0b1011,
  }],
  [0xe651_0f92, 0xfa81_f042, "uadd8 r0, r1, r2", { r1: 0xff80_7f00, r2: 0x0180_8000 }, {
    r0: 0x0000_ff00,
    ge: 0b1100,
  }],
  [0xe651_0ff2, 0xfac1_f042, "usub8 r0, r1, r2", { r1: 0x0001_80ff, r2: 0x0100_80ff }, {
    r0: 0xff01_0000,
    ge: 0b0111,
  }],
  // The others leave GE alone; saturation does not set Q.
  [0xe621_0f12, 0xfa91_f012, "qadd16 r0, r1, r2", { r1: 0x7fff_8000, r2: 0x0001_ffff, ge: 5 }, {
    r0: 0x7fff_8000,
  }],
  [0xe621_0ff2, 0xfac1_f012, "qsub8 r0, r1, r2", { r1: 0x8000_7f01, r2: 0x0180_ff01 }, {
    r0: 0x807f_7f00,
  }],
  [0xe621_0f32, 0xfaa1_f012, "qasx r0, r1, r2", { r1: 0x7fff_8000, r2: 0x0001_0001 }, {
    r0: 0x7fff_8000,
  }],
  [0xe661_0f92, 0xfa81_f052, "uqadd8 r0, r1, r2", { r1: 0xff01_80f0, r2: 0x0101_800f }, {
    r0: 0xff02_ffff,
  }],
  [0xe661_0f72, 0xfad1_f052, "uqsub16 r0, r1, r2", { r1: 0x0001_ffff, r2: 0x0002_0001 }, {
    r0: 0x0000_fffe,
  }],
  [0xe631_0f12, 0xfa91_f022, "shadd16 r0, r1, r2", { r1: 0x8000_7fff, r2: 0x8000_7fff }, {
    r0: 0x8000_7fff,
  }],
  [0xe631_0ff2, 0xfac1_f022, "shsub8 r0, r1, r2", { r1: 0x8000_0100, r2: 0x7f01_0000 }, {
    r0: 0x80ff_0000,
  }],
  [0xe671_0f92, 0xfa81_f062, "uhadd8 r0, r1, r2", { r1: 0xff00_01ff, r2: 0xff01_0200 }, {
    r0: 0xff00_017f,
  }],
  [0xe671_0f72, 0xfad1_f062, "uhsub16 r0, r1, r2", { r1: 0x0000_ffff, r2: 0x0001_0000 }, {
    r0: 0xffff_7fff,
  }],
  [0xe681_0fb2, 0xfaa1_f082, "sel r0, r1, r2", { r1: 0x1122_3344, r2: 0xaabb_ccdd, ge: 0b1010 }, {
    r0: 0x11bb_33dd,
  }],
  [0xe780_f211, 0xfb71_f002, "usad8 r0, r1, r2", { r1: 0xff00_0102, r2: 0x00ff_0201 }, { r0: 512 }],
  [0xe780_3211, 0xfb71_3002, "usada8 r0, r1, r2, r3", { r1: 0x0000_00ff, r2: 0, r3: ONES }, {
    r0: 254,
  }],
];

const SATURATION: readonly CommonCase[] = [
  [0xe6a7_0011, 0xf301_0007, "ssat r0, #8, r1", { r1: 127 }, { r0: 127 }],
  [0xe6a7_0011, 0xf301_0007, "ssat r0, #8, r1", { r1: 128 }, { r0: 127, flags: "Q" }],
  [0xe6a7_0011, 0xf301_0007, "ssat r0, #8, r1", { r1: 0xffff_ff7f }, {
    r0: 0xffff_ff80,
    flags: "Q",
  }],
  [0xe6a0_0011, 0xf301_0000, "ssat r0, #1, r1", { r1: 1 }, { r0: 0, flags: "Q" }],
  [0xe6bf_0011, 0xf301_001f, "ssat r0, #32, r1", { r1: MIN }, { r0: MIN }],
  [0xe6af_0411, 0xf301_200f, "ssat r0, #16, r1, lsl #8", { r1: 0x80 }, { r0: 0x7fff, flags: "Q" }],
  [0xe6a3_0fd1, 0xf321_70c3, "ssat r0, #4, r1, asr #31", { r1: MIN }, { r0: ONES }],
  [0xe6e8_0011, 0xf381_0008, "usat r0, #8, r1", { r1: 256 }, { r0: 255, flags: "Q" }],
  [0xe6e8_0011, 0xf381_0008, "usat r0, #8, r1", { r1: ONES }, { r0: 0, flags: "Q" }],
  [0xe6e0_0011, 0xf381_0000, "usat r0, #0, r1", { r1: 0 }, { r0: 0 }],
  [0xe6ff_0011, 0xf381_001f, "usat r0, #31, r1", { r1: MAX }, { r0: MAX }],
  [0xe6a7_0f31, 0xf321_0007, "ssat16 r0, #8, r1", { r1: 0x0080_ff00 }, {
    r0: 0x007f_ff80,
    flags: "Q",
  }],
  [0xe6e8_0f31, 0xf3a1_0008, "usat16 r0, #8, r1", { r1: 0x00ff_ffff }, {
    r0: 0x00ff_0000,
    flags: "Q",
  }],
  [0xe102_0051, 0xfa82_f081, "qadd r0, r1, r2", { r1: MAX, r2: 1 }, { r0: MAX, flags: "Q" }],
  [0xe122_0051, 0xfa82_f0a1, "qsub r0, r1, r2", { r1: MIN, r2: 1 }, { r0: MIN, flags: "Q" }],
  [0xe122_0051, 0xfa82_f0a1, "qsub r0, r1, r2", { r1: 0, r2: MIN }, { r0: MAX, flags: "Q" }],
  // The doubling saturates, the addition then does not.
  [0xe142_0051, 0xfa82_f091, "qdadd r0, r1, r2", { r1: ONES, r2: 0x4000_0000 }, {
    r0: 0x7fff_fffe,
    flags: "Q",
  }],
  [0xe162_0051, 0xfa82_f0b1, "qdsub r0, r1, r2", { r1: ONES, r2: 0xc000_0000 }, { r0: MAX }],
];

const FIELDS: readonly CommonCase[] = [
  [0xe681_0812, 0xeac1_4002, "pkhbt r0, r1, r2, lsl #16", { r1: 0x1111_2222, r2: 0x3333_4444 }, {
    r0: 0x4444_2222,
  }],
  [0xe681_0852, 0xeac1_4022, "pkhtb r0, r1, r2, asr #16", { r1: 0x1111_2222, r2: 0x3333_4444 }, {
    r0: 0x1111_3333,
  }],
  [0xe681_0052, 0xeac1_0022, "pkhtb r0, r1, r2, asr #32", { r1: 0x1111_2222, r2: MIN }, {
    r0: 0x1111_ffff,
  }],
  [0xe7a7_0251, 0xf341_1007, "sbfx r0, r1, #4, #8", { r1: 0x0000_0800 }, { r0: 0xffff_ff80 }],
  [0xe7bf_0051, 0xf341_001f, "sbfx r0, r1, #0, #32", { r1: MIN }, { r0: MIN }],
  [0xe7e0_0fd1, 0xf3c1_70c0, "ubfx r0, r1, #31, #1", { r1: MIN }, { r0: 1 }],
  [0xe7ff_0051, 0xf3c1_001f, "ubfx r0, r1, #0, #32", { r1: ONES }, { r0: ONES }],
  [0xe7cb_0211, 0xf361_100b, "bfi r0, r1, #4, #8", { r0: ONES, r1: 0x1100 }, { r0: 0xffff_f00f }],
  [0xe7df_0011, 0xf361_001f, "bfi r0, r1, #0, #32", { r0: 1, r1: 2 }, { r0: 2 }],
  [0xe7df_0e1f, 0xf36f_701f, "bfc r0, #28, #4", { r0: ONES }, { r0: 0x0fff_ffff }],
  [0xe6a1_0472, 0xfa41_f092, "sxtab r0, r1, r2, ror #8", { r1: 1, r2: 0x0000_8000 }, {
    r0: 0xffff_ff81,
  }],
  [0xe6f1_0c72, 0xfa11_f0b2, "uxtah r0, r1, r2, ror #24", { r1: 1, r2: 0x3400_0012 }, {
    r0: 0x1235,
  }],
  [0xe681_0072, 0xfa21_f082, "sxtab16 r0, r1, r2", { r1: 0x0001_0001, r2: 0x00ff_0080 }, {
    r0: 0x0000_ff81,
  }],
  [0xe6c1_0472, 0xfa31_f092, "uxtab16 r0, r1, r2, ror #8", { r1: 0xffff_ffff, r2: 0x0100_0200 }, {
    r0: 0x0000_0001,
  }],
  [0xe68f_0071, 0xfa2f_f081, "sxtb16 r0, r1", { r1: 0x0080_007f }, { r0: 0xff80_007f }],
  [0xe6cf_0c71, 0xfa3f_f0b1, "uxtb16 r0, r1, ror #24", { r1: 0x1234_5678 }, { r0: 0x0056_0012 }],
  [0xe6ff_0f31, 0xfa91_f0a1, "rbit r0, r1", { r1: 0x8000_0003 }, { r0: 0xc000_0001 }],
];

test_common_cases([
  ...PARALLEL,
  ...SATURATION,
  ...FIELDS,
]);
test_cases("a32", [
  [0xe6bf_0f31, "rev r0, r1", { r1: 0x1234_5678 }, { r0: 0x7856_3412 }],
  [0xe6bf_0fb1, "rev16 r0, r1", { r1: 0x1234_5678 }, { r0: 0x3412_7856 }],
  [0xe6ff_0fb1, "revsh r0, r1", { r1: 0x1234_7880 }, { r0: 0xffff_8078 }],
  [0xe6af_0071, "sxtb r0, r1", { r1: 0x1280 }, { r0: 0xffff_ff80 }],
  [0xe6ff_0871, "uxth r0, r1, ror #16", { r1: 0x1234_5678 }, { r0: 0x1234 }],
]);
test_cases("t16", [
  [0xb248, "sxtb r0, r1", { r1: 0x1280, flags: "C" }, { r0: 0xffff_ff80 }],
  [0xb208, "sxth r0, r1", { r1: 0x8000 }, { r0: 0xffff_8000 }],
  [0xb2c8, "uxtb r0, r1", { r1: 0x1280 }, { r0: 0x80 }],
  [0xb288, "uxth r0, r1", { r1: 0x1234_5678 }, { r0: 0x5678 }],
  [0xba08, "rev r0, r1", { r1: 0x1234_5678 }, { r0: 0x7856_3412 }],
  [0xba48, "rev16 r0, r1", { r1: 0x1234_5678 }, { r0: 0x3412_7856 }],
  [0xbac8, "revsh r0, r1", { r1: 0x0080 }, { r0: 0xffff_8000 }],
]);
test_cases("t32", [
  [0xfa99_f889, "rev.w r8, r9", { r9: 0x1234_5678 }, { r8: 0x7856_3412 }],
  [0xfa1f_f0a1, "uxth.w r0, r1, ror #16", { r1: 0x1234_5678 }, { r0: 0x1234 }],
]);

Deno.test("Fields that leave the register and results in r15 are UNDEFINED", () => {
  const undefined_words = {
    "ubfx r0, r1, #16, #17": 0xe7f0_0851,
    "bfi r0, r1 with msb 3, lsb 4": 0xe7c3_0211,
    "uxtb pc, r1": 0xe6ef_f071,
    "mul pc, r1, r2": 0xe00f_0291,
    "qadd pc, r1, r2": 0xe102_f051,
  };
  for (const [text, word] of Object.entries(undefined_words)) {
    assert.equal(decode_a32(word).row.name, "UNDEFINED", text);
  }
  const thumb_names = [0x400f, 0x4010, 0x4f0f].map((w) => decode_thumb(0xf3c1, w, 0).row.name);
  assert.deepEqual(thumb_names, ["UBFX_T32", "UNDEFINED", "UNDEFINED"]);
});
