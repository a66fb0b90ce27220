import assert from "node:assert/strict";
import { FwCfg } from "./fw_cfg.ts";

function select(device: FwCfg, key: number): void {
  device.write(8, 2, ((key & 0xff) << 8) | (key >> 8));
}

function bytes(device: FwCfg, key: number, count: number): number[] {
  select(device, key);
  return Array.from({ length: count }, () => device.read(0, 1));
}

const text = (codes: number[]): string => String.fromCharCode(...codes);

Deno.test("fw_cfg shows its signature whatever the access size, and offers no DMA", () => {
  const device = new FwCfg({ cpus: 1, ram_size: 0x1000_0000 });
  assert.equal(text(bytes(device, 0, 4)), "QEMU");
  select(device, 0);
  assert.equal(device.read(0, 4), 0x554d4551, "bytes in memory order");
  select(device, 0);
  assert.equal(device.read(0, 2), 0x4551);
  assert.deepEqual(bytes(device, 1, 5), [1, 0, 0, 0, 0]);
});

Deno.test("fw_cfg tells CPUs and memory", () => {
  const device = new FwCfg({ cpus: 258, ram_size: 0x1_2345_6000 });
  assert.deepEqual(bytes(device, 5, 2), [2, 1]);
  assert.deepEqual(bytes(device, 3, 8), [0, 0x60, 0x45, 0x23, 1, 0, 0, 0]);
});

Deno.test("fw_cfg lists its files, which can be read", () => {
  const files = [
    { name: "opt/org.example/a", data: Uint8Array.of(1, 2, 3) },
    { name: "opt/org.example/b", data: new Uint8Array(300).fill(9) },
  ];
  const device = new FwCfg({ cpus: 1, ram_size: 4096, files });
  const listing = bytes(device, 0x19, 4 + 128);
  assert.deepEqual(listing.slice(0, 12), [0, 0, 0, 2, 0, 0, 0, 3, 0, 0x20, 0, 0]);
  assert.equal(text(listing.slice(12, 12 + 18)), "opt/org.example/a\0");
  assert.deepEqual(listing.slice(68, 74), [0, 0, 1, 0x2c, 0, 0x21]);
  assert.deepEqual(bytes(device, 0x20, 4), [1, 2, 3, 0]);
  assert.deepEqual(bytes(device, 0x21, 2), [9, 9]);
});

Deno.test("fw_cfg reads zeros of items it does not have, and ignores writes of data", () => {
  const device = new FwCfg({ cpus: 1, ram_size: 4096 });
  assert.deepEqual(bytes(device, 0x7777, 2), [0, 0]);
  select(device, 0);
  device.write(0, 1, 0x55);
  device.write(8, 4, 0x1900);
  assert.equal(device.read(0, 1), 0x51);
  assert.equal(device.read(8, 2), 0);
  const other = new FwCfg({ cpus: 1, ram_size: 4096 });
  other.restore(device.state());
  assert.equal(other.read(0, 1), 0x45);
  other.reset();
  assert.equal(other.read(0, 1), 0x51);
});

Deno.test("fw_cfg refuses file names that do not fit", () => {
  for (const name of ["", "a".repeat(56), "\u00e9"]) {
    const files = [{ name, data: new Uint8Array(1) }];
    assert.throws(() => new FwCfg({ cpus: 1, ram_size: 4096, files }), RangeError);
  }
});
