import { vcpu_contract } from "../../../hypervisor/contract_suite.ts";
import { edit_init, GIC, HAS_AARCH32, Kicker, make_vm, NO_KVM } from "./host.ts";

// Starting a thread takes long in an emulated machine: all tests share one.
const kicker = NO_KVM === undefined ? await Kicker.start() : undefined;

for (const width of [64, 32] as const) {
  const skip = NO_KVM ??
    (width === 32 && !HAS_AARCH32 ? "the host's CPUs have no AArch32 at EL1" : undefined);
  vcpu_contract(`kvm, ${width}-bit`, {
    make_vm,
    gic: GIC,
    width,
    edit_init: (init) => void edit_init(init, width),
    kick_later: (token, ms) => {
      kicker!.kick(token, ms);
      return { [Symbol.dispose]: () => {} };
    },
    ...(skip === undefined ? {} : { skip }),
    lacks: {
      "an instruction that makes several accesses makes each of them once":
        "CPUs do not describe such accesses to KVM, which answers with an abort",
    },
  });
}

globalThis.addEventListener("unload", () => kicker?.[Symbol.dispose]());
