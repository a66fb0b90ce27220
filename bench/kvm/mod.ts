/**
 * The `bench:kvm` task: armvm against QEMU with KVM and against a loop in C, in an emulated arm64
 * host.
 *
 * `deno task bench:kvm [ROUNDS]`. Use the ratios: everything runs under emulation. Beside the time
 * that passes there is CPU time of the emulated host, which other work on this one disturbs less;
 * armvm has two threads at work, so with two idle CPUs less time passes than that.
 *
 * @module
 */
import { join } from "node:path";
import { guest_file } from "../../tools/fetch_guests.ts";
import { bundle, files_of } from "../../packaging/bundle.ts";
import { run_flags } from "../../packaging/run_flags.ts";
import { MACHINES } from "../../tests/kvm/machines.ts";
import { run_in_rig } from "../../tests/kvm/rig.ts";
import { suite_guests } from "../../tests/kvm/suite.ts";
import { peer_files } from "./peer.ts";

const LIMIT_MS = 30 * 60_000;

async function program_files(): Promise<Record<string, Uint8Array>> {
  const work = await Deno.makeTempDir({ prefix: "armvm-bench-" });
  try {
    const folder = join(work, "program");
    await bundle(folder);
    const files: Record<string, Uint8Array> = {};
    for (const name of await files_of(folder)) {
      files[`program/${name}`] = await Deno.readFile(join(folder, name));
    }
    const exits = join(work, "exits.so");
    const { success, stderr } = await new Deno.Command("aarch64-linux-gnu-gcc", {
      args: ["-O2", "-shared", "-fPIC", "-o", exits, join(import.meta.dirname!, "exits.c")],
    }).output();
    if (!success) throw new Error(new TextDecoder().decode(stderr));
    files["exits.so"] = await Deno.readFile(exits);
    for (const name of ["mod.ts", "inside.ts"]) {
      files[`bench/kvm/${name}`] = await Deno.readFile(join(import.meta.dirname!, name));
    }
    return files;
  } finally {
    await Deno.remove(work, { recursive: true });
  }
}

/** Takes CPU time between the lines `## FROM what` and `## UNTIL what`. */
class CpuTimes {
  /** Milliseconds by `what`. */
  readonly times = new Map<string, number[]>();
  readonly #from = new Map<string, number>();
  #line = "";

  /** Reads along. */
  see(text: string, cpu_ms: number): void {
    const lines = (this.#line + text).split("\n");
    this.#line = lines.pop()!;
    for (const line of lines) {
      const [, edge, what] = /^## (FROM|UNTIL) (.*)$/.exec(line) ?? [];
      if (edge === "FROM") this.#from.set(what!, cpu_ms);
      if (edge !== "UNTIL") continue;
      const times = this.times.get(what!) ?? [];
      times.push(cpu_ms - this.#from.get(what!)!);
      this.times.set(what!, times);
    }
  }
}

function compare(what: string, { armvm, peer }: Readonly<Record<"armvm" | "peer", number[]>>) {
  const [mine, its] = [median(armvm), median(peer)];
  // Of neighbours in time, since the machine's speed drifts.
  const ratio = median(armvm.map((value, index) => value / peer[index]!));
  console.log(
    `${what}: armvm ${mine.toFixed(0)}, peer ${its.toFixed(0)}, ratio ${ratio.toFixed(2)}`,
  );
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1]!;
}

if (import.meta.main) {
  const log = (line: string) => console.error(line);
  const { "guests/Image.gz": _, ...guests } = await suite_guests(log);
  const files = {
    ...guests,
    "guests/Image": await Deno.readFile((await guest_file("Image-arm64"))!),
    ...await program_files(),
    ...await peer_files(log),
  };
  const cpu = new CpuTimes();
  const args = [Number(Deno.args[0] ?? 3), ...run_flags("aarch64-unknown-linux-gnu")];
  const { output } = await run_in_rig(MACHINES[0]!, {
    script: `deno run -A --no-check bench/kvm/inside.ts ${args.join(" ")}\n`,
    files,
    limit_ms: LIMIT_MS,
    memory_mib: 3072,
    on_output: (text, cpu_ms) => {
      cpu.see(text, cpu_ms);
      Deno.stderr.writeSync(new TextEncoder().encode(text));
    },
  });
  const line = /^## RESULT (.*)$/m.exec(output)?.[1];
  if (line === undefined) Deno.exit(1);
  const result: Record<string, { armvm: number[]; peer: number[] }> = JSON.parse(line);
  for (const [what, times] of Object.entries(result)) compare(what, times);
  for (const name of ["zImage", "Image"]) {
    const [armvm = [], peer = []] = [
      cpu.times.get(`armvm, ${name}`),
      cpu.times.get(`peer, ${name}`),
    ];
    compare(`${name} to init, ms of CPU time`, { armvm, peer });
  }
}
