import { join } from "node:path";
import { file } from "../tools/cpio.ts";
import { guest_file, guest_folder, why_missing } from "../tools/fetch_guests.ts";
import { build_initramfs } from "../tools/initramfs.ts";

/** Benchmark programs of `bench/guest`, and the compiler options that some want. */
export const PROGRAMS: Readonly<Record<string, readonly string[]>> = {
  intloop: ["-march=armv7ve+fp"],
  dhry: [],
  sieve: [],
  qsort: [],
  interp: [],
  sha256: [],
  matmul: [],
  neon: ["-mfpu=neon", "-O3"],
  membw: [],
  chase: [],
  smc: [],
  sysc: [],
  forkexec: [],
};

/** Times a command; `shell.sh` runs it. */
const TIMER = "timeit";
/** Shell pipelines, as a benchmark program. */
export const SHELL = "shell.sh";

/** What a run of the benchmark boots. */
export interface BenchGuest {
  readonly kernel: string;
  readonly initrd: string;
}

async function run(command: string, args: readonly string[]): Promise<void> {
  const { success, stderr } = await new Deno.Command(command, {
    args: [...args],
    stdout: "null",
    stderr: "piped",
  }).output();
  if (!success) throw new Error(`${command} failed: ${new TextDecoder().decode(stderr).trim()}`);
}

/** Compiles the programs for armhf and packs them, with busybox, into an initramfs. */
export async function build_bench_guest(flavour: "armmp" | "lpae"): Promise<BenchGuest> {
  const log = (line: string): void => console.error(line);
  const kernel = await guest_file(`zImage-${flavour}`, { log });
  const busybox = await guest_file("busybox-armhf", { log });
  if (kernel === undefined) throw new Error(why_missing(`zImage-${flavour}`));
  if (busybox === undefined) throw new Error(why_missing("busybox-armhf"));
  const folder = join(guest_folder(), "bench");
  await Deno.mkdir(folder, { recursive: true });
  const source = join(import.meta.dirname!, "guest");
  const entries = [];
  const script = await Deno.readFile(join(source, SHELL));
  entries.push(file(`bench/${SHELL}`, script, true));
  for (const [name, options] of Object.entries({ ...PROGRAMS, [TIMER]: [] })) {
    const out = join(folder, name);
    await run("arm-linux-gnueabihf-gcc", [
      "-O2",
      ...options,
      "-static",
      "-s",
      "-o",
      out,
      join(source, `${name}.c`),
      "-lm",
    ]);
    entries.push(file(`bench/${name}`, await Deno.readFile(out), true));
  }
  const initrd = join(folder, "initramfs.cpio.gz");
  await Deno.writeFile(
    initrd,
    await build_initramfs({ busybox: await Deno.readFile(busybox), entries }),
  );
  return { kernel, initrd };
}
