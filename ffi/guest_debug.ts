import { GUEST_DEBUG } from "./abi/constants.ts";
import { STRUCTS } from "./abi/structs.ts";
import { CStruct } from "./c_struct.ts";

/** Places of breakpoints and watchpoints in `struct kvm_guest_debug_arch`, in 64-bit words. */
const WORDS = { bcr: 0, bvr: 16, wcr: 32, wvr: 48 };
const MOST = 16;

/** DBGBCR: enabled, at EL1 and EL0, all four bytes of the instruction (Arm DDI 0487, D19.3.2). */
const BREAKPOINT = 0x1e7;
/** DBGWCR: enabled, at EL1 and EL0 (D19.3.11). */
const WATCHPOINT = 0x7;

/** A watchpoint: bytes within one aligned doubleword. */
export interface Watch {
  /** Virtual address of the first byte. */
  readonly address: bigint;
  /** Number of bytes, 1 to 8. */
  readonly size: number;
  /** Which accesses stop the guest. */
  readonly on: "read" | "write" | "access";
}

/** What makes a vCPU stop with a debug exit. */
export interface GuestDebugOptions {
  /** Stop after one instruction. */
  readonly single_step?: boolean;
  /** Stop at breakpoint instructions of the guest's code (BRK, BKPT). */
  readonly software_breakpoints?: boolean;
  /** Stop before the instructions at these virtual addresses. */
  readonly breakpoints?: readonly bigint[];
  /** Stop at these accesses. */
  readonly watchpoints?: readonly Watch[];
}

/** Arguments of KVM_SET_GUEST_DEBUG; without options, it switches debugging off. */
export class GuestDebug {
  readonly #options: GuestDebugOptions;

  /**
   * Keeps the options.
   *
   * @throws {RangeError} for what the debug registers cannot express.
   */
  constructor(options: GuestDebugOptions = {}) {
    const { breakpoints = [], watchpoints = [] } = options;
    if (breakpoints.length > MOST || watchpoints.length > MOST) {
      throw new RangeError(`Cannot debug: at most ${MOST} breakpoints and watchpoints each`);
    }
    for (const { address, size } of watchpoints) {
      if (size < 1 || Number(address & 7n) + size > 8) {
        throw new RangeError("Cannot debug: a watchpoint is within one aligned doubleword");
      }
    }
    this.#options = options;
  }

  /** The kernel's form. */
  to_struct(): Uint8Array<ArrayBuffer> {
    const { single_step, software_breakpoints, breakpoints = [], watchpoints = [] } = this.#options;
    const struct = new CStruct(STRUCTS.kvm_guest_debug);
    let control = 0;
    if (single_step) control |= GUEST_DEBUG.KVM_GUESTDBG_SINGLESTEP;
    if (software_breakpoints) control |= GUEST_DEBUG.KVM_GUESTDBG_USE_SW_BP;
    if (breakpoints.length + watchpoints.length > 0) control |= GUEST_DEBUG.KVM_GUESTDBG_USE_HW;
    if (control !== 0) control |= GUEST_DEBUG.KVM_GUESTDBG_ENABLE;
    struct.set("control", control);
    breakpoints.forEach((address, index) => {
      struct.set("arch", BREAKPOINT, WORDS.bcr + index);
      struct.set("arch", address & ~3n, WORDS.bvr + index);
    });
    watchpoints.forEach(({ address, size, on }, index) => {
      const bytes = ((1 << size) - 1) << Number(address & 7n);
      const kind = on === "read" ? 1 : on === "write" ? 2 : 3;
      struct.set("arch", WATCHPOINT | (kind << 3) | (bytes << 5), WORDS.wcr + index);
      struct.set("arch", address & ~7n, WORDS.wvr + index);
    });
    return struct.bytes;
  }
}
