import assert from "node:assert/strict";
import { decode_a32 } from "../engine/fetch.ts";
import { prepare } from "./prepared.ts";

const uses = (word: number) => prepare(decode_a32(word))!.flags;

Deno.test("What can fault or trap may leave, with the flags as they were", () => {
  for (
    const [word, text] of [
      [0xe5900000, "ldr r0, [r0]"],
      [0xe8bd0003, "pop {r0, r1}"],
      // Floating point may be off.
      [0xee300a81, "vadd.f32 s0, s1, s2"],
      [0xf2244846, "vadd.i32 q2, q2, q3"],
    ] as const
  ) assert.ok(uses(word).may_leave, text);
  assert.ok(!uses(0xe0800001).may_leave, "add r0, r0, r1");
});

Deno.test("Comparisons set all flags, logic N and Z, and conditions read theirs", () => {
  assert.equal(uses(0xe1500001).sets, 0b1111, "cmp r0, r1");
  assert.equal(uses(0xe0100001).sets, 0b0011, "ands r0, r0, r1");
  assert.equal(uses(0xe0a00001).reads, 0b0100, "adc r0, r0, r1");
});
