/**
 * V registers in locals. S, D and Q registers overlap, so what a local holds depends on how a region
 * uses a place: a vector where it is used as one, or as registers of several sizes; else a float or
 * an integer of the only size.
 *
 * @module
 */
import type { Node, VAccess } from "../ir/node.ts";
import { pure_op } from "../ir/ops.ts";
import { v_place } from "../ir/places.ts";
import type { Ty } from "../ir/types.ts";
import { V_BASE } from "../state.ts";
import { type Code, OP } from "../../wasm/encoder.ts";

/** Bytes of the register file. */
const FILE = 256;

/** How a place is used; bits. */
const USE = { word: 1, narrow: 2, i64: 4, f64: 8, both: 16, vector: 32, f32: 64 } as const;

const USE_OF: Readonly<Record<VAccess, number>> = {
  i32: USE.word,
  f32: USE.word | USE.f32,
  i64: USE.i64,
  f64: USE.f64,
  v128: USE.vector,
  i64x2: USE.both,
  ...{ u8: USE.narrow, s8: USE.narrow, u16: USE.narrow, s16: USE.narrow },
};

/** A part of the register file that a local holds. A v128 for 8 bytes has them in its low half. */
interface Cell {
  readonly at: number;
  readonly bytes: 4 | 8 | 16;
  readonly ty: Ty;
  readonly local: number;
}

/** Lanes of a v128 by how the register file is accessed. */
const LANES: Partial<Record<VAccess, { shape: string; shift: number; sign: string }>> = {
  u8: { shape: "i8x16", shift: 0, sign: "_u" },
  s8: { shape: "i8x16", shift: 0, sign: "_s" },
  u16: { shape: "i16x8", shift: 1, sign: "_u" },
  s16: { shape: "i16x8", shift: 1, sign: "_s" },
  i32: { shape: "i32x4", shift: 2, sign: "" },
  f32: { shape: "f32x4", shift: 2, sign: "" },
  i64: { shape: "i64x2", shift: 3, sign: "" },
  f64: { shape: "f64x2", shift: 3, sign: "" },
};

const half = (first: number): number[] => [0, 1, 2, 3, 4, 5, 6, 7].map((i) => first + i);
const LOW = half(0), HIGH = half(8), OTHER_LOW = half(16);

/** V registers of a region in locals: all that it uses at places that are known. */
export class VectorRegisters {
  readonly #code: Code;
  /** Uses by word of the register file. */
  readonly #uses = new Uint8Array(FILE / 4);
  readonly #written = new Uint8Array(FILE / 4);
  readonly #cells = new Set<Cell>();
  /** Cells by word of the register file. */
  readonly #by_word: (Cell | undefined)[] = [];
  #computed = false;

  constructor(code: Code) {
    this.#code = code;
  }

  /** Looks at what a program uses. */
  discover(nodes: readonly Node[]): void {
    for (const node of nodes) {
      if (node.k === "get_v" || node.k === "set_v") {
        const at = v_place(node);
        if (at === undefined) this.#computed = true;
        else if (at < FILE) this.#discover(at, node.access, node.k === "set_v");
      } else if (node.k === "if") {
        this.discover(node.then);
        this.discover(node.otherwise);
      } else if (node.k === "loop") this.discover(node.body);
    }
  }

  #discover(at: number, access: VAccess, written: boolean): void {
    const bytes = access === "v128" ? 16 : USE_OF[access] & (USE.i64 | USE.f64 | USE.both) ? 8 : 4;
    // A vector that is not a Q register is two halves.
    const use = access === "v128" && (at & 15) !== 0 ? USE.both : USE_OF[access];
    for (let word = at >> 2; word < (at + bytes + 3) >> 2; word++) {
      this.#uses[word]! |= use;
      if (written) this.#written[word] = 1;
    }
  }

  /** Gives locals to what has been discovered. */
  assign(): void {
    if (this.#computed) return;
    for (let word = 0; word < FILE / 4; word += 4) {
      const uses = this.#uses.subarray(word, word + 4);
      if (uses.some((use) => use & USE.vector)) this.#cell(word, 16, "v128");
      else for (const low of [0, 2]) this.#assign_half(word + low, uses[low]! | uses[low + 1]!);
    }
  }

  #assign_half(word: number, uses: number): void {
    if (uses === 0) return;
    const doubles = (uses & (USE.i64 | USE.f64)) !== 0, words = (uses & USE.word) !== 0;
    if ((uses & (USE.narrow | USE.both)) !== 0 || (doubles && words)) this.#cell(word, 8, "v128");
    else if (doubles) this.#cell(word, 8, "f64");
    else {
      for (const w of [word, word + 1]) {
        if (this.#uses[w]) this.#cell(w, 4, this.#uses[w]! & USE.f32 ? "f32" : "i32");
      }
    }
  }

  #cell(word: number, bytes: 4 | 8 | 16, ty: Ty): void {
    const cell: Cell = { at: 4 * word, bytes, ty, local: this.#code.local(ty) };
    this.#cells.add(cell);
    for (let i = 0; i < bytes / 4; i++) this.#by_word[word + i] = cell;
  }

  /** Fills the locals from the CPU state. */
  load(): void {
    const c = this.#code;
    for (const { at, bytes, ty, local } of this.#cells) {
      c.i32(0);
      if (ty === "v128") c.v128_mem(bytes === 16 ? 0 : 0x5d, V_BASE + at);
      else c.mem(LOAD[ty], Math.log2(bytes), V_BASE + at);
      c.set(local);
    }
  }

  /** Puts what the region writes back to the CPU state. */
  store(): void {
    const c = this.#code;
    for (const { at, bytes, ty, local } of this.#cells) {
      if (!this.#written.subarray(at >> 2, (at + bytes) >> 2).includes(1)) continue;
      c.i32(0).get(local);
      if (ty !== "v128") c.mem(STORE[ty], Math.log2(bytes), V_BASE + at);
      else if (bytes === 16) c.v128_mem(11, V_BASE + at);
      else {
        this.#op("f64x2.extract_lane", 0);
        c.mem(OP.f64_store, 3, V_BASE + at);
      }
    }
  }

  #op(name: string, ...immediates: number[]): void {
    this.#code.list(pure_op(name).code).list(immediates);
  }

  /** Pushes what the register file has at byte `at`; false where memory has it. */
  get(at: number, access: VAccess): boolean {
    const cell = this.#by_word[at >> 2];
    if (!cell) return false;
    const c = this.#code;
    if (access === "v128" && cell.bytes === 16 && cell.at === at) c.get(cell.local);
    else if (access === "v128") {
      this.get(at, "i64x2");
      this.get(at + 8, "i64x2");
      this.#op("i8x16.shuffle", ...LOW, ...OTHER_LOW);
    } else if (access === "i64x2") {
      c.get(cell.local).get(cell.local);
      this.#op("i8x16.shuffle", ...(at === cell.at ? [...LOW, ...LOW] : [...HIGH, ...HIGH]));
    } else if (cell.ty === "v128") {
      const { shape, shift, sign } = LANES[access]!;
      c.get(cell.local);
      this.#op(`${shape}.extract_lane${sign}`, (at - cell.at) >> shift);
    } else {
      c.get(cell.local);
      this.#reinterpret(access as Ty, cell.ty);
    }
    return true;
  }

  /** The type of the local for an access of its width, where it is a float. */
  float_at(at: number, access: VAccess): "f32" | "f64" | undefined {
    const cell = this.#by_word[at >> 2];
    if (!cell || cell.at !== at || (cell.ty !== "f32" && cell.ty !== "f64")) return undefined;
    return access === (cell.ty === "f32" ? "i32" : "i64") ? cell.ty : undefined;
  }

  #reinterpret(to: Ty, from: Ty): void {
    if (to !== from) this.#op(`${to}.reinterpret_${from}`);
  }

  /** Sets byte `at` of the register file to what `push` pushes; false where memory has it. */
  set(at: number, access: VAccess, push: () => void): boolean {
    const cell = this.#by_word[at >> 2];
    if (!cell) return false;
    const c = this.#code;
    if (access === "v128" && cell.bytes === 16 && cell.at === at) push();
    else if (access === "v128") return this.#set_halves(at, push);
    else if (access === "i64x2") this.#set_half(cell, at, push);
    else if (cell.ty !== "v128") {
      push();
      this.#reinterpret(cell.ty, access as Ty);
    } else {
      const { shape, shift } = LANES[access]!;
      // What replaces everything need not wait for what was there.
      const whole = cell.bytes === 8 && shift === 3;
      if (!whole) c.get(cell.local);
      push();
      if (whole) this.#op(`${shape}.splat`);
      else this.#op(`${shape}.replace_lane`, (at - cell.at) >> shift);
    }
    c.set(cell.local);
    return true;
  }

  /** Pushes `cell` with a doubleword of it from the low half of a vector. */
  #set_half(cell: Cell, at: number, push: () => void): void {
    if (cell.bytes === 16) this.#code.get(cell.local);
    push();
    if (cell.bytes !== 16) return;
    this.#op(
      "i8x16.shuffle",
      ...(at === cell.at ? [...OTHER_LOW, ...HIGH] : [...LOW, ...OTHER_LOW]),
    );
  }

  #set_halves(at: number, push: () => void): boolean {
    const c = this.#code, vector = c.borrow("v128");
    push();
    c.set(vector);
    this.set(at, "i64x2", () => c.get(vector));
    this.set(at + 8, "i64x2", () => {
      c.get(vector).get(vector);
      this.#op("i8x16.shuffle", ...HIGH, ...HIGH);
    });
    c.give_back("v128", vector);
    return true;
  }
}

const LOAD: Readonly<Record<Exclude<Ty, "v128">, number>> = {
  i32: OP.i32_load,
  i64: OP.i64_load,
  f32: OP.f32_load,
  f64: OP.f64_load,
};
const STORE: Readonly<Record<Exclude<Ty, "v128">, number>> = {
  i32: OP.i32_store,
  i64: OP.i64_store,
  f32: OP.f32_store,
  f64: OP.f64_store,
};
