/**
 * Why `Vcpu.run()` returned, as KVM's exit reasons.
 *
 * Exit objects belong to the vCPU and are reused: read one before the next `run()`.
 */
export type Exit =
  | MmioReadExit
  | MmioWriteExit
  | SystemEventExit
  | InterruptedExit
  | DebugExit
  | FailEntryExit
  | InternalErrorExit;

/** The guest reads a physical address that no memory slot holds. Fill `data` before the next run. */
export interface MmioReadExit {
  readonly kind: "mmio_read";
  /** Guest physical address. */
  address: number;
  /** Access size in bytes: 1, 2, 4 or 8. */
  size: number;
  /** Eight bytes, little-endian, of which the first `size` count. */
  readonly data: DataView;
}

/** The guest writes a physical address that no memory slot holds. */
export interface MmioWriteExit {
  readonly kind: "mmio_write";
  /** Guest physical address. */
  address: number;
  /** Access size in bytes: 1, 2, 4 or 8. */
  size: number;
  /** Eight bytes, little-endian, of which the first `size` count. */
  readonly data: DataView;
}

/** The guest asked, through PSCI, to be powered off or reset, or it crashed. */
export interface SystemEventExit {
  readonly kind: "system_event";
  /** KVM_SYSTEM_EVENT_SHUTDOWN, _RESET, _CRASH. */
  event: "shutdown" | "reset" | "crash";
}

/** `Vcpu.kick()` was called (KVM_RUN's EINTR). */
export interface InterruptedExit {
  readonly kind: "interrupted";
}

/** A breakpoint, watchpoint or single step. */
export interface DebugExit {
  readonly kind: "debug";
}

/** The vCPU's state cannot be entered. */
export interface FailEntryExit {
  readonly kind: "fail_entry";
  /** Hardware's reason. */
  reason: number;
}

/** The backend met something it cannot go on from. */
export interface InternalErrorExit {
  readonly kind: "internal_error";
  /** What it met, for a person. */
  message: string;
}
