import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { gzipSync, zstdCompressSync } from "node:zlib";
import fc from "fast-check";
import { cells, fdt_node, write_fdt } from "../fdt/mod.ts";
import { ImageError, type ImageErrorCode } from "./error.ts";
import { identify } from "./identify.ts";
import { load, type LoadRequest } from "./load.ts";
import * as fixtures from "./test_fixtures.ts";
import {
  concat,
  make_elf,
  make_image,
  make_uimage,
  make_zimage,
  sample,
  store_xz,
  words,
} from "./test_samples.ts";

const MiB = 1 << 20;
const BASE = 0x4000_0000;
const FDT = write_fdt(fdt_node(""));
const memory = { base: BASE, size: 16 * MiB, bytes: new Uint8Array(16 * MiB) };

function try_load(image: Uint8Array, options: Partial<LoadRequest> = {}): void {
  load({
    image,
    name: "the-file",
    memory,
    unpack: true,
    make_fdt: () => FDT,
    log: () => {},
    ...options,
  });
}

const text = (string: string): Uint8Array => new TextEncoder().encode(string);
const at = (offset: number, bytes: Uint8Array | string, size = offset + 512): Uint8Array => {
  const file = sample(Math.max(size, offset + bytes.length));
  file.fill(0, 0, 64);
  file.set(
    typeof bytes === "string" ? Uint8Array.from(Buffer.from(bytes, "latin1")) : bytes,
    offset,
  );
  return file;
};
const pe = (machine: number): Uint8Array => {
  const file = at(0x80, concat(text("PE\0\0"), [machine & 0xff, machine >> 8]), 1024);
  file.set(text("MZ"));
  file.set(words(0x80), 0x3c);
  return file;
};
const elf = (options: Partial<Parameters<typeof make_elf>[0]> = {}): Uint8Array =>
  make_elf({ entry: BASE, loads: [{ virtual: BASE, data: sample(400) }], ...options });

const ZIMAGE = make_zimage();
const GZIP = new Uint8Array(gzipSync(ZIMAGE));
const XZ = store_xz(ZIMAGE);
const BOMB = new Uint8Array(gzipSync(new Uint8Array(17 * MiB)));
const flipped = (bytes: Uint8Array, index: number): Uint8Array => {
  const copy = bytes.slice();
  copy[index < 0 ? bytes.length + index : index]! ^= 0x40;
  return copy;
};

const BAD_IMAGES: readonly [
  what: string,
  image: Uint8Array,
  code: ImageErrorCode,
  message: RegExp,
][] = [
  ["an empty file", new Uint8Array(0), "bad_image", /empty file/],
  ["one byte", Uint8Array.of(0x81), "bad_image", /only 1 byte;/],
  ["zero bytes", new Uint8Array(4096), "bad_image", /zero bytes only/],
  ["erased flash", new Uint8Array(4096).fill(0xff), "bad_image", /0xff bytes only/],
  ["a shell script", text("#!/bin/sh\necho hello\n"), "bad_image", /text file.*#!\/bin\/sh/],
  ["an HTML page", text("<!DOCTYPE html><html>404</html>"), "bad_image", /text file.*DOCTYPE/],
  ["a kernel configuration", text("CONFIG_ARM=y\n".repeat(999)), "bad_image", /text file/],
  ["an x86 bzImage", at(0x202, "HdrS"), "bad_image", /x86 bzImage; armvm needs/],
  ["an arm64 Image", at(0x38, "ARM\x64"), "bad_image", /arm64 Image; armvm needs/],
  ["a RISC-V Image", at(0x38, "RSC\x05"), "bad_image", /RISC-V Image/],
  ["an EFI zboot image", at(4, "zimg"), "bad_image", /EFI zboot/],
  ["an x86-64 EFI program", pe(0x8664), "bad_image", /PE, x86-64/],
  ["an arm64 EFI program", pe(0xaa64), "bad_image", /PE, arm64/],
  ["an ARM EFI program", pe(0x1c2), "bad_image", /PE, ARM/],
  ["an initramfs", concat(text("070701"), sample(600)), "bad_image", /--initrd/],
  ["a device tree", FDT, "bad_image", /--dtb/],
  ["a FIT", write_fdt(fdt_node("", {}, [fdt_node("images")])), "bad_image", /FIT.*dumpimage/],
  ["an ext4 file system", at(0x438, "\x53\xef"), "bad_image", /ext4/],
  ["a squashfs", at(0, "hsqs"), "bad_image", /squashfs/],
  ["an ISO image", at(0x8001, "CD001"), "bad_image", /ISO 9660/],
  ["a qcow2 disk", at(0, "QFI\xfb"), "bad_image", /qcow2/],
  ["a GPT disk", at(512, "EFI PART"), "bad_image", /GPT/],
  ["a Debian package", at(0, "!<arch>\ndebian-binary"), "bad_image", /dpkg-deb/],
  ["an RPM package", at(0, "\xed\xab\xee\xdb"), "bad_image", /RPM/],
  ["a zip archive", at(0, "PK\x03\x04"), "bad_image", /zip archive/],
  ["a tar archive", at(257, "ustar"), "bad_image", /tar archive/],
  ["an Android boot image", at(0, "ANDROID!"), "bad_image", /Android/],
  ["a bzip2 file", at(0, "BZh91AY&SY"), "bad_image", /bunzip2/],
  ["an lzop file", at(0, "\x89LZO\0\r\n\x1a\n"), "bad_image", /lzop -d/],
  [
    "a tar archive in gzip",
    new Uint8Array(gzipSync(at(257, "ustar"))),
    "bad_image",
    /inside, .*tar/,
  ],
  ["a text in xz", store_xz(text("hello there, world\n")), "bad_image", /inside, .*text/],

  ["a big-endian zImage", make_zimage({ endian: 0x0102_0304 }), "bad_image", /CPU_BIG_ENDIAN/],
  ["a zImage without its last byte", ZIMAGE.subarray(0, -1), "bad_image", /zImage is cut off/],
  ["half a zImage", ZIMAGE.subarray(0, ZIMAGE.length >> 1), "bad_image", /zImage is cut off/],
  ["a zImage's first 44 bytes", ZIMAGE.subarray(0, 44), "bad_image", /cut off/],
  [
    "a zImage that ends before it starts",
    at(0x24, words(0x016f_2818, 64, 32)),
    "bad_image",
    /header is damaged/,
  ],
  ["a zImage of no size", at(0x24, words(0x016f_2818, 64, 64)), "bad_image", /header is damaged/],
  [
    "a zImage larger than memory",
    make_zimage({ payload: new Uint8Array(17 * MiB) }),
    "too_large",
    /--memory/,
  ],
  [
    "a zImage with too much BSS",
    make_zimage({ table: { bss: 20 * MiB } }),
    "too_large",
    /20\.\d MiB.*16 MiB/,
  ],

  [
    "half a gzip file",
    GZIP.subarray(0, GZIP.length >> 1),
    "bad_image",
    /gzip file that .* ends too early/,
  ],
  ["a gzip header", GZIP.subarray(0, 10), "bad_image", /ends too early/],
  ["a gzip file with a wrong checksum", flipped(GZIP, -8), "bad_image", /checksum/],
  ["damaged gzip data", flipped(GZIP, 400), "bad_image", /gzip file that cannot be unpacked/],
  ["a gzip bomb", BOMB, "too_large", /larger than memory/],
  [
    "a zstd bomb",
    new Uint8Array(zstdCompressSync(new Uint8Array(17 * MiB))),
    "too_large",
    /larger/,
  ],
  ["a bomb in a bomb", new Uint8Array(gzipSync(BOMB)), "too_large", /larger than memory/],
  [
    "half a zstd file",
    new Uint8Array(zstdCompressSync(ZIMAGE)).subarray(0, 999),
    "bad_image",
    /zstd/,
  ],
  [
    "half an xz file",
    XZ.subarray(0, XZ.length >> 1),
    "bad_image",
    /xz file that .* ends too early/,
  ],
  ["an xz file with a damaged header", flipped(XZ, 8), "bad_image", /xz header/],
  ["an xz file with a damaged block header", flipped(XZ, 16), "bad_image", /block header/],
  ["an xz file with a damaged footer", flipped(XZ, -1), "bad_image", /footer/],
  ["an xz file with damaged data", flipped(XZ, 400), "bad_image", /checksum/],
  [
    "half an lzma file",
    Buffer.from(fixtures.LZMA, "base64").subarray(0, 300),
    "bad_image",
    /too early/,
  ],
  ["an lz4 file's header", Uint8Array.of(4, 0x22, 0x4d, 0x18, 0x40), "bad_image", /lz4/],
  ["gzip six times over", six_times(ZIMAGE), "bad_image", /more than 4 times/],

  [
    "a uImage's first bytes",
    make_uimage(raw_binary()).subarray(0, 40),
    "bad_image",
    /header is cut/,
  ],
  [
    "a uImage that is cut off",
    make_uimage(raw_binary()).subarray(0, -9),
    "bad_image",
    /uImage is cut off/,
  ],
  ["a uImage without data", make_uimage(new Uint8Array(0)), "bad_image", /no data/],
  [
    "a uImage with a damaged header",
    make_uimage(raw_binary(), { header_crc: 1 }),
    "bad_image",
    /header is damaged/,
  ],
  [
    "a uImage with damaged data",
    make_uimage(raw_binary(), { data_crc: 1 }),
    "bad_image",
    /checksum/,
  ],
  ["a uImage for PowerPC", make_uimage(raw_binary(), { architecture: 7 }), "bad_image", /PowerPC/],
  ["a uImage for arm64", make_uimage(raw_binary(), { architecture: 22 }), "bad_image", /arm64/],
  ["a ramdisk uImage", make_uimage(raw_binary(), { type: 3 }), "bad_image", /--initrd/],
  ["a script uImage", make_uimage(raw_binary(), { type: 6 }), "bad_image", /holds a script/],
  ["a uImage in bzip2", make_uimage(raw_binary(), { compression: 2 }), "bad_image", /bzip2.*gzip/],
  [
    "a uImage compressed unknowably",
    make_uimage(raw_binary(), { compression: 77 }),
    "bad_image",
    /77/,
  ],
  [
    "a uImage that says gzip and is not",
    make_uimage(raw_binary(), { compression: 1 }),
    "bad_image",
    /says gzip/,
  ],
  [
    "a uImage for low memory",
    make_uimage(raw_binary(), { load: 0x8000 }),
    "bad_image",
    /0x8000.*mkimage -a/,
  ],
  [
    "a uImage that starts elsewhere",
    make_uimage(raw_binary(), { entry: 0x5000_0000 }),
    "bad_image",
    /entry 0x50000000/,
  ],
  [
    "a uImage that leaves memory",
    make_uimage(raw_binary(), { load: BASE + 16 * MiB - 16 }),
    "too_large",
    /--memory/,
  ],

  ["an ELF header", elf().subarray(0, 40), "bad_image", /cut off in its header/],
  ["an ELF file without its segments", elf().subarray(0, 60), "bad_image", /program headers/],
  ["an ELF file that is cut off", elf().subarray(0, -50), "bad_image", /ELF file is cut off/],
  ["an x86-64 ELF file", elf({ class: 2, machine: 62 }), "bad_image", /for x86-64; armvm needs/],
  ["an arm64 ELF file", elf({ class: 2, machine: 183 }), "bad_image", /for arm64/],
  ["a MIPS ELF file", elf({ order: 2, machine: 8 }), "bad_image", /for MIPS/],
  ["an ELF file for nothing known", elf({ machine: 0x1234 }), "bad_image", /machine 4660/],
  ["a big-endian ARM ELF file", elf({ order: 2 }), "bad_image", /big-endian/],
  ["a kernel module", elf({ type: 1 }), "bad_image", /relocatable/],
  ["a core dump", elf({ type: 4 }), "bad_image", /core dump/],
  ["an ELF file with nothing to load", elf({ loads: [] }), "bad_image", /nothing to load/],
  [
    "an ELF file with tiny program headers",
    elf({ header_size: 8 }),
    "bad_image",
    /header is damaged/,
  ],
  [
    "a dynamically linked program",
    elf({
      loads: [{ type: 3, virtual: 0, data: text("/lib/ld.so\0") }, {
        virtual: BASE,
        data: sample(9),
      }],
    }),
    "bad_image",
    /dynamically linked/,
  ],
  [
    "a user program",
    elf({ entry: 0x1_0000, loads: [{ virtual: 0x1_0000, data: sample(99) }] }),
    "bad_image",
    /0x10000-.*link it/,
  ],
  [
    "an ELF file that leaves memory",
    elf({ loads: [{ virtual: BASE, data: sample(99), memory_size: 17 * MiB }] }),
    "bad_image",
    /--memory/,
  ],
  [
    "an ELF file with more data than memory",
    elf({ loads: [{ virtual: BASE, data: sample(99), memory_size: 50 }] }),
    "bad_image",
    /larger in the file/,
  ],
  [
    "an ELF file that starts nowhere",
    elf({ entry: BASE + 0x1000 }),
    "bad_image",
    /in none of its segments/,
  ],
  [
    "an ELF file that wraps around",
    elf({ loads: [{ virtual: 0xffff_f000, data: sample(99), memory_size: 0xffff_ffff }] }),
    "bad_image",
    /loads at 0xfffff000/,
  ],
];

for (const [what, image, code, message] of BAD_IMAGES) {
  Deno.test(`${what} is refused as ${code}, in one line that helps`, () => {
    assert_refused(() => try_load(image), code, message);
  });
}

const BAD_INITRDS: readonly [string, Uint8Array, ImageErrorCode, RegExp][] = [
  ["an empty initrd", new Uint8Array(0), "bad_initrd", /empty file/],
  ["an initrd of zeros", new Uint8Array(999), "bad_initrd", /zero bytes/],
  ["a text as initrd", text("not found\n"), "bad_initrd", /text file/],
  ["a kernel as initrd", ZIMAGE, "bad_initrd", /zImage/],
  ["a program as initrd", elf(), "bad_initrd", /ELF/],
  ["a device tree as initrd", FDT, "bad_initrd", /device tree/],
  ["a kernel uImage as initrd", make_uimage(sample(99)), "bad_initrd", /holds a kernel/],
  [
    "a damaged ramdisk uImage",
    make_uimage(sample(99), { type: 3, data_crc: 1 }),
    "bad_initrd",
    /checksum/,
  ],
  [
    "an initrd larger than memory",
    concat(text("070701"), new Uint8Array(17 * MiB)),
    "too_large",
    /--memory/,
  ],
  [
    "an initrd with no room beside the kernel",
    concat(text("070701"), new Uint8Array(16 * MiB - 9999)),
    "too_large",
    /left beside the kernel/,
  ],
];

for (const [what, bytes, code, message] of BAD_INITRDS) {
  Deno.test(`${what} is refused as ${code}, in one line that helps`, () => {
    assert_refused(() => try_load(ZIMAGE, { initrd: { bytes, name: "the-file" } }), code, message);
  });
}

const BAD_TREES: readonly [string, Uint8Array, RegExp][] = [
  ["an empty device tree", new Uint8Array(0), /Cannot use the device tree/],
  ["a text as device tree", text("/dts-v1/;\n/ { };\n"), /dtc/],
  ["a device tree that is cut off", FDT.subarray(0, FDT.length - 8), /Cannot use the device tree/],
  [
    "a device tree with three address cells",
    write_fdt(fdt_node("", { "#address-cells": cells(3) })),
    /#address-cells/,
  ],
  [
    "a device tree without size cells",
    write_fdt(fdt_node("", { "#size-cells": cells(0) })),
    /#size-cells/,
  ],
  ["a device tree over 1 MiB", write_fdt(fdt_node("", { blob: new Uint8Array(MiB) })), /1 MiB/],
];

for (const [what, dtb, message] of BAD_TREES) {
  Deno.test(`${what} is refused as bad_fdt, in one line that helps`, () => {
    assert_refused(() => try_load(ZIMAGE, { dtb }), "bad_fdt", message);
  });
}

Deno.test("nothing is written to memory when something is refused", () => {
  const bytes = new Uint8Array(MiB).fill(0xaa);
  const small = { base: BASE, size: MiB, bytes };
  const initrd = { bytes: concat(text("070701"), new Uint8Array(MiB)), name: "initrd" };
  assert.throws(() => try_load(elf(), { memory: small, initrd }), ImageError);
  assert.throws(() => try_load(elf(), { memory: small, dtb: text("x") }), ImageError);
  assert.ok(bytes.every((byte) => byte === 0xaa));
});

/** Good files of every kind, to be damaged. */
const SEEDS: readonly Uint8Array[] = [
  ZIMAGE.subarray(0, 0x400),
  make_zimage({ payload: new Uint8Array(gzipSync(make_image(3000))) }),
  make_zimage({ payload: concat(Buffer.from(fixtures.XZ_ARM_CRC32, "base64"), words(3000)) }),
  make_zimage({ payload: concat(Buffer.from(fixtures.LZMA, "base64"), words(3000)) }),
  make_zimage({
    payload: concat(Buffer.from(fixtures.LZ4_LEGACY, "base64"), words(3000)),
    table: undefined,
  }),
  make_image(3000),
  make_uimage(make_image(3000)),
  make_uimage(gzipSync(make_image(3000)), { compression: 1 }),
  elf(),
  make_elf({ entry: 0xc000_8000, loads: [{ virtual: 0xc000_8000, data: make_image(3000) }] }),
  new Uint8Array(gzipSync(make_image(3000))),
  new Uint8Array(zstdCompressSync(make_image(3000))),
  ...[fixtures.XZ_ARM_CRC32, fixtures.XZ_THUMB_SHA256, fixtures.XZ_BLOCKS_CRC64, fixtures.LZMA].map(
    (packed) => new Uint8Array(Buffer.from(packed, "base64")),
  ),
  ...[fixtures.LZ4_FRAME, fixtures.LZ4_LEGACY].map(
    (packed) => new Uint8Array(Buffer.from(packed, "base64")),
  ),
];

const damage = fc.array(
  fc.record({
    at: fc.oneof(fc.nat(64), fc.nat(0x400), fc.nat(100_000)),
    value: fc.oneof(fc.constantFrom(0, 1, 0x7f, 0x80, 0xff), fc.nat(255)),
    run: fc.constantFrom(1, 1, 1, 2, 4),
  }),
  { minLength: 1, maxLength: 6 },
);

Deno.test("damaged and cut off files of every kind load or end in an ImageError, and soon", () => {
  fc.assert(
    fc.property(
      fc.nat(SEEDS.length - 1),
      damage,
      fc.option(fc.double({ min: 0, max: 1, noNaN: true })),
      fc.boolean(),
      (which, edits, cut, as_initrd) => {
        const seed = SEEDS[which]!;
        const file = seed.slice(0, cut === null ? seed.length : Math.ceil(seed.length * cut));
        for (const { at, value, run } of edits) {
          if (file.length > 0) file.fill(value, at % file.length, (at % file.length) + run);
        }
        const start = performance.now();
        try {
          if (as_initrd) try_load(SEEDS[5]!, { initrd: { bytes: file, name: "the-file" } });
          else try_load(file);
        } catch (error) {
          assert_image_error(error);
        }
        assert.ok(performance.now() - start < 1000, "it took over a second");
      },
    ),
    { numRuns: 2000 },
  );
});

Deno.test("random bytes behind any known magic load or end in an ImageError", () => {
  const magics = SEEDS.map((seed) => seed.subarray(0, 0x40));
  fc.assert(
    fc.property(
      fc.constantFrom(...magics),
      fc.nat(0x40),
      fc.uint8Array({ maxLength: 3000 }),
      (magic, kept, rest) => {
        const file = concat(magic.subarray(0, kept), rest);
        assert.ok(identify(file).description.length > 0);
        try {
          try_load(file);
        } catch (error) {
          assert_image_error(error);
        }
      },
    ),
    { numRuns: 1000 },
  );
});

function assert_refused(run: () => void, code: ImageErrorCode, message: RegExp): void {
  assert.throws(run, (error) => {
    assert_image_error(error);
    assert.equal(error.code, code, error.message);
    assert.match(error.message, message);
    return true;
  });
}

function assert_image_error(error: unknown): asserts error is ImageError {
  if (!(error instanceof ImageError)) throw error;
  assert.match(error.message, /^Cannot \S.*$/);
  assert.ok(!error.message.includes("\n"));
  assert.ok(error.message.length < 300, error.message);
  // What is wrong, and what to do.
  assert.match(error.message, /; /);
}

function six_times(bytes: Uint8Array): Uint8Array {
  for (let i = 0; i < 6; i++) bytes = new Uint8Array(gzipSync(bytes));
  return bytes;
}

/** The raw binary that the uImages of the table hold. */
function raw_binary(): Uint8Array {
  return concat([0xfe, 0xff, 0xff, 0xea], sample(500));
}
