import { address_of } from "./c_struct.ts";
import { libc } from "./libc.ts";
import { type GuestMemory, HypervisorError } from "../hypervisor/mod.ts";

const WASM_PAGE = 65536;
/** The most that a WebAssembly.Memory has. */
const MOST = 0x1_0000_0000;

/**
 * What RAM is aligned to, in both address spaces: then KVM can map 2 MiB of it by one entry, which
 * saves faults, and walks of two levels of tables.
 */
const HUGE_PAGE = 2 << 20;
const MADV_HUGEPAGE = 14;

/**
 * Guest RAM in a shared WebAssembly.Memory: the kernel is handed its address, and devices see it as
 * an ordinary SharedArrayBuffer. V8 aligns it to 64 KiB, the largest page that arm64 kernels have,
 * and takes pages from the system when they are first touched.
 */
export class SharedGuestMemory implements GuestMemory {
  /** Guest physical address of the first byte. */
  readonly base: number;
  /** Size in bytes. */
  readonly size: number;
  /** The bytes. */
  readonly bytes: Uint8Array;
  /** Address of the first byte in this process. */
  readonly address: bigint;

  /** Makes zeroed RAM. */
  constructor({ base, size }: { readonly base: number; readonly size: number }) {
    if (size <= 0 || size % 4096 !== 0 || base % 4096 !== 0) {
      throw new HypervisorError(
        "KVM_SET_USER_MEMORY_REGION",
        "EINVAL",
        "RAM must begin and end at multiples of 4 KiB",
      );
    }
    const pages = Math.ceil(Math.min(size + HUGE_PAGE, MOST) / WASM_PAGE);
    const memory = new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true });
    this.base = base;
    this.size = size;
    const buffer = memory.buffer as ArrayBuffer;
    const start = address_of(new Uint8Array(buffer));
    const shift = Number(BigInt.asUintN(21, BigInt(base) - start));
    const bytes = new Uint8Array(buffer, shift + size <= buffer.byteLength ? shift : 0, size);
    this.bytes = bytes;
    this.address = address_of(bytes);
    // Advice that a kernel without huge pages refuses.
    libc().madvise(this.address, BigInt(size), MADV_HUGEPAGE);
  }
}
