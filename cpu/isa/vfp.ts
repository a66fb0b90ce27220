/**
 * VFP data-processing instructions (DDI 0406C A7.5).
 *
 * @module
 */
import type { VfpArith } from "../fp/mod.ts";
import { dreg, type FpFields, type FpSpec, sreg, vfp_row } from "./fp_row.ts";
import type { Decoded } from "./op.ts";
import {
  vfp_arith_d,
  vfp_arith_s,
  vfp_cmp_d,
  vfp_cmp_s,
  vfp_imm_d,
  vfp_imm_s,
  vfp_move_d,
  vfp_move_s,
  vfp_sqrt_d,
  vfp_sqrt_s,
} from "./ops_vfp.ts";
import {
  vfp_d_to_int,
  vfp_fixed_d,
  vfp_fixed_s,
  vfp_half,
  vfp_int_to_d,
  vfp_int_to_s,
  vfp_narrow,
  vfp_s_to_int,
  vfp_widen,
} from "./ops_vfp_convert.ts";
import type { Row } from "./row.ts";

/** A register of the instruction's precision: `Vd` with D, `Vn` with N, `Vm` with M. */
function operand(f: FpFields, which: "d" | "n" | "m"): number {
  const v = f[`V${which}`]!, bit = f[which.toUpperCase()]!;
  return f.sz ? dreg(v, bit) : sreg(v, bit);
}

function names(f: FpFields, ...which: ("d" | "n" | "m")[]): string {
  return which.map((w) => `${f.sz ? "d" : "s"}${operand(f, w)}`).join(", ");
}

const type_of = (f: FpFields): string => f.sz ? ".f64" : ".f32";

const ARITH: readonly (readonly [kind: VfpArith, bits: string, op: string])[] = [
  ["vmla", "00", "0"],
  ["vmls", "00", "1"],
  ["vnmls", "01", "0"],
  ["vnmla", "01", "1"],
  ["vmul", "10", "0"],
  ["vnmul", "10", "1"],
  ["vadd", "11", "0"],
  ["vsub", "11", "1"],
];
const ARITH_HIGH: readonly (readonly [kind: VfpArith, bits: string, op: string])[] = [
  ["vdiv", "00", "0"],
  ["vfnms", "01", "0"],
  ["vfnma", "01", "1"],
  ["vfma", "10", "0"],
  ["vfms", "10", "1"],
];

function arith_spec(kind: VfpArith): FpSpec {
  return {
    decode: (f) =>
      (f.sz ? vfp_arith_d : vfp_arith_s)({ kind }, {
        d: operand(f, "d"),
        n: operand(f, "n"),
        m: operand(f, "m"),
      }),
    asm: (f) => [kind, `${type_of(f)} ${names(f, "d", "n", "m")}`],
    test: { fp: true },
  };
}

function arith_rows(high: 0 | 1, table: typeof ARITH): Row[] {
  return table.flatMap(([kind, bits, op]) =>
    vfp_row(
      `${kind.toUpperCase()}_vfp`,
      `1110 ${high} D:1 ${bits} Vn:4 Vd:4 101 sz:1 N:1 ${op} M:1 0 Vm:4`,
      arith_spec(kind),
    )
  );
}

/** The bits of an instruction with two operands: `opc2` in bits 19:16, `opc3` in bits 7:6. */
const two = (opc2: string, opc3: string, size: string = "sz:1"): string =>
  `1110 1 D:1 11 ${opc2} Vd:4 101 ${size} ${opc3} M:1 0 Vm:4`;

function move_rows(kind: "vmov" | "vabs" | "vneg", opc2: string, opc3: string): Row[] {
  return vfp_row(`${kind.toUpperCase()}_vfp`, two(opc2, opc3), {
    decode: (f) =>
      (f.sz ? vfp_move_d : vfp_move_s)({ kind }, { d: operand(f, "d"), m: operand(f, "m") }),
    asm: (f) => [kind, `${type_of(f)} ${names(f, "d", "m")}`],
    test: { fp: true },
  });
}

/** High word of the double, or the single, that imm8 stands for: VFPExpandImm. */
export function vfp_expand_imm(imm8: number, double: boolean): number {
  const sign = (imm8 & 0x80) << 24, b = (imm8 >>> 6) & 1, low = imm8 & 0x3f;
  return double
    ? sign | (b ? 0x3fc0_0000 : 0x4000_0000) | (low << 16)
    : sign | (b ? 0x3e00_0000 : 0x4000_0000) | (low << 19);
}

/** The number that imm8 stands for, for assembly. */
function imm_value(imm8: number): number {
  const exponent = ((imm8 >>> 4) & 7) ^ 4;
  const magnitude = (16 + (imm8 & 15)) * 2 ** (exponent - 7);
  return imm8 & 0x80 ? -magnitude : magnitude;
}

const SMALL_ROWS: Row[] = [
  ...vfp_row("VMOV_imm_vfp", "1110 1 D:1 11 imm4H:4 Vd:4 101 sz:1 (0)0(0)0 imm4L:4", {
    decode: (f) => {
      const imm8 = (f.imm4H! << 4) | f.imm4L!;
      return f.sz
        ? vfp_imm_d({}, { d: operand(f, "d"), high: vfp_expand_imm(imm8, true) })
        : vfp_imm_s({}, { d: operand(f, "d"), bits: vfp_expand_imm(imm8, false) });
    },
    asm: (f) => [
      "vmov",
      `${type_of(f)} ${names(f, "d")}, #${imm_value((f.imm4H! << 4) | f.imm4L!)}`,
    ],
  }),
  ...move_rows("vmov", "0000", "01"),
  ...move_rows("vabs", "0000", "11"),
  ...move_rows("vneg", "0001", "01"),
  ...vfp_row("VSQRT", two("0001", "11"), {
    decode: (f) => (f.sz ? vfp_sqrt_d : vfp_sqrt_s)({}, { d: operand(f, "d"), m: operand(f, "m") }),
    asm: (f) => ["vsqrt", `${type_of(f)} ${names(f, "d", "m")}`],
    test: { fp: true },
  }),
];

const COMPARE_ROWS: Row[] = [
  ...vfp_row("VCMP", two("0100", "E:1 1"), {
    decode: (f) =>
      (f.sz ? vfp_cmp_d : vfp_cmp_s)(
        { signalling: f.E === 1, zero: false },
        { n: operand(f, "d"), m: operand(f, "m") },
      ),
    asm: (f) => [f.E ? "vcmpe" : "vcmp", `${type_of(f)} ${names(f, "d", "m")}`],
    test: { fp: true },
  }),
  ...vfp_row("VCMP_zero", "1110 1 D:1 11 0101 Vd:4 101 sz:1 E:1 1(0)0 (0)(0)(0)(0)", {
    decode: (f) =>
      (f.sz ? vfp_cmp_d : vfp_cmp_s)(
        { signalling: f.E === 1, zero: true },
        { n: operand(f, "d"), m: 0 },
      ),
    asm: (f) => [f.E ? "vcmpe" : "vcmp", `${type_of(f)} ${names(f, "d")}, #0.0`],
    test: { fp: true },
  }),
];

function to_integer(f: FpFields): Decoded {
  const statics = { unsigned: f.S === 0, by_mode: f.R === 0 };
  const d = sreg(f.Vd!, f.D!);
  return (f.sz ? vfp_d_to_int : vfp_s_to_int)(statics, { d, m: operand(f, "m") });
}

/** Bits of fixed-point numbers, and how many of them are behind the point: below 0 is UNDEFINED. */
function fixed_shape(f: FpFields): { bits: 16 | 32; fraction: number } {
  const bits = f.sx ? 32 : 16;
  return { bits, fraction: bits - ((f.imm4! << 1) | f.i!) };
}

const CONVERT_ROWS: Row[] = [
  ...vfp_row("VCVT_f64_f32", two("0111", "11", "0"), {
    decode: (f) => vfp_widen({}, { d: dreg(f.Vd!, f.D!), m: sreg(f.Vm!, f.M!) }),
    asm: (f) => ["vcvt", `.f64.f32 d${dreg(f.Vd!, f.D!)}, s${sreg(f.Vm!, f.M!)}`],
    test: { fp: true },
  }),
  ...vfp_row("VCVT_f32_f64", two("0111", "11", "1"), {
    decode: (f) => vfp_narrow({}, { d: sreg(f.Vd!, f.D!), m: dreg(f.Vm!, f.M!) }),
    asm: (f) => ["vcvt", `.f32.f64 s${sreg(f.Vd!, f.D!)}, d${dreg(f.Vm!, f.M!)}`],
    test: { fp: true },
  }),
  ...vfp_row("VCVT_half_vfp", two("001 op:1", "T:1 1", "0"), {
    decode: (f) =>
      vfp_half(
        { top: f.T === 1, to_half: f.op === 1 },
        { d: sreg(f.Vd!, f.D!), m: sreg(f.Vm!, f.M!) },
      ),
    asm: (f) => [
      f.T ? "vcvtt" : "vcvtb",
      `${f.op ? ".f16.f32" : ".f32.f16"} s${sreg(f.Vd!, f.D!)}, s${sreg(f.Vm!, f.M!)}`,
    ],
    test: { fp: true },
  }),
  ...vfp_row("VCVT_to_int_vfp", two("110 S:1", "R:1 1"), {
    decode: to_integer,
    asm: (f) => [
      f.R ? "vcvt" : "vcvtr",
      `.${f.S ? "s32" : "u32"}${type_of(f)} s${sreg(f.Vd!, f.D!)}, ${names(f, "m")}`,
    ],
    test: { fp: true },
  }),
  ...vfp_row("VCVT_from_int_vfp", two("1000", "S:1 1"), {
    decode: (f) =>
      (f.sz ? vfp_int_to_d : vfp_int_to_s)(
        { unsigned: f.S === 0 },
        { d: operand(f, "d"), m: sreg(f.Vm!, f.M!) },
      ),
    asm: (f) => [
      "vcvt",
      `${type_of(f)}.${f.S ? "s32" : "u32"} ${names(f, "d")}, s${sreg(f.Vm!, f.M!)}`,
    ],
    test: { fp: true },
  }),
  ...vfp_row(
    "VCVT_fixed_vfp",
    "1110 1 D:1 11 1 to:1 1 U:1 Vd:4 101 sz:1 sx:1 1 i:1 0 imm4:4",
    {
      decode: (f) => {
        const { bits, fraction } = fixed_shape(f);
        if (fraction < 0) return undefined;
        const statics = { unsigned: f.U === 1, bits, to_fixed: f.to === 1 };
        return (f.sz ? vfp_fixed_d : vfp_fixed_s)(statics, { d: operand(f, "d"), fraction });
      },
      asm: (f) => {
        const { bits, fraction } = fixed_shape(f);
        const fixed = `.${f.U ? "u" : "s"}${bits}`, register = names(f, "d");
        const types = f.to ? fixed + type_of(f) : type_of(f) + fixed;
        return ["vcvt", `${types} ${register}, ${register}, #${fraction}`];
      },
      test: { fp: true, valid: (f) => fixed_shape(f).fraction >= 0 },
    },
  ),
];

/** All of the group. */
export const VFP_ROWS: readonly Row[] = [
  ...arith_rows(0, ARITH),
  ...arith_rows(1, ARITH_HIGH),
  ...SMALL_ROWS,
  ...COMPARE_ROWS,
  ...CONVERT_ROWS,
];
