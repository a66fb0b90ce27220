/** Numbers of the flattened device tree format (Devicetree Specification 0.4, chapter 5). */
export const FDT_MAGIC = 0xd00dfeed;
/** The version written. */
export const FDT_VERSION = 17;
/** The oldest version that a reader of {@link FDT_VERSION} understands as well. */
export const FDT_LAST_COMPATIBLE = 16;
/** Bytes in the header. */
export const FDT_HEADER_SIZE = 40;

/** Offsets of the header's big-endian words. */
export const FDT_HEADER = {
  magic: 0,
  totalsize: 4,
  off_dt_struct: 8,
  off_dt_strings: 12,
  off_mem_rsvmap: 16,
  version: 20,
  last_comp_version: 24,
  boot_cpuid_phys: 28,
  size_dt_strings: 32,
  size_dt_struct: 36,
} as const;

/** Tokens of the structure block. */
export const FDT_TOKEN = {
  begin_node: 1,
  end_node: 2,
  prop: 3,
  nop: 4,
  end: 9,
} as const;

/** `offset` rounded up to a multiple of `alignment`, a power of two. */
export function align_up(offset: number, alignment: number): number {
  return Math.ceil(offset / alignment) * alignment;
}
