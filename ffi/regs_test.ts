import assert from "node:assert/strict";
import {
  ARM64_CORE,
  core_reg_id,
  cp_reg_id,
  spsr_id,
  sys_reg_id,
  v_reg_id,
  x_reg_id,
} from "../hypervisor/mod.ts";
import { reg_name } from "./mod.ts";
import { ids_of_32bit_registers, pieces_of } from "./regs32.ts";

Deno.test("ids of arm64 registers are those that KVM lists", () => {
  const expected: [bigint, bigint, string][] = [
    [x_reg_id(0), 0x6030_0000_0010_0000n, "X0"],
    [x_reg_id(30), 0x6030_0000_0010_003cn, "X30"],
    [ARM64_CORE.sp, 0x6030_0000_0010_003en, "SP_EL0"],
    [ARM64_CORE.pc, 0x6030_0000_0010_0040n, "PC"],
    [ARM64_CORE.pstate, 0x6030_0000_0010_0042n, "PSTATE"],
    [spsr_id("svc"), 0x6030_0000_0010_0048n, "SPSR_EL1"],
    [spsr_id("fiq"), 0x6030_0000_0010_0050n, "SPSR_fiq"],
    [v_reg_id(0), 0x6040_0000_0010_0054n, "V0"],
    [ARM64_CORE.fpcr, 0x6020_0000_0010_00d5n, "FPCR"],
    [sys_reg_id([3, 0, 1, 0, 0]), 0x6030_0000_0013_c080n, "SCTLR_EL1"],
    [sys_reg_id([3, 0, 12, 0, 0]), 0x6030_0000_0013_c600n, "VBAR_EL1"],
  ];
  for (const [made, listed, name] of expected) {
    assert.equal(made, listed, name);
    assert.equal(reg_name(made), name);
  }
});

Deno.test("registers without a name of their own are still told apart", () => {
  assert.equal(reg_name(0x6020_0000_0011_0002n), "CCSIDR[2]");
  assert.equal(reg_name(0x6030_0000_0014_0000n), "PSCI_VERSION");
  assert.equal(reg_name(0x6030_0000_0016_0001n), "STD_HYP_BMAP");
  assert.equal(reg_name(sys_reg_id([3, 0, 0, 4, 6])), "S3_0_C0_C4_6");
  assert.equal(reg_name(sys_reg_id([2, 0, 0, 5, 4])), "DBGBVR5_EL1");
  assert.equal(reg_name(core_reg_id(3)), "register 0x4020000000100003");
});

Deno.test("every 32-bit register is in arm64 registers, none in another's bits", () => {
  const taken = new Map<string, bigint>();
  for (const id of ids_of_32bit_registers()) {
    for (const { id: home, shift, mask } of pieces_of(id)!) {
      const key = home.toString(16);
      const bits = mask << shift;
      const wide = ((id >> 52n) & 15n) === 3n && (id & 0x0fff_0000n) === 0x000f_0000n;
      // TTBR0, TTBR1 and PAR have a 32-bit and a 64-bit view.
      if (!wide) {
        assert.equal((taken.get(key) ?? 0n) & bits, 0n, `${id.toString(16)} and others in ${key}`);
        taken.set(key, (taken.get(key) ?? 0n) | bits);
      }
    }
  }
  assert.equal(pieces_of(core_reg_id(17)), undefined);
  assert.equal(pieces_of(cp_reg_id(15, 5, 0, 0, 0))![0]!.id, sys_reg_id([3, 0, 5, 2, 0]));
});
