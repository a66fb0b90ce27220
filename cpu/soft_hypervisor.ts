import type { Hypervisor, KickToken, Probe, Vm, VmOptions } from "../hypervisor/mod.ts";
import type { Cpu } from "./cpu.ts";
import type { Engine } from "./engine/engine.ts";
import { InterpreterEngine } from "./engine/interpreter.ts";
import { ReferenceEngine } from "./engine/reference.ts";
import { TranslatorEngine, type TranslatorOptions } from "./translate/translator.ts";
import { kick_at } from "./kick.ts";
import { preferred_init, SoftVm } from "./soft_vm.ts";
import { CPU_MODELS, FEATURE_TABLE } from "./system/features.ts";

/** The software core's engines. */
export type EngineName = "translator" | "interpreter" | "reference";

/** How the software core is made. */
export interface SoftHypervisorOptions {
  /** Which engine executes instructions. `auto` is the fastest. */
  readonly engine?: "auto" | EngineName;
  /** Bytes of WebAssembly code that the translator keeps; default 64 MiB. */
  readonly jit_cache_bytes?: number;
  /** `translate/translator_worker.ts` runs on another thread, and is sent the vCPU's memory. */
  readonly assisted?: boolean;
}

const ENGINES: Record<EngineName, (cpu: Cpu, options: TranslatorOptions) => Engine> = {
  translator: (cpu, options) => new TranslatorEngine(cpu, options),
  interpreter: (cpu) => new InterpreterEngine(cpu),
  reference: (cpu) => new ReferenceEngine(cpu),
};

/** The backend that needs nothing of its host. */
export class SoftHypervisor implements Hypervisor {
  /** Its name. */
  readonly name = "soft";
  readonly #engine: EngineName;
  readonly #translator: TranslatorOptions;

  /** A backend; costs nothing until a VM is made. */
  constructor(options: SoftHypervisorOptions = {}) {
    const { engine = "auto" } = options;
    if (engine !== "auto" && !Object.hasOwn(ENGINES, engine)) {
      throw new TypeError(`Cannot use the engine "${engine}": there is no such one`);
    }
    this.#engine = engine === "auto" ? "translator" : engine;
    const { jit_cache_bytes: bytes, assisted = false } = options;
    this.#translator = { assisted, ...(bytes !== undefined && { cache_bytes: bytes }) };
  }

  /** See {@link Hypervisor.probe}. */
  probe(): Probe {
    return {
      available: true,
      reason: `software core, ${this.#engine} engine; runs everywhere`,
      cpus: CPU_MODELS.map((model) => model.name),
      preferred: preferred_init(),
      features: FEATURE_TABLE.map(({ name, gives }) => ({ name, offered: true, reason: gives })),
      gic: [2],
      ipa_bits: 40,
    };
  }

  /** See {@link Hypervisor.create_vm}. */
  create_vm(options: VmOptions): Vm {
    return new SoftVm(options, (cpu) => ENGINES[this.#engine](cpu, this.#translator));
  }

  /** See {@link Hypervisor.kick}. */
  kick(token: KickToken): void {
    kick_at(new Int32Array(token.shared));
  }
}
