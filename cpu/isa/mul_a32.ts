/**
 * A32 multiplication, division and CLZ: DDI 0406C A5.2.5, A5.2.7, A5.2.12, A5.4.4.
 *
 * @module
 */
import { mnemonic, reg_names } from "./asm.ts";
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

/** r15 is UNPREDICTABLE anywhere: as a result it is UNDEFINED here. */
const no_pc = (...regs: number[]): boolean => regs.every((r) => r !== 15);

/** Both result registers the same is UNPREDICTABLE; the high word wins here. */
const valid_long = (f: { hi: number; lo: number; rn: number; rm: number }): boolean =>
  no_pc(f.hi, f.lo, f.rn, f.rm) && f.hi !== f.lo;

const half_of = (bit: number): Half => bit ? "t" : "b";

const WORD: readonly Row[] = [
  row("a32", "MUL", "cond:4 0000 000 s:1 rd:4 (0)(0)(0)(0) rm:4 1001 rn:4", {
    decode: (f) =>
      f.rd === 15
        ? undefined
        : mul({ acc: "none", s: f.s !== 0 }, { rd: f.rd, rn: f.rn, rm: f.rm, ra: 0 }),
    asm: (f) => `${mnemonic("mul", f, f.s)} ${reg_names(f.rd, f.rn, f.rm)}`,
    test: { valid: (f) => no_pc(f.rd, f.rn, f.rm) },
  }),
  row("a32", "MLA", "cond:4 0000 001 s:1 rd:4 ra:4 rm:4 1001 rn:4", {
    decode: (f) => f.rd === 15 ? undefined : mul({ acc: "add", s: f.s !== 0 }, f),
    asm: (f) => `${mnemonic("mla", f, f.s)} ${reg_names(f.rd, f.rn, f.rm, f.ra)}`,
    test: { valid: (f) => no_pc(f.rd, f.rn, f.rm, f.ra) },
  }),
  row("a32", "MLS", "cond:4 0000 0110 rd:4 ra:4 rm:4 1001 rn:4", {
    decode: (f) => f.rd === 15 ? undefined : mul({ acc: "sub", s: false }, f),
    asm: (f) => `${mnemonic("mls", f)} ${reg_names(f.rd, f.rn, f.rm, f.ra)}`,
    test: { valid: (f) => no_pc(f.rd, f.rn, f.rm, f.ra) },
  }),
];

const LONG: readonly Row[] = [
  ...([
    ["umull", "100", false, false],
    ["umlal", "101", false, true],
    ["smull", "110", true, false],
    ["smlal", "111", true, true],
  ] as const).map(([name, code, signed, acc]) =>
    row("a32", name.toUpperCase(), `cond:4 0000 ${code} s:1 hi:4 lo:4 rm:4 1001 rn:4`, {
      decode: (f) => no_pc(f.hi, f.lo) ? mul_long({ signed, acc, s: f.s !== 0 }, f) : undefined,
      asm: (f) => `${mnemonic(name, f, f.s)} ${reg_names(f.lo, f.hi, f.rn, f.rm)}`,
      test: { valid: valid_long },
    })
  ),
  row("a32", "UMAAL", "cond:4 0000 0100 hi:4 lo:4 rm:4 1001 rn:4", {
    decode: (f) => no_pc(f.hi, f.lo) ? umaal({}, f) : undefined,
    asm: (f) => `${mnemonic("umaal", f)} ${reg_names(f.lo, f.hi, f.rn, f.rm)}`,
    test: { valid: valid_long },
  }),
];

const halves = (f: { m: number; n: number }): { n: Half; m: Half } => ({
  n: half_of(f.n),
  m: half_of(f.m),
});

const HALFWORD: readonly Row[] = [
  row("a32", "SMLAxy", "cond:4 0001 0000 rd:4 ra:4 rm:4 1 m:1 n:1 0 rn:4", {
    decode: (f) => f.rd === 15 ? undefined : mul_half({ ...halves(f), acc: true }, f),
    asm: (f) =>
      `${mnemonic(`smla${half_of(f.n)}${half_of(f.m)}`, f)} ` +
      reg_names(f.rd, f.rn, f.rm, f.ra),
    test: { valid: (f) => no_pc(f.rd, f.rn, f.rm, f.ra) },
  }),
  row("a32", "SMULxy", "cond:4 0001 0110 rd:4 (0)(0)(0)(0) rm:4 1 m:1 n:1 0 rn:4", {
    decode: (f) =>
      f.rd === 15
        ? undefined
        : mul_half({ ...halves(f), acc: false }, { rd: f.rd, rn: f.rn, rm: f.rm, ra: 0 }),
    asm: (f) =>
      `${mnemonic(`smul${half_of(f.n)}${half_of(f.m)}`, f)} ${reg_names(f.rd, f.rn, f.rm)}`,
    test: { valid: (f) => no_pc(f.rd, f.rn, f.rm) },
  }),
  row("a32", "SMLAWy", "cond:4 0001 0010 rd:4 ra:4 rm:4 1 m:1 0 0 rn:4", {
    decode: (f) => f.rd === 15 ? undefined : mul_word_half({ m: half_of(f.m), acc: true }, f),
    asm: (f) => `${mnemonic(`smlaw${half_of(f.m)}`, f)} ${reg_names(f.rd, f.rn, f.rm, f.ra)}`,
    test: { valid: (f) => no_pc(f.rd, f.rn, f.rm, f.ra) },
  }),
  row("a32", "SMULWy", "cond:4 0001 0010 rd:4 (0)(0)(0)(0) rm:4 1 m:1 1 0 rn:4", {
    decode: (f) =>
      f.rd === 15 ? undefined : mul_word_half(
        { m: half_of(f.m), acc: false },
        { rd: f.rd, rn: f.rn, rm: f.rm, ra: 0 },
      ),
    asm: (f) => `${mnemonic(`smulw${half_of(f.m)}`, f)} ${reg_names(f.rd, f.rn, f.rm)}`,
    test: { valid: (f) => no_pc(f.rd, f.rn, f.rm) },
  }),
  row("a32", "SMLALxy", "cond:4 0001 0100 hi:4 lo:4 rm:4 1 m:1 n:1 0 rn:4", {
    decode: (f) => no_pc(f.hi, f.lo) ? mul_half_long(halves(f), f) : undefined,
    asm: (f) =>
      `${mnemonic(`smlal${half_of(f.n)}${half_of(f.m)}`, f)} ` +
      reg_names(f.lo, f.hi, f.rn, f.rm),
    test: { valid: valid_long },
  }),
];

const DUAL: readonly Row[] = ([["ad", "0"], ["sd", "1"]] as const).flatMap(([name, code]) => {
  const sub = name === "sd";
  const suffix = (f: { swap: number }): string => f.swap ? "x" : "";
  return [
    row(
      "a32",
      `SML${name.toUpperCase()}`,
      `cond:4 0111 0000 rd:4 ra:4 rm:4 0 ${code} swap:1 1 rn:4`,
      {
        // r15 as Ra is SMUAD, SMUSD.
        decode: (f) =>
          no_pc(f.rd, f.ra) ? mul_dual({ sub, swap: f.swap !== 0, acc: true }, f) : undefined,
        asm: (f) => `${mnemonic(`sml${name}${suffix(f)}`, f)} ${reg_names(f.rd, f.rn, f.rm, f.ra)}`,
        test: { valid: (f) => no_pc(f.rd, f.rn, f.rm, f.ra) },
      },
    ),
    row(
      "a32",
      `SMU${name.toUpperCase()}`,
      `cond:4 0111 0000 rd:4 1111 rm:4 0 ${code} swap:1 1 rn:4`,
      {
        decode: (f) =>
          f.rd === 15 ? undefined : mul_dual(
            { sub, swap: f.swap !== 0, acc: false },
            { rd: f.rd, rn: f.rn, rm: f.rm, ra: 0 },
          ),
        asm: (f) => `${mnemonic(`smu${name}${suffix(f)}`, f)} ${reg_names(f.rd, f.rn, f.rm)}`,
        test: { valid: (f) => no_pc(f.rd, f.rn, f.rm) },
      },
    ),
    row(
      "a32",
      sub ? "SMLSLD" : "SMLALD",
      `cond:4 0111 0100 hi:4 lo:4 rm:4 0 ${code} swap:1 1 rn:4`,
      {
        decode: (f) =>
          no_pc(f.hi, f.lo) ? mul_dual_long({ sub, swap: f.swap !== 0 }, f) : undefined,
        asm: (f) =>
          `${mnemonic(`${sub ? "smlsld" : "smlald"}${suffix(f)}`, f)} ` +
          reg_names(f.lo, f.hi, f.rn, f.rm),
        test: { valid: valid_long },
      },
    ),
  ];
});

const HIGH: readonly Row[] = [
  row("a32", "SMMLA", "cond:4 0111 0101 rd:4 ra:4 rm:4 00 round:1 1 rn:4", {
    // r15 as Ra is SMMUL.
    decode: (f) =>
      no_pc(f.rd, f.ra) ? mul_high({ acc: "add", round: f.round !== 0 }, f) : undefined,
    asm: (f) => `${mnemonic(`smmla${f.round ? "r" : ""}`, f)} ${reg_names(f.rd, f.rn, f.rm, f.ra)}`,
    test: { valid: (f) => no_pc(f.rd, f.rn, f.rm, f.ra) },
  }),
  row("a32", "SMMUL", "cond:4 0111 0101 rd:4 1111 rm:4 00 round:1 1 rn:4", {
    decode: (f) =>
      f.rd === 15 ? undefined : mul_high(
        { acc: "none", round: f.round !== 0 },
        { rd: f.rd, rn: f.rn, rm: f.rm, ra: 0 },
      ),
    asm: (f) => `${mnemonic(`smmul${f.round ? "r" : ""}`, f)} ${reg_names(f.rd, f.rn, f.rm)}`,
    test: { valid: (f) => no_pc(f.rd, f.rn, f.rm) },
  }),
  row("a32", "SMMLS", "cond:4 0111 0101 rd:4 ra:4 rm:4 11 round:1 1 rn:4", {
    decode: (f) => f.rd === 15 ? undefined : mul_high({ acc: "sub", round: f.round !== 0 }, f),
    asm: (f) => `${mnemonic(`smmls${f.round ? "r" : ""}`, f)} ${reg_names(f.rd, f.rn, f.rm, f.ra)}`,
    test: { valid: (f) => no_pc(f.rd, f.rn, f.rm, f.ra) },
  }),
];

const DIVIDE: readonly Row[] = [
  ...([["sdiv", "0001"], ["udiv", "0011"]] as const).map(([name, code]) =>
    row("a32", name.toUpperCase(), `cond:4 0111 ${code} rd:4 (1)(1)(1)(1) rm:4 0001 rn:4`, {
      decode: (f) => f.rd === 15 ? undefined : div({ signed: name === "sdiv" }, f),
      asm: (f) => `${mnemonic(name, f)} ${reg_names(f.rd, f.rn, f.rm)}`,
      test: { valid: (f) => no_pc(f.rd, f.rn, f.rm) },
    })
  ),
  row("a32", "CLZ", "cond:4 0001 0110 (1)(1)(1)(1) rd:4 (1)(1)(1)(1) 0001 rm:4", {
    decode: (f) => f.rd === 15 ? undefined : clz({}, f),
    asm: (f) => `${mnemonic("clz", f)} ${reg_names(f.rd, f.rm)}`,
    test: { valid: (f) => no_pc(f.rd, f.rm) },
  }),
];

/** A32 multiplication, division and CLZ. */
export const MUL_A32_ROWS: readonly Row[] = [
  ...WORD,
  ...LONG,
  ...HALFWORD,
  ...DUAL,
  ...HIGH,
  ...DIVIDE,
];
