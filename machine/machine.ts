import type { CharBackend, DeviceState, FwCfgFile, Log } from "../devices/mod.ts";
import {
  type GicVersion,
  has_feature,
  set_feature,
  type Vcpu,
  type VcpuInit,
  type Vm,
} from "../hypervisor/mod.ts";
import { type BootState, write_boot_state } from "./boot_state.ts";
import { VirtBoard } from "./virt_board.ts";

/** What a {@link VirtMachine} is made of. */
export interface VirtMachineOptions {
  /** The VM: RAM and GIC. */
  readonly vm: Vm;
  /** Its vCPUs by index; the machine runs the first one, and resets all. */
  readonly vcpus: readonly Vcpu[];
  /** Target and features of every vCPU. All but the first one also start powered off. */
  readonly init: VcpuInit;
  /** GIC generation of the VM. */
  readonly gic: GicVersion;
  /** The host's end of the serial line. */
  readonly serial: CharBackend;
  /** Puts kernel, device tree and initrd into RAM and says where the boot CPU begins. */
  readonly load: (board: VirtBoard) => BootState;
  /** End when the guest asks for a reset. */
  readonly no_reboot?: boolean;
  /** Wall clock in milliseconds since 1970; `Date.now` when absent. */
  readonly now?: () => number;
  /** Takes lines for a person: the guest's mistakes, resets. */
  readonly log?: Log;
  /** Files for fw_cfg. */
  readonly files?: readonly FwCfgFile[];
}

/** Why one turn of the guest ended. */
export type Turn =
  /** The vCPU was kicked. */
  | { readonly kind: "interrupted" }
  /** The guest powered itself off (PSCI SYSTEM_OFF). */
  | { readonly kind: "powered_off" }
  /** The guest asked for a reset (PSCI SYSTEM_RESET). */
  | { readonly kind: "reset" }
  /** The guest reported a crash. */
  | { readonly kind: "crash" }
  /** The backend cannot go on. */
  | { readonly kind: "failed"; readonly message: string };

/** What the outside asks a running machine to do; all but the first two end the run. */
export type ControlRequest = "reset" | "power_key" | "quit" | "timeout" | "signal";

/** Asked whenever the vCPU was kicked. */
export interface MachineControl {
  /** The next request, if there is one. */
  poll(): ControlRequest | undefined;
}

/** How {@link VirtMachine.run} ended. */
export type Ended =
  /** The guest powered itself off. */
  | { readonly how: "poweroff" }
  /** The guest asked for a reset under `no_reboot`. */
  | { readonly how: "reset" }
  /** The outside asked. */
  | { readonly how: "stopped"; readonly by: Exclude<ControlRequest, "reset" | "power_key"> }
  /** The guest crashed, or the backend cannot go on. */
  | { readonly how: "error"; readonly message: string };

const INTERRUPTED: Turn = { kind: "interrupted" };

/** The `virt` machine: vCPUs of some backend, and the board's devices, on one thread. */
export class VirtMachine {
  /** The devices. */
  readonly board: VirtBoard;
  /** MMIO exits so far. */
  mmio_exits = 0;
  /** Resets so far, the power-on not counted. */
  resets = 0;

  readonly #options: VirtMachineOptions;
  readonly #vcpu: Vcpu;

  /**
   * Makes the machine and powers it on: vCPUs are initialised, images loaded.
   *
   * @throws {RangeError} without a vCPU.
   * @throws {HypervisorError} when the backend refuses the init.
   */
  constructor(options: VirtMachineOptions) {
    const [first] = options.vcpus;
    if (first === undefined) throw new RangeError("Cannot make a machine without a vCPU");
    this.#vcpu = first;
    this.#options = options;
    this.board = new VirtBoard({
      irqs: options.vm,
      gic: options.gic,
      serial: options.serial,
      cpus: options.vcpus.length,
      ram_size: options.vm.memory.size,
      now: options.now,
      log: options.log,
      files: options.files,
    });
    this.#power_on();
  }

  /** Back to power-on: devices and vCPUs are reset, images loaded again. */
  reset(): void {
    this.resets++;
    this.#options.log?.("machine: reset");
    this.board.reset();
    this.#power_on();
  }

  /** Milliseconds until the machine wants a kick even if the host does nothing; or Infinity. */
  next_event_ms(): number {
    return this.board.next_event_ms();
  }

  /** Runs the guest until the vCPU is kicked or something ends its run. Blocks the thread. */
  turn(): Turn {
    const { bus } = this.board;
    const vcpu = this.#vcpu;
    this.board.poll();
    for (;;) {
      const exit = vcpu.run();
      switch (exit.kind) {
        case "mmio_read":
          this.mmio_exits++;
          bus.read_into(exit.address, exit.size, exit.data);
          break;
        case "mmio_write":
          this.mmio_exits++;
          bus.write_from(exit.address, exit.size, exit.data);
          break;
        case "interrupted":
          return INTERRUPTED;
        case "system_event":
          return { kind: SYSTEM_EVENT[exit.event] };
        case "debug":
          return { kind: "failed", message: "the vCPU stopped for a debugger that is not there" };
        case "fail_entry":
          return {
            kind: "failed",
            message: `the vCPU cannot be entered (0x${exit.reason.toString(16)})`,
          };
        case "internal_error":
          return { kind: "failed", message: exit.message };
      }
    }
  }

  /** Runs the guest until it ends, through its resets unless `no_reboot`. Blocks the thread. */
  run(control: MachineControl): Ended {
    for (;;) {
      const turn = this.turn();
      switch (turn.kind) {
        case "interrupted": {
          const request = control.poll();
          if (request === "reset") this.reset();
          else if (request === "power_key") this.board.power_key.press();
          else if (request !== undefined) return { how: "stopped", by: request };
          break;
        }
        case "powered_off":
          return { how: "poweroff" };
        case "reset":
          if (this.#options.no_reboot) return { how: "reset" };
          this.reset();
          break;
        case "crash":
          return { how: "error", message: "the guest reported a crash" };
        case "failed":
          return { how: "error", message: turn.message };
      }
    }
  }

  /** State of the devices, for a snapshot. */
  device_state(): Record<string, DeviceState> {
    return this.board.state();
  }

  /** Takes a state of the devices. */
  restore_devices(state: Readonly<Record<string, DeviceState>>): void {
    this.board.restore(state);
  }

  #power_on(): void {
    const { vcpus, init, load } = this.#options;
    vcpus.forEach((vcpu, index) => {
      const own = { target: init.target, features: init.features.slice() };
      // Secondary vCPUs start powered off: PSCI CPU_ON wakes them.
      set_feature(own, "power_off", index > 0 || has_feature(init, "power_off"));
      vcpu.init(own);
    });
    write_boot_state(this.#vcpu, load(this.board));
  }
}

const SYSTEM_EVENT = { shutdown: "powered_off", reset: "reset", crash: "crash" } as const;
