import assert from "node:assert/strict";
import { PanicWatch } from "./panic_watch.ts";

function see(watch: PanicWatch, text: string): boolean {
  return [...new TextEncoder().encode(text)].map((byte) => watch.see(byte)).includes(true);
}

const PANIC = "[    1.234567] Kernel panic - not syncing: VFS: Unable to mount root fs\r\n";

Deno.test("PanicWatch tells a panic that hangs, once its last line is there", () => {
  const watch = new PanicWatch();
  assert.equal(see(watch, "[    1.0] Run /init as init process\r\n" + PANIC), false);
  assert.equal(watch.message, "VFS: Unable to mount root fs");
  assert.equal(watch.hung, false);
  const end =
    "[    1.3] ---[ end Kernel panic - not syncing: VFS: Unable to mount root fs ]---\r\n";
  assert.equal(see(watch, end), true);
  assert.equal(watch.hung, true);
});

Deno.test("PanicWatch reads lines without stamps and with callers", () => {
  for (const stamp of ["", "[   12.5][    T1] "]) {
    const watch = new PanicWatch();
    see(watch, `${stamp}Kernel panic - not syncing: Attempted to kill init! exitcode=0x00000000\n`);
    assert.equal(watch.message, "Attempted to kill init! exitcode=0x00000000");
  }
});

Deno.test("PanicWatch is not taken in by a panic quoted inside a line", () => {
  const watch = new PanicWatch();
  see(watch, "# grep 'Kernel panic - not syncing: x' log\r\n");
  see(watch, `${"x".repeat(5000)}\r\n`);
  assert.equal(watch.message, undefined);
});

Deno.test("PanicWatch starts afresh after a reset", () => {
  const watch = new PanicWatch();
  see(watch, PANIC);
  watch.reset();
  assert.equal(watch.message, undefined);
});
