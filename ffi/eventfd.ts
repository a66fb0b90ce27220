import { EVENTFD_FLAGS } from "./abi/constants.ts";
import { STRUCTS } from "./abi/structs.ts";
import { CStruct } from "./c_struct.ts";
import { call_failed } from "./errno.ts";
import type { KvmFd } from "./kvm_fd.ts";
import { errno, FLAGS, libc } from "./libc.ts";

const EAGAIN = 11;

/** A counter in the kernel that can be signalled and read; closed by `using`. */
export class EventFd implements Disposable {
  #fd: number;
  readonly #counter = new BigUint64Array(new ArrayBuffer(8));
  readonly #bytes = new Uint8Array(this.#counter.buffer);
  readonly #detach: (fd: number) => void;

  /** Makes one; `detach` is called before it is closed. */
  constructor(detach: (fd: number) => void = () => {}) {
    this.#detach = detach;
    this.#fd = libc().eventfd(0, FLAGS.EFD_CLOEXEC | FLAGS.EFD_NONBLOCK);
    if (this.#fd < 0) throw call_failed("eventfd", errno());
  }

  /** The descriptor; -1 when it is closed. */
  get fd(): number {
    return this.#fd;
  }

  /** Adds 1 to the counter. */
  signal(): void {
    this.#counter[0] = 1n;
    if (libc().write(this.#fd, this.#bytes, 8n) < 0) throw call_failed("write", errno());
  }

  /** Takes the counter's value, which becomes 0; 0 when nothing has come. */
  take(): number {
    if (libc().read(this.#fd, this.#bytes, 8n) >= 0) return Number(this.#counter[0]);
    const error = errno();
    if (error === EAGAIN) return 0;
    throw call_failed("read", error);
  }

  /** Closes it. */
  [Symbol.dispose](): void {
    if (this.#fd < 0) return;
    this.#detach(this.#fd);
    libc().close(this.#fd);
    this.#fd = -1;
  }
}

/** A guest's write that signals an eventfd instead of exiting. */
export interface Doorbell {
  /** Guest physical address. */
  readonly address: number;
  /** Size of the write in bytes: 1, 2, 4 or 8; 0 for any. */
  readonly size: number;
  /** The value that is written; any when absent. */
  readonly value?: bigint;
}

/** An eventfd whose signal raises interrupt `gsi`, which for a GIC is its SPI, and lowers it again. */
export function irqfd(vm: KvmFd, gsi: number): EventFd {
  const call = (fd: number, flags: number): void => {
    const request = new CStruct(STRUCTS.kvm_irqfd, { values: { fd, gsi, flags } });
    vm.call("KVM_IRQFD", request.bytes, `SPI ${gsi}`);
  };
  return attached((fd, on) => call(fd, on ? 0 : EVENTFD_FLAGS.KVM_IRQFD_FLAG_DEASSIGN));
}

/** An eventfd that counts a guest's writes. */
export function ioeventfd(vm: KvmFd, { address, size, value }: Doorbell): EventFd {
  const match = value === undefined ? 0 : EVENTFD_FLAGS.KVM_IOEVENTFD_FLAG_DATAMATCH;
  return attached((fd, on) => {
    const flags = match | (on ? 0 : EVENTFD_FLAGS.KVM_IOEVENTFD_FLAG_DEASSIGN);
    const request = new CStruct(STRUCTS.kvm_ioeventfd, {
      values: { datamatch: value ?? 0n, addr: address, len: size, fd, flags },
    });
    vm.call("KVM_IOEVENTFD", request.bytes, `0x${address.toString(16)}`);
  });
}

function attached(attach: (fd: number, on: boolean) => void): EventFd {
  const eventfd = new EventFd((fd) => attach(fd, false));
  try {
    attach(eventfd.fd, true);
    return eventfd;
  } catch (error) {
    libc().close(eventfd.fd);
    throw error;
  }
}
