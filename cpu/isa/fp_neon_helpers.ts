/**
 * Advanced SIMD floating point that micro-ops cannot compute exactly, lane by lane. It ignores most
 * of FPSCR: results are default NaNs, denormals are zeros, rounding is to nearest.
 *
 * @module
 */
import type { Cpu } from "../cpu.ts";
import {
  f16_to_f32,
  f32_to_f16,
  f32_to_fixed,
  fixed_to_f32,
  type FixedFormat,
  FpEnv,
  type LaneOp,
  MODE,
  NEON_LANES,
  type NeonLane,
  ROUND,
  STANDARD_MODE,
} from "../fp/mod.ts";
import { u32_recip_estimate, u32_rsqrt_estimate } from "../fp/mod.ts";
import { type Helper, helper } from "../helper.ts";
import { STATE } from "../state.ts";

const env = new FpEnv();
const result = new Int32Array(4);

function enter(cpu: Cpu, rounding: number = ROUND.nearest): void {
  env.mode = STANDARD_MODE | (cpu.get(STATE.fpscr) & MODE.ahp) | rounding;
  env.flags = 0;
}

/** Writes `count` lanes of the result to words from `d`, and what has been raised to FPSCR. */
function leave(cpu: Cpu, d: number, count: number): void {
  for (let i = 0; i < count; i++) cpu.set_vword(d + i, result[i]!);
  if (env.flags !== 0) cpu.set(STATE.fp_flags, cpu.get(STATE.fp_flags) | env.flags);
}

/** What the helpers' last argument says about the operands; bits. */
export const SHAPE = {
  /** Four lanes, not two. */
  quad: 1,
  /** The last operand is a scalar: its number is an S register's. */
  scalar: 2,
  /** Lanes come from neighbours in the first operand, then in the second. */
  pairwise: 4,
  /** The last operand is zero. */
  zero: 8,
} as const;

function three_operand(kind: NeonLane): Helper {
  const compute: LaneOp = NEON_LANES[kind];
  return helper(
    `neon_${kind}`,
    { args: ["i32", "i32", "i32", "i32"], ty: undefined, keeps_core: true },
    (cpu, d, n, m, shape) => {
      enter(cpu);
      const count = shape & SHAPE.quad ? 4 : 2;
      for (let i = 0; i < count; i++) {
        if (shape & SHAPE.pairwise) {
          const from = i === 0 ? 2 * n : 2 * m;
          result[i] = compute(env, 0, cpu.vword(from), cpu.vword(from + 1));
          continue;
        }
        const last = shape & SHAPE.zero ? 0 : cpu.vword(shape & SHAPE.scalar ? m : 2 * m + i);
        result[i] = compute(env, cpu.vword(2 * d + i), cpu.vword(2 * n + i), last);
      }
      leave(cpu, 2 * d, count);
    },
  );
}

/** Instructions on lanes: D registers by number (the first of a Q register), and a {@link SHAPE}. */
export const LANE_HELPERS: Readonly<Record<NeonLane, Helper>> = Object.fromEntries(
  (Object.keys(NEON_LANES) as NeonLane[]).map((kind) => [kind, three_operand(kind)]),
) as Record<NeonLane, Helper>;

/** VRECPE.U32 of a word. */
export const RECIP_U32: Helper = helper(
  "neon_vrecpe_u32",
  { args: ["i32"], ty: "i32", keeps_core: true },
  (_cpu, a) => u32_recip_estimate(a),
);

/** VRSQRTE.U32 of a word. */
export const RSQRT_U32: Helper = helper(
  "neon_vrsqrte_u32",
  { args: ["i32"], ty: "i32", keeps_core: true },
  (_cpu, a) => u32_rsqrt_estimate(a),
);

/**
 * VCVT between single precision and 32-bit fixed point: D registers by number, a {@link SHAPE}, and
 * bits behind the point, plus 256 for unsigned and 512 for a result in fixed point.
 */
export const CONVERT_LANES: Helper = helper(
  "neon_vcvt",
  { args: ["i32", "i32", "i32", "i32"], ty: undefined, keeps_core: true },
  (cpu, d, m, shape, code) => {
    const format: FixedFormat = { unsigned: (code & 256) !== 0, bits: 32, fraction: code & 255 };
    const to_fixed = (code & 512) !== 0;
    enter(cpu, to_fixed ? ROUND.zero : ROUND.nearest);
    const count = shape & SHAPE.quad ? 4 : 2;
    for (let i = 0; i < count; i++) {
      const word = cpu.vword(2 * m + i);
      result[i] = to_fixed ? f32_to_fixed(env, word, format) : fixed_to_f32(env, word, format);
    }
    leave(cpu, 2 * d, count);
  },
);

/** VCVT.F32.F16: a D register's halves to a Q register. */
export const WIDEN_HALVES: Helper = helper(
  "neon_vcvt_f32_f16",
  { args: ["i32", "i32"], ty: undefined, keeps_core: true },
  (cpu, d, m) => {
    enter(cpu);
    for (let i = 0; i < 4; i++) {
      result[i] = f16_to_f32(env, (cpu.vword(2 * m + (i >> 1)) >>> (16 * (i & 1))) & 0xffff);
    }
    leave(cpu, 2 * d, 4);
  },
);

/** VCVT.F16.F32: a Q register's lanes to a D register. */
export const NARROW_TO_HALVES: Helper = helper(
  "neon_vcvt_f16_f32",
  { args: ["i32", "i32"], ty: undefined, keeps_core: true },
  (cpu, d, m) => {
    enter(cpu);
    for (let i = 0; i < 2; i++) {
      const low = f32_to_f16(env, cpu.vword(2 * m + 2 * i));
      result[i] = low | (f32_to_f16(env, cpu.vword(2 * m + 2 * i + 1)) << 16);
    }
    leave(cpu, 2 * d, 2);
  },
);
