import assert from "node:assert/strict";
import { Pl031 } from "./pl031.ts";

const DR = 0x0, MR = 0x4, LR = 0x8, CR = 0xc, IMSC = 0x10, RIS = 0x14, MIS = 0x18, ICR = 0x1c;

class Rig {
  ms = 1_700_000_000_250;
  irq = false;
  readonly rtc = new Pl031({ now: () => this.ms, irq: (level) => this.irq = level });

  get(offset: number): number {
    return this.rtc.read(offset, 4);
  }

  set(offset: number, value: number): void {
    this.rtc.write(offset, 4, value);
  }

  pass(seconds: number): void {
    this.ms += seconds * 1000;
    this.rtc.poll();
  }
}

Deno.test("PL031 shows the host's time and always runs", () => {
  const rig = new Rig();
  assert.equal(rig.get(DR), 1_700_000_000);
  rig.pass(5);
  assert.equal(rig.get(DR), 1_700_000_005);
  rig.set(CR, 0);
  assert.equal(rig.get(CR), 1);
  assert.deepEqual([0xfe0, 0xfe4, 0xfe8, 0xfec].map((at) => rig.get(at)), [0x31, 0x10, 0x14, 0]);
});

Deno.test("PL031 counts on from a time that the guest loads, and wraps at 32 bits", () => {
  const rig = new Rig();
  rig.set(LR, 0xffff_fffe);
  assert.equal(rig.get(LR), 0xffff_fffe);
  assert.equal(rig.get(DR), 0xffff_fffe);
  rig.pass(3);
  assert.equal(rig.get(DR), 1);
});

Deno.test("PL031 interrupts when the counter passes the match, until cleared", () => {
  const rig = new Rig();
  rig.set(MR, 1_700_000_010);
  rig.set(IMSC, 1);
  assert.equal(rig.rtc.next_event_ms(), 9750);
  rig.pass(9);
  assert.equal(rig.irq, false);
  rig.pass(30);
  assert.equal(rig.irq, true);
  assert.equal(rig.get(MIS), 1);
  assert.equal(rig.rtc.next_event_ms(), Infinity);
  rig.set(IMSC, 0);
  assert.equal(rig.irq, false);
  assert.equal(rig.get(RIS), 1);
  rig.set(ICR, 1);
  assert.equal(rig.get(RIS), 0);
  rig.set(IMSC, 1);
  rig.pass(100);
  assert.equal(rig.irq, false);
});

Deno.test("PL031 matches at once when the match is the present second, also across the wrap", () => {
  const rig = new Rig();
  rig.set(IMSC, 1);
  rig.set(MR, 1_700_000_000);
  assert.equal(rig.irq, true);
  rig.set(ICR, 1);
  rig.set(LR, 0xffff_fffe);
  rig.set(MR, 2);
  rig.pass(3);
  assert.equal(rig.irq, false);
  rig.pass(1);
  assert.equal(rig.irq, true);
});

Deno.test("PL031 sees no alarm in a host clock that is set back", () => {
  const rig = new Rig();
  rig.set(IMSC, 1);
  rig.set(MR, 1_700_000_100);
  rig.pass(-50);
  assert.equal(rig.irq, false);
  rig.pass(150);
  assert.equal(rig.irq, true);
});

Deno.test("PL031 goes on from a saved state, and is as new after reset()", () => {
  const rig = new Rig();
  rig.set(LR, 1000);
  rig.set(MR, 1005);
  rig.set(IMSC, 1);
  const other = new Rig();
  other.rtc.restore(JSON.parse(JSON.stringify(rig.rtc.state())));
  assert.equal(other.get(DR), 1000);
  other.pass(6);
  assert.equal(other.irq, true);
  other.rtc.reset();
  assert.equal(other.irq, false);
  assert.equal(other.get(DR), 1_700_000_006);
});

Deno.test("PL031 is quiet for the rest of the second in which its alarm was cleared", () => {
  const rig = new Rig();
  rig.set(MR, 1_700_000_001);
  rig.set(IMSC, 1);
  rig.pass(1);
  assert.equal(rig.irq, true);
  rig.set(ICR, 1);
  assert.equal(rig.irq, false);
  assert(rig.rtc.next_event_ms() > 1000);
  rig.pass(0.5);
  assert.equal(rig.irq, false);
});

Deno.test("PL031 asks to be polled at once for an alarm that is due and not raised", () => {
  const rig = new Rig();
  rig.set(MR, 1_700_000_001);
  rig.set(IMSC, 1);
  rig.ms += 1000;
  assert.equal(rig.rtc.next_event_ms(), 0);
  rig.rtc.poll();
  assert.equal(rig.irq, true);
});
