/**
 * Table-driven tests of single instructions: what goes in, what must come out.
 *
 * @module
 */
import assert from "node:assert/strict";
import type { Cpu } from "../cpu.ts";
import { decode_a32, decode_thumb } from "../engine/fetch.ts";
import { ReferenceEngine } from "../engine/reference.ts";
import { extract_fields, type Isa } from "../isa/row.ts";
import { EXIT, STATE } from "../state.ts";
import { flat_cpu, place_code } from "./flat.ts";

/** Where the instruction of a case is. */
export const CASE_ADDRESS = 0x4000_1000;

const NAMES = [
  ...["r0", "r1", "r2", "r3", "r4", "r5", "r6", "r7", "r8", "r9", "r10", "r11", "r12"],
  ...["sp", "lr"],
] as const;

/**
 * Registers by name, unsigned; what is not named is a value of its own before and the same after.
 * `flags` has a letter for each of NZCVQ that is given, a capital when it is set; before, the others
 * are clear. `pc` is where the next instruction is; `thumb` its instruction set.
 */
export type CaseState = { readonly [R in typeof NAMES[number] | "ge" | "pc"]?: number } & {
  readonly flags?: string;
  readonly thumb?: boolean;
};

/** The instruction word (a T32 one as first:second), its assembly, the state before and after. */
export type InsnCase = readonly [word: number, text: string, before: CaseState, after: CaseState];

/** Options of {@link test_cases}. */
export interface CaseOptions {
  /** The address of the instruction. */
  address?: number;
  /** Within an IT block, which must leave flags alone. */
  in_it?: boolean;
}

/** Defines a test for each case: it disassembles to its text and does what its states say. */
export function test_cases(isa: Isa, cases: readonly InsnCase[], options: CaseOptions = {}): void {
  for (const [word, text, before, after] of cases) {
    const given = JSON.stringify(
      before,
      (_, v) => typeof v === "number" ? `0x${v.toString(16)}` : v,
    );
    const where = options.in_it ? " in an IT block" : "";
    Deno.test(`${isa} "${text}"${where} from ${given.replaceAll('"', "")}`, () => {
      run_case(isa, [word, text, before, after], options);
    });
  }
}

/** A case for A32 and T32, whose text and states are the same: both words, then as {@link InsnCase}. */
export type CommonCase = readonly [
  a32: number,
  t32: number,
  text: string,
  before: CaseState,
  after: CaseState,
];

/** Defines two tests for each case, one in each instruction set. */
export function test_common_cases(cases: readonly CommonCase[]): void {
  test_cases("a32", cases.map(([word, _, ...rest]) => [word, ...rest]));
  test_cases("t32", cases.map(([_, word, ...rest]) => [word, ...rest]));
}

function run_case(isa: Isa, [word, text, before, after]: InsnCase, options: CaseOptions): void {
  const thumb = isa !== "a32", address = options.address ?? CASE_ADDRESS;
  const halves = isa === "t32" ? [word >>> 16, word & 0xffff] : [word];
  const insn = thumb ? decode_thumb(halves[0]!, halves[1] ?? 0, 0) : decode_a32(word);
  assert.equal(insn.row.asm(extract_fields(insn.row, word), address), text);

  const cpu = flat_cpu();
  place_code(cpu, halves, { thumb, address });
  NAMES.forEach((name, i) => cpu.set_reg(i, before[name] ?? 0x1111_0000 + i));
  set_flags(cpu, before.flags ?? "");
  cpu.set(STATE.ge, before.ge ?? 0);
  // The last instruction of a block with condition "always".
  if (options.in_it) cpu.set(STATE.itstate, 0xe8);
  const expected = { ...state_of(cpu), pc: address + halves.length * (thumb ? 2 : 4) };
  new ReferenceEngine(cpu).step();
  assert.equal(cpu.get(STATE.exit), EXIT.none);
  const flags = [...expected.flags].map((letter) =>
    [...after.flags ?? ""].find((l) => l.toLowerCase() === letter.toLowerCase()) ?? letter
  ).join("");
  assert.deepEqual(hexadecimal(state_of(cpu)), hexadecimal({ ...expected, ...after, flags }));
}

function set_flags(cpu: Cpu, flags: string): void {
  cpu.set(STATE.nf, flags.includes("N") ? 0x8000_0000 : 0);
  cpu.set(STATE.zf, flags.includes("Z") ? 0 : 1);
  cpu.set(STATE.cf, flags.includes("C") ? 1 : 0);
  cpu.set(STATE.vf, flags.includes("V") ? 0x8000_0000 : 0);
  cpu.set(STATE.qf, flags.includes("Q") ? 1 : 0);
}

function state_of(cpu: Cpu): Required<CaseState> {
  const flag = (letter: string, set: boolean): string => set ? letter : letter.toLowerCase();
  const c = cpu.get(STATE.cf), q = cpu.get(STATE.qf);
  assert.ok(c === 0 || c === 1);
  assert.ok(q === 0 || q === 1);
  const registers = Object.fromEntries(NAMES.map((name, i) => [name, cpu.reg(i) >>> 0]));
  return {
    ...registers as Record<typeof NAMES[number], number>,
    ge: cpu.get(STATE.ge),
    pc: cpu.get(STATE.pc) >>> 0,
    thumb: cpu.get(STATE.thumb) !== 0,
    flags: flag("N", cpu.get(STATE.nf) < 0) + flag("Z", cpu.get(STATE.zf) === 0) +
      flag("C", c === 1) + flag("V", cpu.get(STATE.vf) < 0) + flag("Q", q === 1),
  };
}

/** For readable differences. */
function hexadecimal(state: CaseState): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(state).map(([k, v]) => [k, typeof v === "number" ? `0x${v.toString(16)}` : v]),
  );
}
