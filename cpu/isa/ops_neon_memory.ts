/**
 * Advanced SIMD element and structure loads and stores (DDI 0406C A7.7).
 *
 * @module
 */
import { ACCESS, type Cpu } from "../cpu.ts";
import { helper } from "../helper.ts";
import type { Builder } from "../ir/builder.ts";
import type { AccessOptions, Node } from "../ir/node.ts";
import { EXIT, STATE, V_BASE } from "../state.ts";
import { check_simd } from "./fp_check.ts";
import { bytes16, half, pair, shuffle, Vec } from "./neon_vec.ts";
import { combos, define_op } from "./op.ts";

/** CPSR.E. */
const BIG_ENDIAN = 0x200;

const WIDTH = [1, 2, 4] as const;
const LANE_ACCESS = ["u8", "u16", "i32"] as const;

/** Element size and number of registers of what compilers and memcpy use most. */
const COMMON_VLD1 = [[0, 1], [0, 2], [0, 4], [2, 2], [3, 2], [3, 4]] as const;

/** What becomes of the base register: nothing, plus the bytes transferred, plus Rm. */
export type Writeback = "none" | "size" | "reg";

/** Structures of `n` elements in `sets` times `n` registers; those of a structure are `inc` apart. */
interface Structures {
  readonly n: number;
  readonly sets: number;
  readonly inc: number;
}

/** The address fails the alignment that the instruction asks for. */
const RAISE_MISALIGNED = helper(
  "neon_misaligned",
  { args: ["i32", "i32"], ty: undefined, exits: true, keeps_core: true },
  (cpu, address, write) => {
    // The memory system knows the fault's status: show it an access that is misaligned for sure.
    if (write) cpu.mem.store(address | 1, 2, 0, ACCESS.aligned);
    else cpu.mem.load(address | 1, 2, ACCESS.aligned);
    const pending = cpu.pending;
    if (pending?.kind === "data_abort") cpu.pending = { ...pending, address: address >>> 0 };
  },
);

const stopped = (cpu: Cpu): boolean => cpu.get(STATE.exit) !== EXIT.none;

/** Moves one element between memory and byte `at` of the V registers, under CPSR.E. */
function transfer_element(
  cpu: Cpu,
  address: number,
  at: number,
  size: number,
  load: boolean,
): void {
  // Doublewords go as words, the more significant one first.
  const width = Math.min(1 << size, 4);
  for (let part = (1 << size) - width, i = 0; part >= 0 && !stopped(cpu); part -= 4, i += 4) {
    const byte = V_BASE + at + part;
    if (load) {
      const value = cpu.mem.load(address + i, width, 0);
      if (stopped(cpu)) return;
      for (let k = 0; k < width; k++) cpu.u8[byte + k] = value >>> (8 * k);
    } else {
      let value = 0;
      for (let k = width - 1; k >= 0; k--) value = (value << 8) | cpu.u8[byte + k]!;
      cpu.mem.store(address + i, width, value, 0);
    }
  }
}

/** The transfer with CPSR.E set: element by element. `shape` is `pack_shape`'s. */
const TRANSFER_BIG_ENDIAN = helper(
  "neon_transfer_big_endian",
  { args: ["i32", "i32", "i32", "i32"], ty: undefined, exits: true, keeps_core: true },
  (cpu, base, at, size, shape) => {
    const n = shape & 15, sets = (shape >> 4) & 15, inc = (shape >> 8) & 15;
    let address = base;
    for (let set = 0; set < sets; set++) {
      for (let element = 0; element < 8 >> size; element++) {
        for (let j = 0; j < n && !stopped(cpu); j++) {
          const register = at + 8 * (set + j * inc);
          transfer_element(cpu, address, register + (element << size), size, (shape >> 12) !== 0);
          address += 1 << size;
        }
      }
    }
  },
);

const pack_shape = ({ n, sets, inc }: Structures, load: boolean): number =>
  n | sets << 4 | inc << 8 | (load ? 1 << 12 : 0);

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

/** New 64-bit words of bytes of the old ones: byte `i` of the new row is byte `source(i)` of the old. */
function gather(b: Builder, words: readonly Node[], source: (i: number) => number): Node[] {
  const x = pair(b, words[0]!, words[1]!);
  const y = words.length === 2
    ? x
    : words.length === 3
    ? b.op("i64x2.splat", words[2]!)
    : pair(b, words[2]!, words[3]!);
  const out: Node[] = [];
  for (let word = 0; word < words.length; word += 2) {
    const last = 8 * words.length - 1;
    const both = shuffle(b, x, y, bytes16((i) => source(Math.min(8 * word + i, last))));
    out.push(half(b, both, 0));
    if (word + 1 < words.length) out.push(half(b, both, 1));
  }
  return out;
}

/** Register `t` of the list holds elements `j` of set `set`. */
const place_of = ({ n }: Structures, t: number): { set: number; j: number } => ({
  set: Math.floor(t / n),
  j: t % n,
});

/** Where byte `i` of the registers, in list order, is in memory. */
function memory_byte(s: Structures, size: number, i: number): number {
  const { set, j } = place_of(s, i >> 3);
  const element = (i & 7) >> size;
  const index = (set * (8 >> size) + element) * s.n + j;
  return (index << size) | (i & ((1 << size) - 1));
}

/** `address` and the addresses of what follows it, `1 << size` bytes apart. */
function addresses_from(b: Builder, address: Node, n: number, size: number): Node[] {
  return Array.from({ length: n }, (_, i) => i === 0 ? address : b.add(address, i << size));
}

function transfer_little_endian(
  b: Builder,
  s: Structures & { size: number; load: boolean },
  address: Node,
  at: Node,
): void {
  const count = s.n * s.sets;
  const displacement = (t: number): number => {
    const { set, j } = place_of(s, t);
    return 8 * (set + j * s.inc);
  };
  // Elements are what SCTLR.A wants aligned, not the doublewords that hold them.
  const options: AccessOptions = s.size === 3 ? {} : { element: WIDTH[s.size]! };
  if (s.load) {
    const words = addresses_from(b, address, count, 3).map((a) => b.load(a, 8, options));
    const out = s.n === 1 ? words : gather(b, words, (i) => memory_byte(s, s.size, i));
    out.forEach((word, t) => b.set_v(at, "i64", word, displacement(t)));
    return;
  }
  const words = Array.from({ length: count }, (_, t) => b.v(at, "i64", displacement(t)));
  const inverse: number[] = [];
  for (let i = 0; i < 8 * count; i++) inverse[memory_byte(s, s.size, i)] = i;
  const out = s.n === 1 ? words : gather(b, words, (i) => inverse[i]!);
  addresses_from(b, address, count, 3).forEach((a, i) => b.store(a, 8, out[i]!, options));
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
    check_alignment(b, address, mask, load);
    b.probe(address, b.c(length), !load);
    b.if(
      b.and(b.get(STATE.cpsr), BIG_ENDIAN),
      () => b.call(TRANSFER_BIG_ENDIAN, address, at, size, pack_shape(statics, load)),
      () => transfer_little_endian(b, statics, address, at),
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
      const word = half(b, new Vec(b, size).splat(value), 0);
      for (let copy = 0; copy < copies; copy++) b.set_v(at, "i64", word, 8 * (i * inc + copy));
    });
    write_back(b, wb, { rn, rm, address, length });
  },
});
