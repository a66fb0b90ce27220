import assert from "node:assert/strict";
import { parse_cache_size, parse_console, parse_memory, parse_seconds } from "./parse_values.ts";

Deno.test("parse_memory() takes units in either case, fractions, and MiB without a unit", () => {
  const sizes: [string, number][] = [
    ["512M", 512 << 20],
    ["1g", 1 << 30],
    ["1.5G", 1536 * (1 << 20)],
    ["65536K", 64 << 20],
    ["256", 256 << 20],
    ["3G", 3 * (1 << 30)],
    ["128MiB", 128 << 20],
  ];
  for (const [text, bytes] of sizes) assert.equal(parse_memory(text), bytes, text);
});

Deno.test("parse_memory() refuses what is no size, out of range or not whole MiB", () => {
  for (const text of ["", "M", "-1M", "0", "1e9", "4G", "999999999999G", "512K", "1025K", "12X"]) {
    assert.throws(() => parse_memory(text), RangeError, text);
  }
});

Deno.test("parse_seconds() takes positive decimals only", () => {
  assert.equal(parse_seconds("2.5"), 2.5);
  for (const text of ["0", "-1", "", "1s", "Infinity", "NaN", "0x10", "99999999999"]) {
    assert.throws(() => parse_seconds(text), RangeError, text);
  }
});

Deno.test("parse_console() takes stdio, none and a file", () => {
  assert.deepEqual(parse_console("file:a:b"), { kind: "file", path: "a:b" });
  assert.deepEqual(parse_console("none"), { kind: "none" });
  for (const text of ["file:", "tcp:1", ""]) assert.throws(() => parse_console(text), RangeError);
});

Deno.test("parse_cache_size() takes sizes from 1M to 4G", () => {
  assert.equal(parse_cache_size("16"), 16 << 20);
  assert.equal(parse_cache_size("1.5M"), 3 << 19);
  assert.equal(parse_cache_size("4G"), 4 * 2 ** 30);
  for (const text of ["", "0", "512K", "5G", "lots"]) {
    assert.throws(() => parse_cache_size(text), RangeError, text);
  }
});
