import {
  type DebugExit,
  type Exit,
  type FailEntryExit,
  has_feature,
  HypervisorError,
  type InternalErrorExit,
  type InterruptedExit,
  type KickToken,
  type MmioReadExit,
  type MmioWriteExit,
  type SystemEventExit,
  type Vcpu,
  type VcpuInit,
} from "../hypervisor/mod.ts";
import { EXITS, SYSTEM_EVENTS, VCPU_ATTRS } from "./abi/constants.ts";
import { ioctl_number, IOCTLS } from "./abi/ioctls.ts";
import { KVM_RUN_ARMS, KVM_RUN_HEAD, STRUCTS } from "./abi/structs.ts";
import { CStruct } from "./c_struct.ts";
import { DeviceAttributes } from "./device_attr.ts";
import { call_failed } from "./errno.ts";
import { feature_names } from "./features.ts";
import type { GuestDebug } from "./guest_debug.ts";
import { KickState } from "./kick.ts";
import type { KvmFd } from "./kvm_fd.ts";
import { compiled_ioctl, errno, plain_ioctl, type PlainIoctl } from "./libc.ts";
import { Mapping } from "./mapping.ts";
import { OneRegs } from "./one_reg.ts";

const KVM_RUN = ioctl_number(IOCTLS.KVM_RUN);
const EINTR = 4;
const EAGAIN = 11;
const ENOEXEC = 8;

/** A guest with so many exits will have many more. */
const MANY_EXITS = 2000;

/** Indices of 32-bit words in `struct kvm_run`. */
const EXIT_REASON = KVM_RUN_HEAD.fields.exit_reason.offset >> 2;
const MMIO = KVM_RUN_ARMS.mmio.fields;
const MMIO_ADDRESS = MMIO.phys_addr.offset >> 2;
const MMIO_LEN = MMIO.len.offset >> 2;
const MMIO_IS_WRITE = MMIO.is_write.offset;
const EVENT_TYPE = KVM_RUN_ARMS.system_event.fields.type.offset >> 2;
const FAIL_REASON = KVM_RUN_ARMS.fail_entry.fields.hardware_entry_failure_reason.offset >> 2;
const SUBERROR = KVM_RUN_ARMS.internal.fields.suberror.offset >> 2;

/** The overflow interrupt of QEMU virt's performance monitor: PPI 7, INTID 23. */
const PMU_INTID = 23;

/** What a vCPU needs of its VM. */
export interface KvmVcpuParts {
  /** Its file. */
  readonly file: KvmFd;
  /** KVM_GET_VCPU_MMAP_SIZE. */
  readonly run_size: number;
  /** Refuses an init that cannot be granted, with a reason. */
  readonly check: (init: VcpuInit) => void;
  /** Called after each init: the first one, or one that resets. */
  readonly on_init: (again: boolean) => void;
  /** Which target KVM prefers, for messages. */
  readonly preferred: () => number;
}

/** A vCPU of KVM. Everything but {@link KvmVcpu.kick_token}'s use happens on one thread. */
export class KvmVcpu implements Vcpu {
  readonly #file: KvmFd;
  // Beside the file, for the sake of the loop: one object less to touch for every exit.
  readonly #fd: number;
  readonly #parts: KvmVcpuParts;
  readonly #mapping: Mapping;
  readonly #run32: Uint32Array<ArrayBuffer>;
  readonly #run8: Uint8Array<ArrayBuffer>;
  readonly #kick: KickState;
  readonly #regs: OneRegs;
  readonly #ioctl = plain_ioctl();
  /** Once the guest has made so many exits that it pays. */
  #compiled: PlainIoctl | undefined;
  #exits = 0;
  #init: VcpuInit | undefined;
  #on_thread = false;
  #closed = false;

  // The exits that a run gives, each made once.
  readonly #mmio_read: MmioReadExit;
  readonly #mmio_write: MmioWriteExit;
  readonly #system_event: SystemEventExit = { kind: "system_event", event: "shutdown" };
  readonly #interrupted: InterruptedExit = { kind: "interrupted" };
  readonly #debug: DebugExit = { kind: "debug" };

  /** Takes ownership of a vCPU's file. */
  constructor(parts: KvmVcpuParts) {
    this.#parts = parts;
    this.#file = parts.file;
    this.#fd = parts.file.fd;
    this.#mapping = new Mapping(parts.file.fd, parts.run_size);
    const { buffer, address } = this.#mapping;
    this.#run32 = new Uint32Array(buffer);
    this.#run8 = new Uint8Array(buffer);
    const data = new DataView(buffer, MMIO.data.offset, MMIO.data.count);
    this.#mmio_read = { kind: "mmio_read", address: 0, size: 0, data };
    this.#mmio_write = { kind: "mmio_write", address: 0, size: 0, data };
    this.#kick = KickState.create(buffer, address);
    this.#regs = new OneRegs(parts.file);
  }

  /** See {@link Vcpu.init}. */
  init(init: VcpuInit): void {
    this.#parts.check(init);
    const request = new CStruct(STRUCTS.kvm_vcpu_init, { values: { target: init.target } });
    init.features.forEach((word, index) => request.set("features", word, index));
    const result = this.#file.try_call("KVM_ARM_VCPU_INIT", request.bytes);
    if (result < 0) throw this.#init_refused(init, -result);
    const again = this.#init !== undefined;
    this.#init = { target: init.target, features: init.features.slice() };
    this.#regs.aarch32 = has_feature(init, "el1_32bit");
    if (!again && has_feature(init, "pmu_v3")) this.#finish_pmu();
    this.#parts.on_init(again);
  }

  /** See {@link Vcpu.reg_list}. */
  reg_list(): bigint[] {
    this.#ready("KVM_GET_REG_LIST");
    return this.#regs.list();
  }

  /** See {@link Vcpu.get_reg}. An AArch32 vCPU also knows 32-bit ARM's ids. */
  get_reg(id: bigint): bigint {
    this.#ready("KVM_GET_ONE_REG");
    return this.#regs.get(id);
  }

  /** See {@link Vcpu.set_reg}. An AArch32 vCPU also knows 32-bit ARM's ids. */
  set_reg(id: bigint, value: bigint): void {
    this.#ready("KVM_SET_ONE_REG");
    this.#regs.set(id, value);
  }

  /** See {@link Vcpu.run}. Nothing is allocated on the way to an MMIO exit. */
  run(): Exit {
    if (!this.#on_thread) {
      if (this.#closed) throw call_failed("KVM_RUN", 9);
      this.#kick.on_this_thread();
      this.#on_thread = true;
    }
    const run32 = this.#run32;
    for (;;) {
      if (this.#enter() < 0) {
        const exit = this.#failed_run(errno());
        if (exit !== undefined) return exit;
        continue;
      }
      switch (run32[EXIT_REASON]) {
        case EXITS.KVM_EXIT_MMIO: {
          const exit = this.#run8[MMIO_IS_WRITE] === 0 ? this.#mmio_read : this.#mmio_write;
          exit.address = run32[MMIO_ADDRESS]! + run32[MMIO_ADDRESS + 1]! * 0x1_0000_0000;
          exit.size = run32[MMIO_LEN]!;
          return exit;
        }
        case EXITS.KVM_EXIT_ARM_NISV:
          this.#inject_abort();
          break;
        case EXITS.KVM_EXIT_INTR:
          break;
        default:
          return this.#rare_exit(run32[EXIT_REASON]!);
      }
    }
  }

  /** KVM_RUN. Each of the two calls is at a place of its own, so that V8 can specialise both. */
  #enter(): number {
    const compiled = this.#compiled;
    if (compiled !== undefined) return compiled(this.#fd, KVM_RUN);
    if (++this.#exits === MANY_EXITS) this.#compiled = compiled_ioctl();
    return this.#ioctl(this.#fd, KVM_RUN);
  }

  /** See {@link Vcpu.kick}. From the vCPU's own thread. */
  kick(): void {
    if (!this.#closed) this.#kick.set();
  }

  /** See {@link Vcpu.kick_token}. */
  kick_token(): KickToken {
    return { backend: "kvm", shared: this.#kick.shared, words: this.#kick.run_address };
  }

  /** Breakpoints, watchpoints and single steps: `run()` then gives debug exits. */
  debug(debug: GuestDebug): void {
    this.#ready("KVM_SET_GUEST_DEBUG");
    this.#file.call("KVM_SET_GUEST_DEBUG", debug.to_struct());
  }

  /** After a debug exit: its syndrome (ESR_EL2's low word) and the address of a watchpoint. */
  debug_syndrome(): { readonly syndrome: number; readonly address: bigint } {
    const { fields } = KVM_RUN_ARMS.debug;
    const view = new DataView(this.#mapping.buffer);
    return {
      syndrome: view.getUint32(fields["arch.hsr"].offset, true),
      address: view.getBigUint64(fields["arch.far"].offset, true),
    };
  }

  /** KVM_GET_MP_STATE: whether the vCPU is powered off. */
  get powered_off(): boolean {
    const state = new CStruct(STRUCTS.kvm_mp_state);
    this.#file.call("KVM_GET_MP_STATE", state.bytes);
    return state.get("mp_state") !== 0;
  }

  /** Closes the vCPU. No other thread's kick does anything from here on. */
  [Symbol.dispose](): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#on_thread = false;
    this.#kick.close();
    this.#mapping[Symbol.dispose]();
    this.#file[Symbol.dispose]();
  }

  #ready(call: string): void {
    if (this.#init === undefined) {
      throw new HypervisorError(call, "ENOEXEC", "the vCPU has not been initialised");
    }
  }

  #init_refused(init: VcpuInit, error: number): HypervisorError {
    const first = this.#init;
    const asked = `target ${init.target} with features ${feature_names(init)} was asked for`;
    if (first !== undefined) {
      const had = `target ${first.target} with features ${feature_names(first)}`;
      return call_failed("KVM_ARM_VCPU_INIT", error, `${asked}; the vCPU has ${had}`);
    }
    const preferred = this.#parts.preferred();
    return call_failed("KVM_ARM_VCPU_INIT", error, `${asked}; KVM prefers target ${preferred}`);
  }

  /** What a failed KVM_RUN comes to; undefined to run again. */
  #failed_run(error: number): Exit | undefined {
    // A signal that nobody here sent leaves immediate_exit alone.
    if (error === EINTR) return this.#kick.take() ? this.#interrupted : undefined;
    if (error === EAGAIN) return undefined;
    if (error === ENOEXEC) throw call_failed("KVM_RUN", error);
    const exit: InternalErrorExit = {
      kind: "internal_error",
      message: call_failed("KVM_RUN", error).message,
    };
    return exit;
  }

  #rare_exit(reason: number): Exit {
    const run32 = this.#run32;
    switch (reason) {
      case EXITS.KVM_EXIT_DEBUG:
        return this.#debug;
      case EXITS.KVM_EXIT_SYSTEM_EVENT: {
        const event = EVENTS.get(run32[EVENT_TYPE]!);
        if (event === undefined) {
          return internal_error(`KVM reports system event ${run32[EVENT_TYPE]}`);
        }
        this.#system_event.event = event;
        return this.#system_event;
      }
      case EXITS.KVM_EXIT_FAIL_ENTRY: {
        const exit: FailEntryExit = { kind: "fail_entry", reason: run32[FAIL_REASON]! };
        return exit;
      }
      case EXITS.KVM_EXIT_INTERNAL_ERROR:
        return internal_error(`KVM reports internal error ${run32[SUBERROR]}`);
    }
    return internal_error(`KVM_RUN returned with exit reason ${reason}, which armvm does not know`);
  }

  /**
   * The guest accessed a device by an instruction that the CPU does not describe to KVM, such as
   * LDM. It gets the external abort that a bus gives for what it cannot do.
   */
  #inject_abort(): void {
    const events = new CStruct(STRUCTS.kvm_vcpu_events);
    this.#file.call("KVM_GET_VCPU_EVENTS", events.bytes);
    events.set("exception.ext_dabt_pending", 1);
    this.#file.call("KVM_SET_VCPU_EVENTS", events.bytes);
  }

  /** Gives the performance monitor its interrupt, and finishes it. */
  #finish_pmu(): void {
    const attributes = new DeviceAttributes(this.#file);
    const group = VCPU_ATTRS.KVM_ARM_VCPU_PMU_V3_CTRL;
    attributes.set({ group, attr: VCPU_ATTRS.KVM_ARM_VCPU_PMU_V3_IRQ }, PMU_INTID);
    this.#finish_pmu_later = () =>
      attributes.set({ group, attr: VCPU_ATTRS.KVM_ARM_VCPU_PMU_V3_INIT });
  }
  #finish_pmu_later: (() => void) | undefined;

  /** What has to wait until the VM's interrupt controller works. */
  on_gic_ready(): void {
    this.#finish_pmu_later?.();
    this.#finish_pmu_later = undefined;
  }
}

const EVENTS = new Map<number, SystemEventExit["event"]>([
  [SYSTEM_EVENTS.KVM_SYSTEM_EVENT_SHUTDOWN, "shutdown"],
  [SYSTEM_EVENTS.KVM_SYSTEM_EVENT_RESET, "reset"],
  [SYSTEM_EVENTS.KVM_SYSTEM_EVENT_CRASH, "crash"],
]);

function internal_error(message: string): InternalErrorExit {
  return { kind: "internal_error", message };
}
