/**
 * Integer Advanced SIMD encodings: two registers, miscellaneous; one register and a modified
 * immediate; VEXT, VTBL, VTBX (DDI 0406C A7.4, A7.4.5, A7.4.6).
 *
 * @module
 */
import { neon_rows, odd, type_text, vd, vm, vn, vreg } from "./neon_row.ts";
import type { NeonFields } from "./neon_row.ts";
import { type MiscOp, neon_imm, neon_misc } from "./ops_neon_misc.ts";
import { neon_ext, neon_permute, neon_table, type PermuteOp } from "./ops_neon_permute.ts";
import { type NarrowEnd, neon_shift_narrow } from "./ops_neon_shift.ts";
import type { Row } from "./row.ts";

/** Bits of these encodings with `a` in 17:16 and `b` in 10:6, without or with Q. */
const misc_bits = (a: string, b: string): string => `1 D:1 11 size:2 ${a} Vd:4 0 ${b} M:1 0 Vm:4`;

interface Line {
  readonly op: MiscOp;
  readonly a: string;
  /** Bits 10:7, where `U:1` is signedness. */
  readonly b: string;
  readonly sizes: readonly number[];
  readonly letter?: string;
  /** The second operand is #0. */
  readonly zero?: boolean;
  /** Bitwise: the size is not written. */
  readonly untyped?: boolean;
}

const UP_TO_32 = [0, 1, 2];
const LINES: readonly Line[] = [
  { op: "vrev64", a: "00", b: "0000", sizes: UP_TO_32, letter: "" },
  { op: "vrev32", a: "00", b: "0001", sizes: [0, 1], letter: "" },
  { op: "vrev16", a: "00", b: "0010", sizes: [0], letter: "" },
  { op: "vpaddl", a: "00", b: "010 U:1", sizes: UP_TO_32 },
  { op: "vcls", a: "00", b: "1000", sizes: UP_TO_32, letter: "s" },
  { op: "vclz", a: "00", b: "1001", sizes: UP_TO_32, letter: "i" },
  { op: "vcnt", a: "00", b: "1010", sizes: [0], letter: "" },
  { op: "vmvn", a: "00", b: "1011", sizes: [0], untyped: true },
  { op: "vpadal", a: "00", b: "110 U:1", sizes: UP_TO_32 },
  { op: "vqabs", a: "00", b: "1110", sizes: UP_TO_32, letter: "s" },
  { op: "vqneg", a: "00", b: "1111", sizes: UP_TO_32, letter: "s" },
  { op: "vcgt", a: "01", b: "0000", sizes: UP_TO_32, letter: "s", zero: true },
  { op: "vcge", a: "01", b: "0001", sizes: UP_TO_32, letter: "s", zero: true },
  { op: "vceq", a: "01", b: "0010", sizes: UP_TO_32, letter: "i", zero: true },
  { op: "vcle", a: "01", b: "0011", sizes: UP_TO_32, letter: "s", zero: true },
  { op: "vclt", a: "01", b: "0100", sizes: UP_TO_32, letter: "s", zero: true },
  { op: "vabs", a: "01", b: "0110", sizes: UP_TO_32, letter: "s" },
  { op: "vneg", a: "01", b: "0111", sizes: UP_TO_32, letter: "s" },
];

function misc_rows(line: Line): Row[] {
  const { op, sizes } = line;
  const has_u = line.b.includes("U");
  const name = `${op.toUpperCase()}${line.zero ? "_zero" : "_misc"}`;
  return neon_rows(name, "1", misc_bits(line.a, `${line.b} Q:1`), {
    decode(f) {
      if (!sizes.includes(f.size) || odd(f.Q, vd(f), vm(f))) return undefined;
      const statics = { op, size: f.size, u: has_u && f.U === 1, q: f.Q === 1 };
      return neon_misc(statics, { d: vd(f), m: vm(f) });
    },
    asm(f) {
      const letter = line.letter ?? (has_u && f.U ? "u" : "s");
      const type = line.untyped ? "" : type_text(letter, f.size);
      return `${op}${type} ${vreg(f.Q, vd(f))}, ${vreg(f.Q, vm(f))}${line.zero ? ", #0" : ""}`;
    },
    test: { valid: (f) => sizes.includes(f.size) && !odd(f.Q, vd(f), vm(f)) },
  });
}

const PERMUTE: readonly { op: PermuteOp; b: string }[] = [
  { op: "vswp", b: "0000" },
  { op: "vtrn", b: "0001" },
  { op: "vuzp", b: "0010" },
  { op: "vzip", b: "0011" },
];

/** VUZP and VZIP of two 32-bit elements would be VTRN. */
function permutes(op: PermuteOp, f: NeonFields): boolean {
  if (odd(f.Q, vd(f), vm(f))) return false;
  if (op === "vswp") return f.size === 0;
  return f.size < (op === "vtrn" || f.Q ? 3 : 2);
}

function permute_rows({ op, b }: (typeof PERMUTE)[number]): Row[] {
  return neon_rows(op.toUpperCase(), "1", misc_bits("10", `${b} Q:1`), {
    decode(f) {
      if (!permutes(op, f)) return undefined;
      const size = op === "vswp" ? 3 : f.size;
      return neon_permute({ op, size, q: f.Q === 1 }, { d: vd(f), m: vm(f) });
    },
    asm: (f) =>
      `${op}${op === "vswp" ? "" : type_text("", f.size)} ` +
      `${vreg(f.Q, vd(f))}, ${vreg(f.Q, vm(f))}`,
    // With one register for both, the result is UNKNOWN.
    test: { valid: (f) => permutes(op, f) && vd(f) !== vm(f) },
  });
}

const MOVN: readonly { name: string; b: string; end: NarrowEnd; letter: string }[] = [
  { name: "vmovn", b: "01000", end: "cut", letter: "i" },
  { name: "vqmovun", b: "01001", end: "s_u", letter: "s" },
  { name: "vqmovn", b: "01010", end: "s_s", letter: "s" },
  { name: "vqmovn", b: "01011", end: "u_u", letter: "u" },
];

function movn_rows({ name, b, end, letter }: (typeof MOVN)[number]): Row[] {
  const row_name = `${name.toUpperCase()}_${letter}`;
  return neon_rows(row_name, "1", misc_bits("10", b), {
    decode(f) {
      if (f.size === 3 || odd(true, vm(f))) return undefined;
      return neon_shift_narrow({ end, size: f.size, shift: "none" }, { d: vd(f), m: vm(f), n: 0 });
    },
    asm: (f) => `${name}${type_text(letter, f.size + 1)} d${vd(f)}, ${vreg(1, vm(f))}`,
    test: { valid: (f) => f.size !== 3 && !odd(true, vm(f)) },
  });
}

/** How a modified immediate is written: data type and value, as 32-bit words low and high. */
interface ModifiedImmediate {
  readonly type: string;
  readonly lo: number;
  readonly hi: number;
}

/** VFPExpandImm for 32 bits. */
function expand_f32(imm8: number): number {
  const exponent = (imm8 & 0x40 ? 0x1f : 0x20) << 2 | ((imm8 >> 4) & 3);
  return (imm8 & 0x80) << 24 | exponent << 23 | (imm8 & 15) << 19;
}

/** AdvSIMDExpandImm; undefined where the encoding is UNDEFINED. */
function expand(op: number, cmode: number, imm8: number): ModifiedImmediate | undefined {
  const both = (type: string, word: number): ModifiedImmediate => ({ type, lo: word, hi: word });
  if (cmode < 8) return both("i32", imm8 << 8 * (cmode >> 1));
  if (cmode < 12) {
    const halfword = imm8 << 8 * ((cmode >> 1) & 1);
    return both("i16", halfword | halfword << 16);
  }
  if (cmode === 12) return both("i32", imm8 << 8 | 0xff);
  if (cmode === 13) return both("i32", imm8 << 16 | 0xffff);
  if (cmode === 14) {
    if (op === 0) return both("i8", Math.imul(imm8, 0x0101_0101));
    const bytes = (bits: number): number =>
      [0, 1, 2, 3].reduce((word, i) => word | ((bits >> i) & 1 ? 0xff << 8 * i : 0), 0);
    return { type: "i64", lo: bytes(imm8 & 15), hi: bytes(imm8 >> 4) };
  }
  return op === 0 ? both("f32", expand_f32(imm8)) : undefined;
}

/** VORR and VBIC have the odd cmodes below 12; op 1 inverts, except for I64. */
function imm_name(f: NeonFields): "vorr" | "vbic" | "vmvn" | "vmov" {
  if (f.cmode < 12 && f.cmode & 1) return f.op ? "vbic" : "vorr";
  return f.op && f.cmode !== 14 ? "vmvn" : "vmov";
}

const imm8_of = (f: NeonFields): number => f.i << 7 | f.imm3 << 4 | f.imm4;

function imm_text(f: NeonFields, { type, lo, hi }: ModifiedImmediate): string {
  const hex = (word: number): string => (word >>> 0).toString(16);
  if (type === "i64") return `#0x${hex(hi)}${hex(lo).padStart(8, "0")}`;
  if (type !== "f32") {
    return `#0x${hex(type === "i8" ? lo & 0xff : type === "i16" ? lo & 0xffff : lo)}`;
  }
  const sign = f.i ? -1 : 1;
  const exponent = ((imm8_of(f) >> 4) & 7) ^ 4;
  return `#${sign * (1 + f.imm4 / 16) * 2 ** (exponent - 3)}`;
}

const IMM_ROWS = neon_rows(
  "VMOV_imm",
  "i:1",
  "1 D:1 000 imm3:3 Vd:4 cmode:4 0 Q:1 op:1 1 imm4:4",
  {
    decode(f) {
      const imm = expand(f.op, f.cmode, imm8_of(f));
      if (!imm || odd(f.Q, vd(f))) return undefined;
      const name = imm_name(f);
      const flip = name === "vmvn" ? -1 : 0;
      return neon_imm(
        { op: name === "vorr" ? "orr" : name === "vbic" ? "bic" : "mov", q: f.Q === 1 },
        { d: vd(f), lo: imm.lo ^ flip, hi: imm.hi ^ flip },
      );
    },
    asm(f) {
      const imm = expand(f.op, f.cmode, imm8_of(f))!;
      return `${imm_name(f)}.${imm.type} ${vreg(f.Q, vd(f))}, ${imm_text(f, imm)}`;
    },
    test: { valid: (f) => !(f.op === 1 && f.cmode === 15) && !odd(f.Q, vd(f)) },
  },
);

const EXT_ROWS = neon_rows("VEXT", "0", "1 D:1 11 Vn:4 Vd:4 imm4:4 N:1 Q:1 M:1 0 Vm:4", {
  decode(f) {
    if (odd(f.Q, vd(f), vn(f), vm(f)) || (!f.Q && f.imm4 > 7)) return undefined;
    return neon_ext({ imm: f.imm4, q: f.Q === 1 }, { d: vd(f), n: vn(f), m: vm(f) });
  },
  asm: (f) => `vext.8 ${[vd(f), vn(f), vm(f)].map((r) => vreg(f.Q, r)).join(", ")}, #${f.imm4}`,
  test: {
    valid: (f) => !odd(f.Q, vd(f), vn(f), vm(f)) && (f.Q === 1 || f.imm4 < 8),
  },
});

/** A table that passes D31 is UNPREDICTABLE: UNDEFINED here. */
const table_fits = (f: NeonFields): boolean => vn(f) + f.len < 32;

const TABLE_ROWS = neon_rows(
  "VTBL",
  "1",
  "1 D:1 11 Vn:4 Vd:4 10 len:2 N:1 op:1 M:1 0 Vm:4",
  {
    decode(f) {
      if (!table_fits(f)) return undefined;
      return neon_table(
        { length: f.len + 1, extend: f.op === 1 },
        { d: vd(f), n: vn(f), m: vm(f) },
      );
    },
    asm(f) {
      const list = Array.from({ length: f.len + 1 }, (_, i) => `d${vn(f) + i}`).join(", ");
      return `${f.op ? "vtbx" : "vtbl"}.8 d${vd(f)}, {${list}}, d${vm(f)}`;
    },
    test: { valid: table_fits },
  },
);

/** Two registers miscellaneous, modified immediates, VEXT and table lookups. */
export const NEON_MISC_ROWS: readonly Row[] = [
  ...LINES.flatMap(misc_rows),
  ...PERMUTE.flatMap(permute_rows),
  ...MOVN.flatMap(movn_rows),
  ...IMM_ROWS,
  ...EXT_ROWS,
  ...TABLE_ROWS,
];
