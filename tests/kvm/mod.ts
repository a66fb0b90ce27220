/**
 * Runs the KVM suite: in emulated arm64 hosts, or on this one when it is an arm64 host with KVM.
 *
 * `deno task test:kvm [MACHINE...]`. The last line counts tests as the test runner does.
 *
 * @module
 */
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Counts, counts_of, summary_line } from "./counts.ts";
import { MACHINES, type OuterMachine } from "./machines.ts";
import { run_in_rig } from "./rig.ts";
import { SUITE, suite_guests } from "./suite.ts";

const LIMIT_MS = 6 * 60_000;
/** More for each further boot of the guests. */
const LIMIT_BOOT_MS = 2 * 60_000;
// In the rig nothing is type-checked: that alone would take longer than the tests.
const FLAGS = ["-A", "--no-check", "--no-lock"];

async function in_rig(machine: OuterMachine, files: Record<string, Uint8Array>): Promise<Counts> {
  console.log(`== ${machine.name}: ${machine.cpu}, GICv${machine.gic}`);
  const boots = Number(Deno.env.get("ARMVM_BOOTS") ?? 1);
  const { status, output, seconds } = await run_in_rig(machine, {
    script: `export ARMVM_BOOTS=${boots}\ndeno test ${FLAGS.join(" ")} ${SUITE.join(" ")}\n`,
    files,
    limit_ms: LIMIT_MS + (boots - 1) * LIMIT_BOOT_MS,
    on_output: (text) => Deno.stdout.writeSync(new TextEncoder().encode(text)),
  });
  console.log(`== ${machine.name}: ${seconds.toFixed(1)} s from launch to power-off`);
  return counts_of(output, status);
}

async function here(files: Record<string, Uint8Array>): Promise<Counts> {
  const root = fileURLToPath(new URL("../../", import.meta.url));
  await Deno.mkdir(join(root, "guests"), { recursive: true });
  try {
    for (const [name, bytes] of Object.entries(files)) {
      await Deno.writeFile(join(root, name), bytes);
    }
    const { code, stdout } = await new Deno.Command(Deno.execPath(), {
      args: ["test", ...FLAGS, ...SUITE],
      cwd: root,
      stderr: "inherit",
      env: { NO_COLOR: "1" },
    }).output();
    const output = new TextDecoder().decode(stdout);
    console.log(output);
    return counts_of(output, code);
  } finally {
    await Deno.remove(join(root, "guests"), { recursive: true });
  }
}

if (import.meta.main) {
  const started = performance.now();
  const files = await suite_guests((line) => console.error(line));
  const total: Counts = { passed: 0, failed: 0, ignored: 0 };
  const add = (counts: Counts): void => {
    total.passed += counts.passed;
    total.failed += counts.failed;
    total.ignored += counts.ignored;
  };
  if (Deno.build.arch === "aarch64" && Deno.args.length === 0) add(await here(files));
  else {
    const unknown = Deno.args.filter((name) => !MACHINES.some((machine) => machine.name === name));
    if (unknown.length > 0) {
      console.error(`no such machine: ${unknown.join(", ")}`);
      Deno.exit(2);
    }
    for (const machine of MACHINES) {
      if (Deno.args.length === 0 || Deno.args.includes(machine.name)) {
        add(await in_rig(machine, files));
      }
    }
  }
  console.log(summary_line(total, performance.now() - started));
  Deno.exit(total.failed > 0 ? 1 : 0);
}
