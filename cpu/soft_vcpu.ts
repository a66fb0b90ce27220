import {
  type Exit,
  type FailEntryExit,
  type GuestSamples,
  has_feature,
  HypervisorError,
  type InternalErrorExit,
  type InterruptedExit,
  type KickToken,
  type MmioReadExit,
  type MmioWriteExit,
  type SystemEventExit,
  type Vcpu,
  VCPU_FEATURE,
  VCPU_INIT_FEATURE_WORDS,
  type VcpuInit,
} from "../hypervisor/mod.ts";
import type { Cpu, PendingException } from "./cpu.ts";
import type { Engine } from "./engine/engine.ts";
import { KICK, kick_at } from "./kick.ts";
import { Profile } from "./profile.ts";
import { SoftOneRegs } from "./soft_one_reg.ts";
import { EXIT, STATE } from "./state.ts";
import { ExitCounts, type Reason, statistics_of } from "./statistics.ts";
import { CPU_MODELS, type CpuFeatures, FEATURE_TABLE } from "./system/features.ts";
import { psci_call, type PsciAction } from "./system/psci.ts";

/** Between two looks at the clock the engine should run about this long. */
const SLICE_MS = 0.25;
const SLICE_MIN = 200, SLICE_MAX = 200_000;
/** WFE sleeps at most so long: what it waits for may come without an interrupt. */
const WFE_MS = 0.1;

/** How exceptions are counted. */
const REASONS: Readonly<Record<PendingException["kind"], Reason>> = {
  undefined: "undefined instruction",
  svc: "system call",
  hvc: "firmware call",
  smc: "firmware call",
  bkpt: "breakpoint",
  prefetch_abort: "prefetch abort",
  data_abort: "data abort",
};

/** What a vCPU is made of. */
export interface SoftVcpuParts {
  readonly cpu: Cpu;
  readonly engine: Engine;
  /** Its number in the VM. */
  readonly index: number;
  /** Called by init, for what belongs to the VM. */
  readonly on_init?: () => void;
}

/** A vCPU of the software core. It runs on the thread that calls `run()`. */
export class SoftVcpu implements Vcpu {
  readonly #cpu: Cpu;
  readonly #engine: Engine;
  readonly #index: number;
  readonly #on_init: (() => void) | undefined;
  #init: VcpuInit | undefined;
  #regs: SoftOneRegs | undefined;
  /** Waits for CPU_ON, or for the end. */
  #off = false;
  /** The last exit was an MMIO access that the caller has answered by now. */
  #answered = false;
  /** In WFI or WFE; a kick ends it. */
  #waiting = false;
  #slice = 20_000;
  /** What an MMIO exit left of its slice. */
  #left = 0;
  readonly #exits = new ExitCounts();
  #profile: Profile | undefined;

  readonly #mmio_read: MmioReadExit;
  readonly #mmio_write: MmioWriteExit;
  readonly #system_event: SystemEventExit = { kind: "system_event", event: "shutdown" };
  readonly #interrupted: InterruptedExit = { kind: "interrupted" };

  /** A vCPU over a `Cpu` that has its system. */
  constructor(parts: SoftVcpuParts) {
    const data = parts.cpu.mmio.data;
    this.#cpu = parts.cpu;
    this.#engine = parts.engine;
    this.#index = parts.index;
    this.#on_init = parts.on_init;
    this.#mmio_read = { kind: "mmio_read", address: 0, size: 0, data };
    this.#mmio_write = { kind: "mmio_write", address: 0, size: 0, data };
    parts.cpu.system.maps.code = parts.engine;
    parts.engine.flush_tlb();
  }

  /** See {@link Vcpu.init}. */
  init(init: VcpuInit): void {
    const refuse = (why: string): never => {
      throw new HypervisorError("KVM_ARM_VCPU_INIT", "EINVAL", why);
    };
    const model = CPU_MODELS.find((m) => m.target === init.target) ??
      refuse(`target ${init.target} is unknown; there are ${model_names()}`);
    if (init.features.length !== VCPU_INIT_FEATURE_WORDS) {
      refuse(`the feature bitmap must have ${VCPU_INIT_FEATURE_WORDS} words`);
    }
    const unknown = unknown_bit(init);
    if (unknown !== undefined) refuse(`feature bit ${unknown} is unknown`);
    const first = this.#init;
    if (first !== undefined) {
      const same = first.target === init.target &&
        first.features.every((word, i) => word === init.features[i]);
      if (!same) refuse("the vCPU was initialised with another target or other features");
    }
    const { system } = this.#cpu;
    const features: CpuFeatures = {
      vfp_neon: false,
      debug: false,
      pmu: false,
      psci: false,
      power_off: false,
    };
    for (const { name, feature } of FEATURE_TABLE) {
      if (feature !== undefined) features[feature] = has_feature(init, name);
    }
    system.configure(model, features, this.#index);
    // Images are loaded anew after a reset, where another run's code may have been changed since.
    const { ram } = system.maps;
    system.maps.written(ram.base, ram.size);
    if (first === undefined) {
      this.#init = { target: init.target, features: init.features.slice() };
      this.#regs = new SoftOneRegs(system);
    }
    this.#off = features.power_off;
    this.#answered = this.#waiting = false;
    this.#on_init?.();
  }

  #ready(call: string): SoftOneRegs {
    if (this.#regs !== undefined) return this.#regs;
    throw new HypervisorError(call, "ENOEXEC", "the vCPU has not been initialised");
  }

  /** See {@link Vcpu.reg_list}. */
  reg_list(): bigint[] {
    return this.#ready("KVM_GET_REG_LIST").ids();
  }
  /** See {@link Vcpu.get_reg}. */
  get_reg(id: bigint): bigint {
    return this.#ready("KVM_GET_ONE_REG").get(id);
  }
  /** See {@link Vcpu.set_reg}. */
  set_reg(id: bigint, value: bigint): void {
    this.#ready("KVM_SET_ONE_REG").set(id, value);
  }

  /** See {@link Vcpu.kick}. */
  kick(): void {
    kick_at(this.#cpu.i32);
  }
  /** See {@link Vcpu.kick_token}. */
  kick_token(): KickToken {
    return {
      backend: "soft",
      shared: this.#cpu.memory.buffer as unknown as SharedArrayBuffer,
      words: [],
    };
  }

  /** See {@link Vcpu.statistics}. */
  statistics(): Record<string, number> {
    return statistics_of({ cpu: this.#cpu, engine: this.#engine, exits: this.#exits });
  }
  /** See {@link Vcpu.start_profile}. */
  start_profile(): void {
    this.#profile = new Profile(this.#cpu);
  }
  /** See {@link Vcpu.profile}. */
  profile(): GuestSamples {
    return (this.#profile ?? new Profile(this.#cpu)).samples;
  }

  /** Nothing to give back: the memory goes with the VM. */
  [Symbol.dispose](): void {}

  /** See {@link Vcpu.run}. */
  run(): Exit {
    this.#ready("KVM_RUN");
    try {
      return this.#run();
    } catch (error) {
      const exit: InternalErrorExit | FailEntryExit = {
        kind: "internal_error",
        message: error instanceof Error ? error.stack ?? error.message : String(error),
      };
      return exit;
    }
  }

  #run(): Exit {
    const cpu = this.#cpu;
    const { i32, system } = cpu;
    const { mmio, exceptions } = system;
    if (this.#answered) {
      this.#answered = false;
      mmio.answered();
    }
    // Whole instructions first: nothing may come between an access and the rest of its instruction.
    if (mmio.replaying) {
      const exit = this.#replay();
      if (exit !== undefined) return exit;
    }
    // After an MMIO exit the slice that it interrupted goes on, without another look at the clock.
    let budget = this.#left;
    this.#left = 0;
    if (budget <= 0) system.timer?.poll();
    for (;;) {
      if (Atomics.load(i32, KICK) !== 0) {
        Atomics.store(i32, KICK, 0);
        this.#waiting = false;
        this.#exits.add("kick");
        return this.#interrupted;
      }
      if (this.#off || this.#waiting) {
        this.#sleep();
        continue;
      }
      if (exceptions.take_interrupt()) this.#exits.add("interrupt");
      const exit = budget > 0 ? this.#slice_of(budget) : this.#timed_slice();
      if (exit !== undefined) return exit;
      budget = 0;
      system.timer?.poll();
    }
  }

  #timed_slice(): Exit | undefined {
    const started = performance.now();
    const exit = this.#slice_of(this.#slice);
    this.#adapt(performance.now() - started);
    this.#profile?.sample();
    return exit;
  }

  /** Runs the engine for about `budget` instructions, taking exceptions on the way. */
  #slice_of(budget: number): Exit | undefined {
    const cpu = this.#cpu;
    const { exceptions } = cpu.system;
    const engine = this.#engine;
    cpu.set(STATE.budget, budget);
    // A kick between the check and here has zeroed the budget in vain: look again.
    if (Atomics.load(cpu.i32, KICK) !== 0) return undefined;
    do {
      cpu.set(STATE.exit, EXIT.none);
      engine.run();
      const exit = cpu.get(STATE.exit);
      if (exit !== EXIT.none) {
        const out = this.#dispatch(exit);
        if (out !== undefined) return out;
        if (this.#waiting || this.#off) return undefined;
      }
      if (exceptions.take_interrupt()) this.#exits.add("interrupt");
      // The kick word too: an engine that was leaving has written over the budget a kick had zeroed.
    } while (cpu.get(STATE.budget) > 0 && Atomics.load(cpu.i32, KICK) === 0);
    return undefined;
  }

  /** Deals with an exit; what is for the caller is returned. */
  #dispatch(exit: number): Exit | undefined {
    const cpu = this.#cpu;
    switch (exit) {
      case EXIT.exception: {
        this.#exits.add(REASONS[cpu.pending!.kind]);
        // One that is raised by its own vector executes nothing: it must not go on for ever.
        cpu.set(STATE.budget, cpu.get(STATE.budget) - 1);
        if (cpu.system.exceptions.take_pending()) return undefined;
        return this.#firmware_call();
      }
      case EXIT.mmio: {
        const { address, size, is_write } = cpu.mmio;
        this.#answered = true;
        this.#exits.add(is_write ? "MMIO write" : "MMIO read");
        this.#profile?.sample();
        this.#left = cpu.get(STATE.budget);
        const out = is_write ? this.#mmio_write : this.#mmio_read;
        out.address = address;
        out.size = size;
        return out;
      }
      case EXIT.wait:
        this.#waiting = true;
        this.#exits.add("wait");
        return undefined;
      case EXIT.resume:
        this.#exits.add("look around");
    }
    return undefined;
  }

  #firmware_call(): Exit | undefined {
    const cpu = this.#cpu;
    const { system } = cpu;
    if (!system.features.psci) {
      // Without firmware SMC and HVC are not implemented.
      system.exceptions.undefined();
      return undefined;
    }
    system.exceptions.complete();
    return this.#psci(psci_call(cpu));
  }

  #psci(action: PsciAction): Exit | undefined {
    switch (action) {
      case "none":
        return undefined;
      case "suspend":
        this.#cpu.wait_for_event = false;
        this.#waiting = true;
        return undefined;
      case "off":
        this.#off = true;
        return undefined;
      default:
        this.#system_event.event = action;
        return this.#system_event;
    }
  }

  /** Runs the instruction again whose MMIO access was answered. */
  #replay(): Exit | undefined {
    const cpu = this.#cpu;
    const { mmio } = cpu.system;
    mmio.rewind();
    cpu.set(STATE.exit, EXIT.none);
    cpu.set(STATE.budget, this.#left);
    this.#engine.step();
    this.#left = cpu.get(STATE.budget);
    const exit = cpu.get(STATE.exit);
    if (exit !== EXIT.mmio) mmio.finish();
    return exit === EXIT.none ? undefined : this.#dispatch(exit);
  }

  /** WFI, WFE, or powered off: until an interrupt, a timer or a kick. */
  #sleep(): void {
    const cpu = this.#cpu;
    const { timer } = cpu.system;
    if (!this.#off) {
      timer?.poll();
      if (cpu.irq_line || cpu.fiq_line) {
        this.#waiting = false;
        return;
      }
    }
    let timeout = this.#off ? Infinity : timer?.next_event_ms() ?? Infinity;
    if (!this.#off && cpu.wait_for_event) timeout = Math.min(timeout, WFE_MS);
    if (timeout > 0) {
      this.#profile?.sample();
      Atomics.wait(cpu.i32, KICK, 0, timeout === Infinity ? undefined : timeout);
      this.#profile?.sample(true);
    }
    if (!this.#off && cpu.wait_for_event) this.#waiting = false;
  }

  /** Keeps the time between two looks at the clock near SLICE_MS, whatever the engine's speed. */
  #adapt(ms: number): void {
    if (ms > 2 * SLICE_MS) this.#slice = Math.max(SLICE_MIN, this.#slice >> 1);
    else if (ms < SLICE_MS / 2 && this.#cpu.get(STATE.budget) <= 0) {
      this.#slice = Math.min(SLICE_MAX, this.#slice * 2);
    }
  }
}

function model_names(): string {
  return CPU_MODELS.map((m) => `${m.target} (${m.name})`).join(", ");
}

const KNOWN_BITS = new Set<number>(Object.values(VCPU_FEATURE));

/** The first feature bit that no feature has. */
function unknown_bit(init: VcpuInit): number | undefined {
  for (let bit = 0; bit < init.features.length * 32; bit++) {
    const set = ((init.features[bit >> 5]! >>> (bit & 31)) & 1) !== 0;
    if (set && !KNOWN_BITS.has(bit)) return bit;
  }
  return undefined;
}
