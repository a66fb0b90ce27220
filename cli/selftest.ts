import { demo_image } from "../guest/demo/image.ts";
import { type Accel, AcceleratorError, type CpuModel, Machine, probe } from "../mod.ts";
import { DEMO_MEMORY } from "./demo.ts";
import { EXIT_STATUS, type ExitStatus } from "./exit_status.ts";
import { write_stdout } from "./output.ts";

const LIMIT_MS = 60_000;

/** One way to run a guest on this host. */
interface Way {
  readonly accel: Accel;
  readonly engine: "auto" | "translator" | "interpreter" | "reference";
  readonly cpu: CpuModel;
}

/** How one run of the self-test went. */
export interface Outcome {
  /** What is wrong; empty when all is well. */
  readonly wrong: readonly string[];
  /** What the guest measured and counted, for a person. */
  readonly summary: string;
  /** Why the accelerator does not take a guest of this kind at all. */
  readonly refused?: string;
}

/** `armvm selftest`: the demonstration unattended, in every way that this host can run it. */
export async function selftest(): Promise<ExitStatus> {
  let broken = 0;
  let runs = 0;
  for (const { name, probe: offer } of await probe()) {
    if (!offer.available) {
      await write_stdout(`${name}: not available: ${offer.reason}\n`);
      continue;
    }
    for (const way of ways_of(name)) {
      const started = performance.now();
      const { wrong, summary, refused } = await run_one(way);
      if (refused !== undefined) {
        await write_stdout(`${name_of(way)}: not available: ${refused}\n`);
        continue;
      }
      runs++;
      const seconds = ((performance.now() - started) / 1000).toFixed(1);
      if (wrong.length > 0) broken++;
      const verdict = wrong.length === 0 ? `ok: ${summary}` : `BROKEN: ${wrong.join("; ")}`;
      await write_stdout(`${name_of(way)}: ${verdict} (${seconds} s)\n`);
    }
  }
  if (runs === 0) {
    await write_stdout("nothing here can run a guest\n");
    return EXIT_STATUS.accelerator;
  }
  await write_stdout(
    broken === 0 ? `all ${runs} ways to run a guest work\n` : `${broken} of ${runs} are broken\n`,
  );
  return broken === 0 ? EXIT_STATUS.ok : EXIT_STATUS.internal_error;
}

function ways_of(accel: Accel): Way[] {
  if (accel === "kvm") return [{ accel, engine: "auto", cpu: "cortex-a15" }];
  return (["translator", "interpreter", "reference"] as const).flatMap((engine) =>
    (["cortex-a15", "cortex-a7"] as const).map((cpu) => ({ accel, engine, cpu }))
  );
}

function name_of({ accel, engine, cpu }: Way): string {
  return accel === "kvm" ? "kvm" : `soft, ${engine}, ${cpu}`;
}

async function run_one(way: Way): Promise<Outcome> {
  try {
    await using machine = await Machine.open({
      ...way,
      kernel: { bytes: demo_image(), name: "the self-test" },
      append: "selftest",
      memory: DEMO_MEMORY,
      no_reboot: true,
    });
    const reading = new Response(machine.console.readable).text();
    const ended = await machine.run({ timeout: LIMIT_MS });
    const said = await reading;
    const outcome = judge(said);
    if (ended.kind === "powered_off") return outcome;
    const how = "message" in ended ? `${ended.kind}: ${ended.message}` : ended.kind;
    const last = said.trimEnd().split("\n").at(-1)!.trim();
    return { ...outcome, wrong: [`ended by ${how} after "${last}"`, ...outcome.wrong] };
  } catch (error) {
    // Some hosts have KVM for 64-bit guests only.
    if (error instanceof AcceleratorError) {
      return { wrong: [], summary: "", refused: error.message };
    }
    return { wrong: [error instanceof Error ? error.message : String(error)], summary: "" };
  }
}

/** What the guest's words amount to. */
export function judge(said: string): Outcome {
  const wrong = [...said.matchAll(/^ {2}(.*?) +FAILED\r?$/gm)].map(([, name]) => name!);
  const counts = /^(\d+) checks passed, (\d+) failed/m.exec(said);
  const speed = /^ +together ([\d.]+ MIPS)/m.exec(said)?.[1];
  if (counts === null) return { wrong: [...wrong, "it did not get to the end"], summary: "" };
  if (Number(counts[2]) !== wrong.length) wrong.push(`${counts[2]} checks failed`);
  return { wrong, summary: `${counts[1]} checks passed, ${speed ?? "no speed"}` };
}
