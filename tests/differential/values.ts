import type { Random } from "./random.ts";

const EDGES = [
  ...[0, 1, 2, 3, 4, 7, 8, 15, 16, 31, 32, 33, 63, 64, 0x7f, 0x80, 0xff, 0x100],
  ...[0x7fff, 0x8000, 0xffff, 0x1_0000, 0x7fff_ffff, 0x8000_0000, 0x8000_0001],
  ...[0xffff_fffe, 0xffff_ffff, 0xffff_0000, 0x0001_0001, 0x7fff_8000, 0x8000_7fff],
  ...[0x7f7f_7f7f, 0x8080_8080, 0x80ff_7f01, 0x5555_5555, 0xff00_ff00, 0x3fff_ffff, 0xc000_0000],
];

/** A word for a general register: edges, small numbers and anything. */
export function integer(random: Random): number {
  const kind = random.below(100);
  if (kind < 40) return random.pick(EDGES);
  if (kind < 50) return random.below(64);
  if (kind < 55) return -random.below(64) >>> 0;
  return random.word();
}

const F32 = [
  // Zeros, denormals, the smallest and the largest numbers, infinities, NaNs of both kinds.
  ...[0, 1, 2, 0x40_0000, 0x7f_ffff, 0x80_0000, 0x80_0001, 0x100_0000, 0x7f7f_ffff, 0x7f80_0000],
  ...[0x7fc0_0000, 0x7fa0_0001, 0x7f80_0001, 0x7fff_ffff, 0x7fc1_2345],
  // Ones and their neighbours, halves, what makes ties.
  ...[0x3f80_0000, 0x3f80_0001, 0x3f7f_ffff, 0x3f00_0000, 0x3fc0_0000, 0x4000_0000, 0x4020_0000],
  ...[0x3380_0000, 0x3400_0000, 0x3300_0000, 0x3380_0001, 0x4040_0000, 0x3eaa_aaab],
  // Limits of integers: 2^7, 2^8, 2^15, 2^16, 2^23, 2^24, 2^31, 2^32, 2^63 and below.
  ...[0x4300_0000, 0x437f_0000, 0x4380_0000, 0x4700_0000, 0x477f_ff00, 0x4780_0000, 0x4b00_0000],
  ...[0x4b7f_ffff, 0x4b80_0000, 0x4eff_ffff, 0x4f00_0000, 0x4f7f_ffff, 0x4f80_0000, 0x5f00_0000],
  // Products and quotients that fall out of range, and half precision's limits.
  ...[0x1f80_0000, 0x2000_0000, 0x5f80_0000, 0x6000_0000, 0x0c00_0000, 0x7300_0000, 0x477f_e000],
  ...[0x477f_f000, 0x3880_0000, 0x387f_c000, 0x3300_0001],
];

const F64_HIGH = [
  ...[0, 0, 0x8_0000, 0xf_ffff, 0x10_0000, 0x10_0001, 0x7fef_ffff, 0x7ff0_0000, 0x7ff8_0000],
  ...[0x7ff4_0000, 0x7fff_ffff, 0x3ff0_0000, 0x3fef_ffff, 0x3fe0_0000, 0x3ff8_0000, 0x4000_0000],
  ...[0x3ca0_0000, 0x3cb0_0000, 0x3c90_0000, 0x41df_ffff, 0x41e0_0000, 0x41ef_ffff, 0x41f0_0000],
  ...[0x4330_0000, 0x4340_0000, 0x43e0_0000, 0x43f0_0000, 0x40e0_0000, 0x40ef_ffe0, 0x4060_0000],
  // Where double becomes single: overflow, the smallest normal, denormals, nothing.
  ...[0x47ef_ffff, 0x47f0_0000, 0x3810_0000, 0x380f_ffff, 0x36a0_0000, 0x3690_0000, 0x3681_0000],
  ...[0x1ff0_0000, 0x2000_0000, 0x5fe0_0000, 0x6000_0000, 0x0360_0000, 0x7fd0_0000],
];
const F64_LOW = [
  ...[0, 0, 0, 0, 1, 0xffff_ffff, 0xffff_fffe, 0x8000_0000, 0xe000_0000, 0xf000_0000, 0x1000_0000],
  ...[0x2000_0000, 0xffe0_0000, 0xffc0_0000, 0x7fff_ffff],
];

const F16 = [0, 1, 0x3ff, 0x400, 0x7bff, 0x7c00, 0x7e00, 0x7d01, 0x7fff, 0x3c00, 0x3555, 0x5bff];

/** What the lanes of a case's V registers hold. */
export type Flavour = "bits" | "lanes" | "f32" | "f64" | "f16";

/** A flavour: mostly numbers when floating point is tested. */
export function flavour(random: Random, fp: boolean): Flavour {
  if (fp) return random.pick(["f32", "f32", "f32", "f64", "f64", "f64", "f16", "lanes", "bits"]);
  return random.pick(["lanes", "lanes", "bits", "bits", "f32"]);
}

const LANES = [
  [0, 1, 0x7f, 0x80, 0x81, 0xff, 0xfe, 2, 8, 7, 9, 0xf8, 0x40],
  [0, 1, 0x7fff, 0x8000, 0x8001, 0xffff, 0xff, 0x80, 0x100, 16, 15, 0xfff0, 0x4000],
] as const;

function lanes(random: Random): number {
  switch (random.below(4)) {
    case 0:
      return [0, 8, 16, 24].reduce((n, at) => n | (random.pick(LANES[0]) << at), 0) >>> 0;
    case 1:
      return (random.pick(LANES[1]) | (random.pick(LANES[1]) << 16)) >>> 0;
    default:
      return integer(random);
  }
}

/** Numbers whose exponents are near each other: sums that cancel, ties, double rounding. */
function near_f32(random: Random): number {
  const exponent = 120 + random.below(16);
  const fraction = random.percent(50) ? random.word() & 0x7f_ffff : 1 << random.below(23);
  return ((random.word() & 0x8000_0000) | (exponent << 23) | fraction) >>> 0;
}

function f32(random: Random): number {
  const kind = random.below(100);
  if (kind < 60) return (random.pick(F32) ^ (random.word() & 0x8000_0000)) >>> 0;
  return kind < 85 ? near_f32(random) : random.word();
}

/** Both words of a double, low first. */
function f64(random: Random): [number, number] {
  const sign = random.word() & 0x8000_0000;
  const kind = random.below(100);
  if (kind < 60) return [random.pick(F64_LOW), (random.pick(F64_HIGH) | sign) >>> 0];
  if (kind < 70) {
    // A single as a double, give or take a bit: conversions that are exact, or just not.
    const view = new DataView(new ArrayBuffer(8));
    view.setUint32(0, f32(random));
    view.setFloat64(0, view.getFloat32(0));
    return [(view.getUint32(4) + random.pick([0, 0, 1])) >>> 0, view.getUint32(0)];
  }
  if (kind < 88) {
    const high = sign | ((1016 + random.below(16)) << 20) | (random.word() & 0xf_ffff);
    return [random.pick([0, random.word(), (1 << random.below(32)) >>> 0]), high >>> 0];
  }
  return [random.word(), random.word()];
}

/** Fills the 64 words of the D registers. */
export function fill_d(random: Random, words: Uint32Array, kind: Flavour): void {
  for (let i = 0; i < 64; i += 2) {
    if (kind === "f64") {
      [words[i], words[i + 1]] = f64(random);
      continue;
    }
    for (const at of [i, i + 1]) words[at] = word(random, kind);
  }
}

function word(random: Random, kind: Exclude<Flavour, "f64">): number {
  switch (kind) {
    case "bits":
      return random.word();
    case "lanes":
      return lanes(random);
    case "f32":
      return f32(random);
    case "f16": {
      const sign = random.word() & 0x8000_8000;
      if (random.percent(20)) return random.word();
      return (random.pick(F16) | (random.pick(F16) << 16) | sign) >>> 0;
    }
  }
}

/** FPSCR: every rounding mode, flush to zero, default NaN, alternative half precision, flags. */
export function fpscr(random: Random): number {
  const modes = (random.word() & 0x07c0_0000) & (random.percent(50) ? 0x00c0_0000 : -1);
  const flags = random.percent(50) ? 0 : random.word() & 0xf800_009f;
  return (modes | flags) >>> 0;
}
