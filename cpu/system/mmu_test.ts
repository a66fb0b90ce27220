import assert from "node:assert/strict";
import { RIGHT } from "./mmu.ts";
import { SCTLR } from "./sys_regs.ts";
import { Rig } from "./testing.ts";

const rig = new Rig();
const { mmu } = rig.system;

/** Level 1 table, level 2 table, and some page. */
const L1 = 0x4000_4000, L2 = 0x4000_8000, PAGE = 0x4001_0000;
const TTBCR_EAE = 0x8000_0000;

/** Short descriptors. */
const section = (pa: number, bits = 0): number => (pa | 2 | bits) >>> 0;
const table = (domain = 0, bits = 0): number => L2 | (domain << 5) | 1 | bits;
const small = (pa: number, bits = 0): number => (pa | 2 | bits) >>> 0;
const large = (pa: number, bits = 0): number => (pa | 1 | bits) >>> 0;
const section_ap = (ap: number): number => ((ap & 3) << 10) | ((ap >> 2) << 15);
const page_ap = (ap: number): number => ((ap & 3) << 4) | ((ap >> 2) << 9);

/** Rights of the current translation as letters. */
function rights(va: number, privileged: boolean): string {
  assert.ok(mmu.walk(va, privileged), `no translation: status 0x${mmu.status.toString(16)}`);
  return (mmu.rights & RIGHT.read ? "r" : "-") + (mmu.rights & RIGHT.write ? "w" : "-") +
    (mmu.rights & RIGHT.execute ? "x" : "-");
}

/** Status of a translation that must fail. */
function status(va: number, right: number = RIGHT.read, privileged = true): number {
  assert.ok(!mmu.translate(va, right, privileged), "the translation must fail");
  return mmu.status;
}

function pa(va: number): number {
  assert.ok(mmu.translate(va, RIGHT.read, true), `status 0x${mmu.status.toString(16)}`);
  return mmu.pa;
}

Deno.test("With the MMU off addresses are physical and everything is allowed", () => {
  rig.reset();
  for (const va of [0, 0x4000_0123, 0xffff_fffc]) {
    assert.equal(pa(va), va);
    assert.equal(rights(va, false), "rwx");
  }
});

Deno.test("Short descriptors translate by section, supersection, large and small page", () => {
  rig.reset();
  rig.poke(L1 + 4 * 0x123, section(0x8760_0000, section_ap(3)));
  // PA[35:32] is in bits 23:20, PA[39:36] in bits 8:5.
  rig.poke(
    L1 + 4 * 0x234,
    section(0x5500_0000, section_ap(3) | (1 << 18) | (0xa << 20) | (0xb << 5)),
  );
  rig.poke(L1 + 4 * 0x345, table());
  rig.poke(L2 + 4 * 0x10, large(0x9876_0000, page_ap(3)));
  rig.poke(L2 + 4 * 0x20, small(0xabcd_e000, page_ap(3)));
  rig.mmu({ ttbr0: L1 });
  assert.equal(pa(0x1234_5678), 0x8764_5678);
  assert.equal(mmu.size_log2, 20);
  assert.equal(pa(0x2345_6789), 0xba_5545_6789);
  assert.equal(mmu.size_log2, 24);
  assert.equal(pa(0x3451_0abc), 0x9876_0abc);
  assert.equal(mmu.size_log2, 16);
  assert.equal(pa(0x3452_0abc), 0xabcd_eabc);
  assert.equal(mmu.size_log2, 12);
});

Deno.test("AP[2:0] gives the rights of the manual's table, at both levels", () => {
  // AP, PL1, PL0 (ARM DDI 0406C, table B3-8).
  const cases: [number, string, string][] = [
    [0, "---", "---"],
    [1, "rwx", "---"],
    [2, "rwx", "r-x"],
    [3, "rwx", "rwx"],
    [4, "---", "---"],
    [5, "r-x", "---"],
    [6, "r-x", "r-x"],
    [7, "r-x", "r-x"],
  ];
  for (const [ap, pl1, pl0] of cases) {
    rig.reset();
    rig.poke(L1, section(PAGE & 0xfff0_0000, section_ap(ap)));
    rig.poke(L1 + 4, table());
    rig.poke(L2, small(PAGE, page_ap(ap)));
    rig.poke(L2 + 4 * 16, large(PAGE, page_ap(ap)));
    rig.mmu({ ttbr0: L1 });
    for (const va of [0, 0x10_0000, 0x11_0000]) {
      assert.equal(rights(va, true), pl1, `AP ${ap} PL1 at ${va}`);
      assert.equal(rights(va, false), pl0, `AP ${ap} PL0 at ${va}`);
    }
  }
});

Deno.test("With SCTLR.AFE AP[0] is the access flag and AP[2:1] gives the rights", () => {
  const cases: [number, string, string][] = [
    [1, "rwx", "---"],
    [3, "rwx", "rwx"],
    [5, "r-x", "---"],
    [7, "r-x", "r-x"],
  ];
  for (const [ap, pl1, pl0] of cases) {
    rig.reset();
    rig.poke(L1, section(0x4000_0000, section_ap(ap)));
    rig.poke(L1 + 4, section(0x4000_0000, section_ap(ap & 6)));
    rig.poke(L1 + 8, table());
    rig.poke(L2, small(PAGE, page_ap(ap & 6)));
    rig.mmu({ ttbr0: L1, sctlr: SCTLR.AFE });
    assert.equal(rights(0, true), pl1);
    assert.equal(rights(0, false), pl0);
    assert.equal(status(0x10_0000), 0b00011, "access flag fault, level 1");
    assert.equal(status(0x20_0000), 0b00110, "access flag fault, level 2");
  }
});

Deno.test("XN and PXN take execution away, and from whom they should", () => {
  rig.reset();
  rig.poke(L1, section(0x4000_0000, section_ap(3) | 1 << 4));
  rig.poke(L1 + 4, section(0x4000_0000, section_ap(3) | 1));
  rig.poke(L1 + 8, table());
  rig.poke(L2, small(PAGE, page_ap(3) | 1));
  rig.poke(L2 + 4 * 16, large(PAGE, page_ap(3) | 1 << 15));
  rig.poke(L1 + 12, table(0, 4));
  rig.poke(L2 + 4 * 32, small(PAGE, page_ap(3)));
  rig.mmu({ ttbr0: L1 });
  for (const va of [0, 0x20_0000, 0x21_0000]) {
    assert.equal(rights(va, true), "rw-");
    assert.equal(rights(va, false), "rw-");
  }
  for (const va of [0x10_0000, 0x32_0000]) {
    assert.equal(rights(va, true), "rw-");
    assert.equal(rights(va, false), "rwx");
  }
});

Deno.test("WXN and UWXN make what is writable not executable", () => {
  rig.reset();
  rig.poke(L1, section(0x4000_0000, section_ap(1)));
  rig.poke(L1 + 4, section(0x4000_0000, section_ap(3)));
  rig.mmu({ ttbr0: L1, sctlr: SCTLR.UWXN });
  assert.equal(rights(0, true), "rwx");
  assert.equal(rights(0x10_0000, true), "rw-");
  assert.equal(rights(0x10_0000, false), "rwx");
  rig.mmu({ ttbr0: L1, sctlr: SCTLR.WXN });
  assert.equal(rights(0, true), "rw-");
  assert.equal(rights(0x10_0000, false), "rw-");
});

Deno.test("Domains: no access and reserved fault, a manager passes everything", () => {
  rig.reset();
  for (let domain = 0; domain < 4; domain++) {
    rig.poke(L1 + 4 * domain, section(0x4000_0000, domain << 5 | 1 << 4));
  }
  rig.poke(L1 + 4 * 4, table(2));
  rig.poke(L2, small(PAGE, page_ap(3)));
  // Domain 0 none, 1 client, 2 reserved, 3 manager.
  rig.mmu({ ttbr0: L1, dacr: 0b11_10_01_00 });
  assert.equal(status(0), 0b01001);
  assert.equal(status(0x10_0000), 0b01101 | 1 << 4, "permission, level 1, domain 1");
  assert.equal(status(0x20_0000), 0b01001 | 2 << 4);
  assert.equal(rights(0x30_0000, false), "rwx", "AP and XN do not count for a manager");
  assert.equal(status(0x40_0000), 0b01011 | 2 << 4, "domain fault, level 2");
});

Deno.test("Short faults have the status of their kind and level, with the domain where known", () => {
  rig.reset();
  rig.poke(L1 + 4, table(5));
  rig.poke(L2 + 4, small(PAGE, page_ap(1)));
  rig.poke(L1 + 8, section(0x4000_0000, section_ap(1) | 6 << 5));
  // A table that is not in RAM.
  rig.poke(L1 + 12, 0x1000_0000 | 7 << 5 | 1);
  rig.mmu({ ttbr0: L1 });
  assert.equal(status(0), 0b00101, "translation, level 1");
  assert.equal(status(0x10_0000), 0b00111 | 5 << 4, "translation, level 2");
  assert.equal(status(0x10_1000, RIGHT.read, false), 0b01111 | 5 << 4, "permission, level 2");
  assert.equal(status(0x20_0000, RIGHT.write, false), 0b01101 | 6 << 4, "permission, level 1");
  assert.equal(status(0x30_0000), 0b01110 | 7 << 4, "external abort, level 2 walk");
  rig.mmu({ ttbr0: 0x1000_0000 });
  assert.equal(status(0), 0b01100, "external abort, level 1 walk");
});

Deno.test("TTBCR.N splits the address space between TTBR0 and TTBR1; PD0 and PD1 close halves", () => {
  const SECOND = 0x4000_c000;
  for (let n = 1; n <= 7; n++) {
    rig.reset();
    // TTBR0's table is smaller, so that it may lie at an address that only it can have.
    const first = L1 + (0x4000 >> n);
    const border = 2 ** (32 - n);
    rig.poke(first + 4, section(0x4010_0000, section_ap(3)));
    rig.poke(SECOND + 4 * (border / 0x10_0000), section(0x4020_0000, section_ap(3)));
    rig.mmu({ ttbr0: first, ttbr1: SECOND, ttbcr: n });
    assert.equal(pa(0x10_0000), 0x4010_0000);
    assert.equal(pa(border), 0x4020_0000);
    rig.mmu({ ttbr0: first, ttbr1: SECOND, ttbcr: n | 0x10 });
    assert.equal(status(0x10_0000), 0b00101);
    assert.equal(pa(border), 0x4020_0000);
    rig.mmu({ ttbr0: first, ttbr1: SECOND, ttbcr: n | 0x20 });
    assert.equal(pa(0x10_0000), 0x4010_0000);
    assert.equal(status(border), 0b00101);
  }
});

Deno.test("SCTLR.EE makes walks read big-endian descriptors", () => {
  rig.reset();
  const d = section(0x4010_0000, section_ap(3));
  rig.poke(L1, (d << 24) | ((d & 0xff00) << 8) | ((d >>> 8) & 0xff00) | (d >>> 24));
  rig.mmu({ ttbr0: L1, sctlr: SCTLR.EE });
  assert.equal(pa(0x123), 0x4010_0123);
  rig.reset();
  const swapped = new DataView(new ArrayBuffer(8));
  swapped.setBigUint64(0, 0xc0_0000_0000n | 0x401n | 0x40n);
  rig.poke64(L1, swapped.getBigUint64(0, true));
  rig.mmu({ ttbr0: L1, ttbcr: TTBCR_EAE, sctlr: SCTLR.EE });
  assert.equal(pa(0x123), 0xc0_0000_0123);
});

Deno.test("nG and the memory type are told, with and without TEX remap", () => {
  rig.reset();
  const normal = 7 << 12;
  rig.poke(L1, section(0x4000_0000, section_ap(3) | 1 << 17 | normal));
  rig.poke(L1 + 4, section(0x4000_0000, section_ap(3)));
  rig.poke(L1 + 8, section(0x4000_0000, section_ap(3) | 1 << 2));
  rig.poke(L1 + 12, section(0x4000_0000, section_ap(3) | 2 << 12));
  rig.mmu({ ttbr0: L1 });
  const types = [0, 1, 2, 3].map((i) => (pa(i * 0x10_0000), mmu.memory_type()));
  assert.deepEqual(types, [2, 0, 1, 1]);
  pa(0);
  assert.equal(mmu.global, false);
  pa(0x10_0000);
  assert.equal(mmu.global, true);
  // PRRR: region 0 Normal, region 1 (B) Strongly-ordered, region 4 (TEX[0]) Device.
  rig.system.regs.mair0 = 0b01_00_00_00_10;
  rig.mmu({ ttbr0: L1, sctlr: SCTLR.TRE });
  const remapped = [0, 1, 2, 3].map((i) => (pa(i * 0x10_0000), mmu.memory_type()));
  assert.deepEqual(remapped, [1, 2, 0, 2]);
});

// ---- long descriptors ----

const LT1 = 0x4000_1000, LT2 = 0x4000_2000, LT3 = 0x4000_3000;
const AF = 1n << 10n, USER = 1n << 6n, RO = 1n << 7n;
const XN = 1n << 54n, PXN = 1n << 53n;
const block = (at: bigint, bits = AF): bigint => at | bits | 1n;
const page = (at: bigint, bits = AF): bigint => at | bits | 3n;
const next = (at: number, bits = 0n): bigint => BigInt(at) | bits | 3n;
const APTABLE_NO_USER = 1n << 61n,
  APTABLE_RO = 1n << 62n,
  XNTABLE = 1n << 60n,
  PXNTABLE = 1n << 59n;

function long(ttbcr = 0, ttbr0 = LT1, ttbr1 = 0): void {
  rig.mmu({ ttbr0, ttbr1, ttbcr: TTBCR_EAE | ttbcr });
}

Deno.test("Long descriptors translate by 1 GiB and 2 MiB block and by page, to 40 bits", () => {
  rig.reset();
  rig.poke64(LT1, block(0xab_4000_0000n));
  rig.poke64(LT1 + 8, next(LT2));
  rig.poke64(LT2 + 8 * 3, block(0xcd_1220_0000n));
  rig.poke64(LT2 + 8 * 4, next(LT3));
  rig.poke64(LT3 + 8 * 5, page(0xef_1234_5000n));
  long();
  assert.equal(pa(0x1234_5678), 0xab_5234_5678);
  assert.equal(mmu.size_log2, 30);
  assert.equal(pa(0x4061_2345), 0xcd_1221_2345);
  assert.equal(mmu.size_log2, 21);
  assert.equal(pa(0x4080_5abc), 0xef_1234_5abc);
  assert.equal(mmu.size_log2, 12);
});

Deno.test("Long AP, XN, PXN and the table attributes give rights", () => {
  const cases: [bigint, bigint, string, string][] = [
    [0n, 0n, "rwx", "---"],
    [USER, 0n, "rwx", "rwx"],
    [RO, 0n, "r-x", "---"],
    [RO | USER, 0n, "r-x", "r-x"],
    [USER | XN, 0n, "rw-", "rw-"],
    [USER | PXN, 0n, "rw-", "rwx"],
    [USER, APTABLE_NO_USER, "rwx", "---"],
    [USER, APTABLE_RO, "r-x", "r-x"],
    [USER, APTABLE_RO | APTABLE_NO_USER, "r-x", "---"],
    [USER, XNTABLE, "rw-", "rw-"],
    [USER, PXNTABLE, "rw-", "rwx"],
  ];
  for (const [leaf, attributes, pl1, pl0] of cases) {
    for (const level of [1, 2]) {
      rig.reset();
      rig.poke64(LT1, next(LT2, level === 1 ? attributes : 0n));
      rig.poke64(LT2, next(LT3, level === 2 ? attributes : 0n));
      rig.poke64(LT3, page(0x4001_0000n, AF | leaf));
      long();
      assert.equal(rights(0, true), pl1, `${leaf} ${attributes} PL1`);
      assert.equal(rights(0, false), pl0, `${leaf} ${attributes} PL0`);
    }
  }
});

Deno.test("Long faults have the long status, with the level", () => {
  rig.reset();
  const OUTSIDE = 0x1000_0000;
  rig.poke64(LT1 + 8, next(LT2));
  rig.poke64(LT2 + 8, next(LT3));
  rig.poke64(LT2 + 16, block(0x4000_0000n, 0n));
  rig.poke64(LT2 + 24, block(0x4000_0000n));
  rig.poke64(LT2 + 32, next(OUTSIDE));
  rig.poke64(LT3 + 8, block(0x4001_0000n));
  rig.poke64(LT3 + 16, page(0x4001_0000n, 0n));
  rig.poke64(LT3 + 24, page(0x4001_0000n));
  rig.poke64(LT1 + 16, next(OUTSIDE));
  rig.poke64(LT1 + 24, block(0x4000_0000n, 0n));
  long();
  assert.equal(status(0), 0x200 | 0b000101, "translation, level 1");
  assert.equal(status(0x4000_0000), 0x200 | 0b000110, "translation, level 2");
  assert.equal(status(0x4020_0000), 0x200 | 0b000111, "translation, level 3");
  assert.equal(status(0x4020_1000), 0x200 | 0b000111, "a block at level 3 is no descriptor");
  assert.equal(status(0xc000_0000), 0x200 | 0b001001, "access flag, level 1");
  assert.equal(status(0x4040_0000), 0x200 | 0b001010, "access flag, level 2");
  assert.equal(status(0x4020_2000), 0x200 | 0b001011, "access flag, level 3");
  assert.equal(status(0x4060_0000, RIGHT.read, false), 0x200 | 0b001110, "permission, level 2");
  assert.equal(status(0x4020_3000, RIGHT.read, false), 0x200 | 0b001111, "permission, level 3");
  assert.equal(status(0x8000_0000), 0x200 | 0b010110, "external abort, level 2 walk");
  assert.equal(status(0x4080_0000), 0x200 | 0b010111, "external abort, level 3 walk");
  long(0, OUTSIDE);
  assert.equal(status(0), 0x200 | 0b010101, "external abort, level 1 walk");
});

Deno.test("T0SZ and T1SZ choose a table and the level at which it begins; EPD bits close it", () => {
  for (let size = 1; size <= 7; size++) {
    rig.reset();
    const low_end = 2 ** (32 - size);
    // The last address that TTBR0 has, and the first that TTBR1 has.
    const low = low_end - 0x20_0000, high = 2 ** 32 - low_end;
    const [first, second] = [0x4001_0000, 0x4002_0000];
    for (
      const [at, va, to] of [[first, low, 0x4000_0000n], [second, high, 0x4020_0000n]] as const
    ) {
      const inside = va % low_end;
      if (size < 2) {
        rig.poke64(at + 8 * Math.floor(inside / 2 ** 30), block(to & ~0x3fff_ffffn));
      } else rig.poke64(at + 8 * Math.floor(inside / 2 ** 21), block(to));
    }
    const both = size | (size << 16);
    long(both, first, second);
    assert.equal(pa(low + 0x1234) % 0x20_0000, 0x1234, `TTBR0, T0SZ ${size}`);
    assert.equal(pa(high + 0x1234) % 0x20_0000, 0x1234, `TTBR1, T1SZ ${size}`);
    if (size > 1) assert.equal(status(low_end), 0x205, "between the tables there is nothing");
    long(both | 1 << 7, first, second);
    assert.equal(status(low), 0x205, "EPD0");
    long(both | 1 << 23, first, second);
    assert.equal(status(high), 0x205, "EPD1");
    // With T1SZ zero TTBR1 has what TTBR0 leaves, from level 1.
    rig.poke64(second + 8 * 3, block(0x4000_0000n));
    long(size, first, second);
    assert.equal(pa(0xc000_1234), 0x4000_1234);
  }
});

Deno.test("MAIR gives the memory type of long descriptors", () => {
  rig.reset();
  for (let i = 0; i < 4; i++) {
    rig.poke64(LT1 + 8 * i, block(0x4000_0000n, AF | BigInt(i * 2) << 2n));
  }
  rig.system.regs.mair0 = 0x0004_00ff;
  rig.system.regs.mair1 = 0x0044_0000;
  long();
  const types = [0, 1, 2, 3].map((i) => (pa(i * 0x4000_0000), mmu.memory_type()));
  assert.deepEqual(types, [2, 1, 0, 2]);
});
