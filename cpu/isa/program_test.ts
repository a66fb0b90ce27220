import assert from "node:assert/strict";
import { all_ops } from "./op.ts";
import { build_program, form_key } from "./program.ts";
import { ROWS } from "./rows.ts";

Deno.test("form_key() does not depend on the order in which statics are written", () => {
  const op = all_ops()[0]!;
  assert.equal(form_key(op, { a: 1, b: true }), form_key(op, { b: true, a: 1 }));
  assert.notEqual(form_key(op, { a: 1, b: true }), form_key(op, { a: 1, b: false }));
});

Deno.test("Every inline form builds and is listed once", () => {
  assert.ok(ROWS.length > 0);
  for (const op of all_ops()) {
    const keys = op.inline.map((statics) => form_key(op, statics));
    assert.deepEqual(keys.filter((key, i) => keys.indexOf(key) !== i), []);
    for (const statics of op.inline) build_program(op, statics);
  }
});
