import type { Hypervisor, KickToken, Probe } from "../hypervisor/mod.ts";
import type { Accel } from "./protocol.ts";

/** How to make a backend. */
export interface BackendOptions {
  /** The software core's engine. */
  readonly engine?: "auto" | "translator" | "interpreter" | "reference";
  /** Bytes of code that its translator keeps. */
  readonly jit_cache_size?: number | undefined;
  /** A thread of {@link start_assistant} will be sent what the vCPU's `kick_token` shares. */
  readonly assisted?: boolean;
}

// What it knows of the host is asked once on a thread.
let kvm: Hypervisor | undefined;

/**
 * Makes the backend `name`. The backends' code is imported in this file and nowhere else, so that a
 * thread loads only the one it uses.
 */
export async function open_backend(
  name: Accel,
  options: BackendOptions = {},
): Promise<Hypervisor> {
  if (name === "kvm") {
    const { KvmHypervisor } = await import("../ffi/kvm_hypervisor.ts");
    return kvm ??= new KvmHypervisor();
  }
  const { SoftHypervisor } = await import("../cpu/mod.ts");
  const { engine = "auto", assisted = false, jit_cache_size: bytes } = options;
  const cache = bytes !== undefined && { jit_cache_bytes: bytes };
  return new SoftHypervisor({ engine, assisted, ...cache });
}

/** Whether what was asked for may be run by the software core's translator, on more than one processor. */
export function may_be_assisted(
  { accel, engine }: { readonly accel: "auto" | Accel; readonly engine: string },
): boolean {
  const { os, arch } = Deno.build;
  const may_be_kvm = accel === "kvm" || (accel === "auto" && os === "linux" && arch === "aarch64");
  const translates = engine === "auto" || engine === "translator";
  return translates && !may_be_kvm && navigator.hardwareConcurrency > 1;
}

/** A thread that works for a vCPU of the software core, once it is sent the vCPU's shared memory. */
export function start_assistant(): Worker {
  const worker = new Worker(new URL("../cpu/translate/translator_worker.ts", import.meta.url), {
    type: "module",
    name: "translator",
  });
  // The vCPU sees that nobody comes, or that nobody is there any more, and works alone.
  worker.onerror = (event) => event.preventDefault();
  return worker;
}

/** What KVM offers on this host. */
export async function probe_kvm(): Promise<Probe> {
  return (await open_backend("kvm")).probe();
}

/** Kicks a vCPU: its current, or else its next, `run()` returns. */
export type Kick = (token: KickToken) => void;

/** `Hypervisor.kick` of the backend `name`, for a thread that needs nothing else of it. */
export async function open_kick(name: Accel): Promise<Kick> {
  if (name === "kvm") {
    const { kick_vcpu } = await import("../ffi/kick.ts");
    return ({ shared, words }) => kick_vcpu(shared, [words[0]!, words[1]!]);
  }
  const { kick_at } = await import("../cpu/kick.ts");
  return ({ shared }) => kick_at(new Int32Array(shared));
}

/**
 * Loads what will most likely run a guest, ahead of a choice: KVM where it may be, the software core
 * elsewhere.
 */
export async function prepare_backend(accel: "auto" | Accel): Promise<void> {
  const { os, arch } = Deno.build;
  const may_be_kvm = os === "linux" && arch === "aarch64" && accel !== "soft";
  if (may_be_kvm) (await open_backend("kvm")).probe();
  else await import("../cpu/mod.ts");
}
