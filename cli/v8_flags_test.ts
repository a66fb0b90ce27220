import assert from "node:assert/strict";
import { flags_hint } from "./v8_flags.ts";

Deno.test("flags_hint() speaks of the flag that is missing, and only then", () => {
  assert.match(flags_hint(undefined)!, /DENO_V8_FLAGS=--no-wasm-bounds-checks/);
  assert.match(flags_hint("--max-old-space-size=100")!, /--no-wasm-bounds-checks/);
  assert.equal(flags_hint("--a,--no-wasm-bounds-checks"), undefined);
});
