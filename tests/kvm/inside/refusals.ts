import assert from "node:assert/strict";
import { type ErrnoName, HypervisorError, set_feature } from "../../../hypervisor/mod.ts";
import { edit_init, GIC, HAS_AARCH32, KVM, make_vm, NO_KVM, PROBE } from "./host.ts";

const skip = { ignore: NO_KVM !== undefined };

/** Whether `what` is refused with an errno and a message. */
function refused(errno: ErrnoName, message: RegExp, what: () => unknown): void {
  assert.throws(what, (error) => {
    assert.ok(error instanceof HypervisorError, String(error));
    assert.equal(error.errno, errno, error.message);
    assert.match(error.message, message);
    return true;
  });
}

Deno.test("the probe says what this host offers", skip, () => {
  assert.match(PROBE.reason, HAS_AARCH32 ? /64-bit and 32-bit guests$/ : /: 64-bit guests$/);
  assert.deepEqual(PROBE.gic, [GIC]);
  assert.ok(PROBE.ipa_bits >= 36);
  assert.deepEqual(PROBE.cpus, ["host"]);
});

Deno.test("an unknown feature bit is refused with those that there are", skip, () => {
  using vm = make_vm();
  const init = edit_init(vm.preferred_target(), 64);
  init.features[1] = 4;
  refused(
    "EINVAL",
    /KVM_ARM_VCPU_INIT: feature bit 34 is unknown; KVM has 0 \(power_off\), 1 \(el1_32bit\)/,
    () => vm.create_vcpu(0).init(init),
  );
});

Deno.test("an unknown target is refused with what KVM prefers", skip, () => {
  using vm = make_vm();
  const init = edit_init(vm.preferred_target(), 64);
  init.target = 3;
  refused(
    "EINVAL",
    /target 3 with features psci_0_2 was asked for; KVM prefers target \d/,
    () => vm.create_vcpu(0).init(init),
  );
});

Deno.test("a second init with other features is refused with what the vCPU has", skip, () => {
  using vm = make_vm();
  const vcpu = vm.create_vcpu(0);
  const init = edit_init(vm.preferred_target(), 64);
  vcpu.init(init);
  set_feature(init, "power_off", true);
  refused(
    "EINVAL",
    /features power_off, psci_0_2 was asked for; .*has target \d with features psci_0_2/,
    () => vcpu.init(init),
  );
});

Deno.test("a feature that the host lacks is refused with the way out", skip, () => {
  using vm = make_vm();
  const vcpu = vm.create_vcpu(0);
  for (const { name, offered } of PROBE.features) {
    if (offered) continue;
    const bit = ["power_off", "el1_32bit", "psci_0_2", "pmu_v3", "sve", "ptrauth_address"]
      .indexOf(name);
    if (bit < 0) continue;
    const init = vm.preferred_target();
    init.features[0]! |= 1 << bit;
    refused(
      "EINVAL",
      new RegExp(`${name} was asked for: .*; .*offered are power_off`),
      () => vcpu.init(init),
    );
  }
  // The vCPU is as it was.
  refused("ENOEXEC", /has not been initialised/, () => vcpu.run());
});

Deno.test("a 32-bit vCPU is granted or refused as the probe says", skip, () => {
  using vm = make_vm();
  const vcpu = vm.create_vcpu(0);
  const init = edit_init(vm.preferred_target(), 32);
  if (HAS_AARCH32) vcpu.init(init);
  else {
    refused(
      "EINVAL",
      /el1_32bit was asked for: this host's CPUs have no AArch32 at EL1; run 32-bit guests with --accel soft/,
      () => vcpu.init(init),
    );
  }
});

Deno.test("vCPUs of one VM have one width", skip, () => {
  if (!HAS_AARCH32) return;
  using vm = make_vm({ vcpus: 2 });
  vm.create_vcpu(0).init(edit_init(vm.preferred_target(), 32));
  refused(
    "EINVAL",
    /its VM was initialised with others before/,
    () => vm.create_vcpu(1).init(edit_init(vm.preferred_target(), 64)),
  );
});

Deno.test("a GIC that the host cannot give is refused with the one that it can", skip, () => {
  const other = GIC === 2 ? 3 : 2;
  refused(
    "ENODEV",
    new RegExp(`GICv${other} was asked for, and this host offers GICv${GIC}; use that`),
    () => KVM.create_vm({ memory: { base: 0x4000_0000, size: 1 << 20 }, gic: other, vcpus: 1 }),
  );
});

Deno.test("RAM that is not in whole pages is refused", skip, () => {
  refused(
    "EINVAL",
    /multiples of 4 KiB/,
    () => KVM.create_vm({ memory: { base: 0x4000_0000, size: 5000 }, gic: GIC, vcpus: 1 }),
  );
});

Deno.test("a closed VM leaves no file open, however often", skip, () => {
  const count = () => [...Deno.readDirSync("/proc/self/fd")].length;
  const before = count();
  for (let i = 0; i < 20; i++) {
    using vm = make_vm();
    vm.create_vcpu(0).init(edit_init(vm.preferred_target(), 64));
  }
  assert.equal(count(), before);
});
