/**
 * Loads and stores of V registers where memory cannot be accessed directly, by way of the places for
 * what helpers cannot pass.
 *
 * @module
 */
import { ACCESS, type Cpu } from "../cpu.ts";
import { type Helper, helper } from "../helper.ts";
import type { Builder } from "../ir/builder.ts";
import type { Node } from "../ir/node.ts";
import { EXIT, STATE, V_BASE } from "../state.ts";
import { SCRATCH } from "./fp_scratch.ts";

/** CPSR.E. */
const BIG_ENDIAN = 0x200;

const FIRST_WORD = 2 * SCRATCH.d;

const stopped = (cpu: Cpu): boolean => cpu.get(STATE.exit) !== EXIT.none;

const signature = { ty: undefined, exits: true, keeps_core: true, keeps_vectors: true } as const;

/** Where word `i` of registers goes: doublewords have theirs exchanged with CPSR.E set. */
function word_at(cpu: Cpu, i: number, double: number): number {
  const exchange = double !== 0 && (cpu.get(STATE.cpsr) & BIG_ENDIAN) !== 0;
  return FIRST_WORD + (exchange ? i ^ 1 : i);
}

/** Loads words as VLDM does; `double` is 1 for D registers. */
const LOAD_WORDS: Helper = helper(
  "vfp_load",
  { ...signature, args: ["i32", "i32", "i32"] },
  (cpu, address, count, double) => {
    for (let i = 0; i < count; i++) {
      const word = cpu.mem.load((address + 4 * i) | 0, 4, ACCESS.aligned);
      if (stopped(cpu)) return;
      cpu.set_vword(word_at(cpu, i, double), word);
    }
  },
);

/** Stores words as VSTM does. */
const STORE_WORDS: Helper = helper(
  "vfp_store",
  { ...signature, args: ["i32", "i32", "i32"] },
  (cpu, address, count, double) => {
    for (let i = 0; i < count && !stopped(cpu); i++) {
      const word = cpu.vword(word_at(cpu, i, double));
      cpu.mem.store((address + 4 * i) | 0, 4, word, ACCESS.aligned);
    }
  },
);

/** The address fails the alignment that the instruction asks for. */
function raise_misaligned(cpu: Cpu, address: number, write: boolean): void {
  // The memory system knows the fault's status: show it an access that is misaligned for sure.
  if (write) cpu.mem.store(address | 1, 2, 0, ACCESS.aligned);
  else cpu.mem.load(address | 1, 2, ACCESS.aligned);
  const pending = cpu.pending;
  if (pending?.kind === "data_abort") cpu.pending = { ...pending, address: address >>> 0 };
}

/** {@link raise_misaligned} from a program. */
export const RAISE_MISALIGNED: Helper = helper(
  "neon_misaligned",
  { ...signature, args: ["i32", "i32"] },
  (cpu, address, write) => raise_misaligned(cpu, address, write !== 0),
);

/** Structures of `n` elements of `1 << size` bytes in `sets` times `n` registers. */
export interface Structures {
  readonly n: number;
  readonly sets: number;
  readonly size: number;
}

/** {@link Structures} as one number. */
const pack = ({ n, sets, size }: Structures): number => n | sets << 4 | size << 8;

/** Moves one element between memory and byte `at` of the V registers, under CPSR.E. */
function transfer_element(
  cpu: Cpu,
  o: { address: number; at: number; size: number; load: boolean },
): void {
  // Doublewords go as words, the more significant one first when CPSR.E is set.
  const width = Math.min(1 << o.size, 4);
  const swap = o.size === 3 && (cpu.get(STATE.cpsr) & BIG_ENDIAN) !== 0 ? 4 : 0;
  for (let i = 0; i < 1 << o.size && !stopped(cpu); i += width) {
    const byte = V_BASE + o.at + (i ^ swap), address = (o.address + i) | 0;
    if (o.load) {
      const value = cpu.mem.load(address, width, 0);
      if (stopped(cpu)) return;
      for (let k = 0; k < width; k++) cpu.u8[byte + k] = value >>> (8 * k);
    } else {
      let value = 0;
      for (let k = width - 1; k >= 0; k--) value = (value << 8) | cpu.u8[byte + k]!;
      cpu.mem.store(address, width, value, 0);
    }
  }
}

function transfer(cpu: Cpu, base: number, shape: number, load: boolean): void {
  const n = shape & 15, sets = (shape >> 4) & 15, size = shape >> 8;
  cpu.mem.probe(base, 8 * n * sets, !load);
  let address = base;
  for (let set = 0; set < sets; set++) {
    for (let element = 0; element < 8 >> size; element++) {
      for (let j = 0; j < n && !stopped(cpu); j++) {
        const at = 8 * (SCRATCH.d + set * n + j) + (element << size);
        transfer_element(cpu, { address, at, size, load });
        address += 1 << size;
      }
    }
  }
}

function structures(name: string, load: boolean): Helper {
  return helper(
    name,
    { ...signature, args: ["i32", "i32", "i32"] },
    (cpu, address, mask, shape) => {
      if ((address & mask) !== 0) raise_misaligned(cpu, address, !load);
      else transfer(cpu, address, shape, load);
    },
  );
}

const LOAD_STRUCTURES: Helper = structures("neon_load", true);
const STORE_STRUCTURES: Helper = structures("neon_store", false);

/** Register `t` of a list, from the first one of the scratch registers. */
const scratch_of = (b: Builder, t: number, bytes: number): Node => b.c(8 * SCRATCH.d + bytes * t);

/** A list of registers in memory: S or D registers from byte `at` (an index), `disp` bytes on. */
export interface RegisterList {
  readonly at: Node;
  readonly bytes: 4 | 8;
  /** Displacements by place in the list. */
  readonly displacements: readonly number[];
}

function from_scratch(b: Builder, { at, bytes, displacements }: RegisterList): void {
  const access = bytes === 8 ? "i64" : "i32";
  displacements.forEach((disp, t) => {
    b.set_v(at, access, b.v(scratch_of(b, t, bytes), access), disp);
  });
}
function to_scratch(b: Builder, { at, bytes, displacements }: RegisterList): void {
  const access = bytes === 8 ? "i64" : "i32";
  displacements.forEach((disp, t) => {
    b.set_v(scratch_of(b, t, bytes), access, b.v(at, access, disp));
  });
}

/** Loads or stores consecutive words of a list, the slow way. */
export function transfer_words(b: Builder, load: boolean, address: Node, list: RegisterList): void {
  const count = list.displacements.length * list.bytes / 4, double = list.bytes === 8 ? 1 : 0;
  if (!load) to_scratch(b, list);
  b.call(load ? LOAD_WORDS : STORE_WORDS, address, count, double);
  if (load) from_scratch(b, list);
}

/** Loads or stores structures, the slow way; faults unless the address has the bits of `mask` clear. */
export function transfer_structures(
  b: Builder,
  s: Structures & { load: boolean },
  o: { address: Node; mask: Node; list: RegisterList },
): void {
  if (!s.load) to_scratch(b, o.list);
  b.call(s.load ? LOAD_STRUCTURES : STORE_STRUCTURES, o.address, o.mask, pack(s));
  if (s.load) from_scratch(b, o.list);
}
