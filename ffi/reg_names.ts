import {
  ARM64_CORE,
  KVM_REG_ARM64,
  KVM_REG_ARM64_GROUP,
  spsr_id,
  SPSR_INDEX,
  v_reg_id,
  x_reg_id,
} from "../hypervisor/mod.ts";
import { lazy } from "./lazy.ts";
import { sys_reg_names } from "./sys_reg_names.ts";

const ARCHITECTURE = 0xff00_0000_0000_0000n;
const GROUP = 0x0fff_0000n;

const core_names = lazy(() =>
  new Map<bigint, string>([
    ...Array.from({ length: 31 }, (_, n): [bigint, string] => [x_reg_id(n), `X${n}`]),
    ...Array.from({ length: 32 }, (_, n): [bigint, string] => [v_reg_id(n), `V${n}`]),
    ...Object.keys(SPSR_INDEX).map((mode): [bigint, string] => [
      spsr_id(mode as keyof typeof SPSR_INDEX),
      mode === "svc" ? "SPSR_EL1" : `SPSR_${mode}`,
    ]),
    [ARM64_CORE.sp, "SP_EL0"],
    [ARM64_CORE.pc, "PC"],
    [ARM64_CORE.pstate, "PSTATE"],
    [ARM64_CORE.sp_el1, "SP_EL1"],
    [ARM64_CORE.elr_el1, "ELR_EL1"],
    [ARM64_CORE.fpsr, "FPSR"],
    [ARM64_CORE.fpcr, "FPCR"],
  ])
);

/** Firmware pseudo-registers, by number (arm64 asm/kvm.h). */
const FIRMWARE = [
  "PSCI_VERSION",
  "SMCCC_ARCH_WORKAROUND_1",
  "SMCCC_ARCH_WORKAROUND_2",
  "SMCCC_ARCH_WORKAROUND_3",
];
const FIRMWARE_BITMAPS = ["STD_BMAP", "STD_HYP_BMAP", "VENDOR_HYP_BMAP"];

/**
 * What people call the register that an arm64 ONE_REG id names: `"X3"`, `"SCTLR_EL1"`,
 * `"CCSIDR[2]"`; for a system register without a name its encoding, `"S3_0_C1_C0_6"`.
 */
export function reg_name(id: bigint): string {
  const low = Number(id & 0xffffn);
  if ((id & ARCHITECTURE) === KVM_REG_ARM64) {
    switch (id & GROUP) {
      case KVM_REG_ARM64_GROUP.core: {
        const name = core_names().get(id);
        if (name !== undefined) return name;
        break;
      }
      case KVM_REG_ARM64_GROUP.demux:
        return `CCSIDR[${low & 0xff}]`;
      case KVM_REG_ARM64_GROUP.sysreg:
        return sys_reg_name(low);
      case KVM_REG_ARM64_GROUP.fw:
        return FIRMWARE[low] ?? `FW_REG[${low}]`;
      case KVM_REG_ARM64_GROUP.fw_feat_bmap:
        return FIRMWARE_BITMAPS[low] ?? `FW_FEAT_BMAP[${low}]`;
    }
  }
  return `register 0x${id.toString(16)}`;
}

function sys_reg_name(bits: number): string {
  const [op0, op1, crn, crm, op2] = [
    bits >> 14,
    (bits >> 11) & 7,
    (bits >> 7) & 15,
    (bits >> 3) & 15,
    bits & 7,
  ];
  return sys_reg_names().get(bits) ?? `S${op0}_${op1}_C${crn}_C${crm}_${op2}`;
}
