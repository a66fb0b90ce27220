import type { CpuFeatures } from "./features.ts";
import type { System } from "./system.ts";

/** Who may do what; bits of {@link CpRegister.rights}. */
export const PL = { user_read: 1, user_write: 2, read: 4, write: 8 } as const;

/** Rights that occur. */
export const RIGHTS = {
  /** PL1 reads and writes. */
  rw: PL.read | PL.write,
  /** PL1 reads. */
  ro: PL.read,
  /** PL1 writes: operations. */
  wo: PL.write,
  /** Everyone reads and writes. */
  user_rw: 15,
  /** Everyone reads, PL1 writes. */
  user_ro: PL.user_read | PL.read | PL.write,
  /** Everyone reads. */
  user_const: PL.user_read | PL.read,
  /** Everyone writes: barriers. */
  user_wo: PL.user_write | PL.write,
} as const;

/** How a register shows in ONE_REG. */
export type OneReg = "hidden" | "state" | "invariant";

/** One system register of coprocessor 14 or 15. */
export interface CpRegister {
  readonly name: string;
  readonly cp: number;
  /** Absent for a 64-bit register (MRRC, MCRR), which has crm and opc1 only. */
  readonly crn?: number;
  readonly opc1: number;
  readonly crm: number;
  readonly opc2?: number;
  /** {@link PL} bits. */
  readonly rights: number;
  readonly one_reg: OneReg;
  /** Only in CPUs with this feature. */
  readonly feature?: keyof CpuFeatures;
  /** Whether PL0 may access it now, where `rights` leave that to a control register. */
  readonly user?: (s: System, write: boolean) => boolean;
  /** Value, 32 bits. */
  readonly read?: (s: System) => number;
  readonly write?: (s: System, value: number) => void;
  /** Value, 64 bits. */
  readonly read64?: (s: System) => bigint;
  readonly write64?: (s: System, value: bigint) => void;
  /** ONE_REG writes it this way, where the guest may not or does something else. */
  readonly restore?: (s: System, value: bigint) => void;
}

/** Index of a register: `cp_index` and `cp_index64` of sys_helpers.ts. */
export function register_index(r: CpRegister): number {
  const low = (r.cp << 16) | (r.crm << 7) | (r.opc1 << 3);
  return r.crn === undefined ? (1 << 20) | low : low | (r.crn << 11) | r.opc2!;
}

/** Encoding of a 32-bit register in the order of MRC: cp, opc1, CRn, CRm, opc2. */
export type Encoding = readonly [cp: number, opc1: number, crn: number, crm: number, opc2: number];

/** What a row may add. */
export type RowOptions = Partial<Omit<CpRegister, "name" | "cp" | "crn" | "crm" | "opc1" | "opc2">>;

/** A 32-bit register. */
export function reg(
  name: string,
  [cp, opc1, crn, crm, opc2]: Encoding,
  rights: number,
  options: RowOptions,
): CpRegister {
  return { name, cp, opc1, crn, crm, opc2, rights, one_reg: "hidden", ...options };
}

/** A 64-bit register of CP `cp`. */
export function reg64(
  name: string,
  [cp, opc1, crm]: readonly [number, number, number],
  rights: number,
  options: RowOptions,
): CpRegister {
  return { name, cp, opc1, crm, rights, one_reg: "hidden", ...options };
}

/** A constant of the CPU model. */
export function constant(
  name: string,
  encoding: Encoding,
  read: (s: System) => number,
  options: RowOptions = {},
): CpRegister {
  return reg(name, encoding, RIGHTS.ro, { read, one_reg: "invariant", ...options });
}

/** Reads as zero, ignores writes. */
export function raz(name: string, encoding: Encoding): CpRegister {
  return reg(name, encoding, RIGHTS.rw, { read: () => 0, write: () => {} });
}

/** An operation: a write that does something. */
export function operation(
  name: string,
  encoding: Encoding,
  write: (s: System, value: number) => void,
  rights: number = RIGHTS.wo,
): CpRegister {
  return reg(name, encoding, rights, { write });
}
