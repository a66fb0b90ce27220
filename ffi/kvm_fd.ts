import { ioctl_number, type IoctlName, IOCTLS } from "./abi/ioctls.ts";
import { call_failed } from "./errno.ts";
import { errno, libc } from "./libc.ts";

const NUMBERS = Object.fromEntries(
  Object.entries(IOCTLS).map(([name, ioctl]) => [name, ioctl_number(ioctl)]),
) as Record<IoctlName, number>;

/** An ioctl's argument: a number, or memory of the size that the table gives. */
export type IoctlArgument = number | Uint8Array<ArrayBuffer>;

/** One of KVM's files: `/dev/kvm`, a VM, a vCPU, a device. Closed by `using`. */
export class KvmFd implements Disposable {
  #fd: number;

  /** Takes ownership of an open file descriptor. */
  constructor(fd: number) {
    this.#fd = fd;
  }

  /** The descriptor; -1 when it is closed. */
  get fd(): number {
    return this.#fd;
  }

  /** Makes a call. Throws HypervisorError with the call's name, its errno and what that means. */
  call(name: IoctlName, argument: IoctlArgument = 0, detail?: string): number {
    const result = this.try_call(name, argument);
    if (result < 0) throw call_failed(name, -result, detail);
    return result;
  }

  /** Makes a call whose failure the caller expects: a negative errno instead of an error. */
  try_call(name: IoctlName, argument: IoctlArgument = 0): number {
    const number = NUMBERS[name];
    const { ioctl, ioctl_buffer } = libc();
    const result = typeof argument === "number"
      ? ioctl(this.#fd, number, BigInt(argument))
      : ioctl_buffer(this.#fd, number, argument);
    return result < 0 ? -errno() : result;
  }

  /** Closes the file. */
  [Symbol.dispose](): void {
    if (this.#fd < 0) return;
    libc().close(this.#fd);
    this.#fd = -1;
  }
}
