import assert from "node:assert/strict";
import { printable } from "./output.ts";

Deno.test("messages cannot steer the terminal, whatever a guest puts into them", () => {
  assert.equal(printable("panicked: \x1b[2J\x07\x9b1m\r\x7f"), "panicked: ?[2J??1m??");
  assert.equal(printable("Zürich – 日本\n  at main.ts:1"), "Zürich – 日本\n  at main.ts:1");
});
