import assert from "node:assert/strict";
import { gzipSync } from "node:zlib";
import { is_arm64_image, read_arm64_image } from "./arm64_image.ts";
import { ImageError } from "./error.ts";
import { load, type LoadRequest } from "./load.ts";

const MIB = 1 << 20;
const BASE = 0x4000_0000;

/** An arm64 Image: its header, then a pattern. */
function image(fields: { text_offset?: number; image_size?: number; flags?: number } = {}) {
  const bytes = new Uint8Array(MIB).fill(0x5a, 64);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, 0x14000010, true);
  view.setBigUint64(8, BigInt(fields.text_offset ?? 0), true);
  view.setBigUint64(16, BigInt(fields.image_size ?? 2 * MIB), true);
  view.setUint32(24, fields.flags ?? 0xa, true);
  bytes.set(new TextEncoder().encode("ARM\x64"), 0x38);
  return bytes;
}

/** The same in an EFI zboot image. */
function zboot(payload: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(128 + payload.length);
  bytes.set(new TextEncoder().encode("MZ\0\0zimg"));
  const view = new DataView(bytes.buffer);
  view.setUint32(8, 128, true);
  view.setUint32(12, payload.length, true);
  bytes.set(new TextEncoder().encode("gzip\0"), 24);
  bytes.set(payload, 128);
  return bytes;
}

function request(bytes: Uint8Array, more: Partial<LoadRequest> = {}): LoadRequest {
  return {
    image: bytes,
    name: "Image",
    memory: { base: BASE, size: 16 * MIB, bytes: new Uint8Array(16 * MIB).fill(0xee) },
    unpack: true,
    arm64: true,
    make_fdt: () => new Uint8Array(100).fill(0xd0),
    log: () => {},
    ...more,
  };
}

for (
  const [what, bytes] of [
    ["bare", image()],
    ["gzip'd", gzipSync(image())],
    ["in EFI zboot form", zboot(gzipSync(image()))],
  ] as const
) {
  Deno.test(`an arm64 Image, ${what}, is put at its offset, with its BSS cleared`, async () => {
    assert.equal(await is_arm64_image(bytes, 16 * MIB), true);
    const job = request(bytes);
    const state = load(job);
    assert.equal(state.arm64, true);
    assert.equal(state.entry, BASE);
    // X0 is the device tree, the others are 0.
    assert.deepEqual([state.r1, state.r2], [0, 0]);
    assert.equal(state.r0 % 8, 0);
    const ram = job.memory.bytes;
    assert.deepEqual(
      ram.subarray(state.r0 - BASE, state.r0 - BASE + 100),
      new Uint8Array(100).fill(0xd0),
    );
    assert.equal(ram[MIB - 1], 0x5a);
    assert.ok(ram.subarray(MIB, 2 * MIB).every((byte) => byte === 0));
    assert.ok(state.r0 >= BASE + 2 * MIB);
  });
}

Deno.test("a text offset is heeded; kernels that do not say a size get room for a BSS", () => {
  assert.equal(load(request(image({ text_offset: 0x8_0000 }))).entry, BASE + 0x8_0000);
  assert.deepEqual(read_arm64_image(image({ image_size: 0, text_offset: 0x1234 })), {
    text_offset: 0x8_0000,
    image_size: 17 * MIB,
  });
});

Deno.test("a 64-bit kernel without a CPU for it is refused with the reason", () => {
  const refused = (more: Partial<LoadRequest>, message: RegExp) =>
    assert.throws(() => load(request(gzipSync(image()), more)), (error) => {
      assert.ok(error instanceof ImageError);
      assert.match(error.message, message);
      return true;
    });
  refused(
    { arm64: "KVM is a part of Linux and this is darwin" },
    /^Cannot boot Image: this is a 64-bit arm64 Image, which needs KVM; KVM is a part of Linux/,
  );
  refused({ arm64: undefined }, /this is a 64-bit arm64 Image; armvm needs/);
});

Deno.test("damaged and big-endian arm64 Images are refused", () => {
  const refused = (bytes: Uint8Array, message: RegExp) =>
    assert.throws(() => load(request(bytes)), { name: "ImageError", message });
  refused(image({ flags: 1 }), /big-endian/);
  refused(image({ text_offset: 0x123 }), /header is damaged/);
  refused(image({ image_size: 2 ** 40 }), /header is damaged/);
  refused(image({ image_size: 64 * MIB }), /needs 64 MiB of memory/);
  refused(image().subarray(0, 60), /ends too early/);
  refused(zboot(gzipSync(image())).subarray(0, 500), /zboot image ends too early/);
});

Deno.test("what is no arm64 Image is not taken for one", async () => {
  const others = [
    new Uint8Array(),
    new Uint8Array(4096),
    gzipSync(new Uint8Array(4096)),
    gzipSync(image()).subarray(0, 10),
    zboot(new Uint8Array(20)),
    zboot(gzipSync(image())).subarray(0, 60),
    new Uint8Array([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0, 1, 2, 3]),
  ];
  for (const bytes of others) assert.equal(await is_arm64_image(bytes, MIB), false);
});
