/**
 * Random programs: blocks with conditional and indirect branches between them, bounded loops, calls,
 * also by register and into the other instruction set, IT blocks, loads and stores, and now and then a fault or a store into the code.
 *
 * @module
 */
import { it_advance } from "../../cpu/engine/fetch.ts";
import type { Row } from "../../cpu/isa/row.ts";
import { draw_instruction, draw_it, type Drawn, type DrawnRow } from "./draw.ts";
import { CODE, RAM, STOP_A32 } from "./layout.ts";
import { Random } from "./random.ts";
import { integer } from "./values.ts";

/** Data of a program: its pages lie below the code. */
export const DATA = RAM;
/** Its size. */
export const DATA_BYTES = CODE - RAM;
/** The register that counts a loop's turns. */
const COUNTER = 10;

/** Code as halfwords from an address, and where it starts to execute. */
export interface Program {
  readonly thumb: boolean;
  readonly address: number;
  readonly halves: readonly number[];
  readonly random: Random;
}

/** The register that indirect branches take their target from. */
const TARGET = 12;

/** A place that is patched when all addresses are known. */
interface Fixup {
  readonly at: number;
  readonly thumb: boolean;
  readonly kind: "branch" | "call" | "call_exchange" | "address_low" | "address_high";
  readonly condition: number;
  readonly label: string;
}

/** Draws programs from rows that do not branch. */
export class ProgramDrawer {
  readonly #rows: Readonly<Record<"a32" | "thumb", readonly Row[]>>;
  #random: Random = new Random(0);
  #halves: number[] = [];
  #labels = new Map<string, number>();
  #fixups: Fixup[] = [];
  #thumb = false;
  /** Registers that instructions must leave alone. */
  #kept: readonly number[] = [COUNTER];

  constructor(rows: readonly DrawnRow[]) {
    const plain = rows.filter((r) => r.kind === "plain").map((r) => r.row);
    this.#rows = {
      a32: plain.filter((r) => r.isa === "a32"),
      thumb: plain.filter((r) => r.isa !== "a32"),
    };
  }

  /** Program number `index` of `seed`. */
  draw(seed: number, index: number): Program {
    const random = this.#random = new Random(seed, index);
    this.#halves = [];
    this.#labels.clear();
    this.#fixups = [];
    const thumb = this.#thumb = random.percent(50);
    // Often across a page's end, a Thumb program at any halfword.
    const start = CODE + 0x1000 - (random.percent(60) ? 4 * random.below(60) : 0x800);
    const address = start + (thumb ? 2 * random.below(2) : 0);
    const blocks = 2 + random.below(5);
    for (let block = 0; block < blocks; block++) this.#block(block, blocks);
    this.#label(`b${blocks}`);
    this.#stop();
    this.#leaf("same");
    this.#thumb = !thumb;
    while ((address + this.#halves.length * 2) % 4 !== 0) this.#halves.push(0xde00);
    this.#leaf("other");
    this.#patch(address);
    return { thumb, address, halves: this.#halves, random };
  }

  #label(name: string): void {
    this.#labels.set(name, this.#halves.length);
  }

  #word(word: number): void {
    if (this.#thumb) this.#halves.push(word >>> 16, word & 0xffff);
    else this.#halves.push(word & 0xffff, word >>> 16);
  }

  #stop(): void {
    if (this.#thumb) this.#halves.push(0xde00);
    else this.#word(STOP_A32);
  }

  /** A subroutine without branches. */
  #leaf(name: string): void {
    this.#label(name);
    // A return to anywhere may be one into an IT block, which is UNPREDICTABLE.
    this.#kept = [COUNTER, 14];
    for (let i = this.#random.below(5); i >= 0; i--) this.#step();
    this.#kept = [COUNTER];
    if (this.#thumb) this.#halves.push(0x4770);
    else this.#word(0xe12fff1e);
    this.#stop();
  }

  #block(number: number, blocks: number): void {
    const random = this.#random;
    this.#label(`b${number}`);
    const turns = random.percent(40) ? 1 + random.below(6) : 0;
    if (turns) this.#load_constant(COUNTER, turns);
    this.#label(`loop${number}`);
    for (let i = 3 + random.below(14); i > 0; i--) this.#step();
    if (random.percent(25)) {
      this.#call(random.percent(60));
    }
    if (turns) {
      // subs r10, r10, #1
      this.#word(this.#thumb ? 0xf1ba0a01 : 0xe25aa001);
      this.#branch("branch", 1, `loop${number}`);
    }
    const further = (): string => `b${number + 1 + random.below(blocks - number)}`;
    if (random.percent(60)) this.#branch("branch", random.below(14), further());
    else if (random.percent(40)) this.#jump(further(), further());
  }

  #call(other: boolean): void {
    const label = other ? "other" : "same";
    if (this.#random.percent(60)) {
      return this.#branch(other ? "call_exchange" : "call", 14, label);
    }
    this.#address(14, label);
    // blx r12
    if (this.#thumb) this.#halves.push(0x47e0);
    else this.#word(0xe12fff3c);
  }

  /** An indirect branch to one of two places, by a bit of the loop counter. */
  #jump(odd: string, even: string): void {
    // tst r10, #1; in Thumb followed by ittee ne
    this.#word(this.#thumb ? 0xf01a0f01 : 0xe31a0001);
    if (this.#thumb) this.#halves.push(0xbf19);
    this.#address(1, odd);
    this.#address(0, even);
    // bx r12
    if (this.#thumb) this.#halves.push(0x4760);
    else this.#word(0xe12fff1c);
  }

  /** Loads a label's address, with T as bit 0; in Thumb conditions come from an IT block. */
  #address(condition: number, label: string): void {
    this.#branch("address_low", condition, label);
    this.#branch("address_high", condition, label);
  }

  #branch(kind: Fixup["kind"], condition: number, label: string): void {
    this.#fixups.push({ at: this.#halves.length, thumb: this.#thumb, kind, condition, label });
    this.#word(0);
  }

  /** MOVW, MOVT. */
  #load_constant(register: number, value: number): void {
    for (const high of [false, true]) {
      const half = high ? value >>> 16 : value & 0xffff;
      this.#word(move_half({ thumb: this.#thumb, high, register, half, condition: 14 }));
    }
  }

  /** One instruction, or an IT block, with what it needs before it. */
  #step(): void {
    const random = this.#random;
    if (!this.#thumb || random.percent(85)) {
      const drawn = this.#instruction(0);
      this.#prepare(drawn);
      this.#put(drawn);
      return;
    }
    let itstate = draw_it(random);
    const block: Drawn[] = [];
    const it = itstate;
    while (itstate !== 0) {
      const drawn = this.#instruction(itstate);
      this.#prepare(drawn);
      block.push(drawn);
      itstate = it_advance(itstate);
    }
    this.#halves.push(0xbf00 | it);
    for (const drawn of block) this.#put(drawn);
  }

  #put({ row, word }: Drawn): void {
    if (row.isa === "t16") this.#halves.push(word);
    else this.#word(word);
  }

  #instruction(itstate: number): Drawn {
    for (;;) {
      const row = this.#random.pick(this.#rows[this.#thumb ? "thumb" : "a32"]);
      const drawn = draw_instruction(this.#random, { row }, itstate);
      if (!drawn || this.#kept.some((register) => touches(drawn, register))) continue;
      // UNDEFINED ones end programs too soon.
      if (row.decode(drawn.fields, { in_it: itstate !== 0, it_last: false })) return drawn;
    }
  }

  /** Points the base register of an access at the data, or elsewhere. */
  #prepare({ row, fields }: Drawn): void {
    const random = this.#random;
    const { memory } = row.test;
    const base = memory ? fields[memory.base]! : /PUSH|POP|SP/i.test(row.name) ? 13 : 15;
    if (base === 15) return;
    if (memory?.offset) {
      const offset = fields[memory.offset]!;
      if (offset !== 15 && offset !== 13) this.#load_constant(offset, random.below(128));
    }
    const where = random.below(1000);
    let address = DATA + DATA_BYTES / 2 + 4 * random.below(512);
    if (where < 30) address += random.below(4);
    else if (where < 36) address = integer(random) & ~3;
    else if (where < 50) address = CODE + 0x1000 + 4 * random.below(64);
    this.#load_constant(base, address);
  }

  #patch(address: number): void {
    for (const f of this.#fixups) {
      const from = address + f.at * 2;
      const at = this.#labels.get(f.label)!;
      const to = address + at * 2;
      if (f.kind === "address_low" || f.kind === "address_high") {
        const value = to | (this.#thumb_at(at) ? 1 : 0);
        const high = f.kind === "address_high";
        const half = high ? value >>> 16 : value & 0xffff;
        this.#overwrite(f, move_half({ ...f, high, register: TARGET, half }));
        continue;
      }
      const word = f.thumb ? thumb_branch(f, from, to) : a32_branch(f, from, to);
      this.#overwrite(f, word);
    }
  }

  /** Whether code at a place is Thumb: the last subroutine is of the other instruction set. */
  #thumb_at(place: number): boolean {
    const last = this.#labels.get("other")!;
    return place >= last ? this.#thumb : !this.#thumb;
  }

  #overwrite({ at, thumb }: Fixup, word: number): void {
    if (thumb) this.#halves.splice(at, 2, word >>> 16, word & 0xffff);
    else this.#halves.splice(at, 2, word & 0xffff, word >>> 16);
  }
}

interface MoveHalf {
  readonly thumb: boolean;
  readonly high: boolean;
  readonly register: number;
  readonly half: number;
  /** For A32. */
  readonly condition: number;
}

/** MOVW or MOVT. */
function move_half({ thumb, high, register, half, condition }: MoveHalf): number {
  if (!thumb) {
    const opcode = (condition << 28) | (high ? 0x0340_0000 : 0x0300_0000);
    return (opcode | ((half & 0xf000) << 4) | (register << 12) | (half & 0xfff)) >>> 0;
  }
  const split = ((half >>> 12) << 16) | (((half >>> 11) & 1) << 26) | (((half >>> 8) & 7) << 12);
  return ((high ? 0xf2c0_0000 : 0xf240_0000) | split | (register << 8) | (half & 0xff)) >>> 0;
}

/** Whether a register, or its odd neighbour, may be among those of an instruction. */
function touches({ row, fields }: Drawn, register: number): boolean {
  return row.fields.some(({ name, width }) =>
    /list/i.test(name)
      ? ((fields[name]! >>> register) & 1) === 1
      : width === 4 && /^(r|hi|lo)/i.test(name) && (fields[name]! | 1) === (register | 1)
  );
}

function a32_branch(f: Fixup, from: number, to: number): number {
  const offset = to - from - 8;
  const imm24 = (offset >> 2) & 0xff_ffff;
  if (f.kind === "call_exchange") return (0xfa00_0000 | ((offset & 2) << 23) | imm24) >>> 0;
  return ((f.condition << 28) | (f.kind === "call" ? 0x0b00_0000 : 0x0a00_0000) | imm24) >>> 0;
}

function thumb_branch(f: Fixup, from: number, to: number): number {
  const base = f.kind === "call_exchange" ? (from + 4) & ~3 : from + 4;
  const offset = to - base;
  const s = offset < 0 ? 1 << 26 : 0;
  const imm11 = (offset >> 1) & 0x7ff;
  if (f.kind === "branch") {
    const j = offset < 0 ? 0x2800 : 0;
    return (0xf000_8000 | s | (f.condition << 22) | (((offset >> 12) & 0x3f) << 16) | j | imm11) >>>
      0;
  }
  const call = f.kind === "call" ? 0xd000 : 0xc000;
  return (0xf000_2800 | s | (((offset >> 12) & 0x3ff) << 16) | call | imm11) >>> 0;
}
