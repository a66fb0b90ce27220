/**
 * What the translator makes of some shapes of code, kept as text beside the code: guest code, region,
 * WebAssembly. `ARMVM_GOLDEN=write` writes the files anew; then read the difference.
 *
 * A new shape is a file with a line about it, one of `a32` or `thumb`, and lines of addresses and
 * instruction words below `--- code`; the rest is written.
 *
 * @module
 */
import assert from "node:assert/strict";
import { parse_listing } from "../testing/listing.ts";
import { region_text } from "../testing/region_text.ts";

const DIRECTORY = new URL("golden/", import.meta.url);
const WRITE = Deno.env.get("ARMVM_GOLDEN") === "write";

interface Golden {
  readonly path: URL;
  readonly about: string;
  readonly set: string;
  readonly text: string;
  readonly code: readonly string[];
}

function read(name: string): Golden {
  const path = new URL(name, DIRECTORY);
  const text = Deno.readTextFileSync(path);
  const [about, set, , ...rest] = text.trimEnd().split("\n");
  const end = rest.findIndex((line) => line.startsWith("---"));
  return { path, about: about!, set: set!, text, code: end < 0 ? rest : rest.slice(0, end) };
}

const names = [...Deno.readDirSync(DIRECTORY)].map((entry) => entry.name).sort();

for (const name of names) {
  const golden = read(name);
  Deno.test(`Translated as before: ${golden.about} (${name})`, () => {
    const lines = region_text(parse_listing(golden.code, golden.set === "thumb"));
    const text = [golden.about, golden.set, ...lines, ""].join("\n");
    if (WRITE) Deno.writeTextFileSync(golden.path, text);
    else assert.equal(text, golden.text);
  });
}

Deno.test("Golden files cover loops, calls, faults' paths and vectors", () => {
  assert.ok(names.length >= 30);
});
