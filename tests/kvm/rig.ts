import { join } from "node:path";
import { guest_file, guest_folder, why_missing } from "../../tools/fetch_guests.ts";
import type { OuterMachine } from "./machines.ts";
import { base_archive, overlay_archive } from "./outer_initramfs.ts";
import { outer_qemu } from "./outer_qemu.ts";

/** What is run in an outer machine. */
export interface RigOptions {
  /** Shell script, run in the project's folder. */
  readonly script: string;
  /** More files, below the project's folder. */
  readonly files?: Readonly<Record<string, Uint8Array>>;
  /** Gives up after this many milliseconds. */
  readonly limit_ms: number;
  /** RAM of the machine in MiB; default 2048. */
  readonly memory_mib?: number;
  /**
   * Takes each piece of the console's output as it comes, and how many milliseconds of CPU time the
   * machine has taken until then, all its CPUs together.
   */
  readonly on_output?: (text: string, cpu_ms: number) => void;
}

/** How a run ended. */
export interface RigResult {
  /** The script's status; undefined when the machine ended without saying it. */
  readonly status: number | undefined;
  /** All that came over the serial console. */
  readonly output: string;
  /** From launch to power-off. */
  readonly seconds: number;
}

// kpti=off matters most: without it an emulated system call takes ten times as long.
const APPEND = "console=ttyAMA0 panic=-1 quiet kpti=off mitigations=off nokaslr";

let base: Promise<string> | undefined;

/** Boots an outer machine, runs the script in it, and waits for its power-off. */
export async function run_in_rig(machine: OuterMachine, options: RigOptions): Promise<RigResult> {
  const kernel = await guest_file("Image-cloud-arm64");
  if (kernel === undefined) {
    throw new Error(`Cannot get the outer kernel: ${why_missing("Image-cloud-arm64")}`);
  }
  const initrd = await Deno.makeTempFile({ dir: guest_folder(), prefix: ".rig-" });
  try {
    base ??= write_base();
    await Deno.copyFile(await base, initrd);
    await Deno.writeFile(initrd, await overlay_archive(options), { append: true });
    return await boot(machine, { ...options, kernel, initrd });
  } finally {
    await Deno.remove(initrd);
  }
}

async function write_base(): Promise<string> {
  const path = join(guest_folder(), "kvm-rig-base.cpio");
  const temporary = `${path}.${Deno.pid}`;
  await Deno.writeFile(temporary, await base_archive((line) => console.error(line)));
  await Deno.rename(temporary, path);
  return path;
}

async function boot(
  machine: OuterMachine,
  options: RigOptions & { readonly kernel: string; readonly initrd: string },
): Promise<RigResult> {
  const command = await outer_qemu((line) => console.error(line));
  const started = performance.now();
  await using qemu = new Deno.Command(command, {
    args: [
      ...["-M", `virt,virtualization=on,gic-version=${machine.gic}`],
      ...["-cpu", machine.cpu, "-accel", "tcg,thread=multi", "-smp", "2"],
      ...["-m", String(options.memory_mib ?? 2048), "-nodefaults", "-display", "none"],
      ...["-no-reboot", "-serial", "stdio"],
      ...["-kernel", options.kernel, "-initrd", options.initrd, "-append", APPEND],
    ],
    stdin: "null",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  const timer = setTimeout(() => qemu.kill("SIGKILL"), options.limit_ms);
  let output = "";
  try {
    for await (const chunk of qemu.stdout.pipeThrough(new TextDecoderStream())) {
      const text = chunk.replaceAll("\r\n", "\n");
      output += text;
      options.on_output?.(text, cpu_ms(qemu.pid));
    }
    await qemu.status;
  } finally {
    clearTimeout(timer);
  }
  const status = /^## RC (\d+)$/m.exec(output)?.[1];
  return {
    status: status === undefined ? undefined : Number(status),
    output,
    seconds: (performance.now() - started) / 1000,
  };
}

/** User and system time of a process of this host (proc(5): in ticks, of which Linux shows 100/s). */
function cpu_ms(pid: number): number {
  const stat = Deno.readTextFileSync(`/proc/${pid}/stat`);
  // The name, in parentheses, may have spaces.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return 10 * (Number(fields[11]) + Number(fields[12]));
}
