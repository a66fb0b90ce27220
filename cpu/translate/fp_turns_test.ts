/**
 * Translated floating-point and vector code, stopped everywhere: V registers in several views,
 * FPSCR's modes and flags, faults in the middle of lists. The reference engine does the same beside it.
 *
 * @module
 */
import assert from "node:assert/strict";
import { set_fpscr } from "../fpscr.ts";
import { EXIT, STATE } from "../state.ts";
import { SCTLR } from "../system/sys_regs.ts";
import { RAM, type Rig } from "../system/testing.ts";
import { DATA, PAGES, type Program, Stage, TABLE } from "../testing/turns.ts";

const CODE = RAM.base + 0x1000;

let shared: Stage | undefined;
function stage(): Stage {
  return shared ??= new Stage();
}

const bits = new DataView(new ArrayBuffer(8));
function f32(value: number): number {
  bits.setFloat32(0, value);
  return bits.getInt32(0);
}

/** Words that are numbers of both precisions, some of them unusual. */
function data(unusual: boolean): Record<number, number> {
  const odd = [0, 0x8000_0000, 1, 0x7f80_0000, 0x7fa0_0000, 0x0080_0000, 0x7ff0_0000, 0x000f_ffff];
  return Object.fromEntries(
    Array.from({ length: 0x100 }, (_, i) => {
      const usual = f32(1 + i / 7);
      return [DATA + 4 * i, unusual && i % 3 === 0 ? odd[(i / 3) % odd.length]! : usual];
    }),
  );
}

/** Numbers in the V registers, and FPSCR. */
function numbers(fpscr: number): (rig: Rig) => void {
  return ({ cpu }) => {
    for (let i = 0; i < 64; i++) {
      cpu.set_vword(i, i & 1 ? 0x3ff0_0000 + 0x1_0000 * i : f32(i + 0.3));
    }
    set_fpscr(cpu, fpscr);
  };
}

const INEXACT = 1 << 4, FLUSH = 1 << 24;

/** The same places as bytes, words, doublewords and vectors. */
const VIEWS = [
  0xed941a00, // vldr s2, [r4]
  0xed945b02, // vldr d5, [r4, #8]
  0xee711a01, // vadd.f32 s3, s2, s2
  0xee312b05, // vadd.f64 d2, d1, d5
  0xec576b12, // vmov r6, r7, d2
  0xee236b10, // vmov.32 d3[1], r6
  0xee437b50, // vmov.8 d3[2], r7
  0xf3028154, // veor q4, q1, q2
  0xee081a90, // vmov s17, r1
  0xf2189803, // vadd.i16 d9, d8, d3
  0xf4059a8d, // vst1.32 {d9-d10}, [r5]!
  0xf4241a0d, // vld1.8 {d1-d2}, [r4]!
  0xed854b01, // vstr d4, [r5, #4]
  0xeeb98b70, // vmov.u16 r8, d9[3]
  0xee250b05, // vmul.f64 d0, d5, d5
  0xf2b8a340, // vext.8 q5, q4, q0, #3
  0xeca58b06, // vstmia r5!, {d8-d10}
  0xe2511001, // subs r1, r1, #1
  0x1affffec, // bne 1b
  0xef000000, // svc 0x00000000
];

/** FPSCR read and written in the loop, with a rounding mode after the other, and flushing. */
const MODES = [
  0xed941a00, // vldr s2, [r4]
  0xee810a20, // vdiv.f32 s0, s2, s1
  0xeef16a10, // vmrs r6, fpscr
  0xe0877006, // add r7, r7, r6
  0xee002a00, // vmla.f32 s4, s0, s0
  0xe2899501, // add r9, r9, #4194304
  0xe2098507, // and r8, r9, #29360128
  0xeee18a10, // vmsr fpscr, r8
  0xee243b04, // vmul.f64 d3, d4, d4
  0xee355b03, // vadd.f64 d5, d5, d3
  0xeeb45b44, // vcmp.f64 d5, d4
  0xeef1fa10, // vmrs APSR_nzcv, fpscr
  0x428aa001, // addmi r10, r10, #1
  0xce002a01, // vmlagt.f32 s4, s0, s2
  0xeeb13ac1, // vsqrt.f32 s6, s2
  0xf3008d52, // vmul.f32 q4, q0, q1
  0xeebdaac1, // vcvt.s32.f32 s20, s2
  0xe2844004, // add r4, r4, #4
  0xe2511001, // subs r1, r1, #1
  0x1affffeb, // bne 1b
  0xef000000, // svc 0x00000000
];

for (const [name, code] of Object.entries({ views: VIEWS, modes: MODES })) {
  Deno.test(`Translated floating-point code stops exactly after any budget (${name})`, () => {
    for (const unusual of [false, true]) {
      for (const fpscr of [0, INEXACT, INEXACT | FLUSH, 3 << 22]) {
        const program: Program = {
          at: CODE,
          code: { [CODE]: code },
          regs: { 1: 9, 4: DATA, 5: DATA + 0x800 },
          memory: data(unusual),
          setup: numbers(fpscr),
        };
        stage().agree(program);
        for (let budget = 1; budget < 60; budget += 3) {
          stage().agree(program, { budget, keep: true });
        }
      }
    }
  });
}

/** Lists and structures, that may lie in two pages. */
const LISTS = [
  0xec940b08, // vldmia r4, {d0-d3}
  0xf2204842, // vadd.i32 q2, q0, q1
  0xf4248a4d, // vld1.16 {d8-d9}, [r4]!
  0xee001a90, // vmov s1, r1
  0xf4054a8d, // vst1.32 {d4-d5}, [r5]!
  0xecc50a04, // vstmia r5, {s1-s4}
  0xf424c30f, // vld2.8 {d12-d15}, [r4]
  0xf405454f, // vst3.16 {d4,d6,d8}, [r5]
  0xe2511001, // subs r1, r1, #1
  0x1afffff5, // bne 1b
  0xef000000, // svc 0x00000000
];

/** Normal memory, all rights. */
const PAGE = 0x3e;
function map_page(rig: Rig, page: number, there: boolean): void {
  rig.poke(PAGES + 4 * page, there ? (RAM.base + page * 0x1000) | PAGE : 0);
}

Deno.test("A fault in a translated list of V registers is where the reference engine has it", () => {
  const end = DATA + 0x1000;
  for (const pointer of [4, 5]) {
    for (const before of [16, 20, 40, 43, 64, 66, 100]) {
      const program: Program = {
        at: CODE,
        code: { [CODE]: LISTS },
        regs: { 1: 20, 4: DATA, 5: DATA + 0x800, [pointer]: end - before },
        memory: data(true),
        setup: (rig) => {
          numbers(INEXACT)(rig);
          rig.poke(TABLE + (RAM.base >>> 20) * 4, PAGES | 1);
          for (let page = 0; page < 256; page++) map_page(rig, page, page !== 9);
          rig.mmu({ ttbr0: TABLE });
        },
      };
      let faults = 0;
      const on_stop = (rig: Rig): void => {
        const taken = rig.taken();
        assert.equal(taken?.kind, "data_abort");
        // An unaligned list never goes on.
        rig.cpu.set_reg(pointer, rig.cpu.reg(pointer) & ~3);
        map_page(rig, 9, true);
        rig.system.maps.flush_page(end);
        assert.ok(faults < 100, "it does not go on");
        faults++;
      };
      const stops = stage().agree(program, { on_stop });
      assert.ok(faults >= 2, `${faults} faults`);
      assert.equal(stops[0]!.exit, EXIT.exception);
      stage().agree(program, { on_stop, keep: true });
    }
  }
});

Deno.test("Elements that are not aligned are accessed, or fault when SCTLR.A says so", () => {
  const program: Program = {
    at: CODE,
    code: {
      [CODE]: [
        0xf4240a8d, // 1: vld1.32 {d0-d1}, [r4]!
        0xf2200842, // vadd.i32 q0, q0, q1
        0xf4050a8d, // vst1.32 {d0-d1}, [r5]!
        0xf4a4680d, // vld1.32 {d6[0]}, [r4]!
        0xf484444d, // vst1.16 {d4[1]}, [r4]!
        0xe2511001, // subs r1, r1, #1
        0x1afffff8, // bne 1b
        0xef000000, // svc #0
      ],
    },
    regs: { 1: 30, 4: DATA + 1, 5: DATA + 0x802 },
    memory: data(true),
    setup: numbers(INEXACT),
  };
  assert.equal(stage().agree(program).length, 1);
  const strict: Program = {
    ...program,
    setup: (rig) => {
      numbers(INEXACT)(rig);
      rig.system.regs.sctlr |= SCTLR.A;
    },
  };
  let faults = 0;
  const on_stop = (rig: Rig): void => {
    assert.equal(rig.taken()?.kind, "data_abort");
    for (const r of [4, 5]) rig.cpu.set_reg(r, rig.cpu.reg(r) & ~3);
    faults++;
  };
  for (const keep of [false, true]) stage().agree(strict, { keep, on_stop });
  assert.ok(faults >= 4, `${faults} faults`);
});

Deno.test("Translated code finds floating point disabled where it is entered", () => {
  const program: Program = {
    at: CODE,
    code: { [CODE]: VIEWS },
    regs: { 1: 9, 4: DATA, 5: DATA + 0x800 },
    memory: data(false),
    setup: numbers(INEXACT),
  };
  stage().agree(program);
  let undefined_ones = 0;
  const on_stop = (rig: Rig, stop: number): void => {
    const { cpu, system } = rig;
    if (cpu.get(STATE.exit) === EXIT.exception) {
      assert.equal(rig.taken()?.kind, "undefined");
      undefined_ones++;
    }
    system.fp.set_fpexc(stop % 3 === 1 ? 0 : 1 << 30);
  };
  stage().agree(program, { budget: 7, keep: true, on_stop });
  assert.ok(undefined_ones > 5, `${undefined_ones} undefined`);
});
