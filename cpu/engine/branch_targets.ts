/**
 * Where indirect branches have gone: what a translator can expect of them.
 *
 * A direct-mapped table in the WebAssembly memory. An entry belongs to a record: its address, then a few
 * targets (virtual addresses, T as bit 0), each at a place of its own by its low bits. What drives what
 * out is left to chance; a target that is not there is not expected, and one too many does no harm.
 *
 * @module
 */
import type { Cpu } from "../cpu.ts";
import { MEM, STATE } from "../state.ts";
import { type Code, OP } from "../../wasm/encoder.ts";

/** Words of an entry: a record and 15 targets. */
const WORDS = 16;
const SIZE = WORDS * 4;
const MASK = (MEM.branch_target_entries - 1) * SIZE;
/** Records are 16 bytes, entries four times as long. */
const SCALE = 2;

/** Targets that were seen of the branch at record `rec`. */
export function seen_targets({ i32 }: Pick<Cpu, "i32">, rec: number): number[] {
  const at = (MEM.branch_targets + ((rec << SCALE) & MASK)) >> 2;
  if (i32[at] !== rec) return [];
  return [...i32.subarray(at + 1, at + WORDS)].filter((target) => target !== 0);
}

/** Locals that {@link emit_see_target} works with; `entry` is its own. */
export interface BranchLocals {
  readonly rec: number;
  readonly target: number;
  readonly entry: number;
}

/** Emits: the branch at `rec` goes to `target`. What goes to LR's address is a return and not kept. */
export function emit_see_target(c: Code, { rec, target, entry }: BranchLocals): void {
  c.get(target).i32(0).mem(OP.i32_load, 2, STATE.r.address + 4 * 14).byte(0x47);
  c.u8(OP.if, 0x40);
  c.get(rec).i32(SCALE).byte(0x74);
  c.i32(MASK).byte(0x71);
  c.tee(entry).mem(OP.i32_load, 2, MEM.branch_targets);
  c.get(rec).u8(0x47, OP.if, 0x40);
  c.get(entry).i32(MEM.branch_targets).byte(0x6a);
  c.i32(0).i32(SIZE).u8(0xfc, 11, 0);
  c.get(entry).get(rec).mem(OP.i32_store, 2, MEM.branch_targets);
  c.byte(OP.end);
  // Places 1 to 15: targets that lie near one another have different ones.
  c.get(target).i32(1).byte(0x76);
  c.get(target).i32(5).u8(0x76, 0x73);
  c.i32(WORDS - 1).byte(0x70);
  c.i32(2).byte(0x74);
  c.get(entry).byte(0x6a);
  c.get(target).mem(OP.i32_store, 2, MEM.branch_targets + 4);
  c.byte(OP.end);
}
