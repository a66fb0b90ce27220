import assert from "node:assert/strict";
import { ByteRing } from "./byte_ring.ts";
import { RingConsole } from "./console_streams.ts";
import { RingBackend } from "./ring_backend.ts";

/** Both ends of a line in one thread: kicks and bells are counted and passed on. */
function line(capacity = 16) {
  const rings = { input: ByteRing.create(capacity), output: ByteRing.create(capacity) };
  const counts = { kicks: 0, bells: 0 };
  const console = new RingConsole(rings, () => counts.kicks++);
  const seen: number[] = [];
  const backend = new RingBackend(rings, {
    ring: (which) => {
      counts.bells++;
      queueMicrotask(() => console.bell(which));
    },
    tap: (byte) => seen.push(byte),
  });
  return { console, backend, counts, seen };
}

function put(backend: RingBackend, text: string): number {
  const bytes = new TextEncoder().encode(text);
  const stopped = bytes.findIndex((byte) => !backend.put(byte));
  return stopped < 0 ? bytes.length : stopped;
}

Deno.test("a reader that waits is woken by the guest's first byte, with one bell for many", async () => {
  const { console, backend, counts, seen } = line();
  const reader = console.readable.getReader();
  const first = reader.read();
  await Promise.resolve();
  assert.equal(put(backend, "hello"), 5);
  assert.equal(new TextDecoder().decode((await first).value), "hello");
  assert.equal(counts.bells, 1);
  assert.equal(seen.length, 5);
});

Deno.test("output that nobody reads stops the guest, and reading kicks it", async () => {
  const { console, backend, counts } = line(8);
  assert.equal(put(backend, "0123456789"), 8);
  assert.equal(counts.kicks, 0);
  const reader = console.readable.getReader();
  assert.equal((await reader.read()).value!.length, 8);
  assert.equal(counts.kicks, 1);
  assert.equal(put(backend, "89"), 2);
});

Deno.test("input longer than the ring arrives whole, as the guest takes it", async () => {
  const { console, backend } = line(8);
  const text = "the quick brown fox jumps over the lazy dog";
  const writer = console.writable.getWriter();
  const written = writer.write(new TextEncoder().encode(text));
  let got = "";
  while (got.length < text.length) {
    const byte = backend.get();
    if (byte < 0) await new Promise((resolve) => setTimeout(resolve, 0));
    else got += String.fromCharCode(byte);
  }
  await written;
  assert.equal(got, text);
  assert.equal(backend.get(), -1);
});

Deno.test("after close() the rest can be read, then the stream ends; writes are dropped", async () => {
  const { console, backend } = line();
  put(backend, "bye");
  const writer = console.writable.getWriter();
  const stuck = writer.write(new Uint8Array(100));
  console.close();
  await stuck;
  const chunks = await Array.fromAsync(console.readable);
  assert.deepEqual(chunks.map((chunk) => new TextDecoder().decode(chunk)), ["bye"]);
});

Deno.test("a cancelled reader does not stop the guest", async () => {
  const { console, backend, counts } = line(8);
  assert.equal(put(backend, "0123456789"), 8);
  await console.readable.cancel();
  assert.ok(counts.kicks > 0);
  for (let round = 0; round < 5; round++) {
    assert.equal(put(backend, "0123"), 4);
    await new Promise((resolve) => setTimeout(resolve, 0));
  }
});
