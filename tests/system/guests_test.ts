import assert from "node:assert/strict";
import type { EngineName } from "../../cpu/mod.ts";
import { in_ci } from "../../tools/fetch_guests.ts";
import { GuestRunner } from "./guest_runner.ts";
import {
  build,
  comparable,
  golden,
  GUESTS,
  INSTRUCTION_SETS,
  type InstructionSet,
  run_qemu,
  why_no_compiler,
  why_no_qemu,
} from "./guests.ts";

const no_compiler = await why_no_compiler();
const no_qemu = no_compiler ?? await why_no_qemu();
for (const why of new Set([no_compiler, no_qemu])) {
  if (why !== undefined) console.error(`SKIPPING bare-metal guests: ${why}`);
}
const without_compiler = { ignore: no_compiler !== undefined && !in_ci() };
const without_qemu = { ignore: no_qemu !== undefined && !in_ci() };

const directory = await Deno.makeTempDir({ prefix: "armvm-guests-" });
const images = new Map<string, Promise<string>>();
const runner = new GuestRunner();

Deno.test.afterAll(async () => {
  runner[Symbol.dispose]();
  await Deno.remove(directory, { recursive: true });
});

for (const guest of GUESTS) {
  for (const set of Object.keys(INSTRUCTION_SETS) as InstructionSet[]) {
    const image = (): Promise<string> => {
      const key = `${guest.name}.${set}`;
      const built = images.get(key) ?? build(guest, set, directory);
      images.set(key, built);
      return built;
    };
    const engines: EngineName[] = ["interpreter", "translator"];
    if (guest.reference) engines.push("reference");
    for (const engine of engines) {
      Deno.test(
        `${guest.about} is as expected, ${set} code on the ${engine}`,
        without_compiler,
        async () => {
          const bytes = await Deno.readFile(await image());
          const answer = await runner.run({ engine, cpu: guest.cpu, image: bytes });
          assert.equal(answer.ended, "poweroff", answer.text);
          assert.deepEqual(answer.text.split("\n"), (await golden(guest, set)).split("\n"));
        },
      );
    }
    if (guest.no_qemu !== undefined) continue;
    Deno.test(`${guest.about} is as in QEMU, ${set} code`, without_qemu, async () => {
      const said = await run_qemu(guest, await image());
      assert.deepEqual(comparable(guest, said), comparable(guest, await golden(guest, set)));
    });
  }
}
