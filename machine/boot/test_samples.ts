import { Buffer } from "node:buffer";
import { crc32, gzipSync } from "node:zlib";

/** Bytes that compress somewhat, with ARM and Thumb BL instructions; the same every time. */
export function sample(size: number): Uint8Array {
  const bytes = new Uint8Array(size);
  let state = 0x1234_5678;
  const random = (below: number): number => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
  for (let at = 0; at < size;) {
    const kind = at < 64 ? 0 : random(8);
    const length = 4 * (1 + random(kind < 3 ? 4 : 40));
    if (kind < 3) {
      for (let i = 0; i < length; i++) bytes[at + i] = random(256);
    } else if (kind < 6) {
      const from = random(at);
      for (let i = 0; i < length; i++) bytes[at + i] = bytes[from + i]!;
    } else if (kind === 6) {
      bytes.set([random(256), random(16), 0, 0xeb].slice(0, size - at), at);
      at += 4;
      continue;
    } else {
      bytes.set(
        [random(256), 0xf0 | random(8), random(256), 0xf8 | random(8)].slice(0, size - at),
        at,
      );
      at += 4;
      continue;
    }
    at += length;
  }
  return bytes;
}

/** Little-endian words as bytes. */
export function words(...values: number[]): Uint8Array {
  const bytes = new Uint8Array(values.length * 4);
  const view = new DataView(bytes.buffer);
  values.forEach((value, i) => view.setUint32(i * 4, value, true));
  return bytes;
}

/** Parts one after the other. */
export function concat(...parts: (Uint8Array | number[])[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts.map((part) => Uint8Array.from(part))));
}

/** An Image as {@link linux_image} knows it: the entry code of a kernel for TEXT_OFFSET 0x8000. */
export function make_image(
  size = 70_000,
  options: { lpae?: boolean; offset?: number } = {},
): Uint8Array {
  const bytes = sample(size);
  const offset = options.offset ?? 0x8000;
  const add = offset === 0x20_8000 ? 0xe288_4982 : 0xe288_4902;
  const sub = options.lpae ? 0xe244_4a05 : 0xe244_4901;
  // mrs r9, cpsr; eor r9, r9, #26; ...; mrc p15, 0, r9, c0, c0, 0; add r4, r8, #; sub r4, r4, #
  bytes.set(words(0xeb00_1234, 0xe10f_9000, 0xe229_901a, 0xee10_9f10, 0xe1a0_0000, add, sub), 0);
  return bytes;
}

/** How {@link make_zimage} is to make one. */
export interface ZImageOptions {
  /** The compressed kernel, with the size word behind it if its format has none. */
  payload?: Uint8Array;
  /** Size that the table states as inflated; by default nothing is stated, it is in the payload. */
  table?: { bss: number; text_offset?: number } | undefined;
  /** Whether the code masks its address to find RAM. */
  masks?: boolean;
  /** Value of the endianness word. */
  endian?: number;
}

/** A zImage around `payload`, by default gzip of {@link make_image}. */
export function make_zimage(options: ZImageOptions = {}): Uint8Array {
  const payload = options.payload ?? new Uint8Array(gzipSync(make_image()));
  const table = "table" in options ? options.table : { bss: 0x2_0000, text_offset: 0x8000 };
  const head_size = 0x200;
  const size = (head_size + payload.length + 4 + 7) & ~7;
  const bytes = new Uint8Array(size);
  for (let at = 0; at < 0x20; at += 4) bytes.set(words(0xe1a0_0000), at);
  bytes.set(words(0xea00_0010, 0x016f_2818, 0, size, options.endian ?? 0x0403_0201), 0x20);
  // mov r4, pc; and r4, r4, #0xf8000000; add r4, r4, #0x8000
  const mask = options.masks === false ? 0xe1a0_0000 : 0xe204_433e;
  bytes.set(words(0xe1a0_400f, mask, 0xe284_4902), 0x68);
  if (table !== undefined) {
    bytes.set(words(0x4545_4545, 0x100), 0x34);
    const size_at = head_size + payload.length - 4;
    const tail = table.text_offset === undefined ? [] : [table.text_offset, 0x1_0000];
    bytes.set(words(4 + tail.length, 0x5a53_4c4b, size_at, table.bss, ...tail, 0), 0x100);
  }
  bytes.set(payload, head_size);
  return bytes;
}

/** An xz file whose LZMA2 chunks hold `data` uncompressed, with check CRC-32. */
export function store_xz(data: Uint8Array): Uint8Array {
  const flags = [0, 1];
  const header = concat(
    [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0],
    flags,
    words(crc32(Uint8Array.from(flags))),
  );
  const block_header = Uint8Array.from([2, 0, 0x21, 1, 22, 0, 0, 0]);
  const chunks: (Uint8Array | number[])[] = [];
  for (let at = 0; at < data.length; at += 0x1_0000) {
    const part = data.subarray(at, at + 0x1_0000);
    const size = part.length - 1;
    chunks.push([at === 0 ? 1 : 2, size >> 8, size & 0xff], part);
  }
  const packed = concat(...chunks, [0]);
  const padding = new Uint8Array(-packed.length & 3);
  const unpadded = block_header.length + 4 + packed.length + 4;
  const index = concat([0, 1], varint(unpadded), varint(data.length));
  const padded_index = concat(index, new Uint8Array(-index.length & 3));
  const footer = concat(words((padded_index.length + 4) / 4 - 1), flags);
  return concat(
    header,
    block_header,
    words(crc32(block_header)),
    packed,
    padding,
    words(crc32(data)),
    padded_index,
    words(crc32(padded_index)),
    words(crc32(footer)),
    footer,
    [0x59, 0x5a],
  );
}

function varint(value: number): number[] {
  const bytes: number[] = [];
  for (; value >= 128; value = Math.floor(value / 128)) bytes.push((value & 0x7f) | 0x80);
  return [...bytes, value];
}

/** A legacy lz4 file that holds `data` as literals. */
export function store_lz4_legacy(data: Uint8Array): Uint8Array {
  const block = lz4_literals(data);
  return concat([0x02, 0x21, 0x4c, 0x18], words(block.length), block);
}

/** An lz4 block of literals only. */
export function lz4_literals(data: Uint8Array): Uint8Array {
  if (data.length < 15) return concat([data.length << 4], data);
  const more: number[] = [];
  let rest = data.length - 15;
  for (; rest >= 255; rest -= 255) more.push(255);
  return concat([0xf0], more, [rest], data);
}

/** Fields of {@link make_uimage} that differ from a good kernel's. */
export interface UImageOptions {
  load?: number;
  entry?: number;
  architecture?: number;
  type?: number;
  compression?: number;
  size?: number;
  header_crc?: number;
  data_crc?: number;
}

/** A U-Boot legacy image around `data`. */
export function make_uimage(data: Uint8Array, options: UImageOptions = {}): Uint8Array {
  const bytes = concat(new Uint8Array(64), data);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, 0x2705_1956);
  view.setUint32(12, options.size ?? data.length);
  view.setUint32(16, options.load ?? 0x4001_0000);
  view.setUint32(20, options.entry ?? options.load ?? 0x4001_0000);
  view.setUint32(24, options.data_crc ?? crc32(data));
  bytes.set([5, options.architecture ?? 2, options.type ?? 2, options.compression ?? 0], 28);
  bytes.set(new TextEncoder().encode("test image"), 32);
  view.setUint32(4, options.header_crc ?? crc32(bytes.subarray(0, 64)));
  return bytes;
}

/** One program header of {@link make_elf}. */
export interface ElfLoad {
  type?: number;
  virtual: number;
  physical?: number;
  data: Uint8Array;
  memory_size?: number;
  file_size?: number;
  offset?: number;
}

/** Fields of {@link make_elf}. */
export interface ElfOptions {
  entry: number;
  loads: ElfLoad[];
  class?: number;
  order?: number;
  type?: number;
  machine?: number;
  header_size?: number;
}

/** A 32-bit ELF file. */
export function make_elf(options: ElfOptions): Uint8Array {
  const { loads } = options;
  const data_at = 52 + 32 * loads.length;
  const bytes = concat(new Uint8Array(data_at), ...loads.map(({ data }) => data));
  const view = new DataView(bytes.buffer);
  bytes.set([0x7f, 0x45, 0x4c, 0x46, options.class ?? 1, options.order ?? 1, 1]);
  const little = options.order !== 2;
  view.setUint16(16, options.type ?? 2, little);
  view.setUint16(18, options.machine ?? 40, little);
  view.setUint32(24, options.entry, true);
  view.setUint32(28, 52, true);
  view.setUint16(42, options.header_size ?? 32, true);
  view.setUint16(44, loads.length, true);
  let at = data_at;
  loads.forEach((load, i) => {
    const { data, virtual } = load;
    const header = [
      load.type ?? 1,
      load.offset ?? at,
      virtual,
      load.physical ?? virtual,
      load.file_size ?? data.length,
      load.memory_size ?? load.file_size ?? data.length,
      5,
      4,
    ];
    bytes.set(words(...header), 52 + 32 * i);
    at += data.length;
  });
  return bytes;
}

/** A real kernel fetched for tests, where there is one; else undefined, and a line that says so. */
export function find_guest(name: string): Uint8Array | undefined {
  const folders = [".cache/guests", "../guests"];
  try {
    const given = Deno.env.get("ARMVM_GUESTS");
    if (given !== undefined) folders.unshift(given);
  } catch {
    // Without permission for the variable, the usual folders remain.
  }
  for (const folder of folders) {
    try {
      return Deno.readFileSync(`${folder}/${name}`);
    } catch {
      continue;
    }
  }
  console.warn(
    `SKIPPED: tests that need ${name}, which is not in $ARMVM_GUESTS, ${
      folders.slice(-2).join(" or ")
    }`,
  );
  return undefined;
}
