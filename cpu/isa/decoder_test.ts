import assert from "node:assert/strict";
import { Decoder, find_overlaps } from "./decoder.ts";
import { extract_fields } from "./row.ts";
import { ROWS } from "./rows.ts";

const CONTEXT = { in_it: false, it_last: true };

Deno.test("rows overlap only where one is a special case of the other", () => {
  const overlaps = find_overlaps(ROWS).map(({ a, b }) => `${a.isa} ${a.name} and ${b.name}`);
  assert.deepEqual(overlaps, []);
});

Deno.test("a row's name stands once in its instruction set", () => {
  const names = ROWS.map(({ isa, name }) => `${isa} ${name}`);
  assert.deepEqual(names.filter((name, i) => names.indexOf(name) !== i), []);
});

Deno.test("every row is what the decoder finds for some of its words, and has assembly", () => {
  const decoder = new Decoder(ROWS);
  let seed = 1;
  const random = (): number => {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
    return seed;
  };
  const missing: string[] = [];
  for (const row of ROWS) {
    let text: string | undefined;
    for (let i = 0; i < 4000 && text === undefined; i++) {
      let word = ((random() ^ (random() >>> 13)) & ~row.mask & ~row.sb_mask) | row.value |
        row.sb_value;
      if (row.conditional) word = (word & 0x0fff_ffff) | 0xe000_0000;
      if (row.isa === "t16") word &= 0xffff;
      const found = decoder.decode(row.isa, word >>> 0, CONTEXT);
      if (found?.row === row) text = row.asm(extract_fields(row, word >>> 0), 0x8000);
    }
    if (!text) missing.push(`${row.isa} ${row.name}`);
  }
  assert.deepEqual(missing, []);
});
