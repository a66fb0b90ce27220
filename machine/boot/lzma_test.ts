import assert from "node:assert/strict";
import fc from "fast-check";
import { LzmaDecoder } from "./lzma.ts";
import { SLOP } from "./lzma_code.ts";
import { CorruptData } from "./unpacked.ts";

const ROOM = 5000;

Deno.test("whatever it is given, an LZMA decoder changes nothing but what is to be decoded", () => {
  const properties = fc.nat({ max: 9 * 5 * 5 - 1 });
  const input = fc.uint8Array({ minLength: 5, maxLength: 400 });
  const steps = fc.array(fc.integer({ min: 1, max: 2000 }), { minLength: 1, maxLength: 4 });
  fc.assert(
    fc.property(properties, input, steps, (byte, input, steps) => {
      input[0] = 0;
      using decoder = new LzmaDecoder(input, { limit: ROOM, expected: ROOM });
      const { output } = decoder;
      // Of the decoder's memory: all from the input on.
      const { buffer, byteOffset } = output.bytes;
      const everything = new Uint8Array(buffer);
      everything.fill(0x5a, byteOffset);
      const input_at = find(everything, input, byteOffset);
      decoder.reset_dictionary(1 << 16);
      decoder.set_properties(byte);
      decoder.start_range_coder();
      try {
        for (const step of steps) {
          decoder.decode(Math.min(ROOM, output.length + step), input.length);
          if (decoder.finished) break;
        }
      } catch (error) {
        if (!(error instanceof CorruptData)) throw error;
      }
      assert.deepEqual(everything.subarray(input_at, input_at + input.length), input);
      const behind = everything.subarray(byteOffset + ROOM + SLOP);
      assert.ok(behind.every((byte) => byte === 0x5a));
      assert.ok(decoder.position <= input.length + SLOP);
    }),
    { numRuns: 300 },
  );
});

Deno.test("a decoder takes over the memory of one that is let go, and nothing of what is in it", () => {
  // Small codes are literals, for a start.
  const input = new Uint8Array(300).map((_, i) => i < 3 ? 0 : (i * 0x9e37_79b1) >>> 24);
  const decode = (): Uint8Array => {
    using decoder = new LzmaDecoder(input, { limit: ROOM });
    decoder.reset_dictionary(1 << 16);
    decoder.set_properties(0x5d);
    decoder.start_range_coder();
    decoder.decode(3, input.length);
    return decoder.output.written().slice();
  };
  const first = decode();
  assert.equal(first.length, 3);
  assert.deepEqual(decode(), first);
});

function find(bytes: Uint8Array, part: Uint8Array, end: number): number {
  for (let at = end - part.length; at >= 0; at--) {
    if (part.every((byte, i) => bytes[at + i] === byte)) return at;
  }
  throw new Error("the input is not in memory");
}
