import type { BootOptions } from "./boot_files.ts";
import {
  ACCELS,
  CPUS,
  ENGINES,
  parse_console,
  parse_memory,
  parse_seconds,
} from "./parse_values.ts";

/** A command line that boots an image. */
export interface BootLine {
  readonly image: string;
  readonly options: BootOptions;
}

type Writable<T> = { -readonly [name in keyof T]: T[name] };

/** Options that take a value. */
const VALUES: Readonly<Record<string, (options: Writable<BootOptions>, text: string) => void>> = {
  "--initrd": (options, text) => options.initrd = text,
  "--append": (options, text) => options.append = text,
  "--memory": (options, text) => options.memory = parse_memory(text),
  "--cpu": (options, text) => options.cpu = one_of(CPUS, text),
  "--accel": (options, text) => options.accel = one_of(ACCELS, text),
  "--engine": (options, text) => options.engine = one_of(ENGINES, text),
  "--dtb": (options, text) => options.dtb = text,
  "--timeout": (options, text) => options.timeout = parse_seconds(text),
  "--console": (options, text) => options.console = parse_console(text),
};

/** Options that take none. */
const FLAGS: Readonly<Record<string, (options: Writable<BootOptions>) => void>> = {
  "--no-reboot": (options) => options.reboot = false,
  "--no-unpack": (options) => options.unpack = false,
  "--stats": (options) => options.stats = true,
  "--quiet": (options) => options.quiet = true,
  "--verbose": (options) => options.verbose = true,
};

/**
 * Reads `boot IMAGE [OPTION...]` without the library that program.ts uses: loading that takes longer
 * than the rest of armvm's start. Undefined for anything out of the ordinary, wrong options above
 * all: those are for program.ts, and what this takes, that takes in the same way.
 */
export function plain_boot(args: readonly string[]): BootLine | undefined {
  if (args[0] !== "boot") return undefined;
  const options: Writable<BootOptions> = {
    append: "console=ttyAMA0",
    memory: 512 << 20,
    cpu: "cortex-a15",
    accel: "auto",
    engine: "auto",
    reboot: true,
    unpack: true,
    console: { kind: "stdio" },
  };
  let image: string | undefined;
  for (let at = 1; at < args.length; at++) {
    const arg = args[at]!;
    const flag = Object.hasOwn(FLAGS, arg) ? FLAGS[arg] : undefined;
    const value = Object.hasOwn(VALUES, arg) ? VALUES[arg] : undefined;
    if (flag !== undefined) flag(options);
    else if (value !== undefined) {
      const text = args[++at];
      // One that looks like an option may be one.
      if (text === undefined || text.startsWith("-")) return undefined;
      if (!accepts(() => value(options, text))) return undefined;
    } else if (arg.startsWith("-") || image !== undefined) return undefined;
    else image = arg;
  }
  if (image === undefined || (options.quiet && options.verbose)) return undefined;
  if (options.accel === "kvm" && options.engine !== "auto") return undefined;
  return { image, options };
}

function one_of<T extends string>(choices: readonly T[], text: string): T {
  const choice = choices.find((name) => name === text);
  if (choice === undefined) throw new RangeError(`"${text}" is not one of ${choices.join(", ")}`);
  return choice;
}

function accepts(read: () => void): boolean {
  try {
    read();
    return true;
  } catch (error) {
    if (error instanceof RangeError) return false;
    throw error;
  }
}
