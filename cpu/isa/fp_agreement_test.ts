/**
 * What instructions leave to the host must be what exact arithmetic computes, flags included.
 *
 * @module
 */
import assert from "node:assert/strict";
import fc from "fast-check";
import type { Cpu } from "../cpu.ts";
import { InterpreterEngine } from "../engine/interpreter.ts";
import { ReferenceEngine } from "../engine/reference.ts";
import { set_fpscr } from "../fpscr.ts";
import {
  F32_ARITH,
  f32_sqrt,
  F64_ARITH,
  f64_sqrt,
  FpEnv,
  type LaneOp,
  NEON_LANES,
  STANDARD_MODE,
  VFP_ARITH,
} from "../fp/mod.ts";
import { EXIT, STATE } from "../state.ts";
import { flat_cpu, place_code } from "../testing/flat.ts";
import { NEON_FP_ROWS } from "./neon_fp.ts";
import type { Row } from "./row.ts";
import { VFP_ROWS } from "./vfp.ts";

const RUNS = { numRuns: 60 };

/** Words of single precision: ordinary numbers twice as often as anything else. */
const single = fc.oneof(
  fc.float({ noNaN: true }).map((v) => new Int32Array(new Float32Array([v]).buffer)[0]!),
  fc.tuple(fc.integer({ min: 0, max: 0xff_ffff }), fc.integer({ min: 110, max: 140 }))
    .map(([m, e]) => ((m >> 23) << 31) | (e << 23) | (m & 0x7f_ffff)),
  fc.constantFrom(0, 1, 0x7f_ffff, 0x80_0000, 0x7f7f_ffff, 0x7f80_0000, 0x7f80_0001, 0x7fc0_0000)
    .chain((v) => fc.boolean().map((negative) => v | (negative ? 1 << 31 : 0))),
);
const words = fc.array(single, { minLength: 12, maxLength: 12 });
/** RMode, FZ and DN; half of the time what the host does. */
const mode = fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 15 }).map((v) => v << 22));
const inexact = fc.constantFrom(0, 16);

/** The word of a row with the given fields, the others zero, executed always. */
function encode(row: Row, fields: Record<string, number>): number {
  let word = row.value | row.sb_value;
  for (const { name, shift } of row.fields) {
    word |= (name === "cond" ? 14 : fields[name] ?? 0) << shift;
  }
  return word >>> 0;
}

function a32_row(rows: readonly Row[], name: string): Row {
  const found = rows.find((r) => r.name === name && r.isa === "a32");
  assert.ok(found, name);
  return found;
}

/** One instruction on an engine: the words of d0..d5 and the flags afterwards. */
class Machine {
  readonly #cpu: Cpu = flat_cpu();
  readonly #engine;

  constructor(make: typeof ReferenceEngine | typeof InterpreterEngine) {
    this.#engine = new make(this.#cpu);
  }

  execute(word: number, v: readonly number[], control: number, flags: number): number[] {
    const cpu = this.#cpu;
    set_fpscr(cpu, control | flags);
    v.forEach((bits, i) => cpu.set_vword(i, bits));
    place_code(cpu, [word, 0xe7f0_00f0]);
    this.#engine.page_written(0x4000_1000, 0, 8);
    this.#engine.run();
    assert.equal(cpu.get(STATE.exit), EXIT.exception);
    assert.equal(cpu.get(STATE.pc), 0x4000_1004);
    return [...v.map((_, i) => cpu.vword(i)), cpu.get(STATE.fp_flags)];
  }
}

for (const make of [ReferenceEngine, InterpreterEngine]) {
  let made: Machine | undefined;
  const machine = (): Machine => made ??= new Machine(make);

  /** Checks `word` against `compute`, which changes the words of a copy and raises flags. */
  const check = (
    word: number,
    compute: (env: FpEnv, v: number[]) => void,
    standard: boolean = false,
  ): void => {
    fc.assert(
      fc.property(words, mode, inexact, (v, control, flags) => {
        const env = new FpEnv();
        env.mode = standard ? STANDARD_MODE : control;
        env.flags = flags;
        const want = [...v];
        compute(env, want);
        assert.deepEqual(machine().execute(word, v, control, flags), [...want, env.flags]);
      }),
      RUNS,
    );
  };

  Deno.test(`${make.name}: VFP arithmetic of single precision agrees with exact arithmetic`, () => {
    for (const kind of VFP_ARITH) {
      // s0, s1, s2
      const row = a32_row(VFP_ROWS, `${kind.toUpperCase()}_vfp`);
      check(encode(row, { N: 1, Vm: 1 }), (env, v) => {
        v[0] = F32_ARITH[kind](env, v[0]!, v[1]!, v[2]!);
      });
    }
    check(encode(a32_row(VFP_ROWS, "VSQRT"), { M: 1 }), (env, v) => {
      v[0] = f32_sqrt(env, v[1]!);
    });
  });

  Deno.test(`${make.name}: VFP arithmetic of double precision agrees with exact arithmetic`, () => {
    for (const kind of VFP_ARITH) {
      // d0, d1, d2
      const row = a32_row(VFP_ROWS, `${kind.toUpperCase()}_vfp`);
      check(encode(row, { sz: 1, Vn: 1, Vm: 2 }), (env, v) => {
        F64_ARITH[kind](env, v[1]!, v[0]!, v[3]!, v[2]!, v[5]!, v[4]!);
        [v[0], v[1]] = [env.lo, env.hi];
      });
    }
    check(encode(a32_row(VFP_ROWS, "VSQRT"), { sz: 1, Vm: 1 }), (env, v) => {
      f64_sqrt(env, v[3]!, v[2]!);
      [v[0], v[1]] = [env.lo, env.hi];
    });
  });

  Deno.test(`${make.name}: Advanced SIMD agrees with exact arithmetic of lanes`, () => {
    for (const [kind, lane] of Object.entries(NEON_LANES) as [string, LaneOp][]) {
      if (/^(vcl|vrecpe|vrsqrte)/.test(kind)) continue;
      const row = a32_row(NEON_FP_ROWS, `${kind.toUpperCase()}_f32`);
      for (const quad of [1, 0]) {
        // q0, q1, q2 or d0, d2, d4
        check(
          encode(row, { Q: quad, Vn: 2, Vm: 4 }),
          (env, v) => {
            for (let i = 0; i < (quad ? 4 : 2); i++) v[i] = lane(env, v[i]!, v[4 + i]!, v[8 + i]!);
          },
          true,
        );
      }
    }
  });

  Deno.test(`${make.name}: Advanced SIMD agrees by scalars, in pairs and with zero`, () => {
    for (const kind of ["vmla", "vmls", "vmul"] as const) {
      const row = a32_row(NEON_FP_ROWS, `${kind.toUpperCase()}_scalar_f32`);
      // q0, q1, d4[1]
      check(
        encode(row, { Q: 1, Vn: 2, Vm: 4, M: 1 }),
        (env, v) => {
          for (let i = 0; i < 4; i++) v[i] = NEON_LANES[kind](env, v[i]!, v[4 + i]!, v[9]!);
        },
        true,
      );
    }
    for (const [name, kind] of [["VPADD", "vadd"], ["VPMAX", "vmax"], ["VPMIN", "vmin"]] as const) {
      // d0, d2, d4
      check(
        encode(a32_row(NEON_FP_ROWS, `${name}_f32`), { Vn: 2, Vm: 4 }),
        (env, v) => {
          const first = NEON_LANES[kind](env, 0, v[4]!, v[5]!);
          [v[0], v[1]] = [first, NEON_LANES[kind](env, 0, v[8]!, v[9]!)];
        },
        true,
      );
    }
    for (const kind of ["vceq", "vcge", "vcgt", "vcle", "vclt"] as const) {
      // q0, q1, #0
      check(
        encode(a32_row(NEON_FP_ROWS, `${kind.toUpperCase()}_zero_f32`), { Q: 1, Vm: 2 }),
        (env, v) => {
          for (let i = 0; i < 4; i++) v[i] = NEON_LANES[kind](env, 0, v[4 + i]!, 0);
        },
        true,
      );
    }
  });
}
