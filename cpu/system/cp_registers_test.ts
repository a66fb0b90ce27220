import assert from "node:assert/strict";
import { STATE } from "../state.ts";
import { cp_index, cp_index64 } from "./sys_helpers.ts";
import { CP_REGISTERS } from "./cp_registers.ts";
import { PL, register_index } from "./cp_row.ts";
import { CPU_MODELS } from "./features.ts";
import { ALL_FEATURES } from "./system.ts";
import { Rig } from "./testing.ts";

const rig = new Rig();
const { cpu, system } = rig;
const { cp, regs } = system;

function configure(features: Partial<typeof ALL_FEATURES> = {}, model = CPU_MODELS[0]!): void {
  rig.reset();
  system.configure(model, { ...ALL_FEATURES, ...features }, 0);
}

/** MRC that must work, unsigned. */
function mrc(cpn: number, opc1: number, crn: number, crm: number, opc2: number): number {
  const value = cp.read(cp_index(cpn, crn, opc1, crm, opc2));
  assert.equal(rig.taken(), undefined, `${cpn} ${opc1} c${crn} c${crm} ${opc2}`);
  return value >>> 0;
}
function mcr(
  value: number,
  cpn: number,
  opc1: number,
  crn: number,
  crm: number,
  opc2: number,
): void {
  cp.write(cp_index(cpn, crn, opc1, crm, opc2), value | 0);
  const taken = rig.taken();
  assert.equal(taken, undefined, `${cpn} ${opc1} c${crn} c${crm} ${opc2}`);
}
/** Whether MRC (or MCR) is Undefined. */
function undef(index: number, write = false): boolean {
  if (write) cp.write(index, 0);
  else cp.read(index);
  return rig.taken()?.kind === "undefined";
}

Deno.test("No two registers have one encoding or one name", () => {
  const names = new Set<string>(), indices = new Map<number, string>();
  for (const r of CP_REGISTERS) {
    assert.ok(!names.has(r.name), r.name);
    names.add(r.name);
    const index = register_index(r);
    assert.equal(indices.get(index), undefined, `${r.name}, ${indices.get(index)}`);
    indices.set(index, r.name);
    const expected = r.crn === undefined
      ? cp_index64(r.cp, r.opc1, r.crm)
      : cp_index(r.cp, r.crn, r.opc1, r.crm, r.opc2!);
    assert.equal(index, expected, r.name);
    const wide = r.crn === undefined;
    const reads = wide ? r.read64 : r.read, writes = wide ? r.write64 : r.write;
    assert.equal(reads !== undefined, (r.rights & (PL.read | PL.user_read)) !== 0, r.name);
    assert.equal(writes !== undefined, (r.rights & (PL.write | PL.user_write)) !== 0, r.name);
    if (r.one_reg !== "hidden") assert.ok(reads !== undefined, r.name);
    if (r.one_reg === "state") assert.ok(writes !== undefined || r.restore, r.name);
  }
});

Deno.test("Every register can be read and written as its rights say, by PL1 and by PL0", () => {
  for (const mode of ["svc", "usr"] as const) {
    configure();
    rig.mode(mode);
    rig.taken();
    for (const r of CP_REGISTERS) {
      if (r.user !== undefined) continue;
      const index = register_index(r);
      for (const [right, write] of [[PL.read, false], [PL.write, true]] as const) {
        const may = (r.rights & (mode === "svc" ? right : right >> 2)) !== 0;
        if (r.crn === undefined) {
          if (write) cp.write64(index, r.read64 ? r.read64(system) : 0n);
          else cp.read64(index);
        } else if (write) cp.write(index, r.read ? r.read(system) : 0);
        else cp.read(index);
        assert.equal(
          rig.taken()?.kind,
          may ? undefined : "undefined",
          `${mode} ${r.name} ${write}`,
        );
      }
    }
  }
  rig.reset();
});

Deno.test("Unknown encodings are Undefined, CRn 15 of CP15 is RAZ/WI for PL1", () => {
  configure();
  assert.ok(undef(cp_index(15, 11, 0, 0, 0)));
  assert.ok(undef(cp_index(15, 1, 0, 1, 0)), "SCR");
  assert.ok(undef(cp_index(15, 12, 0, 0, 1)), "MVBAR");
  assert.ok(undef(cp_index(14, 3, 0, 3, 3), true));
  assert.ok(undef(cp_index64(15, 4, 14)), "CNTVOFF");
  mcr(5, 15, 1, 15, 0, 0);
  assert.equal(mrc(15, 1, 15, 0, 0), 0);
  rig.mode("usr");
  rig.taken();
  assert.ok(undef(cp_index(15, 15, 1, 0, 0)));
  rig.reset();
});

Deno.test("ID registers are the model's", () => {
  configure();
  assert.equal(mrc(15, 0, 0, 0, 0), 0x414f_c0f0);
  assert.equal(mrc(15, 0, 0, 0, 5), 0x8000_0000);
  assert.equal(mrc(15, 0, 0, 2, 0), 0x0210_1110);
  assert.equal(mrc(14, 0, 0, 0, 0), 0x3515_f021);
  const caches = [0, 1, 2].map((i) => (mcr(i, 15, 2, 0, 0, 0), mrc(15, 1, 0, 0, 0)));
  assert.deepEqual(caches, [0x701f_e00a, 0x201f_e00a, 0x711f_e07a]);
  assert.equal(system.fp.identity.mvfr0, 0x1011_0222);
  configure({}, CPU_MODELS[1]);
  assert.equal(mrc(15, 0, 0, 0, 0), 0x410f_c075);
  assert.equal(mrc(15, 0, 0, 0, 1), 0x8444_8003);
  configure();
});

Deno.test("A feature that is off takes its registers and ID fields along", () => {
  configure({ debug: false });
  assert.ok(undef(cp_index(14, 0, 0, 0, 0)));
  assert.equal(mrc(15, 0, 0, 1, 2), 0x0200_0000);
  configure({ pmu: false });
  assert.ok(undef(cp_index(15, 9, 0, 12, 0)));
  assert.equal(mrc(15, 0, 0, 1, 2), 0x0f01_0505);
  configure({ vfp_neon: false });
  mcr(0x00f0_0000, 15, 0, 1, 0, 2);
  assert.equal(mrc(15, 0, 1, 0, 2), 0);
  system.fp.vmrs(7);
  assert.equal(rig.taken()?.kind, "undefined");
  configure();
  mcr(-1, 15, 0, 1, 0, 2);
  assert.equal(mrc(15, 0, 1, 0, 2), 0xc0f0_0000);
});

Deno.test("SCTLR and TTBCR keep the bits that exist", () => {
  configure();
  mcr(0, 15, 0, 1, 0, 0);
  assert.equal(mrc(15, 0, 1, 0, 0), 0x00c5_0058, "what is fixed at one stays");
  mcr(-1 & ~1, 15, 0, 1, 0, 0);
  assert.equal(mrc(15, 0, 1, 0, 0), 0x72dd_3c7e);
  mcr(0x7fff_ffff, 15, 0, 2, 0, 2);
  assert.equal(mrc(15, 0, 2, 0, 2), 0x37);
  mcr(-1, 15, 0, 2, 0, 2);
  assert.equal(mrc(15, 0, 2, 0, 2), 0xffc7_3f87);
  configure();
});

Deno.test("The 32-bit and 64-bit views of TTBR0, TTBR1 and PAR are one register", () => {
  configure();
  for (const [crn, crm, opc2, opc1, crm64] of [[2, 0, 0, 0, 2], [2, 0, 1, 1, 2], [7, 4, 0, 0, 7]]) {
    const wide = cp_index64(15, opc1!, crm64!);
    cp.write64(wide, 0x1234_5678_9abc_def0n);
    assert.equal(mrc(15, 0, crn!, crm!, opc2!), 0x9abc_def0);
    mcr(0x1111_2220, 15, 0, crn!, crm!, opc2!);
    assert.equal(cp.read64(wide), 0x1234_5678_1111_2220n);
  }
  configure();
});

Deno.test("Address translation operations answer in PAR, in both forms", () => {
  const L1 = 0x4000_4000;
  configure();
  rig.poke(L1 + 4, 0x4010_0000 | 2 | 1 << 10 | 1 << 16 | 7 << 12 | 3 << 2);
  rig.poke(L1 + 8, 0x5500_0000 | 2 | 1 << 10 | 1 << 18 | 0xa << 20);
  rig.mmu({ ttbr0: L1 });
  const ats = (opc2: number, va: number): number => {
    mcr(va, 15, 0, 7, 8, opc2);
    return mrc(15, 0, 7, 4, 0);
  };
  assert.equal(ats(0, 0x12_3456) & 0xffff_f001, 0x4012_3000);
  assert.equal(ats(0, 0x12_3456) & 0x80, 0x80, "shareable");
  assert.equal(ats(1, 0x12_3456) & 1, 0);
  assert.equal(ats(2, 0x12_3456), 0b01101 << 1 | 1, "PL0 may not read");
  assert.equal(ats(3, 0x12_3456), 0b01101 << 1 | 1);
  assert.equal(ats(0, 0x30_0000), 0b00101 << 1 | 1);
  assert.equal(ats(0, 0x20_0000) >>> 0, 0x550a_0012, "a supersection, Strongly-ordered");
  configure();
  rig.poke64(L1, 0xab_4000_0000n | 0x401n | 0x300n);
  regs.mair0 = 0xff;
  rig.mmu({ ttbr0: L1, ttbcr: 0x8000_0000 });
  mcr(0x12_3456, 15, 0, 7, 8, 0);
  assert.equal(BigInt.asUintN(64, cp.read64(cp_index64(15, 0, 7))), 0xff00_00ab_4012_3b80n);
  mcr(0x12_3456, 15, 0, 7, 8, 2);
  assert.equal(mrc(15, 0, 7, 4, 0), (0b001101 << 1) | 1 << 11 | 1);
  configure();
});

Deno.test("CP15 barriers are User mode's too, until SCTLR.CP15BEN is clear", () => {
  configure();
  rig.mode("usr");
  rig.taken();
  for (const [crm, opc2] of [[5, 4], [10, 4], [10, 5]] as const) mcr(0, 15, 0, 7, crm, opc2);
  regs.sctlr &= ~(1 << 5);
  assert.ok(undef(cp_index(15, 7, 0, 10, 5), true));
  configure();
});

Deno.test("Thread ID registers are where instructions find them", () => {
  configure();
  mcr(7, 15, 0, 13, 0, 3);
  rig.mode("usr");
  rig.taken();
  assert.equal(mrc(15, 0, 13, 0, 3), 7);
  assert.ok(undef(cp_index(15, 13, 0, 0, 3), true));
  mcr(8, 15, 0, 13, 0, 2);
  assert.equal(mrc(15, 0, 13, 0, 2), 8);
  assert.ok(undef(cp_index(15, 13, 0, 0, 4)));
  configure();
});

Deno.test("The performance monitor counts instructions, and PMUSERENR opens it to User mode", () => {
  configure();
  mcr(1 << 31 | 3, 15, 0, 9, 12, 1);
  mcr(0, 15, 0, 9, 12, 5);
  mcr(8, 15, 0, 9, 13, 1);
  mcr(7, 15, 0, 9, 12, 0);
  assert.equal(mrc(15, 0, 9, 13, 0), 0);
  const counter = cpu.i64, at = STATE.insn_count.address >> 3;
  counter[at]! += 100n;
  assert.equal(mrc(15, 0, 9, 13, 0), 100);
  assert.equal(mrc(15, 0, 9, 13, 2), 100);
  mcr(-50, 15, 0, 9, 13, 0);
  counter[at]! += 60n;
  assert.equal(mrc(15, 0, 9, 13, 0), 10);
  assert.equal(mrc(15, 0, 9, 12, 3), 0x8000_0000);
  mcr(-1, 15, 0, 9, 12, 3);
  assert.equal(mrc(15, 0, 9, 12, 3), 0);
  rig.mode("usr");
  rig.taken();
  assert.ok(undef(cp_index(15, 9, 0, 13, 0)));
  system.pmu.user = 1;
  assert.equal(mrc(15, 0, 9, 13, 0), 10);
  configure();
});
