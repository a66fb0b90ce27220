import assert from "node:assert/strict";
import { discard_thread, prepare_thread, take_thread } from "./thread.ts";

Deno.test("a thread that was prepared is taken once", () => {
  prepare_thread("soft");
  const first = take_thread("soft");
  const second = take_thread("soft");
  assert.notEqual(first, second);
  prepare_thread("soft");
  discard_thread();
  const third = take_thread("soft");
  for (const worker of [first, second, third]) worker.terminate();
});
