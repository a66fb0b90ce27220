import type { Builder } from "../ir/builder.ts";
import type { Node } from "../ir/node.ts";
import { narrow_saturating } from "./neon_narrow.ts";
import { bytes16, half, pair, saturated_if, shuffle, v128_constant, type Vec } from "./neon_vec.ts";

/** How a shift by register deals with what falls out. */
interface ShiftRules {
  readonly round?: boolean;
  readonly saturate?: boolean;
}

/**
 * Shifts the elements of `x` left by the signed low byte of the elements of `s`.
 *
 * WebAssembly shifts all lanes alike, but it multiplies lanes: an element extended to twice its
 * width times 2^(bits + s) has the result in the product's upper half, for either sign of s, and
 * the bits that rounding looks at below it.
 */
export function shift_by_register(v: Vec, x: Node, s: Node, rules: ShiftRules): Node {
  if (v.size === 3) return shift64(v, x, s, rules);
  const b = v.b, { round, saturate } = rules;
  const amounts = low_bytes(v, s);
  // Beyond -bits only the sign is left, unless rounding leaves nothing at all.
  const floor = !v.u && !round ? by_byte(b, "max_s", amounts, -v.bits) : amounts;
  const product = (part: "low" | "high"): Node => {
    const wide = v.wide.mul(v.extend(x, part), power_of_two(v, floor, part, v.bits));
    return round ? v.wide.add(wide, v.wide.constant(1n << BigInt(v.bits - 1))) : wide;
  };
  const shifted = v.upper(product("low"), product("high"));
  if (!saturate) return shifted;
  const ceiling = by_byte(b, "min_s", amounts, v.bits);
  const scaled = (part: "low" | "high"): Node =>
    v.wide.mul(v.extend(x, part), power_of_two(v, ceiling, part, 0));
  const left = narrow_saturating(v, scaled("low"), scaled("high"), v.u ? "u_u" : "s_s");
  const to_right = b.op("i8x16.shr_s", amounts, b.c(7));
  return v.select(to_right, shifted, left);
}

/** The low byte of each element in all its bytes. */
function low_bytes(v: Vec, s: Node): Node {
  return v.size === 0 ? s : shuffle(v.b, s, s, bytes16((i) => i >> v.size << v.size));
}

function by_byte(b: Builder, name: string, x: Node, value: number): Node {
  return b.op(`i8x16.${name}`, x, v128_constant(b, bytes16(() => value & 0xff)));
}

/**
 * 2^(amount + bias) in double-width elements; 0 where that is negative or too large. `amounts`
 * fill their elements' bytes. Byte k of an element is entry `amount + bias - 8k` of a table.
 */
function power_of_two(v: Vec, amounts: Node, part: "low" | "high", bias: number): Node {
  const b = v.b;
  const first = part === "low" ? 0 : 8;
  const spread = shuffle(b, amounts, amounts, bytes16((i) => first + (i >> 1)));
  const mask = (2 << v.size) - 1;
  const offsets = v128_constant(b, bytes16((i) => (bias - 8 * (i & mask)) & 0xff));
  const table = v128_constant(b, bytes16((i) => i < 8 ? 1 << i : 0));
  return b.op("i8x16.swizzle", table, b.op("i8x16.add", spread, offsets));
}

function shift64(v: Vec, x: Node, s: Node, rules: ShiftRules): Node {
  const b = v.b;
  const [low, high] = ([0, 1] as const).map((i) => {
    const byte = b.op("i64.extend_i32_s", b.op_imm("i8x16.extract_lane_s", [8 * i], s));
    return shift_lane64(b, half(b, x, i), byte, v.u, rules);
  });
  return pair(b, low!, high!);
}

function shift_lane64(b: Builder, x: Node, s: Node, u: boolean, rules: ShiftRules): Node {
  const shr = u ? "i64.shr_u" : "i64.shr_s";
  const zero = b.constant("i64", 0n);
  const in_reach = b.op("i64.lt_s", s, 64);
  const left = (): Node => {
    const shifted = b.op("i64.shl", x, s);
    if (!rules.saturate) return b.select(in_reach, shifted, zero);
    const limit = u
      ? b.constant("i64", -1n)
      : b.op("i64.xor", b.op("i64.shr_s", x, 63), b.constant("i64", (1n << 63n) - 1n));
    const fits = b.or(
      b.op("i64.eqz", x),
      b.and(in_reach, b.op("i64.eq", b.op(shr, shifted, s), x)),
    );
    saturated_if(b, b.eqz(fits));
    return b.select(fits, shifted, limit);
  };
  const right = (): Node => {
    // ~s is one less than the distance: the last bit out is then bit 0.
    const distance = b.op("i64.xor", s, -1);
    const near = b.op("i64.lt_s", distance, 64);
    if (!u && !rules.round) {
      const most = b.select(near, distance, b.constant("i64", 63n));
      return b.op(shr, b.op(shr, x, most), 1);
    }
    const last = b.op(shr, x, distance);
    const whole = b.op(shr, last, 1);
    const value = rules.round ? b.op("i64.add", whole, b.op("i64.and", last, 1)) : whole;
    return b.select(near, value, zero);
  };
  const result = b.local("i64", zero);
  b.if(b.op("i64.lt_s", s, 0), () => result.set(right()), () => result.set(left()));
  return result.get();
}
