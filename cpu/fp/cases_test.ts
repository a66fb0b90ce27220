import assert from "node:assert/strict";
import {
  f16_to_f32,
  F32_ARITH,
  f32_sqrt,
  f32_to_f16,
  f32_to_f64,
  f32_to_fixed,
  F64_ARITH,
  f64_sqrt,
  f64_to_f32,
  f64_to_fixed,
  fixed_to_f32,
  fixed_to_f64,
  FLAG,
  FpEnv,
  type LaneOp,
  MODE,
  NEON_LANES,
  ROUND,
  STANDARD_MODE,
  u32_recip_estimate,
  u32_rsqrt_estimate,
  type VfpArith,
} from "./mod.ts";

const MODES: Record<string, number> = {
  rn: ROUND.nearest,
  rp: ROUND.up,
  rm: ROUND.down,
  rz: ROUND.zero,
  fz: MODE.flush,
  dn: MODE.default_nan,
  ahp: MODE.ahp,
};

/** A 64-bit operand or result, and 32 bits of it. */
const high = (v: bigint): number => Number(BigInt.asIntN(32, v >> 32n));
const low = (v: bigint): number => Number(BigInt.asIntN(32, v));
const bits32 = (v: number): bigint => BigInt(v >>> 0);
const wide = (env: FpEnv): bigint => (bits32(env.hi) << 32n) | bits32(env.lo);

const CONVERSIONS: Record<string, (env: FpEnv, a: bigint) => bigint> = {
  "vsqrt.f32": (env, a) => bits32(f32_sqrt(env, low(a))),
  "vsqrt.f64": (env, a) => (f64_sqrt(env, high(a), low(a)), wide(env)),
  "vcvt.f64.f32": (env, a) => (f32_to_f64(env, low(a)), wide(env)),
  "vcvt.f32.f64": (env, a) => bits32(f64_to_f32(env, high(a), low(a))),
  "vcvtb.f32.f16": (env, a) => bits32(f16_to_f32(env, low(a))),
  "vcvtb.f16.f32": (env, a) => bits32(f32_to_f16(env, low(a))),
  "neon.vrecpe.u32": (_, a) => bits32(u32_recip_estimate(low(a))),
  "neon.vrsqrte.u32": (_, a) => bits32(u32_rsqrt_estimate(low(a))),
};

/** `vcvt.u32.f64`, `fix16.f32.s16` and their like. */
function fixed(env: FpEnv, name: string, a: bigint): bigint | undefined {
  const parts = /^(vcvtr?|fix(\d+))\.(\w)(\d+)\.(\w)(\d+)$/.exec(name);
  if (!parts) return undefined;
  const [, kind, fraction = "0", to, to_bits, from, from_bits] = parts;
  const to_fixed = to !== "f";
  const format = {
    unsigned: (to_fixed ? to : from) === "u",
    bits: Number(to_fixed ? to_bits : from_bits),
    fraction: Number(fraction),
  };
  const double = (to_fixed ? from_bits : to_bits) === "64";
  if (to_fixed && kind !== "vcvtr") env.mode |= ROUND.zero;
  if (!to_fixed && kind !== "vcvt") env.mode &= ~MODE.rounding;
  if (to_fixed) {
    return bits32(
      double ? f64_to_fixed(env, high(a), low(a), format) : f32_to_fixed(env, low(a), format),
    );
  }
  if (!double) return bits32(fixed_to_f32(env, low(a), format));
  fixed_to_f64(env, low(a), format);
  return wide(env);
}

function arithmetic(env: FpEnv, name: string, args: bigint[]): bigint {
  const [kind, type] = name.split(".") as [VfpArith, string];
  const [d, n, m] = args.length === 3 ? args : [0n, ...args] as bigint[];
  if (type === "f32") return bits32(F32_ARITH[kind](env, low(d!), low(n!), low(m!)));
  F64_ARITH[kind](env, high(d!), low(d!), high(n!), low(n!), high(m!), low(m!));
  return wide(env);
}

function compute(env: FpEnv, name: string, args: bigint[]): bigint {
  const conversion = CONVERSIONS[name];
  if (conversion) return conversion(env, args[0]!);
  if (name.startsWith("neon.")) {
    const lane: LaneOp = NEON_LANES[name.slice(5) as keyof typeof NEON_LANES];
    env.mode = STANDARD_MODE;
    return bits32(lane(env, 0, low(args[0]!), low(args[1] ?? 0n)));
  }
  return fixed(env, name, args[0]!) ?? arithmetic(env, name, args);
}

const text = await Deno.readTextFile(new URL("cases.txt", import.meta.url));
for (const section of text.split(/^# (?=.*\n[^#])/m).slice(1)) {
  const [title, ...lines] = section.trim().split("\n");
  // The heading of the file is one more comment before the first section.
  if (lines.length === 0 || lines[0]!.startsWith("#")) continue;
  Deno.test(`floating point: ${title}`, () => {
    for (const line of lines) {
      const [left, right] = line.split(" = ");
      const [name, mode, ...args] = left!.split(" ");
      const [result, flags] = right!.split(" ");
      const env = new FpEnv();
      env.mode = MODES[mode!]!;
      const got = compute(env, name!, args.map((a) => BigInt(`0x${a}`)));
      const raised = Object.entries(FLAG).filter(([, bit]) => env.flags & bit).map(([n]) => n);
      const shown = got.toString(16).padStart(result!.length, "0");
      assert.equal(`${shown} ${raised.join(",") || "-"}`, right, `${left} (${flags})`);
    }
  });
}
