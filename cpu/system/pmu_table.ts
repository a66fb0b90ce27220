import { type CpRegister, reg, RIGHTS, type RowOptions } from "./cp_row.ts";
import type { System } from "./system.ts";

/** PMUSERENR.EN gives PL0 the registers. */
const user = (s: System): boolean => (s.pmu.user & 1) !== 0;

function pmu(name: string, crm: number, opc2: number, options: RowOptions): CpRegister {
  const rights = options.write === undefined
    ? RIGHTS.ro
    : options.read === undefined
    ? RIGHTS.wo
    : RIGHTS.rw;
  return reg(name, [15, 0, 9, crm, opc2], rights, {
    feature: "pmu",
    user,
    one_reg: rights === RIGHTS.rw ? "state" : "hidden",
    ...options,
  });
}

/** A view that only sets or only clears bits of what another register shows. */
function bits(
  name: string,
  crm: number,
  opc2: number,
  field: "enabled" | "overflow" | "interrupts",
  set: boolean,
  options: RowOptions = {},
): CpRegister {
  return pmu(name, crm, opc2, {
    read: (s) => {
      s.pmu.update();
      return s.pmu[field];
    },
    write: (s, value) => {
      s.pmu.update();
      const mask = value & s.pmu.mask;
      s.pmu[field] = set ? s.pmu[field] | mask : s.pmu[field] & ~mask;
    },
    restore: (s, value) => {
      s.pmu[field] = Number(BigInt.asIntN(32, value)) & s.pmu.mask;
    },
    ...options,
  });
}

const privileged_only: RowOptions = { user: () => false };

/** The performance monitor's registers; absent without the feature. */
export const PMU_REGISTERS: readonly CpRegister[] = [
  pmu("PMCR", 12, 0, {
    read: (s) => s.pmu.pmcr,
    write: (s, value) => {
      s.pmu.pmcr = value;
    },
  }),
  bits("PMCNTENSET", 12, 1, "enabled", true),
  bits("PMCNTENCLR", 12, 2, "enabled", false, { one_reg: "hidden" }),
  bits("PMOVSR", 12, 3, "overflow", false),
  pmu("PMSWINC", 12, 4, { write: (s, value) => s.pmu.software_increment(value) }),
  pmu("PMSELR", 12, 5, {
    read: (s) => s.pmu.selected,
    write: (s, value) => {
      s.pmu.selected = value & 31;
    },
  }),
  pmu("PMCEID0", 12, 6, { read: (s) => s.pmu.event_ids }),
  pmu("PMCEID1", 12, 7, { read: () => 0 }),
  pmu("PMCCNTR", 13, 0, {
    read: (s) => s.pmu.value(31),
    write: (s, value) => s.pmu.set_value(31, value),
  }),
  pmu("PMXEVTYPER", 13, 1, {
    one_reg: "hidden",
    read: (s) => s.pmu.type(s.pmu.selected),
    write: (s, value) => s.pmu.set_type(s.pmu.selected, value),
  }),
  pmu("PMXEVCNTR", 13, 2, {
    one_reg: "hidden",
    read: (s) => s.pmu.value(s.pmu.selected),
    write: (s, value) => s.pmu.set_value(s.pmu.selected, value),
  }),
  pmu("PMUSERENR", 14, 0, {
    read: (s) => s.pmu.user,
    write: (s, value) => {
      s.pmu.user = value & 1;
    },
    rights: RIGHTS.user_ro,
    user: (_s, write) => !write,
  }),
  bits("PMINTENSET", 14, 1, "interrupts", true, privileged_only),
  bits("PMINTENCLR", 14, 2, "interrupts", false, { ...privileged_only, one_reg: "hidden" }),
  bits("PMOVSSET", 14, 3, "overflow", true, { ...privileged_only, one_reg: "hidden" }),
];
