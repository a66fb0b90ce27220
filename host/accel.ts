import type { Hypervisor, Probe } from "../hypervisor/mod.ts";
import { AcceleratorError } from "./errors.ts";
import { check_choices } from "./options.ts";
import type { Accel } from "./protocol.ts";

/** How to make a backend. */
export interface BackendOptions {
  /** The software core's engine. */
  readonly engine?: "auto" | "interpreter" | "reference";
}

/**
 * Makes the backend `name`. Its code is imported here and nowhere else, so that a thread loads only
 * the one it uses.
 */
export async function open_backend(
  name: Accel,
  options: BackendOptions = {},
): Promise<Hypervisor> {
  if (name === "kvm") throw new AcceleratorError("kvm", probe_kvm().reason);
  const { SoftHypervisor } = await import("../cpu/mod.ts");
  return new SoftHypervisor({ engine: options.engine ?? "auto" });
}

/** What KVM offers on this host. */
export function probe_kvm(): Probe {
  return {
    available: false,
    reason: `${kvm_reason()}; use --accel soft`,
    cpus: [],
    features: [],
    gic: [],
    ipa_bits: 0,
  };
}

function kvm_reason(): string {
  const { os, arch } = Deno.build;
  if (os !== "linux") return `KVM is a part of Linux and this is ${os}`;
  if (arch !== "aarch64") return `KVM runs ARM guests on ARM hosts only and this is ${arch}`;
  try {
    Deno.statSync("/dev/kvm");
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return "there is no /dev/kvm on this host";
    return "/dev/kvm may not be looked at";
  }
  return "this version of armvm cannot drive KVM yet";
}

/** A choice of backend, and why. */
export interface Choice {
  /** Which one. */
  readonly accel: Accel;
  /** Why, for a person; when it was chosen here. */
  readonly reason?: string;
}

/** Chooses a backend as `--accel` asks. */
export function choose_accel(wanted: "auto" | Accel): Choice {
  check_choices({ accel: wanted });
  if (wanted === "soft") return { accel: "soft" };
  const kvm = probe_kvm();
  if (kvm.available) return { accel: "kvm" };
  if (wanted === "kvm") throw new AcceleratorError("kvm", kvm.reason);
  return { accel: "soft", reason: kvm_reason() };
}
