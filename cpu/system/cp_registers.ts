import type { Cpu } from "../cpu.ts";

/** The coprocessor 14 and 15 registers. */
export class CpRegisters {
  readonly #cpu: Cpu;
  constructor(cpu: Cpu) {
    this.#cpu = cpu;
  }
  /** MRC. */
  read(_index: number): number {
    this.#cpu.raise({ kind: "undefined" });
    return 0;
  }
  /** MCR. */
  write(_index: number, _value: number): void {
    this.#cpu.raise({ kind: "undefined" });
  }
  /** MRRC. */
  read64(_index: number): bigint {
    this.#cpu.raise({ kind: "undefined" });
    return 0n;
  }
  /** MCRR. */
  write64(_index: number, _value: bigint): void {
    this.#cpu.raise({ kind: "undefined" });
  }
}
