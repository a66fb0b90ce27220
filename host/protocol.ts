/** What the main thread and the vCPU's Worker say to each other. */
import type { GicVersion, GuestSamples, KickToken } from "../hypervisor/mod.ts";
import type { Unpacked } from "../machine/boot/unpack_ahead.ts";
import type { CpuModel } from "./options.ts";
import type { Ended, LogLevel, MonitorAnswers, MonitorRequest } from "./types.ts";

/** Words of the control memory that both threads see. */
export const CONTROL = {
  /** Set to 1: the guest is to stop for good. */
  stop: 0,
  /** Counts messages sent to the Worker that it is to read between two runs of the guest. */
  mail: 1,
  /** Number of words. */
  words: 2,
} as const;

/** Name of a backend that can run a VM. */
export type Accel = "kvm" | "soft";

/** A file's contents and what to call it in messages. */
export interface NamedBytes {
  /** The contents. */
  readonly bytes: Uint8Array;
  /** The name. */
  readonly name: string;
}

/** A choice of backend, and why. */
export interface Choice {
  /** Which one. */
  readonly accel: Accel;
  /** Why, for a person; when it was chosen here. */
  readonly reason?: string;
}

/** What a guest is made from, as it was asked for. */
export interface GuestRequest {
  /** Which backend is to run it. */
  readonly accel: "auto" | Accel;
  /** The software core's engine. */
  readonly engine: "auto" | "translator" | "interpreter" | "reference";
  /** Bytes of code that the software core's translator keeps; undefined for its default. */
  readonly jit_cache_size?: number | undefined;
  /** Take samples of what the guest executes. */
  readonly profile: boolean;
  /** CPU model of the software core; KVM's is the host's. */
  readonly cpu: CpuModel;
  /** RAM in bytes. */
  readonly memory: number;
  /** GIC version; undefined for what the backend has. */
  readonly gic?: GicVersion | undefined;
  /** The image. */
  readonly kernel: NamedBytes;
  /** Initial RAM disk. */
  readonly initrd?: NamedBytes;
  /** Device tree blob that replaces the machine's. */
  readonly dtb?: NamedBytes;
  /** Kernel command line. */
  readonly append: string;
  /** Unpack zImages on the host, unless KVM runs them. */
  readonly unpack: boolean;
  /** End on a reset instead of starting again. */
  readonly no_reboot: boolean;
}

/** What a guest is made from, everything resolved. */
export interface GuestSpec extends Omit<GuestRequest, "accel" | "gic"> {
  /** Which backend runs it. */
  readonly accel: Accel;
  /** GIC version. */
  readonly gic: GicVersion;
  /** Whether the guest is a 64-bit one; if not, why such a one could not run. */
  readonly arm64: true | string;
}

/** Main thread to Worker. */
export type ToWorker =
  /** Load what a guest will need, before it is known. */
  | { readonly type: "prepare"; readonly accel: "auto" | Accel }
  | {
    readonly type: "open";
    readonly request: GuestRequest;
    readonly input: SharedArrayBuffer;
    readonly output: SharedArrayBuffer;
    readonly control: SharedArrayBuffer;
    /** "unpacked" will follow. */
    readonly unpacks: boolean;
    /** Run at once: no "run" will follow. */
    readonly start: boolean;
    /** A thread will come to translate for the software core. */
    readonly assisted: boolean;
  }
  /** What was unpacked meanwhile; without a kernel when the image has to be loaded as it is. */
  | { readonly type: "unpacked"; readonly kernel: Unpacked | undefined }
  | { readonly type: "run" }
  | { readonly type: "monitor"; readonly id: number; readonly request: MonitorRequest };

/** An error on its way between threads, which keep neither classes nor own properties. */
export interface WireError {
  /** `Error.name`. */
  readonly name: string;
  /** `Error.message`. */
  readonly message: string;
  /** Stack, for internal errors. */
  readonly stack?: string;
  /** ImageError's code. */
  readonly code?: string;
  /** HypervisorError's call. */
  readonly call?: string;
  /** HypervisorError's errno. */
  readonly errno?: string;
}

/** Worker to main thread. */
export type FromWorker =
  | { readonly type: "opened"; readonly choice: Choice; readonly kick: KickToken }
  | { readonly type: "refused"; readonly error: WireError }
  /** The output ring has bytes, or the input ring has space, and the main thread waits for it. */
  | { readonly type: "bell"; readonly ring: "input" | "output" }
  /** Kick the vCPU in `ms` milliseconds: a device will have something to do. */
  | { readonly type: "alarm"; readonly ms: number }
  /** So much of the kernel is unpacked, 0 to 1. */
  | { readonly type: "progress"; readonly fraction: number }
  | { readonly type: "log"; readonly level: LogLevel; readonly line: string }
  | {
    readonly type: "answer";
    readonly id: number;
    readonly answer?: MonitorAnswers[MonitorRequest];
    readonly error?: WireError;
  }
  | {
    readonly type: "ended";
    readonly ended: Ended;
    readonly stats: MonitorAnswers["stats"];
    readonly samples?: GuestSamples;
    /** With samples: the symbols that a Linux guest's kernel has of itself. */
    readonly symbols?: string;
  };
