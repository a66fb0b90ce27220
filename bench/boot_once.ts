import { join } from "node:path";
import { soft_flags } from "../packaging/run_flags.ts";
import type { BenchGuest } from "./build_guests.ts";

/** Which virtual machine runs the guest. */
export type Vmm = "qemu" | "armvm";

/** Options of {@link boot_once}. */
export interface BootOptions {
  readonly append?: string;
  /** Further options of armvm's command line. */
  readonly armvm?: readonly string[];
  /** Seconds after which the run is given up. */
  readonly timeout?: number;
}

/** What one boot showed. */
export interface BootResult {
  /** Milliseconds from starting the process to `ARMVM-READY`. */
  readonly ready_ms: number;
  /** Milliseconds to the process's end. */
  readonly total_ms: number;
  /** Largest resident memory, bytes. */
  readonly peak_rss: number;
  /** Everything on the serial line. */
  readonly output: string;
}

const MAIN = join(import.meta.dirname!, "..", "main.ts");

function command(vmm: Vmm, guest: BenchGuest, options: BootOptions): string[] {
  const append = `console=ttyAMA0 ${options.append ?? ""}`.trim();
  if (vmm === "qemu") {
    return [
      "qemu-system-arm",
      ...["-M", "virt", "-cpu", "cortex-a15", "-m", "512", "-nodefaults", "-display", "none"],
      ...["-serial", "stdio", "-no-reboot", "-kernel", guest.kernel, "-initrd", guest.initrd],
      ...["-append", append],
    ];
  }
  return [
    Deno.execPath(),
    ...["run", "--no-check", ...soft_flags(), MAIN],
    ...["boot", guest.kernel, "--initrd", guest.initrd, "--memory", "512M", "--accel", "soft"],
    ...["--append", append, ...options.armvm ?? []],
  ];
}

/** Boots the guest once, from process start to power-off. */
export async function boot_once(
  vmm: Vmm,
  guest: BenchGuest,
  options: BootOptions = {},
): Promise<BootResult> {
  const [program, ...args] = command(vmm, guest, options);
  const start = performance.now();
  const child = new Deno.Command(program!, {
    args,
    stdin: "null",
    stdout: "piped",
    stderr: "null",
  }).spawn();
  const timer = setTimeout(() => child.kill("SIGKILL"), (options.timeout ?? 300) * 1000);
  let output = "", ready_ms = NaN, peak_rss = 0;
  const decoder = new TextDecoder();
  for await (const chunk of child.stdout) {
    output += decoder.decode(chunk, { stream: true });
    if (Number.isNaN(ready_ms) && output.includes("ARMVM-READY")) {
      ready_ms = performance.now() - start;
    }
    if (output.includes("ARMVM-READY")) peak_rss = Math.max(peak_rss, await resident(child.pid));
  }
  await child.status;
  clearTimeout(timer);
  if (Number.isNaN(ready_ms)) {
    throw new Error(`${vmm} did not reach ARMVM-READY; its last output:\n${output.slice(-1000)}`);
  }
  return { ready_ms, total_ms: performance.now() - start, peak_rss, output };
}

async function resident(pid: number): Promise<number> {
  try {
    const status = await Deno.readTextFile(`/proc/${pid}/status`);
    return Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? 0) * 1024;
  } catch {
    return 0;
  }
}
