import assert from "node:assert/strict";
import { find_kallsyms } from "./kallsyms.ts";

const COUNT = 1200;

/** A kernel's tables: every token is one character, but 0x01 is "schedule". */
function memory(layout: "before" | "behind", end = 0): Uint8Array {
  const out: number[] = new Array(0x1000).fill(0xee);
  const word = (value: number): void => {
    while (out.length % 4 !== 0) out.push(0);
    for (let shift = 0; shift < 32; shift += 8) out.push((value >>> shift) & 0xff);
  };
  const offsets = (): void => {
    for (let i = 0; i < COUNT; i++) word(i * 16);
    word(0xc0100000);
  };
  if (layout === "before") offsets();
  word(COUNT);
  for (let i = 0; i < COUNT; i++) {
    const name = [...`T`].map((c) => c.charCodeAt(0));
    name.push(1, ...[...`_${i}`].map((c) => c.charCodeAt(0)));
    out.push(name.length, ...name);
  }
  for (let i = 0; i < 8; i++) word(i);
  const start = out.length, index: number[] = [];
  for (let token = 0; token < 256; token++) {
    index.push(out.length - start);
    const text = token === 1 ? "schedule" : token < 0x21 ? "x" : String.fromCharCode(token);
    out.push(...[...text].map((c) => c.charCodeAt(0)), 0);
  }
  while (out.length % 4 !== 0) out.push(0);
  for (const offset of index) out.push(offset & 0xff, offset >> 8);
  if (layout === "behind") offsets();
  out.length -= end;
  return Uint8Array.from(out);
}

for (const layout of ["before", "behind"] as const) {
  Deno.test(`find_kallsyms() reads names, and addresses ${layout} them`, () => {
    const lines = find_kallsyms(memory(layout)).trimEnd().split("\n");
    assert.equal(lines.length, COUNT);
    assert.equal(lines[0], "c0100000 T schedule_0");
    assert.equal(lines[1199], `${(0xc0100000 + 1199 * 16).toString(16)} T schedule_1199`);
  });
}

Deno.test("find_kallsyms() finds nothing in memory without tables, or with half of them", () => {
  assert.equal(find_kallsyms(new Uint8Array(1 << 16)), "");
  assert.equal(find_kallsyms(crypto.getRandomValues(new Uint8Array(1 << 16))), "");
  assert.equal(find_kallsyms(memory("before", 256)), "");
  const text = new TextEncoder().encode("0\x001\x002\x003\x004\x005\x00".repeat(100));
  assert.equal(find_kallsyms(text), "");
});

Deno.test("find_kallsyms() soon gives up on memory that is full of beginnings", () => {
  const started = performance.now();
  const digits = new TextEncoder().encode("0\x001\x002\x003\x004\x005\x00");
  const bytes = new Uint8Array(16 << 20);
  for (let at = 0; at + digits.length <= bytes.length; at += digits.length) bytes.set(digits, at);
  assert.equal(find_kallsyms(bytes), "");
  // Good tokens behind words that could each be the number of 100,000 names of one letter.
  const good = memory("before");
  const hostile = new Uint8Array((8 << 20) + good.length);
  new Uint32Array(hostile.buffer, 0, 2 << 20).fill(0x0001_5401);
  hostile.set(good.subarray(good.length - 2048), 8 << 20);
  find_kallsyms(hostile);
  // A second or so; without limits, hours.
  assert.ok(performance.now() - started < 60_000);
});
