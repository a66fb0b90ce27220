import { type CapName, CAPS, KVM_API_VERSION } from "./abi/constants.ts";
import { call_failed } from "./errno.ts";
import { HypervisorError } from "../hypervisor/mod.ts";
import { KvmFd } from "./kvm_fd.ts";
import { c_string, errno, FLAGS, libc } from "./libc.ts";

const DEVICE = "/dev/kvm";

/** `/dev/kvm`, open. */
export class KvmSystem implements Disposable {
  /** Its file. */
  readonly file: KvmFd;

  private constructor(file: KvmFd) {
    this.file = file;
  }

  /**
   * Opens it.
   *
   * @throws {HypervisorError} when that is not possible, or the interface is of another version.
   */
  static open(path = DEVICE): KvmSystem {
    const fd = libc().open(c_string(path), FLAGS.O_RDWR | FLAGS.O_CLOEXEC);
    if (fd < 0) throw call_failed("open", errno(), path);
    const file = new KvmFd(fd);
    try {
      const version = file.call("KVM_GET_API_VERSION", 0, path);
      if (version === KVM_API_VERSION) return new KvmSystem(file);
      throw new HypervisorError(
        "KVM_GET_API_VERSION",
        "ENOSYS",
        `KVM's interface has version ${version}, and armvm knows ${KVM_API_VERSION}`,
      );
    } catch (error) {
      file[Symbol.dispose]();
      throw error;
    }
  }

  /** KVM_CHECK_EXTENSION: 0 for what there is not, else 1 or a number that means something. */
  extension(name: CapName): number {
    return this.file.call("KVM_CHECK_EXTENSION", CAPS[name]);
  }

  /** KVM_CREATE_VM, for guest physical addresses of `ipa_bits` bits; 0 for the host's default. */
  create_vm(ipa_bits = 0): KvmFd {
    return new KvmFd(this.file.call("KVM_CREATE_VM", ipa_bits));
  }

  /** KVM_GET_VCPU_MMAP_SIZE: bytes of a vCPU's `struct kvm_run` and what follows it. */
  run_size(): number {
    return this.file.call("KVM_GET_VCPU_MMAP_SIZE");
  }

  /** Closes it; VMs go on. */
  [Symbol.dispose](): void {
    this.file[Symbol.dispose]();
  }
}
