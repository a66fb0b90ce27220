import { le16 } from "../boot/bytes.ts";
import { decompress, is_compression } from "../boot/decompress.ts";
import { human_size } from "../boot/error.ts";
import { identify, type ImageKind } from "../boot/identify.ts";
import { CorruptData, OutputTooLarge } from "../boot/unpacked.ts";

const LIMIT = 1 << 30;
const HEADER = 110;
const DIRECTORY = 0o04;
const LINK = 0o12;

/** What is known of an initrd. */
export interface InitrdFacts {
  /** For a person: "a gzip file, 900 KiB". */
  readonly description: string;
  /** What the file is. */
  readonly kind: ImageKind;
  /** What is wrong with it as a file. */
  readonly damage?: string;
  /** Whether it is a cpio archive in the end: else it is an image of a file system. */
  readonly is_archive: boolean;
  /** Whether it has /init, which the kernel starts. */
  readonly has_init: boolean;
  /** The machine that /init or the shell it is for was compiled for: 40 is 32-bit ARM. */
  readonly machine?: number;
  /** Versions of the kernels that it has modules for. */
  readonly modules: readonly string[];
}

/** Looks into an initrd: a cpio archive, packed or not, or several of them in a row. */
export function initrd_facts(bytes: Uint8Array): InitrdFacts {
  const { kind, description } = identify(bytes);
  const files = new Archive();
  const facts = (rest: Partial<InitrdFacts> = {}): InitrdFacts => ({
    description: `${description}, ${human_size(bytes.length)}`,
    kind,
    is_archive: files.found,
    has_init: files.has_init,
    modules: [...files.modules].sort(),
    ...(files.machine !== undefined && { machine: files.machine }),
    ...rest,
  });
  try {
    let at = 0;
    while (at < bytes.length) {
      // Zeros fill the gaps between archives.
      if (bytes[at] === 0) {
        at++;
        continue;
      }
      const rest = bytes.subarray(at);
      const here = identify(rest).kind;
      if (here === "cpio") at += files.read(rest);
      else if (is_compression(here)) {
        const unpacked = decompress(here, rest, { limit: LIMIT });
        files.read(unpacked.bytes);
        at += unpacked.consumed;
      } else break;
    }
    return facts();
  } catch (error) {
    if (error instanceof CorruptData) return facts({ damage: error.message });
    if (error instanceof OutputTooLarge) return facts({ damage: "it unpacks to more than 1 GiB" });
    throw error;
  }
}

/** Collects from "newc" cpio archives (Linux Documentation/driver-api/early-userspace). */
class Archive {
  found = false;
  has_init = false;
  machine: number | undefined;
  readonly modules = new Set<string>();

  /** Reads one archive; gives its length. Throws CorruptData. */
  read(bytes: Uint8Array): number {
    const text = new TextDecoder("latin1");
    let at = 0;
    while (at + HEADER <= bytes.length) {
      const header = text.decode(bytes.subarray(at, at + HEADER));
      if (!/^07070[12]/.test(header)) {
        if (at === 0) return bytes.length;
        throw new CorruptData("the initrd's archive is damaged");
      }
      const field = (n: number) => parseInt(header.slice(6 + n * 8, 14 + n * 8), 16);
      const [type, size, name_size] = [field(1) >> 12, field(6), field(11)];
      const data_at = (at + HEADER + name_size! + 3) & ~3;
      const next = (data_at + size! + 3) & ~3;
      if (!(next > at) || data_at + size! > bytes.length) {
        throw new CorruptData("the initrd's archive is cut off");
      }
      const name = text.decode(bytes.subarray(at + HEADER, at + HEADER + name_size! - 1))
        .replace(/^(\.?\/)+/, "");
      this.found = true;
      at = next;
      if (name === "TRAILER!!!") return at;
      this.#see(name, type!, bytes.subarray(data_at, data_at + size!));
    }
    throw new CorruptData("the initrd's archive is cut off");
  }

  #see(name: string, type: number, data: Uint8Array): void {
    if (name === "init" && type !== DIRECTORY) this.has_init = true;
    const modules = /^(?:usr\/)?lib\/modules\/([^/]+)$/.exec(name);
    if (modules) this.modules.add(modules[1]!);
    const is_program = /^(init|(usr\/)?s?bin\/(sh|busybox|init|dash|bash))$/.test(name);
    const is_elf = data[0] === 0x7f && data[1] === 0x45 && data[2] === 0x4c && data[3] === 0x46;
    if (is_program && is_elf && type !== LINK) this.machine ??= le16(data, 18);
  }
}
