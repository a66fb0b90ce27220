import assert from "node:assert/strict";
import { EscapeFilter } from "./escape.ts";

const bytes = (text: string) => new TextEncoder().encode(text);

Deno.test("EscapeFilter passes what has no Ctrl-A", () => {
  assert.deepEqual(new EscapeFilter().feed(bytes("ls\r")), [bytes("ls\r")]);
});

Deno.test("EscapeFilter splits commands from text and keeps their order", () => {
  assert.deepEqual(new EscapeFilter().feed(bytes("a\x01hb\x01cC\x01X")), [
    bytes("a"),
    "help",
    bytes("b"),
    "monitor",
    bytes("C"),
    "quit",
  ]);
});

Deno.test("EscapeFilter sends one Ctrl-A for two and drops an unknown command", () => {
  assert.deepEqual(new EscapeFilter().feed(bytes("\x01\x01\x01zq")), [bytes("\x01q")]);
});

Deno.test("EscapeFilter knows a sequence whose keys come one at a time", () => {
  const filter = new EscapeFilter();
  assert.deepEqual(filter.feed(bytes("\x01")), []);
  assert.deepEqual(filter.feed(bytes("x")), ["quit"]);
});
