import type { Probe } from "../hypervisor/mod.ts";
import { open_backend, probe_kvm } from "./backends.ts";
import type { Accel } from "./protocol.ts";

/** What one accelerator offers here. */
export interface ProbedAccel {
  /** Its name, as `--accel` takes it. */
  readonly name: Accel;
  /** What it offers, or why it is not available. */
  readonly probe: Probe;
}

/** What this host offers, the best accelerator first. */
export async function probe(): Promise<ProbedAccel[]> {
  const kvm = await probe_kvm();
  const reason = kvm.available ? kvm.reason : `${kvm.reason}; the software core will be used`;
  return [
    { name: "kvm", probe: { ...kvm, reason } },
    { name: "soft", probe: (await open_backend("soft")).probe() },
  ];
}
