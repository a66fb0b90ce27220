/** Errno values a backend reports, by name (asm-generic/errno.h). */
export const ERRNO = {
  EPERM: 1,
  ENOENT: 2,
  EINTR: 4,
  EIO: 5,
  ENXIO: 6,
  E2BIG: 7,
  ENOEXEC: 8,
  EBADF: 9,
  EAGAIN: 11,
  ENOMEM: 12,
  EACCES: 13,
  EFAULT: 14,
  EBUSY: 16,
  EEXIST: 17,
  ENODEV: 19,
  EINVAL: 22,
  ENFILE: 23,
  EMFILE: 24,
  ENOTTY: 25,
  ENOSPC: 28,
  ENOSYS: 38,
  EOVERFLOW: 75,
  EOPNOTSUPP: 95,
  ETIMEDOUT: 110,
} as const;

/** The name of an errno, such as `"EINVAL"`. */
export type ErrnoName = keyof typeof ERRNO;

/** A call of the contract was refused. `errno` is what KVM would have answered. */
export class HypervisorError extends Error {
  /** The errno's name. */
  readonly errno: ErrnoName;
  /** The call that was refused, such as `"KVM_ARM_VCPU_INIT"`. */
  readonly call: string;

  /** Makes an error whose message reads "Cannot CALL: WHY (ERRNO)". */
  constructor(call: string, errno: ErrnoName, why: string) {
    super(`Cannot ${call}: ${why} (${errno})`);
    this.name = "HypervisorError";
    this.call = call;
    this.errno = errno;
  }
}
