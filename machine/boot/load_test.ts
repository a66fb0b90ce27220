import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { gzipSync, zstdCompressSync } from "node:zlib";
import type { GuestMemory } from "../../hypervisor/mod.ts";
import { require_guest } from "../../tools/fetch_guests.ts";
import { cells, fdt_find, fdt_node, read_cells, read_fdt, strings, write_fdt } from "../fdt/mod.ts";
import { be32 } from "./bytes.ts";
import { type BootState, type Chosen, load, type LoadRequest } from "./load.ts";
import * as fixtures from "./test_fixtures.ts";
import {
  concat,
  lz4_literals,
  make_elf,
  make_image,
  make_uimage,
  make_zimage,
  sample,
  store_lz4_legacy,
  store_xz,
  words,
  type ZImageOptions,
} from "./test_samples.ts";
import { unpack_ahead } from "./unpack_ahead.ts";
import { xxh32 } from "./xxh32.ts";

const MiB = 1 << 20;
const BASE = 0x4000_0000;
const IMAGE = make_image();
const FDT = write_fdt(fdt_node("", { compatible: strings("test,machine") }));

interface Run extends BootState {
  readonly memory: GuestMemory;
  readonly log: string[];
  readonly chosen: Chosen | undefined;
  /** Guest memory from `address` on. */
  at(address: number, size: number): Buffer;
}

function run(
  image: Uint8Array,
  options: Partial<LoadRequest> & { size?: number; base?: number } = {},
): Run {
  const size = options.size ?? 64 * MiB;
  const memory = {
    base: options.base ?? BASE,
    size,
    bytes: new Uint8Array(new SharedArrayBuffer(size)),
  };
  const log: string[] = [];
  let chosen: Chosen | undefined;
  const state = load({
    image,
    name: "kernel",
    memory,
    unpack: true,
    make_fdt: (given) => {
      chosen = given;
      return FDT;
    },
    log: (line) => log.push(line),
    ...options,
  });
  const at = (address: number, length: number): Buffer =>
    Buffer.from(memory.bytes.slice(address - memory.base, address - memory.base + length));
  return { ...state, memory, log, chosen, at };
}

/** That `state` is a good Linux boot: registers, tree in place and clear of the kernel. */
function assert_linux(state: Run, kernel: { low: number; high: number }): void {
  assert.equal(state.r0, 0);
  assert.equal(state.r1, 0xffff_ffff);
  assert.equal(state.thumb, false);
  assert.equal(state.r2 % 4096, 0);
  assert.ok(state.r2 >= kernel.high || state.r2 + FDT.length <= kernel.low, "tree in the kernel");
  assert.equal(be32(state.at(state.r2, 4), 0), 0xd00d_feed);
}

/** That the kernel was unpacked here, and lies where its decompressor would have put it. */
function assert_unpacked(state: Run, image = IMAGE, text_offset = 0x8000): void {
  assert.equal(state.entry, BASE + text_offset, state.log.join());
  assert.deepEqual(state.at(state.entry, image.length), Buffer.from(image));
  assert_linux(state, { low: BASE, high: state.entry + image.length });
}

/** That the guest is to unpack the zImage, and the log says why. */
function assert_left_packed(state: Run, zimage: Uint8Array, why: RegExp): void {
  assert.equal(state.entry, BASE + 0x1_0000);
  assert.deepEqual(state.at(state.entry, zimage.length), Buffer.from(zimage));
  assert.match(state.log.join("\n"), why);
}

const size_word = words(IMAGE.length);
const PAYLOADS: readonly [name: string, payload: Uint8Array][] = [
  ["gzip", new Uint8Array(gzipSync(IMAGE))],
  ["xz", concat(store_xz(IMAGE), size_word)],
  ["legacy lz4", concat(store_lz4_legacy(IMAGE), size_word)],
  ["zstd", concat(new Uint8Array(zstdCompressSync(IMAGE)), size_word)],
];
for (const [name, payload] of PAYLOADS) {
  const tables: [string, ZImageOptions["table"]][] = [
    ["a table with the load offset", { bss: 0x1_0000, text_offset: 0x8000 }],
    ["a table without the load offset", { bss: 0x1_0000 }],
    ["no table", undefined],
  ];
  for (const [kind, table] of tables) {
    Deno.test(`a zImage of ${name} with ${kind} is unpacked to where its kernel runs`, () => {
      const state = run(make_zimage({ payload, table }));
      assert_unpacked(state);
    });
  }
}

Deno.test("a zImage of lzma is unpacked", () => {
  // The sample is no Image, so its load offset has to come from the table.
  const payload = concat(Buffer.from(fixtures.LZMA, "base64"), words(3000));
  assert_unpacked(run(make_zimage({ payload })), sample(3000));
});

Deno.test("a kernel that runs 2 MiB up, as multiplatform ones may, is put there", () => {
  const image = make_image(70_000, { offset: 0x20_8000, lpae: true });
  const payload = new Uint8Array(gzipSync(image));
  const table = { bss: 0x1_0000, text_offset: 0x20_8000 };
  assert_unpacked(run(make_zimage({ payload, table })), image, 0x20_8000);
  assert_unpacked(run(make_zimage({ payload, table: undefined })), image, 0x20_8000);
});

Deno.test("a decompressor that comes before the payload and holds its magic does not mislead", () => {
  const decoys = concat([0x1f, 0x8b, 8, 0], [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0], [
    2,
    0x21,
    0x4c,
    0x18,
  ]);
  const payload = concat(decoys, new Uint8Array(40), new Uint8Array(gzipSync(IMAGE)));
  assert_unpacked(run(make_zimage({ payload })));
});

Deno.test("a zImage is left to the guest wherever unpacking is not certain to be right", () => {
  const gzip = new Uint8Array(gzipSync(IMAGE));
  const plain = new Uint8Array(gzipSync(sample(70_000)));
  const wrong_size = concat(store_xz(IMAGE), words(IMAGE.length + 4));
  const damaged = gzip.slice();
  damaged[gzip.length >> 1]! ^= 0x10;
  const appended = concat(make_zimage(), FDT);
  const cases: [Uint8Array, RegExp, Partial<LoadRequest>?][] = [
    [make_zimage(), /switched off/, { unpack: false }],
    [make_zimage({ payload: concat(new Uint8Array(5000).fill(0x42), size_word) }), /no payload/],
    [make_zimage({ payload: damaged }), /no payload/],
    [make_zimage({ payload: wrong_size }), /no payload/],
    [make_zimage({ payload: wrong_size, table: undefined }), /no payload/],
    [make_zimage({ masks: false }), /where RAM is/],
    [make_zimage({ table: { bss: 0, text_offset: 0x20_8000 } }), /two load offsets/],
    [make_zimage({ payload: plain, table: { bss: 0 } }), /load offset is not known/],
    [make_zimage({ payload: plain, table: { bss: 0, text_offset: 0x8002 } }), /is odd/],
    [appended, /device tree appended/],
  ];
  for (const [zimage, why, options] of cases) {
    assert_left_packed(run(zimage, options), zimage, why);
  }
});

Deno.test("a zImage is left to the guest when memory does not start where decompressors look", () => {
  const state = run(make_zimage(), { base: 0x4100_0000 });
  assert.equal(state.entry, 0x4101_0000);
  assert.match(state.log.join(), /multiple of 128 MiB/);
});

Deno.test("an Image goes to its own load offset", () => {
  assert_unpacked(run(IMAGE));
  const image = make_image(70_000, { offset: 0x20_8000 });
  assert_unpacked(run(image), image, 0x20_8000);
});

const WRAPPINGS: readonly [name: string, wrap: (bytes: Uint8Array) => Uint8Array][] = [
  ["gzip", (bytes) => new Uint8Array(gzipSync(bytes))],
  ["xz", store_xz],
  ["zstd", (bytes) => new Uint8Array(zstdCompressSync(bytes))],
  ["legacy lz4", store_lz4_legacy],
  ["lz4", lz4_frame],
  ["a uImage", (bytes) => make_uimage(bytes, { load: 0x8000 })],
  ["a gzip uImage", (bytes) => make_uimage(gzipSync(bytes), { load: 0x8000, compression: 1 })],
  ["gzip in gzip", (bytes) => new Uint8Array(gzipSync(gzipSync(bytes)))],
];
for (const [name, wrap] of WRAPPINGS) {
  Deno.test(`a zImage, an Image and an ELF kernel in ${name} are found`, () => {
    assert_unpacked(run(wrap(make_zimage())));
    assert_unpacked(run(wrap(IMAGE)));
    const elf = make_elf({
      entry: 0x4010_0000,
      loads: [{ virtual: 0x4010_0000, data: sample(100) }],
    });
    assert.equal(run(wrap(elf)).entry, 0x4010_0000);
  });
}

Deno.test("a raw binary goes 64 KiB into memory and finds the device tree in r2", () => {
  const raw = concat([0xfe, 0xff, 0xff, 0xea], sample(1000));
  const state = run(raw);
  assert.equal(state.entry, BASE + 0x1_0000);
  assert.deepEqual(state.at(state.entry, raw.length), Buffer.from(raw));
  assert_linux(state, { low: state.entry, high: state.entry + raw.length });
});

Deno.test("a uImage's raw binary goes where its header says, and starts at its entry", () => {
  const raw = concat([0xfe, 0xff, 0xff, 0xea], sample(1000));
  const state = run(make_uimage(raw, { load: BASE + 0x20_0000, entry: BASE + 0x20_0010 }));
  assert.equal(state.entry, BASE + 0x20_0010);
  assert.deepEqual(state.at(BASE + 0x20_0000, raw.length), Buffer.from(raw));
  const thumb = run(make_uimage(raw, { load: BASE, entry: BASE + 1 }));
  assert.deepEqual([thumb.entry, thumb.thumb], [BASE, true]);
  const anywhere = run(make_uimage(raw, { type: 14, load: 0, entry: 8 }));
  assert.equal(anywhere.entry, BASE + 0x1_0008);
});

Deno.test("a bare-metal ELF program is loaded by physical address and its BSS is zeroed", () => {
  const data = sample(256);
  const elf = make_elf({
    entry: 0x8000_0041,
    loads: [
      { virtual: 0x8000_0000, physical: BASE + 0x10_0000, data, memory_size: 0x1000 },
      { virtual: 0x9000_0000, physical: BASE + 0x20_0000, data: sample(16) },
    ],
  });
  const memory = { base: BASE, size: 16 * MiB, bytes: new Uint8Array(16 * MiB).fill(0xaa) };
  const state = load({
    image: elf,
    name: "kernel",
    memory,
    unpack: true,
    make_fdt: () => FDT,
    log: () => {},
  });
  assert.deepEqual([state.entry, state.thumb], [BASE + 0x10_0040, true]);
  assert.deepEqual(Buffer.from(memory.bytes.subarray(0x10_0000, 0x10_0100)), Buffer.from(data));
  assert.ok(memory.bytes.subarray(0x10_0100, 0x10_1000).every((byte) => byte === 0));
  assert.equal(memory.bytes[0x10_1000], 0xaa);
  // As under QEMU, the tree is at the start of RAM when the program leaves it free.
  assert.equal(state.r2, BASE);
});

Deno.test("an ELF program at the start of memory has the device tree behind it", () => {
  const state = run(make_elf({ entry: BASE, loads: [{ virtual: BASE, data: sample(5000) }] }));
  assert.equal(state.entry, BASE);
  assert.ok(state.r2 >= BASE + 5000);
});

Deno.test("a vmlinux is moved from its virtual addresses to the start of memory", () => {
  for (const page_offset of [0xc000_0000, 0x8000_0000, 0x4000_0000]) {
    const at = page_offset + 0x8000;
    const elf = make_elf({
      entry: at,
      loads: [{ virtual: at, data: IMAGE, memory_size: 0x4_0000 }],
    });
    assert_unpacked(run(elf));
  }
  const physical = BASE + 0x8000;
  const elf = make_elf({
    entry: 0xc000_8000,
    loads: [{ virtual: 0xc000_8000, physical, data: IMAGE }],
  });
  assert_unpacked(run(elf));
});

Deno.test("an initrd lies page aligned, clear of kernel and tree, and the tree's maker is told", () => {
  for (const size of [1, 4096, 5 * MiB + 3, 30 * MiB]) {
    const initrd = concat([...new TextEncoder().encode("070701")], new Uint8Array(size).fill(0x5a));
    const state = run(make_zimage(), { initrd: { bytes: initrd, name: "initrd" } });
    assert_unpacked(state);
    const { initrd_start, initrd_end } = state.chosen!;
    assert.equal(initrd_end! - initrd_start!, initrd.length);
    assert.equal(initrd_start! % 4096, 0);
    assert.ok(state.at(initrd_start!, initrd.length).equals(initrd));
    // Linux clears its BSS of 0x20000 bytes before it looks at anything.
    assert.ok(initrd_start! >= BASE + 0x8000 + IMAGE.length + 0x2_0000);
    assert.ok(state.r2 >= initrd_end! || state.r2 + FDT.length <= initrd_start!);
  }
});

Deno.test("an initrd that needs more than half of memory is moved down as far as the kernel allows", () => {
  const bytes = concat([...new TextEncoder().encode("070701")], new Uint8Array(60 * MiB));
  const state = run(make_zimage(), { initrd: { bytes, name: "initrd" } });
  assert.ok(state.chosen!.initrd_start! < BASE + 4 * MiB);
  assert.ok(state.r2 + FDT.length <= BASE + 64 * MiB);
});

Deno.test("with much memory, initrd and tree stay where a 32-bit kernel maps them", () => {
  const memory = { base: BASE, size: 3072 * MiB, bytes: new Uint8Array(900 * MiB) };
  const bytes = concat([...new TextEncoder().encode("070701")], new Uint8Array(8 * MiB));
  let chosen: Chosen = {};
  const make_fdt = (given: Chosen): Uint8Array => {
    chosen = given;
    return FDT;
  };
  const initrd = { bytes, name: "initrd" };
  const state = load({ image: IMAGE, name: "k", initrd, memory, unpack: true, make_fdt, log() {} });
  assert.equal(chosen.initrd_start, BASE + 128 * MiB);
  assert.ok(state.r2 < BASE + 760 * MiB);
});

Deno.test("a ramdisk uImage is given to the kernel without its header", () => {
  const data = concat([...new TextEncoder().encode("070701")], sample(100));
  const state = run(IMAGE, { initrd: { bytes: make_uimage(data, { type: 3 }), name: "initrd" } });
  assert.deepEqual(state.at(state.chosen!.initrd_start!, data.length), Buffer.from(data));
});

Deno.test("a user's device tree gets the machine's memory, the command line and the initrd", () => {
  const dtb = write_fdt(
    fdt_node("", { "#address-cells": cells(2), "#size-cells": cells(1) }, [
      fdt_node("memory@80000000", {
        device_type: strings("memory"),
        reg: cells(0, 0x8000_0000, 1),
      }),
      fdt_node("chosen", {
        bootargs: strings("old"),
        "stdout-path": strings("/uart"),
        "linux,initrd-start": cells(0, 1),
        "linux,initrd-end": cells(0, 2),
      }),
    ]),
    { reservations: [{ address: 0x4100_0000n, size: 0x1000n }] },
  );
  const data = concat([...new TextEncoder().encode("070701")], sample(100));
  const state = run(IMAGE, { dtb, append: "console=ttyAMA0", initrd: { bytes: data, name: "i" } });
  const tree = read_fdt(state.at(state.r2, 4096));
  assert.deepEqual(tree.children.map(({ name }) => name), ["chosen", "memory@40000000"]);
  const memory = fdt_find(tree, "/memory")!;
  assert.deepEqual(read_cells(memory.properties.get("reg")!), [0, BASE, 64 * MiB]);
  const { properties } = fdt_find(tree, "/chosen")!;
  assert.equal(Buffer.from(properties.get("bootargs")!).toString(), "console=ttyAMA0\0");
  assert.equal(Buffer.from(properties.get("stdout-path")!).toString(), "/uart\0");
  const start = read_cells(properties.get("linux,initrd-start")!)![1]!;
  assert.deepEqual(state.at(start, data.length), Buffer.from(data));
  assert.deepEqual(read_cells(properties.get("linux,initrd-end")!), [0, start + data.length]);

  const bare = run(IMAGE, { dtb });
  const chosen = fdt_find(read_fdt(bare.at(bare.r2, 4096)), "/chosen")!;
  assert.equal(Buffer.from(chosen.properties.get("bootargs")!).toString(), "old\0");
  assert.equal(chosen.properties.has("linux,initrd-start"), false);
});

const guests = await require_guest("zImage-armmp", "zImage-lpae");
for (const name of ["zImage-armmp", "zImage-lpae"] as const) {
  Deno.test({
    name: `Debian's ${name} is unpacked here, and lies 0x208000 into memory`,
    ...guests.skip,
    fn() {
      const zimage = Deno.readFileSync(guests.path(name));
      const state = run(zimage, { size: 256 * MiB });
      assert.equal(state.entry, BASE + 0x20_8000, state.log.join());
      assert.equal(state.r2, BASE + 128 * MiB);
      // Its first instruction is a BL, its second MRS r9, CPSR.
      assert.equal(state.at(state.entry, 4)[3], 0xeb);
      assert.equal(state.at(state.entry + 4, 4).readUInt32LE(), 0xe10f_9000);

      const packed = run(zimage, { size: 256 * MiB, unpack: false });
      assert_left_packed(packed, zimage, /switched off/);
    },
  });
}

function lz4_frame(data: Uint8Array): Uint8Array {
  const descriptor = Uint8Array.from([0x60, 0x70]);
  const blocks: Uint8Array[] = [];
  for (let at = 0; at < data.length; at += 60_000) {
    const block = lz4_literals(data.subarray(at, at + 60_000));
    blocks.push(words(block.length), block);
  }
  const check = (xxh32(descriptor) >>> 8) & 0xff;
  return concat(words(0x184d_2204), descriptor, [check], ...blocks, words(0));
}

Deno.test("A zImage that was unpacked ahead is loaded as that, and not unpacked again", () => {
  const payload = gzipSync(IMAGE);
  const image = make_zimage({ payload });
  const seen: number[] = [];
  const unpacked = unpack_ahead(image, 64 * MiB, (fraction) => seen.push(fraction));
  assert.ok(unpacked);
  assert.deepEqual(Buffer.from(unpacked.image), Buffer.from(IMAGE));
  // The payload is not looked at any more.
  const broken = image.slice();
  broken.set(new Uint8Array(payload.length), Buffer.from(image).indexOf(payload));
  assert_unpacked(run(broken, { image: broken, unpacked }));
});

Deno.test("Nothing is unpacked ahead that load() would have to say something about", () => {
  const quiet = (): void => {};
  const zimage = make_zimage();
  for (const image of [IMAGE, gzipSync(zimage), zimage.subarray(0, 0x30), new Uint8Array(0)]) {
    assert.equal(unpack_ahead(image, 64 * MiB, quiet), undefined);
  }
  assert.equal(unpack_ahead(concat(zimage, FDT), 64 * MiB, quiet), undefined);
});
