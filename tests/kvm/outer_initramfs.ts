import { join } from "node:path";
import { fileURLToPath } from "node:url";
import {
  char_device,
  cpio_newc,
  type CpioEntry,
  directory,
  file,
  symlink,
} from "../../tools/cpio.ts";
import {
  ARM64_LIBRARIES,
  guest_file,
  type GuestName,
  why_missing,
} from "../../tools/fetch_guests.ts";
import { arm64_deno } from "./arm64_deno.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const LIBRARIES = "lib/aarch64-linux-gnu";
const APPLETS = ["sh", "mount", "poweroff", "cat", "ls", "sleep", "date", "dmesg", "grep", "time"];

/** What runs as process 1: the script, and then power off, with its status as the last line. */
const INIT = `#!/bin/sh
export PATH=/bin HOME=/tmp DENO_DIR=/tmp/deno NO_COLOR=1 DENO_NO_UPDATE_CHECK=1
export LD_LIBRARY_PATH=/${LIBRARIES}
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs dev /dev
mount -t tmpfs tmp /tmp
cd /armvm
sh /script
echo "## RC $?"
poweroff -f
`;

/** The part that stays the same: busybox, an arm64 Deno and what it is linked against. */
export async function base_archive(log: (line: string) => void): Promise<Uint8Array> {
  const loader = "ld-linux-aarch64.so.1";
  const libraries = (Object.keys(ARM64_LIBRARIES) as (keyof typeof ARM64_LIBRARIES)[])
    .filter((name) => name !== loader);
  const read = async (name: GuestName): Promise<Uint8Array> => {
    const path = await guest_file(name, { log });
    if (path === undefined) throw new Error(`Cannot get ${name}: ${why_missing(name)}`);
    return await Deno.readFile(path);
  };
  const folders = ["armvm", "bin", "dev", "lib", LIBRARIES, "proc", "sys", "tmp"];
  return cpio_newc([
    ...folders.map(directory),
    char_device("dev/console", 5, 1),
    file("init", INIT, true),
    file("bin/busybox", await read("busybox-arm64"), true),
    ...APPLETS.map((name) => symlink(`bin/${name}`, "busybox")),
    file("bin/deno", await Deno.readFile(await arm64_deno(log)), true),
    file(`lib/${loader}`, await read(loader), true),
    ...await Promise.all(
      libraries.map(async (name) => file(`${LIBRARIES}/${name}`, await read(name), true)),
    ),
  ]);
}

/** Folders and files of the project that the suite needs. */
const PROJECT = [
  "cpu",
  "cli",
  "devices",
  "ffi",
  "host",
  "hypervisor",
  "machine",
  "main.ts",
  "mod.ts",
  "tests/kvm",
  "wasm",
];

/** In the rig nothing comes from a registry: packages are taken from the folder beside. */
const CONFIG = {
  name: "@armvm/armvm",
  version: "0.0.0",
  exports: "./mod.ts",
  nodeModulesDir: "manual",
  imports: {
    "@armvm/armvm": "./mod.ts",
    commander: "./node_modules/commander/index.js",
    "@commander-js/extra-typings": "./node_modules/@commander-js/extra-typings/index.js",
  },
};

/** What may differ from run to run: the project, the script, and more files below `/armvm`. */
export async function overlay_archive(options: {
  readonly script: string;
  readonly files?: Readonly<Record<string, Uint8Array>>;
}): Promise<Uint8Array> {
  const entries: CpioEntry[] = [];
  const folders = new Set<string>();
  const add = (path: string, data: Uint8Array | string): void => {
    const parts = path.split("/");
    for (let count = 1; count < parts.length; count++) {
      const folder = parts.slice(0, count).join("/");
      if (!folders.has(folder)) entries.push(directory(folder));
      folders.add(folder);
    }
    entries.push(file(path, data));
  };
  for (const path of PROJECT) await collect(path, add);
  for (const name of ["commander", "@commander-js/extra-typings"]) {
    await collect(`node_modules/${name}`, add);
  }
  add("armvm/deno.json", JSON.stringify(CONFIG));
  for (const [name, bytes] of Object.entries(options.files ?? {})) add(`armvm/${name}`, bytes);
  entries.push(file("script", options.script));
  return cpio_newc(entries);
}

async function collect(path: string, add: (path: string, data: Uint8Array) => void): Promise<void> {
  const full = join(ROOT, path);
  if (!(await Deno.stat(full)).isDirectory) {
    if (/\.(ts|js|mjs|json|txt)$/.test(path)) add(`armvm/${path}`, await Deno.readFile(full));
    return;
  }
  for await (const { name } of Deno.readDir(full)) await collect(`${path}/${name}`, add);
}
