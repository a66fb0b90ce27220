/**
 * Integer Advanced SIMD encodings: three registers of different lengths, two registers and a scalar
 * (DDI 0406C A7.4.2, A7.4.3).
 *
 * @module
 */
import { neon_rows, odd, scalar_of, type_text, vd, vm, vn, vreg } from "./neon_row.ts";
import type { NeonFields } from "./neon_row.ts";
import { neon_same_scalar, type SameOp } from "./ops_neon_same.ts";
import {
  type LongOp,
  neon_long,
  neon_long_scalar,
  neon_narrow_high,
  neon_wide,
} from "./ops_neon_wide.ts";
import type { Row } from "./row.ts";

/** `size` 11 in these places is another encoding, so each size has its rows. */
const SIZES = [0, 1, 2] as const;
const size_bits = (size: number): string => size.toString(2).padStart(2, "0");
const bits_of = (size: number, a: string): string =>
  `1 D:1 ${size_bits(size)} Vn:4 Vd:4 ${a} N:1 0 M:1 0 Vm:4`;
const row_name = (op: string, size: number): string => `${op.toUpperCase()}_${8 << size}`;

const LONG: readonly { op: LongOp; u: string; a: string; sizes: readonly number[] }[] = [
  { op: "vaddl", u: "U:1", a: "0000", sizes: SIZES },
  { op: "vsubl", u: "U:1", a: "0010", sizes: SIZES },
  { op: "vabal", u: "U:1", a: "0101", sizes: SIZES },
  { op: "vabdl", u: "U:1", a: "0111", sizes: SIZES },
  { op: "vmlal", u: "U:1", a: "1000", sizes: SIZES },
  { op: "vmlsl", u: "U:1", a: "1010", sizes: SIZES },
  { op: "vmull", u: "U:1", a: "1100", sizes: SIZES },
  { op: "vmull_p", u: "0", a: "1110", sizes: [0] },
  { op: "vqdmlal", u: "0", a: "1001", sizes: [1, 2] },
  { op: "vqdmlsl", u: "0", a: "1011", sizes: [1, 2] },
  { op: "vqdmull", u: "0", a: "1101", sizes: [1, 2] },
];

/** The data type of a long operation whose U is signedness or fixed. */
function long_type(op: LongOp, u: string, f: NeonFields, size: number): string {
  const letter = op === "vmull_p" ? "p" : u !== "0" && f.U ? "u" : "s";
  return type_text(letter, size);
}

function long_rows({ op, u, a, sizes }: (typeof LONG)[number]): Row[] {
  const mnemonic = op.split("_")[0]!;
  return sizes.flatMap((size) =>
    neon_rows(row_name(op, size), u, bits_of(size, a), {
      decode(f) {
        if (odd(true, vd(f))) return undefined;
        const unsigned = u !== "0" && f.U === 1;
        return neon_long({ op, size, u: unsigned }, { d: vd(f), n: vn(f), m: vm(f) });
      },
      asm: (f) => `${mnemonic}${long_type(op, u, f, size)} ${vreg(1, vd(f))}, d${vn(f)}, d${vm(f)}`,
      test: { valid: (f) => !odd(true, vd(f)) },
    })
  );
}

function wide_rows(op: "vaddw" | "vsubw", a: string): Row[] {
  return SIZES.flatMap((size) =>
    neon_rows(row_name(op, size), "U:1", bits_of(size, a), {
      decode(f) {
        if (odd(true, vd(f), vn(f))) return undefined;
        return neon_wide({ op, size, u: f.U === 1 }, { d: vd(f), n: vn(f), m: vm(f) });
      },
      asm: (f) =>
        `${op}${type_text(f.U ? "u" : "s", size)} ` +
        `${vreg(1, vd(f))}, ${vreg(1, vn(f))}, d${vm(f)}`,
      test: { valid: (f) => !odd(true, vd(f), vn(f)) },
    })
  );
}

function narrow_rows(op: "vaddhn" | "vsubhn", a: string): Row[] {
  const mnemonic = (f: NeonFields): string => f.U ? `vr${op.slice(1)}` : op;
  return SIZES.flatMap((size) =>
    neon_rows(row_name(op, size), "U:1", bits_of(size, a), {
      decode(f) {
        if (odd(true, vn(f), vm(f))) return undefined;
        return neon_narrow_high(
          { op, size, round: f.U === 1 },
          { d: vd(f), n: vn(f), m: vm(f) },
        );
      },
      asm: (f) =>
        `${mnemonic(f)}${type_text("i", size + 1)} ` +
        `d${vd(f)}, ${vreg(1, vn(f))}, ${vreg(1, vm(f))}`,
      test: { valid: (f) => !odd(true, vn(f), vm(f)) },
    })
  );
}

const SCALAR_SIZES = [1, 2] as const;
const scalar_bits = (size: number, a: string): string =>
  `1 D:1 ${size_bits(size)} Vn:4 Vd:4 ${a} N:1 1 M:1 0 Vm:4`;

function scalar_text(f: NeonFields, size: number): string {
  const { register, index } = scalar_of(f, size);
  return `d${register}[${index}]`;
}

const SAME_SCALAR: readonly { op: SameOp; a: string; letter: string }[] = [
  { op: "vmla", a: "0000", letter: "i" },
  { op: "vmls", a: "0100", letter: "i" },
  { op: "vmul", a: "1000", letter: "i" },
  { op: "vqdmulh", a: "1100", letter: "s" },
  { op: "vqrdmulh", a: "1101", letter: "s" },
];

function same_scalar_rows({ op, a, letter }: (typeof SAME_SCALAR)[number]): Row[] {
  return SCALAR_SIZES.flatMap((size) =>
    neon_rows(`${row_name(op, size)}_scalar`, "Q:1", scalar_bits(size, a), {
      decode(f) {
        if (odd(f.Q, vd(f), vn(f))) return undefined;
        return neon_same_scalar(
          { op, size, u: false, q: f.Q === 1 },
          { d: vd(f), n: vn(f), scalar: scalar_of(f, size).offset },
        );
      },
      asm: (f) =>
        `${op}${type_text(letter, size)} ` +
        `${vreg(f.Q, vd(f))}, ${vreg(f.Q, vn(f))}, ${scalar_text(f, size)}`,
      test: { valid: (f) => !odd(f.Q, vd(f), vn(f)) },
    })
  );
}

const LONG_SCALAR: readonly { op: LongOp; u: string; a: string }[] = [
  { op: "vmlal", u: "U:1", a: "0010" },
  { op: "vmlsl", u: "U:1", a: "0110" },
  { op: "vmull", u: "U:1", a: "1010" },
  { op: "vqdmlal", u: "0", a: "0011" },
  { op: "vqdmlsl", u: "0", a: "0111" },
  { op: "vqdmull", u: "0", a: "1011" },
];

function long_scalar_rows({ op, u, a }: (typeof LONG_SCALAR)[number]): Row[] {
  return SCALAR_SIZES.flatMap((size) =>
    neon_rows(`${row_name(op, size)}_scalar`, u, scalar_bits(size, a), {
      decode(f) {
        if (odd(true, vd(f))) return undefined;
        return neon_long_scalar(
          { op, size, u: u !== "0" && f.U === 1 },
          { d: vd(f), n: vn(f), scalar: scalar_of(f, size).offset },
        );
      },
      asm: (f) =>
        `${op}${long_type(op, u, f, size)} ` +
        `${vreg(1, vd(f))}, d${vn(f)}, ${scalar_text(f, size)}`,
      test: { valid: (f) => !odd(true, vd(f)) },
    })
  );
}

/** Three registers of different lengths, two registers and a scalar. */
export const NEON_WIDE_ROWS: readonly Row[] = [
  ...LONG.flatMap(long_rows),
  ...wide_rows("vaddw", "0001"),
  ...wide_rows("vsubw", "0011"),
  ...narrow_rows("vaddhn", "0100"),
  ...narrow_rows("vsubhn", "0110"),
  ...SAME_SCALAR.flatMap(same_scalar_rows),
  ...LONG_SCALAR.flatMap(long_scalar_rows),
];
