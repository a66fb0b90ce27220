import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { crc32, gzipSync, zstdCompressSync } from "node:zlib";
import { type Compression, decompress, decompress_file } from "./decompress.ts";
import * as fixtures from "./test_fixtures.ts";
import { concat, lz4_literals, sample, store_lz4_legacy, store_xz, words } from "./test_samples.ts";
import { CorruptData, OutputTooLarge } from "./unpacked.ts";
import { xxh32 } from "./xxh32.ts";

const PLAIN = sample(3000);

/** PLAIN in every format that is known. */
const PACKED: readonly [name: string, format: Compression, bytes: Uint8Array][] = [
  ["gzip", "gzip", new Uint8Array(gzipSync(PLAIN))],
  ["zstd", "zstd", new Uint8Array(zstdCompressSync(PLAIN))],
  ["xz with the ARM filter and CRC-32", "xz", from_base64(fixtures.XZ_ARM_CRC32)],
  ["xz with the ARM-Thumb filter and SHA-256", "xz", from_base64(fixtures.XZ_THUMB_SHA256)],
  ["xz of three blocks with CRC-64", "xz", from_base64(fixtures.XZ_BLOCKS_CRC64)],
  ["xz of uncompressed chunks", "xz", store_xz(PLAIN)],
  ["lzma", "lzma", from_base64(fixtures.LZMA)],
  ["an lz4 frame", "lz4", from_base64(fixtures.LZ4_FRAME)],
  ["legacy lz4", "lz4-legacy", from_base64(fixtures.LZ4_LEGACY)],
  ["legacy lz4 of literals", "lz4-legacy", store_lz4_legacy(PLAIN)],
];

for (const [name, format, bytes] of PACKED) {
  Deno.test(`${name} unpacks to what was packed, and takes all of the file`, () => {
    const unpacked = decompress(format, bytes, { limit: 10_000 });
    assert.deepEqual(Buffer.from(unpacked.bytes), Buffer.from(PLAIN));
    assert.equal(unpacked.consumed, bytes.length);
  });

  Deno.test(`${name} tells where it ends when something follows`, () => {
    const unpacked = decompress(format, concat(bytes, [1, 2, 3, 4, 5, 6, 7, 8]), { limit: 10_000 });
    assert.deepEqual(Buffer.from(unpacked.bytes), Buffer.from(PLAIN));
    assert.equal(unpacked.consumed, bytes.length);
  });

  Deno.test(`${name} unpacks when its size is exactly the limit, and not with a limit below`, () => {
    const options = { limit: PLAIN.length, expected: PLAIN.length };
    assert.equal(decompress(format, bytes, options).bytes.length, PLAIN.length);
    assert.throws(
      () => decompress(format, bytes, { limit: PLAIN.length - 1 }),
      OutputTooLarge,
    );
  });

  Deno.test(`${name} cut off at any byte is refused as corrupt`, () => {
    for (let size = 0; size < bytes.length; size++) {
      const cut = bytes.subarray(0, size);
      // A legacy lz4 file has no end mark: between two blocks it is whole.
      if (format === "lz4-legacy" && size === 4) continue;
      assert.throws(() => decompress(format, cut, { limit: 10_000 }), CorruptData, `at ${size}`);
    }
  });

  Deno.test(`${name} with any one bit flipped is refused, or unpacks within the limit`, () => {
    const checked = format === "gzip" || format === "xz";
    for (let at = 0; at < bytes.length; at++) {
      const damaged = bytes.slice();
      damaged[at]! ^= 1 << (at % 8);
      try {
        const unpacked = decompress(format, damaged, { limit: 10_000 });
        assert.ok(unpacked.bytes.length <= 10_000);
        // gzip's header has fields that mean nothing to the data: time, level, system.
        if (checked && !(format === "gzip" && at < 10)) {
          assert.fail(`a flip at ${at} went unnoticed`);
        }
      } catch (error) {
        if (!(error instanceof CorruptData) && !(error instanceof OutputTooLarge)) throw error;
      }
    }
  });
}

Deno.test("files made of several streams unpack to all of them", () => {
  for (const [name, format, bytes] of PACKED) {
    if (format === "lzma" || format === "lz4-legacy") continue;
    const gap = format === "xz" ? [0, 0, 0, 0] : [];
    const twice = decompress_file(format, concat(bytes, gap, bytes), 10_000);
    assert.deepEqual(Buffer.from(twice), Buffer.concat([PLAIN, PLAIN]), name);
    assert.throws(() => decompress_file(format, concat(bytes, gap, bytes), 5000), OutputTooLarge);
  }
});

Deno.test("a legacy lz4 file of more than one 8 MiB block unpacks to all of it", () => {
  const first = new Uint8Array(8 << 20).fill(7);
  // One literal, then a match of distance 1 to the end of the block.
  const length = first.length - 1 - 4 - 15;
  const run = concat([0x1f, 7, 1, 0], new Uint8Array(Math.floor(length / 255)).fill(255), [
    length % 255,
  ]);
  const second = lz4_literals(PLAIN);
  const file = concat(
    [0x02, 0x21, 0x4c, 0x18],
    words(run.length),
    run,
    words(second.length),
    second,
  );
  const { bytes } = decompress("lz4-legacy", file, { limit: 16 << 20 });
  assert.deepEqual(Buffer.from(bytes), Buffer.concat([first, PLAIN]));
});

Deno.test("an lz4 match before the start, and one with distance 0, are refused", () => {
  for (const distance of [2, 0]) {
    const block = Uint8Array.from([0x10, 7, distance, 0]);
    const file = concat([0x02, 0x21, 0x4c, 0x18], words(block.length), block);
    assert.throws(() => decompress("lz4-legacy", file, { limit: 1000 }), CorruptData);
  }
});

Deno.test("an xz file with a filter that is not known says which", () => {
  // The x86 filter (id 4) before LZMA2.
  const block = [3, 1, 4, 0, 0x21, 1, 22, 0, 0, 0, 0, 0];
  const bytes = concat(
    from_base64(fixtures.XZ_ARM_CRC32).subarray(0, 12),
    block,
    words(crc32(Uint8Array.from(block))),
    new Uint8Array(64),
  );
  assert.throws(() => decompress("xz", bytes, { limit: 1000 }), /xz filter 0x4/);
});

Deno.test("a gzip file may have any number of members, empty ones too", () => {
  const empty = new Uint8Array(gzipSync(new Uint8Array(0)));
  const [first, second] = [PLAIN.subarray(0, 100), PLAIN.subarray(100)]
    .map((part) => new Uint8Array(gzipSync(part)));
  const file = concat(empty, first!, ...new Array(5000).fill(empty), second!, empty, [1, 2, 3]);
  const { bytes, consumed } = decompress("gzip", file, { limit: PLAIN.length });
  assert.deepEqual(Buffer.from(bytes), Buffer.from(PLAIN));
  assert.equal(consumed, file.length - 3);
  assert.equal(decompress("gzip", empty, { limit: 1 }).bytes.length, 0);
});

Deno.test("xxh32 gives the specification's values", () => {
  assert.equal(xxh32(new Uint8Array(0)), 0x02cc_5d05);
  assert.equal(xxh32(new TextEncoder().encode("a")), 0x550d_7456);
  assert.equal(
    xxh32(new TextEncoder().encode("Nobody inspects the spammish repetition")),
    0xe229_3b2f,
  );
});

function from_base64(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, "base64"));
}
