/**
 * Speed against QEMU's TCG on the same machine: alternating runs, medians, ratios.
 *
 *     deno task bench [--runs 3] [--seconds 0.5] [--kernel armmp|lpae] [--only boot,programs]
 *
 * @module
 */
import { parseArgs } from "node:util";
import { soft_flags } from "../packaging/run_flags.ts";
import { boot_once, type BootResult, type Vmm } from "./boot_once.ts";
import { build_bench_guest, PROGRAMS, SHELL } from "./build_guests.ts";

/** One measured quantity, larger is better, or a time. */
interface Measure {
  readonly name: string;
  readonly unit: string;
  readonly value: number;
  /** A checksum, or an exit status. */
  readonly check: string;
}

/** Reads the lines that `bench/guest/bench.h` and `timeit.c` print. */
export function parse_measures(output: string): Measure[] {
  const line = /^(\w+): ([\d.e+]+) (\S+) (?:\(best-chunk \S+ \[n=\d+ t=\S+ check|\[rc)=(\w+)/;
  return output.split(/\r?\n/).flatMap((text) => {
    const m = line.exec(text);
    return m ? [{ name: m[1]!, value: Number(m[2]), unit: m[3]!, check: m[4]! }] : [];
  });
}

/** The middle of some numbers. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[sorted.length >> 1]!;
}

function geometric_mean(values: readonly number[]): number {
  return Math.exp(values.reduce((sum, v) => sum + Math.log(v), 0) / values.length);
}

const { values: flags } = parseArgs({
  args: Deno.args,
  options: {
    runs: { type: "string", default: "3" },
    seconds: { type: "string", default: "0.5" },
    kernel: { type: "string", default: "armmp" },
    only: { type: "string", default: "start,boot,programs" },
    programs: { type: "string", default: [...Object.keys(PROGRAMS), SHELL].join() },
  },
});

const MAIN = new URL("../main.ts", import.meta.url).pathname;
const ARMVM: readonly string[] = ["run", "--no-check", ...soft_flags(), MAIN];
type Kernel = "armmp" | "lpae";
const KERNELS: readonly Kernel[] = ["armmp", "lpae"];
const VMMS: readonly Vmm[] = ["qemu", "armvm"];
const runs = Number(flags.runs);

async function alternate<T>(times: number, f: (vmm: Vmm) => Promise<T>): Promise<Record<Vmm, T[]>> {
  const out: Record<Vmm, T[]> = { qemu: [], armvm: [] };
  for (let i = 0; i < times; i++) for (const vmm of VMMS) out[vmm].push(await f(vmm));
  return out;
}

const MIB = 2 ** 20;

function report_boot(title: string, results: Record<Vmm, BootResult[]>): void {
  const qemu = median(results.qemu.map((r) => r.ready_ms));
  const armvm = median(results.armvm.map((r) => r.ready_ms));
  const rss = (vmm: Vmm): string =>
    (median(results[vmm].map((r) => r.peak_rss)) / MIB).toFixed(0).padStart(4);
  console.log(
    `${title.padEnd(34)} ${(qemu / 1000).toFixed(2).padStart(7)} s  ` +
      `${(armvm / 1000).toFixed(2).padStart(7)} s   x${(armvm / qemu).toFixed(2)} of QEMU's time` +
      `   (resident ${rss("qemu")} and ${rss("armvm")} MiB of which guest RAM 512)`,
  );
}

async function bench_start(): Promise<void> {
  const times: number[] = [];
  for (let i = 0; i < 5; i++) {
    const start = performance.now();
    await new Deno.Command(Deno.execPath(), { args: [...ARMVM, "--version"] }).output();
    times.push(performance.now() - start);
  }
  console.log(`armvm --version: ${median(times).toFixed(0)} ms`);
  for (const engine of ["interpreter", "translator"]) {
    console.log(`demo guest's integer loops, ${engine}: ${await demo_mips(engine)} MIPS`);
  }
}

/** What the demo guest measures, in millions of instructions a second. */
async function demo_mips(engine: string): Promise<string> {
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: [...ARMVM, "demo", "--engine", engine],
    stdin: "null",
  }).output();
  return /together\s+(\d+) MIPS/.exec(new TextDecoder().decode(stdout))?.[1] ?? "?";
}

async function bench_boot(kernel: Kernel): Promise<void> {
  const guest = await build_bench_guest(kernel);
  console.log(`\n${"".padEnd(34)} ${"QEMU".padStart(9)}  ${"armvm".padStart(9)}`);
  report_boot(`${kernel} to ARMVM-READY`, await alternate(runs, (vmm) => boot_once(vmm, guest)));
  report_boot(
    `${kernel}, guest unpacks itself`,
    await alternate(runs, (vmm) => boot_once(vmm, guest, { armvm: ["--no-unpack"] })),
  );
}

/** Programs whose numbers are times: of these, smaller ones are better. */
const is_time = (measure: Measure): boolean => measure.unit === "s";

async function bench_programs(): Promise<void> {
  const guest = await build_bench_guest(flags.kernel as Kernel);
  const append = `bench=${flags.programs} bencht=${flags.seconds}`;
  const results = await alternate(runs, async (vmm) => {
    const { output } = await boot_once(vmm, guest, { append, timeout: 900 });
    return parse_measures(output);
  });
  const title = [
    "program".padEnd(24),
    "QEMU".padStart(10),
    "armvm".padStart(10),
    "ratio".padStart(7),
  ];
  console.log(`\n${title.join(" ")}`);
  const rates: number[] = [], times: number[] = [];
  for (const first of results.qemu[0]!) {
    const ratio = report_program(first, results);
    if (ratio !== undefined) (is_time(first) ? times : rates).push(ratio);
  }
  report_mean("programs", rates);
  report_mean("shell commands", times);
}

/** Prints a program's line; its ratio, where both gave the same result each time. */
function report_program(
  { name, unit, check }: Measure,
  results: Record<Vmm, Measure[][]>,
): number | undefined {
  const of = (vmm: Vmm): Measure[] => results[vmm].flatMap((r) => r.filter((m) => m.name === name));
  const qemu = of("qemu"), armvm = of("armvm");
  const missing = armvm.length < runs || qemu.length < runs;
  const differs = [...qemu, ...armvm].some((m) => m.check !== check);
  const a = median(qemu.map((m) => m.value)), b = median(armvm.map((m) => m.value));
  const ratio = unit === "s" ? a / b : b / a;
  const remark = missing ? "  MISSING" : differs ? "  CHECKSUM DIFFERS" : "";
  const column = (x: number): string => (x ?? NaN).toPrecision(4).padStart(10);
  console.log(
    `${name.padEnd(24)} ${column(a)} ${column(b)} ${
      ratio.toFixed(2).padStart(7)
    }  ${unit}${remark}`,
  );
  return remark === "" ? ratio : undefined;
}

function report_mean(what: string, ratios: readonly number[]): void {
  if (ratios.length === 0) return;
  const mean = geometric_mean(ratios).toFixed(2);
  console.log(`geometric mean of ${ratios.length} ${what}: x${mean} of QEMU's speed`);
}

if (import.meta.main) {
  const only = flags.only.split(",");
  if (only.includes("start")) await bench_start();
  if (only.includes("boot")) { for (const kernel of KERNELS) await bench_boot(kernel); }
  if (only.includes("programs")) await bench_programs();
}
