import assert from "node:assert/strict";
import { is_fixed } from "./outer_qemu.ts";

Deno.test("outer machines: a QEMU before 8.2 is not taken where there is a later one", () => {
  const banner = (version: string) =>
    `QEMU emulator version ${version} (Debian 1:${version}+dfsg-1)\n`;
  for (const version of ["8.2.0", "8.10.1", "9.0.2", "10.0.2"]) {
    assert.equal(is_fixed(banner(version)), true, version);
  }
  for (const version of ["7.2.22", "8.1.5", "5.2.0"]) {
    assert.equal(is_fixed(banner(version)), false, version);
  }
  assert.equal(is_fixed("command not found"), false);
});
