import assert from "node:assert/strict";
import fc from "fast-check";
import { ByteRing } from "./byte_ring.ts";

Deno.test("ByteRing keeps order and never holds more than its capacity", () => {
  const step = fc.oneof(
    fc.record({ op: fc.constant("write" as const), bytes: fc.uint8Array({ maxLength: 24 }) }),
    fc.record({ op: fc.constant("push" as const), byte: fc.integer({ min: 0, max: 255 }) }),
    fc.record({ op: fc.constantFrom("shift" as const, "read" as const) }),
  );
  fc.assert(fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
    const ring = ByteRing.create(16);
    const model: number[] = [];
    for (const step of steps) {
      if (step.op === "write") {
        const fits = Math.min(step.bytes.length, 16 - model.length);
        assert.equal(ring.write(step.bytes), fits);
        model.push(...step.bytes.subarray(0, fits));
      } else if (step.op === "push") {
        assert.equal(ring.push(step.byte), model.length < 16);
        if (model.length < 16) model.push(step.byte);
      } else if (step.op === "shift") {
        assert.equal(ring.shift(), model.shift() ?? -1);
      } else {
        assert.deepEqual([...ring.read()], model.splice(0));
      }
      assert.equal(ring.length, model.length);
      assert.equal(ring.space, 16 - model.length);
    }
  }));
});

Deno.test("ByteRing goes on when its positions pass 2^32", () => {
  const ring = ByteRing.create(8);
  new Int32Array(ring.shared).fill(-3, 0, 2);
  assert.equal(ring.write(new Uint8Array([1, 2, 3, 4, 5, 6])), 6);
  assert.equal(ring.length, 6);
  assert.deepEqual([...ring.read()], [1, 2, 3, 4, 5, 6]);
  assert.equal(ring.shift(), -1);
});

Deno.test("ByteRing rings a waiting reader once, and not one that has bytes already", () => {
  const ring = ByteRing.create(4);
  assert.equal(ring.wait_for_bytes(), true);
  ring.push(1);
  assert.equal(ring.reader_to_ring(), true);
  ring.push(2);
  assert.equal(ring.reader_to_ring(), false);
  assert.equal(ring.wait_for_bytes(), false);
});

Deno.test("ByteRing rings a waiting writer when space comes", () => {
  const ring = ByteRing.create(2);
  assert.equal(ring.write(new Uint8Array(3)), 2);
  assert.equal(ring.wait_for_space(), true);
  ring.shift();
  assert.equal(ring.writer_to_ring(), true);
  assert.equal(ring.writer_to_ring(), false);
});

Deno.test("ByteRing.create() refuses a size that is not a power of two", () => {
  assert.throws(() => ByteRing.create(12), RangeError);
});
