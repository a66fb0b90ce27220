/**
 * Runs raw images on the software core, one after the other, in a Worker that may be terminated.
 *
 * @module
 */
import { type EngineName, SoftHypervisor } from "../../cpu/mod.ts";
import { KVM_ARM_TARGET } from "../../hypervisor/mod.ts";
import { load } from "../../machine/boot/mod.ts";
import { RAM_BASE, virt_dtb, VirtMachine } from "../../machine/mod.ts";

/** What the Worker is asked. */
export interface GuestRequest {
  /** The engine to run the image with. */
  readonly engine: EngineName;
  /** CPU model; default: Cortex-A15. */
  readonly cpu?: "cortex-a15" | "cortex-a7";
  /** The image. */
  readonly image: Uint8Array;
}

/** What it answers. */
export interface GuestAnswer {
  /** All that the guest wrote to its serial line. */
  readonly text: string;
  /** How it ended, `"poweroff"` when all went well. */
  readonly ended: string;
}

const MEMORY = { base: RAM_BASE, size: 64 << 20 };

const TARGETS = {
  "cortex-a15": KVM_ARM_TARGET.CORTEX_A15,
  "cortex-a7": KVM_ARM_TARGET.CORTEX_A7,
};

function run({ engine, cpu = "cortex-a15", image }: GuestRequest): GuestAnswer {
  const hypervisor = new SoftHypervisor({ engine });
  using vm = hypervisor.create_vm({ memory: MEMORY, gic: 2, vcpus: 1 });
  const init = vm.preferred_target();
  init.target = TARGETS[cpu];
  const bytes: number[] = [];
  const machine = new VirtMachine({
    vm,
    vcpus: [vm.create_vcpu(0)],
    init,
    gic: 2,
    no_reboot: true,
    serial: {
      put: (byte) => bytes.push(byte) > 0,
      get: () => -1,
    },
    load: () => {
      const { entry, thumb, r0, r1, r2 } = load({
        image,
        name: "the guest",
        append: "",
        memory: vm.memory,
        unpack: false,
        log: () => {},
        make_fdt: () => virt_dtb({ cpu, cpus: 1, gic: 2, memory: MEMORY }),
      });
      return { entry, thumb, registers: [[0, r0], [1, r1], [2, r2]] };
    },
  });
  const ended = machine.run({ poll: () => undefined });
  return {
    text: new TextDecoder("latin1").decode(new Uint8Array(bytes)),
    ended: ended.how === "error" ? ended.message : ended.how,
  };
}

if (typeof WorkerGlobalScope !== "undefined" && self instanceof WorkerGlobalScope) {
  self.onmessage = ({ data }: MessageEvent<GuestRequest>) => self.postMessage(run(data));
}
