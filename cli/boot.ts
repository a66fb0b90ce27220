import { AcceleratorError, ImageError } from "../host/errors.ts";
import { Machine } from "../host/machine.ts";
import type { Ended } from "../mod.ts";
import { type BootOptions, type GuestFiles, read_files } from "./boot_files.ts";
import { CliError, EXIT_STATUS, type ExitStatus } from "./exit_status.ts";
import { open_console } from "./console.ts";
import { print, say } from "./output.ts";
import { Progress } from "./progress.ts";
import { watch_silence } from "./silence.ts";
import { format_final_stats } from "./stats.ts";
import { Stopper } from "./stopper.ts";
import { flags_hint } from "./v8_flags.ts";

// Linux on ARM cuts its command line off after this many bytes (COMMAND_LINE_SIZE less the NUL).
const LINUX_COMMAND_LINE = 1023;

/** How {@link run_guest} runs a guest. */
export interface RunGuestOptions extends Omit<BootOptions, "initrd" | "dtb"> {
  /** What the end of a standard input that is no terminal sends to the guest; default: nothing. */
  readonly input_end?: Uint8Array;
}

/**
 * `armvm boot`: runs a guest with its serial line on the terminal; `files` may be on their way
 * already.
 */
export async function boot(
  image: string,
  options: BootOptions,
  files: Promise<GuestFiles> = read_files(image, options),
): Promise<ExitStatus> {
  using stopper = new Stopper();
  if (new TextEncoder().encode(options.append).length > LINUX_COMMAND_LINE) {
    const line = `--append is longer than ${LINUX_COMMAND_LINE} bytes; Linux will cut it off`;
    log_with(options)("warn", line);
  }
  // A file may be a pipe that nobody writes to.
  const read = await Promise.race([files, stopper.stopped]);
  if (typeof read === "number") return read;
  return await run_guest(read, options, stopper);
}

/** Runs a guest until it ends; says what status to end with. */
export async function run_guest(
  files: GuestFiles,
  options: RunGuestOptions,
  stopper: Stopper,
): Promise<ExitStatus> {
  const log = log_with(options);
  const profile = options.profile === undefined && options.symbols === undefined
    ? undefined
    : await import("./profile/write.ts");
  const symbols = await profile?.read_symbols(options.symbols ?? []) ?? [];
  using progress = new Progress("unpacking the kernel", { quiet: options.quiet === true });
  const opening = open_machine({
    ...files,
    append: options.append,
    memory: options.memory,
    cpu: options.cpu,
    accel: options.accel,
    engine: options.engine,
    unpack: options.unpack,
    no_reboot: !options.reboot,
    profile: options.profile !== undefined,
    start: true,
    ...(options.jitCacheSize !== undefined && { jit_cache_size: options.jitCacheSize }),
    log,
    progress: (fraction) => progress.update(fraction),
  });
  const machine = await Promise.race([opening, stopper.stopped]);
  // Stopped while loading: the loading thread ends with the process.
  if (!(machine instanceof Machine)) return machine;
  progress.end();
  const hint = machine.accel.accel === "soft" ? flags_hint() : undefined;
  if (hint !== undefined) log("debug", hint);
  await using _machine = machine;
  const started = performance.now();
  // Its output waits until somebody takes it, and so need not the guest.
  const running = machine.run({
    signal: stopper.signal,
    ...(options.timeout === undefined ? {} : { timeout: options.timeout * 1000 }),
  });
  const opening_console = open_console(options.console, {
    machine,
    stopper,
    ...(options.input_end && { input_end: options.input_end }),
  });
  const link = await Promise.race([opening_console, stopper.stopped]);
  if (typeof link === "number") return link;
  using console = link;
  using _silence = options.quiet ? undefined : watch_silence({
    machine,
    files,
    append: options.append,
    unpacks_itself: !options.unpack && machine.accel.accel === "soft",
  });
  const ended = await running;
  await console.drain();
  const seconds = (performance.now() - started) / 1000;
  log("debug", `ended by ${ended.kind} after ${seconds.toFixed(2)} s`);
  if (options.stats) print(format_final_stats(await machine.monitor("stats"), seconds));
  if (profile !== undefined && options.profile !== undefined) {
    const { samples } = machine;
    if (samples === undefined) say("there is no profile: the software core takes them, and ended");
    else {
      const all = [...profile.own_symbols(files.kernel, machine.symbols), ...symbols];
      await profile.write_profile(options.profile, {
        samples,
        name: files.kernel.name,
        symbols: all,
      });
    }
  }
  return status_of(ended, { stopper, timeout: options.timeout });
}

function log_with(options: Pick<BootOptions, "quiet" | "verbose">) {
  return (level: "warn" | "info" | "debug", line: string): void => {
    if (options.quiet || (level === "debug" && !options.verbose)) return;
    say(level === "warn" ? `warning: ${line}` : line);
  };
}

/** Opens the machine; what is wrong with the input becomes the user's error. */
export async function open_machine(options: Parameters<typeof Machine.open>[0]): Promise<Machine> {
  try {
    return await Machine.open(options);
  } catch (error) {
    if (error instanceof AcceleratorError) {
      throw new CliError(EXIT_STATUS.accelerator, in_line(error.message));
    }
    if (error instanceof ImageError) {
      throw new CliError(EXIT_STATUS.bad_image, in_line(error.message));
    }
    throw error;
  }
}

/** A message that follows "armvm: ", on one line whatever the names in it. */
function in_line(message: string): string {
  return (message.charAt(0).toLowerCase() + message.slice(1)).replaceAll(/\s+/g, " ");
}

function status_of(
  ended: Ended,
  context: { readonly stopper: Stopper; readonly timeout: number | undefined },
): ExitStatus {
  switch (ended.kind) {
    case "powered_off":
      return EXIT_STATUS.ok;
    case "stopped":
      return context.stopper.status;
    case "reset":
      say("the guest reset; stopped because of --no-reboot");
      return EXIT_STATUS.reset;
    case "panic":
      say(`the guest's kernel panicked: ${ended.message}`);
      return EXIT_STATUS.panic;
    case "timeout":
      say(`stopped: --timeout of ${context.timeout} s passed`);
      return EXIT_STATUS.timeout;
    case "failed":
      say(`internal error: ${ended.message}`);
      return EXIT_STATUS.internal_error;
  }
}
