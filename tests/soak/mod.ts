/**
 * Boot and mixed load in one process for as long as one likes, outside CI:
 * `deno run -A tests/soak/mod.ts [--minutes 60] [--kernel armmp|lpae] [--engine NAME]`.
 *
 * A round is shell pipelines whose output is known, and every program of `bench/guest`, whose
 * checksums must stay what they were; after every few rounds the guest reboots. At the end, later
 * rounds must have taken no more CPU time than earlier ones and the process's resident memory must not have
 * grown, both within bounds. Ends with status 1 otherwise.
 *
 * @module
 */
import { parseArgs } from "node:util";
import { build_bench_guest, PROGRAMS } from "../../bench/build_guests.ts";
import { Running } from "../cli/running.ts";
import { expected_outputs, type Load, PIPELINES } from "./load.ts";
import { Trend } from "./trend.ts";

/**
 * The part of the time before memory and time are held against later ones: room for decoded
 * instructions and page maps is committed as it is first used, and full only then.
 */
const WARM_UP = 0.25;
/** Rounds between two reboots. */
const ROUNDS_PER_BOOT = 5;
const PATIENCE_MS = 600_000;
const MEMORY_GROWTH = 1.1;
const SLOW_DOWN = 1.2;
const MIB = 2 ** 20;

/** A guest with a shell, and what its programs have said before. */
class Soak {
  readonly #guest: Running;
  readonly #expected: Map<string, string>;
  readonly wrong: string[] = [];
  #marks = 0;

  constructor(guest: Running, expected: ReadonlyMap<string, string>) {
    this.#guest = guest;
    this.#expected = new Map(expected);
  }

  async booted(): Promise<void> {
    await this.#guest.expect("ARMVM-READY ", PATIENCE_MS);
    await this.#guest.expect("# ", PATIENCE_MS);
    // Without a prompt and without an echo, what comes back is what the commands say. The answer is
    // not in the line's own echo, after which the next line's would still come.
    await this.#guest.type(
      'stty -echo; echo "qui""et"; while read -r line; do eval "$line"; done\r',
    );
    await this.#guest.expect("quiet\r\n");
  }

  /** What a command says. */
  async #run(command: string): Promise<string> {
    const mark = `mark-${++this.#marks}`;
    await this.#guest.type(`${command}; echo ${mark}\r`);
    const said = await this.#guest.expect(`${mark}\r\n`, PATIENCE_MS);
    return said.split("\r\n").slice(0, -2).join("\n");
  }

  #check(name: string, said: string): void {
    const expected = this.#expected.get(name);
    if (expected === undefined) this.#expected.set(name, said);
    else if (said !== expected) this.wrong.push(`${name}: "${said}" in place of "${expected}"`);
  }

  async round(loads: readonly Load[]): Promise<void> {
    for (const { name, command } of loads) {
      this.#check(name, await this.#run(command));
    }
    for (const program of Object.keys(PROGRAMS)) {
      const said = await this.#run(`/bench/${program} -n 2`);
      if (said.includes("MISMATCH")) this.wrong.push(`${program}: ${said}`);
      const checks = [...said.matchAll(/^(\w+): .*check=(\w+)/gm)].map(([, name, sum]) =>
        `${name} ${sum}`
      );
      this.#check(program, checks.join(", "));
    }
  }

  async reboot(): Promise<void> {
    await this.#guest.type("reboot -f\r");
    await this.booted();
  }
}

async function resident(pid: number): Promise<number> {
  const status = await Deno.readTextFile(`/proc/${pid}/status`);
  return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0) * 1024;
}

/** Seconds of CPU time that a process has used (proc(5): utime and stime, USER_HZ 100). */
async function cpu_seconds(pid: number): Promise<number> {
  const stat = await Deno.readTextFile(`/proc/${pid}/stat`);
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

/** Milliseconds that a fixed piece of work takes: other load on the host slows it down as well. */
function yardstick(): number {
  const started = performance.now();
  let x = 1;
  for (let i = 0; i < 3e7; i++) x = (Math.imul(x, 1103515245) + 12345) | 0;
  return performance.now() - started + (x === 0 ? 1 : 0);
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      minutes: { type: "string", default: "60" },
      kernel: { type: "string", default: "armmp" },
      engine: { type: "string", default: "auto" },
    },
  });
  const duration = Number(values.minutes) * 60_000;
  const start = performance.now(), end = start + duration;
  const { kernel, initrd } = await build_bench_guest(values.kernel as "armmp" | "lpae");
  const append = "console=ttyAMA0 quiet cryptomgr.notests=1 shell";
  await using guest = Running.armvm([
    ...["boot", kernel, "--initrd", initrd, "--memory", "256M", "--accel", "soft", "--stats"],
    ...["--engine", values.engine, "--append", append],
  ]);
  const soak = new Soak(guest, await expected_outputs());
  await soak.booted();
  const memory = new Trend(), time = new Trend();
  for (let round = 1; performance.now() < end && soak.wrong.length === 0; round++) {
    const before = await cpu_seconds(guest.pid);
    const host = yardstick();
    await soak.round(PIPELINES);
    const seconds = await cpu_seconds(guest.pid) - before;
    const host_ms = Math.min(host, yardstick());
    if (round % ROUNDS_PER_BOOT === 0) await soak.reboot();
    const bytes = await resident(guest.pid);
    if (performance.now() > start + WARM_UP * duration) {
      memory.add(bytes);
      time.add(seconds / host_ms);
    }
    console.log(
      `round ${round}: ${seconds.toFixed(1)} s of CPU (the host's yardstick ${
        host_ms.toFixed(0)
      } ms), ${(bytes / MIB).toFixed(0)} MiB resident`,
    );
  }
  await guest.type("exit\r");
  const status = await guest.ended(PATIENCE_MS);
  if (status !== 0) soak.wrong.push(`armvm ended with status ${status}: ${guest.stderr}`);
  else console.log(guest.stderr);
  if (memory.growth > MEMORY_GROWTH) {
    soak.wrong.push(`memory grew ${memory.growth.toFixed(2)} times`);
  }
  if (time.growth > SLOW_DOWN) {
    soak.wrong.push(`rounds took ${time.growth.toFixed(2)} times as long`);
  }
  for (const line of soak.wrong) console.error(`WRONG: ${line}`);
  const trend = (name: string, { growth }: Trend): string => `${name} x${growth.toFixed(2)}`;
  console.log(`${trend("resident memory", memory)}, ${trend("time of a round", time)}`);
  return soak.wrong.length === 0 ? 0 : 1;
}

if (import.meta.main) Deno.exit(await main());
