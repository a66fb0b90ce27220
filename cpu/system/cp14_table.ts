import { constant, type CpRegister, raz, reg, reg64, RIGHTS, type RowOptions } from "./cp_row.ts";
import type { DebugRegisters } from "./debug.ts";

type Encoding = readonly [crn: number, crm: number, opc2: number];
type Word = { [K in keyof DebugRegisters]: DebugRegisters[K] extends number ? K : never }[
  keyof DebugRegisters
];
type Bank = { [K in keyof DebugRegisters]: DebugRegisters[K] extends Int32Array ? K : never }[
  keyof DebugRegisters
];

/** What unlocks the OS lock is everything but this. */
const OS_LOCK_KEY = 0xc5ac_ce55 | 0;

function debug(
  name: string,
  [crn, crm, opc2]: Encoding,
  rights: number,
  options: RowOptions,
): CpRegister {
  return reg(name, [14, 0, crn, crm, opc2], rights, { feature: "debug", ...options });
}

function word(name: string, encoding: Encoding, field: Word, mask = -1): CpRegister {
  return debug(name, encoding, RIGHTS.rw, {
    one_reg: "state",
    read: (s) => s.debug[field] as number,
    write: (s, value) => {
      (s.debug as unknown as Record<Word, number>)[field] = value & mask;
    },
  });
}

/** `count` registers of a kind, one CRm each. */
function bank(
  name: string,
  crn: number,
  opc2: number,
  field: Bank,
  count: number,
  first = 0,
): CpRegister[] {
  return Array.from(
    { length: count },
    (_, i) =>
      debug(`${name}${first + i}`, [crn, first + i, opc2], RIGHTS.rw, {
        one_reg: "state",
        read: (s) => (s.debug[field] as Int32Array)[first + i]!,
        write: (s, value) => {
          (s.debug[field] as Int32Array)[first + i] = value;
        },
      }),
  );
}

/** Numbers of breakpoints, of those that compare context IDs, and of watchpoints: DBGDIDR's. */
const BREAKPOINTS = 6, CONTEXT_BREAKPOINTS = 2, WATCHPOINTS = 4;

/** CP14: debug (ARM DDI 0406C, C11.11), ThumbEE and Jazelle (B4.1, D1). */
export const CP14_REGISTERS: readonly CpRegister[] = [
  debug("DBGDIDR", [0, 0, 0], RIGHTS.user_const, {
    one_reg: "invariant",
    read: (s) => s.identity.dbgdidr | 0,
  }),
  debug("DBGDSCRint", [0, 1, 0], RIGHTS.user_const, { read: (s) => s.debug.dscr }),
  word("DBGDTRRXext", [0, 0, 2], "dtr"),
  word("DBGDSCRext", [0, 2, 2], "dscr", 0x903c),
  debug("DBGDTRTXext", [0, 3, 2], RIGHTS.rw, { read: (s) => s.debug.dtr, write: () => {} }),
  debug("DBGDTRRXint", [0, 5, 0], RIGHTS.user_rw, { read: (s) => s.debug.dtr, write: () => {} }),
  word("DBGWFAR", [0, 6, 0], "wfar"),
  word("DBGVCR", [0, 7, 0], "vcr", 0xdf),
  ...bank("DBGBVR", 0, 4, "bvr", BREAKPOINTS),
  ...bank("DBGBCR", 0, 5, "bcr", BREAKPOINTS),
  ...bank("DBGWVR", 0, 6, "wvr", WATCHPOINTS),
  ...bank("DBGWCR", 0, 7, "wcr", WATCHPOINTS),
  debug("DBGDRAR", [1, 0, 0], RIGHTS.user_const, { read: () => 0 }),
  reg64("DBGDRAR64", [14, 0, 1], RIGHTS.user_const, { feature: "debug", read64: () => 0n }),
  ...bank("DBGBXVR", 1, 1, "bxvr", CONTEXT_BREAKPOINTS, BREAKPOINTS - CONTEXT_BREAKPOINTS),
  debug("DBGOSLAR", [1, 0, 4], RIGHTS.wo, {
    write: (s, value) => {
      s.debug.locked = value === OS_LOCK_KEY;
    },
  }),
  // OSLM: there is an OS lock but no save and restore mechanism.
  debug("DBGOSLSR", [1, 1, 4], RIGHTS.ro, {
    one_reg: "state",
    read: (s) => s.debug.locked ? 0xa : 0x8,
    restore: (s, value) => {
      s.debug.locked = (value & 2n) !== 0n;
    },
  }),
  word("DBGOSDLR", [1, 3, 4], "double_lock", 1),
  word("DBGPRCR", [1, 4, 4], "prcr", 1),
  debug("DBGPRSR", [1, 5, 4], RIGHTS.ro, { read: () => 1 }),
  debug("DBGDSAR", [2, 0, 0], RIGHTS.user_const, { read: () => 0 }),
  reg64("DBGDSAR64", [14, 0, 2], RIGHTS.user_const, { feature: "debug", read64: () => 0n }),
  debug("DBGDEVID2", [7, 0, 7], RIGHTS.ro, { read: () => 0 }),
  debug("DBGDEVID1", [7, 1, 7], RIGHTS.ro, { read: () => 0 }),
  debug("DBGDEVID", [7, 2, 7], RIGHTS.ro, { read: () => 0x0111_0f13 }),
  debug("DBGCLAIMSET", [7, 8, 6], RIGHTS.rw, {
    read: () => 0xff,
    write: (s, value) => {
      s.debug.claim |= value & 0xff;
    },
  }),
  debug("DBGCLAIMCLR", [7, 9, 6], RIGHTS.rw, {
    one_reg: "state",
    read: (s) => s.debug.claim,
    write: (s, value) => {
      s.debug.claim &= ~value;
    },
    restore: (s, value) => {
      s.debug.claim = Number(value & 0xffn);
    },
  }),
  // Nobody outside may debug; software inside may.
  debug("DBGAUTHSTATUS", [7, 14, 6], RIGHTS.ro, { read: () => 0 }),

  reg("TEECR", [14, 6, 0, 0, 0], RIGHTS.rw, {
    one_reg: "state",
    read: (s) => s.regs.teecr,
    write: (s, value) => {
      s.regs.teecr = value & 1;
    },
  }),
  reg("TEEHBR", [14, 6, 1, 0, 0], RIGHTS.rw, {
    one_reg: "state",
    user: (s) => (s.regs.teecr & 1) === 0,
    read: (s) => s.regs.teehbr,
    write: (s, value) => {
      s.regs.teehbr = value & ~3;
    },
  }),
  constant("JIDR", [14, 7, 0, 0, 0], () => 0, { rights: RIGHTS.user_const }),
  raz("JOSCR", [14, 7, 1, 0, 0]),
  raz("JMCR", [14, 7, 2, 0, 0]),
];
