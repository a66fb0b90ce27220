import type { Cpu } from "../cpu.ts";

/** Version answered: 1.1. */
export const PSCI_VERSION = 0x0001_0001;

/** Function ids, SMC32 (ARM DEN 0022). */
const PSCI = {
  VERSION: 0x8400_0000,
  CPU_SUSPEND: 0x8400_0001,
  CPU_OFF: 0x8400_0002,
  CPU_ON: 0x8400_0003,
  AFFINITY_INFO: 0x8400_0004,
  MIGRATE: 0x8400_0005,
  MIGRATE_INFO_TYPE: 0x8400_0006,
  MIGRATE_INFO_UP_CPU: 0x8400_0007,
  SYSTEM_OFF: 0x8400_0008,
  SYSTEM_RESET: 0x8400_0009,
  FEATURES: 0x8400_000a,
} as const;
/** SMCCC_VERSION; asked through PSCI_FEATURES first. */
const SMCCC_VERSION = 0x8000_0000;

const RET = {
  SUCCESS: 0,
  NOT_SUPPORTED: -1,
  INVALID_PARAMETERS: -2,
  ALREADY_ON: -4,
} as const;
/** AFFINITY_INFO: on. MIGRATE_INFO_TYPE: there is no trusted OS to migrate. */
const AFFINITY_ON = 0, NO_TRUSTED_OS = 2;

/** What a call made the vCPU do, beyond an answer in r0. */
export type PsciAction = "none" | "suspend" | "off" | "shutdown" | "reset";

/** A vCPU that another one may wake. */
export interface PsciPeers {
  /** CPU_ON; a PSCI status. */
  cpu_on(mpidr: number, entry: number, context: number): number;
  /** AFFINITY_INFO; 0 on, 1 off, 2 on pending, or a PSCI error. */
  affinity_info(mpidr: number, level: number): number;
}

/** Peers of a vCPU that is alone. */
export const ALONE: PsciPeers = {
  cpu_on: (mpidr) => (mpidr & 0xff_ffff) === 0 ? RET.ALREADY_ON : RET.INVALID_PARAMETERS,
  affinity_info: (mpidr, level) =>
    (mpidr & 0xff_ffff) === 0 && level <= 3 ? AFFINITY_ON : RET.INVALID_PARAMETERS,
};

const SUPPORTED = new Set<number>([
  PSCI.VERSION,
  PSCI.CPU_SUSPEND,
  PSCI.CPU_OFF,
  PSCI.CPU_ON,
  PSCI.AFFINITY_INFO,
  PSCI.MIGRATE_INFO_TYPE,
  PSCI.SYSTEM_OFF,
  PSCI.SYSTEM_RESET,
  PSCI.FEATURES,
]);

/** Answers the call in r0..r3. What is not known gets NOT_SUPPORTED. */
export function psci_call(cpu: Cpu, peers: PsciPeers = ALONE): PsciAction {
  const a1 = cpu.reg(1), a2 = cpu.reg(2), a3 = cpu.reg(3);
  const answer = (value: number): PsciAction => {
    cpu.set_reg(0, value);
    return "none";
  };
  switch (cpu.reg(0) >>> 0) {
    case PSCI.VERSION:
      return answer(PSCI_VERSION);
    case PSCI.FEATURES:
      return answer(SUPPORTED.has(a1 >>> 0) ? RET.SUCCESS : RET.NOT_SUPPORTED);
    case SMCCC_VERSION:
      return answer(RET.NOT_SUPPORTED);
    case PSCI.MIGRATE_INFO_TYPE:
      return answer(NO_TRUSTED_OS);
    case PSCI.CPU_ON:
      return answer(peers.cpu_on(a1, a2, a3));
    case PSCI.AFFINITY_INFO:
      return answer(peers.affinity_info(a1, a2));
    case PSCI.CPU_SUSPEND:
      // Every state is a standby: it keeps its context and returns like WFI.
      cpu.set_reg(0, RET.SUCCESS);
      return "suspend";
    case PSCI.CPU_OFF:
      return "off";
    case PSCI.SYSTEM_OFF:
      return "shutdown";
    case PSCI.SYSTEM_RESET:
      return "reset";
  }
  return answer(RET.NOT_SUPPORTED);
}
