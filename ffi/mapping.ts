import { call_failed } from "./errno.ts";
import { FLAGS, libc } from "./libc.ts";
import { errno } from "./libc.ts";

/** MAP_FAILED. */
const FAILED = 0xffff_ffff_ffff_ffffn;

/** A file mapped into this process, such as a vCPU's `struct kvm_run`. Unmapped by `using`. */
export class Mapping implements Disposable {
  /** Where it is. */
  readonly address: bigint;
  /** A live view of it; not to be touched once it is unmapped. */
  readonly buffer: ArrayBuffer;
  readonly #size: number;
  #pointer: Deno.PointerObject | null;

  /** Maps the first `size` bytes of a file, shared, for reading and writing. */
  constructor(fd: number, size: number) {
    const pointer = libc().mmap(
      0n,
      BigInt(size),
      FLAGS.PROT_READ | FLAGS.PROT_WRITE,
      FLAGS.MAP_SHARED,
      fd,
      0n,
    );
    this.address = BigInt.asUintN(64, Deno.UnsafePointer.value(pointer));
    if (pointer === null || this.address === FAILED) throw call_failed("mmap", errno());
    this.#pointer = pointer;
    this.#size = size;
    this.buffer = Deno.UnsafePointerView.getArrayBuffer(pointer, size);
  }

  /** Unmaps it. */
  [Symbol.dispose](): void {
    if (this.#pointer === null) return;
    libc().munmap(this.#pointer, BigInt(this.#size));
    this.#pointer = null;
  }
}
