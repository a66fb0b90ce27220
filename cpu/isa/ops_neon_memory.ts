/**
 * Advanced SIMD element and structure loads and stores (DDI 0406C A7.7).
 *
 * @module
 */
import type { Builder } from "../ir/builder.ts";
import type { Node } from "../ir/node.ts";
import { check_simd } from "./fp_check.ts";
import {
  RAISE_MISALIGNED,
  type RegisterList,
  type Structures,
  transfer_structures,
} from "./fp_memory.ts";
import { bytes16, half, shuffle, Vec } from "./neon_vec.ts";
import { combos, define_op } from "./op.ts";

const WIDTH = [1, 2, 4] as const;
const LANE_ACCESS = ["u8", "u16", "i32"] as const;

/** Element size and number of registers of what compilers and memcpy use most. */
const COMMON_VLD1 = [[0, 1], [0, 2], [0, 4], [2, 2], [3, 2], [3, 4]] as const;

/** What becomes of the base register: nothing, plus the bytes transferred, plus Rm. */
export type Writeback = "none" | "size" | "reg";

/** Takes the alignment fault unless `address` has the bits of `mask` clear. */
function check_alignment(b: Builder, address: Node, mask: Node, load: boolean): void {
  b.if(b.and(address, mask), () => {
    b.call(RAISE_MISALIGNED, address, load ? 0 : 1);
    b.leave();
  });
}

function write_back(
  b: Builder,
  wb: Writeback,
  base: { rn: Node; rm: Node; address: Node; length: number },
): void {
  if (wb === "none") return;
  b.set_reg(base.rn, b.add(base.address, wb === "size" ? base.length : b.reg(base.rm)));
}

/** Structures in registers, those of a structure `inc` apart. */
type Multiple = Structures & { inc: number };

/** Register `t` of the list holds elements `j` of set `set`. */
const place_of = ({ n }: Structures, t: number): { set: number; j: number } => ({
  set: Math.floor(t / n),
  j: t % n,
});

/** Displacements of the registers in list order. */
function displacements_of(s: Multiple): number[] {
  return Array.from({ length: s.n * s.sets }, (_, t) => {
    const { set, j } = place_of(s, t);
    return 8 * (set + j * s.inc);
  });
}

/** Where byte `i` of the registers, in list order, is in memory. */
function memory_byte(s: Structures, i: number): number {
  const { set, j } = place_of(s, i >> 3);
  const element = (i & 7) >> s.size;
  const index = (set * (8 >> s.size) + element) * s.n + j;
  return (index << s.size) | (i & ((1 << s.size) - 1));
}

/** `address` and the addresses of what follows it, `1 << size` bytes apart. */
function addresses_from(b: Builder, address: Node, n: number, size: number): Node[] {
  return Array.from({ length: n }, (_, i) => i === 0 ? address : b.add(address, i << size));
}

/** One or two registers of a list that lie side by side: their places in it, by displacement. */
function neighbours(displacements: readonly number[]): number[][] {
  const order = displacements.map((_, t) => t)
    .sort((s, t) => displacements[s]! - displacements[t]!);
  const groups: number[][] = [];
  for (let i = 0; i < order.length; i++) {
    const t = order[i]!, next = order[i + 1];
    if (next !== undefined && displacements[next] === displacements[t]! + 8) {
      groups.push([t, next]);
      i++;
    } else groups.push([t]);
  }
  return groups;
}

/** Rows of 16 bytes of what a range has. */
function load_rows(b: Builder, range: Node, count: number): Node[] {
  const rows: Node[] = [];
  for (let at = 0; at < 8 * count; at += 16) {
    rows.push(
      8 * count - at >= 16
        ? b.direct_load(range, at, "v128")
        : b.op("i64x2.splat", b.direct_load(range, at, "i64")),
    );
  }
  return rows;
}

function load_directly(b: Builder, s: Multiple, range: Node, at: Node): void {
  const displacements = displacements_of(s);
  if (s.n === 1) {
    for (const group of neighbours(displacements)) {
      const disp = displacements[group[0]!]!;
      const access = group.length === 2 ? "v128" : "i64";
      b.set_v(at, access, b.direct_load(range, disp, access), disp);
    }
    return;
  }
  const [x, y = x] = load_rows(b, range, displacements.length);
  for (const group of neighbours(displacements)) {
    const bytes = bytes16((i) => memory_byte(s, 8 * group[i >> 3 & (group.length - 1)]! + (i & 7)));
    const access = group.length === 2 ? "v128" : "i64x2";
    b.set_v(at, access, shuffle(b, x!, y!, bytes), displacements[group[0]!]!);
  }
}

function store_directly(b: Builder, s: Multiple, range: Node, at: Node): void {
  const displacements = displacements_of(s), groups = neighbours(displacements);
  if (s.n === 1) {
    for (const group of groups) {
      const disp = displacements[group[0]!]!;
      b.direct_store(range, disp, b.v(at, group.length === 2 ? "v128" : "i64", disp));
    }
    return;
  }
  // Two vectors of registers, and where in memory their bytes belong.
  const order = groups.flat(), read = (t: number): Node => b.v(at, "i64x2", displacements[t]!);
  const [x, y = x] = Array.from({ length: Math.ceil(order.length / 2) }, (_, i) => {
    const [t, next] = order.slice(2 * i, 2 * i + 2) as [number, number?];
    if (next === undefined) return read(t);
    return displacements[next] === displacements[t]! + 8
      ? b.v(at, "v128", displacements[t]!)
      : shuffle(b, read(t), read(next), bytes16((k) => k < 8 ? k : k + 8));
  });
  const source: number[] = [];
  order.forEach((t, place) => {
    for (let i = 0; i < 8; i++) source[memory_byte(s, 8 * t + i)] = 8 * place + i;
  });
  for (let row = 0; row < source.length; row += 16) {
    const out = shuffle(b, x!, y!, bytes16((i) => source[Math.min(row + i, source.length - 1)]!));
    b.direct_store(range, row, row + 16 <= source.length ? out : half(b, out, 0));
  }
}

/**
 * VLDn and VSTn of multiple structures. `at` is the byte offset of the first register, `mask` has
 * the address bits that must be clear.
 */
export const neon_multi = define_op<
  { load: boolean; n: number; sets: number; inc: number; size: number; wb: Writeback }
>()("neon_multi", {
  operands: { at: "u8", rn: "reg", rm: "reg", mask: "u8" },
  lower(b, statics, { at, rn, rm, mask }) {
    const { load, size, wb } = statics;
    check_simd(b);
    const address = b.reg(rn), length = 8 * statics.n * statics.sets;
    // Elements are what SCTLR.A wants aligned; doublewords go as words.
    const range = b.range(address, length, b.or(mask, WIDTH[Math.min(size, 2)]! - 1), !load);
    b.expect(
      b.eqz(range),
      () => (load ? load_directly : store_directly)(b, statics, range, at),
      () => {
        const list: RegisterList = { at, bytes: 8, displacements: displacements_of(statics) };
        transfer_structures(b, statics, { address, mask, list });
      },
    );
    write_back(b, wb, { rn, rm, address, length });
  },
  inline: COMMON_VLD1.flatMap(([size, sets]) =>
    combos({
      load: [true, false],
      n: [1],
      sets: [sets],
      inc: [1],
      size: [size],
      wb: ["none", "size"],
    })
  ),
});

/** VLDn and VSTn of one structure; `at` is the byte offset of its first element. */
export const neon_single = define_op<
  { load: boolean; n: number; inc: number; size: number; wb: Writeback }
>()("neon_single", {
  operands: { at: "u8", rn: "reg", rm: "reg", mask: "u8" },
  lower(b, { load, n, inc, size, wb }, { at, rn, rm, mask }) {
    check_simd(b);
    const address = b.reg(rn), length = n << size;
    check_alignment(b, address, mask, load);
    if (n > 1) b.probe(address, b.c(length), !load);
    const access = LANE_ACCESS[size]!, width = WIDTH[size]!;
    const addresses = addresses_from(b, address, n, size);
    if (load) {
      const values = addresses.map((a) => b.load(a, width));
      values.forEach((value, i) => b.set_v(at, access, value, 8 * inc * i));
    } else {
      addresses.forEach((a, i) => b.store(a, width, b.v(at, access, 8 * inc * i)));
    }
    write_back(b, wb, { rn, rm, address, length });
  },
});

/** VLDn of one structure to all lanes, each element to `copies` registers; `at` as for `neon_multi`. */
export const neon_all_lanes = define_op<
  { n: number; copies: number; inc: number; size: number; wb: Writeback }
>()("neon_all_lanes", {
  operands: { at: "u8", rn: "reg", rm: "reg", mask: "u8" },
  lower(b, { n, copies, inc, size, wb }, { at, rn, rm, mask }) {
    check_simd(b);
    const address = b.reg(rn), length = n << size;
    check_alignment(b, address, mask, true);
    if (n > 1) b.probe(address, b.c(length), false);
    const values = addresses_from(b, address, n, size).map((a) => b.load(a, WIDTH[size]!));
    values.forEach((value, i) => {
      const lanes = new Vec(b, size).splat(value);
      for (let copy = 0; copy < copies; copy++) b.set_v(at, "i64x2", lanes, 8 * (i * inc + copy));
    });
    write_back(b, wb, { rn, rm, address, length });
  },
});
