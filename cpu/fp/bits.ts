/**
 * Numbers to their bits and back. One scratch buffer: what is written is read at once.
 *
 * @module
 */
const buffer = new ArrayBuffer(8);
const f64 = new Float64Array(buffer);
const f32 = new Float32Array(buffer);
const words = new Int32Array(buffer);
const little = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;
const LO = little ? 0 : 1;
const HI = 1 - LO;

/** The number that a single-precision bit pattern stands for. Not for NaNs. */
export function f32_of(bits: number): number {
  words[0] = bits;
  return f32[0]!;
}

/** Bits of a number that single precision can represent, signed. */
export function f32_bits(value: number): number {
  f32[0] = value;
  return words[0]!;
}

/** The number that a double-precision bit pattern stands for. Not for NaNs. */
export function f64_of(hi: number, lo: number): number {
  words[HI] = hi;
  words[LO] = lo;
  return f64[0]!;
}

/** Bits 63:32 of a number, signed. */
export function f64_hi(value: number): number {
  f64[0] = value;
  return words[HI]!;
}

/** Bits 31:0 of a number, signed. */
export function f64_lo(value: number): number {
  f64[0] = value;
  return words[LO]!;
}

/**
 * `sum` rounded to odd instead of to nearest, `error` being what rounding has left out (exact result
 * minus `sum`). Rounding the outcome again to fewer than 52 bits is as good as rounding once.
 */
export function to_odd(sum: number, error: number): number {
  if (error === 0) return sum;
  f64[0] = sum;
  if (words[LO]! & 1) return sum;
  // The exact result lies between `sum` and its odd neighbour on the side of the error.
  if ((error > 0) === (sum > 0)) words[LO]! |= 1;
  else {
    if (words[LO] === 0) words[HI]!--;
    words[LO]!--;
  }
  return f64[0]!;
}

/** What `a + b` loses when rounded to `sum`, exactly, unless something overflows. */
export function sum_error(a: number, b: number, sum: number): number {
  const b_part = sum - a;
  return (a - (sum - b_part)) + (b - b_part);
}

/** 2^27 + 1: splits a double into halves of 26 bits. */
const SPLIT = 134217729;

/** What `a * b` loses when rounded to `product`, exactly, away from overflow and underflow. */
export function product_error(a: number, b: number, product: number): number {
  const ca = a * SPLIT, cb = b * SPLIT;
  const ah = ca - (ca - a), bh = cb - (cb - b);
  const al = a - ah, bl = b - bh;
  return ((ah * bh - product) + ah * bl + al * bh) + al * bl;
}
