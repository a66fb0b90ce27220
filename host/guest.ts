import type { CharBackend } from "../devices/char_backend.ts";
import {
  type GuestMemory,
  type Hypervisor,
  HypervisorError,
  KVM_ARM_TARGET,
  set_feature,
  type Vcpu,
  type VcpuInit,
  type Vm,
} from "../hypervisor/mod.ts";
import { load } from "../machine/boot/mod.ts";
import { type BootState, RAM_BASE, virt_dtb, type VirtBoard, VirtMachine } from "../machine/mod.ts";
import type { Unpacked } from "../machine/boot/unpack_ahead.ts";
import { AcceleratorError } from "./errors.ts";
import type { GuestSpec } from "./protocol.ts";
import type { CpuModel } from "./options.ts";

/** A machine with everything it stands on. */
export interface BuiltGuest {
  /** The VM. */
  readonly vm: Vm;
  /** Its vCPU. */
  readonly vcpu: Vcpu;
  /** The machine, with the guest loaded. */
  readonly machine: VirtMachine;
}

/** A VM that has nothing in it yet. */
export interface CreatedVm {
  /** The VM. */
  readonly vm: Vm;
  /** Its vCPU. */
  readonly vcpu: Vcpu;
}

/** What a guest is connected to. */
export interface GuestContext {
  /** What executes it. */
  readonly created: CreatedVm;
  /** The kernel, when it has been unpacked already. */
  readonly kernel?: Unpacked | undefined;
  /** The host's end of the serial line. */
  readonly serial: CharBackend;
  /** Takes lines for a person. */
  readonly log: (line: string) => void;
  /** Told how much of the kernel is unpacked, 0 to 1. */
  readonly progress?: (fraction: number) => void;
}

const TARGETS: Record<CpuModel, number> = {
  "cortex-a15": KVM_ARM_TARGET.CORTEX_A15,
  "cortex-a7": KVM_ARM_TARGET.CORTEX_A7,
};

const SEED_BYTES = 32;

/**
 * Makes the VM for the guest that `spec` describes.
 *
 * @throws {HypervisorError} when the backend refuses.
 */
export function create_vm(spec: GuestSpec, hypervisor: Hypervisor): CreatedVm {
  const offer = hypervisor.probe();
  if (!offer.available) throw new AcceleratorError(hypervisor.name, offer.reason);
  if (!offer.gic.includes(spec.gic)) {
    const offered = offer.gic.map((version) => `v${version}`).join(", ");
    throw new AcceleratorError(
      hypervisor.name,
      `it has no GICv${spec.gic}; choose from ${offered}`,
    );
  }
  const vm = make_vm(spec, hypervisor);
  return { vm, vcpu: vm.create_vcpu(0) };
}

/**
 * Makes the machine that `spec` describes and loads the guest.
 *
 * @throws {ImageError} when an image cannot be booted.
 * @throws {HypervisorError} when the backend refuses.
 */
export function build_guest(spec: GuestSpec, context: GuestContext): BuiltGuest {
  const { created: { vm, vcpu }, kernel, serial, log, progress } = context;
  let unpacked = kernel;
  const load = ({ devices }: Pick<VirtBoard, "devices">): BootState => {
    // It is good for once: a guest that starts anew has its image loaded from the file.
    const ahead = unpacked;
    unpacked = undefined;
    return load_images(spec, {
      memory: vm.memory,
      devices,
      log,
      ...(ahead && { unpacked: ahead }),
      ...(progress && { progress }),
    });
  };
  const machine = new VirtMachine({
    vm,
    vcpus: [vcpu],
    init: vcpu_init_of(vm, spec),
    gic: spec.gic,
    serial,
    no_reboot: spec.no_reboot,
    load,
    log,
  });
  return { vm, vcpu, machine };
}

function make_vm(spec: GuestSpec, hypervisor: Hypervisor): Vm {
  try {
    return hypervisor.create_vm({
      memory: { base: RAM_BASE, size: spec.memory },
      gic: spec.gic,
      vcpus: 1,
    });
  } catch (error) {
    // The host's limits are nothing that armvm has done wrong.
    if (!(error instanceof HypervisorError) || error.errno !== "ENOMEM") throw error;
    throw new AcceleratorError(hypervisor.name, error.message);
  }
}

function vcpu_init_of(vm: Vm, spec: GuestSpec): VcpuInit {
  const init = vm.preferred_target();
  if (spec.accel === "kvm") {
    set_feature(init, "psci_0_2", true);
    set_feature(init, "el1_32bit", spec.arm64 !== true);
  } else init.target = TARGETS[spec.cpu];
  return init;
}

function load_images(
  spec: GuestSpec,
  { memory, devices, unpacked, log, progress }: Pick<GuestContext, "log" | "progress"> & {
    readonly memory: GuestMemory;
    readonly devices: VirtBoard["devices"];
    readonly unpacked?: Unpacked;
  },
): BootState {
  const started = performance.now();
  const { kernel, initrd } = spec;
  const state = load({
    image: kernel.bytes,
    name: kernel.name,
    ...(initrd === undefined ? {} : { initrd }),
    ...(spec.dtb === undefined ? {} : { dtb: spec.dtb.bytes }),
    append: spec.append,
    memory,
    unpack: spec.unpack,
    ...(unpacked && { unpacked }),
    arm64: spec.arm64,
    log,
    ...(progress && { progress }),
    make_fdt: ({ initrd_start: start, initrd_end: end }) =>
      virt_dtb({
        // What KVM runs guests on is some ARMv8 CPU or later, whatever the guest's width.
        ...(spec.accel === "kvm" ? { cpu: "arm-v8", armv8: true } : { cpu: spec.cpu }),
        cpus: 1,
        gic: spec.gic,
        memory: { base: memory.base, size: memory.size },
        devices,
        bootargs: spec.append,
        ...(start === undefined || end === undefined ? {} : { initrd: { start, end } }),
        seeds: { rng: crypto.getRandomValues(new Uint8Array(SEED_BYTES)) },
      }),
  });
  log(`${state.description}; loaded in ${(performance.now() - started).toFixed(0)} ms`);
  const { entry, thumb, arm64, r0, r1, r2 } = state;
  return { entry, thumb, arm64, registers: [[0, r0], [1, r1], [2, r2]] };
}
