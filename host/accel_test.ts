import assert from "node:assert/strict";
import type { Probe } from "../hypervisor/mod.ts";
import { choose_accel, type Wanted } from "./accel.ts";

const ARM64 = new Uint8Array(4096);
ARM64.set(new TextEncoder().encode("ARM\x64"), 0x38);

function wanted(more: Partial<Wanted> = {}): Wanted {
  return { accel: "auto", kernel: new Uint8Array(4096), memory: 1 << 28, engine: "auto", ...more };
}

/** A host with KVM. */
function host(more: { aarch32?: boolean; gic?: readonly (2 | 3)[] } = {}): Probe {
  const { aarch32 = true, gic = [3] } = more;
  const reason = aarch32 ? "yes" : "the CPUs have none; do without";
  return {
    available: true,
    reason: "KVM on this host's CPUs",
    cpus: ["host"],
    features: [{ name: "el1_32bit", offered: aarch32, reason }],
    gic,
    ipa_bits: 40,
  };
}

const NONE: Probe = {
  available: false,
  reason: "there is no KVM",
  cpus: [],
  features: [],
  gic: [],
  ipa_bits: 0,
};

Deno.test("auto takes KVM where it runs the guest, with the host's GIC", async () => {
  const choice = await choose_accel(wanted(), host());
  assert.deepEqual([choice.accel, choice.gic], ["kvm", 3]);
  const arm64 = await choose_accel(wanted({ kernel: ARM64 }), host({ aarch32: false, gic: [2] }));
  assert.deepEqual([arm64.accel, arm64.gic, arm64.arm64], ["kvm", 2, true]);
});

Deno.test("auto takes the software core where KVM does not, and says why", async () => {
  const cases: [Partial<Wanted>, Probe, RegExp][] = [
    [{}, NONE, /^there is no KVM$/],
    [{}, host({ aarch32: false }), /^KVM runs no 32-bit guests here: the CPUs have none$/],
    [{ gic: 2 }, host(), /^KVM has no GICv2 here, only v3$/],
    [{ engine: "reference" }, host(), /engine/],
  ];
  for (const [more, probe, why] of cases) {
    const choice = await choose_accel(wanted(more), probe);
    assert.deepEqual([choice.accel, choice.gic], ["soft", 2]);
    assert.match(choice.reason!, why);
  }
});

Deno.test("KVM that was asked for and cannot run the guest is an error that says what to do", async () => {
  const refused = (more: Partial<Wanted>, probe: Probe, message: RegExp) =>
    assert.rejects(choose_accel(wanted({ accel: "kvm", ...more }), probe), {
      name: "AcceleratorError",
      message,
    });
  await refused({}, NONE, /^Cannot use kvm: there is no KVM; use --accel soft$/);
  await refused({}, host({ aarch32: false }), /no 32-bit guests here: .*; use --accel soft$/);
  await refused({ gic: 2 }, host(), /no GICv2 here/);
});

Deno.test("a 64-bit guest on the software core is told why KVM could not be had", async () => {
  assert.equal((await choose_accel(wanted({ kernel: ARM64 }), NONE)).arm64, "there is no KVM");
  const soft = await choose_accel(wanted({ accel: "soft", kernel: ARM64 }), host());
  assert.equal(soft.arm64, "leave out --accel soft");
});
