import assert from "node:assert/strict";
import fc from "fast-check";
import { Pl011 } from "./pl011.ts";

const DR = 0x00, RSR = 0x04, FR = 0x18, LCR_H = 0x2c, CR = 0x30, IFLS = 0x34;
const IMSC = 0x38, RIS = 0x3c, MIS = 0x40, ICR = 0x44, DMACR = 0x48;
const TXFE = 0x80, RXFF = 0x40, TXFF = 0x20, RXFE = 0x10, BUSY = 0x08;
const INT_RX = 0x10, INT_TX = 0x20, INT_RT = 0x40, INT_BE = 0x200, INT_OE = 0x400;
const FEN = 0x70, ENABLE = 0x301, LBE = 0x80;

/** A UART with a host whose readiness and input the test chooses. */
class Rig {
  output = "";
  ready = true;
  input: number[] = [];
  irq = false;
  irq_changes = 0;
  /** Characters the host takes before it becomes busy. */
  allowance = Infinity;
  readonly uart: Pl011;

  constructor() {
    this.uart = new Pl011({
      backend: {
        put: (byte) => {
          if (!this.ready || this.allowance <= 0) return false;
          this.allowance--;
          this.output += String.fromCharCode(byte);
          return true;
        },
        get: () => this.input.shift() ?? -1,
      },
      irq: (level) => {
        assert.notEqual(level, this.irq, "the line is driven only when it changes");
        this.irq = level;
        this.irq_changes++;
      },
    });
  }

  get(offset: number): number {
    return this.uart.read(offset, 4);
  }

  set(offset: number, value: number): void {
    this.uart.write(offset, 4, value);
  }

  send(text: string): void {
    for (const char of text) this.set(DR, char.charCodeAt(0));
  }

  type(text: string): void {
    this.input.push(...Array.from(text, (char) => char.charCodeAt(0)));
  }

  /** Enables UART, FIFOs and the given interrupts. */
  open(mask = 0): this {
    this.set(LCR_H, FEN);
    this.set(CR, ENABLE);
    this.set(IMSC, mask);
    return this;
  }
}

Deno.test("PL011 has the reset values and the identification of the manual", () => {
  const rig = new Rig();
  assert.equal(rig.get(CR), 0x300);
  assert.equal(rig.get(IFLS), 0x12);
  assert.equal(rig.get(FR) & 0xf8, TXFE | RXFE);
  for (const offset of [RSR, LCR_H, IMSC, RIS, MIS, DMACR]) assert.equal(rig.get(offset), 0);
  const id = Array.from({ length: 8 }, (_, n) => rig.get(0xfe0 + n * 4));
  assert.deepEqual(id, [0x11, 0x10, 0x14, 0x00, 0x0d, 0xf0, 0x05, 0xb1]);
});

Deno.test("PL011 stores only the bits that its registers have", () => {
  const rig = new Rig();
  for (
    const [offset, bits] of [
      [0x20, 0xff],
      [0x24, 0xffff],
      [0x28, 0x3f],
      [LCR_H, 0xff],
      [CR, 0xff87],
      [IFLS, 0x3f],
      [IMSC, 0x7ff],
      [DMACR, 0x7],
    ] as const
  ) {
    rig.set(offset, 0xffff_ffff);
    assert.equal(rig.get(offset), bits, offset.toString(16));
  }
});

Deno.test("PL011 transmits even for a guest that never enabled it", () => {
  const rig = new Rig();
  rig.uart.write(DR, 1, 0x68);
  rig.uart.write(DR, 2, 0x169);
  assert.equal(rig.output, "hi");
});

Deno.test("PL011 without FIFOs raises the transmit interrupt when its one character leaves", () => {
  const rig = new Rig();
  rig.set(CR, ENABLE);
  rig.set(IMSC, INT_TX);
  assert.equal(rig.irq, false, "not before anything was written");
  rig.ready = false;
  rig.send("a");
  assert.equal(rig.irq, false);
  assert.equal(rig.get(FR) & (TXFF | TXFE | BUSY), TXFF | BUSY);
  rig.ready = true;
  rig.uart.poll();
  assert.equal(rig.irq, true);
  rig.set(ICR, INT_TX);
  assert.equal(rig.irq, false);
});

Deno.test("PL011 keeps what the host does not take, and shows it in its flags", () => {
  const rig = new Rig().open();
  rig.ready = false;
  rig.send("0123456789abcde");
  assert.equal(rig.get(FR) & (TXFF | TXFE | BUSY), BUSY);
  rig.send("f");
  assert.equal(rig.get(FR) & (TXFF | TXFE | BUSY), TXFF | BUSY);
  rig.send("!");
  assert.equal(rig.uart.dropped, 1);
  rig.allowance = 4;
  rig.ready = true;
  rig.uart.poll();
  assert.equal(rig.output, "0123");
  rig.allowance = Infinity;
  assert.equal(rig.get(FR) & (TXFF | TXFE | BUSY), TXFE, "a guest waiting on UARTFR moves it on");
  assert.equal(rig.output, "0123456789abcdef");
});

for (const [setting, level] of [2, 4, 8, 12, 14].entries()) {
  Deno.test(`PL011 raises the transmit interrupt on falling to ${level} characters, not below`, () => {
    const rig = new Rig().open(INT_TX);
    rig.set(IFLS, setting);
    rig.ready = false;
    rig.send("x".repeat(16));
    rig.ready = true;
    rig.allowance = 16 - level - 1;
    rig.uart.poll();
    assert.equal(rig.get(RIS), 0);
    rig.allowance = 1;
    rig.uart.poll();
    assert.equal(rig.get(RIS), INT_TX);
    assert.equal(rig.irq, true);
    rig.set(ICR, INT_TX);
    rig.allowance = level;
    rig.uart.poll();
    assert.equal(rig.get(RIS), 0, "further characters cross no level");
  });

  Deno.test(`PL011 raises the receive interrupt at ${level} characters`, () => {
    const rig = new Rig().open(INT_RX | INT_RT);
    rig.set(IFLS, setting << 3);
    rig.type("y".repeat(level - 1));
    rig.uart.poll();
    assert.equal(rig.get(RIS) & INT_RX, 0);
    rig.type("y");
    rig.uart.poll();
    assert.equal(rig.get(MIS) & INT_RX, INT_RX);
    rig.get(DR);
    assert.equal(rig.get(RIS) & INT_RX, 0, "cleared by reading below the level");
  });
}

Deno.test("PL011 clears the transmit interrupt when the FIFO is filled above its level", () => {
  const rig = new Rig().open(INT_TX);
  rig.send("x".repeat(9));
  assert.equal(rig.irq, true);
  rig.ready = false;
  rig.send("x".repeat(8));
  assert.equal(rig.irq, true, "at the level it stays");
  rig.send("x");
  assert.equal(rig.irq, false);
});

Deno.test("PL011 raises the transmit interrupt after a burst beyond the level to a ready host", () => {
  const rig = new Rig().open(INT_TX);
  rig.send("x".repeat(8));
  assert.equal(rig.irq, false);
  rig.send("x");
  assert.equal(rig.irq, true);
});

Deno.test("PL011 raises the receive timeout when fewer characters than the level came", () => {
  const rig = new Rig().open(INT_RX | INT_RT);
  rig.uart.poll();
  assert.equal(rig.irq, false);
  rig.type("ab");
  rig.uart.poll();
  assert.equal(rig.get(MIS), INT_RT);
  assert.equal(rig.get(DR), 0x61);
  assert.equal(rig.get(MIS), INT_RT, "still there while the FIFO has something");
  assert.equal(rig.get(DR), 0x62);
  assert.equal(rig.get(MIS), 0);
  assert.equal(rig.irq, false);
});

Deno.test("PL011 does not repeat a receive timeout that was cleared before more comes", () => {
  const rig = new Rig().open(INT_RX | INT_RT);
  rig.type("a");
  rig.uart.poll();
  rig.set(ICR, INT_RT);
  rig.uart.poll();
  assert.equal(rig.irq, false);
  rig.type("b");
  rig.uart.poll();
  assert.equal(rig.irq, true);
});

Deno.test("PL011 tells of a full FIFO to a guest that has only the timeout enabled", () => {
  const rig = new Rig().open(INT_RT);
  rig.type("z".repeat(40));
  rig.uart.poll();
  assert.equal(rig.get(FR) & RXFF, RXFF);
  assert.equal(rig.input.length, 24);
  assert.equal(rig.irq, true);
});

Deno.test("PL011 takes no input for a guest that is not ready for it", () => {
  const rig = new Rig();
  rig.type("typed early");
  rig.uart.poll();
  rig.open();
  rig.uart.poll();
  // What Linux does at startup: it throws away what it finds.
  for (let n = 0; n < 32 && (rig.get(FR) & RXFE) === 0; n++) rig.get(DR);
  rig.set(IMSC, INT_RX | INT_RT);
  let got = "";
  while ((rig.get(FR) & RXFE) === 0) got += String.fromCharCode(rig.get(DR));
  assert.equal(got, "typed early");
});

Deno.test("PL011 gives input one by one to a guest that spins on UARTFR without interrupts", () => {
  const rig = new Rig();
  rig.type("ok");
  let got = "";
  for (let n = 0; n < 20; n++) {
    if ((rig.get(FR) & RXFE) === 0) got += String.fromCharCode(rig.get(DR));
  }
  assert.equal(got, "ok");
  rig.set(CR, 0x101);
  rig.type("no");
  for (let n = 0; n < 20; n++) rig.get(FR);
  assert.equal(rig.input.length, 2, "the receiver is off");
});

Deno.test("PL011 with RTS flow control stops the far end at the level", () => {
  const rig = new Rig().open(INT_RX | INT_RT);
  rig.set(CR, ENABLE | 0x4000);
  rig.type("r".repeat(20));
  rig.uart.poll();
  assert.equal(rig.input.length, 12);
  rig.get(DR);
  assert.equal(rig.input.length, 11);
});

Deno.test("PL011 in loopback receives what it sends, and tells of an overrun", () => {
  const rig = new Rig().open(INT_OE);
  rig.set(CR, ENABLE | LBE);
  rig.type("outside");
  rig.send("0123456789abcdef");
  assert.equal(rig.get(FR) & RXFF, RXFF);
  assert.equal(rig.irq, false);
  rig.send("!");
  assert.equal(rig.irq, true);
  assert.equal(rig.get(RSR), 8);
  rig.set(ICR, INT_OE);
  assert.equal(rig.irq, false);
  assert.equal(rig.get(DR), 0x30);
  rig.send("g");
  const rest = Array.from({ length: 16 }, () => rig.get(DR));
  assert.deepEqual(rest.slice(0, 2), [0x31, 0x32]);
  assert.equal(rest[15], 0x867, "the next character carries the overrun");
  assert.equal(rig.get(RSR), 8);
  rig.set(RSR, 0);
  assert.equal(rig.get(RSR), 0);
  assert.equal(rig.output, "");
  assert.equal(rig.input.length, 7);
});

Deno.test("PL011 in loopback connects the modem outputs to the inputs", () => {
  const rig = new Rig().open(0x00f);
  assert.equal(rig.get(FR) & 0x107, 0x007, "a null modem: the far end is there");
  rig.set(CR, ENABLE | LBE | 0x800);
  assert.equal(rig.get(FR) & 0x107, 0x001);
  assert.equal(rig.get(MIS), 0x00c, "DCD and DSR changed");
  rig.set(ICR, 0x7ff);
  rig.set(CR, ENABLE | LBE | 0xfc00);
  assert.equal(rig.get(FR) & 0x107, 0x107);
  assert.equal(rig.get(MIS), 0x00d);
});

Deno.test("PL011 receives a break with its error bit and interrupt", () => {
  const rig = new Rig().open(INT_BE);
  rig.uart.receive_break();
  assert.equal(rig.irq, true);
  assert.equal(rig.get(DR), 0x400);
  assert.equal(rig.get(RSR), 4);
});

Deno.test("PL011 empties the receive FIFO when FIFOs are turned off", () => {
  const rig = new Rig().open(INT_RX | INT_RT);
  rig.type("abc");
  rig.uart.poll();
  rig.set(LCR_H, 0x60);
  assert.equal(rig.get(FR) & RXFE, RXFE);
  assert.equal(rig.irq, false);
});

Deno.test("PL011 goes on from a saved state", () => {
  const before = new Rig().open(INT_RX | INT_RT | INT_TX);
  before.ready = false;
  before.send("0123456789");
  before.type("in");
  before.uart.poll();
  const after = new Rig();
  after.uart.restore(JSON.parse(JSON.stringify(before.uart.state())));
  assert.equal(after.irq, before.irq);
  assert.deepEqual(after.uart.state(), before.uart.state());
  after.uart.poll();
  assert.equal(after.output, "0123456789");
  assert.equal(after.get(DR), 0x69);
});

Deno.test("PL011 is as new after reset()", () => {
  const rig = new Rig().open(INT_RX | INT_RT | INT_TX);
  rig.type("in");
  rig.uart.poll();
  rig.ready = false;
  rig.send("out");
  rig.uart.reset();
  assert.equal(rig.irq, false);
  assert.deepEqual(rig.uart.state(), new Rig().uart.state());
});

/** What Linux's amba-pl011 driver does, reduced to its register accesses. */
class Driver {
  read = "";
  readonly #rig: Rig;
  #queue: number[] = [];
  #mask = 0;

  constructor(rig: Rig) {
    this.#rig = rig;
    rig.set(ICR, 0x7ff);
    rig.set(IFLS, 0x12);
    rig.set(LCR_H, FEN);
    rig.set(CR, ENABLE | 0xc00);
    rig.set(ICR, INT_RX | INT_RT);
    for (let n = 0; n < 32 && (rig.get(FR) & RXFE) === 0; n++) rig.get(DR);
    this.throttle(false);
  }

  throttle(on: boolean): void {
    this.#enable(INT_RX | INT_RT, !on);
  }

  write(text: string): void {
    this.#queue.push(...Array.from(text, (char) => char.charCodeAt(0)));
    if (this.#transmit(false)) this.#enable(INT_TX, true);
  }

  /** Serves the interrupt while it is there. */
  serve(): void {
    for (let turn = 0; this.#rig.irq; turn++) {
      assert(turn < 1000, "the interrupt never goes away");
      const status = this.#rig.get(RIS) & this.#mask;
      this.#rig.set(ICR, status & ~(INT_TX | INT_RT | INT_RX));
      if ((status & (INT_RX | INT_RT)) !== 0) this.#receive();
      if ((status & INT_TX) !== 0) this.#transmit(true);
    }
  }

  #enable(bits: number, on: boolean): void {
    this.#mask = on ? this.#mask | bits : this.#mask & ~bits;
    this.#rig.set(IMSC, this.#mask);
  }

  #receive(): void {
    for (let n = 0; n < 256 && (this.#rig.get(FR) & RXFE) === 0; n++) {
      this.read += String.fromCharCode(this.#rig.get(DR));
    }
  }

  #transmit(from_irq: boolean): boolean {
    for (let count = 8; this.#queue.length > 0;) {
      if (from_irq && count-- === 0) break;
      if (!from_irq && (this.#rig.get(FR) & TXFF) !== 0) break;
      this.#rig.set(DR, this.#queue.shift()!);
    }
    if (this.#queue.length > 0) return true;
    this.#enable(INT_TX, false);
    return false;
  }
}

Deno.test("an interrupt-driven driver loses nothing in either direction, however the host behaves", () => {
  const step = fc.record({
    write: fc.stringMatching(/^[a-z]{0,40}$/),
    type: fc.stringMatching(/^[a-z]{0,40}$/),
    allowance: fc.oneof(fc.nat(20), fc.constant(1000)),
    throttle: fc.boolean(),
  });
  fc.assert(fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
    const rig = new Rig();
    let written = "";
    let typed = "early";
    rig.type(typed);
    const driver = new Driver(rig);
    for (const { write, type, allowance, throttle } of steps) {
      rig.allowance = allowance;
      rig.type(type);
      typed += type;
      driver.write(write);
      written += write;
      driver.throttle(throttle);
      rig.uart.poll();
      driver.serve();
    }
    rig.allowance = Infinity;
    driver.throttle(false);
    rig.uart.poll();
    driver.serve();
    assert.equal(rig.output, written);
    assert.equal(driver.read, typed);
    assert.equal(rig.uart.dropped, 0);
  }));
});
