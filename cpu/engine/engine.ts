/** What the memory system tells whoever keeps decoded or translated code. */
export interface CodeCache {
  /** Virtual-to-code lookups of every context are void. */
  flush_tlb(): void;
  /** Lookups for the page of virtual address `va` are void, in every context. */
  flush_tlb_page(va: number): void;
  /** The RAM page at physical address `pa_page` was or is about to be written: drop its code. */
  page_written(pa_page: number): void;
}

/** Something that executes instructions of a Cpu. */
export interface Engine extends CodeCache {
  /** Its name, as `--engine` takes it. */
  readonly name: string;
  /**
   * Executes from STATE.pc, thumb and itstate until STATE.exit is set or STATE.budget taken branches
   * have happened. Afterwards pc, thumb and itstate are exact: on `exception` and `mmio` at the
   * abandoned instruction, otherwise at the next one. STATE.exit is the caller's to clear before.
   */
  run(): void;
  /** Executes one instruction; as `run` otherwise. */
  step(): void;
}
