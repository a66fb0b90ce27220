import assert from "node:assert/strict";
import { Pl061 } from "./pl061.ts";
import { PowerKey } from "./power_key.ts";

const ALL = 0x3fc, DIR = 0x400, IS = 0x404, IBE = 0x408, IEV = 0x40c, IE = 0x410;
const RIS = 0x414, MIS = 0x418, IC = 0x41c, AFSEL = 0x420;

class Rig {
  irq = false;
  readonly driven: string[] = [];
  readonly gpio = new Pl061({
    irq: (level) => this.irq = level,
    output: (pin, level) => this.driven.push(`${pin}${level ? "+" : "-"}`),
  });

  get(offset: number): number {
    return this.gpio.read(offset, 4);
  }

  set(offset: number, value: number): void {
    this.gpio.write(offset, 4, value);
  }
}

Deno.test("PL061 reads and writes data through the address mask", () => {
  const rig = new Rig();
  rig.set(DIR, 0xf0);
  rig.set(0x30 << 2, 0xff);
  assert.equal(rig.get(ALL), 0x30);
  rig.set(ALL, 0x90);
  assert.equal(rig.get(ALL), 0x90);
  rig.gpio.set_pin(0, true);
  rig.gpio.set_pin(7, true);
  assert.equal(rig.get(ALL), 0x91, "an output reads as it is driven");
  assert.equal(rig.get(0x01 << 2), 0x01);
  assert.equal(rig.get(0x000), 0);
  assert.deepEqual(rig.driven, ["4+", "5+", "5-", "7+"]);
  rig.set(DIR, 0);
  assert.equal(rig.get(ALL), 0x81);
  assert.deepEqual(rig.driven.slice(4), ["4-", "7-"]);
});

Deno.test("PL061 has the registers and the identification of the manual", () => {
  const rig = new Rig();
  for (const offset of [DIR, IS, IBE, IEV, IE, AFSEL]) {
    rig.set(offset, 0x1ff);
    assert.equal(rig.get(offset), 0xff);
  }
  const id = Array.from({ length: 8 }, (_, n) => rig.get(0xfe0 + n * 4));
  assert.deepEqual(id, [0x61, 0x10, 0x04, 0x00, 0x0d, 0xf0, 0x05, 0xb1]);
});

Deno.test("PL061 latches the edge it is told to, until cleared", () => {
  const rig = new Rig();
  rig.set(IE, 0x02);
  rig.set(IEV, 0x02);
  rig.gpio.set_pin(1, true);
  assert.equal(rig.irq, true);
  assert.equal(rig.get(MIS), 0x02);
  rig.gpio.set_pin(1, false);
  assert.equal(rig.irq, true);
  rig.set(IC, 0x02);
  assert.equal(rig.irq, false);
  rig.set(IEV, 0);
  rig.gpio.set_pin(1, true);
  assert.equal(rig.get(RIS), 0);
  rig.gpio.set_pin(1, false);
  assert.equal(rig.get(RIS), 0x02);
});

Deno.test("PL061 latches both edges when told to, of inputs only", () => {
  const rig = new Rig();
  rig.set(IE, 0xff);
  rig.set(IBE, 0xff);
  rig.set(DIR, 0x01);
  for (const level of [true, false]) {
    rig.gpio.set_pin(0, level);
    assert.equal(rig.irq, false);
    rig.gpio.set_pin(5, level);
    assert.equal(rig.get(MIS), 0x20);
    rig.set(IC, 0xff);
  }
  rig.gpio.set_pin(5, false);
  assert.equal(rig.irq, false, "no change is no edge");
});

Deno.test("PL061 follows a level as long as it lasts", () => {
  const rig = new Rig();
  rig.set(IS, 0x03);
  rig.set(IEV, 0x01);
  rig.set(IE, 0x01);
  assert.equal(rig.get(RIS), 0x02, "pin 1 is low, as asked for");
  assert.equal(rig.irq, false);
  rig.gpio.set_pin(0, true);
  assert.equal(rig.irq, true);
  rig.set(IC, 0xff);
  assert.equal(rig.irq, true);
  rig.gpio.set_pin(0, false);
  assert.equal(rig.irq, false);
});

Deno.test("PL061 goes on from a saved state", () => {
  const rig = new Rig();
  rig.set(IE, 0x08);
  rig.set(IBE, 0x08);
  rig.set(DIR, 0x80);
  rig.set(ALL, 0x80);
  rig.gpio.set_pin(3, true);
  const other = new Rig();
  other.gpio.restore(JSON.parse(JSON.stringify(rig.gpio.state())));
  assert.equal(other.irq, true);
  assert.equal(other.get(ALL), 0x88);
  assert.deepEqual(other.driven, []);
});

Deno.test("the power key is down long enough for a driver's debouncing, then up", () => {
  let now = 0;
  const levels: boolean[] = [];
  const key = new PowerKey({ now: () => now, pin: (level) => levels.push(level) });
  assert.equal(key.next_event_ms(), Infinity);
  key.press();
  assert.equal(key.next_event_ms(), 100);
  now = 99;
  key.poll();
  assert.deepEqual(levels, [true]);
  now = 130;
  assert.equal(key.next_event_ms(), 0);
  key.poll();
  key.poll();
  assert.deepEqual(levels, [true, false]);
});
