/**
 * Double-precision results by integer arithmetic of any size, for what hardware cannot tell: results
 * near the ends of the exponent range. Slow and rare.
 *
 * @module
 */
import { FLAG, type FpEnv, MODE, ROUND } from "./env.ts";
import { rounds_up } from "./f32.ts";
import { f64_give, F64_INFINITY_HI } from "./f64_nan.ts";

/** An exact number: `mantissa` times two to the `exponent`; the sign apart, so that zeros have one. */
export interface Exact {
  readonly negative: boolean;
  readonly mantissa: bigint;
  readonly exponent: number;
}

/** A finite operand, exactly. */
export function exact_of(hi: number, lo: number): Exact {
  const biased = (hi >>> 20) & 0x7ff;
  const fraction = (BigInt(hi & 0xf_ffff) << 32n) | BigInt(lo >>> 0);
  return {
    negative: hi < 0,
    mantissa: biased === 0 ? fraction : fraction | (1n << 52n),
    exponent: Math.max(biased, 1) - 1075,
  };
}

/** `a * b`. */
export function exact_mul(a: Exact, b: Exact): Exact {
  return {
    negative: a.negative !== b.negative,
    mantissa: a.mantissa * b.mantissa,
    exponent: a.exponent + b.exponent,
  };
}

/** `a + b`; positive when it is zero. */
export function exact_add(a: Exact, b: Exact): Exact {
  const exponent = Math.min(a.exponent, b.exponent);
  const term = (t: Exact): bigint => {
    const m = t.mantissa << BigInt(t.exponent - exponent);
    return t.negative ? -m : m;
  };
  const sum = term(a) + term(b);
  return { negative: sum < 0n, mantissa: sum < 0n ? -sum : sum, exponent };
}

/** `a / b` to 64 bits at least, its last bit standing for all that follow. */
export function exact_div(a: Exact, b: Exact): Exact {
  const dividend = a.mantissa << 120n;
  const quotient = dividend / b.mantissa;
  const rest = dividend % b.mantissa === 0n ? 0n : 1n;
  return {
    negative: a.negative !== b.negative,
    mantissa: quotient << 1n | rest,
    exponent: a.exponent - b.exponent - 121,
  };
}

function bit_length(value: bigint): number {
  return value.toString(2).length;
}

function overflow(env: FpEnv, negative: boolean): void {
  env.flags |= FLAG.ofc | FLAG.ixc;
  const rounding = env.mode & MODE.rounding;
  const to_infinity = rounding === ROUND.nearest || rounding === (negative ? ROUND.down : ROUND.up);
  const sign = negative ? 0x8000_0000 : 0;
  if (to_infinity) f64_give(env, sign | F64_INFINITY_HI, 0);
  else f64_give(env, sign | (F64_INFINITY_HI - 1), -1);
}

/** Makes `value`, which is not zero, the result, rounded to double precision: FPRound. */
export function f64_round_exact(env: FpEnv, value: Exact): void {
  const { negative, mantissa } = value;
  const top = bit_length(mantissa) - 1 + value.exponent;
  const tiny = top < -1022;
  if (tiny && env.mode & MODE.flush) {
    env.flags |= FLAG.ufc;
    return f64_give(env, negative ? 0x8000_0000 | 0 : 0, 0);
  }
  const last = Math.max(top, -1022) - 52;
  const drop = last - value.exponent;
  let kept = drop > 0 ? mantissa >> BigInt(drop) : mantissa << BigInt(-drop);
  let rest = 0;
  if (drop > 0) {
    const below = mantissa & ((1n << BigInt(drop)) - 1n), half = 1n << BigInt(drop - 1);
    rest = below === 0n ? 0 : below < half ? 1 : below === half ? 2 : 3;
  }
  if (rest !== 0) {
    if (tiny) env.flags |= FLAG.ufc;
    env.flags |= FLAG.ixc;
    if (rounds_up(env.mode, negative, rest, Number(kept & 1n))) kept++;
  }
  // The hidden bit, where there is one, adds 1 to the exponent; so does a carry.
  const magnitude = (BigInt(last + 1074) << 52n) + kept;
  if (magnitude >= 0x7ff0n << 48n) return overflow(env, negative);
  const hi = Number(magnitude >> 32n) | (negative ? 0x8000_0000 : 0);
  f64_give(env, hi, Number(magnitude & 0xffff_ffffn) | 0);
}
