import type { CpuModel, NamedBytes } from "../mod.ts";
import type { ConsoleTarget } from "./parse_values.ts";
import { read_file } from "./read_file.ts";

/** Options of `armvm boot`, as the program parses them. */
export interface BootOptions {
  readonly initrd?: string | undefined;
  readonly append: string;
  readonly memory: number;
  readonly cpu: CpuModel;
  readonly accel: "auto" | "kvm" | "soft";
  readonly engine: "auto" | "translator" | "interpreter" | "reference";
  readonly dtb?: string | undefined;
  readonly timeout?: number | undefined;
  readonly reboot: boolean;
  readonly unpack: boolean;
  readonly console: ConsoleTarget;
  readonly stats?: true | undefined;
  readonly jitCacheSize?: number | undefined;
  /** File to write a profile to. */
  readonly profile?: string | undefined;
  /** Files with symbols for the profile. */
  readonly symbols?: readonly string[] | undefined;
  readonly quiet?: true | undefined;
  readonly verbose?: true | undefined;
}

/** What a guest is made of. */
export interface GuestFiles {
  readonly kernel: NamedBytes;
  readonly initrd?: NamedBytes;
  readonly dtb?: NamedBytes;
}

/** Reads what a command line names, all at once; of several that fail the first one named counts. */
export async function read_files(
  image: string,
  options: Pick<BootOptions, "initrd" | "dtb" | "memory">,
): Promise<GuestFiles> {
  const limit = options.memory;
  const read = async (name: string, what: string): Promise<NamedBytes> => ({
    bytes: await read_file(name, { what, limit }),
    name,
  });
  const [kernel, initrd, dtb] = [
    read(image, "image"),
    options.initrd === undefined ? undefined : read(options.initrd, "initrd"),
    options.dtb === undefined ? undefined : read(options.dtb, "device tree"),
  ];
  await Promise.allSettled([kernel, initrd, dtb]);
  return {
    kernel: await kernel,
    ...(initrd && { initrd: await initrd }),
    ...(dtb && { dtb: await dtb }),
  };
}
