import type { CodeCache } from "../system/page_maps.ts";

/** Something that executes instructions of a Cpu. */
export interface Engine extends CodeCache {
  /** Its name, as `--engine` takes it. */
  readonly name: string;
  /** Counters, by name. */
  readonly statistics?: Readonly<Record<string, number>>;
  /**
   * Executes from STATE.pc, thumb and itstate until STATE.exit is set, or, at the first taken branch
   * after STATE.budget instructions, until the budget is used up. Afterwards pc, thumb and itstate are exact: on `exception` and `mmio` at the
   * abandoned instruction, otherwise at the next one. STATE.exit is the caller's to clear before.
   */
  run(): void;
  /** Executes one instruction; as `run` otherwise. */
  step(): void;
}
