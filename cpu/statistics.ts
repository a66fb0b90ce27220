import type { Cpu } from "./cpu.ts";
import type { Engine } from "./engine/engine.ts";
import { STATE } from "./state.ts";

/** Why the engine came back, and what was taken, by count. */
export class ExitCounts {
  readonly "MMIO read" = 0;
  readonly "MMIO write" = 0;
  readonly "undefined instruction" = 0;
  readonly "system call" = 0;
  readonly "firmware call" = 0;
  readonly "breakpoint" = 0;
  readonly "prefetch abort" = 0;
  readonly "data abort" = 0;
  readonly "interrupt" = 0;
  readonly "wait" = 0;
  readonly "look around" = 0;
  readonly "kick" = 0;

  /** One more. */
  add(reason: Reason): void {
    (this as { [R in Reason]: number })[reason]++;
  }
}

/** A reason to leave the engine. */
export type Reason = Exclude<keyof ExitCounts, "add">;

/** Names for a person, of an engine's counters. */
const NAMES: Readonly<Record<string, string>> = {
  record_pages: "interpreter: pages of records",
  decoded: "interpreter: decoded",
  inline: "interpreter: handlers",
  outlined: "interpreter: handlers outside",
  live: "translator: regions",
  code_bytes: "translator: bytes of code",
  regions: "translator: regions made",
  region_insns: "translator: instructions in them",
  modules: "translator: modules",
  dropped: "translator: regions dropped",
  evicted: "translator: of these for room",
  translate_ms: "translator: ms to translate",
  compile_ms: "ms of V8 compiling",
};

/** A vCPU's counters, by names for a person. */
export function statistics_of(
  { cpu, engine, exits }: { cpu: Cpu; engine: Engine; exits: ExitCounts },
): Record<string, number> {
  const executed = Number(cpu.i64[STATE.insn_count.address >> 3]!);
  const out: Record<string, number> = { "instructions": executed };
  const counters = engine.statistics;
  if (counters !== undefined) {
    const interpreted = Number(cpu.i64[STATE.interpreted.address >> 3]!);
    // An instruction that is abandoned is taken back from the whole only.
    out["interpreter: instructions"] = Math.min(interpreted, executed);
    if (counters.regions !== undefined) {
      out["translator: instructions"] = Math.max(executed - interpreted, 0);
    }
    for (const [key, name] of Object.entries(NAMES)) {
      if (counters[key] !== undefined) out[name] = counters[key];
    }
  }
  for (const [reason, count] of Object.entries(exits)) {
    if (count > 0) out[`exits: ${reason}`] = count;
  }
  return out;
}
