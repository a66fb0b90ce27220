/**
 * Advanced SIMD encodings: two registers and a shift amount (DDI 0406C A7.4.4).
 *
 * @module
 */
import { neon_rows, odd, type_text, vd, vm, vreg } from "./neon_row.ts";
import type { NeonFields } from "./neon_row.ts";
import {
  type NarrowEnd,
  neon_shift,
  neon_shift_long,
  neon_shift_narrow,
  type ShiftOp,
} from "./ops_neon_shift.ts";
import type { Row } from "./row.ts";

/** The highest set bit of L:imm6 tells the element size; below it is the amount. */
const SIZE_BITS = [
  { size: 0, imm6: "001 imm:3", l: "0" },
  { size: 1, imm6: "01 imm:4", l: "0" },
  { size: 2, imm6: "1 imm:5", l: "0" },
  { size: 3, imm6: "imm:6", l: "1" },
] as const;

const signed_letter = (f: NeonFields): string => f.U ? "u" : "s";

interface Line {
  readonly op: ShiftOp;
  /** U when it is not signedness. */
  readonly u?: 0 | 1;
  readonly a: string;
  readonly right: boolean;
  /** Data type letter when U is fixed. */
  readonly letter?: string;
}

const LINES: readonly Line[] = [
  { op: "vshr", a: "0000", right: true },
  { op: "vsra", a: "0001", right: true },
  { op: "vrshr", a: "0010", right: true },
  { op: "vrsra", a: "0011", right: true },
  { op: "vsri", u: 1, a: "0100", right: true, letter: "" },
  { op: "vshl", u: 0, a: "0101", right: false, letter: "i" },
  { op: "vsli", u: 1, a: "0101", right: false, letter: "" },
  { op: "vqshlu", u: 1, a: "0110", right: false, letter: "s" },
  { op: "vqshl", a: "0111", right: false },
];

function shift_rows({ op, u, a, right, letter }: Line): Row[] {
  return SIZE_BITS.flatMap(({ size, imm6, l }) => {
    const bits = 8 << size;
    const distance = (f: NeonFields): number => right ? bits - f.imm : f.imm;
    return neon_rows(
      `${op.toUpperCase()}_imm_${bits}`,
      u === undefined ? "U:1" : `${u}`,
      `1 D:1 ${imm6} Vd:4 ${a} ${l} Q:1 M:1 1 Vm:4`,
      {
        decode(f) {
          if (odd(f.Q, vd(f), vm(f))) return undefined;
          const n = distance(f) - (right ? 1 : 0);
          return neon_shift(
            { op, size, u: u === undefined && f.U === 1, q: f.Q === 1 },
            { d: vd(f), m: vm(f), n },
          );
        },
        asm: (f) =>
          `${op}${type_text(letter ?? signed_letter(f), size)} ` +
          `${vreg(f.Q, vd(f))}, ${vreg(f.Q, vm(f))}, #${distance(f)}`,
        test: { valid: (f) => !odd(f.Q, vd(f), vm(f)) },
      },
    );
  });
}

/** Narrowing shifts; `b` is bit 6: rounding. */
const NARROW: readonly {
  name: string;
  u: 0 | 1;
  a: string;
  b: 0 | 1;
  end: NarrowEnd;
  letter: string;
}[] = [
  { name: "vshrn", u: 0, a: "1000", b: 0, end: "cut", letter: "i" },
  { name: "vrshrn", u: 0, a: "1000", b: 1, end: "cut", letter: "i" },
  { name: "vqshrun", u: 1, a: "1000", b: 0, end: "s_u", letter: "s" },
  { name: "vqrshrun", u: 1, a: "1000", b: 1, end: "s_u", letter: "s" },
  { name: "vqshrn", u: 0, a: "1001", b: 0, end: "s_s", letter: "s" },
  { name: "vqrshrn", u: 0, a: "1001", b: 1, end: "s_s", letter: "s" },
  { name: "vqshrn", u: 1, a: "1001", b: 0, end: "u_u", letter: "u" },
  { name: "vqrshrn", u: 1, a: "1001", b: 1, end: "u_u", letter: "u" },
];

function narrow_rows({ name, u, a, b, end, letter }: (typeof NARROW)[number]): Row[] {
  return SIZE_BITS.slice(0, 3).flatMap(({ size, imm6 }) => {
    const distance = (f: NeonFields): number => (8 << size) - f.imm;
    return neon_rows(
      `${name.toUpperCase()}_${letter}${16 << size}`,
      `${u}`,
      `1 D:1 ${imm6} Vd:4 ${a} 0 ${b} M:1 1 Vm:4`,
      {
        decode(f) {
          if (odd(true, vm(f))) return undefined;
          return neon_shift_narrow(
            { end, size, shift: b ? "round" : "down" },
            { d: vd(f), m: vm(f), n: distance(f) - 1 },
          );
        },
        asm: (f) =>
          `${name}${type_text(letter, size + 1)} d${vd(f)}, ${vreg(1, vm(f))}, #${distance(f)}`,
        test: { valid: (f) => !odd(true, vm(f)) },
      },
    );
  });
}

const LONG_ROWS = SIZE_BITS.slice(0, 3).flatMap(({ size, imm6 }) =>
  neon_rows(`VSHLL_${8 << size}`, "U:1", `1 D:1 ${imm6} Vd:4 1010 0 0 M:1 1 Vm:4`, {
    decode(f) {
      if (odd(true, vd(f))) return undefined;
      return neon_shift_long(
        { size, u: f.U === 1, shift: f.imm !== 0 },
        { d: vd(f), m: vm(f), n: f.imm },
      );
    },
    asm(f) {
      const type = type_text(signed_letter(f), size), registers = `${vreg(1, vd(f))}, d${vm(f)}`;
      return f.imm === 0 ? `vmovl${type} ${registers}` : `vshll${type} ${registers}, #${f.imm}`;
    },
    test: { valid: (f) => !odd(true, vd(f)) },
  })
);

/** `Qd = Dm << bits`, the shift that VSHLL's immediate cannot say. */
const MAX_ROWS = neon_rows(
  "VSHLL_max",
  "1",
  "1 D:1 11 size:2 10 Vd:4 0 01100 M:1 0 Vm:4",
  {
    decode(f) {
      if (f.size === 3 || odd(true, vd(f))) return undefined;
      return neon_shift_long(
        { size: f.size, u: true, shift: true },
        { d: vd(f), m: vm(f), n: 8 << f.size },
      );
    },
    asm: (f) => `vshll${type_text("i", f.size)} ${vreg(1, vd(f))}, d${vm(f)}, #${8 << f.size}`,
    test: { valid: (f) => f.size !== 3 && !odd(true, vd(f)) },
  },
);

/** Two registers and a shift amount. */
export const NEON_SHIFT_ROWS: readonly Row[] = [
  ...LINES.flatMap(shift_rows),
  ...NARROW.flatMap(narrow_rows),
  ...LONG_ROWS,
  ...MAX_ROWS,
];
