import assert from "node:assert/strict";
import { MAP_BIAS, MEM, STATE } from "../state.ts";
import type { CodeCache } from "./page_maps.ts";
import { RAM, Rig } from "./testing.ts";

const rig = new Rig();
const { cpu, system } = rig;
const { maps, memory } = system;

const L1 = 0x4000_4000, L2 = 0x4000_8000, OTHER_L1 = 0x4000_c000;
const NG = 1 << 11, READ_ONLY = 1 << 9;
/** Small pages, read and write for everyone, Normal memory. */
const page = (pa: number, bits = 0): number => pa | 2 | 3 << 4 | 7 << 6 | bits;
const section = (pa: number): number => pa | 2 | 3 << 10 | 7 << 12;

/** What the code cache was told. */
class Told implements CodeCache {
  tlb = 0;
  pages: string[] = [];
  written: string[] = [];
  stays = false;
  flush_tlb(): void {
    this.tlb++;
  }
  flush_tlb_page(va: number, tag: number): void {
    this.pages.push(`${va.toString(16)} ${tag}`);
  }
  page_written(pa_page: number, offset: number, length: number): boolean {
    this.written.push(`${(pa_page - RAM.base).toString(16)}+${offset.toString(16)}:${length}`);
    return this.stays;
  }
}

/** Virtual page 0x10 + n is physical page 0x20 + n, the odd ones not global. */
function start(): Told {
  maps.code = { flush_tlb() {}, flush_tlb_page() {}, page_written() {} };
  maps.written(RAM.base, RAM.size);
  rig.reset();
  for (const l1 of [L1, OTHER_L1]) {
    rig.poke(l1, L2 | 1);
    rig.poke(l1 + 4 * 4, section(0x4000_0000));
  }
  for (let i = 0; i < 16; i++) {
    rig.poke(L2 + 4 * (0x10 + i), page(0x4002_0000 + i * 4096, i & 1 ? NG : 0));
  }
  rig.mmu({ ttbr0: L1, asid: 1 });
  maps.flush();
  const told = new Told();
  maps.code = told;
  return told;
}

/** Whether the current map has `va`, and that it leads to `pa` when it does. */
function mapped(va: number, map: "read_map" | "write_map" = "read_map", pa?: number): boolean {
  const at = cpu.get(STATE.map) + (map === "write_map" ? MEM.map_bytes : 0);
  const entry = cpu.i32[(at >> 2) + (va >>> 12)]!;
  if (entry === 0) return false;
  assert.equal((entry + MAP_BIAS) & 0xfff, 0);
  if (pa !== undefined) assert.equal((entry + MAP_BIAS + va) >>> 0, MEM.guest_ram + pa - RAM.base);
  return true;
}

function write(name: string, value: number): void {
  const r = [...system.cp.registers()].find((r) => r.name === name)!;
  r.write!(system, value);
}

Deno.test("A load and a store fill both maps, as far as the page may be written", () => {
  start();
  assert.ok(!mapped(0x10_000));
  memory.load(0x10_004, 4, 0);
  assert.ok(mapped(0x10_000, "read_map", 0x4002_0000));
  assert.ok(mapped(0x10_000, "write_map", 0x4002_0000));
  memory.store(0x11_004, 4, 1, 0);
  assert.ok(mapped(0x11_000, "write_map", 0x4002_1000));
  assert.ok(mapped(0x11_000, "read_map", 0x4002_1000));
  assert.equal(rig.peek(0x4002_1004), 1);
  maps.protect(0x4002_2000);
  memory.load(0x12_000, 4, 0);
  assert.ok(mapped(0x12_000) && !mapped(0x12_000, "write_map"), "protected");
  rig.poke(L2 + 4 * 0x13, READ_ONLY | page(0x4002_3000));
  memory.load(0x13_000, 4, 0);
  assert.ok(mapped(0x13_000) && !mapped(0x13_000, "write_map"), "read-only");
});

Deno.test("An access in a section fills its neighbours, each as it may be written, but no more", () => {
  start();
  maps.protect(0x4004_5000);
  memory.load(0x44_2000, 4, 0);
  for (let i = 0; i < 16; i++) {
    const va = 0x44_0000 + i * 4096, pa = 0x4004_0000 + i * 4096;
    assert.ok(mapped(va, "read_map", pa));
    assert.equal(mapped(va, "write_map", pa), i !== 5);
  }
  assert.ok(!mapped(0x43_f000) && !mapped(0x45_0000));
  maps.protect(0x4004_7000);
  assert.ok(!mapped(0x44_7000, "write_map"));
  write("TLBIMVA", 0x44_0000 | 1);
  for (let i = 0; i < 16; i++) assert.ok(!mapped(0x44_0000 + i * 4096));
});

Deno.test("Returning to a DACR, an ASID, a TTBR0 or a privilege finds the map as it was", () => {
  start();
  const steps: [string, () => void, () => void][] = [
    ["DACR", () => write("DACR", 0x5555_5557), () => write("DACR", 0x5555_5555)],
    ["ASID", () => write("CONTEXTIDR", 2), () => write("CONTEXTIDR", 1)],
    ["TTBR0", () => write("TTBR0_low", OTHER_L1), () => write("TTBR0_low", L1)],
    ["mode", () => rig.mode("usr"), () => rig.mode("svc")],
  ];
  memory.load(0x10_000, 4, 0);
  const map = cpu.get(STATE.map), tag = cpu.get(STATE.code_tag);
  for (const [name, away, back] of steps) {
    away();
    assert.ok(!mapped(0x10_000), `${name} changes the context`);
    assert.notEqual(cpu.get(STATE.code_tag), tag);
    memory.load(0x10_000, 4, 0);
    assert.ok(mapped(0x10_000), name);
    assert.notEqual(cpu.get(STATE.map), map);
    back();
    assert.equal(cpu.get(STATE.map), map, name);
    assert.equal(cpu.get(STATE.code_tag), tag, name);
    assert.ok(mapped(0x10_000), name);
  }
});

Deno.test("A combination of registers that nothing is filled under takes no context", () => {
  start();
  memory.load(0x10_000, 4, 0);
  const map = cpu.get(STATE.map);
  for (let i = 0; i < 100; i++) write("CONTEXTIDR", i);
  write("CONTEXTIDR", 1);
  assert.equal(cpu.get(STATE.map), map);
  assert.ok(mapped(0x10_000));
});

Deno.test("Unprivileged accesses have User mode's maps", () => {
  start();
  rig.poke(L2 + 4 * 0x10, 0x4002_0000 | 2 | 1 << 4 | 7 << 6);
  memory.load(0x11_000, 4, 1);
  const user = cpu.get(STATE.user_map);
  assert.ok(cpu.i32[(user >> 2) + 0x11]! !== 0);
  assert.ok(!mapped(0x11_000));
  memory.load(0x10_000, 4, 1);
  assert.equal(rig.taken()?.kind, "data_abort");
  memory.load(0x10_000, 4, 0);
  assert.equal(rig.taken(), undefined);
  rig.mode("usr");
  assert.equal(cpu.get(STATE.map), user);
});

Deno.test("More address spaces than contexts work; the oldest makes room", () => {
  start();
  const tags = new Set<number>();
  for (let asid = 1; asid <= 200; asid++) {
    write("CONTEXTIDR", asid);
    rig.poke(L2 + 4 * 0x11, page(0x4002_0000 + (asid & 15) * 4096, NG));
    rig.poke(0x4002_0000 + (asid & 15) * 4096, asid);
    assert.equal(memory.load(0x11_000, 4, 0), asid);
    assert.ok(mapped(0x11_000, "read_map", 0x4002_0000 + (asid & 15) * 4096));
    tags.add(cpu.get(STATE.code_tag));
  }
  assert.equal(tags.size, 200, "a context that changes hands has another code tag");
  write("CONTEXTIDR", 200);
  assert.ok(mapped(0x11_000));
  write("CONTEXTIDR", 1);
  assert.ok(!mapped(0x11_000));
});

Deno.test("When all code tags have been used the code TLB starts anew", () => {
  const told = start();
  for (let i = 0; i < 5000; i++) {
    write("CONTEXTIDR", i & 0xff);
    memory.load(0x11_000, 4, 0);
    const tag = cpu.get(STATE.code_tag);
    assert.ok(tag > 0 && tag < 0x1000 && (tag & 1) === 0);
  }
  assert.ok(told.tlb >= 1 && told.tlb <= 4);
});

Deno.test("A new address space begins with what another one has of global pages", () => {
  start();
  memory.store(0x10_000, 4, 1, 0);
  memory.store(0x11_000, 4, 1, 0);
  maps.protect(0x4002_2000);
  memory.load(0x12_000, 4, 0);
  write("CONTEXTIDR", 2);
  write("TTBR0_low", OTHER_L1);
  assert.ok(!mapped(0x10_000), "nothing is filled yet");
  memory.load(0x13_000, 4, 0);
  assert.ok(mapped(0x10_000, "read_map", 0x4002_0000));
  assert.ok(mapped(0x10_000, "write_map", 0x4002_0000));
  assert.ok(mapped(0x12_000) && !mapped(0x12_000, "write_map"));
  assert.ok(!mapped(0x11_000), "not global");
  write("TLBIMVA", 0x10_000 | 1);
  assert.ok(!mapped(0x10_000));
  write("DACR", 0x5555_5557);
  memory.load(0x13_000, 4, 0);
  assert.ok(!mapped(0x12_000), "rights may differ under another DACR");
});

Deno.test("Protection reaches entries that a context began with", () => {
  start();
  memory.store(0x10_000, 4, 1, 0);
  write("CONTEXTIDR", 2);
  memory.load(0x11_000, 4, 0);
  assert.ok(mapped(0x10_000, "write_map"));
  maps.protect(0x4002_0000);
  assert.ok(!mapped(0x10_000, "write_map"));
  write("CONTEXTIDR", 1);
  assert.ok(!mapped(0x10_000, "write_map"));
});

Deno.test("TLBIALL drops everything, in every context", () => {
  start();
  memory.load(0x10_000, 4, 0);
  const tag = cpu.get(STATE.code_tag);
  write("CONTEXTIDR", 2);
  memory.store(0x11_000, 4, 0, 0);
  const other = cpu.get(STATE.code_tag);
  write("TLBIALL", 0);
  assert.notEqual(cpu.get(STATE.code_tag), other);
  assert.ok(!mapped(0x11_000) && !mapped(0x11_000, "write_map"));
  write("CONTEXTIDR", 1);
  assert.ok(!mapped(0x10_000));
  assert.notEqual(cpu.get(STATE.code_tag), tag);
});

Deno.test("TLBIMVA drops a page under its ASID, a global one in every context; TLBIMVAA any", () => {
  const names = ["TLBIMVA", "TLBIMVAA", "TLBIMVAIS", "TLBIMVAAIS", "TLBIMVA_I", "TLBIMVA_D"];
  for (const name of names) {
    const all = name.startsWith("TLBIMVAA");
    const told = start();
    for (const asid of [1, 2]) {
      write("CONTEXTIDR", asid);
      memory.load(0x10_000, 4, 0);
      memory.store(0x11_000, 4, 0, 0);
      // Blocks without global entries are told apart.
      rig.poke(L1 + 4 * 8, L2 | 1);
      memory.load(0x81_1000, 4, 0);
    }
    write(name, 0x81_1000 | 1);
    assert.equal(told.pages.length, all ? 2 : 1, name);
    for (const asid of [2, 1]) {
      write("CONTEXTIDR", asid);
      assert.equal(mapped(0x81_1000), !all && asid === 2, name);
      assert.ok(mapped(0x10_000));
    }
    write(name, 0x10_000 | 1);
    for (const asid of [2, 1]) {
      write("CONTEXTIDR", asid);
      assert.ok(mapped(0x11_000));
      assert.ok(!mapped(0x10_000), name);
    }
  }
});

Deno.test("TLBIMVA of any address in a section drops the whole section", () => {
  start();
  memory.load(0x40_0000, 4, 0);
  memory.load(0x40_7000, 4, 0);
  const tag = cpu.get(STATE.code_tag);
  write("TLBIMVA", 0x43_3000);
  assert.ok(!mapped(0x40_0000) && !mapped(0x40_7000));
  assert.notEqual(cpu.get(STATE.code_tag), tag);
});

Deno.test("TLBIASID drops what is not global, under that ASID only", () => {
  start();
  for (const asid of [1, 2]) {
    write("CONTEXTIDR", asid);
    memory.load(0x10_000, 4, 0);
    memory.load(0x11_000, 4, 0);
  }
  write("TLBIASID", 1);
  assert.ok(mapped(0x11_000));
  write("CONTEXTIDR", 1);
  assert.ok(!mapped(0x11_000));
  assert.ok(mapped(0x10_000));
});

Deno.test("In big-endian mode nothing is mapped, and everything still works", () => {
  start();
  rig.poke(0x4002_0000, 0x1122_3344);
  assert.equal(memory.load(0x10_000, 4, 0), 0x1122_3344);
  const tag = cpu.get(STATE.code_tag);
  system.modes.setend(true);
  assert.ok(!mapped(0x10_000));
  assert.equal(cpu.get(STATE.code_tag), tag, "instructions stay little-endian");
  assert.equal(memory.load(0x10_000, 4, 0), 0x4433_2211);
  assert.ok(!mapped(0x10_000));
  system.modes.setend(false);
  assert.ok(mapped(0x10_000));
  rig.taken();
});

Deno.test("A protected page is never in a write map until it was written", () => {
  const told = start();
  memory.store(0x10_000, 4, 1, 0);
  memory.store(0x42_0000, 4, 2, 0);
  write("CONTEXTIDR", 2);
  memory.store(0x10_000, 4, 3, 0);
  maps.protect(0x4002_0000);
  for (const asid of [2, 1]) {
    write("CONTEXTIDR", asid);
    assert.ok(mapped(0x10_000));
    for (const va of [0x10_000, 0x42_0000]) assert.ok(!mapped(va, "write_map"));
  }
  told.stays = true;
  memory.store(0x10_010, 2, 4, 0);
  assert.ok(!mapped(0x10_000, "write_map"));
  told.stays = false;
  memory.store(0x10_013, 1, 4, 0);
  assert.deepEqual(told.written, ["20000+10:2", "20000+13:1"]);
  assert.ok(mapped(0x10_000, "write_map"));
  memory.store(0x10_010, 4, 5, 0);
  assert.equal(told.written.length, 2);
});

Deno.test("protect() finds write entries of a page that is mapped at many addresses", () => {
  start();
  for (let i = 0; i < 16; i++) {
    rig.poke(L2 + 4 * (0x10 + i), page(0x4002_0000));
    memory.store(0x10_000 + i * 4096, 4, i, 0);
  }
  maps.protect(0x4002_0000);
  for (let i = 0; i < 16; i++) assert.ok(!mapped(0x10_000 + i * 4096, "write_map"));
});

Deno.test("written() announces every protected page of a range, and a store over two pages both", () => {
  const told = start();
  maps.protect(0x4002_0000);
  maps.protect(0x4002_2000);
  maps.written(0x4002_0ff0, 0x1020);
  assert.deepEqual(told.written, ["20000+ff0:16", "22000+0:16"]);
  maps.protect(0x4002_0000);
  maps.protect(0x4002_1000);
  told.written = [];
  memory.store(0x10_ffe, 4, 0x1234_5678, 0);
  assert.deepEqual(told.written.sort(), ["20000+ffe:2", "21000+0:2"]);
  maps.written(0x4000_0000 - 64, 32);
  maps.written(RAM.base + RAM.size, 64);
});
