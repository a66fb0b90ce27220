import { vcpu_contract } from "../../../hypervisor/contract_suite.ts";
import { edit_init, GIC, Kicker, make_vm, NO_KVM, WIDTHS } from "./host.ts";

// Starting a thread takes long in an emulated machine: all tests share one.
const kicker = NO_KVM === undefined ? await Kicker.start() : undefined;

for (const width of WIDTHS) {
  vcpu_contract(`kvm, ${width}-bit`, {
    make_vm,
    gic: GIC,
    width,
    edit_init: (init) => void edit_init(init, width),
    kick_later: (token, ms) => {
      kicker!.kick(token, ms);
      return { [Symbol.dispose]: () => {} };
    },
    ...(NO_KVM === undefined ? {} : { skip: NO_KVM }),
    lacks: {
      "an instruction that makes several accesses makes each of them once":
        "CPUs do not describe such accesses to KVM, which answers with an abort",
    },
  });
}

globalThis.addEventListener("unload", () => kicker?.[Symbol.dispose]());
