/**
 * A range of guest physical memory, shared by vCPUs and devices.
 *
 * `bytes` is a live view of a SharedArrayBuffer: what the guest writes is seen at once.
 */
export interface GuestMemory {
  /** Guest physical address of the first byte; a multiple of 4 KiB. */
  readonly base: number;
  /** Size in bytes; a multiple of 4 KiB. */
  readonly size: number;
  /** The bytes themselves. */
  readonly bytes: Uint8Array;
}
