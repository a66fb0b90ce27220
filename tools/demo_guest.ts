/**
 * Builds the guest of `armvm demo` from `guest/demo` and embeds it in `guest/demo/image.ts`.
 *
 * `deno run -A tools/demo_guest.ts` after a change of its sources. The build is reproducible: the
 * same compiler makes the same bytes, which a test checks.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

const PREFIX = "arm-linux-gnueabihf-";
const FOLDER = fileURLToPath(new URL("../guest/demo", import.meta.url));

// In a fixed order: it decides where things lie.
const SOURCES = [
  ...["start.S", "main.c", "console.c", "tree.c", "gic.c"],
  ...["identity.c", "checks.c", "mmu.c", "bench.c"],
];

const FLAGS = [
  ...["-mcpu=cortex-a15", "-marm", "-mgeneral-regs-only", "-O2", "-Wall", "-Wextra", "-Werror"],
  ...["-ffreestanding", "-fno-builtin", "-fno-pic", "-fno-stack-protector", "-nostdlib"],
  ...["-static", "-no-pie", "-Wl,--build-id=none", "-Wl,-z,noexecstack"],
  ...["-Wl,--no-warn-rwx-segments", "-T", "demo.ld"],
];

/** A guest that was built, and by what. */
export interface BuiltDemo {
  /** The raw image. */
  readonly image: Uint8Array<ArrayBuffer>;
  /** First line of the compiler's `--version`. */
  readonly compiler: string;
}

/** The cross compiler's first line of `--version`; undefined when there is none. */
export async function demo_compiler(): Promise<string | undefined> {
  const version = await output(`${PREFIX}gcc`, ["--version"]).catch(() => undefined);
  return version?.split("\n")[0];
}

/** Compiles and links the guest. */
export async function build_demo(): Promise<BuiltDemo> {
  const compiler = await demo_compiler();
  if (compiler === undefined) throw new Error(`Cannot build the guest: no ${PREFIX}gcc`);
  const folder = await Deno.makeTempDir();
  try {
    const elf = join(folder, "demo.elf");
    const binary = join(folder, "demo.bin");
    await output(`${PREFIX}gcc`, [...FLAGS, "-o", elf, ...SOURCES]);
    await output(`${PREFIX}objcopy`, ["-O", "binary", elf, binary]);
    return { image: await Deno.readFile(binary), compiler };
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** SHA-256 of `bytes` in hexadecimal. */
export function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

/** The source file that embeds `built`. */
export function image_module({ image, compiler }: BuiltDemo): string {
  const base64 = gzipSync(image, { level: 9 }).toString("base64");
  const lines = base64.match(/.{1,96}/g)!.join("\n");
  return `/**
 * The guest of \`armvm demo\`, built from the sources beside it by tools/demo_guest.ts.
 *
 * @module
 */

/** What compiled it. */
export const DEMO_COMPILER = ${JSON.stringify(compiler)};

/** SHA-256 of the image. */
export const DEMO_SHA256 =
  ${JSON.stringify(sha256(image))};

const GZIP_BASE64 = \`
${lines}
\`;

/** The image, compressed with gzip: a raw binary that is entered at RAM + 0x10000. */
export function demo_image(): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(GZIP_BASE64.replaceAll("\\n", "")), (char) => char.charCodeAt(0));
}
`;
}

async function output(tool: string, args: readonly string[]): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(tool, {
    args: [...args],
    cwd: FOLDER,
    env: { LC_ALL: "C" },
  }).output();
  if (!success) throw new Error(`${tool} failed:\n${new TextDecoder().decode(stderr)}`);
  return new TextDecoder().decode(stdout);
}

if (import.meta.main) {
  const built = await build_demo();
  await Deno.writeTextFile(join(FOLDER, "image.ts"), image_module(built));
  console.log(`${built.image.length} bytes by ${built.compiler}`);
}
