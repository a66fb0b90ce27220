import { align_up } from "./bytes.ts";
import { human_size, ImageError } from "./error.ts";

const MiB = 1 << 20;
const PAGE = 4096;
/**
 * What every 32-bit kernel maps of RAM: with the usual 3G/1G split and 240 MiB of vmalloc space,
 * 760 MiB. An initrd or a device tree beyond cannot be read by it.
 */
const LOWMEM = 760 * MiB;
/** The largest device tree that a kernel is sure to map; QEMU's limit, too. */
export const DTB_MAXIMUM = MiB;
// Kept free behind an initrd before the tree's size is known; patched trees are rarely larger.
const DTB_ROOM = 64 * 1024;

/** The part of memory that a kernel takes, decompressor and BSS included. */
export interface Footprint {
  /** First address. */
  readonly low: number;
  /** The address after the last. */
  readonly high: number;
}

/** Where RAM is. */
export interface Ram {
  /** First address. */
  readonly base: number;
  /** Size in bytes. */
  readonly size: number;
}

/** Whether the kernel fits; if not, throws ImageError with code `too_large`. */
export function check_kernel_fits(name: string, ram: Ram, footprint: Footprint): void {
  if (footprint.high <= ram.base + ram.size) return;
  const need = human_size(footprint.high - ram.base);
  throw new ImageError(
    "too_large",
    `Cannot boot ${name}: it needs ${need} of memory, and the machine has ` +
      `${human_size(ram.size)}; give more with --memory`,
  );
}

/** What is to be placed besides the kernel. */
export interface Extras {
  /** Size of the initrd; 0 without one. */
  readonly initrd_size: number;
  /** Name of the initrd, for messages. */
  readonly initrd_name: string;
}

/**
 * Where the initrd starts, or without one, where the device tree does.
 *
 * QEMU's place first: half of memory or 128 MiB up, whichever is less, which is beyond what a
 * decompressor writes; else as low as the kernel allows.
 */
export function place_initrd(ram: Ram, footprint: Footprint, extras: Extras): number {
  const end = ram.base + Math.min(ram.size, LOWMEM);
  const usual = ram.base + Math.min(ram.size / 2, 128 * MiB);
  const lowest = align_up(footprint.high, PAGE);
  const room = align_up(extras.initrd_size, PAGE) + DTB_ROOM;
  for (const start of [align_up(Math.max(usual, lowest), PAGE), lowest]) {
    if (start + room <= end) return start;
  }
  const free = Math.max(0, end - lowest - DTB_ROOM);
  if (extras.initrd_size === 0) {
    throw new ImageError(
      "too_large",
      `Cannot boot: the kernel leaves no memory for a device tree; give more with --memory`,
    );
  }
  const advice = ram.size < LOWMEM
    ? "give more with --memory"
    : `a 32-bit kernel reaches ${human_size(LOWMEM)}; use a smaller one`;
  throw new ImageError(
    "too_large",
    `Cannot boot with initrd ${extras.initrd_name}: it has ${
      human_size(extras.initrd_size)
    }, and ` +
      `${human_size(free)} of ${human_size(ram.size)} memory are left beside the kernel; ${advice}`,
  );
}

/** What {@link place_dtb} has to know of the tree and its neighbours. */
export interface DtbRequest {
  /** Size of the tree. */
  readonly size: number;
  /** Where the initrd is; an empty range without one, at the place meant for it. */
  readonly initrd: { readonly start: number; readonly end: number };
  /** Whether the start of RAM is to be preferred. */
  readonly prefer_base: boolean;
}

/**
 * Where the device tree goes. A bare-metal program finds it at the start of RAM when it leaves room
 * there, as under QEMU; otherwise it is behind the initrd, or else before it.
 */
export function place_dtb(ram: Ram, footprint: Footprint, request: DtbRequest): number {
  const { size, initrd } = request;
  if (size > DTB_MAXIMUM) {
    throw new ImageError(
      "bad_fdt",
      `Cannot use a device tree of ${human_size(size)}: kernels read at most ` +
        `${human_size(DTB_MAXIMUM)}; make it smaller`,
    );
  }
  if (request.prefer_base && ram.base + size <= footprint.low) return ram.base;
  const behind = align_up(initrd.end, PAGE);
  if (behind + size <= ram.base + Math.min(ram.size, LOWMEM)) return behind;
  const before = align_up(footprint.high, PAGE);
  if (before + size <= initrd.start) return before;
  throw new ImageError(
    "too_large",
    `Cannot boot: no room for a device tree of ${human_size(size)}; give more with --memory`,
  );
}
