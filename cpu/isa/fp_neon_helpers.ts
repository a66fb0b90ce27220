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
import { raise_flags } from "../fpscr.ts";
import { type Helper, helper } from "../helper.ts";
import { STATE } from "../state.ts";
import { type Place, SCRATCH } from "./fp_scratch.ts";

const env = new FpEnv();
const result = new Int32Array(4);

function enter(cpu: Cpu, rounding: number = ROUND.nearest): void {
  env.mode = STANDARD_MODE | (cpu.get(STATE.fpscr) & MODE.ahp) | rounding;
  env.flags = 0;
}

/** Word `i` of an operand. */
const word = (cpu: Cpu, place: Place, i: number): number => cpu.vword(2 * SCRATCH[place] + i);

/** Gives the result back, and adds what has been raised to FPSCR. */
function leave(cpu: Cpu): void {
  for (let i = 0; i < 4; i++) cpu.set_vword(2 * SCRATCH.d + i, result[i]!);
  raise_flags(cpu, env.flags);
}

function three_operand(kind: NeonLane): Helper {
  const compute: LaneOp = NEON_LANES[kind];
  return helper(
    `neon_${kind}`,
    { args: [], ty: undefined, keeps_core: true, keeps_vectors: true },
    (cpu) => {
      enter(cpu);
      for (let i = 0; i < 4; i++) {
        result[i] = compute(env, word(cpu, "d", i), word(cpu, "n", i), word(cpu, "m", i));
      }
      leave(cpu);
    },
  );
}

/** Instructions on lanes, of which those in D registers come twice. */
export const LANE_HELPERS: Readonly<Record<NeonLane, Helper>> = Object.fromEntries(
  (Object.keys(NEON_LANES) as NeonLane[]).map((kind) => [kind, three_operand(kind)]),
) as Record<NeonLane, Helper>;

/** VRECPE.U32 of a word. */
export const RECIP_U32: Helper = helper(
  "neon_vrecpe_u32",
  { args: ["i32"], ty: "i32", keeps_core: true, keeps_vectors: true },
  (_cpu, a) => u32_recip_estimate(a),
);

/** VRSQRTE.U32 of a word. */
export const RSQRT_U32: Helper = helper(
  "neon_vrsqrte_u32",
  { args: ["i32"], ty: "i32", keeps_core: true, keeps_vectors: true },
  (_cpu, a) => u32_rsqrt_estimate(a),
);

/**
 * VCVT between single precision and 32-bit fixed point: bits behind the point, plus 256 for unsigned
 * and 512 for a result in fixed point.
 */
export const CONVERT_LANES: Helper = helper(
  "neon_vcvt",
  { args: ["i32"], ty: undefined, keeps_core: true, keeps_vectors: true },
  (cpu, code) => {
    const format: FixedFormat = { unsigned: (code & 256) !== 0, bits: 32, fraction: code & 255 };
    const to_fixed = (code & 512) !== 0;
    enter(cpu, to_fixed ? ROUND.zero : ROUND.nearest);
    for (let i = 0; i < 4; i++) {
      const x = word(cpu, "n", i);
      result[i] = to_fixed ? f32_to_fixed(env, x, format) : fixed_to_f32(env, x, format);
    }
    leave(cpu);
  },
);

/** VCVT.F32.F16 of four halves. */
export const WIDEN_HALVES: Helper = helper(
  "neon_vcvt_f32_f16",
  { args: [], ty: undefined, keeps_core: true, keeps_vectors: true },
  (cpu) => {
    enter(cpu);
    for (let i = 0; i < 4; i++) {
      result[i] = f16_to_f32(env, (word(cpu, "n", i >> 1) >>> (16 * (i & 1))) & 0xffff);
    }
    leave(cpu);
  },
);

/** VCVT.F16.F32 of four lanes. */
export const NARROW_TO_HALVES: Helper = helper(
  "neon_vcvt_f16_f32",
  { args: [], ty: undefined, keeps_core: true, keeps_vectors: true },
  (cpu) => {
    enter(cpu);
    for (let i = 0; i < 2; i++) {
      const low = f32_to_f16(env, word(cpu, "n", 2 * i));
      result[i] = low | (f32_to_f16(env, word(cpu, "n", 2 * i + 1)) << 16);
    }
    leave(cpu);
  },
);
