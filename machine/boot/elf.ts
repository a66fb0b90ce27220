import { le16, le32 } from "./bytes.ts";
import { hex, part_of, WANTED } from "./error.ts";
import { linux_image } from "./linux_image.ts";
import { CorruptData } from "./unpacked.ts";

const MACHINES: Readonly<Record<number, string>> = {
  2: "SPARC",
  3: "x86",
  4: "m68k",
  8: "MIPS",
  20: "PowerPC",
  21: "64-bit PowerPC",
  22: "S/390",
  42: "SuperH",
  43: "64-bit SPARC",
  50: "IA-64",
  62: "x86-64",
  94: "Xtensa",
  183: "arm64",
  243: "RISC-V",
  247: "BPF",
  258: "LoongArch",
};
const EM_ARM = 40;
const ET_EXEC = 2;
const ET_DYN = 3;
const PT_LOAD = 1;
const PT_INTERP = 3;

/** A piece of an ELF file that goes into memory. */
export interface ElfSegment {
  /** Physical address. */
  readonly address: number;
  /** Contents. */
  readonly data: Uint8Array;
  /** Size in memory; what the contents leave is zero. */
  readonly size: number;
}

/** An ELF file placed in physical memory. */
export interface ElfProgram {
  /** Pieces, none empty. */
  readonly segments: readonly ElfSegment[];
  /** Physical address of the entry, bit 0 set for Thumb. */
  readonly entry: number;
  /** Whether it is a Linux kernel. */
  readonly is_linux: boolean;
}

/** Where RAM is. */
export interface RamRange {
  /** First address. */
  readonly base: number;
  /** Size in bytes. */
  readonly size: number;
}

interface Header {
  readonly type: number;
  readonly physical: number;
  readonly virtual: number;
  readonly offset: number;
  readonly file_size: number;
  readonly memory_size: number;
}

/**
 * Reads a 32-bit ARM executable and gives each segment its place in `ram`.
 *
 * A bare-metal program goes to its physical addresses. A Linux vmlinux states virtual ones, which
 * are moved down from its PAGE_OFFSET to the start of RAM. Throws CorruptData.
 */
export function read_elf(bytes: Uint8Array, ram: RamRange): ElfProgram {
  check_ident(bytes);
  const headers = read_program_headers(bytes);
  if (headers.some(({ type }) => type === PT_INTERP)) {
    throw new CorruptData(`the ELF file is a dynamically linked program; ${WANTED}`);
  }
  const loads = headers.filter(({ type, memory_size }) => type === PT_LOAD && memory_size > 0);
  if (loads.length === 0) throw new CorruptData(`the ELF file has nothing to load; ${WANTED}`);
  for (const { offset, file_size, memory_size } of loads) {
    if (offset + file_size > bytes.length) {
      const part = part_of(bytes.length, offset + file_size);
      throw new CorruptData(`the ELF file is cut off, with ${part}`);
    }
    if (file_size > memory_size) {
      throw new CorruptData("an ELF segment is larger in the file than in memory");
    }
  }

  const entry = le32(bytes, 24);
  const move = displacement(bytes, { loads, entry, ram });
  const segments = loads.map((load): ElfSegment => ({
    address: load.physical + move.by,
    data: bytes.subarray(load.offset, load.offset + load.file_size),
    size: load.memory_size,
  }));
  for (const { address, size } of segments) {
    if (address >= ram.base && address + size <= ram.base + ram.size) continue;
    const range = `${hex(address)}-${hex(address + size - 1)}`;
    const memory = `${hex(ram.base)}-${hex(ram.base + ram.size - 1)}`;
    throw new CorruptData(
      move.is_linux || (address >= ram.base && address < ram.base + ram.size)
        ? `the ELF file needs memory at ${range}, and there is ${memory}; give more with --memory`
        : `the ELF file loads at ${range}, and memory is at ${memory}; link it for that`,
    );
  }
  const start = physical_entry(entry, loads) + move.by;
  const inside = segments.some(({ address, size }) => start >= address && start < address + size);
  if (!inside) {
    throw new CorruptData(`the ELF file's entry ${hex(entry)} is in none of its segments`);
  }
  return { segments, entry: start, is_linux: move.is_linux };
}

function check_ident(bytes: Uint8Array): void {
  if (bytes.length < 52) throw new CorruptData("the ELF file is cut off in its header");
  const little = bytes[5] === 1;
  if (!little && bytes[5] !== 2) throw new CorruptData("the ELF file's header is damaged");
  const machine = little ? le16(bytes, 18) : (bytes[18]! << 8) | bytes[19]!;
  if (machine !== EM_ARM || bytes[4] !== 1) {
    const name = MACHINES[machine] ?? `machine ${machine}`;
    throw new CorruptData(`the ELF file is for ${name}; ${WANTED}`);
  }
  if (!little) {
    throw new CorruptData("the ELF file is big-endian; armvm has little-endian guests only");
  }
  const type = le16(bytes, 16);
  if (type === ET_EXEC || type === ET_DYN) return;
  const what = type === 1
    ? "a relocatable object (a module or .o file)"
    : type === 4
    ? "a core dump"
    : `of type ${type}`;
  throw new CorruptData(`the ELF file is ${what}; ${WANTED}`);
}

function read_program_headers(bytes: Uint8Array): Header[] {
  const at = le32(bytes, 28);
  const entry_size = le16(bytes, 42);
  const count = le16(bytes, 44);
  if (count === 0) throw new CorruptData(`the ELF file has nothing to load; ${WANTED}`);
  if (entry_size < 32) throw new CorruptData("the ELF file's header is damaged");
  if (at + entry_size * count > bytes.length) {
    throw new CorruptData("the ELF file is cut off in its program headers");
  }
  return Array.from({ length: count }, (_, i): Header => {
    const header = at + i * entry_size;
    return {
      type: le32(bytes, header),
      offset: le32(bytes, header + 4),
      virtual: le32(bytes, header + 8),
      physical: le32(bytes, header + 12),
      file_size: le32(bytes, header + 16),
      memory_size: le32(bytes, header + 20),
    };
  });
}

/** The entry is a virtual address, moved as the segment that holds it. */
function physical_entry(entry: number, loads: readonly Header[]): number {
  const home = loads.find(({ virtual, memory_size }) =>
    entry >= virtual && entry < virtual + memory_size
  );
  return home === undefined ? entry : entry - home.virtual + home.physical;
}

// Values that CONFIG_VMSPLIT_* gives PAGE_OFFSET.
const PAGE_OFFSETS = [0xc000_0000, 0xb000_0000, 0x8000_0000, 0x4000_0000];

function displacement(
  bytes: Uint8Array,
  { loads, entry, ram }: { loads: readonly Header[]; entry: number; ram: RamRange },
): { by: number; is_linux: boolean } {
  const home = loads.find(({ virtual, file_size }) =>
    entry >= virtual && entry < virtual + file_size
  );
  if (home === undefined) return { by: 0, is_linux: false };
  const at = home.offset + (entry - home.virtual);
  const image = linux_image(bytes.subarray(at, at + 0x1000));
  if (image === undefined) return { by: 0, is_linux: false };
  const page_offset = entry - image.text_offset;
  if (!PAGE_OFFSETS.includes(page_offset)) return { by: 0, is_linux: true };
  // physical_entry() is undone first: a vmlinux may state either kind of address as physical.
  const stated = home.physical - home.virtual;
  return { by: ram.base - page_offset - stated, is_linux: true };
}
