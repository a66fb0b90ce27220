import {
  type FeatureOffer,
  HypervisorError,
  VCPU_INIT_FEATURE_WORDS,
  type VcpuInit,
} from "../hypervisor/mod.ts";
import { type CapName, VCPU_FEATURES } from "./abi/constants.ts";

/** A feature bit of KVM's. */
interface Feature {
  readonly name: string;
  readonly bit: number;
  /** The capability that says whether there is such a thing; absent when there always is. */
  readonly cap?: CapName;
  /** What a vCPU with it has. */
  readonly gives: string;
  /** What to do without it. */
  readonly otherwise?: string;
}

/** Features, by rising bit. */
const FEATURES: readonly Feature[] = [
  {
    name: "power_off",
    bit: VCPU_FEATURES.KVM_ARM_VCPU_POWER_OFF,
    gives: "starts powered off and waits for PSCI CPU_ON",
  },
  {
    name: "el1_32bit",
    bit: VCPU_FEATURES.KVM_ARM_VCPU_EL1_32BIT,
    cap: "KVM_CAP_ARM_EL1_32BIT",
    gives: "EL1 is AArch32: runs 32-bit kernels",
    otherwise: "this host's CPUs have no AArch32 at EL1; run 32-bit guests with --accel soft, " +
      "or on a host with Cortex-A35, A53, A55, A57, A72 or A73",
  },
  {
    name: "psci_0_2",
    bit: VCPU_FEATURES.KVM_ARM_VCPU_PSCI_0_2,
    cap: "KVM_CAP_ARM_PSCI_0_2",
    gives: "PSCI 0.2 or later",
    otherwise: "KVM here is older than PSCI 0.2; use Linux 3.16 or later",
  },
  {
    name: "pmu_v3",
    bit: VCPU_FEATURES.KVM_ARM_VCPU_PMU_V3,
    cap: "KVM_CAP_ARM_PMU_V3",
    gives: "a performance monitor",
    otherwise: "the host has no performance monitor that KVM can share; leave it out",
  },
  {
    name: "sve",
    bit: VCPU_FEATURES.KVM_ARM_VCPU_SVE,
    cap: "KVM_CAP_ARM_SVE",
    gives: "scalable vectors; not together with el1_32bit, and armvm finalises none yet",
    otherwise: "the host's CPUs have no scalable vectors; leave it out",
  },
  {
    name: "ptrauth_address",
    bit: VCPU_FEATURES.KVM_ARM_VCPU_PTRAUTH_ADDRESS,
    cap: "KVM_CAP_ARM_PTRAUTH_ADDRESS",
    gives: "pointer authentication by address; only together with ptrauth_generic",
    otherwise: "the host's CPUs have no pointer authentication; leave it out",
  },
  {
    name: "ptrauth_generic",
    bit: VCPU_FEATURES.KVM_ARM_VCPU_PTRAUTH_GENERIC,
    cap: "KVM_CAP_ARM_PTRAUTH_GENERIC",
    gives: "pointer authentication of data; only together with ptrauth_address",
    otherwise: "the host's CPUs have no pointer authentication; leave it out",
  },
];

/** What the host offers: asked of `extension`, KVM_CHECK_EXTENSION. */
export function feature_offers(extension: (name: CapName) => number): FeatureOffer[] {
  return FEATURES.map(({ name, cap, gives, otherwise }) => {
    const offered = cap === undefined || extension(cap) > 0;
    return { name, offered, reason: offered ? gives : otherwise! };
  });
}

/** The names of an init's features, for messages. */
export function feature_names(init: VcpuInit): string {
  const names = bits_of(init).map((bit) => FEATURES.find((f) => f.bit === bit)?.name ?? `${bit}`);
  return names.length === 0 ? "none" : names.join(", ");
}

/**
 * Refuses an init that KVM would refuse without a reason: says what was asked for, what is offered
 * and what to do.
 *
 * @throws {HypervisorError} EINVAL.
 */
export function check_init(init: VcpuInit, offers: readonly FeatureOffer[]): void {
  const refuse = (why: string): never => {
    throw new HypervisorError("KVM_ARM_VCPU_INIT", "EINVAL", why);
  };
  if (init.features.length !== VCPU_INIT_FEATURE_WORDS) {
    refuse(`the feature bitmap must have ${VCPU_INIT_FEATURE_WORDS} words`);
  }
  for (const bit of bits_of(init)) {
    const feature = FEATURES.find((f) => f.bit === bit);
    if (feature === undefined) {
      const known = FEATURES.map(({ name, bit }) => `${bit} (${name})`).join(", ");
      refuse(`feature bit ${bit} is unknown; KVM has ${known}`);
      return;
    }
    const offer = offers.find(({ name }) => name === feature.name);
    if (offer?.offered !== true) {
      const offered = offers.filter((o) => o.offered).map((o) => o.name).join(", ");
      refuse(`${feature.name} was asked for: ${offer?.reason}; offered are ${offered}`);
    }
  }
}

function bits_of({ features }: VcpuInit): number[] {
  const bits: number[] = [];
  for (let bit = 0; bit < features.length * 32; bit++) {
    if ((features[bit >> 5]! >>> (bit & 31)) & 1) bits.push(bit);
  }
  return bits;
}
