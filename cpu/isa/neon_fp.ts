/**
 * Advanced SIMD floating-point instructions (DDI 0406C A7.4), and the reciprocal estimates of integers.
 *
 * @module
 */
import type { NeonLane } from "../fp/mod.ts";
import { dreg, type FpFields, neon_row, sreg } from "./fp_row.ts";
import {
  neon_fp3,
  neon_fp_convert,
  neon_fp_estimate,
  neon_fp_fixed,
  neon_fp_half,
  neon_fp_pairwise,
  neon_fp_scalar,
  neon_fp_sign,
  neon_fp_zero,
  neon_u32_estimate,
} from "./ops_neon_fp.ts";
import type { Row } from "./row.ts";

const d_of = (f: FpFields): number => dreg(f.Vd!, f.D!);
const n_of = (f: FpFields): number => dreg(f.Vn!, f.N!);
const m_of = (f: FpFields): number => dreg(f.Vm!, f.M!);

/** Q registers are even D registers: odd numbers are UNDEFINED. */
function even(f: FpFields): boolean {
  return !f.Q || ((f.Vd! | (f.Vn ?? 0) | (f.Vm ?? 0)) & 1) === 0;
}

/** Names of the registers, all Q or all D. */
function names(f: FpFields, ...numbers: number[]): string {
  return numbers.map((n) => f.Q ? `q${n >> 1}` : `d${n}`).join(", ");
}

const test = { fp: true, valid: even };

/** Three registers of the same length: U, bit 21, bits 11:8 and bit 4. */
const SAME: readonly (readonly [name: string, u: string, op: string, a: string, b: string])[] = [
  ["vfma", "0", "0", "1100", "1"],
  ["vfms", "0", "1", "1100", "1"],
  ["vadd", "0", "0", "1101", "0"],
  ["vsub", "0", "1", "1101", "0"],
  ["vabd", "1", "1", "1101", "0"],
  ["vmla", "0", "0", "1101", "1"],
  ["vmls", "0", "1", "1101", "1"],
  ["vmul", "1", "0", "1101", "1"],
  ["vceq", "0", "0", "1110", "0"],
  ["vcge", "1", "0", "1110", "0"],
  ["vcgt", "1", "1", "1110", "0"],
  ["vacge", "1", "0", "1110", "1"],
  ["vacgt", "1", "1", "1110", "1"],
  ["vmax", "0", "0", "1111", "0"],
  ["vmin", "0", "1", "1111", "0"],
  ["vrecps", "0", "0", "1111", "1"],
  ["vrsqrts", "0", "1", "1111", "1"],
];

const SAME_ROWS: Row[] = SAME.flatMap(([name, u, op, a, b]) =>
  neon_row(`${name.toUpperCase()}_f32`, u, `0 D:1 ${op} 0 Vn:4 Vd:4 ${a} N:1 Q:1 M:1 ${b} Vm:4`, {
    decode: (f) =>
      even(f)
        ? neon_fp3(
          { kind: name as NeonLane, quad: f.Q === 1 },
          { d: d_of(f), n: n_of(f), m: m_of(f) },
        )
        : undefined,
    asm: (f) => [name, `.f32 ${names(f, d_of(f), n_of(f), m_of(f))}`],
    test,
  })
);

const PAIRWISE_ROWS: Row[] = ([
  ["vpadd", "vadd", "0", "1101"],
  ["vpmax", "vmax", "0", "1111"],
  ["vpmin", "vmin", "1", "1111"],
] as const).flatMap(([name, kind, op, a]) =>
  neon_row(`${name.toUpperCase()}_f32`, "1", `0 D:1 ${op} 0 Vn:4 Vd:4 ${a} N:1 0 M:1 0 Vm:4`, {
    decode: (f) => neon_fp_pairwise({ kind }, { d: d_of(f), n: n_of(f), m: m_of(f) }),
    asm: (f) => [name, `.f32 ${names(f, d_of(f), n_of(f), m_of(f))}`],
    test: { fp: true },
  })
);

const SCALAR_ROWS: Row[] = ([
  ["vmla", "0001"],
  ["vmls", "0101"],
  ["vmul", "1001"],
] as const).flatMap(([kind, a]) => {
  const valid = (f: FpFields): boolean => !f.Q || ((f.Vd! | f.Vn!) & 1) === 0;
  return neon_row(
    `${kind.toUpperCase()}_scalar_f32`,
    "Q:1",
    `1 D:1 10 Vn:4 Vd:4 ${a} N:1 1 M:1 0 Vm:4`,
    {
      decode: (f) =>
        valid(f)
          ? neon_fp_scalar(
            { kind, quad: f.Q === 1 },
            { d: d_of(f), n: n_of(f), m: sreg(f.Vm!, f.M!) },
          )
          : undefined,
      asm: (f) => [kind, `.f32 ${names(f, d_of(f), n_of(f))}, d${f.Vm}[${f.M}]`],
      test: { fp: true, valid },
    },
  );
});

/** Two registers: bits 17:16 and 11:7. */
const two = (a: string, b: string, size: string = "10"): string =>
  `1 D:1 11 ${size} ${a} Vd:4 ${b} Q:1 M:1 0 Vm:4`;

const ZERO_ROWS: Row[] = ([
  ["vcgt", "01000"],
  ["vcge", "01001"],
  ["vceq", "01010"],
  ["vcle", "01011"],
  ["vclt", "01100"],
] as const).flatMap(([kind, b]) =>
  neon_row(`${kind.toUpperCase()}_zero_f32`, "1", two("01", b), {
    decode: (f) =>
      even(f) ? neon_fp_zero({ kind, quad: f.Q === 1 }, { d: d_of(f), m: m_of(f) }) : undefined,
    asm: (f) => [kind, `.f32 ${names(f, d_of(f), m_of(f))}, #0`],
    test,
  })
);

const SIGN_ROWS: Row[] = ([
  ["vabs", "01110"],
  ["vneg", "01111"],
] as const).flatMap(([name, b]) =>
  neon_row(`${name.toUpperCase()}_f32`, "1", two("01", b), {
    decode: (f) =>
      even(f)
        ? neon_fp_sign({ abs: name === "vabs", quad: f.Q === 1 }, { d: d_of(f), m: m_of(f) })
        : undefined,
    asm: (f) => [name, `.f32 ${names(f, d_of(f), m_of(f))}`],
    test,
  })
);

const ESTIMATE_ROWS: Row[] = ([
  ["vrecpe", "0"],
  ["vrsqrte", "1"],
] as const).flatMap(([kind, op]) =>
  [0, 1].flatMap((float) => {
    const type = float ? "f32" : "u32";
    return neon_row(`${kind.toUpperCase()}_${type}`, "1", two("11", `010${float}${op}`), {
      decode: (f) =>
        even(f)
          ? (float ? neon_fp_estimate : neon_u32_estimate)(
            { kind, quad: f.Q === 1 },
            { d: d_of(f), m: m_of(f) },
          )
          : undefined,
      asm: (f) => [kind, `.${type} ${names(f, d_of(f), m_of(f))}`],
      test,
    });
  })
);

/** Types of a conversion in assembly. */
function types(f: FpFields): string {
  const integer = f.U ? "u32" : "s32";
  return f.to ? `.${integer}.f32` : `.f32.${integer}`;
}

const CONVERT_ROWS: Row[] = [
  ...neon_row("VCVT_int_f32", "1", two("11", "011 to:1 U:1"), {
    decode: (f) =>
      even(f)
        ? neon_fp_convert(
          { to_int: f.to === 1, unsigned: f.U === 1, quad: f.Q === 1 },
          { d: d_of(f), m: m_of(f) },
        )
        : undefined,
    asm: (f) => ["vcvt", `${types(f)} ${names(f, d_of(f), m_of(f))}`],
    test,
  }),
  ...neon_row("VCVT_fixed_f32", "U:1", "1 D:1 1 imm5:5 Vd:4 111 to:1 0 Q:1 M:1 1 Vm:4", {
    decode: (f) =>
      even(f)
        ? neon_fp_fixed(
          { to_int: f.to === 1, unsigned: f.U === 1, quad: f.Q === 1 },
          { d: d_of(f), m: m_of(f), fraction: 32 - f.imm5! },
        )
        : undefined,
    asm: (f) => ["vcvt", `${types(f)} ${names(f, d_of(f), m_of(f))}, #${32 - f.imm5!}`],
    test,
  }),
  ...neon_row("VCVT_f16_f32", "1", "1 D:1 11 01 10 Vd:4 01100 0 M:1 0 Vm:4", {
    decode: (f) =>
      f.Vm! & 1 ? undefined : neon_fp_half({ to_half: true }, { d: d_of(f), m: m_of(f) }),
    asm: (f) => ["vcvt", `.f16.f32 d${d_of(f)}, q${m_of(f) >> 1}`],
    test: { fp: true, valid: (f) => (f.Vm! & 1) === 0 },
  }),
  ...neon_row("VCVT_f32_f16", "1", "1 D:1 11 01 10 Vd:4 01110 0 M:1 0 Vm:4", {
    decode: (f) =>
      f.Vd! & 1 ? undefined : neon_fp_half({ to_half: false }, { d: d_of(f), m: m_of(f) }),
    asm: (f) => ["vcvt", `.f32.f16 q${d_of(f) >> 1}, d${m_of(f)}`],
    test: { fp: true, valid: (f) => (f.Vd! & 1) === 0 },
  }),
];

/** All of the group. */
export const NEON_FP_ROWS: readonly Row[] = [
  ...SAME_ROWS,
  ...PAIRWISE_ROWS,
  ...SCALAR_ROWS,
  ...ZERO_ROWS,
  ...SIGN_ROWS,
  ...ESTIMATE_ROWS,
  ...CONVERT_ROWS,
];
