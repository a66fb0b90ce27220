import assert from "node:assert/strict";
import { ACCESS } from "../cpu.ts";
import { EXIT, STATE } from "../state.ts";
import { SCTLR } from "./sys_regs.ts";
import { Rig } from "./testing.ts";

const rig = new Rig();
const { cpu, system } = rig;
const { memory, mmio } = system;

const L1 = 0x4000_4000, L2 = 0x4000_8000, PAGE = 0x4001_0000;
/** Read and write for PL1. */
const RW = 1 << 4, NORMAL = 7 << 6;

/** Virtual 0: two pages of Normal memory, a read-only one, Device memory in RAM, nothing, a device. */
function start(sctlr = 0): void {
  rig.reset();
  rig.poke(L1, L2 | 1 | 3 << 5);
  rig.poke(L2 + 4, PAGE | 2 | RW | NORMAL);
  rig.poke(L2 + 8, PAGE + 0x1000 | 2 | RW | NORMAL);
  rig.poke(L2 + 12, PAGE + 0x2000 | 2 | RW | NORMAL | 1 << 9);
  rig.poke(L2 + 16, PAGE + 0x3000 | 2 | RW | 1 << 2);
  rig.poke(L2 + 24, 0x0900_0000 | 2 | RW | 1 << 2);
  rig.mmu({ ttbr0: L1, sctlr });
  system.maps.flush();
  rig.taken();
}

function aborted(): [string, number, number] {
  const taken = rig.taken();
  assert.ok(taken?.kind === "data_abort" || taken?.kind === "prefetch_abort", `${taken?.kind}`);
  return [taken.kind, taken.address, taken.status];
}

const WNR = 1 << 11, DOMAIN = 3 << 4;

Deno.test("Accesses of every width and alignment read what others wrote", () => {
  start();
  for (let at = 0x1ff0; at < 0x2010; at++) memory.store(at, 1, at & 0xff, 0);
  for (let at = 0x1ff0; at <= 0x2008; at++) {
    const bytes = Array.from({ length: 8 }, (_, i) => BigInt((at + i) & 0xff));
    const value = bytes.reduce((v, b, i) => v | b << BigInt(8 * i), 0n);
    assert.equal(BigInt.asUintN(64, memory.load64(at, 0)), value);
    assert.equal(BigInt(memory.load(at, 4, 0) >>> 0), value & 0xffff_ffffn);
    assert.equal(BigInt(memory.load(at, 2, 0)), value & 0xffffn);
  }
  for (let at = 0x1ff0; at <= 0x2008; at++) {
    memory.store64(at, 0x1122_3344_5566_7788n, 0);
    assert.equal(memory.load64(at, 0), 0x1122_3344_5566_7788n);
    memory.store(at, 4, -2, 0);
    assert.equal(memory.load64(at, 0), 0x1122_3344_ffff_fffen);
    memory.store(at, 2, 0x1234, 0);
    assert.equal(memory.load(at, 4, 0) >>> 0, 0xffff_1234);
  }
  assert.equal(rig.taken(), undefined);
});

Deno.test("SCTLR.A and aligned accesses make what is not aligned fault", () => {
  start();
  memory.load(0x1002, 4, ACCESS.aligned);
  assert.deepEqual(aborted(), ["data_abort", 0x1002, 1]);
  memory.store(0x1001, 2, 0, ACCESS.aligned);
  assert.deepEqual(aborted(), ["data_abort", 0x1001, 1 | WNR]);
  start(SCTLR.A);
  memory.load(0x1001, 2, 0);
  assert.deepEqual(aborted(), ["data_abort", 0x1001, 1]);
  memory.store64(0x1004, 0n, 0);
  assert.deepEqual(aborted(), ["data_abort", 0x1004, 1 | WNR]);
  memory.load(0x1004, 4, 0);
  assert.equal(rig.taken(), undefined);
});

Deno.test("An unaligned access to Device memory faults, whether RAM or not", () => {
  start();
  memory.load(0x4004, 4, 0);
  assert.equal(rig.taken(), undefined);
  memory.load(0x4002, 4, 0);
  assert.deepEqual(aborted(), ["data_abort", 0x4002, 1]);
  memory.store(0x6001, 2, 0, 0);
  assert.deepEqual(aborted(), ["data_abort", 0x6001, 1 | WNR]);
  memory.load(0x1002, 4, 0);
  assert.equal(rig.taken(), undefined, "Normal memory near it does not");
});

Deno.test("A store over a page boundary writes nothing when the second page faults", () => {
  start();
  memory.store(0x2ffc, 4, 0x1111_1111, 0);
  memory.store(0x2ffe, 4, -1, 0);
  assert.deepEqual(aborted(), ["data_abort", 0x3000, 0b01111 | DOMAIN | WNR]);
  assert.equal(rig.peek(PAGE + 0x1ffc), 0x1111_1111);
  memory.load(0x4fff, 2, 0);
  rig.taken();
  memory.load64(0x2ffc, 0);
  assert.equal(rig.taken(), undefined, "reading there is allowed");
});

Deno.test("Faults carry address, status and WnR; the long form has bit 9", () => {
  start();
  memory.load(0x5678, 1, 0);
  assert.deepEqual(aborted(), ["data_abort", 0x5678, 0b00111 | DOMAIN]);
  memory.store(0x3000, 4, 0, 0);
  assert.deepEqual(aborted(), ["data_abort", 0x3000, 0b01111 | DOMAIN | WNR]);
  assert.equal(memory.fetch_page(0x5004), undefined);
  assert.deepEqual(aborted(), ["prefetch_abort", 0x5004, 0b00111]);
  assert.equal(memory.fetch_page(0x6004), undefined);
  assert.deepEqual(aborted(), ["prefetch_abort", 0x6004, 0b01000]);
  assert.equal(memory.fetch_page(0x1004), PAGE);
  rig.reset();
  rig.mmu({ ttbr0: L1, ttbcr: 0x8000_0000 });
  memory.store(0x1001, 4, 0, ACCESS.aligned);
  assert.deepEqual(aborted(), ["data_abort", 0x1001, 0x200 | 0b100001 | WNR]);
  rig.poke64(L1, 0x401n | 0x40n);
  assert.equal(memory.fetch_page(0x1000), undefined);
  assert.deepEqual(aborted(), ["prefetch_abort", 0x1000, 0x200 | 0b010000]);
});

Deno.test("probe() takes the lowest fault and passes devices", () => {
  start();
  memory.probe(0x1ff8, 16, true);
  assert.equal(rig.taken(), undefined);
  memory.probe(0x2ffc, 8, true);
  assert.deepEqual(aborted(), ["data_abort", 0x3000, 0b01111 | DOMAIN | WNR]);
  memory.probe(0x2ffc, 8, false);
  assert.equal(rig.taken(), undefined);
  memory.probe(0x6000, 64, true);
  assert.equal(cpu.get(STATE.exit), EXIT.none);
});

Deno.test("compare_exchange() stores when the value is still there, in both endiannesses", () => {
  start();
  const load = (width: number): bigint =>
    width === 8
      ? BigInt.asUintN(64, memory.load64(0x1008, 0))
      : BigInt(memory.load(0x1008, width, 0) >>> 0);
  for (const big of [false, true]) {
    system.modes.setend(big);
    rig.taken();
    for (const width of [1, 2, 4, 8]) {
      memory.store64(0x1008, 0x8877_6655_4433_22f1n, 0);
      const old = load(width), fresh = old ^ 0x81n;
      assert.ok(!memory.compare_exchange(0x1008, width, fresh, 0n), `${width}`);
      assert.equal(load(width), old);
      assert.ok(memory.compare_exchange(0x1008, width, old, fresh), `${width} ${big}`);
      assert.equal(load(width), fresh);
    }
  }
  system.modes.setend(false);
  rig.taken();
  assert.ok(!memory.compare_exchange(0x3000, 4, 0n, 1n));
  assert.deepEqual(aborted(), ["data_abort", 0x3000, 0b01111 | DOMAIN | WNR]);
  assert.ok(!memory.compare_exchange(0x6000, 4, 0n, 1n));
  assert.deepEqual(aborted(), ["data_abort", 0x6000, 0b01000 | WNR]);
});

Deno.test("What is not RAM is an exit, then answered to the same instruction in order", () => {
  start();
  /** An instruction with two loads and a store; what it got. */
  const insn = (): number[] | undefined => {
    cpu.set(STATE.exit, EXIT.none);
    const a = memory.load(0x6000, 4, 0);
    if (cpu.get(STATE.exit) !== EXIT.none) return undefined;
    const b = memory.load(0x6004, 2, 0);
    if (cpu.get(STATE.exit) !== EXIT.none) return undefined;
    memory.store(0x6008, 1, 0x1ff, 0);
    return cpu.get(STATE.exit) === EXIT.none ? [a, b] : undefined;
  };
  const seen: string[] = [];
  let result = insn();
  while (result === undefined) {
    assert.equal(cpu.get(STATE.exit), EXIT.mmio);
    const { address, size, is_write, data } = cpu.mmio;
    seen.push(`${is_write ? "w" : "r"}${size} ${address.toString(16)} ${data.getUint8(0)}`);
    if (!is_write) data.setUint32(0, 0xfedc_ba98, true);
    mmio.answered();
    mmio.rewind();
    result = insn();
  }
  mmio.finish();
  assert.deepEqual(seen, ["r4 9000000 0", "r2 9000004 0", "w1 9000008 255"]);
  assert.deepEqual(result.map((v) => v >>> 0), [0xfedc_ba98, 0xba98]);
  assert.ok(!mmio.replaying);
});

Deno.test("A device of the core is answered without an exit", () => {
  start();
  const writes: string[] = [];
  mmio.add({
    base: 0x0900_0100,
    size: 0x10,
    read: (offset, size) => offset * 16 + size,
    write: (offset, size, value) => writes.push(`${offset} ${size} ${value}`),
  });
  assert.equal(memory.load(0x610c, 2, 0), 0xc2);
  assert.equal(memory.load64(0x6108, 0), 0xc4_0000_0084n);
  memory.store(0x6100, 4, -1, 0);
  assert.deepEqual(writes, [`0 4 ${0xffff_ffff}`]);
  assert.equal(cpu.get(STATE.exit), EXIT.none);
  memory.load(0x6110, 4, 0);
  assert.equal(cpu.get(STATE.exit), EXIT.mmio);
  cpu.set(STATE.exit, EXIT.none);
});
