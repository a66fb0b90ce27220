/**
 * The command line: names, options and help. What a command does is imported when it is used, so
 * that `--version` and `--help` start at once.
 */
import { Command, CommanderError, Option } from "@commander-js/extra-typings";
import config from "../deno.json" with { type: "json" };
import { CliError, EXIT_STATUS, EXIT_STATUS_HELP, type ExitStatus } from "./exit_status.ts";
import { say } from "./output.ts";
import {
  ACCELS,
  CPUS,
  ENGINES,
  parse_cache_size,
  parse_console,
  parse_memory,
  parse_seconds,
} from "./parse_values.ts";

const SHELLS = ["bash", "zsh", "fish"] as const;

/** Runs one command line and says what status to end with. */
export async function run_program(args: readonly string[]): Promise<ExitStatus> {
  let status: ExitStatus = EXIT_STATUS.ok;
  const program = build_program((ended) => status = ended);
  const commands = program.commands.map((command) => command.name());
  try {
    await program.parseAsync(without_unknown_commands_help(args, commands), { from: "user" });
    return status;
  } catch (error) {
    if (error instanceof CommanderError) return commander_status(error, args, commands);
    throw error;
  }
}

/** The library gives its help before it looks whether there is such a command. */
function without_unknown_commands_help(
  args: readonly string[],
  commands: readonly string[],
): readonly string[] {
  const [command] = args;
  const unknown = command !== undefined && !command.startsWith("-") && !commands.includes(command);
  return unknown ? [command] : args;
}

function commander_status(
  error: CommanderError,
  args: readonly string[],
  commands: readonly string[],
): ExitStatus {
  if (error.exitCode === 0) return EXIT_STATUS.ok;
  const command = args.find((arg) => commands.includes(arg));
  const help = `see armvm ${command === undefined ? "" : `${command} `}--help`;
  if (error.code === "commander.help") say(`no command given; ${help}`);
  else {
    const message = error.message.replace(/^error: /, "").replaceAll(/\s*\n\s*/g, " ").trim();
    say(`${message.replace(/\.$/, "")}; ${help}`);
  }
  return EXIT_STATUS.usage;
}

/** The program with its commands; `ended` is told the status of the one that runs. */
export function build_program(ended: (status: ExitStatus) => void): Command {
  const program: Command = new Command("armvm")
    .description(
      "Boots ARM Linux: under KVM where that can run it, on a software ARMv7 core elsewhere.",
    )
    .version(config.version, "-V, --version", "print the version")
    .helpOption("-h, --help", "print help")
    .helpCommand(false)
    .exitOverride()
    .configureOutput({ writeErr: () => {} })
    .addHelpText(
      "after",
      `
Examples:
  armvm boot zImage --initrd initramfs.cpio.gz --append "console=ttyAMA0"
  armvm demo
  armvm info
  armvm dtb --memory 1G --format dts

${EXIT_STATUS_HELP}`,
    );
  add_boot(program, ended);
  add_profile(program, ended);
  add_info(program, ended);
  add_dtb(program, ended);
  add_demo(program, ended);
  add_selftest(program, ended);
  add_doctor(program, ended);
  add_completions(program, ended);
  return program;
}

/** A command that boots an image, with the options of such. */
function boot_command(program: Command, name: string) {
  return program.command(name)
    .argument("<image>", "zImage, arm64 Image, uImage, compressed image, ELF or raw binary")
    .option("--initrd <file>", "initial RAM disk")
    .option("--append <string>", "kernel command line", "console=ttyAMA0")
    .addOption(memory_option())
    .addOption(cpu_option())
    .addOption(accel_option())
    .addOption(engine_option())
    .option("--dtb <file>", "device tree to use in place of the machine's own")
    .option("--timeout <seconds>", "stop after this long", option("timeout", parse_seconds))
    .option("--no-reboot", "stop when the guest resets, with status 8")
    .option("--no-unpack", "let a zImage unpack itself instead of unpacking it before the start")
    .addOption(
      new Option("--console <target>", "serial line: stdio, none or file:PATH")
        .argParser(option("console", parse_console)).default({ kind: "stdio" as const }, "stdio"),
    )
    .addOption(
      new Option("--jit-cache-size <size>", "code that the translator keeps: 1M to 4G, default 64M")
        .argParser(option("jit-cache-size", parse_cache_size)),
    )
    .option("--stats", "print counters on stderr when the guest has ended")
    .addOption(
      new Option(
        "--symbols <file>",
        "names for a profile: System.map, a copy of /proc/kallsyms, ELF; may be repeated",
      ).argParser((file: string, files: string[] | undefined) => [...files ?? [], file]),
    )
    .addOption(new Option("--quiet", "errors only").conflicts("verbose"))
    .option("--verbose", "say on stderr what is going on");
}

function add_profile(program: Command, ended: (status: ExitStatus) => void): void {
  boot_command(program, "profile")
    .description("boot a kernel and write where its time goes, for speedscope")
    .option("--output <file>", "where to write the profile", "profile.speedscope.json")
    .addHelpText(
      "after",
      `
It takes the options of boot. A Linux kernel's own symbols are found in its memory; --symbols adds
those of programs and modules. Addresses without a symbol are shown as pages.

Examples:
  armvm profile zImage --initrd initramfs.cpio.gz
  armvm profile vmlinux --initrd initramfs.cpio.gz --symbols busybox --output boot.json`,
    )
    .action(async (image, options) => {
      check_engine(options);
      const { boot } = await import("./boot.ts");
      ended(await boot(image, { ...options, profile: options.output }));
    });
}

function add_boot(program: Command, ended: (status: ExitStatus) => void): void {
  boot_command(program, "boot")
    .description("boot a kernel and connect its serial line to the terminal")
    .option("--profile <file>", "write where the guest's time went, for speedscope")
    .addHelpText(
      "after",
      `
On a terminal, Ctrl-A x quits, Ctrl-A h lists the other keys.

Examples:
  armvm boot zImage --initrd initramfs.cpio.gz --append "console=ttyAMA0 quiet"
  armvm boot vmlinux --memory 1G --cpu cortex-a7
  armvm boot test.elf --console file:serial.log --timeout 30 --no-reboot

${EXIT_STATUS_HELP}`,
    )
    .action(async (image, options) => {
      check_engine(options);
      const { boot } = await import("./boot.ts");
      ended(await boot(image, options));
    });
}

function add_demo(program: Command, ended: (status: ExitStatus) => void): void {
  program.command("demo")
    .description("run the guest that armvm carries: ID registers, checks, a benchmark, an echo")
    .addOption(cpu_option())
    .addOption(accel_option())
    .addOption(engine_option())
    .option("--timeout <seconds>", "stop after this long", option("timeout", parse_seconds))
    .addOption(new Option("--quiet", "errors only").conflicts("verbose"))
    .option("--verbose", "say on stderr what is going on")
    .addHelpText("after", "\nExamples:\n  armvm demo\n  armvm demo --cpu cortex-a7 </dev/null")
    .action(async (options) => {
      check_engine(options);
      const { demo } = await import("./demo.ts");
      ended(await demo(options));
    });
}

function add_selftest(program: Command, ended: (status: ExitStatus) => void): void {
  program.command("selftest")
    .description("check armvm itself, with every accelerator and engine of this host")
    .addHelpText("after", "\nExample:\n  armvm selftest && echo fine")
    .action(async () => {
      const { selftest } = await import("./selftest.ts");
      ended(await selftest());
    });
}

function add_doctor(program: Command, ended: (status: ExitStatus) => void): void {
  program.command("doctor")
    .description("say what an image is, what it lacks for this machine, and how to boot it")
    .argument("<image>", "what is to be booted")
    .option("--initrd <file>", "what is to be its initial RAM disk")
    .option("--json", "as JSON")
    .addHelpText(
      "after",
      `
Examples:
  armvm doctor zImage
  armvm doctor zImage --initrd initramfs.cpio.gz

Ends with status 4 when a problem was found.`,
    )
    .action(async (image, options) => {
      const { doctor } = await import("./doctor.ts");
      ended(await doctor(image, options));
    });
}

function add_info(program: Command, ended: (status: ExitStatus) => void): void {
  program.command("info")
    .description("print what this host offers: accelerators, CPUs, features, and why not")
    .option("--json", "as JSON")
    .addHelpText("after", "\nExamples:\n  armvm info\n  armvm info --json")
    .action(async (options) => {
      const { info } = await import("./info.ts");
      ended(await info(options));
    });
}

function add_dtb(program: Command, ended: (status: ExitStatus) => void): void {
  program.command("dtb")
    .description("print the machine's device tree")
    .addOption(
      new Option("--format <name>", "source or binary").choices(["dts", "dtb"])
        .default("dts" as const),
    )
    .addOption(memory_option())
    .addOption(cpu_option())
    .option("--append <string>", "kernel command line to put in")
    .option("--output <file>", "write to a file instead of standard output")
    .addHelpText(
      "after",
      "\nExamples:\n  armvm dtb | less\n  armvm dtb --format dtb --output virt.dtb",
    )
    .action(async (options) => {
      const { dtb } = await import("./dtb.ts");
      ended(await dtb(options));
    });
}

function add_completions(program: Command, ended: (status: ExitStatus) => void): void {
  program.command("completions")
    .description("print a shell's completion script")
    .addArgument(program.createArgument("<shell>", "bash, zsh or fish").choices(SHELLS))
    .addHelpText(
      "after",
      `
Examples:
  source <(armvm completions bash)
  armvm completions zsh > ~/.zfunc/_armvm
  armvm completions fish > ~/.config/fish/completions/armvm.fish`,
    )
    .action(async (shell) => {
      const { completions } = await import("./completions.ts");
      const { write_stdout } = await import("./output.ts");
      ended(await write_stdout(completions(shell as (typeof SHELLS)[number], program)));
    });
}

function memory_option() {
  return new Option("--memory <size>", "guest memory, 1M to 3G")
    .argParser(option("memory", parse_memory)).default(512 << 20, "512M");
}

function accel_option() {
  return new Option("--accel <name>", "what runs the guest").choices(ACCELS)
    .default("auto" as const);
}

function engine_option() {
  return new Option("--engine <name>", "how the software core runs it").choices(ENGINES)
    .default("auto" as const);
}

/** Throws when an engine is asked for that will not be used. */
function check_engine(options: { readonly accel: string; readonly engine: string }): void {
  if (options.accel !== "kvm" || options.engine === "auto") return;
  throw new CliError(
    EXIT_STATUS.usage,
    "--engine is for the software core; leave it out with --accel kvm",
  );
}

function cpu_option() {
  return new Option("--cpu <model>", "CPU model").choices(CPUS).default("cortex-a15" as const);
}

/** A parser whose RangeError becomes a usage error that names the option. */
function option<T>(name: string, parse: (text: string) => T): (text: string) => T {
  return (text) => {
    try {
      return parse(text);
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      throw new CliError(EXIT_STATUS.usage, `--${name}: ${error.message}`);
    }
  };
}
