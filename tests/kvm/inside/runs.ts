import assert from "node:assert/strict";
import { GuestDebug } from "../../../ffi/mod.ts";
import { PROGRAMS } from "../../../hypervisor/contract_programs.ts";
import { ARM64_CORE, x_reg_id } from "../../../hypervisor/mod.ts";
import { GIC, HAS_AARCH32, Kicker, make_vm, NO_KVM, vcpu_with } from "./host.ts";

const skip = { ignore: NO_KVM !== undefined };
const BASE = 0x4000_0000n;
/** Exits until V8 has compiled what runs them, and exits that are looked at. */
const WARM_UP = 8_000;
const MEASURED = 2_000;

/** add x1, x1, #1; add x1, x1, #1; str w1, [x0]; b . - 12 */
const COUNT = [0x91000421, 0x91000421, 0xb9000001, 0x17fffffd];

Deno.test("every one of 200 kicks that race with exits stops the vCPU", skip, async () => {
  using vm = make_vm();
  const vcpu = vcpu_with(vm, { width: 64, code: COUNT });
  vcpu.set_reg(x_reg_id(0), 0x0900_0000n);
  using kicker = await Kicker.start();
  let interrupted = 0;
  const token = vcpu.kick_token();
  while (interrupted < 200) {
    kicker.kick(token, 0);
    // Exits go on until the kick comes; it must come.
    while (vcpu.run().kind !== "interrupted");
    interrupted++;
  }
  // No kick is left over.
  assert.equal(vcpu.run().kind, "mmio_write");
});

Deno.test("kicks at a vCPU that is closed do nothing", skip, async () => {
  using kicker = await Kicker.start();
  using vm = make_vm();
  const vcpu = vcpu_with(vm, { width: 64, code: PROGRAMS.forever.a64 });
  const token = vcpu.kick_token();
  kicker.kick(token, 1, 20);
  assert.equal(vcpu.run().kind, "interrupted");
  vcpu[Symbol.dispose]();
  await new Promise((resolve) => setTimeout(resolve, 50));
  assert.throws(() => vcpu.run(), /KVM_RUN/);
});

Deno.test("an access that no CPU describes is an abort for the guest alone", skip, () => {
  // ldp w1, w2, [x0], with the vector base at a page of `b .`: the abort ends there.
  using vm = make_vm();
  const vcpu = vcpu_with(vm, { width: 64, code: [0x29400801, 0x14000000] });
  vcpu.set_reg(x_reg_id(0), 0x0900_0000n);
  vcpu.set_reg(0x6030_0000_0013_c600n, BASE + 0x1000n);
  // At the vector of synchronous exceptions of the current EL: str w3, [x0]
  new DataView(vm.memory.bytes.buffer, vm.memory.bytes.byteOffset)
    .setUint32(0x1200, 0xb9000003, true);
  vcpu.set_reg(x_reg_id(3), 0x77n);
  const exit = vcpu.run();
  assert.equal(exit.kind, "mmio_write");
  assert.equal(exit.kind === "mmio_write" && exit.data.getUint32(0, true), 0x77);
});

Deno.test("a single step executes one instruction", skip, () => {
  using vm = make_vm();
  const vcpu = vcpu_with(vm, { width: 64, code: COUNT });
  // Debug exceptions are taken with PSTATE.D clear or not: steps of KVM go through EL2.
  vcpu.debug(new GuestDebug({ single_step: true }));
  for (const expected of [4n, 8n]) {
    assert.equal(vcpu.run().kind, "debug");
    assert.equal(vcpu.get_reg(ARM64_CORE.pc), BASE + expected);
  }
  assert.equal(vcpu.get_reg(x_reg_id(1)), 2n);
  vcpu.debug(new GuestDebug());
  vcpu.set_reg(x_reg_id(0), 0x0900_0000n);
  assert.equal(vcpu.run().kind, "mmio_write");
});

Deno.test("a breakpoint stops before its instruction, a BRK at it", skip, () => {
  using vm = make_vm();
  const vcpu = vcpu_with(vm, { width: 64, code: [0x91000421, 0x91000421, 0xd4200000] });
  vcpu.debug(new GuestDebug({ breakpoints: [BASE + 4n], software_breakpoints: true }));
  assert.equal(vcpu.run().kind, "debug");
  assert.equal(vcpu.get_reg(ARM64_CORE.pc), BASE + 4n);
  // Exception class 0x30: a breakpoint from a lower EL.
  assert.equal(vcpu.debug_syndrome().syndrome >>> 26, 0x30);
  vcpu.debug(new GuestDebug({ software_breakpoints: true }));
  assert.equal(vcpu.run().kind, "debug");
  assert.equal(vcpu.get_reg(ARM64_CORE.pc), BASE + 8n);
  assert.equal(vcpu.debug_syndrome().syndrome >>> 26, 0x3c);
});

Deno.test("a watchpoint stops a write and says where", skip, () => {
  using vm = make_vm();
  // str w1, [x0]; b .
  const vcpu = vcpu_with(vm, { width: 64, code: [0xb9000001, 0x14000000] });
  vcpu.set_reg(x_reg_id(0), BASE + 0x2004n);
  vcpu.debug(
    new GuestDebug({ watchpoints: [{ address: BASE + 0x2004n, size: 4, on: "write" }] }),
  );
  assert.equal(vcpu.run().kind, "debug");
  assert.equal(vcpu.debug_syndrome().syndrome >>> 26, 0x34);
  assert.equal(vcpu.debug_syndrome().address, BASE + 0x2004n);
});

Deno.test("an irqfd's signal arrives as an interrupt", skip, () => {
  using vm = make_vm();
  // mov x0, #0x08000000; mov w2, #0x800; str w2, [x0, #0xc08]: SPI 5 is edge-triggered, so that
  // the pulse is kept. mov x5, #0x09000000; str w2, [x5]: tells that it is.
  const edge = [0xd2a10000, 0x52810002, 0xb90c0802, 0xd2a12005, 0xb90000a2];
  const take = GIC === 2 ? PROGRAMS.irq2.a64 : PROGRAMS.irq3.a64;
  const vcpu = vcpu_with(vm, { width: 64, code: [...edge, ...take] });
  using irq = vm.irq_eventfd(5);
  assert.equal(vcpu.run().kind, "mmio_write");
  irq.signal();
  const exit = vcpu.run();
  assert.equal(exit.kind, "mmio_write");
  assert.equal(exit.kind === "mmio_write" && exit.data.getUint32(0, true), 37);
});

Deno.test("an ioeventfd takes the guest's write without an exit", skip, () => {
  using vm = make_vm();
  const vcpu = vcpu_with(vm, { width: 64, code: PROGRAMS.one_of_each.a64 });
  using bell = vm.io_eventfd({ address: 0x0900_0000, size: 4, value: 0x68n });
  using other = vm.io_eventfd({ address: 0x0900_0000, size: 4, value: 0x69n });
  assert.equal(vcpu.run().kind, "mmio_read");
  assert.equal(bell.take(), 1);
  assert.equal(bell.take(), 0);
  assert.equal(other.take(), 0);
  assert.throws(() => vm.io_eventfd({ address: 0x0900_0000, size: 4, value: 0x68n }), /EEXIST/);
});

Deno.test("a GIC that a guest has used is as new after a reset", skip, () => {
  using vm = make_vm();
  const code = GIC === 2 ? PROGRAMS.irq2.a64 : PROGRAMS.irq3.a64;
  const vcpu = vcpu_with(vm, { width: 64, code });
  const fresh = vm.gic_state();
  vm.set_irq(5, true);
  assert.equal(vcpu.run().kind, "mmio_write");
  assert.notDeepEqual(vm.gic_state(), fresh);
  vm.set_irq(5, false);
  const init = vm.preferred_target();
  init.features[0] = 4;
  vcpu.init(init);
  assert.deepEqual(vm.gic_state(), fresh);
});

Deno.test("a guest is told that nobody tells it of stolen time", skip, () => {
  using vm = make_vm();
  // PV_TIME_FEATURES(PV_TIME_ST) (Arm DEN 0057): mov w0, #0xc5000020; mov w1, #0xc5000021; hvc #0;
  // mov x5, #0x09000000; str w0, [x5]
  const ask = [0x52800400, 0x72b8a000, 0x52800421, 0x72b8a001, 0xd4000002, 0xd2a12005, 0xb90000a0];
  const exit = vcpu_with(vm, { width: 64, code: ask }).run();
  assert.equal(exit.kind, "mmio_write");
  assert.equal(exit.kind === "mmio_write" && exit.data.getInt32(0, true), -1);
});

Deno.test("an exit allocates nothing once the loop is compiled", skip, () => {
  using vm = make_vm();
  const vcpu = vcpu_with(vm, { width: 64, code: COUNT });
  vcpu.set_reg(x_reg_id(0), 0x0900_0000n);
  const exits = (count: number): void => {
    for (let i = 0; i < count; i++) vcpu.run();
  };
  exits(WARM_UP);
  const before = Deno.memoryUsage().heapUsed;
  exits(MEASURED);
  // A collection in between would only take away from it.
  const grown = Deno.memoryUsage().heapUsed - before;
  assert.ok(grown < MEASURED * 4, `${grown} bytes in ${MEASURED} exits`);
});

Deno.test("a performance monitor that was asked for counts", skip, () => {
  using vm = make_vm();
  const vcpu = vm.create_vcpu(0);
  const init = vm.preferred_target();
  init.features[0] = 4 | 8;
  vcpu.init(init);
  // mov x1, #1; msr pmcr_el0, x1; mov x2, #1 << 31; msr pmcntenset_el0, x2; isb; nop; mrs x3,
  // pmccntr_el0; mov x0, #0x09000000; str w3, [x0]
  vm.memory.bytes.set(
    new Uint8Array(
      Uint32Array.of(
        0xd2800021,
        0xd51b9c01,
        0xd2b00002,
        0xd51b9c22,
        0xd5033fdf,
        0xd503201f,
        0xd53b9d03,
        0xd2a12000,
        0xb9000003,
      ).buffer,
    ),
  );
  vcpu.set_reg(ARM64_CORE.pc, BASE);
  assert.equal(vcpu.run().kind, "mmio_write");
  assert.ok(vcpu.get_reg(x_reg_id(3)) > 0n);
});

if (HAS_AARCH32) {
  Deno.test("a 32-bit vCPU is debugged as well", () => {
    using vm = make_vm();
    // add r1, r1, #1, twice
    const vcpu = vcpu_with(vm, { width: 32, code: [0xe2811001, 0xe2811001, 0xeafffffe] });
    vcpu.debug(new GuestDebug({ single_step: true }));
    assert.equal(vcpu.run().kind, "debug");
    assert.equal(vcpu.get_reg(ARM64_CORE.pc), BASE + 4n);
    assert.equal(vcpu.get_reg(x_reg_id(1)), 1n);
  });
}
