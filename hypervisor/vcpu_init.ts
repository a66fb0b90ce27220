/** Number of 32-bit words in the feature bitmap of `struct kvm_vcpu_init` (asm/kvm.h). */
export const VCPU_INIT_FEATURE_WORDS = 7;

/** Targets of `struct kvm_vcpu_init` (asm/kvm.h of arm and arm64). */
export const KVM_ARM_TARGET = {
  /** 32-bit KVM's Cortex-A15. */
  CORTEX_A15: 0,
  /** 32-bit KVM's Cortex-A7. */
  CORTEX_A7: 1,
  /** arm64 KVM's generic ARMv8. */
  GENERIC_V8: 5,
} as const;

/**
 * Bits of the feature bitmap, by index.
 *
 * Up to `pmu_v3` they are KVM's (arm64 asm/kvm.h). The software core adds, from bit 32 of the
 * bitmap up, what a 32-bit CPU may be built without and KVM never lets a user choose.
 */
export const VCPU_FEATURE = {
  /** The vCPU starts powered off and waits for PSCI CPU_ON. */
  power_off: 0,
  /** EL1 is AArch32. */
  el1_32bit: 1,
  /** PSCI 0.2 or later instead of 0.1. */
  psci_0_2: 2,
  /** A performance monitor. */
  pmu_v3: 3,
  /** VFPv4 with 32 double registers and Advanced SIMD. Software core only. */
  vfp_neon: 32,
  /** The debug register file (CP14). Software core only. */
  debug: 33,
} as const;

/** The name of a feature bit. */
export type VcpuFeature = keyof typeof VCPU_FEATURE;

/** `struct kvm_vcpu_init`: a target CPU and the features it is to have. */
export interface VcpuInit {
  /** One of {@link KVM_ARM_TARGET}. */
  target: number;
  /** Bitmap of {@link VCPU_FEATURE}, {@link VCPU_INIT_FEATURE_WORDS} words of 32 bits. */
  features: Uint32Array;
}

/** Whether `init` asks for `feature`. */
export function has_feature(init: VcpuInit, feature: VcpuFeature): boolean {
  const bit = VCPU_FEATURE[feature];
  return ((init.features[bit >> 5]! >>> (bit & 31)) & 1) === 1;
}

/** Sets or clears `feature` in `init`, in place. */
export function set_feature(init: VcpuInit, feature: VcpuFeature, on: boolean): void {
  const bit = VCPU_FEATURE[feature];
  const mask = (1 << (bit & 31)) >>> 0;
  if (on) init.features[bit >> 5]! |= mask;
  else init.features[bit >> 5]! &= ~mask;
}

/** An init for `target` with `features` and nothing else. */
export function vcpu_init(target: number, features: readonly VcpuFeature[] = []): VcpuInit {
  const init = { target, features: new Uint32Array(VCPU_INIT_FEATURE_WORDS) };
  for (const feature of features) set_feature(init, feature, true);
  return init;
}
