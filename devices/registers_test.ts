import assert from "node:assert/strict";
import { primecell_ids, RegisterBank } from "./registers.ts";

function sample(log?: (line: string) => void): RegisterBank<string> {
  return new RegisterBank<string>("sample", [
    { offset: 0, name: "CTRL", reset: 0x1234_5678, writable: 0xffff },
    { offset: 4, name: "STATUS", reset: 3 },
    ...primecell_ids(0x0014_1011),
  ], log);
}

Deno.test("a register stores its writable bits only", () => {
  const bank = sample();
  bank.write(0, 4, 0xffff_ffff);
  assert.equal(bank.read(0, 4), 0x1234_ffff);
  bank.reset();
  assert.equal(bank.read(0, 4), 0x1234_5678);
});

Deno.test("narrow accesses use the byte lanes of the word", () => {
  const bank = sample();
  assert.deepEqual([0, 1, 2, 3].map((n) => bank.read(n, 1)), [0x78, 0x56, 0x34, 0x12]);
  assert.deepEqual([0, 2].map((n) => bank.read(n, 2)), [0x5678, 0x1234]);
  bank.write(1, 1, 0xab);
  assert.equal(bank.read(0, 4), 0x1234_ab00);
});

Deno.test("mistakes are counted and told once", () => {
  const lines: string[] = [];
  const bank = sample((line) => lines.push(line));
  assert.equal(bank.read(0x100, 4), 0);
  bank.write(4, 4, 0);
  bank.write(0x200, 1, 0);
  assert.equal(bank.mistakes, 3);
  assert.deepEqual(lines, ["sample: guest read of offset 0x100 ignored"]);
});

Deno.test("identification registers hold a byte each and are no state", () => {
  const bank = sample();
  assert.equal(bank.read(0xfe0, 4), 0x11);
  assert.equal(bank.read(0xffc, 4), 0xb1);
  assert.deepEqual(bank.state(), { CTRL: 0x1234_5678, STATUS: 3 });
  bank.restore({ CTRL: 7, PeriphID0: 9, other: 1, STATUS: "no" });
  assert.deepEqual(bank.state(), { CTRL: 7, STATUS: 3 });
  assert.equal(bank.read(0xfe0, 4), 0x11);
});

Deno.test("two registers cannot share a word", () => {
  const rows = [{ offset: 0, name: "A", words: 2 }, { offset: 4, name: "B" }];
  assert.throws(() => new RegisterBank("bad", rows), TypeError);
  assert.throws(() => new RegisterBank("bad", [{ offset: 2, name: "A" }]), TypeError);
});
