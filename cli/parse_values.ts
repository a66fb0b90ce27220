/** Parsers of option values. Each throws RangeError with a message for the user. */

/** What `--accel` takes. */
export const ACCELS = ["auto", "kvm", "soft"] as const;
/** What `--engine` takes. */
export const ENGINES = ["auto", "translator", "interpreter", "reference"] as const;
/** What `--cpu` takes. */
export const CPUS = ["cortex-a15", "cortex-a7"] as const;

const UNITS: Record<string, number> = { k: 1 << 10, m: 1 << 20, g: 1 << 30 };

/** Smallest guest memory, in bytes. */
export const MEMORY_MIN = 1 << 20;
/** Largest guest memory, in bytes: what the machine's 32-bit map has room for above 1 GiB. */
export const MEMORY_MAX = 3 * (1 << 30);

/** Bytes from `512M`, `1G`, `1.5G`, `65536K`; a bare number is MiB, as QEMU's -m takes it. */
export function parse_memory(text: string): number {
  const match = /^(\d+(?:\.\d+)?)\s*([kmg]?)(?:i?b)?$/i.exec(text.trim());
  if (!match) throw new RangeError(`"${text}" is not a memory size; write it as 512M or 1G`);
  const bytes = Number(match[1]) * UNITS[match[2]!.toLowerCase() || "m"]!;
  if (!(bytes >= MEMORY_MIN && bytes <= MEMORY_MAX)) {
    throw new RangeError(`memory of ${text} is out of range; choose from 1M to 3G`);
  }
  if (bytes % MEMORY_MIN !== 0) {
    throw new RangeError(`memory of ${text} is not a whole number of MiB; write it as 512M or 1G`);
  }
  return bytes;
}

/** Bytes of a code cache, from `16M` or the like. */
export function parse_cache_size(text: string): number {
  const match = /^(\d+(?:\.\d+)?)\s*([kmg]?)(?:i?b)?$/i.exec(text.trim());
  const bytes = match ? Number(match[1]) * UNITS[match[2]!.toLowerCase() || "m"]! : NaN;
  if (!(bytes >= 1 << 20 && bytes <= 4 * (1 << 30))) {
    throw new RangeError(`"${text}" is not a size from 1M to 4G; write it as 64M`);
  }
  return Math.floor(bytes);
}

/** Longest `--timeout`, in seconds: what a timer of the host can count. */
export const TIMEOUT_MAX = 2_000_000;

/** Seconds from `30` or `2.5`. */
export function parse_seconds(text: string): number {
  const seconds = /^\d+(\.\d+)?$/.test(text.trim()) ? Number(text) : NaN;
  if (!(seconds > 0 && seconds <= TIMEOUT_MAX)) {
    throw new RangeError(
      `"${text}" is not a number of seconds; choose from above 0 to ${TIMEOUT_MAX}`,
    );
  }
  return seconds;
}

/** Where the guest's serial line goes. */
export type ConsoleTarget =
  | { readonly kind: "stdio" }
  | { readonly kind: "none" }
  | { readonly kind: "file"; readonly path: string };

/** A target from `stdio`, `none` or `file:PATH`. */
export function parse_console(text: string): ConsoleTarget {
  if (text === "stdio" || text === "none") return { kind: text };
  if (text.startsWith("file:") && text.length > 5) return { kind: "file", path: text.slice(5) };
  throw new RangeError(`"${text}" is not a console; write stdio, none or file:PATH`);
}
