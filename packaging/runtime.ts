/**
 * Deno for a target, packed for a portable file, from npm or from the Deno that runs this.
 *
 * @module
 */
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { pack_runtime, type PackedRuntime } from "./portable.ts";
import { type Target, TARGETS } from "./targets.ts";

const CACHE = fileURLToPath(new URL("../.cache/runtime", import.meta.url));

/** Options of {@link runtime_for}. */
export interface RuntimeOptions {
  /** Takes one line on what is being done. */
  readonly log: (line: string) => void;
}

/** The runtime for `target`: fetched and packed once, then kept in `.cache/runtime`. */
export async function runtime_for(
  target: Target,
  { log }: RuntimeOptions,
): Promise<PackedRuntime> {
  const version = Deno.version.deno;
  const name = `deno-${version}-${target}`;
  const kept = await read_kept(name);
  if (kept !== undefined) return kept;
  await Deno.mkdir(CACHE, { recursive: true });
  // npm's Deno for this system is what runs now.
  const bytes = target === Deno.build.target
    ? await Deno.readFile(Deno.execPath())
    : await from_npm(`${TARGETS[target].runtime}@${version}`, log);
  log(`packing Deno ${version} for ${target}, once`);
  const packed = await pack_runtime(bytes);
  await write_whole(join(CACHE, `${name}.gz`), packed.gzip);
  await write_whole(join(CACHE, `${name}.size`), new TextEncoder().encode(String(packed.size)));
  return packed;
}

async function read_kept(name: string): Promise<PackedRuntime | undefined> {
  try {
    // The size is written last.
    const size = Number(await Deno.readTextFile(join(CACHE, `${name}.size`)));
    return { gzip: await Deno.readFile(join(CACHE, `${name}.gz`)), size };
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

async function from_npm(
  spec: string,
  log: (line: string) => void,
): Promise<Uint8Array<ArrayBuffer>> {
  const folder = await Deno.makeTempDir();
  try {
    log(`fetching ${spec} from npm`);
    await run("npm", ["pack", "--silent", "--pack-destination", folder, spec]);
    const [archive] = [...Deno.readDirSync(folder)];
    if (archive === undefined) throw new Error(`npm pack ${spec} left no file`);
    await run("tar", ["-xzf", join(folder, archive.name), "-C", folder]);
    return await Deno.readFile(join(folder, "package", "deno"));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function run(tool: string, args: readonly string[]): Promise<void> {
  const { success, stderr } = await new Deno.Command(tool, { args: [...args], stdin: "null" })
    .output();
  if (!success) throw new Error(`${tool} failed: ${new TextDecoder().decode(stderr).trim()}`);
}

async function write_whole(path: string, bytes: Uint8Array): Promise<void> {
  await Deno.writeFile(`${path}.${Deno.pid}`, bytes);
  await Deno.rename(`${path}.${Deno.pid}`, path);
}
