import assert from "node:assert/strict";
import { vcpu_init } from "../hypervisor/mod.ts";
import { check_init, feature_names, feature_offers } from "./features.ts";
import { GuestDebug } from "./guest_debug.ts";
import { errno_meaning } from "./errno.ts";

Deno.test("features are offered as the host's capabilities say", () => {
  const old = feature_offers(() => 0);
  assert.deepEqual(old.filter((o) => o.offered).map((o) => o.name), ["power_off"]);
  const all = feature_offers(() => 1);
  assert.ok(all.every((offer) => offer.offered));
  const neoverse = feature_offers((cap) => cap === "KVM_CAP_ARM_EL1_32BIT" ? 0 : 1);
  const refused = neoverse.find((offer) => !offer.offered)!;
  assert.equal(refused.name, "el1_32bit");
  assert.match(refused.reason, /no AArch32 at EL1; run 32-bit guests with --accel soft/);
});

Deno.test("an init is refused with what was asked, what is offered, and what to do", () => {
  const offers = feature_offers((cap) => cap === "KVM_CAP_ARM_PSCI_0_2" ? 1 : 0);
  check_init(vcpu_init(5, ["psci_0_2"]), offers);
  assert.throws(() => check_init(vcpu_init(5, ["el1_32bit"]), offers), {
    message:
      /^Cannot KVM_ARM_VCPU_INIT: el1_32bit was asked for: .*--accel soft.*; offered are power_off, psci_0_2 \(EINVAL\)$/,
  });
  assert.throws(() => check_init(vcpu_init(5, ["vfp_neon"]), offers), {
    message: /feature bit 32 is unknown; KVM has 0 \(power_off\)/,
  });
  assert.throws(() => check_init({ target: 5, features: new Uint32Array(3) }, offers), {
    message: /must have 7 words/,
  });
});

Deno.test("features have names, and bits without one their numbers", () => {
  assert.equal(feature_names(vcpu_init(5)), "none");
  assert.equal(feature_names(vcpu_init(5, ["power_off", "debug"])), "power_off, 33");
});

Deno.test("an errno is explained by the call that gave it, or in general", () => {
  assert.match(errno_meaning("open", 13), /join the group kvm/);
  assert.match(errno_meaning("KVM_CREATE_VM", 22), /physical addresses need more bits/);
  assert.equal(errno_meaning("KVM_CREATE_VM", 24), errno_meaning("eventfd", 24));
  assert.equal(errno_meaning("KVM_RUN", 1234), "the kernel answers with errno 1234");
});

Deno.test("debug registers are written as the architecture has them", () => {
  const words = (debug: GuestDebug): BigUint64Array => new BigUint64Array(debug.to_struct().buffer);
  assert.ok(words(new GuestDebug()).every((word) => word === 0n));
  const all = words(
    new GuestDebug({
      single_step: true,
      software_breakpoints: true,
      breakpoints: [0x4000_1002n],
      watchpoints: [{ address: 0x4000_2006n, size: 2, on: "read" }],
    }),
  );
  assert.equal(all[0], 0x3_0003n);
  assert.equal(all[1], 0x1e7n);
  assert.equal(all[1 + 16], 0x4000_1000n);
  assert.equal(all[1 + 32], BigInt(0x7 | (1 << 3) | (0xc0 << 5)));
  assert.equal(all[1 + 48], 0x4000_2000n);
  assert.throws(() => new GuestDebug({ breakpoints: Array(17).fill(0n) }), RangeError);
  const across = { address: 0x1007n, size: 2, on: "write" } as const;
  assert.throws(() => new GuestDebug({ watchpoints: [across] }), RangeError);
});
