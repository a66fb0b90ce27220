/**
 * T16 and T32 multiplication, division and CLZ: DDI 0406C A6.2.2, A6.3.15 to A6.3.17.
 *
 * @module
 */
import { reg_names } from "./asm.ts";
import {
  clz,
  div,
  type Half,
  mul,
  mul_dual,
  mul_dual_long,
  mul_half,
  mul_half_long,
  mul_high,
  mul_long,
  mul_word_half,
  umaal,
} from "./ops_mul.ts";
import { type Row, row } from "./row.ts";

const no_pc = (...regs: number[]): boolean => regs.every((r) => r !== 15);
/** SP and PC are UNPREDICTABLE; PC as a result is UNDEFINED here. */
const plain = (...regs: number[]): boolean => regs.every((r) => r !== 13 && r !== 15);

const valid_3 = (f: { rd: number; rn: number; rm: number }): boolean => plain(f.rd, f.rn, f.rm);
const valid_4 = (f: { rd: number; rn: number; rm: number; ra: number }): boolean =>
  plain(f.rd, f.rn, f.rm, f.ra);
const valid_long = (f: { hi: number; lo: number; rn: number; rm: number }): boolean =>
  plain(f.hi, f.lo, f.rn, f.rm) && f.hi !== f.lo;

const half_of = (bit: number): Half => bit ? "t" : "b";
const halves = (f: { m: number; n: number }): { n: Half; m: Half } => ({
  n: half_of(f.n),
  m: half_of(f.m),
});

/** The operands of a multiplication without accumulator. */
const three = (
  f: { rd: number; rn: number; rm: number },
): { rd: number; rn: number; rm: number; ra: number } => ({ rd: f.rd, rn: f.rn, rm: f.rm, ra: 0 });

type F3 = { rd: number; rn: number; rm: number };
type F4 = F3 & { ra: number };
const text_3 = (name: string, f: F3): string => `${name} ${reg_names(f.rd, f.rn, f.rm)}`;
const text_4 = (name: string, f: F4): string => `${name} ${reg_names(f.rd, f.rn, f.rm, f.ra)}`;

/** r15 as Ra means "no accumulator", a row of its own. */
const accumulates = (f: { rd: number; ra: number }): boolean => no_pc(f.rd, f.ra);

const WORD: readonly Row[] = [
  row("t16", "MUL_T1", "010000 1101 rn:3 rdm:3", {
    decode: (f, c) => mul({ acc: "none", s: !c.in_it }, { rd: f.rdm, rn: f.rn, rm: f.rdm, ra: 0 }),
    asm: (f) => `muls ${reg_names(f.rdm, f.rn, f.rdm)}`,
  }),
  row("t32", "MUL_T2", "111110110 000 rn:4 1111 rd:4 00 00 rm:4", {
    decode: (f) => f.rd === 15 ? undefined : mul({ acc: "none", s: false }, three(f)),
    asm: (f) => text_3("mul.w", f),
    test: { valid: valid_3 },
  }),
  row("t32", "MLA_T32", "111110110 000 rn:4 ra:4 rd:4 00 00 rm:4", {
    decode: (f) => accumulates(f) ? mul({ acc: "add", s: false }, f) : undefined,
    asm: (f) => text_4("mla", f),
    test: { valid: valid_4 },
  }),
  row("t32", "MLS_T32", "111110110 000 rn:4 ra:4 rd:4 00 01 rm:4", {
    decode: (f) => f.rd === 15 ? undefined : mul({ acc: "sub", s: false }, f),
    asm: (f) => text_4("mls", f),
    test: { valid: valid_4 },
  }),
];

const HALFWORD: readonly Row[] = [
  row("t32", "SMLAxy_T32", "111110110 001 rn:4 ra:4 rd:4 00 n:1 m:1 rm:4", {
    decode: (f) => accumulates(f) ? mul_half({ ...halves(f), acc: true }, f) : undefined,
    asm: (f) => text_4(`smla${half_of(f.n)}${half_of(f.m)}`, f),
    test: { valid: valid_4 },
  }),
  row("t32", "SMULxy_T32", "111110110 001 rn:4 1111 rd:4 00 n:1 m:1 rm:4", {
    decode: (f) => f.rd === 15 ? undefined : mul_half({ ...halves(f), acc: false }, three(f)),
    asm: (f) => text_3(`smul${half_of(f.n)}${half_of(f.m)}`, f),
    test: { valid: valid_3 },
  }),
  row("t32", "SMLAWy_T32", "111110110 011 rn:4 ra:4 rd:4 00 0 m:1 rm:4", {
    decode: (f) => accumulates(f) ? mul_word_half({ m: half_of(f.m), acc: true }, f) : undefined,
    asm: (f) => text_4(`smlaw${half_of(f.m)}`, f),
    test: { valid: valid_4 },
  }),
  row("t32", "SMULWy_T32", "111110110 011 rn:4 1111 rd:4 00 0 m:1 rm:4", {
    decode: (f) =>
      f.rd === 15 ? undefined : mul_word_half({ m: half_of(f.m), acc: false }, three(f)),
    asm: (f) => text_3(`smulw${half_of(f.m)}`, f),
    test: { valid: valid_3 },
  }),
];

const DUAL: readonly Row[] = ([
  ["ad", "010", "100 rn:4 lo:4 hi:4 110"],
  ["sd", "100", "101 rn:4 lo:4 hi:4 110"],
] as const).flatMap(([name, code, long]) => {
  const sub = name === "sd";
  const long_name = sub ? "smlsld" : "smlald";
  const x = (f: { swap: number }): string => f.swap ? "x" : "";
  return [
    row(
      "t32",
      `SML${name.toUpperCase()}_T32`,
      `111110110 ${code} rn:4 ra:4 rd:4 00 0 swap:1 rm:4`,
      {
        decode: (f) =>
          accumulates(f) ? mul_dual({ sub, swap: f.swap !== 0, acc: true }, f) : undefined,
        asm: (f) => text_4(`sml${name}${x(f)}`, f),
        test: { valid: valid_4 },
      },
    ),
    row(
      "t32",
      `SMU${name.toUpperCase()}_T32`,
      `111110110 ${code} rn:4 1111 rd:4 00 0 swap:1 rm:4`,
      {
        decode: (f) =>
          f.rd === 15 ? undefined : mul_dual({ sub, swap: f.swap !== 0, acc: false }, three(f)),
        asm: (f) => text_3(`smu${name}${x(f)}`, f),
        test: { valid: valid_3 },
      },
    ),
    row("t32", `${long_name.toUpperCase()}_T32`, `111110111 ${long} swap:1 rm:4`, {
      decode: (f) => no_pc(f.hi, f.lo) ? mul_dual_long({ sub, swap: f.swap !== 0 }, f) : undefined,
      asm: (f) => `${long_name}${x(f)} ${reg_names(f.lo, f.hi, f.rn, f.rm)}`,
      test: { valid: valid_long },
    }),
  ];
});

const HIGH: readonly Row[] = [
  row("t32", "SMMLA_T32", "111110110 101 rn:4 ra:4 rd:4 00 0 round:1 rm:4", {
    decode: (f) => accumulates(f) ? mul_high({ acc: "add", round: f.round !== 0 }, f) : undefined,
    asm: (f) => text_4(`smmla${f.round ? "r" : ""}`, f),
    test: { valid: valid_4 },
  }),
  row("t32", "SMMUL_T32", "111110110 101 rn:4 1111 rd:4 00 0 round:1 rm:4", {
    decode: (f) =>
      f.rd === 15 ? undefined : mul_high({ acc: "none", round: f.round !== 0 }, three(f)),
    asm: (f) => text_3(`smmul${f.round ? "r" : ""}`, f),
    test: { valid: valid_3 },
  }),
  row("t32", "SMMLS_T32", "111110110 110 rn:4 ra:4 rd:4 00 0 round:1 rm:4", {
    decode: (f) => f.rd === 15 ? undefined : mul_high({ acc: "sub", round: f.round !== 0 }, f),
    asm: (f) => text_4(`smmls${f.round ? "r" : ""}`, f),
    test: { valid: valid_4 },
  }),
];

const LONG: readonly Row[] = [
  ...([
    ["smull", "000", true, false],
    ["umull", "010", false, false],
    ["smlal", "100", true, true],
    ["umlal", "110", false, true],
  ] as const).map(([name, code, signed, acc]) =>
    row("t32", `${name.toUpperCase()}_T32`, `111110111 ${code} rn:4 lo:4 hi:4 0000 rm:4`, {
      decode: (f) => no_pc(f.hi, f.lo) ? mul_long({ signed, acc, s: false }, f) : undefined,
      asm: (f) => `${name} ${reg_names(f.lo, f.hi, f.rn, f.rm)}`,
      test: { valid: valid_long },
    })
  ),
  row("t32", "UMAAL_T32", "111110111 110 rn:4 lo:4 hi:4 0110 rm:4", {
    decode: (f) => no_pc(f.hi, f.lo) ? umaal({}, f) : undefined,
    asm: (f) => `umaal ${reg_names(f.lo, f.hi, f.rn, f.rm)}`,
    test: { valid: valid_long },
  }),
  row("t32", "SMLALxy_T32", "111110111 100 rn:4 lo:4 hi:4 10 n:1 m:1 rm:4", {
    decode: (f) => no_pc(f.hi, f.lo) ? mul_half_long(halves(f), f) : undefined,
    asm: (f) => `smlal${half_of(f.n)}${half_of(f.m)} ${reg_names(f.lo, f.hi, f.rn, f.rm)}`,
    test: { valid: valid_long },
  }),
];

const DIVIDE: readonly Row[] = [
  ...([["sdiv", "001"], ["udiv", "011"]] as const).map(([name, code]) =>
    row("t32", `${name.toUpperCase()}_T32`, `111110111 ${code} rn:4 (1)(1)(1)(1) rd:4 1111 rm:4`, {
      decode: (f) => f.rd === 15 ? undefined : div({ signed: name === "sdiv" }, f),
      asm: (f) => text_3(name, f),
      test: { valid: valid_3 },
    })
  ),
  row("t32", "CLZ_T32", "11111010 1011 rm:4 1111 rd:4 1000 rm2:4", {
    // Rm is given twice; different registers are UNPREDICTABLE, the second one counts here.
    decode: (f) => f.rd === 15 ? undefined : clz({}, { rd: f.rd, rm: f.rm2 }),
    asm: (f) => `clz ${reg_names(f.rd, f.rm2)}`,
    test: { valid: (f) => plain(f.rd, f.rm) && f.rm === f.rm2 },
  }),
];

/** T16 and T32 multiplication, division and CLZ. */
export const MUL_THUMB_ROWS: readonly Row[] = [
  ...WORD,
  ...HALFWORD,
  ...DUAL,
  ...HIGH,
  ...LONG,
  ...DIVIDE,
];
