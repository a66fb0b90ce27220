import { Buffer } from "node:buffer";
import { zboot_payload } from "../boot/arm64_image.ts";
import { le32 } from "../boot/bytes.ts";
import { decompress_file, is_compression } from "../boot/decompress.ts";
import { read_elf } from "../boot/elf.ts";
import { human_size } from "../boot/error.ts";
import { is_gzip, ungzip } from "../boot/gzip.ts";
import { identify, type ImageKind } from "../boot/identify.ts";
import { linux_image } from "../boot/linux_image.ts";
import { read_uimage } from "../boot/uimage.ts";
import { CorruptData, OutputTooLarge } from "../boot/unpacked.ts";
import { find_payload, read_zimage_header } from "../boot/zimage.ts";
import { RAM_BASE } from "../memory_map.ts";
import { fdt_find, FdtError, type FdtNode, read_fdt, read_strings } from "../fdt/mod.ts";

const MAX_LAYERS = 5;
const LIMIT = 512 << 20;
/** All the memory that a machine can have. */
const MOST_RAM = { base: RAM_BASE, size: 3 * 2 ** 30 } as const;

/** What a kernel's own configuration says of an option. */
export type OptionValue = "y" | "m" | "n";

/** What an image is and what can be known of the kernel in it. */
export interface KernelFacts {
  /** Each wrapping from the outside in, for a person: "a 32-bit ARM zImage, 5.2 MiB". */
  readonly layers: readonly string[];
  /** What the innermost thing is. */
  readonly kind: ImageKind;
  /** Why it cannot be booted at all. */
  readonly refusal?: string;
  /** The innermost bytes, where every wrapping could be taken off. */
  readonly interior?: Uint8Array;
  /** Why the kernel could not be looked into. */
  readonly opaque?: string;
  /** The architecture of the kernel. */
  readonly architecture?: "arm" | "arm64";
  /** Linux's version: "6.1.0-50-armmp". */
  readonly version?: string;
  /** The words of its module versions: "SMP mod_unload modversions ARMv7 p2v8". */
  readonly vermagic?: string;
  /** Whether it uses long descriptors. */
  readonly lpae?: boolean;
  /** Its configuration, if it carries one. */
  readonly config?: ReadonlyMap<string, OptionValue | string>;
  /** Models of the boards whose device trees are appended to it or lie in it. */
  readonly appended?: string;
}

/** Looks into an image. What is damaged is a fact, no error. */
export function kernel_facts(image: Uint8Array): KernelFacts {
  const layers: string[] = [];
  let bytes = image;
  let appended: string | undefined;
  for (let depth = 0; depth < MAX_LAYERS; depth++) {
    const info = identify(bytes);
    const layer = `${info.description}, ${human_size(bytes.length)}`;
    try {
      if (is_compression(info.kind)) {
        layers.push(layer);
        bytes = decompress_file(info.kind, bytes, LIMIT);
      } else if (info.kind === "uimage") {
        const { data, compression } = read_uimage(bytes);
        layers.push(layer);
        bytes = compression !== "none" && is_compression(compression)
          ? decompress_file(compression, data, LIMIT)
          : data;
      } else if (info.kind === "efi-zboot") {
        layers.push(layer);
        bytes = zboot_payload(bytes);
      } else if (info.kind === "zimage") {
        const header = read_zimage_header(bytes);
        const payload = find_payload(bytes.subarray(0, header.size), header, LIMIT);
        appended = model_of(bytes.subarray(header.size));
        layers.push(payload === undefined ? layer : `${layer}, packed with ${payload.compression}`);
        if (payload === undefined) {
          const opaque = "the zImage's payload cannot be unpacked here; its own decompressor may";
          return { layers, kind: "zimage", architecture: "arm", opaque };
        }
        bytes = payload.bytes;
      } else {
        const facts = facts_of(bytes, info);
        return { layers: [...layers, layer], ...(appended && { appended }), ...facts };
      }
    } catch (error) {
      if (!(error instanceof CorruptData) && !(error instanceof OutputTooLarge)) throw error;
      const why = error instanceof CorruptData ? error.message : "it unpacks to more than 512 MiB";
      return { layers: [...layers, layer], kind: info.kind, refusal: why };
    }
  }
  return { layers, kind: "raw", refusal: `it is wrapped more than ${MAX_LAYERS} times` };
}

function facts_of(bytes: Uint8Array, info: ReturnType<typeof identify>): Partial<KernelFacts> & {
  readonly kind: ImageKind;
} {
  const { kind } = info;
  // An ELF file has an architecture and a place in memory, which the loader is strict about.
  if (kind === "elf") read_elf(bytes, MOST_RAM);
  // Whether an arm64 kernel can run is the host's affair.
  if (info.refusal !== undefined && kind !== "arm64-image") return { kind, refusal: info.refusal };
  const interior = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  const version = text_after(interior, "Linux version ")?.split(" ")[0];
  const config = embedded_config(interior);
  const is_kernel = kind === "arm-image" || version !== undefined;
  const architecture = kind === "arm64-image" ? "arm64" : is_kernel ? "arm" : undefined;
  const lpae = config === undefined ? linux_image(bytes)?.lpae : config.get("ARM_LPAE") === "y";
  const vermagic = version === undefined ? undefined : text_after(interior, `${version} SMP `) ??
    text_after(interior, `${version} mod_unload `) ?? text_after(interior, `${version} preempt `);
  return {
    kind,
    interior,
    ...(architecture && { architecture }),
    ...(version && { version }),
    ...(vermagic && { vermagic }),
    ...(lpae !== undefined && architecture === "arm" && { lpae }),
    ...(config && { config }),
  };
}

/** The printable text that starts with `prefix` and follows it, up to its end. */
function text_after(bytes: Buffer, prefix: string): string | undefined {
  for (let at = bytes.indexOf(prefix, 0, "latin1"); at >= 0;) {
    const from = at + prefix.length;
    const text = /^[\x20-\x7e]*/.exec(bytes.toString("latin1", from, from + 200))![0].trim();
    // A format string, "Linux version %s", has the prefix too.
    if (text !== "" && !text.startsWith("%")) return text;
    at = bytes.indexOf(prefix, from, "latin1");
  }
  return undefined;
}

/** The configuration that CONFIG_IKCONFIG puts into a kernel. */
function embedded_config(bytes: Buffer): Map<string, string> | undefined {
  const start = bytes.indexOf("IKCFG_ST", 0, "latin1");
  if (start < 0 || !is_gzip(bytes, start + 8)) return undefined;
  try {
    const { bytes: text } = ungzip(bytes.subarray(start + 8), 4 << 20);
    return read_config(new TextDecoder().decode(text));
  } catch (error) {
    if (error instanceof CorruptData || error instanceof OutputTooLarge) return undefined;
    throw error;
  }
}

/** A kernel configuration's options, without CONFIG_. */
export function read_config(text: string): Map<string, string> {
  const config = new Map<string, string>();
  for (const line of text.split("\n")) {
    const set = /^CONFIG_(\w+)=(.*)$/.exec(line);
    if (set) config.set(set[1]!, set[2]!);
    const unset = /^# CONFIG_(\w+) is not set$/.exec(line);
    if (unset) config.set(unset[1]!, "n");
  }
  return config;
}

/** The model of the device tree that `bytes` starts with. */
function model_of(bytes: Uint8Array): string | undefined {
  // Big-endian magic, read as little-endian.
  if (le32(bytes, 0) !== 0xedfe_0dd0) return undefined;
  let root: FdtNode;
  try {
    root = read_fdt(bytes);
  } catch (error) {
    if (error instanceof FdtError) return "a damaged one";
    throw error;
  }
  const value = fdt_find(root, "/")?.properties.get("model");
  return (value && read_strings(value)?.[0]) ?? "one without a model";
}
