/**
 * The program as a few JavaScript files: main module, Workers and what they share.
 *
 * @module
 */
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../", import.meta.url));
const MAIN = "main.ts";
const WORKER = /new Worker\(\s*new URL\(("[^"]+"),\s*import\.meta\.url\)/g;

/** A bundled program. */
export interface Bundle {
  /** The main module, relative to the folder. */
  readonly main: string;
  /** Modules that Workers start with, relative to the folder. */
  readonly workers: readonly string[];
}

/**
 * Bundles the program into `folder`, which must not be there yet. Workers become modules of their
 * own: they are found in the sources, as `new Worker(new URL("...", import.meta.url)`. They share no
 * files: what is split for the sake of sharing comes in many files, and each takes time to load.
 */
export async function bundle(folder: string, { minify = true } = {}): Promise<Bundle> {
  const workers = await find_workers();
  for (const entry of [MAIN, ...workers]) {
    await bundle_entry(entry, join(folder, dirname(entry)), minify);
  }
  const outputs = new Map(workers.map((path) => [path, output_of(path)]));
  await link_workers(folder, outputs);
  await remove_unused(folder, [MAIN, ...workers].map(output_of));
  return { main: output_of(MAIN), workers: [...outputs.values()] };
}

const output_of = (entry: string): string => entry.replace(/\.ts$/, ".js");

async function bundle_entry(entry: string, folder: string, minify: boolean): Promise<void> {
  const args = ["bundle", "--quiet", "--code-splitting", "--outdir", folder, entry];
  // Less text is sooner loaded.
  if (minify) args.push("--minify");
  const { success, stderr } = await new Deno.Command(Deno.execPath(), { args, cwd: ROOT }).output();
  if (success) return;
  throw new Error(`Cannot bundle the program: ${new TextDecoder().decode(stderr).trim()}`);
}

/** The files of a folder, relative to it, sorted. */
export async function files_of(folder: string, below = ""): Promise<string[]> {
  const files: string[] = [];
  for await (const entry of Deno.readDir(join(folder, below))) {
    const path = below === "" ? entry.name : `${below}/${entry.name}`;
    if (entry.isDirectory) files.push(...await files_of(folder, path));
    else files.push(path);
  }
  return files.sort();
}

/** Modules of the program that Workers are made from, relative to the project. */
async function find_workers(): Promise<string[]> {
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["info", "--json", MAIN],
    cwd: ROOT,
  }).output();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
  const { modules }: { modules: { local?: string }[] } = JSON.parse(
    new TextDecoder().decode(stdout),
  );
  const workers = new Set<string>();
  for (const { local } of modules) {
    if (!local?.startsWith(ROOT) || !local.endsWith(".ts")) continue;
    for (const [, literal] of (await Deno.readTextFile(local)).matchAll(WORKER)) {
      const file = fileURLToPath(new URL(JSON.parse(literal!), `file://${local}`));
      workers.add(file.slice(ROOT.length));
    }
  }
  return [...workers].sort();
}

/** Points every `new Worker` to the module that the Worker's source has become. */
async function link_workers(folder: string, outputs: ReadonlyMap<string, string>): Promise<void> {
  const missing = new Set(outputs.keys());
  for (const file of await files_of(folder)) {
    const text = await Deno.readTextFile(join(folder, file));
    const linked = text.replaceAll(WORKER, (whole, literal: string) => {
      const name = JSON.parse(literal).split("/").at(-1)!;
      const worker = [...outputs.keys()].find((path) => path.split("/").at(-1) === name);
      if (worker === undefined) throw new Error(`Cannot link the Worker ${literal} of ${file}`);
      missing.delete(worker);
      const up = "../".repeat(file.split("/").length - 1) || "./";
      return whole.replace(literal, JSON.stringify(`${up}${outputs.get(worker)}`));
    });
    if (linked !== text) await Deno.writeTextFile(join(folder, file), linked);
  }
  if (missing.size > 0) throw new Error(`Cannot find who starts ${[...missing].join(", ")}`);
}

/** Modules that are imported on demand, by code that an entry does not use, are written all the same. */
async function remove_unused(folder: string, entries: readonly string[]): Promise<void> {
  const files = await files_of(folder);
  const texts = await Promise.all(files.map((file) => Deno.readTextFile(join(folder, file))));
  for (const file of files) {
    const used = texts.some((text, index) =>
      dirname(files[index]!) === dirname(file) && text.includes(`"./${basename(file)}"`)
    );
    if (!used && !entries.includes(file)) await Deno.remove(join(folder, file));
  }
}
