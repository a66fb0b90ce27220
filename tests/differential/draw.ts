import { decode_a32, decode_thumb, it_advance } from "../../cpu/engine/fetch.ts";
import { is_wide } from "../../cpu/isa/decoder.ts";
import type { Isa, Row } from "../../cpu/isa/row.ts";
import { extract_fields } from "../../cpu/isa/row.ts";
import { ROWS } from "../../cpu/isa/rows.ts";
import {
  CASE,
  type Case,
  CODE,
  CODE_END,
  RAM,
  RAM_SIZE,
  RESULT,
  type Result,
  STOP_A32,
  STOP_THUMB,
  WINDOW,
  WINDOW_BYTES,
} from "./layout.ts";
import { Random } from "./random.ts";
import type { Accesses, Subject } from "./subject.ts";
import { fill_d, flavour, fpscr, integer } from "./values.ts";

/** Bytes of code that an ordinary case has, and a case that branches: half of that before it. */
const SLOT = 128, BRANCH_SLOT = 0x4000;
const BRANCH_CODE = CODE + 0x8_0000;
/** Cases of each kind for which there is room in RAM. */
const SLOTS = (BRANCH_CODE - CODE) / SLOT;
const BRANCH_SLOTS = Math.floor((CODE_END - BRANCH_CODE) / BRANCH_SLOT);

/** How a row is drawn: reasons to skip it elsewhere that are none here. */
type Kind = "plain" | "branch" | "literal";
const KINDS: Readonly<Record<string, Kind>> = {
  "branches away": "branch",
  "reads its own code": "literal",
};

function kind_of(row: Row): Kind | undefined {
  return row.test.skip === undefined ? "plain" : KINDS[row.test.skip];
}

/** Conditional by themselves: UNPREDICTABLE in an IT block. */
const NEVER_IN_IT = /^(B_cond|CBZ)$/;

/** A row that cases are drawn from. */
export interface DrawnRow {
  readonly row: Row;
  readonly kind: Kind;
  /** Bits that are set and cleared in the instruction after its fields were found valid. */
  readonly force?: { readonly set: number; readonly clear: number };
}

/** Fields that make a row write r15. List fields are joined with what was drawn. */
const TO_PC: readonly [isas: string, name: RegExp, fields: Readonly<Record<string, number>>][] = [
  ["a32", /^(AND|EOR|SUB|RSB|ADD|ADC|SBC|RSC|ORR|MOV|BIC|MVN)_(imm|reg)$/, { rd: 15, s: 0 }],
  ["a32 t32", /^LDR_(imm|reg|imm12|neg|pre|post)(_pre|_post)?$/, { Rt: 15 }],
  ["a32 t32", /^LDM(IA|IB|DA|DB)$/, { list: 0x8000 }],
  ["t16", /^POP$/, { P: 1 }],
  ["t16", /^ADD_reg_T2$/, { n: 1, rdn: 7 }],
  ["t16", /^MOV_reg_T1$/, { d: 1, rd: 7 }],
];

/** The same row with r15 as where its result goes, if it can. */
function to_pc(row: Row): DrawnRow[] {
  const found = TO_PC.find(([isas, name]) => isas.includes(row.isa) && name.test(row.name));
  if (!found) return [];
  let set = 0, clear = 0;
  for (const { name, shift, width } of row.fields) {
    const value = found[2][name];
    if (value === undefined) continue;
    set |= value << shift;
    if (name !== "list") clear |= ((1 << width) - 1) << shift;
    // LR and PC together are UNPREDICTABLE in T32.
    else if (row.isa === "t32") clear |= 0x4000;
  }
  return [{ row, kind: "branch", force: { set, clear } }];
}

/** Every row that a user process can execute, and those that can write r15 once more. */
export function runnable_rows(): DrawnRow[] {
  return ROWS.flatMap((row) => {
    const kind = kind_of(row);
    return kind === undefined ? [] : [{ row, kind }, ...to_pc(row)];
  });
}

/** One drawn instruction. */
export interface Drawn {
  readonly row: Row;
  readonly word: number;
  readonly fields: Readonly<Record<string, number>>;
}

function draw_field(random: Random, width: number): number {
  const max = width === 32 ? 0xffff_ffff : (1 << width) - 1;
  if (width > 4 && random.percent(30)) {
    return random.pick([0, 1, max, max - 1, 1 << (width - 1), random.below(Math.min(max, 33))]);
  }
  return width === 32 ? random.word() : random.below(max + 1);
}

/** Draws an instruction of `row`; undefined when what came out is not to be run. */
export function draw_instruction(
  random: Random,
  { row, force }: Pick<DrawnRow, "row" | "force">,
  itstate: number,
): Drawn | undefined {
  let word = (row.value | row.sb_value) >>> 0;
  for (const { name, shift, width } of row.fields) {
    let value = draw_field(random, width);
    if (name === "cond" && row.conditional) value = random.percent(60) ? 14 : random.below(15);
    word = (word | (value << shift)) >>> 0;
  }
  const fields = extract_fields(row, word);
  if (row.test.valid && !row.test.valid(fields)) return undefined;
  if (force) word = ((word & ~force.clear) | force.set) >>> 0;
  const found = row.isa === "a32"
    ? decode_a32(word).row
    : row.isa === "t16"
    ? decode_thumb(word, 0, itstate).row
    : decode_thumb(word >>> 16, word & 0xffff, itstate).row;
  // A special case of this row has its own turn and its own rules.
  if (found !== row && found.name !== "UNDEFINED") return undefined;
  return { row, word, fields };
}

/** A legal ITSTATE as IT makes it. */
export function draw_it(random: Random): number {
  const condition = random.percent(8) ? 14 : random.below(14);
  const length = 1 + random.below(4);
  let mask = 1 << (4 - length);
  for (let i = 1; i < length; i++) {
    const same = condition === 14 || random.percent(60);
    mask |= ((condition & 1) ^ (same ? 0 : 1)) << (4 - i);
  }
  return (condition << 4) | mask;
}

/** Draws cases, always the same ones from the same seed. */
export class Drawer {
  readonly #subject: Subject;
  readonly #rows: readonly DrawnRow[];
  readonly #seed: number;
  readonly #fillers: Readonly<Record<Isa, readonly DrawnRow[]>>;
  readonly #loads_exclusive: readonly DrawnRow[];

  constructor(subject: Subject, seed: number, rows: readonly DrawnRow[] = runnable_rows()) {
    this.#subject = subject;
    this.#seed = seed;
    this.#rows = rows;
    const all = runnable_rows();
    const harmless = all.filter(({ row, kind }) =>
      kind === "plain" && !row.test.memory && !/PUSH|POP|IT\b|SP/i.test(row.name)
    );
    const of = (isa: Isa) => harmless.filter(({ row }) => row.isa === isa);
    this.#fillers = { a32: of("a32"), t16: of("t16"), t32: of("t32") };
    this.#loads_exclusive = all.filter(({ row }) => row.name.startsWith("LDREX"));
  }

  /** Draws cases `from` to `to`; the rows take turns. */
  batch(from: number, to: number): Case[] {
    const cases: Case[] = [];
    let plain = 0, branch = 0;
    for (let i = from; i < to; i++) {
      const subject_row = this.#rows[i % this.#rows.length]!;
      const wide = subject_row.kind === "branch";
      if (wide ? branch >= BRANCH_SLOTS : plain >= SLOTS) {
        throw new RangeError(`Cannot draw ${to - from} cases at once: no room for their code`);
      }
      const address = wide
        ? BRANCH_CODE + branch++ * BRANCH_SLOT + BRANCH_SLOT / 2
        : CODE + plain++ * SLOT;
      cases.push(this.#draw(subject_row, i, address));
    }
    return cases;
  }

  #draw(subject_row: DrawnRow, index: number, address: number): Case {
    const random = new Random(this.#seed, index);
    for (let attempt = 0; attempt < 2000; attempt++) {
      const drawn = this.#attempt(random, subject_row, address);
      if (drawn) return drawn;
    }
    const { isa, name } = subject_row.row;
    throw new Error(`Cannot draw a case for row ${isa} ${name}: its hints reject everything`);
  }

  #attempt(random: Random, drawn_row: DrawnRow, address: number): Case | undefined {
    const { row, kind } = drawn_row;
    const c = new Uint32Array(CASE.words);
    c[CASE.code_address] = address;
    c[CASE.thumb] = row.isa === "a32" ? 0 : 1;
    c[CASE.entry] = address | c[CASE.thumb]!;
    c[CASE.fill_before] = kind === "branch" ? BRANCH_SLOT / 2 : 0;
    c[CASE.fill_after] = kind === "branch" ? BRANCH_SLOT / 2 : SLOT;
    const main = this.#code(random, c, drawn_row);
    if (!main) return undefined;
    for (let i = 0; i < 15; i++) c[CASE.r + i] = integer(random);
    c[CASE.cpsr] = (random.word() & 0xf80f_0000) | 0x10;
    c[CASE.fpscr] = fpscr(random);
    const v = flavour(random, row.test.fp === true);
    fill_d(random, c.subarray(CASE.d, CASE.d + 64), v);
    fill_d(random, c.subarray(CASE.window, CASE.window + WINDOW_BYTES / 4), v);
    const { memory } = row.test;
    const base = memory ? main.fields[memory.base]! : 13;
    if (memory) c[CASE.r + base] = WINDOW + 64;
    if (kind === "branch") this.#aim_branch(random, c);
    return this.#settle(random, c, base, kind);
  }

  /** Writes the code of a case; its main instruction, or undefined when it cannot be used. */
  #code(random: Random, c: Case, drawn_row: DrawnRow): Drawn | undefined {
    const { row, kind } = drawn_row;
    const code = c.subarray(CASE.code, CASE.code + CASE.code_words);
    if (kind === "literal") { for (let i = 1; i < code.length; i++) code[i] = random.word(); }
    else code.fill(c[CASE.thumb] ? STOP_THUMB : STOP_A32);
    const sequence = row.isa !== "a32" && random.percent(25) && !NEVER_IN_IT.test(row.name)
      ? this.#it_block(random, drawn_row)
      : this.#sequence(random, drawn_row);
    if (!sequence) return undefined;
    const halves = new Uint16Array(code.buffer, code.byteOffset, code.length * 2);
    let at = 0;
    for (const { row: { isa }, word } of sequence) {
      if (isa === "t32") halves[at++] = word >>> 16;
      halves[at++] = word & 0xffff;
      if (isa === "a32") halves[at++] = word >>> 16;
    }
    const stop = c[CASE.thumb] ? STOP_THUMB : STOP_A32;
    halves[at] = stop & 0xffff;
    halves[at + 1] = stop >>> 16;
    return sequence.at(-1);
  }

  /** The instruction, sometimes after others. */
  #sequence(random: Random, drawn_row: DrawnRow): Drawn[] | undefined {
    const main = draw_instruction(random, drawn_row, 0);
    if (!main) return undefined;
    const before: (Drawn | undefined)[] = [];
    if (main.row.name.startsWith("STREX") && random.percent(80)) {
      before.push(this.#load_exclusive(random, main));
    } else if (random.percent(8)) {
      for (let i = random.below(4); i >= 0; i--) before.push(this.#filler(random, main.row.isa, 0));
    }
    return [...before.filter((d) => d !== undefined), main];
  }

  /** The load that a store exclusive goes with. */
  #load_exclusive(random: Random, main: Drawn): Drawn | undefined {
    const name = main.row.name.replace("ST", "LD");
    const found = this.#loads_exclusive.find((r) =>
      r.row.name === name && r.row.isa === main.row.isa
    );
    for (let i = 0; found && i < 100; i++) {
      const drawn = draw_instruction(random, found, 0);
      if (!drawn) continue;
      let { word } = drawn;
      const fields: Record<string, number> = { ...drawn.fields };
      for (const { name, shift, width } of found.row.fields) {
        if (name !== "Rn" && !name.startsWith("imm") && name !== "cond") continue;
        const mask = ((1 << width) - 1) << shift;
        fields[name] = main.fields[name]!;
        word = ((word & ~mask) | (main.fields[name]! << shift)) >>> 0;
      }
      const { Rt, Rt2, Rn } = fields;
      const overwritten = Rt === Rn || Rt2 === Rn || (name === "LDREXD" && (Rt! | 1) === Rn);
      if (!overwritten && (found.row.test.valid?.(fields) ?? true)) {
        return { ...drawn, fields, word };
      }
    }
    return undefined;
  }

  /** An IT block; the row's instruction comes last, as branches must. */
  #it_block(random: Random, drawn_row: DrawnRow): Drawn[] | undefined {
    let itstate = draw_it(random);
    const it = ROWS.find((r) => r.isa === "t16" && r.name === "IT")!;
    const out: Drawn[] = [{ row: it, word: 0xbf00 | itstate, fields: {} }];
    while (itstate !== 0) {
      const last = (itstate & 15) === 8;
      const drawn = last
        ? draw_instruction(random, drawn_row, itstate)
        : this.#filler(random, random.percent(50) ? "t16" : "t32", itstate);
      if (!drawn) return undefined;
      out.push(drawn);
      itstate = it_advance(itstate);
    }
    return out;
  }

  /** An instruction that accesses no memory, to go before another. */
  #filler(random: Random, isa: Isa, itstate: number): Drawn | undefined {
    for (let i = 0; i < 20; i++) {
      const drawn = draw_instruction(random, random.pick(this.#fillers[isa]), itstate);
      if (drawn) return drawn;
    }
    return undefined;
  }

  /** Points half of the registers at the surroundings of the code, where it is safe to land. */
  #aim_branch(random: Random, c: Case): void {
    const address = c[CASE.code_address]!, thumb = c[CASE.thumb]!;
    for (let i = 0; i < 15; i++) {
      if (random.percent(50)) {
        c[CASE.r + i] = address + 0x100 * random.below(16) + (thumb ? 2 * random.below(64) + 1 : 0);
      } else if ((c[CASE.r + i]! & 3) === 2) c[CASE.r + i]! ^= 2;
    }
    // What LDR and LDM may load into r15.
    for (let i = 0; i < WINDOW_BYTES / 4; i++) {
      if (random.percent(70)) c[CASE.window + i] = c[CASE.r + random.below(15)]!;
    }
  }

  /** Runs the case on the reference engine to see where it goes; brings its accesses into the window. */
  #settle(random: Random, c: Case, base: number, kind: Kind): Case | undefined {
    const subject = this.#subject;
    for (let round = 0; round < 3; round++) {
      const seen = subject.preview(c);
      if (!is_safe(c, seen)) return undefined;
      const { accesses } = seen;
      const landed = seen.result[RESULT.pc]! - c[CASE.code_address]!;
      if (kind === "branch" && landed > 0 && landed < code_length(c)) return undefined;
      if (accesses.count === 0) return c;
      const low = (accesses.first + accesses.below) >>> 0;
      const span = accesses.above - accesses.below;
      const inside = low >= WINDOW && low + span <= WINDOW + WINDOW_BYTES;
      if (inside) return c;
      const slot = c[CASE.code_address]!;
      const own_code = kind !== "plain" || base === 15;
      if (own_code && !accesses.wrote && low >= slot && low + span <= slot + SLOT) return c;
      if (base === 15 || span > WINDOW_BYTES) return undefined;
      const target = WINDOW + random.below(WINDOW_BYTES - span + 1);
      const aligned = random.percent(70) ? Math.max(WINDOW, target & ~15) : target;
      c[CASE.r + base]! += aligned - low;
    }
    return undefined;
  }
}

/** Whether all that was executed was the case's own: what else is in RAM differs from run to run. */
function stays_home(c: Case, accesses: Accesses): boolean {
  const address = c[CASE.code_address]!;
  const { instructions, lowest_fetch, highest_fetch } = accesses;
  // To branch into one's own code may be to branch into an IT block, which is UNPREDICTABLE.
  if (instructions > disassemble(c).length) return false;
  return lowest_fetch >= address - c[CASE.fill_before]! &&
    highest_fetch < address + c[CASE.fill_after]!;
}

/** Whether nothing that both sides do not have can be at address `pc`. */
function may_land(c: Case, pc: number, cpsr: number): boolean {
  const thumb = (cpsr >>> 5) & 1;
  if (pc >= RAM && pc < RAM + RAM_SIZE) {
    const from = c[CASE.code_address]! - c[CASE.fill_before]!;
    return thumb === c[CASE.thumb] && pc >= from &&
      pc < c[CASE.code_address]! + c[CASE.fill_after]!;
  }
  // The runner, its stack, the page of kernel helpers.
  const taken = [[0, 0x2_0000], [0x3ff0_0000, 0x4100_0000], [0x79f0_0000, 0x7c00_0000]];
  return pc < 0xfff0_0000 && !taken.some(([from, to]) => pc >= from! && pc < to!);
}

/** Whether a case does nothing that depends on more than the case: as seen by a preview of it. */
export function is_safe(c: Case, seen: { result: Result; accesses: Accesses }): boolean {
  const { result, accesses } = seen;
  return result[RESULT.signal]! < 100 && stays_home(c, accesses) &&
    may_land(c, result[RESULT.pc]!, result[RESULT.cpsr]!);
}

/** Length in bytes of a case's code up to the instruction that stops it. */
export function code_length(c: Case): number {
  return disassemble(c).reduce((n, { hex }) => n + hex.length / 2, 0);
}

/** The code of a case as instructions, with their disassembly. */
export function disassemble(c: Case): { hex: string; text: string }[] {
  const out: { hex: string; text: string }[] = [];
  const code = c.subarray(CASE.code, CASE.code + CASE.code_words);
  const halves = new Uint16Array(code.buffer, code.byteOffset, code.length * 2);
  let itstate = 0;
  for (let at = 0; at < (c[CASE.thumb] ? halves.length - 1 : code.length);) {
    const address = c[CASE.code_address]! + at * (c[CASE.thumb] ? 2 : 4);
    let isa: Isa = "a32", word = code[at]!, row: Row;
    if (c[CASE.thumb]) {
      if (halves[at] === (STOP_THUMB & 0xffff)) break;
      isa = is_wide(halves[at]!) ? "t32" : "t16";
      word = isa === "t32" ? ((halves[at]! << 16) | halves[at + 1]!) >>> 0 : halves[at]!;
      row = decode_thumb(halves[at]!, halves[at + 1]!, itstate).row;
      itstate = row.name === "IT" ? word & 0xff : it_advance(itstate);
    } else {
      if (word === STOP_A32) break;
      row = decode_a32(word).row;
    }
    at += isa === "t32" ? 2 : 1;
    const hex = word.toString(16).padStart(isa === "t16" ? 4 : 8, "0");
    out.push({ hex, text: row.asm(extract_fields(row, word), address) });
  }
  return out;
}
