import assert from "node:assert/strict";
import { MmioBus } from "./bus.ts";
import type { MmioDevice } from "./device.ts";

/** A device that notes accesses and answers with the offset. */
class Probe implements MmioDevice {
  readonly seen: string[] = [];
  constructor(readonly name: string) {}
  read(offset: number, size: number): number {
    this.seen.push(`r${size}@${offset}`);
    return offset;
  }
  write(offset: number, size: number, value: number): void {
    this.seen.push(`w${size}@${offset}=${value.toString(16)}`);
  }
  reset(): void {}
  state(): Record<string, number> {
    return {};
  }
  restore(): void {}
}

Deno.test("the bus gives each device its own offsets", () => {
  const bus = new MmioBus();
  const [low, high] = [new Probe("low"), new Probe("high")];
  bus.map(0x2000, 0x1000, high);
  bus.map(0x1000, 0x800, low);
  assert.equal(bus.read(0x1004, 4), 4);
  assert.equal(bus.read(0x17ff, 1), 0x7ff);
  bus.write(0x2000, 2, 0xabcd);
  assert.deepEqual(low.seen, ["r4@4", "r1@2047"]);
  assert.deepEqual(high.seen, ["w2@0=abcd"]);
  assert.deepEqual(bus.mappings().map(({ device }) => device.name), ["low", "high"]);
});

Deno.test("the bus reads zero and ignores writes where there is no device", () => {
  const lines: string[] = [];
  const bus = new MmioBus((line) => lines.push(line));
  bus.map(0x1000, 0x800, new Probe("only"));
  for (const address of [0, 0xfff, 0x1800, 0x1fff, 0xff_ffff_fffc]) {
    assert.equal(bus.read(address, 4), 0);
    bus.write(address, 4, 1);
  }
  assert.equal(bus.unmapped, 10);
  assert.equal(lines.length, 3, "one line per page");
  assert.match(lines[0]!, /read of 4 bytes at 0x0: no device/);
  for (let page = 0; page < 1000; page++) bus.read(0x10_0000 + page * 4096, 1);
  assert.equal(lines.length, 64, "a guest cannot fill the log");
  assert.equal(bus.unmapped, 1010);
});

Deno.test("the bus splits eight bytes into two accesses", () => {
  const bus = new MmioBus();
  const device = new Probe("d");
  bus.map(0x1000, 0x1000, device);
  const data = new DataView(new ArrayBuffer(8));
  bus.read_into(0x1010, 8, data);
  assert.equal(data.getBigUint64(0, true), 0x14_0000_0010n);
  data.setBigUint64(0, 0x1122_3344_5566_7788n, true);
  bus.write_from(0x1010, 8, data);
  assert.deepEqual(device.seen, ["r4@16", "r4@20", "w4@16=55667788", "w4@20=11223344"]);
});

Deno.test("the bus moves as many bytes as an exit says", () => {
  const bus = new MmioBus();
  const device = new Probe("d");
  bus.map(0, 0x1000, device);
  const data = new DataView(new ArrayBuffer(8));
  for (const size of [1, 2, 4]) {
    data.setBigUint64(0, 0xffff_ffff_ffff_ffffn);
    bus.write_from(0x123, size, data);
    bus.read_into(0x12, size, data);
    assert.equal(data.getUint8(0), 0x12);
    assert.equal(data.getUint8(size), 0xff, "bytes beyond the access stay");
  }
  assert.deepEqual(device.seen.filter((line) => line.startsWith("w")), [
    "w1@291=ff",
    "w2@291=ffff",
    "w4@291=ffffffff",
  ]);
});

Deno.test("the bus refuses overlapping and senseless ranges", () => {
  const bus = new MmioBus();
  bus.map(0x1000, 0x1000, new Probe("a"));
  assert.throws(() => bus.map(0x1fff, 1, new Probe("b")), /overlaps a/);
  assert.throws(() => bus.map(0xfff, 2, new Probe("b")), RangeError);
  assert.throws(() => bus.map(0x5000, 0, new Probe("b")), RangeError);
  assert.throws(() => bus.map(-1, 4, new Probe("b")), RangeError);
  bus.map(0x2000, 1, new Probe("b"));
});
