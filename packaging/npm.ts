/**
 * The npm package: the bundled program, and a small launcher that runs it with npm's Deno.
 *
 * @module
 */
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import config from "../deno.json" with { type: "json" };
import { bundle } from "./bundle.ts";
import { run_flags } from "./run_flags.ts";

const ROOT = new URL("../", import.meta.url);
const BIN = "armvm.mjs";

/** What npm knows of the package. */
export function npm_manifest(): Record<string, unknown> {
  return {
    name: "armvm",
    version: config.version,
    description: "A virtual machine for 32-bit ARM: boots ARM Linux without QEMU",
    keywords: ["arm", "armv7", "emulator", "virtual machine", "kvm", "deno", "linux"],
    license: config.license,
    type: "module",
    bin: { armvm: BIN },
    files: [BIN, "program"],
    engines: { node: ">=18" },
    // The launcher uses this very version's files.
    dependencies: { deno: Deno.version.deno },
  };
}

/** Packs the package into `folder`; returns the path of the tarball. */
export async function npm_pack(folder: string): Promise<string> {
  const work = await Deno.makeTempDir({ prefix: "armvm-npm-" });
  try {
    const { main } = await bundle(join(work, "program"));
    const launcher = (await Deno.readTextFile(new URL("npm_bin.mjs", import.meta.url)))
      .replace("@FLAGS@", JSON.stringify(run_flags("x86_64-unknown-linux-gnu")))
      .replace("@KVM_FLAGS@", JSON.stringify(run_flags("aarch64-unknown-linux-gnu")))
      .replace("@MAIN@", main);
    await Deno.writeTextFile(join(work, BIN), launcher, { mode: 0o755 });
    const manifest = JSON.stringify(npm_manifest(), undefined, 2);
    await Deno.writeTextFile(join(work, "package.json"), `${manifest}\n`);
    for (const name of ["README.md", "LICENSE"]) {
      await Deno.copyFile(fileURLToPath(new URL(name, ROOT)), join(work, name));
    }
    await Deno.mkdir(folder, { recursive: true });
    const { success, stdout, stderr } = await new Deno.Command("npm", {
      args: ["pack", "--silent", "--pack-destination", folder],
      cwd: work,
      stdin: "null",
    }).output();
    const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes).trim();
    if (!success) throw new Error(`Cannot pack: ${text(stderr)}`);
    return join(folder, text(stdout).split("\n").at(-1)!);
  } finally {
    await Deno.remove(work, { recursive: true });
  }
}
