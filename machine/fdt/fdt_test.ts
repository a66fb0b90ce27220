import assert from "node:assert/strict";
import fc from "fast-check";
import {
  cells,
  cells64,
  fdt_find,
  fdt_node,
  fdt_walk,
  FdtError,
  type FdtNode,
  flag,
  read_cells,
  read_fdt,
  read_fdt_reservations,
  read_strings,
  strings,
  write_fdt,
} from "./mod.ts";
import { fdt_trees } from "./tree_arbitrary.ts";

function sample(): FdtNode {
  return fdt_node("", {
    compatible: strings("acme,board", "acme,any"),
    "#address-cells": cells(1),
    "#size-cells": cells(1),
  }, [
    fdt_node("cpus", { "#address-cells": cells(1), "#size-cells": cells(0) }, [
      fdt_node("cpu@3", { device_type: strings("cpu"), reg: cells(3) }),
    ]),
    fdt_node("memory@40000000", { reg: cells(0x4000_0000, 0x1000), odd: Uint8Array.of(1, 2, 3) }, [
      fdt_node("inner", { present: flag() }),
    ]),
  ]);
}

/** The sample as bytes, with one header word replaced. */
function with_word(offset: number, value: number): Uint8Array {
  const bytes = write_fdt(sample());
  new DataView(bytes.buffer).setUint32(offset, value);
  return bytes;
}

function rejects(bytes: Uint8Array, message: RegExp): void {
  assert.throws(() => read_fdt(bytes), (error: unknown) => {
    assert(error instanceof FdtError);
    assert.match(error.message, /^Cannot read device tree: /);
    assert.match(error.message, message);
    return true;
  });
}

/** A device tree of given structure words, with the strings block "a\0bc\0". */
function raw(words: number[], strings_block = "a\0bc\0"): Uint8Array {
  const struct = cells(...words);
  const text = new TextEncoder().encode(strings_block);
  const at = 56;
  const total = at + struct.length + text.length;
  const header = cells(
    0xd00dfeed,
    total,
    at,
    at + struct.length,
    40,
    17,
    16,
    0,
    text.length,
    struct.length,
  );
  const bytes = new Uint8Array(total);
  bytes.set(header);
  bytes.set(struct, at);
  bytes.set(text, at + struct.length);
  return bytes;
}

Deno.test("read_fdt() gives back what write_fdt() wrote", () => {
  assert.deepEqual(read_fdt(write_fdt(sample())), sample());
});

Deno.test("write_fdt() fills a version 17 header and names the boot CPU", () => {
  const bytes = write_fdt(sample());
  const words = read_cells(bytes.slice(0, 40))!;
  assert.equal(words[0], 0xd00dfeed);
  assert.equal(words[1], bytes.length);
  assert.deepEqual(words.slice(5, 8), [17, 16, 3]);
  assert.equal(words[2]! + words[9]!, words[3]);
  assert.equal(words[3]! + words[8]!, bytes.length);
});

Deno.test("write_fdt() keeps memory reservations", () => {
  const reservations = [{ address: 0x1_4000_0000n, size: 0x1000n }, { address: 0n, size: 1n }];
  assert.deepEqual(read_fdt_reservations(write_fdt(sample(), { reservations })), reservations);
  assert.deepEqual(read_fdt_reservations(write_fdt(sample())), []);
});

Deno.test("write_fdt() refuses names that cannot be written", () => {
  for (const name of ["", "a/b", "a\0b", "\u0416"]) {
    assert.throws(() => write_fdt(fdt_node("", {}, [fdt_node(name)])), FdtError);
  }
  assert.throws(() => write_fdt(fdt_node("", { "": flag() })), FdtError);
});

Deno.test("write_fdt() and read_fdt() agree on the deepest tree", () => {
  const nest = (depth: number): FdtNode =>
    fdt_node(`n${depth}`, {}, depth === 0 ? [] : [nest(depth - 1)]);
  const deepest = nest(64);
  deepest.name = "";
  assert.deepEqual(read_fdt(write_fdt(deepest)), deepest);
  assert.throws(() => write_fdt(nest(65)), FdtError);
  rejects(raw([...Array(70).fill([1, 0x61000000]).flat(), ...Array(70).fill(2), 9]), /deeper/);
});

Deno.test("read_fdt() ignores bytes after its size and NOP tokens", () => {
  const bytes = write_fdt(sample());
  const longer = new Uint8Array(bytes.length + 100).fill(0xff);
  longer.set(bytes);
  assert.deepEqual(read_fdt(longer), sample());
  assert.deepEqual(
    read_fdt(raw([4, 1, 0, 4, 3, 0, 2, 4, 2, 4, 9])),
    fdt_node("", { bc: flag() }),
  );
});

Deno.test("read_fdt() reads version 16, which does not say where its structure ends", () => {
  const bytes = with_word(20, 16);
  new DataView(bytes.buffer).setUint32(36, 0xdeadbeef);
  assert.deepEqual(read_fdt(bytes), sample());
});

Deno.test("read_fdt() says what is wrong with a header", () => {
  const huge = 0xffff_fff0;
  rejects(new Uint8Array(0), /empty/);
  rejects(new TextEncoder().encode("/dts-v1/; / {};"), /does not begin with 0xd00dfeed/);
  rejects(write_fdt(sample()).slice(0, 20), /truncated in its header/);
  rejects(write_fdt(sample()).slice(0, 100), /truncated: 100 bytes of/);
  rejects(with_word(4, 20), /less than its header/);
  rejects(with_word(20, 3), /version 3/);
  rejects(with_word(24, 18), /version/);
  rejects(with_word(8, huge), /structure block .* not inside/);
  rejects(with_word(8, 0), /structure block .* not inside/);
  rejects(with_word(8, 57), /structure block is not aligned|not inside/);
  rejects(with_word(36, huge), /structure block .* not inside/);
  rejects(with_word(12, huge), /strings block .* not inside/);
  rejects(with_word(32, huge), /strings block .* not inside/);
  rejects(with_word(16, huge), /reservation block .* not inside/);
  rejects(with_word(16, 44), /reservation block is not aligned/);
});

Deno.test("read_fdt() says what is wrong with a structure block", () => {
  rejects(raw([]), /ends before a token/);
  rejects(raw([9]), /ends inside/);
  rejects(raw([2]), /ends before any begins/);
  rejects(raw([7]), /unknown token 0x7/);
  rejects(raw([3, 0, 0]), /precedes its root/);
  rejects(raw([1, 0, 9]), /ends inside node \//);
  rejects(raw([1, 0x61616161]), /does not end/);
  rejects(raw([1, 0, 2]), /ends before a token/);
  rejects(raw([1, 0, 2, 1, 0, 2, 9]), /follows its root/);
  rejects(raw([1, 0, 1, 0, 2, 2, 9]), /not a node name/);
  rejects(raw([1, 0, 1, 0x2f000000, 2, 2, 9]), /not a node name/);
  rejects(raw([1, 0, 1, 0x78000000, 2, 1, 0x78000000, 2, 2, 9]), /two nodes x/);
  rejects(raw([1, 0, 1, 0x78000000, 2, 3, 0, 0, 2, 9]), /follows a node/);
  rejects(raw([1, 0, 3]), /ends before a property's size/);
  rejects(raw([1, 0, 3, 0]), /ends before a property's name/);
  rejects(raw([1, 0, 3, 40, 0, 2, 9]), /leaves its structure/);
  rejects(raw([1, 0, 3, 0xffffffff, 0, 2, 9]), /leaves its structure/);
  rejects(raw([1, 0, 3, 0, 99, 2, 9]), /leaves its strings/);
  rejects(raw([1, 0, 3, 0, 1, 2, 9]), /has no name/);
  rejects(raw([1, 0, 3, 0, 0, 2, 9], "abc"), /does not end/);
  rejects(raw([1, 0, 3, 0, 0, 2, 9], "a".repeat(300) + "\0"), /does not end/);
  rejects(raw([1, 0, 3, 0, 0, 3, 0, 0, 2, 9]), /two properties a/);
});

Deno.test("read_fdt_reservations() stops at the end of a file that lacks their end", () => {
  const bytes = write_fdt(sample());
  bytes.fill(1, 40);
  assert.throws(() => read_fdt_reservations(bytes), FdtError);
});

Deno.test("read_fdt() answers any damage with a tree or an FdtError", () => {
  const good = write_fdt(sample());
  const damage = fc.array(fc.tuple(fc.nat(good.length - 1), fc.nat(255)), { maxLength: 8 });
  fc.assert(
    fc.property(damage, fc.nat(good.length), (changes, length) => {
      const bytes = good.slice();
      for (const [at, value] of changes) bytes[at] = value;
      for (const input of [bytes, bytes.slice(0, length)]) {
        try {
          read_fdt(input);
          read_fdt_reservations(input);
        } catch (error) {
          assert(error instanceof FdtError, String(error));
        }
      }
    }),
    { numRuns: 2000 },
  );
});

Deno.test("any tree survives write_fdt() and read_fdt()", () => {
  fc.assert(fc.property(fdt_trees(), (root) => {
    assert.deepEqual(read_fdt(write_fdt(root)), root);
  }));
});

Deno.test("fdt_find() takes names with and without unit address", () => {
  const root = sample();
  assert.equal(fdt_find(root, "/cpus/cpu@3")?.name, "cpu@3");
  assert.equal(fdt_find(root, "/memory/inner")?.name, "inner");
  assert.equal(fdt_find(root, "/"), root);
  assert.equal(fdt_find(root, "/cpus/cpu@4"), undefined);
  assert.deepEqual(
    [...fdt_walk(root)].map(([path]) => path),
    ["/", "/cpus", "/cpus/cpu@3", "/memory@40000000", "/memory@40000000/inner"],
  );
});

Deno.test("properties are read as they were made", () => {
  assert.deepEqual(read_cells(cells(1, 0xffff_ffff)), [1, 0xffff_ffff]);
  assert.deepEqual(read_cells(cells64(0x1_0000_0002)), [1, 2]);
  assert.deepEqual(read_strings(strings("a", "", "b")), ["a", "", "b"]);
  assert.equal(read_cells(Uint8Array.of(1)), undefined);
  assert.equal(read_strings(Uint8Array.of(1)), undefined);
  assert.equal(read_strings(Uint8Array.of(0xff, 0)), undefined);
  assert.equal(read_strings(flag()), undefined);
});
