import assert from "node:assert/strict";
import { parse_symbols, SymbolTable } from "./symbols.ts";

const text = (lines: string): Uint8Array => new TextEncoder().encode(lines);

/** A 32-bit ELF file with one symbol table. */
function elf(symbols: readonly { name: string; value: number; size: number; type: number }[]) {
  const strings = text(`\0${symbols.map(({ name }) => `${name}\0`).join("")}`);
  const table = 52 + 3 * 40, names = table + 16 * symbols.length;
  const bytes = new Uint8Array(names + strings.length);
  const view = new DataView(bytes.buffer);
  bytes.set([0x7f, 0x45, 0x4c, 0x46, 1, 1, 1]);
  view.setUint32(32, 52, true);
  view.setUint16(46, 40, true);
  view.setUint16(48, 3, true);
  const section = (n: number, words: readonly number[]): void =>
    words.forEach((word, i) => view.setUint32(52 + 40 * n + 4 * i, word, true));
  section(1, [0, 2, 0, 0, table, 16 * symbols.length, 2]);
  section(2, [0, 3, 0, 0, names, strings.length, 0]);
  let name = 1;
  symbols.forEach((symbol, i) => {
    view.setUint32(table + 16 * i, name, true);
    view.setUint32(table + 16 * i + 4, symbol.value, true);
    view.setUint32(table + 16 * i + 8, symbol.size, true);
    view.setUint8(table + 16 * i + 12, symbol.type);
    view.setUint16(table + 16 * i + 14, 1, true);
    name += symbol.name.length + 1;
  });
  bytes.set(strings, names);
  return bytes;
}

Deno.test("System.map and kallsyms lines give code symbols, modules' with their module", () => {
  const symbols = parse_symbols(text(
    "c0100000 T _text\nc0100040 t local\t[ext4]\nc0200000 D data\nc0100080 t $a\nnonsense\n",
  ));
  assert.deepEqual(symbols, [
    { address: 0xc0100000, name: "_text" },
    { address: 0xc0100040, name: "local [ext4]" },
  ]);
});

Deno.test("An ELF file gives functions, without mapping symbols and Thumb bits", () => {
  const symbols = parse_symbols(elf([
    { name: "$t", value: 0x10000, size: 0, type: 0 },
    { name: "main", value: 0x10001, size: 8, type: 2 },
    { name: "object", value: 0x20000, size: 4, type: 1 },
  ]));
  assert.deepEqual(symbols, [{ address: 0x10000, name: "main", size: 8 }]);
});

Deno.test("What has no symbols is refused with a reason", () => {
  assert.throws(() => parse_symbols(text("hello\n")), /has no symbols/);
  assert.throws(() => parse_symbols(text("00000000 T a\n00000000 T b\n")), /as root/);
  assert.throws(() => parse_symbols(Uint8Array.of(0x7f, 0x45, 0x4c, 0x46, 2, 1)), /no 32-bit/);
  const whole = elf([{ name: "main", value: 0x1000, size: 8, type: 2 }]);
  assert.throws(() => parse_symbols(whole.subarray(0, 100)), /cut off/);
});

Deno.test("A symbol reaches as far as its size, or to the next one", () => {
  const table = new SymbolTable([
    { address: 0x2000, name: "b", size: 0x10 },
    { address: 0x1000, name: "a" },
  ]);
  assert.equal(table.find(0xfff), undefined);
  assert.equal(table.find(0x1000), "a");
  assert.equal(table.find(0x1fff), "a");
  assert.equal(table.find(0x200f), "b");
  assert.equal(table.find(0x2010), undefined);
});
