import { STATE } from "../state.ts";
import {
  constant,
  type CpRegister,
  type Encoding,
  raz,
  reg,
  reg64,
  RIGHTS,
  type RowOptions,
} from "./cp_row.ts";
import type { CpuIdentity } from "./features.ts";
import { SCTLR, type SysRegs } from "./sys_regs.ts";
import type { System } from "./system.ts";

type Word = { [K in keyof SysRegs]: SysRegs[K] extends number ? K : never }[keyof SysRegs];
type IdWord = { [K in keyof CpuIdentity]: CpuIdentity[K] extends number ? K : never }[
  keyof CpuIdentity
];

/** A register that is a word of storage; `after` runs when it was written. */
function storage(
  name: string,
  encoding: Encoding,
  field: Word,
  options: RowOptions & { mask?: number; after?: (s: System) => void } = {},
): CpRegister {
  const { mask = -1, after, ...rest } = options;
  return reg(name, encoding, RIGHTS.rw, {
    one_reg: "state",
    read: (s) => s.regs[field] as number,
    write: (s, value) => {
      (s.regs as Record<Word, number>)[field] = value & mask;
      after?.(s);
    },
    ...rest,
  });
}

/** A register that identifies the CPU. */
function identity(name: string, encoding: Encoding, field: IdWord): CpRegister {
  return constant(name, encoding, (s) => s.identity[field] | 0);
}

/** One of a row of reserved ID registers. */
function reserved_id(crm: number, opc2: number): CpRegister {
  return reg(`ID_c0_c${crm}_${opc2}`, [15, 0, 0, crm, opc2], RIGHTS.ro, { read: () => 0 });
}

/** A pair of words as one register. */
function pair(
  name: string,
  encoding: readonly [number, number, number],
  low: Word,
  high: Word,
  after?: (s: System) => void,
): CpRegister {
  return reg64(name, encoding, RIGHTS.rw, {
    one_reg: "state",
    read64: (s) =>
      (BigInt((s.regs[high] as number) >>> 0) << 32n) | BigInt((s.regs[low] as number) >>> 0),
    write64: (s, value) => {
      const words = s.regs as Record<Word, number>;
      words[low] = Number(BigInt.asIntN(32, value));
      words[high] = Number(BigInt.asIntN(32, value >> 32n));
      after?.(s);
    },
  });
}

/** A thread ID register, kept where instructions read it fast. */
function thread_id(
  name: string,
  opc2: number,
  field: typeof STATE.tpidrurw,
  rights: number,
): CpRegister {
  return reg(name, [15, 0, 13, 0, opc2], rights, {
    one_reg: "state",
    read: (s) => s.cpu.get(field),
    write: (s, value) => s.cpu.set(field, value),
  });
}

/** SCTLR bits that can be written; the others keep their reset value. */
const SCTLR_WRITABLE = SCTLR.M | SCTLR.A | SCTLR.C | SCTLR.CP15BEN | SCTLR.SW | SCTLR.Z | SCTLR.I |
  SCTLR.V | SCTLR.WXN | SCTLR.UWXN | SCTLR.EE | SCTLR.TRE | SCTLR.AFE | SCTLR.TE;

function write_sctlr(s: System, value: number): void {
  s.regs.sctlr = (s.regs.sctlr & ~SCTLR_WRITABLE) | (value & SCTLR_WRITABLE);
  s.translation_changed();
  s.leave();
}

function write_cpacr(s: System, value: number): void {
  // Only the fields of CP10 and CP11, which go together, and ASEDIS exist.
  s.regs.cpacr = s.identity.mvfr0 === 0 ? 0 : value & 0xc0f0_0000;
  s.fp.update();
}

/** TTBCR keeps the fields of its format. */
function write_ttbcr(s: System, value: number): void {
  s.regs.ttbcr = value & (value < 0 ? 0xffc7_3f87 : 0x37);
  s.translation_changed();
}

function memory_attributes_changed(s: System): void {
  s.maps.flush();
}

function read_ccsidr(s: System): number {
  return (s.identity.ccsidr[s.regs.csselr & 15] ?? 0) | 0;
}

/** Pending interrupts at the places of CPSR's masks. */
function read_isr(s: System): number {
  return (s.cpu.irq_line ? 1 << 7 : 0) | (s.cpu.fiq_line ? 1 << 6 : 0);
}

const select = (s: System): void => s.translation_changed();

/** CP15 storage and identification registers (ARM DDI 0406C, B3.17 and B4.1). */
export const CP15_REGISTERS: readonly CpRegister[] = [
  identity("MIDR", [15, 0, 0, 0, 0], "midr"),
  identity("CTR", [15, 0, 0, 0, 1], "ctr"),
  constant("TCMTR", [15, 0, 0, 0, 2], () => 0),
  constant("TLBTR", [15, 0, 0, 0, 3], () => 0),
  identity("MIDR_alias4", [15, 0, 0, 0, 4], "midr"),
  identity("MPIDR", [15, 0, 0, 0, 5], "mpidr"),
  // These models have no REVIDR: its encoding is another of MIDR's.
  identity("REVIDR", [15, 0, 0, 0, 6], "midr"),
  identity("MIDR_alias7", [15, 0, 0, 0, 7], "midr"),
  identity("ID_PFR0", [15, 0, 0, 1, 0], "id_pfr0"),
  identity("ID_PFR1", [15, 0, 0, 1, 1], "id_pfr1"),
  identity("ID_DFR0", [15, 0, 0, 1, 2], "id_dfr0"),
  identity("ID_AFR0", [15, 0, 0, 1, 3], "id_afr0"),
  identity("ID_MMFR0", [15, 0, 0, 1, 4], "id_mmfr0"),
  identity("ID_MMFR1", [15, 0, 0, 1, 5], "id_mmfr1"),
  identity("ID_MMFR2", [15, 0, 0, 1, 6], "id_mmfr2"),
  identity("ID_MMFR3", [15, 0, 0, 1, 7], "id_mmfr3"),
  identity("ID_ISAR0", [15, 0, 0, 2, 0], "id_isar0"),
  identity("ID_ISAR1", [15, 0, 0, 2, 1], "id_isar1"),
  identity("ID_ISAR2", [15, 0, 0, 2, 2], "id_isar2"),
  identity("ID_ISAR3", [15, 0, 0, 2, 3], "id_isar3"),
  identity("ID_ISAR4", [15, 0, 0, 2, 4], "id_isar4"),
  identity("ID_ISAR5", [15, 0, 0, 2, 5], "id_isar5"),
  reserved_id(2, 6),
  reserved_id(2, 7),
  ...[3, 4, 5, 6, 7].flatMap((crm) => [0, 1, 2, 3, 4, 5, 6, 7].map((o) => reserved_id(crm, o))),
  reg("CCSIDR", [15, 1, 0, 0, 0], RIGHTS.ro, { read: read_ccsidr }),
  identity("CLIDR", [15, 1, 0, 0, 1], "clidr"),
  constant("AIDR", [15, 1, 0, 0, 7], () => 0),
  storage("CSSELR", [15, 2, 0, 0, 0], "csselr", { mask: 15 }),

  reg("SCTLR", [15, 0, 1, 0, 0], RIGHTS.rw, {
    one_reg: "state",
    read: (s) => s.regs.sctlr,
    write: write_sctlr,
  }),
  storage("ACTLR", [15, 0, 1, 0, 1], "actlr"),
  reg("CPACR", [15, 0, 1, 0, 2], RIGHTS.rw, {
    one_reg: "state",
    read: (s) => s.regs.cpacr,
    write: write_cpacr,
  }),

  storage("TTBR0_low", [15, 0, 2, 0, 0], "ttbr0", { after: select, one_reg: "hidden" }),
  storage("TTBR1_low", [15, 0, 2, 0, 1], "ttbr1", { after: select, one_reg: "hidden" }),
  reg("TTBCR", [15, 0, 2, 0, 2], RIGHTS.rw, {
    one_reg: "state",
    read: (s) => s.regs.ttbcr,
    write: write_ttbcr,
  }),
  pair("TTBR0", [15, 0, 2], "ttbr0", "ttbr0_high", select),
  pair("TTBR1", [15, 1, 2], "ttbr1", "ttbr1_high", select),
  storage("DACR", [15, 0, 3, 0, 0], "dacr", { after: select }),

  storage("DFSR", [15, 0, 5, 0, 0], "dfsr"),
  storage("IFSR", [15, 0, 5, 0, 1], "ifsr"),
  storage("ADFSR", [15, 0, 5, 1, 0], "adfsr"),
  storage("AIFSR", [15, 0, 5, 1, 1], "aifsr"),
  storage("DFAR", [15, 0, 6, 0, 0], "dfar"),
  storage("IFAR", [15, 0, 6, 0, 2], "ifar"),

  storage("PAR_low", [15, 0, 7, 4, 0], "par", { one_reg: "hidden" }),
  pair("PAR", [15, 0, 7], "par", "par_high"),

  storage("L2CTLR", [15, 1, 9, 0, 2], "l2ctlr"),
  storage("L2ECTLR", [15, 1, 9, 0, 3], "l2ectlr"),

  raz("TLBLOCK", [15, 0, 10, 0, 0]),
  storage("MAIR0", [15, 0, 10, 2, 0], "mair0", { after: memory_attributes_changed }),
  storage("MAIR1", [15, 0, 10, 2, 1], "mair1", { after: memory_attributes_changed }),
  storage("AMAIR0", [15, 0, 10, 3, 0], "amair0"),
  storage("AMAIR1", [15, 0, 10, 3, 1], "amair1"),

  storage("VBAR", [15, 0, 12, 0, 0], "vbar", { mask: ~31 }),
  reg("ISR", [15, 0, 12, 1, 0], RIGHTS.ro, { read: read_isr }),

  raz("FCSEIDR", [15, 0, 13, 0, 0]),
  storage("CONTEXTIDR", [15, 0, 13, 0, 1], "contextidr", { after: select }),
  thread_id("TPIDRURW", 2, STATE.tpidrurw, RIGHTS.user_rw),
  thread_id("TPIDRURO", 3, STATE.tpidruro, RIGHTS.user_ro),
  thread_id("TPIDRPRW", 4, STATE.tpidrprw, RIGHTS.rw),

  reg("CBAR", [15, 4, 15, 0, 0], RIGHTS.ro, {
    one_reg: "invariant",
    read: (s) => s.identity.cbar | 0,
  }),
];
