import assert from "node:assert/strict";
import type { System } from "../system/system.ts";
import { EXIT, STATE } from "../state.ts";
import { ReferenceEngine } from "../engine/reference.ts";
import { flat_cpu, place_code } from "../testing/flat.ts";
import { CASE_ADDRESS, type InsnCase, test_cases } from "../testing/insn_case.ts";
import { expand_a32, expand_t32 } from "./dp_forms.ts";

const MIN = 0x8000_0000, MAX = 0x7fff_ffff, ONES = 0xffff_ffff;

const ARITHMETIC: readonly InsnCase[] = [
  [0xe091_0002, "adds r0, r1, r2", { r1: ONES, r2: 1 }, { r0: 0, flags: "nZCv" }],
  [0xe091_0002, "adds r0, r1, r2", { r1: MAX, r2: 1, flags: "C" }, { r0: MIN, flags: "NzcV" }],
  [0xe091_0002, "adds r0, r1, r2", { r1: MIN, r2: MIN }, { r0: 0, flags: "nZCV" }],
  [0xe081_0002, "add r0, r1, r2", { r1: ONES, r2: 1, flags: "NV" }, { r0: 0 }],
  [0xe081_1081, "add r1, r1, r1, lsl #1", { r1: 5 }, { r1: 15 }],
  [0xe0b1_0002, "adcs r0, r1, r2", { r1: ONES, r2: ONES, flags: "C" }, { r0: ONES, flags: "NzCv" }],
  [0xe0b1_0002, "adcs r0, r1, r2", { r1: 0, r2: ONES, flags: "C" }, { r0: 0, flags: "nZCv" }],
  [0xe0b1_0002, "adcs r0, r1, r2", { r1: 0, r2: ONES }, { r0: ONES, flags: "Nzcv" }],
  [0xe2b1_0000, "adcs r0, r1, #0", { r1: MAX, flags: "C" }, { r0: MIN, flags: "NzcV" }],
  [0xe051_0002, "subs r0, r1, r2", { r1: 5, r2: 5 }, { r0: 0, flags: "nZCv" }],
  [0xe251_0001, "subs r0, r1, #1", { r1: 0, flags: "C" }, { r0: ONES, flags: "Nzcv" }],
  [0xe251_0001, "subs r0, r1, #1", { r1: MIN }, { r0: MAX, flags: "nzCV" }],
  [0xe251_0000, "subs r0, r1, #0", { r1: 0 }, { r0: 0, flags: "nZCv" }],
  [0xe241_0001, "sub r0, r1, #1", { r1: 0, flags: "CV" }, { r0: ONES }],
  [0xe271_0000, "rsbs r0, r1, #0", { r1: 0 }, { r0: 0, flags: "nZCv" }],
  [0xe271_0000, "rsbs r0, r1, #0", { r1: MIN, flags: "C" }, { r0: MIN, flags: "NzcV" }],
  [0xe0d1_0002, "sbcs r0, r1, r2", { r1: 5, r2: 5 }, { r0: ONES, flags: "Nzcv" }],
  [0xe0d1_0002, "sbcs r0, r1, r2", { r1: 5, r2: 5, flags: "C" }, { r0: 0, flags: "nZCv" }],
  [0xe2d1_0000, "sbcs r0, r1, #0", { r1: MIN }, { r0: MAX, flags: "nzCV" }],
  [0xe0d1_0002, "sbcs r0, r1, r2", { r1: 0, r2: ONES }, { r0: 0, flags: "nZcv" }],
  [0xe2f1_0000, "rscs r0, r1, #0", { r1: 0 }, { r0: ONES, flags: "Nzcv" }],
  [0xe2f1_0000, "rscs r0, r1, #0", { r1: 0, flags: "C" }, { r0: 0, flags: "nZCv" }],
  [0xe350_0000, "cmp r0, #0", { r0: 0 }, { flags: "nZCv" }],
  [0xe150_0f81, "cmp r0, r1, lsl #31", { r0: 1, r1: 1 }, { flags: "NzcV" }],
  [0xe370_0001, "cmn r0, #1", { r0: ONES }, { flags: "nZCv" }],
  [0xe170_0041, "cmn r0, r1, asr #32", { r0: 0, r1: MIN }, { flags: "Nzcv" }],
  [0x0081_0002, "addeq r0, r1, r2", { r1: 1, r2: 1 }, {}],
  [0x1081_0002, "addne r0, r1, r2", { r1: 1, r2: 1 }, { r0: 2 }],
];

const LOGICAL: readonly InsnCase[] = [
  [0xe3b0_0102, "movs r0, #2147483648", {}, { r0: MIN, flags: "NzC" }],
  [0xe3b0_0a01, "movs r0, #4096", { flags: "CV" }, { r0: 4096, flags: "nzc" }],
  [0xe3b0_00ff, "movs r0, #255", { flags: "CV" }, { r0: 255 }],
  [0xe3b0_0104, "movs r0, #4, 2", { flags: "C" }, { r0: 1, flags: "nzc" }],
  [0xe3f0_0a01, "mvns r0, #4096", { flags: "C" }, { r0: 0xffff_efff, flags: "Nzc" }],
  [0xe3e0_0000, "mvn r0, #0", {}, { r0: ONES }],
  [0xe310_020f, "tst r0, #4026531840", { r0: 0x1000_0000 }, { flags: "nzC" }],
  [0xe110_0001, "tst r0, r1", { r0: 1, r1: 2, flags: "CV" }, { flags: "nZ" }],
  [0xe330_0102, "teq r0, #2147483648", { r0: MIN }, { flags: "ZC" }],
  [0xe130_0061, "teq r0, r1, rrx", { r0: MIN, r1: 1, flags: "C" }, { flags: "ZC" }],
  // The carry is the immediate's top bit, not that of its complement.
  [0xe3d1_020f, "bics r0, r1, #4026531840", { r1: ONES }, { r0: 0x0fff_ffff, flags: "nzC" }],
  [0xe011_0202, "ands r0, r1, r2, lsl #4", { r1: 0xff, r2: 0x1000_000f }, { r0: 0xf0, flags: "C" }],
  [0xe031_0462, "eors r0, r1, r2, ror #8", { r1: 0, r2: 0x80 }, { r0: MIN, flags: "NC" }],
  [0xe181_0022, "orr r0, r1, r2, lsr #32", { r1: 1, r2: ONES }, { r0: 1 }],
  [0xe1c1_0002, "bic r0, r1, r2", { r1: 0xff, r2: 0x0f }, { r0: 0xf0 }],
  [0xe1b0_0081, "lsls r0, r1, #1", { r1: 0x8000_0001 }, { r0: 2, flags: "C" }],
  [0xe1b0_0021, "lsrs r0, r1, #32", { r1: MIN }, { r0: 0, flags: "ZC" }],
  [0xe1b0_00a1, "lsrs r0, r1, #1", { r1: 2, flags: "C" }, { r0: 1, flags: "c" }],
  [0xe1b0_0041, "asrs r0, r1, #32", { r1: MIN }, { r0: ONES, flags: "NC" }],
  [0xe1b0_0041, "asrs r0, r1, #32", { r1: MAX, flags: "C" }, { r0: 0, flags: "Zc" }],
  [0xe1b0_0241, "asrs r0, r1, #4", { r1: 0x8000_0008 }, { r0: 0xf800_0000, flags: "NC" }],
  [0xe1b0_0261, "rors r0, r1, #4", { r1: 8 }, { r0: MIN, flags: "NC" }],
  [0xe1b0_0061, "rrxs r0, r1", { r1: 1, flags: "C" }, { r0: MIN, flags: "NC" }],
  [0xe1b0_0061, "rrxs r0, r1", { r1: MIN, flags: "N" }, { r0: 0x4000_0000, flags: "n" }],
  [0xe1a0_0061, "rrx r0, r1", { r1: 1, flags: "C" }, { r0: MIN }],
  [0xe1a0_0001, "mov r0, r1", { r1: 7 }, { r0: 7 }],
  [0xe1b0_0001, "movs r0, r1", { r1: 0, flags: "NCV" }, { r0: 0, flags: "nZ" }],
  [0xe30f_0fff, "movw r0, #65535", {}, { r0: 0xffff }],
  [0xe341_0234, "movt r0, #4660", { r0: 0xffff_5678 }, { r0: 0x1234_5678 }],
];

const REGISTER_SHIFTS: readonly InsnCase[] = [
  // Only the low byte of the count is looked at; a count of 0 leaves the carry alone.
  [0xe1b0_0211, "lsls r0, r1, r2", { r1: 1, r2: 0x100, flags: "C" }, { r0: 1 }],
  [0xe1b0_0211, "lsls r0, r1, r2", { r1: 1, r2: 32 }, { r0: 0, flags: "ZC" }],
  [0xe1b0_0211, "lsls r0, r1, r2", { r1: 3, r2: 31 }, { r0: MIN, flags: "NC" }],
  [0xe1b0_0211, "lsls r0, r1, r2", { r1: ONES, r2: 33, flags: "C" }, { r0: 0, flags: "Zc" }],
  [0xe1b0_0231, "lsrs r0, r1, r2", { r1: MIN, r2: 32 }, { r0: 0, flags: "ZC" }],
  [0xe1b0_0231, "lsrs r0, r1, r2", { r1: ONES, r2: 33, flags: "C" }, { r0: 0, flags: "Zc" }],
  [0xe1b0_0231, "lsrs r0, r1, r2", { r1: ONES, r2: 0 }, { r0: ONES, flags: "N" }],
  [0xe1b0_0251, "asrs r0, r1, r2", { r1: MIN, r2: 255 }, { r0: ONES, flags: "NC" }],
  [0xe1b0_0251, "asrs r0, r1, r2", { r1: MAX, r2: 32, flags: "C" }, { r0: 0, flags: "Zc" }],
  [0xe1b0_0251, "asrs r0, r1, r2", { r1: 0x4000_0000, r2: 31, flags: "C" }, { r0: 0, flags: "ZC" }],
  [0xe1b0_0251, "asrs r0, r1, r2", { r1: MIN, r2: 0, flags: "C" }, { r0: MIN, flags: "N" }],
  [0xe1b0_0271, "rors r0, r1, r2", { r1: 0x8000_0001, r2: 32 }, { r0: 0x8000_0001, flags: "NC" }],
  [0xe1b0_0271, "rors r0, r1, r2", { r1: 1, r2: 33 }, { r0: MIN, flags: "NC" }],
  [0xe1b0_0271, "rors r0, r1, r2", { r1: 1, r2: 0, flags: "C" }, { r0: 1 }],
  [0xe081_0312, "add r0, r1, r2, lsl r3", { r1: 1, r2: 1, r3: 40 }, { r0: 1 }],
  [0xe051_0332, "subs r0, r1, r2, lsr r3", { r1: 0, r2: 8, r3: 3, flags: "C" }, {
    r0: ONES,
    flags: "Nc",
  }],
  [0xe110_0211, "tst r0, r1, lsl r2", { r0: 1, r1: MIN, r2: 1 }, { flags: "ZC" }],
];

const PC: readonly InsnCase[] = [
  [0xe28f_0004, "add r0, pc, #4", {}, { r0: CASE_ADDRESS + 12 }],
  [0xe24f_0010, "sub r0, pc, #16", {}, { r0: CASE_ADDRESS - 8 }],
  [0xe1a0_000f, "mov r0, pc", {}, { r0: CASE_ADDRESS + 8 }],
  [0xe08f_f101, "add pc, pc, r1, lsl #2", { r1: 3 }, { pc: CASE_ADDRESS + 8 + 12 }],
  [0xe1a0_f001, "mov pc, r1", { r1: 0x4000_2001 }, { pc: 0x4000_2000, thumb: true }],
  [0xe381_f001, "orr pc, r1, #1", { r1: 0x4000_2002 }, { pc: 0x4000_2002, thumb: true }],
  [0x01a0_f001, "moveq pc, r1", { r1: 0x4000_2001 }, {}],
];

test_cases("a32", [...ARITHMETIC, ...LOGICAL, ...REGISTER_SHIFTS, ...PC]);

test_cases("t16", [
  [0x1888, "adds r0, r1, r2", { r1: ONES, r2: 1 }, { r0: 0, flags: "ZC" }],
  [0x1fc8, "subs r0, r1, #7", { r1: 0, flags: "C" }, { r0: 0xffff_fff9, flags: "Nc" }],
  [0x30ff, "adds r0, #255", { r0: MAX }, { r0: 0x8000_00fe, flags: "NV" }],
  [0x2300, "movs r3, #0", { flags: "NCV" }, { r3: 0, flags: "nZ" }],
  [0x0008, "movs r0, r1", { r1: MIN, flags: "C" }, { r0: MIN, flags: "N" }],
  [0x0108, "lsls r0, r1, #4", { r1: 0x1000_0000 }, { r0: 0, flags: "ZC" }],
  [0x0808, "lsrs r0, r1, #32", { r1: MIN }, { r0: 0, flags: "ZC" }],
  [0x1008, "asrs r0, r1, #32", { r1: MIN }, { r0: ONES, flags: "NC" }],
  [0x4088, "lsls r0, r1", { r0: 1, r1: 33, flags: "C" }, { r0: 0, flags: "Zc" }],
  [0x41c8, "rors r0, r1", { r0: 1, r1: 1 }, { r0: MIN, flags: "NC" }],
  [0x4248, "rsbs r0, r1, #0", { r1: 1, flags: "C" }, { r0: ONES, flags: "Nc" }],
  [0x4188, "sbcs r0, r1", { r0: 1, r1: 1 }, { r0: ONES, flags: "N" }],
  [0x4388, "bics r0, r1", { r0: 3, r1: 3, flags: "C" }, { r0: 0, flags: "Z" }],
  [0x43c8, "mvns r0, r1", { r1: 0 }, { r0: ONES, flags: "N" }],
  [0x4588, "cmp r8, r1", { r8: 1, r1: 2, flags: "C" }, { flags: "Nc" }],
  [0xb07f, "add sp, #508", { sp: 0x1000 }, { sp: 0x11fc }],
  [0xb081, "sub sp, #4", { sp: 0 }, { sp: 0xffff_fffc }],
  [0xa9ff, "add r1, sp, #1020", { sp: 0x1000 }, { r1: 0x13fc }],
  [0x4488, "add r8, r1", { r8: ONES, r1: 1, flags: "N" }, { r8: 0 }],
  [0x4678, "mov r0, pc", {}, { r0: CASE_ADDRESS + 4 }],
  // Writing the PC does not interwork.
  [0x468f, "mov pc, r1", { r1: 0x4000_2000 }, { pc: 0x4000_2000 }],
  [0x448f, "add pc, r1", { r1: 5 }, { pc: CASE_ADDRESS + 8 }],
]);

test_cases("t16", [
  [0xa001, "adr r0, 0x40001008", {}, { r0: 0x4000_1008 }],
], { address: 0x4000_1002 });

test_cases("t16", [
  [0x1888, "adds r0, r1, r2", { r1: ONES, r2: 1, flags: "N" }, { r0: 0 }],
  [0x0848, "lsrs r0, r1, #1", { r1: 1, flags: "N" }, { r0: 0 }],
  [0x4088, "lsls r0, r1", { r0: 1, r1: 32, flags: "N" }, { r0: 0 }],
  [0x4248, "rsbs r0, r1, #0", { r1: 0, flags: "N" }, { r0: 0 }],
  [0x2300, "movs r3, #0", { flags: "N" }, { r3: 0 }],
  [0x2800, "cmp r0, #0", { r0: 0, flags: "N" }, { flags: "nZC" }],
  [0x4208, "tst r0, r1", { r0: 1, r1: 2, flags: "N" }, { flags: "nZ" }],
], { in_it: true });

test_cases("t32", [
  [0xf05f_4000, "movs.w r0, #2147483648", {}, { r0: MIN, flags: "NC" }],
  [0xf05f_10ff, "movs.w r0, #16711935", { flags: "C" }, { r0: 0x00ff_00ff }],
  [0xf04f_20ff, "mov.w r0, #4278255360", {}, { r0: 0xff00_ff00 }],
  [0xf06f_3011, "mvn.w r0, #286331153", {}, { r0: 0xeeee_eeee }],
  [0xf411_7080, "ands.w r0, r1, #256", { r1: ONES, flags: "C" }, { r0: 0x100, flags: "c" }],
  [0xf061_00ff, "orn.w r0, r1, #255", { r1: 1 }, { r0: 0xffff_ff01 }],
  [0xea71_0052, "orns.w r0, r1, r2, lsr #1", { r1: 0, r2: 1 }, { r0: ONES, flags: "NC" }],
  [0xf010_4f00, "tst.w r0, #2147483648", { r0: MIN }, { flags: "NC" }],
  [0xea90_0f01, "teq.w r0, r1", { r0: 5, r1: 5, flags: "CV" }, { flags: "Z" }],
  [0xebb0_0f41, "cmp.w r0, r1, lsl #1", { r0: 2, r1: 1 }, { flags: "ZC" }],
  [0xf110_0f01, "cmn.w r0, #1", { r0: ONES }, { flags: "ZC" }],
  [0xf1c1_0000, "rsb.w r0, r1, #0", { r1: 1 }, { r0: ONES }],
  [0xeb51_0002, "adcs.w r0, r1, r2", { r1: MAX, r2: 0, flags: "C" }, { r0: MIN, flags: "NcV" }],
  [0xf171_0000, "sbcs.w r0, r1, #0", { r1: 0 }, { r0: ONES, flags: "N" }],
  [0xfa11_f002, "lsls.w r0, r1, r2", { r1: 1, r2: 32 }, { r0: 0, flags: "ZC" }],
  [0xea4f_0071, "ror.w r0, r1, #1", { r1: 1 }, { r0: MIN }],
  [0xea5f_0031, "rrxs r0, r1", { r1: 1, flags: "C" }, { r0: MIN, flags: "NC" }],
  [0xf601_70ff, "addw r0, r1, #4095", { r1: 1, flags: "C" }, { r0: 4096 }],
  [0xf6a1_70ff, "subw r0, r1, #4095", { r1: 0 }, { r0: 0xffff_f001 }],
  [0xf5ad_5d80, "sub.w sp, sp, #4096", { sp: 0x2000 }, { sp: 0x1000 }],
  [0xf64a_30cd, "movw r0, #43981", {}, { r0: 0xabcd }],
  [0xf6ca_30cd, "movt r0, #43981", { r0: 0x1234_5678 }, { r0: 0xabcd_5678 }],
]);

test_cases("t32", [
  [0xf2af_0010, "adr.w r0, 0x40000ff4", {}, { r0: 0x4000_0ff4 }],
  [0xf60f_0001, "adr.w r0, 0x40001805", {}, { r0: 0x4000_1805 }],
], { address: 0x4000_1002 });

for (
  const [text, thumb, code] of [
    ["a32 subs pc, lr, #4", false, [0xe25e_f004]],
    ["a32 movs pc, lr", false, [0xe1b0_f00e]],
    ["t32 subs pc, lr, #4", true, [0xf3de, 0x8f04]],
  ] as const
) {
  Deno.test(`${text} returns from an exception and sets no flags itself`, () => {
    const cpu = flat_cpu();
    let returned: number | undefined;
    const exception_return = (address: number): void => {
      returned = address;
      cpu.set(STATE.exit, EXIT.jump);
    };
    cpu.system = { modes: { exception_return } } as unknown as System;
    place_code(cpu, code, { thumb });
    cpu.set_reg(14, 0x4000_2004);
    cpu.set(STATE.nf, 1);
    cpu.set(STATE.zf, 1);
    new ReferenceEngine(cpu).step();
    assert.equal(returned, text.includes("#4") ? 0x4000_2000 : 0x4000_2004);
    assert.deepEqual([cpu.get(STATE.nf), cpu.get(STATE.zf), cpu.reg(14)], [1, 1, 0x4000_2004]);
  });
}

Deno.test("Modified immediates expand to rotated bytes and byte patterns", () => {
  assert.deepEqual(expand_a32(0x0ff), { value: 0xff });
  assert.deepEqual(expand_a32(0x1ff), { value: 0xc000_003f, carry: 1 });
  assert.deepEqual(expand_a32(0xf01), { value: 4, carry: 0 });
  assert.deepEqual(expand_t32({ i: 0, imm3: 0, imm8: 0xab }), { value: 0xab });
  assert.deepEqual(expand_t32({ i: 0, imm3: 1, imm8: 0xab }), { value: 0x00ab_00ab });
  assert.deepEqual(expand_t32({ i: 0, imm3: 2, imm8: 0xab }), { value: 0xab00_ab00 });
  assert.deepEqual(expand_t32({ i: 0, imm3: 3, imm8: 0xab }), { value: 0xabab_abab });
  assert.deepEqual(expand_t32({ i: 0, imm3: 4, imm8: 0 }), { value: 0x8000_0000, carry: 1 });
  assert.deepEqual(expand_t32({ i: 1, imm3: 7, imm8: 0xff }), { value: 0x1fe, carry: 0 });
});
