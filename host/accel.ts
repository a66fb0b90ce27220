import type { GicVersion, Probe } from "../hypervisor/mod.ts";
import { is_arm64_image } from "../machine/boot/arm64_image.ts";
import { probe_kvm } from "./backends.ts";
import { AcceleratorError } from "./errors.ts";
import type { Accel, Choice } from "./protocol.ts";

/** The software core's interrupt controller. */
const SOFT_GIC = 2;

/** What {@link choose_accel} has to know of the machine. */
export interface Wanted {
  /** What was asked for. */
  readonly accel: "auto" | Accel;
  /** The image to boot. */
  readonly kernel: Uint8Array;
  /** RAM in bytes. */
  readonly memory: number;
  /** The software core's engine, if one was asked for. */
  readonly engine: "auto" | "translator" | "interpreter" | "reference";
  /** The GIC version, if one was asked for. */
  readonly gic?: GicVersion | undefined;
}

/** {@link Choice}, with what the machine has to be to run on it. */
export interface MachineChoice extends Choice {
  /** Version of the interrupt controller. */
  readonly gic: GicVersion;
  /** Whether the guest is a 64-bit one; if not, why such a one could not run. */
  readonly arm64: true | string;
}

/**
 * Chooses what runs a guest; `kvm` is what KVM offers, this host's when it is left out.
 *
 * @throws {AcceleratorError} when KVM was asked for and cannot run this guest.
 */
export async function choose_accel(wanted: Wanted, kvm?: Probe): Promise<MachineChoice> {
  const { accel } = wanted;
  const soft = (arm64: string): MachineChoice => ({
    accel: "soft",
    gic: wanted.gic ?? SOFT_GIC,
    arm64,
  });
  if (accel === "soft") return soft("leave out --accel soft");
  if (accel === "auto" && wanted.engine !== "auto") {
    return { ...soft("leave out --engine"), reason: "one of its engines was asked for" };
  }
  const probe = kvm ?? await probe_kvm();
  const arm64 = probe.available && await is_arm64_image(wanted.kernel, wanted.memory);
  const reason = kvm_lacks(probe, arm64, wanted.gic);
  if (reason === undefined) {
    return {
      accel: "kvm",
      reason: probe.reason,
      gic: wanted.gic ?? probe.gic[0]!,
      arm64: arm64 || "this machine was made for a 32-bit guest",
    };
  }
  if (accel === "kvm") throw new AcceleratorError("kvm", `${reason}; use --accel soft`);
  return { ...soft(reason), reason };
}

/** Why KVM cannot run a guest; undefined when it can. */
function kvm_lacks(
  probe: Probe,
  arm64: boolean,
  gic: GicVersion | undefined,
): string | undefined {
  if (!probe.available) return probe.reason;
  if (gic !== undefined && !probe.gic.includes(gic)) {
    const offered = probe.gic.map((version) => `v${version}`).join(" and ");
    return `KVM has no GICv${gic} here, only ${offered}`;
  }
  const aarch32 = probe.features.find(({ name }) => name === "el1_32bit");
  if (!arm64 && aarch32?.offered !== true) {
    return `KVM runs no 32-bit guests here: ${aarch32?.reason.split(";")[0]}`;
  }
  return undefined;
}
