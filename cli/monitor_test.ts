import assert from "node:assert/strict";
import type { Machine, MonitorRequest } from "../mod.ts";
import { Monitor } from "./monitor.ts";

function monitor() {
  const shown = { text: "", left: 0, quits: 0 };
  const answers = {
    registers: [{ name: "r0", value: 0x1234n }, { name: "pc", value: 0xffff_0000n }],
    devices: [{ name: "pl011", base: 0x0900_0000, size: 0x1000, spi: 1 }],
    stats: { "MMIO reads": 12 },
  };
  const ask = (request: MonitorRequest) => Promise.resolve(answers[request]);
  const it = new Monitor({
    machine: { monitor: ask as Machine["monitor"] },
    print: (text) => shown.text += text,
    leave: () => shown.left++,
    quit: () => shown.quits++,
  });
  const type = (text: string) => it.type(new TextEncoder().encode(text));
  return { it, shown, type };
}

Deno.test("the monitor shows registers, devices and stats, by name or its beginning", async () => {
  const { shown, type } = monitor();
  await type("registers\rdev\rs\r");
  assert.match(shown.text, /r0=00001234 +pc=ffff0000/);
  assert.match(shown.text, /0x09000000-0x09000fff {2}pl011 +SPI 1/);
  assert.match(shown.text, /MMIO reads +12/);
});

Deno.test("the monitor edits its line and says when it does not know a command", async () => {
  const { shown, type } = monitor();
  await type("stx\x7fats\r");
  assert.match(shown.text, /MMIO reads/);
  await type("frobnicate\r");
  assert.match(shown.text, /unknown command "frobnicate"; try help/);
  await type("help\r");
  assert.match(shown.text, /registers {2}the vCPU's registers/);
});

Deno.test("the monitor is left by its commands and by Ctrl-D", async () => {
  const { shown, type } = monitor();
  await type("continue\r");
  await type("\x04");
  assert.equal(shown.left, 2);
  await type("quit\r");
  assert.equal(shown.quits, 1);
});
