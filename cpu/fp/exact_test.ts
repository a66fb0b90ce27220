import assert from "node:assert/strict";
import fc from "fast-check";
import { f64_hi, f64_lo } from "./bits.ts";
import {
  f32_add,
  f32_div,
  f32_fma,
  f32_mul,
  f64_add,
  f64_div,
  f64_fma,
  f64_mul,
  f64_sqrt,
  f64_to_f32,
  FpEnv,
  ROUND,
} from "./mod.ts";
import {
  type Exact,
  exact_add,
  exact_div,
  exact_mul,
  exact_of,
  f64_round_exact,
} from "./f64_exact.ts";
import { f32_bits, f32_of, f64_of } from "./bits.ts";

/** Runs of each property. */
const RUNS = { numRuns: 2000 };

const rounding = fc.constantFrom(ROUND.nearest, ROUND.up, ROUND.down, ROUND.zero);
/** Finite numbers that are not zero: a mantissa with few bits often, so that ties come up. */
const double = fc.tuple(
  fc.boolean(),
  fc.oneof(fc.integer({ min: -3, max: 3 }), fc.integer({ min: -1074, max: 1000 })),
  fc.oneof(fc.maxSafeInteger(), fc.integer({ min: 1, max: 15 }), fc.constant(2 ** 53 - 1)),
).map(([negative, exponent, mantissa]) => {
  const magnitude = Math.abs(mantissa) || 1;
  const value = magnitude * 2 ** Math.min(exponent, 960 - Math.log2(magnitude));
  return negative ? -value : value;
}).filter((v) => v !== 0);

function words(v: number): [number, number] {
  return [f64_hi(v), f64_lo(v)];
}
const exact = (v: number): Exact => exact_of(f64_hi(v), f64_lo(v));

/** What `compute` gives, against the rounding of the exact value. */
function agree(mode: number, compute: (env: FpEnv) => void, value: Exact): void {
  const got = new FpEnv(), want = new FpEnv();
  got.mode = want.mode = mode;
  compute(got);
  if (value.mantissa === 0n) {
    assert.equal(f64_of(got.hi, got.lo), mode === ROUND.down ? -0 : 0);
    return;
  }
  f64_round_exact(want, value);
  assert.deepEqual([got.hi, got.lo, got.flags], [want.hi, want.lo, want.flags]);
}

Deno.test("f64_add, f64_mul and f64_div round the exact result in every mode", () => {
  fc.assert(
    fc.property(rounding, double, double, (mode, a, b) => {
      agree(mode, (env) => f64_add(env, ...words(a), ...words(b)), exact_add(exact(a), exact(b)));
      agree(mode, (env) => f64_mul(env, ...words(a), ...words(b)), exact_mul(exact(a), exact(b)));
      agree(mode, (env) => f64_div(env, ...words(a), ...words(b)), exact_div(exact(a), exact(b)));
    }),
    RUNS,
  );
});

Deno.test("f64_fma rounds the exact result once in every mode", () => {
  fc.assert(
    fc.property(rounding, double, double, double, (mode, c, a, b) => {
      const sum = exact_add(exact_mul(exact(a), exact(b)), exact(c));
      agree(mode, (env) => f64_fma(env, ...words(c), ...words(a), ...words(b)), sum);
      // Near cancellation: subtract what the product rounds to.
      const near = -(a * b);
      if (near === 0 || near - near !== 0) return;
      const rest = exact_add(exact_mul(exact(a), exact(b)), exact(near));
      agree(mode, (env) => f64_fma(env, ...words(near), ...words(a), ...words(b)), rest);
    }),
    RUNS,
  );
});

Deno.test("f64_sqrt is the nearest number below or above the root, as the mode says", () => {
  fc.assert(
    fc.property(double.map(Math.abs), (a) => {
      const at = (mode: number): FpEnv => {
        const env = new FpEnv();
        env.mode = mode;
        f64_sqrt(env, ...words(a));
        return env;
      };
      /** Whether the square of a result is below, at or above the operand. */
      const side = (env: FpEnv): number => {
        const root = exact_of(env.hi, env.lo);
        const { negative, mantissa } = exact_add(exact_mul(root, root), exact(-a));
        return mantissa === 0n ? 0 : negative ? -1 : 1;
      };
      const down = at(ROUND.down), up = at(ROUND.up), nearest = at(ROUND.nearest);
      if (side(nearest) === 0) {
        assert.equal(nearest.flags, 0);
        assert.deepEqual([up.hi, up.lo, down.hi, down.lo], [
          nearest.hi,
          nearest.lo,
          nearest.hi,
          nearest.lo,
        ]);
        return;
      }
      assert.deepEqual([side(down), side(up)], [-1, 1]);
      assert.deepEqual([nearest.flags, up.flags], [16, 16]);
      const distance = (BigInt(up.hi) << 32n | BigInt(up.lo >>> 0)) -
        (BigInt(down.hi) << 32n | BigInt(down.lo >>> 0));
      assert.equal(distance, 1n);
      assert.equal(f64_of(nearest.hi, nearest.lo), Math.sqrt(a));
    }),
    RUNS,
  );
});

/** Rounds an exact value to single precision by way of double precision, for values of few bits. */
function single(mode: number, value: Exact): [number, number] {
  const env = new FpEnv();
  env.mode = mode;
  f64_round_exact(env, value);
  assert.equal(env.flags, 0, "the sample must be exact in double precision");
  return [f64_to_f32(env, env.hi, env.lo), env.flags];
}

const float = fc.float({ noNaN: true, noDefaultInfinity: true }).filter((v) => v !== 0);
const near_one = fc.tuple(fc.integer({ min: 0, max: 0xff_ffff }), fc.integer({ min: -14, max: 14 }))
  .map(([m, e]) => (2 ** 23 + m) * 2 ** (e - 23));

Deno.test("single precision rounds exact products and near sums as a conversion does", () => {
  fc.assert(
    fc.property(rounding, float, near_one, near_one, (mode, a, b, c) => {
      const run = (compute: (env: FpEnv) => number): [number, number] => {
        const env = new FpEnv();
        env.mode = mode;
        return [compute(env), env.flags];
      };
      const [x, y, z] = [a, Math.fround(b), Math.fround(c)];
      assert.deepEqual(
        run((env) => f32_mul(env, f32_bits(x), f32_bits(y))),
        single(mode, exact_mul(exact(x), exact(y))),
      );
      assert.deepEqual(
        run((env) => f32_add(env, f32_bits(y), f32_bits(z))),
        single(mode, exact_add(exact(y), exact(z))),
      );
    }),
    RUNS,
  );
});

Deno.test("single precision rounds to nearest as the host does, fused ones excepted", () => {
  fc.assert(
    fc.property(float, float, float, (a, b, c) => {
      const env = new FpEnv();
      assert.equal(f32_of(f32_add(env, f32_bits(a), f32_bits(b))), Math.fround(a + b));
      assert.equal(f32_of(f32_div(env, f32_bits(a), f32_bits(b))), Math.fround(a / b));
      // An error of one rounding at most is left where the host rounds twice.
      const fused = f32_of(f32_fma(env, f32_bits(c), f32_bits(a), f32_bits(b)));
      const twice = Math.fround(a * b + c);
      assert.ok(Object.is(fused, twice) || Math.abs(fused - twice) <= Math.abs(twice) * 2 ** -23);
    }),
    RUNS,
  );
});
