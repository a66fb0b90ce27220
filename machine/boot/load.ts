import type { GuestMemory } from "../../hypervisor/mod.ts";
import { read_arm64_image, zboot_payload } from "./arm64_image.ts";
import { decompress_file, is_compression } from "./decompress.ts";
import { read_elf } from "./elf.ts";
import { hex, human_size, ImageError, WANTED, with_advice } from "./error.ts";
import { identify, type ImageInfo } from "./identify.ts";
import { read_initrd } from "./initrd.ts";
import { linux_image } from "./linux_image.ts";
import { check_kernel_fits, type Footprint, place_dtb, place_initrd } from "./place.ts";
import { read_uimage, type UImage } from "./uimage.ts";
import { CorruptData, OutputTooLarge } from "./unpacked.ts";
import { patch_dtb } from "./user_dtb.ts";
import { read_zimage_header, unpack_zimage, type UnpackedKernel } from "./zimage.ts";

/** Where QEMU's `-kernel` puts images that may be anywhere. */
const KERNEL_OFFSET = 0x1_0000;
/** TEXT_OFFSET of kernels that do not say theirs. */
const USUAL_TEXT_OFFSET = 0x8000;
/** What a decompressor uses beyond itself: stack, 64 KiB of heap, alignment, page tables. */
const DECOMPRESSOR_EXTRA = 0x4_0000;
/** BSS of a kernel that does not say its own; those of large kernels have a few MiB. */
const USUAL_BSS = 16 << 20;
/** How often a wrapping may be taken off: more is a trick. */
const MAX_LAYERS = 4;

/** A file that a guest boots from. */
export interface NamedBytes {
  /** Its contents. */
  readonly bytes: Uint8Array;
  /** Its name, for messages. */
  readonly name: string;
}

/** Where an initrd was put, for `/chosen`; both absent without one. */
export interface Chosen {
  /** First address. */
  readonly initrd_start?: number;
  /** The address after the last. */
  readonly initrd_end?: number;
}

/** What {@link load} puts into memory. */
export interface LoadRequest {
  /** The kernel image, in any form that {@link identify} knows as bootable. */
  readonly image: Uint8Array;
  /** The image's name, for messages. */
  readonly name: string;
  /** An initial RAM disk. */
  readonly initrd?: NamedBytes;
  /** The guest's memory. */
  readonly memory: GuestMemory;
  /** Whether a zImage may be unpacked here rather than by the guest. */
  readonly unpack: boolean;
  /** What `unpack_ahead` made of `image`, whose storage is given back. */
  readonly unpacked?: UnpackedKernel;
  /** Makes the machine's device tree. Called unless `dtb` is given. */
  make_fdt(chosen: Chosen): Uint8Array;
  /** A device tree to use instead; memory, initrd and command line are set in it. */
  readonly dtb?: Uint8Array;
  /** Kernel command line, for `dtb`. */
  readonly append?: string;
  /**
   * Whether the vCPU runs 64-bit kernels: `true`, or why it does not, for a message. Absent where
   * there is no more to say.
   */
  readonly arm64?: true | string;
  /** Takes lines for `--verbose`. */
  log(line: string): void;
  /** Told how much of a kernel is unpacked, 0 to 1, while that goes on. */
  progress?(fraction: number): void;
}

/** How a vCPU enters what was loaded: MMU and caches off, SVC mode, interrupts masked. */
export interface BootState {
  /** First instruction; bit 0 is clear. */
  readonly entry: number;
  /** Whether it is a Thumb instruction. */
  readonly thumb: boolean;
  /** Whether it is a 64-bit kernel: then X0 has the address of the device tree, not r2. */
  readonly arm64: boolean;
  /** r0: 0; or X0. */
  readonly r0: number;
  /** r1: all ones, "no machine number"; or X1: 0. */
  readonly r1: number;
  /** r2: address of the device tree; or X2: 0. */
  readonly r2: number;
  /** What was loaded where, for a person. */
  readonly description: string;
}

interface Loaded {
  readonly footprint: Footprint;
  readonly entry: number;
  readonly description: string;
  readonly bare_metal?: boolean;
  /** Puts the kernel into memory. Not called before everything is known to fit. */
  write(): void;
}

/** Loading that is under way. */
interface Job {
  readonly image: Uint8Array;
  readonly name: string;
  readonly memory: GuestMemory;
  readonly unpack: boolean;
  readonly unpacked?: UnpackedKernel;
  log(line: string): void;
  progress?(fraction: number): void;
}

/**
 * Loads a kernel, an initrd and a device tree as Linux' Documentation/arch/arm/booting.rst asks.
 *
 * @throws {ImageError} when something cannot be used or does not fit. Memory is untouched then.
 */
export function load(request: LoadRequest): BootState {
  const { memory } = request;
  const { bytes, info, uimage } = unwrap(request);
  const kernel = describe_errors(request.name, () => prepare(bytes, info, uimage, request));
  check_kernel_fits(request.name, memory, kernel.footprint);

  const initrd = request.initrd && read_initrd(request.initrd, request.log);
  const start = place_initrd(memory, kernel.footprint, {
    initrd_size: initrd?.length ?? 0,
    initrd_name: request.initrd?.name ?? "",
  });
  const range = { start, end: start + (initrd?.length ?? 0) };
  const dtb = request.dtb === undefined
    ? request.make_fdt(initrd ? { initrd_start: range.start, initrd_end: range.end } : {})
    : patch_dtb(request.dtb, {
      memory,
      ...(initrd && { initrd: range }),
      ...(request.append !== undefined && { append: request.append }),
    });
  const dtb_at = place_dtb(memory, kernel.footprint, {
    size: dtb.length,
    initrd: range,
    prefer_base: kernel.bare_metal === true,
  });

  kernel.write();
  if (initrd) put(memory, range.start, initrd);
  put(memory, dtb_at, dtb);
  const parts = [kernel.description];
  if (initrd) parts.push(`initrd (${human_size(initrd.length)}) at ${hex(range.start)}`);
  parts.push(`device tree (${human_size(dtb.length)}) at ${hex(dtb_at)}`);
  const entry = (kernel.entry & ~1) >>> 0;
  const thumb = (kernel.entry & 1) !== 0;
  const description = `${parts.join(", ")}, entry ${hex(entry)}${thumb ? " (Thumb)" : ""}`;
  if (info.kind === "arm64-image") {
    return { entry, thumb: false, arm64: true, r0: dtb_at, r1: 0, r2: 0, description };
  }
  return { entry, thumb, arm64: false, r0: 0, r1: 0xffff_ffff, r2: dtb_at, description };
}

/** Takes off compression and uImage headers. */
function unwrap(
  request: LoadRequest,
): { bytes: Uint8Array; info: ImageInfo; uimage: UImage | undefined } {
  const { name, memory } = request;
  let bytes = request.image;
  let uimage: UImage | undefined;
  for (let layer = 0; layer <= MAX_LAYERS; layer++) {
    const info = identify(bytes);
    if (info.kind === "uimage" && uimage === undefined) {
      uimage = describe_errors(name, () => read_uimage(bytes));
      if (uimage.content === "ramdisk") {
        throw bad(name, "the uImage holds a ramdisk; pass it with --initrd, and a kernel here");
      }
      bytes = uimage.data;
      request.log(`${name}: uImage "${uimage.name}", ${uimage.compression} data`);
      if (uimage.compression === "none") {
        // What calls itself uncompressed may still be a compressed zImage, which is one kind.
        const inner = identify(bytes);
        if (inner.kind === "arm64-image") continue;
        if (inner.refusal !== undefined && inner.kind !== "text" && inner.kind !== "blank") {
          throw bad(name, `it holds ${inner.description}; ${inner.refusal}`);
        }
        if (!is_compression(inner.kind)) return { bytes, info: inner, uimage };
        continue;
      }
      const inner = identify(bytes);
      if (!is_compression(inner.kind)) {
        const what = uimage.compression === "bzip2" || uimage.compression === "lzo"
          ? `the uImage is compressed with ${uimage.compression}; make one with gzip`
          : `the uImage says ${uimage.compression} and holds ${inner.description}; make it anew`;
        throw bad(name, what);
      }
      continue;
    }
    if (info.kind === "efi-zboot" && request.arm64 === true) {
      const image = bytes;
      bytes = describe_errors(name, () => zboot_payload(image));
      continue;
    }
    if (!is_compression(info.kind)) {
      const { arm64 } = request;
      if (info.kind === "arm64-image" && arm64 === true) return { bytes, info, uimage };
      if (info.kind === "arm64-image" && arm64 !== undefined) {
        throw bad(name, `this is ${info.description}, which needs KVM; ${arm64}`);
      }
      if (info.refusal !== undefined) {
        const it = layer === 0 ? "this is" : "inside, this is";
        throw bad(name, `${it} ${info.description}; ${info.refusal}`);
      }
      return { bytes, info, uimage };
    }
    const kind = info.kind;
    const from = bytes;
    bytes = describe_errors(
      name,
      () => decompress_file(kind, from, memory.size),
      `this is ${info.description} that cannot be unpacked: `,
    );
    request.log(`${name}: unpacked ${kind} to ${human_size(bytes.length)}`);
  }
  throw bad(name, `it is compressed more than ${MAX_LAYERS} times over; unpack it first`);
}

function prepare(
  bytes: Uint8Array,
  info: ImageInfo,
  uimage: UImage | undefined,
  job: Job,
): Loaded {
  switch (info.kind) {
    case "zimage":
      return prepare_zimage(bytes, job);
    case "elf":
      return prepare_elf(bytes, job);
    case "arm64-image":
      return prepare_arm64(bytes, job);
    case "arm-image":
      return prepare_image(bytes, job);
    default:
      return prepare_raw(bytes, uimage, job);
  }
}

function prepare_zimage(bytes: Uint8Array, job: Job): Loaded {
  const { memory } = job;
  const header = read_zimage_header(bytes);
  const bss = header.bss_size ?? USUAL_BSS;
  const why_not = (why: string): void =>
    job.log(`${job.name}: the guest unpacks this zImage itself: ${why}`);

  if (!job.unpack) {
    why_not("unpacking is switched off");
  } else if (memory.base % 0x0800_0000 !== 0) {
    // A decompressor takes its own address, rounded down to 128 MiB, for the start of RAM.
    why_not("memory does not start at a multiple of 128 MiB");
  } else {
    const ahead = bytes === job.image ? job.unpacked : undefined;
    const kernel = ahead ?? unpack_zimage(bytes, header, memory.size, job.progress);
    if ("why_not" in kernel) {
      why_not(kernel.why_not);
    } else {
      const { image, text_offset, compression } = kernel;
      const at = memory.base + text_offset;
      const high = at + image.length + bss;
      if (high <= memory.base + memory.size) {
        const size = human_size(image.length);
        return {
          footprint: { low: memory.base, high },
          entry: at,
          description: `zImage kernel (${size}, unpacked from ${compression}) at ${hex(at)}`,
          write: () => {
            put(memory, at, image);
            release(image);
          },
        };
      }
      why_not("it would not fit");
    }
  }

  // The decompressor moves itself behind the kernel and its BSS when they would meet.
  const at = memory.base + KERNEL_OFFSET;
  const text_offset = header.text_offset ?? USUAL_TEXT_OFFSET;
  const inflated = header.inflated_size ?? header.size * 4;
  const kernel_high = memory.base + text_offset + inflated + bss;
  const high = Math.max(kernel_high, at) + bytes.length + DECOMPRESSOR_EXTRA;
  return {
    footprint: { low: memory.base, high },
    entry: at,
    description: `zImage (${human_size(bytes.length)}) at ${hex(at)}`,
    write: () => put(memory, at, bytes),
  };
}

function prepare_elf(bytes: Uint8Array, job: Job): Loaded {
  const { memory } = job;
  const { segments, entry, is_linux } = read_elf(bytes, memory);
  const lows = segments.map(({ address }) => address);
  const highs = segments.map(({ address, size }) => address + size);
  const low = Math.min(...lows);
  const high = Math.max(...highs);
  return {
    footprint: { low, high },
    entry,
    bare_metal: !is_linux,
    description: `${is_linux ? "vmlinux" : "ELF program"} (${segments.length} segments) at ${
      hex(low)
    }-${hex(high - 1)}`,
    write: () => {
      for (const { address, data, size } of segments) {
        const at = address - memory.base;
        put(memory, address, data);
        memory.bytes.fill(0, at + data.length, at + size);
      }
    },
  };
}

function prepare_arm64(bytes: Uint8Array, job: Job): Loaded {
  const { memory } = job;
  const { text_offset, image_size } = read_arm64_image(bytes);
  const at = memory.base + text_offset;
  return {
    footprint: { low: memory.base, high: at + image_size },
    entry: at,
    description: `arm64 Image (${human_size(bytes.length)}) at ${hex(at)}`,
    write: () => {
      put(memory, at, bytes);
      memory.bytes.fill(0, at + bytes.length - memory.base, at + image_size - memory.base);
    },
  };
}

function prepare_image(bytes: Uint8Array, job: Job): Loaded {
  const { memory } = job;
  const at = memory.base + linux_image(bytes)!.text_offset;
  return {
    footprint: { low: memory.base, high: at + bytes.length + USUAL_BSS },
    entry: at,
    description: `Image (${human_size(bytes.length)}) at ${hex(at)}`,
    write: () => put(memory, at, bytes),
  };
}

function prepare_raw(bytes: Uint8Array, uimage: UImage | undefined, job: Job): Loaded {
  const { memory } = job;
  if (bytes.length < 4) throw new CorruptData(`it has only ${human_size(bytes.length)}; ${WANTED}`);
  const anywhere = memory.base + KERNEL_OFFSET;
  const at = uimage?.load ?? anywhere;
  const entry = uimage === undefined
    ? at
    : uimage.load === undefined
    ? at + uimage.entry
    : uimage.entry;
  const end = memory.base + memory.size;
  if (at < memory.base || at >= end) {
    throw new CorruptData(
      `the uImage loads at ${hex(at)}, and memory is at ${hex(memory.base)}-${hex(end - 1)}; ` +
        "make one with a load address there (mkimage -a)",
    );
  }
  if ((entry & ~1) >>> 0 < at || entry >= at + bytes.length) {
    throw new CorruptData(`the uImage's entry ${hex(entry)} is outside of what it loads`);
  }
  return {
    footprint: { low: at, high: at + bytes.length },
    entry,
    description: `raw binary (${human_size(bytes.length)}) at ${hex(at)}`,
    write: () => put(memory, at, bytes),
  };
}

function put(memory: GuestMemory, address: number, bytes: Uint8Array): void {
  // Every address was checked; set() refuses what would leave memory all the same.
  memory.bytes.set(bytes, address - memory.base);
}

/** Gives back the storage of an unpacked image now: a collector may not look for as long as we run. */
function release({ buffer }: Uint8Array): void {
  if (buffer instanceof ArrayBuffer) buffer.transfer(0);
}

/** Runs `read`; what it finds wrong becomes an ImageError about the image `name`. */
function describe_errors<T>(name: string, read: () => T, prefix = ""): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof CorruptData) throw bad(name, prefix + error.message);
    if (error instanceof OutputTooLarge) {
      throw new ImageError(
        "too_large",
        `Cannot boot ${name}: unpacked, it is larger than memory; give more with --memory`,
      );
    }
    throw error;
  }
}

function bad(name: string, why: string): ImageError {
  return new ImageError("bad_image", `Cannot boot ${name}: ${with_advice(why)}`);
}
