import assert from "node:assert/strict";
import { InterpreterEngine } from "../engine/interpreter.ts";
import { ReferenceEngine } from "../engine/reference.ts";
import { EXIT, MAP_BIAS, MEM, STATE } from "../state.ts";
import { flat_cpu, place_code } from "../testing/flat.ts";
import { Decoder, find_overlaps } from "./decoder.ts";
import { NEON_ROWS } from "./neon_rows.ts";
import {
  CASE_MEMORY,
  hash_state,
  load_state,
  make_state,
  random_numbers,
  save_state,
} from "./neon_test_state.ts";
import { extract_fields, type Isa, type Row } from "./row.ts";

const CONTEXT = { in_it: false, it_last: true, it_first: false };
const decoder = new Decoder(NEON_ROWS);
const cpu = flat_cpu();
const engine = new ReferenceEngine(cpu);

/** Executes one instruction on the state of `seed`; whether it completed. */
function execute(isa: Isa, word: number, seed: number): boolean {
  const insn = decoder.decode(isa, word, CONTEXT);
  assert.ok(insn, `${isa} ${word.toString(16)} is UNDEFINED`);
  load_state(cpu, make_state(seed, extract_fields(insn.row, word).Rn));
  engine.execute(insn.decoded);
  return cpu.get(STATE.exit) === EXIT.none;
}

/** Instructions of `row` that its test hints allow. */
function* draw(row: Row, count: number, random: () => number): Generator<number> {
  for (let found = 0; found < count;) {
    const free = ~(row.mask | row.sb_mask);
    let word = (random() & free) | row.value | row.sb_value;
    if (row.conditional) word = (word & 0x0fff_ffff) | 0xe000_0000;
    const f = extract_fields(row, word);
    if ((f.Rn ?? 0) > 12 || (f.Rm ?? 0) === 14 || (f.Rt ?? 0) > 12) continue;
    if (row.test.valid && !row.test.valid(f)) continue;
    found++;
    yield word >>> 0;
  }
}

/**
 * neon_cases.txt was recorded with `qemu-arm -cpu cortex-a15`: for each row of the tables
 * `instruction:seed:hash of the state afterwards`, hexadecimal; "fault" for an alignment fault.
 */
Deno.test("every integer Advanced SIMD instruction leaves the state that QEMU leaves", async () => {
  const text = await Deno.readTextFile(new URL("neon_cases.txt", import.meta.url));
  const covered = new Set<string>();
  for (const line of text.trim().split("\n")) {
    const [isa, name, ...cases] = line.split(" ");
    covered.add(`${isa} ${name}`);
    for (const item of cases) {
      const [word, seed, want] = item.split(":");
      const completed = execute(isa as Isa, parseInt(word!, 16), parseInt(seed!, 16));
      const qc = cpu.get(STATE.fp_qc) !== 0;
      const got = completed ? hash_state(save_state(cpu), qc).toString(16) : "fault";
      assert.equal(got, want, `${isa} ${name} ${item}`);
    }
  }
  for (const row of NEON_ROWS) assert.ok(covered.has(`${row.isa} ${row.name}`), row.name);
});

Deno.test("Advanced SIMD rows do not overlap and read only fields they have", () => {
  assert.deepEqual(find_overlaps(NEON_ROWS), []);
  const random = random_numbers(77);
  for (const row of NEON_ROWS) {
    for (const word of draw(row, 20, random)) {
      const fields = new Proxy(extract_fields(row, word), {
        get(target, key) {
          if (row.conditional || key !== "cond") {
            assert.ok(String(key) in target, `${row.name} reads ${String(key)}`);
          }
          return target[String(key)];
        },
      });
      assert.ok(row.decode(fields, CONTEXT), `${row.name} ${word.toString(16)}`);
      assert.match(row.asm(fields, 0), /^v[a-z]+\S* \S/);
    }
  }
});

Deno.test("A32 and T32 encodings of an Advanced SIMD instruction mean the same", () => {
  const random = random_numbers(78);
  const twins = new Map(NEON_ROWS.filter((r) => r.isa === "t32").map((r) => [r.name, r]));
  for (const row of NEON_ROWS) {
    if (row.isa !== "a32") continue;
    const twin = twins.get(row.name)!;
    for (const word of draw(row, 5, random)) {
      const f = extract_fields(row, word);
      assert.equal(twin.asm(f, 0), row.asm(f, 0));
      const a = row.decode(f, CONTEXT)!, b = twin.decode(f, CONTEXT)!;
      assert.deepEqual([a.op.name, a.statics, a.operands], [b.op.name, b.statics, b.operands]);
    }
  }
});

Deno.test("Advanced SIMD with odd Q registers or reserved sizes is UNDEFINED", () => {
  const words = [
    0xf200_1842, // vadd.i8 q with Vd odd
    0xf231_1101, // vaddl without a Q destination: Vd odd
    0xf230_0000, // size 11 of a halving add
    0xf200_0b00, // vqdmulh.s8
    0xf3bb_0500, // vcnt.32
    0xf280_1e3f, // a modified immediate with cmode 1110, op 1, Vd even: defined
  ];
  const defined = words.map((w) => decoder.decode("a32", w, CONTEXT) !== undefined);
  assert.deepEqual(defined, [false, false, false, false, false, true]);
});

Deno.test("Advanced SIMD raises Undefined while it is disabled, without touching registers", () => {
  const random = random_numbers(79);
  const before = cpu.get(STATE.simd_enabled);
  cpu.set(STATE.simd_enabled, 0);
  try {
    for (const row of NEON_ROWS) {
      for (const word of draw(row, 1, random)) {
        // Moves of words are VFP's.
        if (/^vmov\.32/.test(row.asm(extract_fields(row, word), 0))) continue;
        assert.equal(execute(row.isa, word, 1), false, row.name);
        assert.deepEqual(cpu.pending, { kind: "undefined" });
        const rn = extract_fields(row, word).Rn;
        assert.deepEqual(save_state(cpu), make_state(1, rn), row.name);
      }
    }
  } finally {
    cpu.set(STATE.simd_enabled, before);
  }
});

Deno.test("VLD1 faults at its own address when its alignment is not satisfied", () => {
  const vld1_aligned_256 = 0xf420_023f; // vld1.8 {d0, d1, d2, d3}, [r0:256]
  for (const [offset, faults] of [[0, false], [32, false], [16, true], [1, true]] as const) {
    load_state(cpu, make_state(5, undefined));
    const before = save_state(cpu);
    cpu.set_reg(0, CASE_MEMORY.address + offset);
    engine.execute(decoder.decode("a32", vld1_aligned_256, CONTEXT)!.decoded);
    assert.equal(cpu.get(STATE.exit) === EXIT.exception, faults, `offset ${offset}`);
    if (!faults) continue;
    assert.deepEqual(cpu.pending, {
      kind: "data_abort",
      address: CASE_MEMORY.address + offset,
      status: 1,
    });
    assert.deepEqual(save_state(cpu).v, before.v);
  }
});

/** Halves of every doubleword exchanged. */
function exchange_words(bytes: Uint8Array): Uint8Array {
  return bytes.map((_, i) => bytes[i ^ 4]!);
}

Deno.test("structures with CPSR.E set move element by element to the same places", () => {
  // The flat memory does not swap bytes, so only the order of words in doublewords differs.
  const random = random_numbers(80);
  const rows = NEON_ROWS.filter((r) => r.isa === "a32" && r.name.includes("_multiple_"));
  for (const row of rows) {
    for (const word of draw(row, 12, random)) {
      const f = extract_fields(row, word);
      const seed = random() & 0xffff;
      if (!execute("a32", word, seed)) continue;
      const little = save_state(cpu);
      const start = make_state(seed, f.Rn);
      const offset = start.r[f.Rn!]! - CASE_MEMORY.address;
      if (f.size === 3 && offset % 8 !== 0) continue;
      if (f.size === 3) start.memory.set(exchange_words(start.memory));
      load_state(cpu, start);
      cpu.set(STATE.cpsr, 0x210);
      try {
        engine.execute(decoder.decode("a32", word, CONTEXT)!.decoded);
      } finally {
        cpu.set(STATE.cpsr, 0x10);
      }
      const big = save_state(cpu);
      if (f.size === 3) big.memory.set(exchange_words(big.memory));
      assert.deepEqual(big, little, row.asm(f, 0));
    }
  }
});

Deno.test("Advanced SIMD disassembles to UAL", () => {
  const texts: readonly (readonly [number, string])[] = [
    [0xf222_0846, "vadd.i32 q0, q1, q3"],
    [0xf302_102f, "vhadd.u8 d1, d2, d31"],
    [0xf23e_24d4, "vqshl.s64 q1, q2, q15"],
    [0xf231_0112, "vorn d0, d1, d2"],
    [0xf22a_815a, "vmov q4, q5"],
    [0xf314_3a15, "vpmin.u16 d3, d4, d5"],
    [0xf394_2c6b, "vqdmulh.s16 q1, q2, d3[3]"],
    [0xf3a2_2263, "vmlal.u32 q1, d2, d3[1]"],
    [0xf28e_0eaf, "vmull.p8 q0, d30, d31"],
    [0xf280_e189, "vaddw.s8 q7, q8, d9"],
    [0xf3a4_1606, "vrsubhn.i64 d1, q2, q3"],
    [0xf390_0152, "vsra.u16 q0, q1, #16"],
    [0xf3bf_1612, "vqshlu.s32 d1, d2, #31"],
    [0xf29b_3858, "vrshrn.i32 d3, q4, #5"],
    [0xf3a0_585c, "vqrshrun.s64 d5, q6, #32"],
    [0xf388_4a13, "vmovl.u8 q2, d3"],
    [0xf3b6_4303, "vshll.i16 q2, d3, #16"],
    [0xf3b4_4085, "vrev32.16 d4, d5"],
    [0xf3b1_2244, "vclt.s8 q1, q2, #0"],
    [0xf3b6_21c4, "vzip.16 q1, q2"],
    [0xf3b2_7260, "vqmovun.s16 d7, q8"],
    [0xf281_0a32, "vmvn.i16 d0, #0x1200"],
    [0xf382_2e76, "vmov.i64 q1, #0xff00ff0000ffff00"],
    [0xf385_2f18, "vmov.f32 d2, #-0.375"],
    [0xf287_657f, "vbic.i32 q3, #0x7f0000"],
    [0xf2b4_2946, "vext.8 q1, q2, q3, #9"],
    [0xf3b2_1a45, "vtbx.8 d1, {d2, d3, d4}, d5"],
    [0xf3be_2c42, "vdup.16 q1, d2[3]"],
    [0xeec1_2b10, "vdup.8 d1, r2"],
    [0x0e63_4b70, "vmoveq.8 d3[7], r4"],
    [0xee36_5b30, "vmov.s16 r5, d6[2]"],
    [0xf420_061d, "vld1.8 {d0, d1, d2}, [r0:64]!"],
    [0xf401_3962, "vst2.16 {d3, d5}, [r1:128], r2"],
    [0xf424_148f, "vld3.32 {d1, d2, d3}, [r4]"],
    [0xf485_037f, "vst4.8 {d0[3], d1[3], d2[3], d3[3]}, [r5:32]"],
    [0xf4a6_1d77, "vld2.16 {d1[], d3[]}, [r6:32], r7"],
    [0xf4a8_0fdf, "vld4.32 {d0[], d1[], d2[], d3[]}, [r8:128]"],
  ];
  for (const [word, text] of texts) {
    const insn = decoder.decode("a32", word, CONTEXT)!;
    assert.equal(insn.row.asm(extract_fields(insn.row, word), 0), text);
  }
});

Deno.test("the interpreter's direct accesses move unaligned and page-crossing structures", () => {
  const interpreter = new InterpreterEngine(cpu);
  const map_index = (MEM.maps >> 2) + (CASE_MEMORY.address >>> 12);
  const page = cpu.u8.subarray(CASE_MEMORY.at, CASE_MEMORY.at + 0x2000);
  const random = random_numbers(81);
  const state = make_state(random(), undefined);
  const run = (word: number, address: number, step: () => void): Uint8Array => {
    load_state(cpu, state);
    page.forEach((_, i) => page[i] = Math.imul(i, 0x9e37) >>> 8);
    cpu.set_reg(0, address);
    place_code(cpu, [word]);
    step();
    assert.equal(cpu.get(STATE.exit), EXIT.none);
    return new Uint8Array([...save_state(cpu).v, ...page]);
  };
  const words = [
    0xf420_020d, // vld1.8 {d0, d1, d2, d3}, [r0]!
    0xf420_a30f, // vld2.8 {d10, d11, d12, d13}, [r0]
    0xf420_0a8f, // vld1.32 {d0, d1}, [r0]
    0xf400_004f, // vst4.16 {d0, d1, d2, d3}, [r0]
    0xf400_040f, // vst3.8 {d0, d1, d2}, [r0]
    0xf400_070d, // vst1.8 {d0}, [r0]!
  ];
  try {
    cpu.i32.fill(MEM.guest_ram - 0x4000_0000 - MAP_BIAS, map_index, map_index + 2);
    for (const word of words) {
      for (const offset of [0, 1, 4, 0xfe0, 0xfe7, 0xff1, 0xffc, 0xfff]) {
        const address = CASE_MEMORY.address + offset;
        const want = run(word, address, () => engine.step());
        const got = run(word, address, () => interpreter.step());
        assert.deepEqual(got, want, `${word.toString(16)} at page offset ${offset}`);
      }
    }
  } finally {
    cpu.i32.fill(0, map_index, map_index + 2);
  }
});
