import type { Hypervisor, KickToken, Probe, Vm, VmOptions } from "../hypervisor/mod.ts";
import { kick_vcpu } from "./kick.ts";
import { KvmSystem } from "./kvm_system.ts";
import { KvmVm } from "./kvm_vm.ts";
import { probe_kvm } from "./probe.ts";

/** The backend that runs guests on the host's own CPUs, through Linux's KVM. */
export class KvmHypervisor implements Hypervisor {
  /** Its name. */
  readonly name = "kvm";
  #probe: Probe | undefined;

  /** See {@link Hypervisor.probe}. Asks once; nothing stays open. */
  probe(): Probe {
    return this.#probe ??= probe_kvm();
  }

  /** See {@link Hypervisor.create_vm}. */
  create_vm(options: VmOptions): Vm {
    const system = KvmSystem.open();
    try {
      return new KvmVm(system, options);
    } catch (error) {
      system[Symbol.dispose]();
      throw error;
    }
  }

  /** See {@link Hypervisor.kick}. */
  kick(token: KickToken): void {
    kick_vcpu(token.shared, [token.words[0]!, token.words[1]!]);
  }
}
