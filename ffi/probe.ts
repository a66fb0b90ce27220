import {
  type FeatureOffer,
  HypervisorError,
  type Probe,
  set_feature,
  type VcpuInit,
} from "../hypervisor/mod.ts";
import { STRUCTS } from "./abi/structs.ts";
import { CStruct } from "./c_struct.ts";
import { feature_offers } from "./features.ts";
import { KvmFd } from "./kvm_fd.ts";
import { KvmSystem } from "./kvm_system.ts";
import { ipa_bits, preferred_target } from "./kvm_vm.ts";
import { NO_GIC, offered_gics } from "./vgic.ts";

/** Bits of guest physical addresses on hosts that do not say. */
const USUAL_IPA_BITS = 40;

/** What is known about a host before KVM is asked. */
export interface Host {
  /** `Deno.build.os`. */
  readonly os: string;
  /** `Deno.build.arch`. */
  readonly arch: string;
  /** Whether FFI is permitted. */
  readonly ffi: boolean;
}

/** What KVM offers on this host, or why it offers nothing; never throws. */
export function probe_kvm(host: Host = this_host()): Probe {
  const why_not = host_lacks(host);
  if (why_not !== undefined) return unavailable(why_not);
  try {
    using system = KvmSystem.open();
    return ask(system);
  } catch (error) {
    if (error instanceof HypervisorError) return unavailable(error.message);
    const message = error instanceof Error ? error.message : String(error);
    return unavailable(`the C library cannot be used: ${message}`);
  }
}

function this_host(): Host {
  const { os, arch } = Deno.build;
  return { os, arch, ffi: Deno.permissions.querySync({ name: "ffi" }).state === "granted" };
}

function host_lacks({ os, arch, ffi }: Host): string | undefined {
  if (os !== "linux") return `KVM is a part of Linux and this is ${os}`;
  if (arch !== "aarch64") return `KVM runs ARM guests on ARM hosts only and this is ${arch}`;
  // FFI is what everything else is asked through.
  if (!ffi) return "KVM is reached through FFI, which is not permitted; run with --allow-ffi";
  return undefined;
}

function ask(system: KvmSystem): Probe {
  using vm = system.create_vm(ipa_bits(system, 0));
  const preferred = preferred_target(vm);
  const gic = offered_gics(vm);
  const offers = feature_offers((name) => system.extension(name));
  const features = offers.map((offer) =>
    offer.name === "el1_32bit" && offer.offered ? tried(system, preferred, offer) : offer
  );
  const width = features.some(({ name, offered }) => name === "el1_32bit" && offered)
    ? "64-bit and 32-bit guests"
    : "64-bit guests";
  const base = {
    cpus: ["host"],
    preferred,
    features,
    gic,
    ipa_bits: system.extension("KVM_CAP_ARM_VM_IPA_SIZE") || USUAL_IPA_BITS,
  };
  if (gic.length === 0) {
    return { ...base, available: false, reason: NO_GIC };
  }
  return { ...base, available: true, reason: `KVM on this host's CPUs: ${width}` };
}

/** A capability says what the CPU has; only an init says what KVM grants. */
function tried(system: KvmSystem, preferred: VcpuInit, offer: FeatureOffer): FeatureOffer {
  using vm = system.create_vm(ipa_bits(system, 0));
  using vcpu = new KvmFd(vm.call("KVM_CREATE_VCPU", 0));
  set_feature(preferred, "el1_32bit", true);
  const request = new CStruct(STRUCTS.kvm_vcpu_init, { values: { target: preferred.target } });
  preferred.features.forEach((word, index) => request.set("features", word, index));
  set_feature(preferred, "el1_32bit", false);
  if (vcpu.try_call("KVM_ARM_VCPU_INIT", request.bytes) >= 0) return offer;
  return {
    ...offer,
    offered: false,
    reason: "the host says that it has AArch32 at EL1, and KVM refuses a vCPU with it",
  };
}

function unavailable(reason: string): Probe {
  return { available: false, reason, cpus: [], features: [], gic: [], ipa_bits: 0 };
}
