/**
 * Random register files for tests of Advanced SIMD, made from a seed.
 *
 * @module
 */
import type { Cpu } from "../cpu.ts";
import { MEM, STATE, V_BASE } from "../state.ts";

/** Where the memory that cases access is, as the guest and in the WebAssembly memory. */
export const CASE_MEMORY = {
  address: 0x4000_2000,
  at: MEM.guest_ram + 0x2000,
  bytes: 256,
} as const;

/** What a case starts from and ends with. */
export interface CaseState {
  /** r0..r12. */
  readonly r: Int32Array;
  /** D0..D31. */
  readonly v: Uint8Array;
  /** The case's memory. */
  readonly memory: Uint8Array;
}

/** Numbers 0..2^32-1, the same for the same seed. */
export function random_numbers(seed: number): () => number {
  let x = seed | 1;
  return () => {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    return x >>> 0;
  };
}

const BYTES = [0, 0xff, 0x80, 0x7f, 1, 0xfe, 0x81, 2];
const WORDS = [0, 0xffff_ffff, 0x8000_0000, 0x7fff_ffff, 0x8000_8000, 0x7fff_7fff, 1, 0x0001_0001];

/** A word that is likely to meet limits, to be a small distance, or anything. */
function hostile_word(random: () => number): number {
  const bytes = (f: () => number): number => f() | f() << 8 | f() << 16 | f() << 24;
  switch (random() % 6) {
    case 0:
      return WORDS[random() % WORDS.length]!;
    case 1:
      return bytes(() => BYTES[random() % BYTES.length]!);
    case 2:
      return bytes(() => ((random() % 80) - 40) & 0xff);
    case 3:
      return (random() % 140) - 70;
    default:
      return random();
  }
}

/** The state of a seed. `rn`, when given, points into the memory of the case. */
export function make_state(seed: number, rn: number | undefined): CaseState {
  const random = random_numbers(seed);
  random();
  const words = (count: number): Int32Array =>
    Int32Array.from({ length: count }, () => hostile_word(random));
  const r = words(13), v = words(64), memory = words(CASE_MEMORY.bytes / 4);
  if (rn !== undefined) {
    const offset = random() % 3 === 0 ? random() % 65 : 16 * (random() % 5);
    r[rn] = CASE_MEMORY.address + 64 + offset;
  }
  return { r, v: new Uint8Array(v.buffer), memory: new Uint8Array(memory.buffer) };
}

/** Puts a state into a Cpu. */
export function load_state(cpu: Cpu, { r, v, memory }: CaseState): void {
  r.forEach((value, i) => cpu.set_reg(i, value));
  cpu.u8.set(v, V_BASE);
  cpu.u8.set(memory, CASE_MEMORY.at);
  cpu.set(STATE.fp_qc, 0);
  cpu.set(STATE.exit, 0);
  cpu.pending = undefined;
}

/** The state that a Cpu is in. */
export function save_state(cpu: Cpu): CaseState {
  return {
    r: Int32Array.from({ length: 13 }, (_, i) => cpu.reg(i)),
    v: cpu.u8.slice(V_BASE, V_BASE + 256),
    memory: cpu.u8.slice(CASE_MEMORY.at, CASE_MEMORY.at + CASE_MEMORY.bytes),
  };
}

/** 32-bit FNV-1a of a state and QC. */
export function hash_state({ r, v, memory }: CaseState, qc: boolean): number {
  let hash = 0x811c_9dc5;
  const add = (byte: number): void => {
    hash = Math.imul(hash ^ byte, 0x0100_0193);
  };
  new Uint8Array(r.buffer, r.byteOffset, r.byteLength).forEach(add);
  v.forEach(add);
  memory.forEach(add);
  add(qc ? 1 : 0);
  return hash >>> 0;
}
