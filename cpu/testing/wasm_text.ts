/**
 * Prints the body of a generated WebAssembly function as text, folded, for golden files: what is
 * printed changes only when the code does.
 *
 * @module
 */
import { PURE_OPS } from "../ir/ops.ts";
import type { PureOp } from "../ir/types.ts";
import { type Field, STATE, V_BASE } from "../state.ts";
import { type Code, OP, TYPE_BYTE } from "../../wasm/encoder.ts";

/** What names to print. */
export interface WasmTextOptions {
  /** The name of an imported function, and how many values it takes and returns. */
  readonly callee: (index: number) => { name: string; params: number; results: number };
}

const PURE = new Map<number, PureOp>();
for (const op of PURE_OPS.values()) PURE.set(code_key(op.code), op);

/** Operators that emitted code has and no micro-op is. */
const OTHER: ReadonlyMap<number, readonly [name: string, args: number]> = new Map([
  [0x1b, ["select", 3]],
  [0xc0, ["i32.extend8_s", 1]],
  [0xc1, ["i32.extend16_s", 1]],
  [0xac, ["i64.extend_i32_s", 1]],
  [0xad, ["i64.extend_i32_u", 1]],
]);

const MEMORY: ReadonlyMap<number, string> = new Map([
  [OP.i32_load, "i32.load"],
  [OP.i64_load, "i64.load"],
  [OP.f32_load, "f32.load"],
  [OP.f64_load, "f64.load"],
  [OP.i32_load8_s, "i32.load8_s"],
  [OP.i32_load8_u, "i32.load8_u"],
  [OP.i32_load16_s, "i32.load16_s"],
  [OP.i32_load16_u, "i32.load16_u"],
  [0x30, "i64.load8_s"],
  [0x31, "i64.load8_u"],
  [0x32, "i64.load16_s"],
  [0x33, "i64.load16_u"],
  [0x34, "i64.load32_s"],
  [0x35, "i64.load32_u"],
  [OP.i32_store, "i32.store"],
  [OP.i64_store, "i64.store"],
  [OP.f32_store, "f32.store"],
  [OP.f64_store, "f64.store"],
  [OP.i32_store8, "i32.store8"],
  [OP.i32_store16, "i32.store16"],
  [0x3c, "i64.store8"],
  [0x3d, "i64.store16"],
  [0x3e, "i64.store32"],
]);

const VECTOR_MEMORY: Readonly<Record<number, string>> = {
  0: "v128.load",
  1: "v128.load8x8_s",
  2: "v128.load8x8_u",
  3: "v128.load16x4_s",
  4: "v128.load16x4_u",
  5: "v128.load32x2_s",
  6: "v128.load32x2_u",
  7: "v128.load8_splat",
  8: "v128.load16_splat",
  9: "v128.load32_splat",
  10: "v128.load64_splat",
  11: "v128.store",
  0x5c: "v128.load32_zero",
  0x5d: "v128.load64_zero",
};

const ATOMIC: Readonly<Record<number, readonly [name: string, args: number]>> = {
  0x10: ["i32.atomic.load", 1],
  0x11: ["i64.atomic.load", 1],
  0x17: ["i32.atomic.store", 2],
  0x18: ["i64.atomic.store", 2],
  0x48: ["i32.atomic.rmw.cmpxchg", 3],
  0x49: ["i64.atomic.rmw.cmpxchg", 3],
  0x4a: ["i32.atomic.rmw8.cmpxchg_u", 3],
  0x4b: ["i32.atomic.rmw16.cmpxchg_u", 3],
};

const TYPE_NAME = new Map(Object.entries(TYPE_BYTE).map(([name, byte]) => [byte, name]));

function code_key(code: readonly number[]): number {
  if (code.length === 1) return code[0]!;
  let value = 0;
  code.slice(1).forEach((byte, i) => value |= (byte & 0x7f) << (7 * i));
  return (code[0]! << 16) | value;
}

/** The name of a fixed address in the CPU state. */
function state_name(address: number): string | undefined {
  if (address >= V_BASE && address < V_BASE + 384) return `v+${address - V_BASE}`;
  const { r } = STATE;
  if (address >= r.address && address < r.address + 64) return `r${(address - r.address) >> 2}`;
  return (Object.values(STATE) as Field[]).find((f) => f.address === address)?.name;
}

/** Reads a function's body and writes its lines. */
class Printer {
  readonly #bytes: Uint8Array;
  readonly #options: WasmTextOptions;
  readonly #unlikely: ReadonlySet<number>;
  readonly #names = new Map<number, string>();
  readonly #lines: string[] = [];
  /** Values that have not been used yet, as text. */
  #pending: string[] = [];
  #at = 0;
  #indent = 0;

  constructor(code: Code, options: WasmTextOptions) {
    const { bytes, hints } = code.finish();
    this.#bytes = bytes;
    this.#unlikely = new Set(hints);
    this.#options = options;
  }

  print(): string[] {
    const runs = this.#leb();
    let locals = 0;
    for (let i = 0; i < runs; i++) {
      locals += this.#leb();
      this.#at++;
    }
    // The last byte ends the function.
    while (this.#at < this.#bytes.length - 1) this.#instruction();
    this.#flush();
    return this.#lines;
  }

  #byte(): number {
    return this.#bytes[this.#at++]!;
  }
  #leb(): number {
    let value = 0;
    for (let shift = 0;; shift += 7) {
      const byte = this.#byte();
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return value >>> 0;
    }
  }
  #sleb(): bigint {
    let value = 0n;
    for (let shift = 0n;; shift += 7n) {
      const byte = this.#byte();
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return BigInt.asIntN(Number(shift) + 7, value);
    }
  }

  #line(text: string): void {
    this.#lines.push("  ".repeat(this.#indent) + text);
  }
  /** Writes values that code in between keeps from being folded. */
  #flush(): void {
    for (const text of this.#pending) this.#line(text);
    this.#pending = [];
  }
  /** The operands that are at hand; deeper ones are on the stack by lines before. */
  #operands(count: number): string {
    const taken = this.#pending.splice(Math.max(0, this.#pending.length - count), count);
    return taken.map((text) => ` ${text}`).join("");
  }
  #value(name: string, count: number): void {
    this.#pending.push(`(${name}${this.#operands(count)})`);
  }
  #effect(name: string, count: number): void {
    const text = `(${name}${this.#operands(count)})`;
    this.#flush();
    this.#line(text);
  }

  #local(index: number): string {
    return `$${this.#names.get(index) ?? index}`;
  }
  /** A local that is first filled from the CPU state is called after its place there. */
  #name_local(index: number): void {
    if (this.#names.has(index) || this.#indent > 0) return;
    const source = this.#pending.at(-1)?.match(/^\(i(?:32|64)\.load \[(\w+)\]\)$/);
    this.#names.set(index, source && !this.#is_named(source[1]!) ? source[1]! : `${index}`);
  }
  #is_named(name: string): boolean {
    return [...this.#names.values()].includes(name);
  }

  #instruction(): void {
    const start = this.#at;
    const opcode = this.#byte();
    switch (opcode) {
      case OP.block:
      case OP.loop:
      case OP.if:
        return this.#open(opcode, start);
      case OP.else:
      case OP.end:
        this.#flush();
        this.#indent--;
        this.#line(opcode === OP.else ? "else" : "end");
        if (opcode === OP.else) this.#indent++;
        return;
      case OP.br:
        return this.#effect(`br ${this.#leb()}`, 0);
      case OP.br_if: {
        const hint = this.#unlikely.has(start) ? " ;unlikely" : "";
        return this.#effect(`br_if ${this.#leb()}${hint}`, 1);
      }
      case OP.br_table: {
        const count = this.#leb();
        const labels = Array.from({ length: count + 1 }, () => this.#leb());
        return this.#effect(`br_table ${labels.join(" ")}`, 1);
      }
      case OP.return:
        return this.#effect("return", 1);
      case OP.unreachable:
        return this.#effect("unreachable", 0);
      case OP.drop:
        return this.#effect("drop", 1);
      case OP.call: {
        const { name, params, results } = this.#options.callee(this.#leb());
        if (results === 0) return this.#effect(`call $${name}`, params);
        // What comes before a call must not seem to come after it.
        return this.#value(`call $${name}`, params);
      }
      case OP.call_indirect: {
        const type = this.#leb();
        this.#at++;
        return this.#value(`call_indirect ${type}`, 2);
      }
      case OP.return_call_indirect: {
        const type = this.#leb();
        this.#at++;
        return this.#effect(`return_call_indirect ${type}`, 2);
      }
      case OP.local_get:
        this.#pending.push(this.#local(this.#leb()));
        return;
      case OP.local_set: {
        const index = this.#leb();
        this.#name_local(index);
        return this.#effect(`local.set ${this.#local(index)}`, 1);
      }
      case OP.local_tee:
        return this.#value(`local.tee ${this.#local(this.#leb())}`, 1);
      case OP.i32_const:
        this.#pending.push(constant(Number(BigInt.asIntN(32, this.#sleb()))));
        return;
      case OP.i64_const:
        this.#pending.push(`${this.#sleb()}n`);
        return;
      case OP.f32_const:
        this.#at += 4;
        this.#pending.push(`(f32.const ${this.#view().getFloat32(this.#at - 4, true)})`);
        return;
      case OP.f64_const:
        this.#at += 8;
        this.#pending.push(`(f64.const ${this.#view().getFloat64(this.#at - 8, true)})`);
        return;
      case 0xfd:
        return this.#vector();
      case 0xfe:
        return this.#atomic();
    }
    const memory = MEMORY.get(opcode);
    if (memory !== undefined) return this.#memory(memory, memory.includes("store") ? 2 : 1);
    this.#operator(opcode);
  }

  #view(): DataView {
    return new DataView(this.#bytes.buffer, this.#bytes.byteOffset);
  }

  #open(opcode: number, start: number): void {
    const type = TYPE_NAME.get(this.#byte());
    const result = type === undefined ? "" : ` ${type}`;
    const name = opcode === OP.if ? "if" : opcode === OP.loop ? "loop" : "block";
    const hint = this.#unlikely.has(start) ? " ;unlikely" : "";
    const condition = opcode === OP.if ? this.#operands(1) : "";
    this.#flush();
    this.#line(`${name}${result}${condition}${hint}`);
    this.#indent++;
  }

  #operator(key: number): void {
    const op = PURE.get(key);
    if (op) {
      const immediates = Array.from({ length: op.immediates }, () => this.#byte());
      return this.#value([op.name, ...immediates].join(" "), op.args.length);
    }
    const other = OTHER.get(key);
    if (!other) throw new TypeError(`no name for opcode 0x${key.toString(16)} at ${this.#at}`);
    this.#value(other[0], other[1]);
  }

  #vector(): void {
    const opcode = this.#leb();
    if (opcode === 12) {
      const bytes = Array.from({ length: 16 }, () => this.#byte().toString(16).padStart(2, "0"));
      this.#pending.push(`(v128.const ${bytes.join("")})`);
      return;
    }
    const memory = VECTOR_MEMORY[opcode];
    if (memory !== undefined) return this.#memory(memory, opcode === 11 ? 2 : 1);
    if (opcode >= 0x54 && opcode <= 0x5b) {
      const bits = 8 << (opcode & 3);
      return this.#memory(`v128.${opcode < 0x58 ? "load" : "store"}${bits}_lane`, 2, true);
    }
    this.#operator((0xfd << 16) | opcode);
  }

  #atomic(): void {
    const opcode = this.#leb();
    if (opcode === 3) {
      this.#at++;
      return this.#effect("atomic.fence", 0);
    }
    const found = ATOMIC[opcode];
    if (!found) throw new TypeError(`no name for atomic opcode 0x${opcode.toString(16)}`);
    this.#memory(found[0], found[1]);
  }

  /** A memory access; one at a fixed address of the CPU state has that place's name. */
  #memory(name: string, count: number, lane = false): void {
    this.#leb();
    const offset = this.#leb();
    const suffix = lane ? ` ${this.#byte()}` : "";
    const base = this.#pending.at(-count);
    const place = this.#pending.length >= count && base === "0" ? state_name(offset) : undefined;
    if (place !== undefined) {
      this.#pending.splice(this.#pending.length - count, 1);
      count--;
    }
    const where = place !== undefined ? ` [${place}]` : offset === 0 ? "" : ` +${hex(offset)}`;
    if (name.includes("store")) this.#effect(`${name}${suffix}${where}`, count);
    else this.#value(`${name}${suffix}${where}`, count);
  }
}

function hex(value: number): string {
  return `${value < 0 ? "-" : ""}0x${Math.abs(value).toString(16)}`;
}

function constant(value: number): string {
  return Math.abs(value) <= 1024 ? `${value}` : hex(value);
}

/** The lines of a function's body. */
export function wasm_text(code: Code, options: WasmTextOptions): string[] {
  return new Printer(code, options).print();
}
