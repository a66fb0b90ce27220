import type { Cpu } from "../cpu.ts";
import { CP14_REGISTERS } from "./cp14_table.ts";
import { CP15_REGISTERS } from "./cp15_table.ts";
import { CACHE_TLB_OPERATIONS } from "./cp15_operations.ts";
import { type CpRegister, PL, register_index, RIGHTS } from "./cp_row.ts";
import type { CpuFeatures } from "./features.ts";
import { PMU_REGISTERS } from "./pmu_table.ts";
import type { System } from "./system.ts";
import { TIMER_REGISTERS } from "./timer_table.ts";

/** Every CP14 and CP15 register. */
export const CP_REGISTERS: readonly CpRegister[] = [
  ...CP15_REGISTERS,
  ...CACHE_TLB_OPERATIONS,
  ...TIMER_REGISTERS,
  ...PMU_REGISTERS,
  ...CP14_REGISTERS,
];

/** CP15, CRn 15 is the implementation's own: what is not known there is RAZ/WI for PL1. */
const IMPLEMENTATION_DEFINED: CpRegister = {
  name: "c15",
  cp: 15,
  crn: 15,
  opc1: 0,
  crm: 0,
  opc2: 0,
  rights: RIGHTS.rw,
  one_reg: "hidden",
  read: () => 0,
  write: () => {},
};

/** The coprocessor 14 and 15 registers of one vCPU. What is not there, or not allowed, is Undefined. */
export class CpRegisters {
  readonly #cpu: Cpu;
  readonly #system: System;
  readonly #present = new Map<number, CpRegister>();

  constructor(cpu: Cpu, system: System) {
    this.#cpu = cpu;
    this.#system = system;
  }

  /** Takes those registers that a CPU with `features` has. */
  configure(features: CpuFeatures): void {
    this.#present.clear();
    for (const r of CP_REGISTERS) {
      if (r.feature === undefined || features[r.feature]) this.#present.set(register_index(r), r);
    }
  }

  /** The registers that are there. */
  registers(): IterableIterator<CpRegister> {
    return this.#present.values();
  }

  #find(index: number, right: number, write: boolean): CpRegister | undefined {
    let r = this.#present.get(index);
    if (r === undefined && (index & 0x1ff_800) === (15 << 16 | 15 << 11)) {
      r = IMPLEMENTATION_DEFINED;
    }
    if (r !== undefined && this.#allowed(r, right, write)) return r;
    this.#cpu.raise({ kind: "undefined" });
    return undefined;
  }

  #allowed(r: CpRegister, right: number, write: boolean): boolean {
    if (this.#system.modes.privileged()) return (r.rights & right) !== 0;
    if (r.user !== undefined) return (r.rights & right) !== 0 && r.user(this.#system, write);
    return (r.rights & (right >> 2)) !== 0;
  }

  /** MRC. */
  read(index: number): number {
    return this.#find(index, PL.read, false)?.read?.(this.#system) ?? 0;
  }
  /** MCR. */
  write(index: number, value: number): void {
    this.#find(index, PL.write, true)?.write?.(this.#system, value);
  }
  /** MRRC. */
  read64(index: number): bigint {
    const r = this.#find(index, PL.read, false);
    return r?.read64?.(this.#system) ?? 0n;
  }
  /** MCRR. */
  write64(index: number, value: bigint): void {
    this.#find(index, PL.write, true)?.write64?.(this.#system, BigInt.asUintN(64, value));
  }
}
