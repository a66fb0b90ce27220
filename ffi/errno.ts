import { ERRNO, type ErrnoName, HypervisorError } from "../hypervisor/mod.ts";
import type { IoctlName } from "./abi/ioctls.ts";

/** Calls of the C library that armvm makes besides ioctls. */
export type LibcCall =
  | "open"
  | "close"
  | "mmap"
  | "munmap"
  | "eventfd"
  | "read"
  | "write"
  | "tgkill";

/** A call that can fail with an errno. */
export type Call = IoctlName | LibcCall;

/** What an errno means in general. */
const MEANINGS: Record<ErrnoName, string> = {
  EPERM: "it is not permitted",
  ENOENT: "there is no such thing",
  EINTR: "a signal came",
  EIO: "the kernel reports an error of input or output",
  ENXIO: "there is no such device or address",
  E2BIG: "the list is too long",
  ENOEXEC: "the vCPU has not been initialised",
  EBADF: "the file descriptor is not open",
  EAGAIN: "the kernel asks to try again",
  ENOMEM: "the kernel has no memory for it",
  EACCES: "permission is denied",
  EFAULT: "an address is not one of this process",
  EBUSY: "it is in use",
  EEXIST: "it is there already",
  ENODEV: "the kernel or the CPU has no support for it",
  EINVAL: "the kernel does not accept an argument",
  ENFILE: "the system has too many open files",
  EMFILE: "this process has too many open files; raise its limit (ulimit -n)",
  ENOTTY: "the file is not one of KVM's, or this KVM does not know the call",
  ENOSPC: "there is no space left for it",
  ENOSYS: "the kernel cannot do it",
  EOVERFLOW: "a value is too large",
  EOPNOTSUPP: "it is not supported",
  ETIMEDOUT: "it took too long",
};

/** What an errno means from one call, where that says more (Documentation/virt/kvm/api.rst). */
const MEANINGS_OF: { readonly [call in Call]?: { readonly [errno in ErrnoName]?: string } } = {
  open: {
    ENOENT: "there is no /dev/kvm; load the kvm module, or enable virtualization on this host",
    ENXIO: "/dev/kvm has no driver behind it; the kernel did not start at EL2",
    ENODEV: "/dev/kvm has no driver behind it; the kernel did not start at EL2",
    EACCES: "this user may not open /dev/kvm; join the group kvm",
    EPERM: "this user may not open /dev/kvm; join the group kvm",
  },
  KVM_CREATE_VM: {
    EINVAL: "the guest's physical addresses need more bits than this host offers",
    ENOMEM: "the kernel has no memory for another VM",
  },
  KVM_CREATE_VCPU: {
    EEXIST: "a vCPU with this index has been made already",
    EINVAL: "the index is beyond what this host allows",
    EBUSY: "the interrupt controller has been initialised already",
  },
  KVM_SET_USER_MEMORY_REGION: {
    EINVAL: "address or size is not in whole pages, or the slot changes",
    EEXIST: "it overlaps another slot",
    EFAULT: "the memory is beyond the guest's physical addresses",
  },
  KVM_ARM_PREFERRED_TARGET: { ENODEV: "KVM has no target for the CPU of this host" },
  KVM_ARM_VCPU_INIT: {
    EINVAL:
      "KVM does not take this target, or these features together, or the vCPU or its VM was " +
      "initialised with others before",
    ENOENT: "KVM does not know one of the features",
  },
  KVM_RUN: {
    ENOEXEC: "the vCPU has not been initialised, or a feature of it has not been finalised",
    EPERM: "a feature of the vCPU has not been finalised",
    ENOSYS: "the guest accessed a device by an instruction that the CPU does not describe",
    EFAULT: "the guest's memory is not mapped in this process any more",
  },
  KVM_GET_ONE_REG: { ENOENT: "there is no such register" },
  KVM_SET_ONE_REG: {
    ENOENT: "there is no such register",
    EINVAL: "the register does not take this value",
    EBUSY: "the register cannot change once the VM has run",
  },
  KVM_CREATE_DEVICE: {
    ENODEV: "the host has no such interrupt controller",
    EEXIST: "the VM has an interrupt controller already",
  },
  KVM_SET_DEVICE_ATTR: {
    ENXIO: "the device has no such attribute, or the host's hardware lacks it",
    EEXIST: "the address is set already",
    E2BIG: "the address is beyond the guest's physical addresses",
    EBUSY: "a vCPU runs, or the device is initialised already",
  },
  KVM_IRQ_LINE: { ENXIO: "the VM has no interrupt controller" },
  KVM_IRQFD: { EBUSY: "the eventfd serves another interrupt already" },
  KVM_IOEVENTFD: { EEXIST: "an eventfd takes this write already" },
};

const NAMES = new Map<number, ErrnoName>(
  Object.entries(ERRNO).map(([name, number]) => [number, name as ErrnoName]),
);

/** An errno's name; undefined for one that none of the calls here is known to give. */
export function errno_name(errno: number): ErrnoName | undefined {
  return NAMES.get(errno);
}

/** What `errno` means when `call` gave it. */
export function errno_meaning(call: Call, errno: number): string {
  const name = errno_name(errno);
  if (name === undefined) return `the kernel answers with errno ${errno}`;
  return MEANINGS_OF[call]?.[name] ?? MEANINGS[name];
}

/** The error for a call that failed; `detail` says what it was about. */
export function call_failed(call: Call, errno: number, detail?: string): HypervisorError {
  const meaning = errno_meaning(call, errno);
  return new HypervisorError(
    call,
    errno_name(errno) ?? "EIO",
    detail === undefined ? meaning : `${meaning} (${detail})`,
  );
}
