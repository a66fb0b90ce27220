import type { Accel, GuestRequest, NamedBytes } from "./protocol.ts";
import type { LogLevel } from "./types.ts";

/** What a machine is made of. */
export interface MachineOptions {
  /** The image to boot: zImage, arm64 Image, uImage, compressed image, ELF, raw binary. */
  readonly kernel: FileOrBytes;
  /** Initial RAM disk. */
  readonly initrd?: FileOrBytes;
  /** Kernel command line; default `console=ttyAMA0`. */
  readonly append?: string;
  /** RAM in bytes, a multiple of 1 MiB from 1 MiB to 3 GiB; default 512 MiB. */
  readonly memory?: number;
  /** CPU model; default `cortex-a15`. */
  readonly cpu?: CpuModel;
  /** What runs the guest; default `auto`: KVM where it can run the guest, else the software core. */
  readonly accel?: "auto" | Accel;
  /** How the software core runs the guest; default `auto`. */
  readonly engine?: "auto" | "translator" | "interpreter" | "reference";
  /** Bytes of code that the software core's translator keeps, at least 1 MiB; default 64 MiB. */
  readonly jit_cache_size?: number;
  /** Take samples of what the guest executes, for {@link Machine.profile}; default false. */
  readonly profile?: boolean;
  /** Device tree blob in place of the machine's own. */
  readonly dtb?: FileOrBytes;
  /**
   * Start the guest as soon as it is loaded, before anybody calls {@link Machine.run}, which then
   * waits for its end; default false. What it says on the console until then is kept.
   */
  readonly start?: boolean;
  /** End when the guest resets, instead of starting it again; default false. */
  readonly no_reboot?: boolean;
  /**
   * Unpack a zImage before the start, instead of letting the guest do it; default true. KVM's guests
   * always do it themselves, at the speed of the host's CPU.
   */
  readonly unpack?: boolean;
  /** Version of the interrupt controller; default 2, or under KVM the host's own. */
  readonly gic?: 2 | 3;
  /** Takes lines of log for a person; default: none are kept. */
  readonly log?: (level: LogLevel, line: string) => void;
  /** Told how much of a compressed kernel is unpacked, 0 to 1, while that goes on. */
  readonly progress?: (fraction: number) => void;
}

/** The path or URL of a file, or bytes, with a name for messages or without. */
export type FileOrBytes = string | URL | Uint8Array | NamedBytes;

/** CPU models. */
export type CpuModel = "cortex-a15" | "cortex-a7";

const MIB = 1 << 20;

/** Range of {@link MachineOptions.memory}, in bytes. */
export const MEMORY = { min: MIB, max: 3072 * MIB, step: MIB } as const;

/** What is used when an option is left out. */
export const DEFAULTS = {
  append: "console=ttyAMA0",
  memory: 512 * MIB,
  cpu: "cortex-a15",
  engine: "auto",
  gic: 2,
} as const;

const CHOICES: Readonly<Record<string, readonly unknown[]>> = {
  accel: ["auto", "kvm", "soft"],
  cpu: ["cortex-a15", "cortex-a7"],
  engine: ["auto", "translator", "interpreter", "reference"],
  gic: [2, 3],
};

/** Checks the options, reads their files and fills in what is left out. */
export async function guest_request(options: MachineOptions): Promise<GuestRequest> {
  const {
    accel = "auto",
    append = DEFAULTS.append,
    memory = DEFAULTS.memory,
    cpu = DEFAULTS.cpu,
    engine = DEFAULTS.engine,
    gic,
    unpack = true,
    no_reboot = false,
  } = options;
  check_memory(memory);
  check_choices({ accel, cpu, engine, gic: gic ?? DEFAULTS.gic });
  const { jit_cache_size, profile = false } = options;
  if (jit_cache_size !== undefined && !(jit_cache_size >= MIB)) {
    throw new RangeError(
      `Cannot make a machine: jit_cache_size of ${jit_cache_size} bytes is less than 1 MiB`,
    );
  }
  if (append.includes("\0")) throw new TypeError("Cannot make a machine: append has a NUL in it");
  if (options.kernel === undefined) {
    throw new TypeError("Cannot make a machine: no kernel was given");
  }
  const [kernel, initrd, dtb] = await Promise.all([
    named(options.kernel, "the kernel"),
    options.initrd && named(options.initrd, "the initrd"),
    options.dtb && named(options.dtb, "the device tree"),
  ]);
  return {
    ...{ accel, append, cpu, engine, gic, kernel, memory, no_reboot, profile, unpack },
    jit_cache_size,
    ...(initrd && { initrd }),
    ...(dtb && { dtb }),
  };
}

/** Throws RangeError unless a machine can have `memory` bytes of RAM. */
export function check_memory(memory: number): void {
  if (!Number.isInteger(memory) || memory < MEMORY.min || memory > MEMORY.max) {
    throw new RangeError(`Cannot make a machine: memory of ${memory} bytes is out of range`);
  }
  if (memory % MEMORY.step !== 0) {
    throw new RangeError(`Cannot make a machine: memory of ${memory} bytes is not in whole MiB`);
  }
}

/** Throws TypeError for an option that is none of its choices. */
export function check_choices(options: Readonly<Record<string, unknown>>): void {
  for (const [name, value] of Object.entries(options)) {
    const choices = CHOICES[name]!;
    if (!choices.includes(value)) {
      throw new TypeError(
        `Cannot make a machine: ${name} of ${value}; choose from ${choices.join(", ")}`,
      );
    }
  }
}

async function named(source: FileOrBytes, name: string): Promise<NamedBytes> {
  if (source instanceof Uint8Array) return { bytes: source, name };
  if (typeof source === "string" || source instanceof URL) {
    return { bytes: await Deno.readFile(source), name: String(source) };
  }
  return { bytes: source.bytes, name: source.name };
}
