/**
 * The `compile` task: armvm as one file, `dist/armvm-<target>`.
 *
 * `deno task compile [--target T] [--output FILE] [--portable]`. It uses `deno compile` where that
 * finds its runtime (`DENORT_BIN`, Deno's cache or a download). Where it does not, and with
 * `--portable`, the file carries Deno's runtime from npm and unpacks itself (packaging/portable.ts).
 *
 * @module
 */
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import config from "../deno.json" with { type: "json" };
import { type Bundle, bundle } from "../packaging/bundle.ts";
import { portable } from "../packaging/portable.ts";
import { run_flags } from "../packaging/run_flags.ts";
import { runtime_for } from "../packaging/runtime.ts";
import { is_target, type Target, TARGETS } from "../packaging/targets.ts";

const ROOT = fileURLToPath(new URL("../", import.meta.url));

/** What to compile. */
export interface CompileOptions {
  /** What for; default: this system. */
  readonly target?: Target;
  /** The file to write; default `dist/armvm-<target>`. */
  readonly output?: string;
  /** Make the portable form even where `deno compile` works. */
  readonly portable?: boolean;
  /** Takes lines for a person. */
  readonly log: (line: string) => void;
}

/** Compiles; returns the path of the file. */
export async function compile(options: CompileOptions): Promise<string> {
  const { target = this_target(), log } = options;
  const { suffix, portable: can_be_portable } = TARGETS[target];
  const output = options.output ?? join(ROOT, "dist", `armvm-${target}${suffix}`);
  const work = await Deno.makeTempDir({ prefix: "armvm-compile-" });
  try {
    const folder = join(work, "program");
    const bundled = await bundle(folder);
    await Deno.mkdir(dirname(output), { recursive: true });
    const job = { target, output, folder, bundle: bundled, log };
    if (!options.portable) {
      const why_not = await deno_compile(job);
      if (why_not === undefined) return output;
      if (Deno.env.get("DENORT_BIN")) throw new Error(`deno compile failed: ${why_not}`);
      log(`deno compile finds no denort for ${target}: ${why_not}`);
    }
    if (!can_be_portable) {
      throw new Error(`there is no portable form for ${target}; set DENORT_BIN to its denort`);
    }
    log("building the portable form, which carries npm's Deno and unpacks itself once");
    await write_portable(job);
    return output;
  } finally {
    await Deno.remove(work, { recursive: true });
  }
}

interface Job {
  readonly target: Target;
  readonly output: string;
  readonly folder: string;
  readonly bundle: Bundle;
  readonly log: (line: string) => void;
}

/** Runs `deno compile`; says why it did not work. */
async function deno_compile({ target, output, folder, bundle }: Job): Promise<string | undefined> {
  // It does not write over a file that another tool made. On Windows it wants the suffix.
  const fresh = join(folder, `../armvm${TARGETS[target].suffix}`);
  const { success, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      ...["compile", "--quiet", "--no-config", "--no-check", "--target", target],
      ...run_flags(target),
      ...bundle.workers.flatMap((worker) => ["--include", worker]),
      ...["--output", fresh, bundle.main],
    ],
    cwd: folder,
    stdin: "null",
    env: { NO_COLOR: "1" },
  }).output();
  if (success) {
    await Deno.copyFile(fresh, `${output}.new`);
    await Deno.rename(`${output}.new`, output);
    return undefined;
  }
  const text = new TextDecoder().decode(stderr);
  const error = /^error: *(.*)$/m.exec(text)?.[1];
  // The last cause says most: "failed to lookup address information".
  const cause = [...text.matchAll(/^ +\d+: (?!<unknown>)(.*)$/gm)].at(-1)?.[1];
  return cause ?? error ?? (text.trim() || "no reason given");
}

async function write_portable({ target, output, folder, bundle, log }: Job): Promise<void> {
  const file = await portable({
    version: config.version,
    target,
    needs: target.includes("linux") ? "a Linux with glibc" : "macOS",
    runtime: await runtime_for(target, { log }),
    folder,
    bundle,
    flags: run_flags(target),
  });
  await Deno.writeFile(`${output}.new`, file, { mode: 0o755 });
  await Deno.rename(`${output}.new`, output);
}

function this_target(): Target {
  const { target } = Deno.build;
  if (!is_target(target)) throw new Error(`armvm is not built for ${target}; choose a --target`);
  return target;
}

if (import.meta.main) {
  const { values } = parseArgs({
    args: Deno.args,
    options: {
      target: { type: "string" },
      output: { type: "string" },
      portable: { type: "boolean" },
    },
  });
  const { target } = values;
  if (target !== undefined && !is_target(target)) {
    console.error(`no target ${target}; choose from ${Object.keys(TARGETS).join(", ")}`);
    Deno.exit(2);
  }
  try {
    const path = await compile({
      ...(target && { target }),
      ...(values.output && { output: values.output }),
      ...(values.portable && { portable: true }),
      log: (line) => console.error(line),
    });
    const { size } = await Deno.stat(path);
    console.log(`${path} (${(size / 1e6).toFixed(1)} MB)`);
  } catch (error) {
    console.error(`error: ${error instanceof Error ? error.message : error}`);
    Deno.exit(1);
  }
}
