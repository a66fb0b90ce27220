/** What the tests know of the machine that they run in. */
import { KvmHypervisor, type KvmVcpu, type KvmVm } from "../../../ffi/mod.ts";
import {
  ARM64_CORE,
  type GicVersion,
  type KickToken,
  set_feature,
  type VcpuInit,
} from "../../../hypervisor/mod.ts";
import type { KickOrder } from "./kick_worker.ts";

/** The backend. */
export const KVM = new KvmHypervisor();
/** What it says of this host. */
export const PROBE = KVM.probe();
/** Why nothing can be tested here. */
export const NO_KVM: string | undefined = PROBE.available ? undefined : PROBE.reason;
/** Whether the host's CPUs run 32-bit kernels. */
export const HAS_AARCH32 = PROBE.features.some((f) => f.name === "el1_32bit" && f.offered);
/** The GIC that guests get here. */
export const GIC: GicVersion = PROBE.gic[0] ?? 2;
/** Widths of guests that run here. */
export const WIDTHS = HAS_AARCH32 ? [64, 32] as const : [64] as const;

const BASE = 0x4000_0000;

/** A VM with a little RAM. */
export function make_vm(options: { readonly size?: number; readonly vcpus?: number } = {}): KvmVm {
  const { size = 1 << 20, vcpus = 1 } = options;
  return KVM.create_vm({ memory: { base: BASE, size }, gic: GIC, vcpus }) as KvmVm;
}

/** Makes an init one for a guest of some width. */
export function edit_init(init: VcpuInit, width: 32 | 64): VcpuInit {
  set_feature(init, "psci_0_2", true);
  set_feature(init, "el1_32bit", width === 32);
  return init;
}

/** A vCPU of a VM, initialised for a width, about to run `code` (A64 or A32 words) from RAM's start. */
export function vcpu_with(
  vm: KvmVm,
  options: { readonly width: 32 | 64; readonly code?: readonly number[] },
): KvmVcpu {
  const { width, code = [] } = options;
  const vcpu = vm.create_vcpu(0) as KvmVcpu;
  vcpu.init(edit_init(vm.preferred_target(), width));
  vm.memory.bytes.set(new Uint8Array(Uint32Array.from(code).buffer));
  vcpu.set_reg(ARM64_CORE.pstate, width === 32 ? 0x1d3n : 0x3c5n);
  vcpu.set_reg(ARM64_CORE.pc, BigInt(BASE));
  return vcpu;
}

/** A thread that kicks. */
export class Kicker implements Disposable {
  readonly #worker: Worker;

  private constructor(worker: Worker) {
    this.#worker = worker;
  }

  /** Starts one, and waits until it can. */
  static async start(): Promise<Kicker> {
    const worker = new Worker(new URL("./kick_worker.ts", import.meta.url), { type: "module" });
    await new Promise((resolve) => worker.onmessage = resolve);
    return new Kicker(worker);
  }

  /** Kicks `count` times, `ms` apart. */
  kick(token: KickToken, ms: number, count = 1): void {
    const order: KickOrder = { token, ms, count };
    this.#worker.postMessage(order);
  }

  /** Ends the thread. */
  [Symbol.dispose](): void {
    this.#worker.terminate();
  }
}
