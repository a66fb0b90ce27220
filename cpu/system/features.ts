import { KVM_ARM_TARGET, type VcpuFeature } from "../../hypervisor/vcpu_init.ts";

/** The ID registers of one CPU model, as `qemu-system-arm -M virt` has them, without EL2 and EL3. */
export interface CpuModel {
  /** Name, as `--cpu` takes it. */
  readonly name: string;
  /** Its KVM target. */
  readonly target: number;
  readonly id: Readonly<CpuIdentity>;
}

/** What identifies a CPU to its software. */
export interface CpuIdentity {
  midr: number;
  ctr: number;
  mpidr: number;
  id_pfr0: number;
  id_pfr1: number;
  id_dfr0: number;
  id_afr0: number;
  id_mmfr0: number;
  id_mmfr1: number;
  id_mmfr2: number;
  id_mmfr3: number;
  id_isar0: number;
  id_isar1: number;
  id_isar2: number;
  id_isar3: number;
  id_isar4: number;
  id_isar5: number;
  clidr: number;
  /** CCSIDR by CSSELR: level 1 data, level 1 instruction, level 2. */
  ccsidr: readonly number[];
  sctlr: number;
  l2ctlr: number;
  cbar: number;
  pmcr: number;
  dbgdidr: number;
  fpsid: number;
  mvfr0: number;
  mvfr1: number;
}

/** What an ARMv7 CPU of either model has in common with the other. */
const COMMON = {
  mpidr: 0x8000_0000,
  id_pfr0: 0x0000_1131,
  id_pfr1: 0x0001_0001,
  id_dfr0: 0x0201_0505,
  id_afr0: 0,
  id_mmfr2: 0x0124_0000,
  id_mmfr3: 0x0210_2211,
  id_isar0: 0x0210_1110,
  id_isar1: 0x1311_2111,
  id_isar2: 0x2123_2041,
  id_isar3: 0x1111_2131,
  id_isar4: 0x1001_1142,
  id_isar5: 0,
  clidr: 0x0a20_0023,
  ccsidr: [0x701f_e00a, 0x201f_e00a, 0x711f_e07a],
  sctlr: 0x00c5_0078,
  l2ctlr: 0x0080_0000,
  cbar: 0x0800_0000,
  mvfr0: 0x1011_0222,
  mvfr1: 0x1111_1111,
};

/** Every model, the preferred one first. */
export const CPU_MODELS: readonly CpuModel[] = [
  {
    name: "cortex-a15",
    target: KVM_ARM_TARGET.CORTEX_A15,
    id: {
      ...COMMON,
      midr: 0x414f_c0f0,
      ctr: 0x8444_c004,
      id_mmfr0: 0x1020_1105,
      id_mmfr1: 0x2000_0000,
      pmcr: 0x410f_3000,
      dbgdidr: 0x3515_f021,
      fpsid: 0x4104_30f0,
    },
  },
  {
    name: "cortex-a7",
    target: KVM_ARM_TARGET.CORTEX_A7,
    id: {
      ...COMMON,
      midr: 0x410f_c075,
      ctr: 0x8444_8003,
      id_mmfr0: 0x1010_1105,
      id_mmfr1: 0x4000_0000,
      pmcr: 0x4107_2000,
      dbgdidr: 0x3515_f005,
      fpsid: 0x4102_3075,
    },
  },
];

/** Optional parts of the CPU, by what an init asked for. */
export interface CpuFeatures {
  vfp_neon: boolean;
  debug: boolean;
  pmu: boolean;
  psci: boolean;
  power_off: boolean;
}

/** What each feature gives, and where it shows in the ID registers. */
export const FEATURE_TABLE: readonly {
  /** Name in an init. */
  name: VcpuFeature;
  /** Name here; absent when the bit has no effect. */
  feature?: keyof CpuFeatures;
  /** What it gives, for `armvm info`. */
  gives: string;
  /** How the ID registers look when it is off. */
  without?: (id: CpuIdentity) => void;
}[] = [
  { name: "power_off", feature: "power_off", gives: "starts powered off, until PSCI CPU_ON" },
  { name: "el1_32bit", gives: "EL1 is AArch32, as it always is here" },
  { name: "psci_0_2", feature: "psci", gives: "PSCI 1.1 by hvc and smc" },
  {
    name: "pmu_v3",
    feature: "pmu",
    gives: "a performance monitor (PMUv2)",
    without: (id) => {
      id.id_dfr0 = (id.id_dfr0 & 0xf0ff_ffff) | 0x0f00_0000;
      id.pmcr = 0;
    },
  },
  {
    name: "vfp_neon",
    feature: "vfp_neon",
    gives: "VFPv4-D32 and Advanced SIMD",
    without: (id) => {
      id.fpsid = id.mvfr0 = id.mvfr1 = 0;
    },
  },
  {
    name: "debug",
    feature: "debug",
    gives: "the CP14 debug registers",
    without: (id) => {
      id.id_dfr0 &= 0xff00_0000;
      id.dbgdidr = 0;
    },
  },
];

/** The ID registers of `model` built with `features`, for the vCPU with index `index`. */
export function identity_of(
  model: CpuModel,
  features: CpuFeatures,
  index: number,
): CpuIdentity {
  const id = { ...model.id, mpidr: model.id.mpidr | index };
  for (const row of FEATURE_TABLE) {
    if (row.feature !== undefined && !features[row.feature]) row.without?.(id);
  }
  return id;
}
