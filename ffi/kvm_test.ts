import assert from "node:assert/strict";
import { HypervisorError } from "../hypervisor/mod.ts";
import { STRUCTS } from "./abi/structs.ts";
import { CStruct } from "./c_struct.ts";
import { KvmFd } from "./kvm_fd.ts";
import { KvmSystem } from "./kvm_system.ts";
import { FLAGS, libc } from "./libc.ts";
import { Mapping } from "./mapping.ts";
import { SharedGuestMemory } from "./shared_memory.ts";

const ON_LINUX = Deno.build.os === "linux";
const HAS_KVM = ON_LINUX && can_open();

/** What a call is refused with. */
function refusal(what: () => unknown): HypervisorError {
  try {
    what();
  } catch (error) {
    assert.ok(error instanceof HypervisorError, String(error));
    return error;
  }
  return assert.fail("it was not refused");
}

Deno.test("a call on a descriptor that is not open is EBADF", { ignore: !ON_LINUX }, () => {
  const file = new KvmFd(-1);
  for (const name of ["KVM_GET_API_VERSION", "KVM_CREATE_VM", "KVM_RUN"] as const) {
    const error = refusal(() => file.call(name));
    assert.equal(error.errno, "EBADF");
    assert.equal(error.call, name);
    assert.equal(error.message, `Cannot ${name}: the file descriptor is not open (EBADF)`);
  }
  const list = new CStruct(STRUCTS.kvm_reg_list);
  assert.equal(file.try_call("KVM_GET_REG_LIST", list.bytes), -9);
});

Deno.test("a call on a file that is not KVM's is ENOTTY", { ignore: !ON_LINUX }, () => {
  using file = new KvmFd(libc().eventfd(0, FLAGS.EFD_CLOEXEC));
  const error = refusal(() => file.call("KVM_CHECK_EXTENSION", 1, "what for"));
  assert.equal(error.errno, "ENOTTY");
  assert.match(error.message, /not one of KVM's, .* \(what for\) \(ENOTTY\)$/);
});

Deno.test("opening says which file, and why not", { ignore: !ON_LINUX }, () => {
  assert.match(
    refusal(() => KvmSystem.open("/nonexistent/kvm")).message,
    /^Cannot open: there is no \/dev\/kvm; .* \(\/nonexistent\/kvm\) \(ENOENT\)$/,
  );
  assert.equal(refusal(() => KvmSystem.open("/dev/null")).errno, "ENOTTY");
});

Deno.test("mapping a file that cannot be is refused", { ignore: !ON_LINUX }, () => {
  assert.equal(refusal(() => new Mapping(-1, 4096)).errno, "EBADF");
});

Deno.test("errno is that of the call just made, call after call", { ignore: !ON_LINUX }, () => {
  using event = new KvmFd(libc().eventfd(0, FLAGS.EFD_CLOEXEC));
  const closed = new KvmFd(-1);
  for (let i = 0; i < 1000; i++) {
    assert.equal(event.try_call("KVM_GET_API_VERSION"), -25);
    assert.equal(closed.try_call("KVM_GET_API_VERSION"), -9);
  }
});

Deno.test("guest RAM is shared, zeroed, page-aligned, and at the address it says", {
  ignore: !ON_LINUX,
}, () => {
  const ram = new SharedGuestMemory({ base: 0x4000_0000, size: 3 << 20 });
  assert.ok(ram.bytes.buffer instanceof SharedArrayBuffer);
  assert.equal(ram.bytes.length, 3 << 20);
  assert.equal(ram.address % BigInt(2 << 20), 0n);
  assert.ok(ram.bytes.every((byte) => byte === 0));
  const alias = new Deno.UnsafePointerView(Deno.UnsafePointer.create(ram.address)!);
  ram.bytes[0x12345] = 0x77;
  assert.equal(alias.getUint8(0x12345), 0x77);
  for (const [base, size] of [[0x4000_0000, 0], [0x4000_0000, 100], [0x100, 4096]] as const) {
    assert.equal(refusal(() => new SharedGuestMemory({ base, size })).errno, "EINVAL");
  }
});

Deno.test("the host's KVM has version 12 and answers about extensions", {
  ignore: !HAS_KVM,
}, () => {
  using system = KvmSystem.open();
  assert.equal(system.extension("KVM_CAP_USER_MEMORY"), 1);
  assert.ok(system.extension("KVM_CAP_NR_MEMSLOTS") >= 32);
  assert.ok(system.run_size() >= 4096);
});

Deno.test("the host's KVM takes guest RAM as a slot, once", { ignore: !HAS_KVM }, () => {
  using system = KvmSystem.open();
  using vm = system.create_vm();
  const ram = new SharedGuestMemory({ base: 0x4000_0000, size: 16 << 20 });
  const slot = (number: number, size: number) =>
    new CStruct(STRUCTS.kvm_userspace_memory_region, {
      values: {
        slot: number,
        guest_phys_addr: ram.base,
        memory_size: size,
        userspace_addr: ram.address,
      },
    }).bytes;
  vm.call("KVM_SET_USER_MEMORY_REGION", slot(0, ram.size));
  assert.equal(
    refusal(() => vm.call("KVM_SET_USER_MEMORY_REGION", slot(1, ram.size))).errno,
    "EEXIST",
  );
  assert.equal(refusal(() => vm.call("KVM_SET_USER_MEMORY_REGION", slot(2, 100))).errno, "EINVAL");
  vm.call("KVM_SET_USER_MEMORY_REGION", slot(0, 0));
});

Deno.test("closing is done once, and leaves nothing open", { ignore: !HAS_KVM }, () => {
  // The kernel gives the lowest free descriptor: one that stayed open would push it up.
  const lowest_free = (): number => {
    using file = new KvmFd(libc().eventfd(0, FLAGS.EFD_CLOEXEC));
    return file.fd;
  };
  const before = lowest_free();
  for (let i = 0; i < 10; i++) {
    using system = KvmSystem.open();
    using vm = system.create_vm();
    vm[Symbol.dispose]();
    assert.equal(vm.fd, -1);
  }
  assert.equal(lowest_free(), before);
});

function can_open(): boolean {
  try {
    using _system = KvmSystem.open();
    return true;
  } catch {
    return false;
  }
}
