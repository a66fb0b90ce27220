import assert from "node:assert/strict";
import { differences, result_word } from "./compare.ts";
import { Subject } from "./subject.ts";
import { parse_line } from "./text.ts";

const directory = new URL("./cases/", import.meta.url);

for (const entry of [...Deno.readDirSync(directory)].map((e) => e.name).sort()) {
  Deno.test(`the engines keep what was once found: ${entry}`, () => {
    const subject = new Subject();
    const text = Deno.readTextFileSync(new URL(entry, directory));
    text.split("\n").forEach((line, i) => {
      if (line.trim() === "" || line.startsWith("#")) return;
      const { c, right } = parse_line(line);
      subject.write_code([c]);
      for (const engine of ["reference", "interpreter"] as const) {
        for (
          const [mapped, single_step] of [[false, false], [true, false], [true, true]] as const
        ) {
          subject.map_window(mapped);
          subject.single_step = single_step;
          const got = subject.run(c, engine);
          const wrong = differences(right, got, { strict: false })
            .map((name) => `${name}=${got[result_word(name)]!.toString(16)}`);
          assert.deepEqual(wrong, [], `${entry}:${i + 1} ${engine}: ${line}`);
        }
      }
    });
  });
}
