import assert from "node:assert/strict";
import { EXIT, STATE } from "../state.ts";
import { CODE, DATA, play, type Scene, type SceneCase, test_scenes } from "../testing/scene.ts";

const USER = { cpsr: 0x10 };
const undefined_instruction = { raises: { kind: "undefined" } } as const;
const spsr = (value: number): Scene["setup"] => ({ system }) => system.modes.msr_spsr(value, -1);

const STATUS: SceneCase[] = [
  ["a32", 0xe10f_0000, "mrs r0, CPSR", { cpsr: 0xf805_01d3 }, { regs: { 0: 0xf805_01d3 } }],
  ["a32", 0xe10f_0000, "mrs r0, CPSR", { cpsr: 0x200a_0010 }, { regs: { 0: 0x200a_0010 } }],
  ["t32", 0xf3ef_8000, "mrs r0, CPSR", { cpsr: 0x8000_01d3 }, { regs: { 0: 0x8000_01d3 } }],
  ["a32", 0xe14f_0000, "mrs r0, SPSR", { setup: spsr(0x6000_0030) }, { regs: { 0: 0x6000_0030 } }],
  ["a32", 0xe14f_0000, "mrs r0, SPSR", USER, undefined_instruction],
  ["a32", 0xe328_f20f, "msr CPSR_f, #4026531840", { cpsr: 0x000f_01d3 }, { cpsr: 0xf00f_01d3 }],
  ["a32", 0xe121_f000, "msr CPSR_c, r0", { regs: { 0: 0xffff_ff13 } }, { cpsr: 0x113 }],
  ["a32", 0xe121_f000, "msr CPSR_c, r0", { regs: { 0: 0xd3 } }, { cpsr: 0x1d3 }],
  ["a32", 0xe121_f000, "msr CPSR_c, r0", { ...USER, regs: { 0: 0xd3 } }, { cpsr: 0x10 }],
  // Neither T nor J nor IT can be written so.
  ["a32", 0xe12f_f000, "msr CPSR_fsxc, r0", { regs: { 0: -1 << 5 | 0x13 } }, { cpsr: 0xf80f_03d3 }],
  ["a32", 0xe124_f000, "msr CPSR_s, r0", { regs: { 0: 0xffff_ffff } }, { cpsr: 0x000f_01d3 }],
  ["t32", 0xf380_8800, "msr CPSR_f, r0", { regs: { 0: 0x4fff_ffff } }, { cpsr: 0x4800_01f3 }],
  ["a32", 0xf102_0011, "cps #17", USER, { cpsr: 0x10 }],
  ["a32", 0xf10c_00c0, "cpsid if", { cpsr: 0x13 }, { cpsr: 0xd3 }],
  ["a32", 0xf10c_00c0, "cpsid if", USER, { cpsr: 0x10 }],
  ["a32", 0xf108_0080, "cpsie i", {}, { cpsr: 0x153 }],
  ["a32", 0xf108_0080, "cpsie i", { cpsr: 0x90 }, { cpsr: 0x90 }],
  ["t16", 0xb672, "cpsid i", { cpsr: 0x13 }, { cpsr: 0xb3 }],
  ["a32", 0xf101_0200, "setend be", {}, { cpsr: 0x3d3 }],
  ["t16", 0xb650, "setend le", { cpsr: 0x3d3 }, { cpsr: 0x1f3 }],
];

const EXCEPTIONS: SceneCase[] = [
  ["a32", 0xef00_0005, "svc #5", {}, { raises: { kind: "svc" } }],
  ["t16", 0xdf05, "svc #5", USER, { raises: { kind: "svc" } }],
  ["a32", 0xe140_0071, "hvc #1", {}, { raises: { kind: "hvc", imm: 1 } }],
  ["a32", 0xe140_0071, "hvc #1", USER, undefined_instruction],
  ["t32", 0xf7e1_8234, "hvc #4660", {}, { raises: { kind: "hvc", imm: 0x1234 } }],
  ["a32", 0xe160_0072, "smc #2", {}, { raises: { kind: "smc", imm: 2 } }],
  ["t32", 0xf7f2_8000, "smc #2", USER, undefined_instruction],
  ["a32", 0xe120_0073, "bkpt #3", {}, { raises: { kind: "bkpt" } }],
  ["t16", 0xbe03, "bkpt #3", {}, { raises: { kind: "bkpt" } }],
  ["a32", 0xe7f0_00f4, "udf #4", {}, undefined_instruction],
  ["t16", 0xde04, "udf #4", {}, undefined_instruction],
  ["t32", 0xf7f0_a004, "udf.w #4", {}, undefined_instruction],
];

const COPROCESSOR: SceneCase[] = [
  [
    "a32",
    0xee1d_1f70,
    "mrc p15, 0, r1, c13, c0, 3",
    { ...USER, setup: ({ cpu }) => cpu.set(STATE.tpidruro, 77) },
    { regs: { 1: 77 } },
  ],
  [
    "t32",
    0xee1d_1f50,
    "mrc p15, 0, r1, c13, c0, 2",
    { ...USER, setup: ({ cpu }) => cpu.set(STATE.tpidrurw, 78) },
    { regs: { 1: 78 } },
  ],
  [
    "a32",
    0xee1d_1f90,
    "mrc p15, 0, r1, c13, c0, 4",
    { setup: ({ cpu }) => cpu.set(STATE.tpidrprw, 79) },
    { regs: { 1: 79 } },
  ],
  ["a32", 0xee1d_1f90, "mrc p15, 0, r1, c13, c0, 4", USER, undefined_instruction],
  ["a32", 0xee10_1f10, "mrc p15, 0, r1, c0, c0, 0", {}, { regs: { 1: 0x414f_c0f0 } }],
  ["a32", 0xee10_1f10, "mrc p15, 0, r1, c0, c0, 0", USER, undefined_instruction],
  ["a32", 0xee0d_1f70, "mcr p15, 0, r1, c13, c0, 3", USER, undefined_instruction],
  ["a32", 0xec41_0f02, "mcrr p15, 0, r0, r1, c2", USER, undefined_instruction],
];

test_scenes([...STATUS, ...EXCEPTIONS, ...COPROCESSOR]);

Deno.test("What MCR and MCRR write, MRC and MRRC read", () => {
  // mcr p15, 0, r1, c13, c0, 3; mrc p15, 0, r2, c13, c0, 3
  const thread = play({ code: [0xee0d_1f70, 0xee1d_2f70] });
  assert.equal(thread.r[2], 0x1111_0001);
  // mcrr p15, 0, r0, r1, c2; mrrc p15, 0, r2, r3, c2 (TTBR0)
  const table = play({ code: [0xec41_0f02, 0xec53_2f02], regs: { 0: 0x4000_4000, 1: 0 } });
  assert.deepEqual([table.r[2], table.r[3]], [0x4000_4000, 0]);
});

Deno.test("MRC to APSR_nzcv moves the top four bits to the flags", () => {
  // mcr p15, 0, r1, c13, c0, 3; mrc p15, 0, APSR_nzcv, c13, c0, 3
  const out = play({ code: [0xee0d_1f70, 0xee1d_ff70], regs: { 1: 0xa7ff_ffff } });
  assert.equal(out.cpsr, 0xa000_01d3);
});

Deno.test("Coprocessor instructions that do not exist are UNDEFINED", () => {
  const CODES = [
    0xfe03_1f10, // mcr2 p15, 0, r1, c3, c0, 0
    0xee10_1710, // mrc p7, 0, r1, c0, c0, 0
    0xeca0_5e01, // stc p14, c5, [r0], #4
    0xee00_0f00, // cdp p15, 0, c0, c0, c0, 0
  ];
  for (const code of CODES) {
    for (const thumb of [false, true]) {
      assert.deepEqual(play({ code: [code], thumb }).pending, { kind: "undefined" });
    }
  }
});

Deno.test("CPS changes modes, and each mode has its SP, LR and SPSR", () => {
  // cps #17; mov sp, r0; msr SPSR_fsxc, r0; mov r8, r0; cps #19; mrs r1, SPSR; mov r2, sp; cps #17; mrs r3, SPSR; mov r4, sp
  const out = play({
    code: [
      ...[0xf102_0011, 0xe1a0_d000, 0xe16f_f000, 0xe1a0_8000],
      ...[0xf102_0013, 0xe14f_1000, 0xe1a0_200d, 0xe1a0_7008],
      ...[0xf102_0011, 0xe14f_3000, 0xe1a0_400d, 0xe1a0_5008],
    ],
    regs: { 0: 0x6000_0013 },
  });
  assert.deepEqual(out.r.slice(1, 6), [0, 0x1111_000d, 0x6000_0013, 0x6000_0013, 0x6000_0013]);
  assert.equal(out.r[7], 0x1111_0008);
  assert.equal(out.cpsr & 0x1f, 0x11);
});

Deno.test("SRS stores LR and SPSR on another mode's stack", () => {
  const code = [0xf96d_0513]; // srsdb sp!, #19
  const enter: Scene["setup"] = (rig) => {
    rig.system.modes.set_banked_sp(0x13, DATA + 8);
    rig.system.modes.set_cpsr(0x1d2);
    rig.cpu.set_reg(14, 0x1234);
    rig.system.modes.msr_spsr(0x6000_0010, -1);
  };
  for (const thumb of [false, true]) {
    const then_svc = thumb ? [0xe82d_c013, 0xf3af_8113] : [...code, 0xf102_0013]; // cps #19
    const out = play({
      code: then_svc,
      thumb,
      setup: (rig) => {
        enter(rig);
        rig.cpu.set(STATE.thumb, thumb ? 1 : 0);
      },
    });
    assert.deepEqual([out.memory.get(DATA), out.memory.get(DATA + 4)], [0x1234, 0x6000_0010]);
    assert.equal(out.r[13], DATA);
  }
  assert.deepEqual(play({ code, cpsr: 0x1df }).pending, { kind: "undefined" });
});

Deno.test("RFE goes on where the saved PC and CPSR say", () => {
  const memory = { [DATA]: 0x4000_2002, [DATA + 4]: 0x2000_0033 };
  const CASES = [[0xf8b0_0a00, 0, false], [0xe9b0_c000, 0, true], [0xf930_0a00, 8, false]] as const;
  for (const [code, offset, thumb] of CASES) {
    const out = play({ code: [code], thumb, regs: { 0: DATA + offset }, memory });
    assert.equal(out.pc, 0x4000_2002);
    assert.equal(out.cpsr, 0x2000_0033);
    assert.equal(out.r[0], DATA + 8 - 2 * offset + offset);
  }
  assert.deepEqual(play({ code: [0xf8b0_0a00], cpsr: 0x10 }).pending, { kind: "undefined" });
});

Deno.test("WFI waits unless an interrupt is pending; the instruction completes", () => {
  const wfi = 0xe320_f003;
  assert.deepEqual(
    ((o) => [o.exit, o.pc])(play({ code: [wfi] })),
    [EXIT.wait, CODE + 4],
  );
  const pending = play({ code: [wfi], setup: ({ cpu }) => cpu.set_lines(true, false) });
  assert.deepEqual([pending.exit, pending.pc], [EXIT.none, CODE + 4]);
});

Deno.test("WFE takes the event that SEV left, and else waits", () => {
  const sev = 0xe320_f004, wfe = 0xe320_f002;
  assert.equal(play({ code: [sev, wfe] }).exit, EXIT.none);
  assert.equal(play({ code: [sev, wfe, wfe] }).exit, EXIT.wait);
});

Deno.test("Hints and barriers do nothing that a register shows", () => {
  const A32 = [0xe320_f000, 0xe320_f0f3, 0xe320_f05a, 0xf57f_f06f, 0xf57f_f05b, 0xf57f_f04f];
  const out = play({ code: A32 });
  assert.equal(out.pc, CODE + 4 * A32.length);
  assert.deepEqual(out.r, Array.from({ length: 15 }, (_, i) => 0x1111_0000 + i));
  const T32 = [0xbf00, 0xbf60, 0xf3af_80f3, 0xf3bf_8f6f, 0xf3bf_8f5b, 0xf3bf_8f4f];
  assert.equal(play({ code: T32, thumb: true }).pc, CODE + 4 + 4 * 4);
});

Deno.test("Unmasking a pending interrupt ends the run of instructions", () => {
  for (const code of [0xf108_0080, 0xe121_f000]) { // cpsie i; msr CPSR_c, r0
    const out = play({
      code: [code],
      regs: { 0: 0x53 },
      setup: ({ cpu }) => cpu.set_lines(true, false),
    });
    assert.deepEqual([out.exit, out.pc], [EXIT.resume, CODE + 4]);
  }
});
