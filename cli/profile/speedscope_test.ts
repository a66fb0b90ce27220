import assert from "node:assert/strict";
import { hottest, speedscope } from "./speedscope.ts";
import { SymbolTable } from "./symbols.ts";

const symbols = new SymbolTable([{ address: 0xc0100000, name: "schedule" }]);
const SVC = 0x13, USR = 0x10;

Deno.test("Samples become stacks of space and symbol, equal ones in a row one", () => {
  const file = speedscope({
    pc: Uint32Array.of(0xc0100004, 0xc0100008, 0x12345678, 0xc0100000),
    space: Uint32Array.of(SVC, SVC, USR | (7 << 8), 0),
    ms: Float32Array.of(0.25, 0.25, 0.5, 2),
  }, { name: "zImage", symbols });
  const names = file.shared.frames.map(({ name }) => name);
  const [profile] = file.profiles;
  assert.deepEqual(profile!.samples.map((stack) => stack.map((f) => names[f])), [
    ["kernel", "schedule"],
    ["user", "address space 7", "0x12345000"],
    ["idle"],
  ]);
  assert.deepEqual(profile!.weights, [0.5, 0.5, 2]);
  assert.equal(profile!.endValue, 3);
  assert.deepEqual(hottest(file, 2), [" 66.7 %  idle", " 16.7 %  schedule (kernel)"]);
});
