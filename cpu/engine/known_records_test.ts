import assert from "node:assert/strict";
import { KnownRecords } from "./known_records.ts";

const FROM = 0x100, TO = 0x200;

function memory(): { i32: Int32Array } {
  const i32 = new Int32Array(0x400);
  i32.set([0x1234_0456, 1, 2, 3], FROM >> 2);
  return { i32 };
}

Deno.test("A record that is kept is written elsewhere with its own pc", () => {
  const known = new KnownRecords(), { i32 } = memory();
  const word = 0xe280_0001;
  assert.ok(!known.write({ i32 }, TO, { word, pc: 0xffc }));
  known.keep({ i32 }, FROM, word);
  assert.ok(known.write({ i32 }, TO, { word, pc: 0xffc }));
  assert.deepEqual([...i32.subarray(TO >> 2, (TO >> 2) + 4)], [0x0ffc_0456, 1, 2, 3]);
});

Deno.test("A word that nothing was kept of is not known, 0 neither, wherever it belongs", () => {
  const known = new KnownRecords(), { i32 } = memory();
  assert.ok(!known.write({ i32 }, TO, { word: 0, pc: 0 }));
  known.keep({ i32 }, FROM, 0);
  assert.ok(known.write({ i32 }, TO, { word: 0, pc: 0 }));
  let others = 0;
  for (let word = 1; word < 100_000; word++) {
    if (known.write({ i32 }, TO, { word, pc: 0 })) others++;
  }
  assert.equal(others, 0);
});

Deno.test("Words that belong at the same place drive each other out", () => {
  const known = new KnownRecords(), { i32 } = memory();
  const words = Array.from({ length: 40_000 }, (_, i) => i * 0x1_0001);
  for (const word of words) known.keep({ i32 }, FROM, word >>> 0);
  const left = words.filter((word) => known.write({ i32 }, TO, { word: word >>> 0, pc: 0 }));
  assert.ok(left.length > 0 && left.length <= 1 << 14);
});
