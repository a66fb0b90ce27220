import assert from "node:assert/strict";
import { counts_of, summary_line } from "./counts.ts";

Deno.test("counts_of() reads the last summary of a run", () => {
  const output = "x ... ok (1ms)\n\nFAILED | 58 passed | 3 failed | 1 ignored (34s)\n\n## RC 1\n";
  assert.deepEqual(counts_of(output, 1), { passed: 58, failed: 3, ignored: 1 });
  assert.deepEqual(counts_of("ok | 2 passed | 0 failed (1s)\n", 0), {
    passed: 2,
    failed: 0,
    ignored: 0,
  });
});

Deno.test("counts_of() counts a run that did not end well as a failure", () => {
  assert.equal(counts_of("", undefined).failed, 1);
  assert.equal(counts_of("ok | 2 passed | 0 failed (1s)\n", 1).failed, 1);
  assert.equal(counts_of("ok | 0 passed | 0 failed (1s)\n", 0).failed, 1);
});

Deno.test("summary_line() has the test runner's form, which counts_of() reads", () => {
  const counts = { passed: 7, failed: 1, ignored: 2 };
  const line = summary_line(counts, 125_000);
  assert.equal(line, "FAILED | 7 passed | 1 failed | 2 ignored (2m5s)");
  assert.deepEqual(counts_of(line, 1), counts);
});
