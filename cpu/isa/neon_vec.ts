import type { Builder } from "../ir/builder.ts";
import type { Node } from "../ir/node.ts";
import { STATE } from "../state.ts";

/** Element size of an Advanced SIMD instruction: log2 of its bytes. */
export type Size = 0 | 1 | 2 | 3;

const SHAPES = ["i8x16", "i16x8", "i32x4", "i64x2"] as const;

/** A v128 constant. */
export function v128_constant(b: Builder, bytes: readonly number[]): Node {
  return b.constant("v128", Uint8Array.from(bytes));
}

/** The 16 bytes `f(0)`..`f(15)`. */
export function bytes16(f: (i: number) => number): number[] {
  return Array.from({ length: 16 }, (_, i) => f(i));
}

/** Chooses bytes of two vectors: 0..15 of `x`, 16..31 of `y`. */
export function shuffle(b: Builder, x: Node, y: Node, mask: readonly number[]): Node {
  return b.op_imm("i8x16.shuffle", mask, x, y);
}

/** Two 64-bit values as one vector. */
export function pair(b: Builder, low: Node, high: Node): Node {
  return b.op_imm("i64x2.replace_lane", [1], b.op("i64x2.splat", low), high);
}

/** The low or high 64 bits of a vector. */
export function half(b: Builder, x: Node, which: 0 | 1): Node {
  return b.op_imm("i64x2.extract_lane", [which], x);
}

/** A Q register, or a D register in both halves, so that lanes above it raise nothing of their own. */
export function read_vector(b: Builder, q: boolean, reg: Node): Node {
  return b.v(reg, q ? "v128" : "i64x2");
}

/** Writes a Q register, or a D register from the low half. */
export function write_vector(b: Builder, q: boolean, reg: Node, value: Node): void {
  b.set_v(reg, q ? "v128" : "i64x2", value);
}

/** Sets FPSCR.QC when the i32 `condition` is not zero. */
export function saturated_if(b: Builder, condition: Node): void {
  b.if(condition, () => b.set(STATE.fp_qc, 1));
}

/** Vectors of one element size and signedness, on a Builder. */
export class Vec {
  /** Where the micro-ops go. */
  readonly b: Builder;
  /** log2 of an element's bytes. */
  readonly size: Size;
  /** Elements are unsigned, where that matters. */
  readonly u: boolean;
  /** Bits of an element. */
  readonly bits: number;

  /** Vectors of `8 << size` bits per element. */
  constructor(b: Builder, size: number, u: boolean = false) {
    this.b = b;
    this.size = size as Size;
    this.u = u;
    this.bits = 8 << size;
  }

  /** Elements twice as wide. */
  get wide(): Vec {
    return new Vec(this.b, this.size + 1, this.u);
  }
  /** The same elements, unsigned or signed. */
  as(u: boolean): Vec {
    return new Vec(this.b, this.size, u);
  }

  /** The micro-op of this shape. */
  op(name: string, ...args: Node[]): Node {
    return this.b.op(`${SHAPES[this.size]}.${name}`, ...args);
  }
  /** The micro-op whose name ends in the signedness. */
  sop(name: string, ...args: Node[]): Node {
    return this.op(`${name}_${this.u ? "u" : "s"}`, ...args);
  }
  /** Wrapping sum. */
  add(x: Node, y: Node): Node {
    return this.op("add", x, y);
  }
  /** Wrapping difference. */
  sub(x: Node, y: Node): Node {
    return this.op("sub", x, y);
  }
  /** All ones where elements are equal. */
  eq(x: Node, y: Node): Node {
    return this.op("eq", x, y);
  }
  /** `x & y`. */
  and(x: Node, y: Node): Node {
    return this.b.op("v128.and", x, y);
  }
  /** `x & ~y`. */
  andnot(x: Node, y: Node): Node {
    return this.b.op("v128.andnot", x, y);
  }
  /** `x | y`. */
  or(x: Node, y: Node): Node {
    return this.b.op("v128.or", x, y);
  }
  /** `x ^ y`. */
  xor(x: Node, y: Node): Node {
    return this.b.op("v128.xor", x, y);
  }
  /** `~x`. */
  not(x: Node): Node {
    return this.b.op("v128.not", x);
  }
  /** Bits of `x` where `mask` is one, else of `y`. */
  select(mask: Node, x: Node, y: Node): Node {
    return this.b.op("v128.bitselect", x, y, mask);
  }

  /** Every element `value`. */
  constant(value: bigint | number): Node {
    const bytes = bytes16((i) => {
      const shift = 8n * BigInt(i % (1 << this.size));
      return Number((BigInt(value) >> shift) & 0xffn);
    });
    return v128_constant(this.b, bytes);
  }
  /** The most negative element. */
  get min(): Node {
    return this.constant(1n << BigInt(this.bits - 1));
  }
  /** The most positive signed element. */
  get max(): Node {
    return this.constant((1n << BigInt(this.bits - 1)) - 1n);
  }
  /** Every bit one. */
  get ones(): Node {
    return this.constant(-1);
  }
  /** Every bit zero. */
  get zero(): Node {
    return this.constant(0);
  }
  /** An i32, or i64 for 64-bit elements, in every element. */
  splat(value: Node): Node {
    return this.op("splat", value);
  }

  /** Shifts left by 0 to `bits - 1`. */
  shl(x: Node, n: Node | number): Node {
    return this.op("shl", x, this.#count(n));
  }
  /** Shifts right, by the signedness, by 0 to `bits - 1`. */
  shr(x: Node, n: Node | number): Node {
    return this.sop("shr", x, this.#count(n));
  }
  /** Shifts right with zeros. */
  shr_u(x: Node, n: Node | number): Node {
    return this.op("shr_u", x, this.#count(n));
  }
  /** Shifts right with copies of the sign. */
  shr_s(x: Node, n: Node | number): Node {
    return this.op("shr_s", x, this.#count(n));
  }
  #count(n: Node | number): Node {
    return typeof n === "number" ? this.b.c(n) : n;
  }

  /** All ones where `x < y`, by the signedness. */
  lt(x: Node, y: Node): Node {
    if (this.size < 3) return this.sop("lt", x, y);
    return this.u
      ? this.op("lt_s", this.xor(x, this.min), this.xor(y, this.min))
      : this.op("lt_s", x, y);
  }
  /** The product's low half. */
  mul(x: Node, y: Node): Node {
    if (this.size > 0) return this.op("mul", x, y);
    const low = this.b.op("i16x8.extmul_low_i8x16_u", x, y);
    const high = this.b.op("i16x8.extmul_high_i8x16_u", x, y);
    return this.truncate(low, high);
  }
  /** Absolute differences, as unsigned elements. */
  abd(x: Node, y: Node): Node {
    return this.sub(this.sop("max", x, y), this.sop("min", x, y));
  }

  /** The low or high half of the elements, each twice as wide by the signedness. */
  extend(x: Node, part: "low" | "high" = "low"): Node {
    return this.wide.sop(`extend_${part}_${SHAPES[this.size]}`, x);
  }
  /** Products, twice as wide, of the low or high half of the elements. */
  extmul(x: Node, y: Node, part: "low" | "high" = "low"): Node {
    return this.wide.sop(`extmul_${part}_${SHAPES[this.size]}`, x, y);
  }
  /** Low halves of the double-width elements of two vectors. */
  truncate(low: Node, high: Node = low): Node {
    return shuffle(this.b, low, high, this.#halves(0));
  }
  /** High halves of the double-width elements of two vectors. */
  upper(low: Node, high: Node = low): Node {
    return shuffle(this.b, low, high, this.#halves(1 << this.size));
  }
  #halves(offset: number): number[] {
    const bytes = 1 << this.size;
    return bytes16((i) => (i >> this.size) * 2 * bytes + (i & (bytes - 1)) + offset);
  }

  /** An i32: whether any bit of `mask` is set. */
  any(mask: Node): Node {
    return this.b.op("v128.any_true", mask);
  }
  /** Sets QC when any bit of `mask` is set. */
  saturated(mask: Node): void {
    saturated_if(this.b, this.any(mask));
  }

  /** Saturating addition; sets QC. */
  add_sat(x: Node, y: Node): Node {
    const sum = this.add(x, y);
    if (this.size < 2) return this.#checked(this.sop("add_sat", x, y), sum);
    if (this.u) {
      const over = this.lt(sum, x);
      this.saturated(over);
      return this.or(sum, over);
    }
    return this.#by_sign(x, sum, this.and(this.xor(x, sum), this.xor(y, sum)));
  }
  /** Saturating subtraction; sets QC. */
  sub_sat(x: Node, y: Node): Node {
    const difference = this.sub(x, y);
    if (this.size < 2) return this.#checked(this.sop("sub_sat", x, y), difference);
    if (this.u) {
      const under = this.lt(x, y);
      this.saturated(under);
      return this.andnot(difference, under);
    }
    return this.#by_sign(x, difference, this.and(this.xor(x, y), this.xor(x, difference)));
  }
  #checked(saturating: Node, wrapping: Node): Node {
    this.saturated(this.xor(saturating, wrapping));
    return saturating;
  }
  /** `result`, or the limit on `x`'s side where the sign of `overflow` is set. */
  #by_sign(x: Node, result: Node, overflow: Node): Node {
    const over = this.shr_s(overflow, this.bits - 1);
    this.saturated(over);
    return this.select(over, this.limit(x), result);
  }
  /** The most positive element where `x` is not negative, else the most negative one. */
  limit(x: Node): Node {
    return this.xor(this.shr_s(x, this.bits - 1), this.max);
  }
}
