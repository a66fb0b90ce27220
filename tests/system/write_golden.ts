/**
 * Writes the expected outputs of the bare-metal guests anew, from the interpreter. Then read the
 * difference: what changed must be what the architecture says.
 *
 * `deno run -A tests/system/write_golden.ts [GUEST ...]`
 *
 * @module
 */
import { dirname } from "node:path";
import { GuestRunner } from "./guest_runner.ts";
import { build, golden_path, GUESTS, INSTRUCTION_SETS, type InstructionSet } from "./guests.ts";

if (import.meta.main) await main(Deno.args);

async function main(names: readonly string[]): Promise<void> {
  const directory = await Deno.makeTempDir({ prefix: "armvm-guests-" });
  using runner = new GuestRunner();
  try {
    for (const guest of GUESTS) {
      if (names.length > 0 && !names.includes(guest.name)) continue;
      for (const set of Object.keys(INSTRUCTION_SETS) as InstructionSet[]) {
        const image = await Deno.readFile(await build(guest, set, directory));
        const { text, ended } = await runner.run({ engine: "interpreter", cpu: guest.cpu, image });
        if (ended !== "poweroff") throw new Error(`${guest.name}.${set} ended by ${ended}`);
        const path = golden_path(guest, set);
        await Deno.mkdir(dirname(path), { recursive: true });
        await Deno.writeTextFile(path, text);
      }
    }
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}
