import assert from "node:assert/strict";
import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { cpio_newc, type CpioEntry, file, symlink } from "../../tools/cpio.ts";
import { require_guest } from "../../tools/fetch_guests.ts";
import {
  concat,
  make_elf,
  make_image,
  make_uimage,
  make_zimage,
  sample,
  store_xz,
} from "../boot/test_samples.ts";
import { fdt_node, strings, write_fdt } from "../fdt/mod.ts";
import { type Diagnosis, examine_image, silence_reason } from "./mod.ts";

const text = (string: string) => new TextEncoder().encode(string);
const gzip = (bytes: Uint8Array) => new Uint8Array(gzipSync(bytes));

const VERSION = "Linux version 6.6.1-test (somebody)\0";
const VERMAGIC = "6.6.1-test SMP mod_unload ARMv7 p2v8 \0";
const GOOD = [
  ...["uart-pl011", "arm,psci-0.2", "virtio,mmio", "gpio-keys", "rtc-pl031", "arm,armv7-timer"],
  ...["devtmpfs: mounted", "Generic DT based system", "arm,cortex-a15-gic"],
  "Trying to unpack rootfs image",
];

/** A kernel that contains these texts. */
function kernel(texts: readonly string[], options: { lpae?: boolean } = {}): Uint8Array {
  return concat(make_image(8192, options), text(texts.join("\0")), sample(512));
}
function zimage(texts: readonly string[], options: { lpae?: boolean } = {}): Uint8Array {
  return make_zimage({ payload: gzip(kernel(texts, options)) });
}
const HEALTHY = zimage([VERSION, VERMAGIC, ...GOOD]);

/** A kernel that carries this configuration. */
function configured(lines: readonly string[]): Uint8Array {
  const config = lines.map((line) => `CONFIG_${line}\n`).join("");
  const start = concat(make_image(8192), text(VERSION), text("IKCFG_ST"), gzip(text(config)));
  return make_zimage({ payload: gzip(concat(start, text("IKCFG_ED"))) });
}
const GOOD_CONFIG = [
  ...["SERIAL_AMBA_PL011=y", "SERIAL_AMBA_PL011_CONSOLE=y", "ARM_PSCI_FW=y", "VIRTIO_MMIO=y"],
  ...["KEYBOARD_GPIO=y", "GPIO_PL061=y", "RTC_DRV_PL031=y", "DEVTMPFS=y", "USE_OF=y"],
  ...["ARM_GIC=y", "ARM_ARCH_TIMER=y", "BLK_DEV_INITRD=y", "RD_GZIP=y", "ARM_LPAE=y"],
];

const initrd = (...entries: CpioEntry[]) => gzip(cpio_newc(entries));
const program = (machine: number) => {
  const elf = make_elf({ entry: 0x8000, loads: [{ virtual: 0x8000, data: sample(64) }] });
  elf[18] = machine;
  return elf;
};

function texts(diagnosis: Diagnosis, level: string): string[] {
  return diagnosis.findings.filter((finding) => finding.level === level).map(({ text }) => text);
}

Deno.test("a kernel that has all it needs has no problems, told by its text", () => {
  const good = initrd(file("init", "#!/bin/sh\n", true), file("bin/busybox", program(40), true));
  const diagnosis = examine_image({ image: HEALTHY, initrd: good });
  assert.deepEqual(texts(diagnosis, "problem"), []);
  assert.deepEqual(texts(diagnosis, "note"), []);
  assert.equal(diagnosis.kernel, "32-bit ARM, Linux 6.6.1-test, ARMv7, no LPAE");
  assert.equal(diagnosis.source, "text");
  assert.equal(diagnosis.append, "console=ttyAMA0");
  assert.match(diagnosis.layers[0]!, /a 32-bit ARM zImage, .* packed with gzip/);
});

Deno.test("what a kernel lacks is named, by its text", () => {
  const rows: [lacks: string, level: string, says: RegExp][] = [
    ["uart-pl011", "problem", /console on the PL011.*SERIAL_AMBA_PL011_CONSOLE/],
    ["Generic DT based system", "problem", /device trees: .*ARCH_VIRT/],
    ["arm,cortex-a15-gic", "problem", /GIC.*ARM_GIC/],
    ["arm,armv7-timer", "problem", /timer/],
    ["arm,psci-0.2", "note", /power itself off/],
    ["virtio,mmio", "note", /module virtio_mmio/],
    ["gpio-keys", "note", /power key/],
    ["rtc-pl031", "note", /1970/],
    ["devtmpfs: mounted", "note", /\/dev/],
  ];
  for (const [lacks, level, says] of rows) {
    const rest = GOOD.filter((text) => text !== lacks);
    const found = texts(examine_image({ image: zimage([VERSION, VERMAGIC, ...rest]) }), level);
    assert.ok(found.some((text) => says.test(text)), `${lacks}: ${found}`);
  }
});

Deno.test("a kernel's own configuration is believed over its text", () => {
  const good = examine_image({ image: configured(GOOD_CONFIG), initrd: initrd(file("init", "")) });
  assert.deepEqual(texts(good, "problem"), []);
  assert.equal(good.source, "configuration");
  assert.match(good.kernel!, /Linux 6.6.1-test, LPAE/);
  const rows: [was: string, becomes: string, level: string, says: RegExp][] = [
    ["SERIAL_AMBA_PL011_CONSOLE=y", "SERIAL_AMBA_PL011_CONSOLE=n", "problem", /PL011/],
    ["VIRTIO_MMIO=y", "VIRTIO_MMIO=m", "note", /virtio_mmio/],
    ["BLK_DEV_INITRD=y", "OTHER=y", "problem", /BLK_DEV_INITRD/],
    ["RD_GZIP=y", "RD_XZ=y", "problem", /cannot unpack the initrd.*RD_GZIP/],
    ["ARM_LPAE=y", "CPU_BIG_ENDIAN=y", "problem", /big-endian/],
    ["ARM_LPAE=y", "PRINTK=n", "note", /PRINTK/],
    ["ARM_LPAE=y", 'CMDLINE_FORCE=y\nCONFIG_CMDLINE="root=x"', "note", /ignores --append.*root=x/],
  ];
  for (const [was, becomes, level, says] of rows) {
    const image = configured(GOOD_CONFIG.map((line) => line === was ? becomes : line));
    const found = texts(examine_image({ image, initrd: initrd(file("init", "")) }), level);
    assert.ok(found.some((text) => says.test(text)), `${becomes}: ${found}`);
  }
});

Deno.test("an ELF file is held to what the loader asks of it", () => {
  const elf = (address: number): Uint8Array =>
    make_elf({ entry: address, loads: [{ virtual: address, data: sample(64) }] });
  const foreign = elf(0x4000_8000);
  foreign[18] = 62;
  const rows: [image: Uint8Array, level: string, says: RegExp][] = [
    [foreign, "problem", /^the ELF file is for x86-64; armvm needs a 32-bit ARM kernel/],
    [elf(0x1_0000), "problem", /loads at 0x10000-.*; link it for that$/],
    [elf(0x4000_8000), "note", /bare-metal/],
  ];
  for (const [image, level, says] of rows) {
    const diagnosis = examine_image({ image });
    assert.match(texts(diagnosis, level).join(), says);
    assert.equal(diagnosis.layers.length, 1);
    assert.equal(texts(diagnosis, "problem").length, level === "problem" ? 1 : 0);
  }
});

Deno.test("what is cut off by little is counted in bytes", () => {
  const whole = make_uimage(kernel([VERSION]));
  const size = whole.length - 64;
  const [problem] = texts(examine_image({ image: whole.subarray(0, -1) }), "problem");
  assert.equal(problem, `the uImage is cut off, with ${size - 1} of ${size} bytes`);
});

Deno.test("wrappings are taken off: gzip, xz, uImage, and an appended device tree is noticed", () => {
  const bare = kernel([VERSION, VERMAGIC, ...GOOD], { lpae: true });
  for (const image of [bare, gzip(bare), store_xz(bare), make_uimage(bare), gzip(HEALTHY)]) {
    const diagnosis = examine_image({ image });
    assert.deepEqual(texts(diagnosis, "problem"), []);
    assert.match(diagnosis.kernel!, /Linux 6.6.1-test/);
  }
  assert.match(examine_image({ image: bare }).kernel!, /, LPAE$/);
  const tree = write_fdt(fdt_node("", { model: strings("Acme Board") }));
  const problems = texts(examine_image({ image: concat(HEALTHY, tree) }), "problem");
  assert.match(problems[0]!, /device tree is appended.*Acme Board/);
});

Deno.test("what cannot be booted is said to be what it is", () => {
  const rows: [image: Uint8Array, says: RegExp][] = [
    [text("#!/bin/sh\nexit\n"), /armvm needs/],
    [gzip(text("just a text, long enough to be one\n")), /armvm needs/],
    [HEALTHY.subarray(0, 900), /cut off/],
    [make_zimage({ endian: 0x0102_0304 }), /CPU_BIG_ENDIAN/],
    [gzip(HEALTHY).subarray(0, 500), /too early/],
    [zimage([VERSION, VERMAGIC.replace("ARMv7", "ARMv5"), ...GOOD]), /built for ARMv5.*CPU_V7/],
  ];
  for (const [image, says] of rows) {
    const problems = texts(examine_image({ image }), "problem");
    assert.ok(problems.some((text) => says.test(text)), `${problems}`);
  }
  const raw = examine_image({ image: sample(600) });
  assert.deepEqual(texts(raw, "problem"), []);
  assert.match(texts(raw, "note")[0]!, /bare-metal/);
});

Deno.test("an initrd is looked into: init, architecture, modules, damage", () => {
  const shell = symlink("bin/sh", "busybox");
  const rows: [what: Uint8Array, level: string, says: RegExp][] = [
    [initrd(shell), "problem", /no \/init.*rdinit=/],
    [initrd(file("init", program(62), true)), "problem", /another CPU \(ELF machine 62\)/],
    [
      initrd(file("init", ""), { path: "lib/modules/5.4.0", mode: 0o040755 }),
      "note",
      /modules are for 5\.4\.0/,
    ],
    [cpio_newc([file("init", sample(900))]).subarray(0, 500), "problem", /damaged: .*cut off/],
    [gzip(cpio_newc([file("init", "")])).subarray(0, 60), "problem", /damaged/],
    [sample(4096), "note", /root=\/dev\/ram0/],
  ];
  for (const [disk, level, says] of rows) {
    const found = texts(examine_image({ image: HEALTHY, initrd: disk }), level);
    assert.ok(found.some((text) => says.test(text)), `${says}: ${found}`);
  }
  // Early microcode style: a plain archive before a packed one.
  const two = concat(cpio_newc([file("early", "x")]), initrd(file("init", program(40), true)));
  assert.deepEqual(texts(examine_image({ image: HEALTHY, initrd: two }), "problem"), []);
  assert.match(examine_image({ image: HEALTHY, initrd: sample(4096) }).append, /root=\/dev\/ram0/);
});

Deno.test("no image and no initrd makes the doctor throw", () => {
  const seeds = [HEALTHY, configured(GOOD_CONFIG), initrd(file("init", program(40), true))];
  const damaged = fc.tuple(fc.constantFrom(...seeds), fc.nat(), fc.nat(), fc.nat(255)).map(
    ([bytes, cut, at, value]) => {
      const copy = bytes.slice(0, cut % 2 === 0 ? bytes.length : cut % bytes.length);
      if (copy.length > 0) copy[at % copy.length] = value;
      return copy;
    },
  );
  const any = fc.oneof(damaged, fc.uint8Array({ maxLength: 300 }));
  fc.assert(
    fc.property(any, any, (image, disk) => {
      const { findings } = examine_image({ image, initrd: disk });
      assert.ok(findings.every(({ text }) => text !== "" && !text.includes("\n")));
    }),
    { numRuns: 200 },
  );
});

Deno.test("the reason for a silent guest is its worst problem, else its command line", () => {
  const healthy = examine_image({ image: HEALTHY });
  const mute = zimage([VERSION, ...GOOD.filter((text) => text !== "uart-pl011")]);
  const rows: [Diagnosis, append: string, says: RegExp][] = [
    [examine_image({ image: mute }), "console=ttyAMA0", /SERIAL_AMBA_PL011_CONSOLE/],
    [healthy, "root=/dev/vda", /add console=ttyAMA0/],
    [healthy, "console=ttyS0,115200", /console=ttyS0,115200 is not on this machine/],
    [healthy, "console=ttyAMA0 quiet", /^quiet is on its command line/],
    [healthy, "console=ttyAMA0,115200", /earlycon=pl011,0x9000000/],
    [examine_image({ image: sample(600) }), "", /no Linux kernel/],
  ];
  const unpacking = { diagnosis: healthy, append: "", unpacks_itself: true };
  assert.match(silence_reason(unpacking), /still unpacking itself/);
  for (const [diagnosis, append, says] of rows) {
    assert.match(silence_reason({ diagnosis, append }), says);
  }
});

const guests = await require_guest("zImage-armmp", "zImage-lpae", "config-armmp");

Deno.test("Debian's kernels are healthy, by their text", guests.skip, async () => {
  const rows = [["zImage-armmp", /, no LPAE$/], ["zImage-lpae", /-lpae, ARMv7, LPAE$/]] as const;
  for (const [name, describes] of rows) {
    const diagnosis = examine_image({ image: await Deno.readFile(guests.path(name)) });
    assert.deepEqual(texts(diagnosis, "problem"), []);
    assert.match(diagnosis.kernel!, describes);
    // Debian has virtio as modules.
    assert.match(texts(diagnosis, "note").join("\n"), /virtio_mmio/);
  }
});

Deno.test("text and configuration of Debian's kernel tell the same", guests.skip, async () => {
  const image = await Deno.readFile(guests.path("zImage-armmp"));
  const lines = (await Deno.readTextFile(guests.path("config-armmp"))).split("\n");
  const config = lines.filter((line) => line.startsWith("CONFIG_")).map((line) => line.slice(7));
  const by_text = examine_image({ image });
  const by_config = examine_image({ image: configured(config) });
  const levels = (diagnosis: Diagnosis) =>
    diagnosis.findings.map(({ level, text }) => [level, text]);
  assert.deepEqual(levels(by_text), levels(by_config));
});
