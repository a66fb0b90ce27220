/**
 * The portable form of armvm: one executable file that unpacks itself.
 *
 * It is a shell script with a compressed tar archive behind it, which holds a Deno runtime and the
 * bundled program. portable.sh says how it starts.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { join } from "node:path";
import { promisify } from "node:util";
import { gzip } from "node:zlib";
import { type Bundle, files_of } from "./bundle.ts";
import { TAR_END, tar_entry } from "./tar.ts";

const NO_DIGEST = "0".repeat(64);
const MB = 1_000_000;

/** What a portable file is made of. */
export interface PortableParts {
  /** Version of armvm. */
  readonly version: string;
  /** What it is for, for a person. */
  readonly target: string;
  /** What the runtime needs, for a person. */
  readonly needs: string;
  /** The runtime, packed by {@link pack_runtime}. */
  readonly runtime: PackedRuntime;
  /** Folder of the bundled program. */
  readonly folder: string;
  /** What is in it. */
  readonly bundle: Bundle;
  /** Flags of `deno run`. */
  readonly flags: readonly string[];
}

/** A runtime as the beginning of a compressed archive. */
export interface PackedRuntime {
  /** A gzip member. */
  readonly gzip: Uint8Array;
  /** Size of the runtime itself. */
  readonly size: number;
}

/** Packs a runtime: what takes long, and is the same until there is another Deno. */
export async function pack_runtime(bytes: Uint8Array, level = 6): Promise<PackedRuntime> {
  const entry = tar_entry({ name: "armvm", mode: 0o700, bytes });
  return { gzip: await promisify(gzip)(entry, { level }), size: bytes.length };
}

/** Puts a portable file together. The same parts make the same bytes. */
export async function portable(parts: PortableParts): Promise<Uint8Array<ArrayBuffer>> {
  const { runtime, folder, bundle, flags } = parts;
  if (flags.some((flag) => !/^[\w=,.:/-]+$/.test(flag))) {
    throw new Error(`Cannot write these flags into a script: ${flags.join(" ")}`);
  }
  const entries: Uint8Array[] = [];
  for (const file of await files_of(folder)) {
    const bytes = await Deno.readFile(join(folder, file));
    entries.push(tar_entry({ name: `program/${file}`, mode: 0o600, bytes }));
  }
  // gzip members in a row unpack to their contents in a row.
  const program = await promisify(gzip)(concat([...entries, TAR_END]), { level: 9 });
  const payload = concat([runtime.gzip, program]);

  const template = await Deno.readTextFile(new URL("portable.sh", import.meta.url));
  const values: Record<string, string> = {
    VERSION: parts.version,
    TARGET: parts.target,
    NEEDS: parts.needs,
    FLAGS: flags.join(" "),
    MAIN: `program/${bundle.main}`,
    UNPACKED_SIZE: String(runtime.size),
    ROOM: String(Math.ceil((runtime.size + 4 * MB) / MB)),
    NO_DIGEST,
  };
  const filled = template.replaceAll(
    /@([A-Z_]+)@/g,
    (whole, name: string) => values[name] ?? whole,
  );
  const header = place_payload(filled, payload.length);
  const unsigned = concat([encode(header.replace("@DIGEST@", NO_DIGEST)), payload]);
  const digest = createHash("sha256").update(unsigned).digest("hex");
  return concat([encode(header.replace("@DIGEST@", digest)), payload]);
}

/** Fills in where the payload starts and the whole size, whose digits are a part of the header. */
function place_payload(template: string, payload: number): string {
  const digest = NO_DIGEST.length - "@DIGEST@".length;
  let at = template.length;
  for (;;) {
    const header = template
      .replaceAll("@PAYLOAD_AT@", String(at))
      .replaceAll("@SIZE@", String(at + payload));
    const length = encode(header).length + digest;
    if (length === at) return header;
    at = length;
  }
}

function encode(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

function concat(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(parts.reduce((size, part) => size + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
