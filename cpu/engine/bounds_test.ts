/**
 * Generated code runs without V8's checks of addresses (docs/architecture.md, "No bounds checks"):
 * what that rests on.
 *
 * @module
 */
import assert from "node:assert/strict";
import { Cpu, new_cpu_memory } from "../cpu.ts";
import { Builder } from "../ir/builder.ts";
import { EXIT, MEM, STATE } from "../state.ts";
import { System } from "../system/system.ts";
import { TranslatorEngine } from "../translate/translator.ts";
import { Code, Module } from "../../wasm/encoder.ts";
import { ProgramEmitter } from "./emit.ts";
import type { Engine } from "./engine.ts";
import { InterpreterEngine } from "./interpreter.ts";
import { ReferenceEngine } from "./reference.ts";

/** As much RAM as the memory holds: it ends where the memory does. */
const RAM = { base: MEM.guest_ram, size: 2 ** 32 - MEM.guest_ram };
const CODE = RAM.base + 0x1000;
const END = 0x1_0000_0000;

const ACCESSES: Readonly<Record<string, number>> = {
  "ldr r0, [r1]": 0xe591_0000,
  "ldrsb r0, [r1]": 0xe1d1_00d0,
  "ldrsh r0, [r1]": 0xe1d1_00f0,
  "ldrt r0, [r1]": 0xe4b1_0000,
  "ldrd r2, r3, [r1]": 0xe1c1_20d0,
  "ldm r1, {r2, r3, r5, r6}": 0xe891_006c,
  "str r0, [r1]": 0xe581_0000,
  "strb r0, [r1]": 0xe5c1_0000,
  "strh r0, [r1]": 0xe1c1_00b0,
  "strt r0, [r1]": 0xe4a1_0000,
  "strd r2, r3, [r1]": 0xe1c1_20f0,
  "stm r1, {r2, r3, r5, r6}": 0xe881_006c,
  "ldrexd r2, r3, [r1]": 0xe1b1_2f9f,
  "vldr s0, [r1]": 0xed91_0a00,
  "vstr d1, [r1]": 0xed81_1b00,
  "vldm r1, {d0-d3}": 0xec91_0b08,
  "vstm r1, {d0-d3}": 0xec81_0b08,
  "vld1.8 {d0}, [r1]": 0xf421_070f,
  "vst1.8 {d0-d3}, [r1]": 0xf401_020f,
  "vld1.16 {d0-d1}, [r1]": 0xf421_0a4f,
  "vld4.8 {d0-d3}, [r1]": 0xf421_000f,
  "vst2.32 {d0-d1}, [r1]": 0xf401_088f,
  "vld3.16 {d0[1], d1[1], d2[1]}, [r1]": 0xf4a1_064f,
};

interface Machine {
  readonly cpu: Cpu;
  readonly system: System;
}

/** Puts `insn` into a loop for an engine. */
function write_code({ cpu, system }: Machine, engine: Engine, insn: number): void {
  // mov r4, #6; 1: the access; subs r4, #1; bne 1b; svc #0
  const code = [0xe3a0_4006, insn, 0xe254_4001, 0x1aff_fffc, 0xef00_0000];
  const at = cpu.code_address(CODE);
  code.forEach((word, i) => cpu.u32[(at >> 2) + i] = word);
  system.maps.code = engine;
  engine.page_written(CODE & ~0xfff, CODE & 0xfff, 4 * code.length);
  engine.flush_tlb();
}

/** Executes the loop with an address; everything that it has left. */
function perform({ cpu, system }: Machine, engine: Engine, address: number): string {
  system.reset();
  system.regs.cpacr = 0x00f0_0000;
  system.fp.set_fpexc(1 << 30);
  for (let i = 0; i < 64; i++) cpu.u8[END - 64 + i] = 3 * i + 1;
  for (let i = 0; i < 15; i++) cpu.set_reg(i, 0x1111_0000 + i);
  for (let d = 0; d < 4; d++) cpu.set_dreg(d, 0x0123_4567_89ab_cde0n + BigInt(d));
  cpu.set_reg(1, address);
  system.context_changed();
  cpu.set(STATE.pc, CODE);
  while (cpu.get(STATE.exit) === EXIT.none) {
    cpu.set(STATE.budget, 100);
    engine.run();
  }
  const exit = cpu.get(STATE.exit);
  return JSON.stringify({
    exit,
    raised: exit === EXIT.exception ? cpu.pending : cpu.mmio.address,
    pc: cpu.get(STATE.pc),
    registers: Array.from({ length: 15 }, (_, i) => cpu.reg(i)),
    vectors: Array.from({ length: 4 }, (_, d) => String(cpu.dreg(d))),
    memory: [...cpu.u8.subarray(END - 64, END)],
  });
}

Deno.test("no access leaves the memory, at its very end, on any engine", () => {
  const cpu = new Cpu(new_cpu_memory(RAM.size));
  const machine = { cpu, system: new System(cpu, RAM) };
  const translator = new TranslatorEngine(cpu, { sample_every: 1, hot: 1, batch: 1 });
  const engines = [new ReferenceEngine(cpu), translator, new InterpreterEngine(cpu)];
  const addresses = Array.from({ length: 34 }, (_, i) => END - 34 + i);
  let ended_well = 0;
  for (const [text, insn] of Object.entries(ACCESSES)) {
    const [expected, ...others] = engines.map((engine) => {
      write_code(machine, engine, insn);
      return addresses.map((address) => perform(machine, engine, address));
    });
    for (const got of others) assert.deepEqual(got, expected, text);
    ended_well += expected!.filter((outcome) => outcome.includes('"svc"')).length;
  }
  assert.ok(ended_well > 300, `${ended_well} accesses do not fault`);
  assert.ok(translator.statistics.regions! >= Object.keys(ACCESSES).length);
});

Deno.test("generated code takes no memory but one of 4 GiB", () => {
  const module = new WebAssembly.Module(new Module().finish());
  const memory = new WebAssembly.Memory({ initial: 65535, maximum: 65535, shared: true });
  assert.throws(
    () => new WebAssembly.Instance(module, { env: { memory } }),
    WebAssembly.LinkError,
  );
  const whole = new_cpu_memory(RAM.size);
  assert.ok(new WebAssembly.Instance(module, { env: { memory: whole } }));
  assert.equal(whole.buffer.byteLength, END);
  // MAP_BIAS would lead past the end from a page at 0.
  assert.ok(MEM.guest_ram >= 0x1000);
  assert.equal(MEM.guest_ram + RAM.size, END);
});

Deno.test("a V register's index cannot be computed", () => {
  const b = new Builder();
  b.set(STATE.zf, b.v(b.reg(1), "i32"));
  const code = new Code(1);
  const emitter = new ProgramEmitter({
    code,
    imports: {} as never,
    operand: () => {},
    pc: () => {},
    mark: () => {},
    leave: () => {},
    branch: () => {},
    branch_to: () => {},
  });
  assert.throws(() => emitter.emit(b.finish()), /must be an operand/);
});

Deno.test("a direct access stays within its range", () => {
  const b = new Builder();
  const range = b.range(b.reg(1), 24, 7, { write: false });
  b.direct_load(range, 8, "v128");
  for (const offset of [-8, 9, 16, 24]) {
    assert.throws(() => b.direct_load(range, offset, "v128"), RangeError);
  }
  assert.throws(() => b.direct_store(range, 20, "i64", b.constant("i64", 0n)), RangeError);
  assert.throws(() => b.direct_load(b.reg(1), 0, "i32"), TypeError);
});
