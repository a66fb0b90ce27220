import assert from "node:assert/strict";
import { gic_refusal } from "./vgic.ts";

Deno.test("a GIC is refused with what the host has, or with what it lacks", () => {
  assert.equal(gic_refusal(3, [3, 2]), undefined);
  assert.match(gic_refusal(3, [2])!, /^GICv3 was asked for, and this host offers GICv2; use that$/);
  assert.match(gic_refusal(2, [])!, /emulates no interrupt controller; .*; use --accel soft$/);
});
