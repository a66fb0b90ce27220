/**
 * Integer Advanced SIMD encodings: three registers of the same length (DDI 0406C A7.4.1).
 *
 * @module
 */
import { neon_rows, odd, type_text, vd, vm, vn, vreg } from "./neon_row.ts";
import { neon_misc } from "./ops_neon_misc.ts";
import { neon_pairwise, neon_same, type PairwiseOp, type SameOp } from "./ops_neon_same.ts";
import type { Row } from "./row.ts";

/** Element sizes that an encoding has. */
const UP_TO_32 = [0, 1, 2], ALL = [0, 1, 2, 3], BYTES = [0], WORDS = [1, 2];

/** One line of the table: opcode fields, then what they mean. */
interface Line {
  readonly op: SameOp;
  /** Fixed U, when it is not signedness. */
  readonly u?: 0 | 1;
  readonly a: string;
  readonly b: 0 | 1;
  readonly sizes: readonly number[];
  /** Data type letter when U is fixed. */
  readonly letter?: string;
}

const LINES: readonly Line[] = [
  { op: "vhadd", a: "0000", b: 0, sizes: UP_TO_32 },
  { op: "vqadd", a: "0000", b: 1, sizes: ALL },
  { op: "vrhadd", a: "0001", b: 0, sizes: UP_TO_32 },
  { op: "vhsub", a: "0010", b: 0, sizes: UP_TO_32 },
  { op: "vqsub", a: "0010", b: 1, sizes: ALL },
  { op: "vcgt", a: "0011", b: 0, sizes: UP_TO_32 },
  { op: "vcge", a: "0011", b: 1, sizes: UP_TO_32 },
  { op: "vshl", a: "0100", b: 0, sizes: ALL },
  { op: "vqshl", a: "0100", b: 1, sizes: ALL },
  { op: "vrshl", a: "0101", b: 0, sizes: ALL },
  { op: "vqrshl", a: "0101", b: 1, sizes: ALL },
  { op: "vmax", a: "0110", b: 0, sizes: UP_TO_32 },
  { op: "vmin", a: "0110", b: 1, sizes: UP_TO_32 },
  { op: "vabd", a: "0111", b: 0, sizes: UP_TO_32 },
  { op: "vaba", a: "0111", b: 1, sizes: UP_TO_32 },
  { op: "vadd", u: 0, a: "1000", b: 0, sizes: ALL, letter: "i" },
  { op: "vsub", u: 1, a: "1000", b: 0, sizes: ALL, letter: "i" },
  { op: "vtst", u: 0, a: "1000", b: 1, sizes: UP_TO_32, letter: "" },
  { op: "vceq", u: 1, a: "1000", b: 1, sizes: UP_TO_32, letter: "i" },
  { op: "vmla", u: 0, a: "1001", b: 0, sizes: UP_TO_32, letter: "i" },
  { op: "vmls", u: 1, a: "1001", b: 0, sizes: UP_TO_32, letter: "i" },
  { op: "vmul", u: 0, a: "1001", b: 1, sizes: UP_TO_32, letter: "i" },
  { op: "vmul_p", u: 1, a: "1001", b: 1, sizes: BYTES, letter: "p" },
  { op: "vqdmulh", u: 0, a: "1011", b: 0, sizes: WORDS, letter: "s" },
  { op: "vqrdmulh", u: 1, a: "1011", b: 0, sizes: WORDS, letter: "s" },
];

/** Shifts by register have the value in Vm and the distance in Vn, and are written in that order. */
const VALUE_FIRST: ReadonlySet<SameOp> = new Set(["vshl", "vqshl", "vrshl", "vqrshl"]);

function same_rows(line: Line): Row[] {
  const { op } = line;
  const mnemonic = op.split("_")[0]!;
  return neon_rows(
    op.toUpperCase(),
    line.u === undefined ? "U:1" : `${line.u}`,
    `0 D:1 size:2 Vn:4 Vd:4 ${line.a} N:1 Q:1 M:1 ${line.b} Vm:4`,
    {
      decode(f) {
        if (!line.sizes.includes(f.size) || odd(f.Q, vd(f), vn(f), vm(f))) return undefined;
        const u = line.u === undefined && f.U === 1;
        return neon_same(
          { op, size: f.size, u, q: f.Q === 1 },
          { d: vd(f), n: vn(f), m: vm(f) },
        );
      },
      asm(f) {
        const letter = line.letter ?? (f.U ? "u" : "s");
        const sources = VALUE_FIRST.has(op) ? [vm(f), vn(f)] : [vn(f), vm(f)];
        const registers = [vd(f), ...sources].map((r) => vreg(f.Q, r)).join(", ");
        return `${mnemonic}${type_text(letter, f.size)} ${registers}`;
      },
      test: { valid: (f) => line.sizes.includes(f.size) && !odd(f.Q, vd(f), vn(f), vm(f)) },
    },
  );
}

/** Bitwise operations: U and size choose among them. */
const BITWISE: readonly { op: SameOp; u: string; size: string }[] = [
  { op: "vand", u: "0", size: "00" },
  { op: "vbic", u: "0", size: "01" },
  { op: "vorr", u: "0", size: "10" },
  { op: "vorn", u: "0", size: "11" },
  { op: "veor", u: "1", size: "00" },
  { op: "vbsl", u: "1", size: "01" },
  { op: "vbit", u: "1", size: "10" },
  { op: "vbif", u: "1", size: "11" },
];

function bitwise_rows({ op, u, size }: (typeof BITWISE)[number]): Row[] {
  const bits = `0 D:1 ${size} Vn:4 Vd:4 0001 N:1 Q:1 M:1 1 Vm:4`;
  return neon_rows(`${op.toUpperCase()}_reg`, u, bits, {
    decode(f) {
      const d = vd(f), n = vn(f), m = vm(f), q = f.Q === 1;
      if (odd(q, d, n, m)) return undefined;
      const statics = { size: 0, u: false, q };
      if (op === "vorr" && n === m) return neon_misc({ op: "vmov", ...statics }, { d, m });
      return neon_same({ op, ...statics }, { d, n, m });
    },
    asm(f) {
      const [d, n, m] = [vd(f), vn(f), vm(f)].map((r) => vreg(f.Q, r));
      return op === "vorr" && n === m ? `vmov ${d}, ${m}` : `${op} ${d}, ${n}, ${m}`;
    },
    test: { valid: (f) => !odd(f.Q, vd(f), vn(f), vm(f)) },
  });
}

const PAIRWISE: readonly { op: PairwiseOp; u: string; a: string; b: number }[] = [
  { op: "vpmax", u: "U:1", a: "1010", b: 0 },
  { op: "vpmin", u: "U:1", a: "1010", b: 1 },
  { op: "vpadd", u: "0", a: "1011", b: 1 },
];

function pairwise_rows({ op, u, a, b }: (typeof PAIRWISE)[number]): Row[] {
  return neon_rows(
    `${op.toUpperCase()}_int`,
    u,
    `0 D:1 size:2 Vn:4 Vd:4 ${a} N:1 0 M:1 ${b} Vm:4`,
    {
      decode(f) {
        if (f.size === 3) return undefined;
        const unsigned = u !== "0" && f.U === 1;
        return neon_pairwise(
          { op, size: f.size, u: unsigned },
          { d: vd(f), n: vn(f), m: vm(f) },
        );
      },
      asm(f) {
        const letter = u === "0" ? "i" : f.U ? "u" : "s";
        return `${op}${type_text(letter, f.size)} d${vd(f)}, d${vn(f)}, d${vm(f)}`;
      },
      test: { valid: (f) => f.size !== 3 },
    },
  );
}

/** Three registers of the same length. */
export const NEON_SAME_ROWS: readonly Row[] = [
  ...LINES.flatMap(same_rows),
  ...BITWISE.flatMap(bitwise_rows),
  ...PAIRWISE.flatMap(pairwise_rows),
];
