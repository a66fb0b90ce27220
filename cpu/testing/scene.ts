/**
 * Short pieces of code, executed by both engines on a CPU with its system level, in any mode.
 *
 * @module
 */
import assert from "node:assert/strict";
import type { PendingException } from "../cpu.ts";
import { decode_a32, decode_thumb } from "../engine/fetch.ts";
import type { Engine } from "../engine/engine.ts";
import { InterpreterEngine } from "../engine/interpreter.ts";
import { ReferenceEngine } from "../engine/reference.ts";
import { extract_fields, type Isa } from "../isa/row.ts";
import { EXIT, STATE } from "../state.ts";
import { RAM, Rig } from "../system/testing.ts";

/** Where a scene's code is. */
export const CODE = RAM.base + 0x1000;
/** Where a scene may keep data. */
export const DATA = RAM.base + 0x8000;

/** A piece of code and what it starts from. */
export interface Scene {
  /** A list of instructions: A32 words, T16 halfwords, T32 words as first:second. */
  readonly code: readonly number[];
  readonly thumb?: boolean;
  /** Where it is; {@link CODE} unless told. */
  readonly at?: number;
  /** Instructions to execute; all unless told. */
  readonly steps?: number;
  /** General registers by number; the others are 0x1111_0000 + number. */
  readonly regs?: Readonly<Record<number, number>>;
  /** Words of memory by address. */
  readonly memory?: Readonly<Record<number, number>>;
  /** CPSR without T; SVC mode with interrupts masked unless told. */
  readonly cpsr?: number;
  /** What else is to be done before. */
  readonly setup?: (rig: Rig) => void;
}

/** How a scene ended. */
export interface Outcome {
  /** r0 to r14 of the final mode, unsigned. */
  readonly r: readonly number[];
  readonly pc: number;
  /** The whole CPSR, T and IT included, unsigned. */
  readonly cpsr: number;
  readonly spsr: number;
  readonly pending: PendingException | undefined;
  readonly exit: number;
  /** The words that `memory` named, and those around {@link DATA}. */
  readonly memory: ReadonlyMap<number, number>;
}

let stage: { rig: Rig; engines: Engine[] } | undefined;

function make_stage(): { rig: Rig; engines: Engine[] } {
  const rig = new Rig();
  return { rig, engines: [new ReferenceEngine(rig.cpu), new InterpreterEngine(rig.cpu)] };
}

/** Halfwords of Thumb code. */
function halves(code: readonly number[]): number[] {
  return code.flatMap((i) => i > 0xffff ? [i >>> 16, i & 0xffff] : [i]);
}

function perform(rig: Rig, engine: Engine, scene: Scene): Outcome {
  const { cpu, system } = rig;
  rig.reset();
  cpu.set_lines(false, false);
  system.maps.code = engine;
  const at = scene.at ?? CODE;
  const bytes = cpu.code_address(at);
  if (scene.thumb) halves(scene.code).forEach((h, i) => cpu.u16[(bytes >>> 1) + i] = h);
  else scene.code.forEach((w, i) => cpu.u32[(bytes >>> 2) + i] = w);
  engine.page_written(at & ~0xfff, at & 0xfff, 0x100);
  engine.flush_tlb();
  system.modes.set_cpsr((scene.cpsr ?? 0x1d3) | (scene.thumb ? 0x20 : 0));
  for (let i = 0; i < 15; i++) cpu.set_reg(i, scene.regs?.[i] ?? 0x1111_0000 + i);
  for (const [address, word] of Object.entries(scene.memory ?? {})) rig.poke(+address, word);
  scene.setup?.(rig);
  cpu.set(STATE.pc, at);
  cpu.set(STATE.budget, 1000);
  const steps = scene.steps ?? scene.code.length;
  for (let i = 0; i < steps && cpu.get(STATE.exit) !== EXIT.exception; i++) {
    cpu.set(STATE.exit, EXIT.none);
    engine.step();
  }
  return outcome_of(rig, scene);
}

function outcome_of(rig: Rig, scene: Scene): Outcome {
  const { cpu, system } = rig;
  const memory = new Map<number, number>();
  for (let a = DATA - 0x40; a < DATA + 0x40; a += 4) memory.set(a, rig.peek(a));
  for (const a of Object.keys(scene.memory ?? {})) memory.set(+a, rig.peek(+a));
  return {
    r: Array.from({ length: 15 }, (_, i) => cpu.reg(i) >>> 0),
    pc: cpu.get(STATE.pc) >>> 0,
    cpsr: system.modes.get_cpsr() >>> 0,
    spsr: cpu.get(STATE.spsr) >>> 0,
    pending: cpu.get(STATE.exit) === EXIT.exception ? cpu.pending : undefined,
    exit: cpu.get(STATE.exit),
    memory,
  };
}

/** Executes a scene with each engine; both must come to the same end, which it returns. */
export function play(scene: Scene): Outcome {
  stage ??= make_stage();
  const { rig, engines } = stage;
  const [reference, interpreter] = engines.map((engine) => perform(rig, engine, scene));
  assert.deepEqual(interpreter, reference);
  return reference!;
}

/** The disassembly of one instruction at {@link CODE}. */
export function text_of(isa: Isa, word: number): string {
  const { row } = isa === "a32"
    ? decode_a32(word)
    : isa === "t16"
    ? decode_thumb(word, 0, 0)
    : decode_thumb(word >>> 16, word & 0xffff, 0);
  return row.asm(extract_fields(row, word), CODE);
}

/** An instruction, its text, what it starts from and the registers and memory it must leave. */
export type SceneCase = readonly [
  isa: Isa,
  word: number,
  text: string,
  before: Omit<Scene, "code" | "thumb">,
  after: {
    readonly regs?: Readonly<Record<number, number>>;
    readonly memory?: Readonly<Record<number, number>>;
    readonly pc?: number;
    /** Bits of CPSR under `0xf80f_03ff`. */
    readonly cpsr?: number;
    readonly raises?: PendingException;
  },
];

/** Defines a test for each case. Registers that `after` does not name must stay. */
export function test_scenes(cases: readonly SceneCase[]): void {
  cases.forEach(([isa, word, text, before, after], i) => {
    Deno.test(`${isa} "${text}" (${i})`, () => {
      assert.equal(text_of(isa, word), text);
      const out = play({ ...before, code: [word], thumb: isa !== "a32" });
      const regs = Array.from(
        { length: 15 },
        (_, n) => (after.regs?.[n] ?? before.regs?.[n] ?? 0x1111_0000 + n) >>> 0,
      );
      assert.deepEqual(out.pending, after.raises);
      assert.deepEqual(out.r.map(hex), regs.map(hex));
      const next = after.raises ? 0 : isa === "t16" ? 2 : 4;
      assert.equal(hex(out.pc), hex(after.pc ?? (before.at ?? CODE) + next));
      if (after.cpsr !== undefined) {
        assert.equal(hex(out.cpsr & 0xf80f_03ff), hex(after.cpsr));
      }
      for (const [address, value] of Object.entries({ ...before.memory, ...after.memory })) {
        assert.equal(hex(out.memory.get(+address) ?? 0), hex(value), hex(+address));
      }
    });
  });
}

const hex = (n: number): string => `0x${(n >>> 0).toString(16)}`;
