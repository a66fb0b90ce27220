import assert from "node:assert/strict";
import {
  ARM64_CORE,
  core_reg_id,
  cp_reg_id,
  reg_size,
  sys_reg_id,
  v_reg_id,
  x_reg_id,
} from "../../../hypervisor/mod.ts";
import { reg_name } from "../../../ffi/mod.ts";
import { ids_of_32bit_registers } from "../../../ffi/regs32.ts";
import { HAS_AARCH32, make_vm, NO_KVM, vcpu_with, WIDTHS } from "./host.ts";

/** Registers that a host may have more or fewer of: debug, cache and counter registers. */
const OPTIONAL = /^(CCSIDR\[|PM|ID_|S3_0_C0_C|FW_|SMCCC|STD_|VENDOR|PSCI)/;

for (const width of WIDTHS) {
  Deno.test(`KVM lists the blessed registers of a ${width}-bit vCPU`, {
    ignore: NO_KVM !== undefined,
  }, async () => {
    using vm = make_vm();
    const vcpu = vcpu_with(vm, { width });
    const listed = vcpu.reg_list().map((id) => `${id.toString(16)} ${reg_name(id)}`);
    const blessed = (await Deno.readTextFile(
      new URL(`./golden/registers_${width}.txt`, import.meta.url),
    )).trim().split("\n");
    const named = (line: string): string => line.slice(line.indexOf(" ") + 1);
    const missing = blessed.filter((line) => !listed.includes(line) && !OPTIONAL.test(named(line)));
    const more = listed.filter((line) => !blessed.includes(line) && !OPTIONAL.test(named(line)));
    assert.deepEqual({ missing, more }, { missing: [], more: [] });
    const of_the_kernel = Deno.osRelease().startsWith("6.1.");
    if (of_the_kernel) assert.equal(listed.length, blessed.length);
  });
}

Deno.test("every name is one register's", { ignore: NO_KVM !== undefined }, () => {
  using vm = make_vm();
  const ids = vcpu_with(vm, { width: 64 }).reg_list();
  const names = ids.map(reg_name);
  assert.equal(new Set(names).size, names.length);
  assert.ok(!names.some((name) => name.startsWith("register")), names.join(" "));
});

Deno.test("V registers have all their 128 bits", { ignore: NO_KVM !== undefined }, () => {
  using vm = make_vm();
  const vcpu = vcpu_with(vm, { width: 64 });
  const value = 0x0123_4567_89ab_cdef_fedc_ba98_7654_3210n;
  vcpu.set_reg(v_reg_id(31), value);
  assert.equal(vcpu.get_reg(v_reg_id(31)), value);
  assert.equal(reg_size(v_reg_id(31)), 16);
  assert.equal(vcpu.get_reg(v_reg_id(30)), 0n);
});

if (HAS_AARCH32) {
  Deno.test("a 32-bit vCPU's registers are found under both kinds of ids", () => {
    using vm = make_vm();
    const vcpu = vcpu_with(vm, { width: 32 });
    for (const id of ids_of_32bit_registers()) vcpu.set_reg(id, vcpu.get_reg(id));
    vcpu.set_reg(core_reg_id(13), 0x1111n);
    assert.equal(vcpu.get_reg(x_reg_id(13)), 0x1111n);
    // IFAR and DFAR share FAR_EL1.
    vcpu.set_reg(cp_reg_id(15, 6, 0, 0, 0), 0xdddd_0000n);
    vcpu.set_reg(cp_reg_id(15, 6, 0, 0, 2), 0x1111_0000n);
    assert.equal(vcpu.get_reg(sys_reg_id([3, 0, 6, 0, 0])), 0x1111_0000_dddd_0000n);
    assert.equal(vcpu.get_reg(cp_reg_id(15, 6, 0, 0, 0)), 0xdddd_0000n);
    const dreg = 0x4030_0000_0012_0000n;
    vcpu.set_reg(dreg | 3n, 0x1234_5678_9abc_def0n);
    assert.equal(vcpu.get_reg(v_reg_id(1)), 0x1234_5678_9abc_def0n << 64n);
    const fpscr = 0x4020_0000_0012_1001n;
    vcpu.set_reg(fpscr, 0xf0c0_009fn);
    assert.equal(vcpu.get_reg(fpscr), 0xf0c0_009fn);
    assert.equal(vcpu.get_reg(ARM64_CORE.fpcr), 0x00c0_0000n);
  });
}
