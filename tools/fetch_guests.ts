/**
 * Real guests from Debian's archive: 32-bit kernels and a static busybox, fetched through apt into
 * `.cache/guests` without root and without touching the machine's own package state.
 *
 * Run it to fetch them: `deno run -A tools/fetch_guests.ts [NAME...]`. Tests ask with
 * {@link require_guest}.
 *
 * @module
 */
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build_initramfs } from "./initramfs.ts";

/** A file that can be had, by name. */
export type GuestName =
  | "zImage-armmp"
  | "zImage-lpae"
  | "config-armmp"
  | "config-lpae"
  | "Image-arm64"
  | "Image-cloud-arm64"
  | "busybox-armhf"
  | "busybox-arm64"
  | keyof typeof ARM64_LIBRARIES
  | "initramfs.cpio.gz";

/** Shared libraries that an arm64 Deno needs, and the packages they come from. */
export const ARM64_LIBRARIES = {
  "ld-linux-aarch64.so.1": "libc6",
  "libc.so.6": "libc6",
  "libdl.so.2": "libc6",
  "libm.so.6": "libc6",
  "libpthread.so.0": "libc6",
  "librt.so.1": "libc6",
  "libgcc_s.so.1": "libgcc-s1",
} as const;

/** Where a name comes from: a package (or one that depends on it), and a file inside. */
interface Source {
  readonly arch: "armhf" | "arm64";
  readonly package: string;
  readonly member: RegExp;
}

const SOURCES: Record<Exclude<GuestName, "initramfs.cpio.gz">, Source> = {
  "zImage-armmp": kernel("armhf", "linux-image-armmp", "vmlinuz"),
  "zImage-lpae": kernel("armhf", "linux-image-armmp-lpae", "vmlinuz"),
  "config-armmp": kernel("armhf", "linux-image-armmp", "config"),
  "config-lpae": kernel("armhf", "linux-image-armmp-lpae", "config"),
  "Image-arm64": kernel("arm64", "linux-image-arm64", "vmlinuz"),
  "Image-cloud-arm64": kernel("arm64", "linux-image-cloud-arm64", "vmlinuz"),
  "busybox-armhf": busybox("armhf"),
  "busybox-arm64": busybox("arm64"),
  ...libraries(),
};

function busybox(arch: Source["arch"]): Source {
  return { arch, package: "busybox-static", member: /\/bin\/busybox$/ };
}

function libraries(): Record<keyof typeof ARM64_LIBRARIES, Source> {
  const sources = Object.entries(ARM64_LIBRARIES).map(([name, from]): [string, Source] => {
    const file = name.replaceAll(/[.+]/g, "\\$&");
    return [name, {
      arch: "arm64",
      package: from,
      member: new RegExp(`/lib/aarch64-linux-gnu/${file}$`),
    }];
  });
  return Object.fromEntries(sources) as Record<keyof typeof ARM64_LIBRARIES, Source>;
}

function kernel(arch: Source["arch"], name: string, file: string): Source {
  return { arch, package: name, member: new RegExp(`^\\./boot/${file}-`) };
}

/** The folder that holds what was fetched: `ARMVM_GUESTS`, or `.cache/guests` of the project. */
export function guest_folder(): string {
  return Deno.env.get("ARMVM_GUESTS") ??
    join(dirname(dirname(fileURLToPath(import.meta.url))), ".cache", "guests");
}

/** Options of {@link guest_file}. */
export interface GuestFileOptions {
  /** Takes one line on what is being done; default: nothing. */
  readonly log?: (line: string) => void;
  /** Told which package is being downloaded, and how much of it has come, 0 to 1. */
  readonly progress?: (name: string, fraction: number) => void;
}

const failures = new Map<string, string>();

/**
 * The path of a guest file, fetched when it is not there yet; undefined when it cannot be had
 * ({@link why_missing} says why).
 */
export async function guest_file(
  name: GuestName,
  options: GuestFileOptions = {},
): Promise<string | undefined> {
  if (failures.has(name)) return undefined;
  const path = join(guest_folder(), name);
  try {
    await Deno.mkdir(guest_folder(), { recursive: true });
    if (name === "initramfs.cpio.gz") return await initramfs(path, options);
    if (await exists(path)) return path;
    // Another process may be fetching the same: it holds the lock until it is done or gone.
    using lock = await Deno.open(join(guest_folder(), ".lock"), { create: true, write: true });
    await lock.lock(true);
    if (!await exists(path)) await fetch_member(SOURCES[name], path, options);
    return path;
  } catch (error) {
    failures.set(name, error instanceof Error ? error.message : String(error));
    return undefined;
  }
}

/** Puts the .debs of a package of Debian's, and of all that it depends on, into a folder. */
export async function download_with_dependencies(
  package_: { readonly name: string; readonly arch: string },
  folder: string,
  options: GuestFileOptions = {},
): Promise<void> {
  const apt = await private_apt(package_.arch, options);
  await apt.download_all(package_.name, folder, options);
}

/** The path of the .deb of a package of Debian's backports, for this machine's own kind of CPU. */
export async function download_backport(
  name: string,
  options: GuestFileOptions = {},
): Promise<string> {
  const arch = Deno.build.arch === "x86_64" ? "amd64" : "arm64";
  const apt = await private_apt(arch, options, await backports_source());
  return await apt.download(name, options);
}

/** Why {@link guest_file} had no answer for `name`. */
export function why_missing(name: GuestName): string {
  return failures.get(name) ?? "it was not asked for";
}

/** What {@link require_guest} found. */
export interface RequiredGuests {
  /** To spread into a test's definition: ignores it when something is missing, but not in CI. */
  readonly skip: { readonly ignore: boolean };
  /** The path of one of the files; throws when it is missing, so that a test in CI fails. */
  path(name: GuestName): string;
}

/**
 * Asks for guest files on a test's behalf. What cannot be had is said on stderr and skips the test;
 * in CI (`ARMVM_CI` or `CI` set) the test runs all the same and fails at `path()`.
 */
export async function require_guest(...names: GuestName[]): Promise<RequiredGuests> {
  const paths = new Map<GuestName, string>();
  const log = (line: string) => console.error(line);
  for (const name of names) {
    const path = await guest_file(name, { log });
    if (path !== undefined) paths.set(name, path);
    else console.error(`SKIPPING what needs the guest file ${name}: ${why_missing(name)}`);
  }
  return {
    skip: { ignore: paths.size < names.length && !in_ci() },
    path(name) {
      const path = paths.get(name);
      if (path === undefined) throw new Error(`Cannot get ${name}: ${why_missing(name)}`);
      return path;
    },
  };
}

/** Whether a skipped oracle is a failure here. */
export function in_ci(): boolean {
  return [Deno.env.get("ARMVM_CI"), Deno.env.get("CI")].some((value) => value && value !== "0");
}

async function initramfs(path: string, options: GuestFileOptions): Promise<string> {
  const busybox = await guest_file("busybox-armhf", options);
  if (busybox === undefined) throw new Error(why_missing("busybox-armhf"));
  const archive = await build_initramfs({ busybox: await Deno.readFile(busybox) });
  await write_whole(path, archive);
  return path;
}

/** Fetches the package of `source` and leaves the one file of it at `path`. */
async function fetch_member(
  source: Source,
  path: string,
  options: GuestFileOptions,
): Promise<void> {
  const apt = await private_apt(source.arch, options);
  const name = await apt.real_package(source.package);
  const deb = await apt.download(name, options);
  const members = new TextDecoder().decode(await tar_of(deb, "-t")).split("\n");
  const member = members.find((line) => source.member.test(line));
  if (member === undefined) throw new Error(`the package ${name} has no ${source.member.source}`);
  await write_whole(path, await tar_of(deb, "-xO", member));
}

interface Apt {
  /** The package itself, or the kernel package that a metapackage depends on. */
  real_package(name: string): Promise<string>;
  /** The path of the package's .deb, which is downloaded unless it is there. */
  download(name: string, options: GuestFileOptions): Promise<string>;
  /** Puts the .debs of a package and of all that it depends on into a folder. */
  download_all(name: string, folder: string, options: GuestFileOptions): Promise<void>;
}

const roots = new Map<string, Promise<Apt>>();

/**
 * An apt of its own for `arch`: own lists, own (empty) status, own archives. With `source`, a line of
 * sources.list, it knows that one alone.
 */
function private_apt(arch: string, { log }: GuestFileOptions, source?: string): Promise<Apt> {
  const name = source === undefined ? arch : `${arch}-backports`;
  const opened = roots.get(name) ?? open_apt(arch, join(guest_folder(), ".apt", name), log, source);
  roots.set(name, opened);
  return opened;
}

/** The line of sources.list for the backports of the Debian that this machine's own apt knows. */
async function backports_source(): Promise<string> {
  const format = ["--format", "$(REPO_URI) $(CODENAME) $(COMPONENT)"];
  const targets = await tool_output("apt-get", "indextargets", ...format, "Created-By: Packages");
  const release = /^(\S+) ([a-z]+) main$/m.exec(targets);
  if (release === null) {
    throw new Error("this machine's apt has no Debian release among its sources");
  }
  return `deb ${release[1]} ${release[2]}-backports main`;
}

async function open_apt(
  arch: string,
  root: string,
  log: GuestFileOptions["log"],
  source?: string,
): Promise<Apt> {
  const archives = join(root, "cache", "archives");
  await Deno.mkdir(join(root, "lists", "partial"), { recursive: true });
  await Deno.mkdir(join(archives, "partial"), { recursive: true });
  await Deno.writeTextFile(join(root, "status"), "");
  const sources = join(root, "sources.list");
  if (source !== undefined) await Deno.writeTextFile(sources, `${source}\n`);
  const settings = [
    ...(source === undefined
      ? []
      : [`Dir::Etc::SourceList=${sources}`, "Dir::Etc::SourceParts=/dev/null"]),
    `APT::Architecture=${arch}`,
    `APT::Architectures=${arch}`,
    `Dir::State=${root}`,
    `Dir::State::lists=${join(root, "lists")}`,
    `Dir::State::status=${join(root, "status")}`,
    `Dir::Cache=${join(root, "cache")}`,
    // Packages are downloaded as the user who asks: the sandbox's user cannot write here.
    "APT::Sandbox::User=root",
    "Debug::NoLocking=1",
    "Acquire::Retries=3",
  ].flatMap((setting) => ["-o", setting]);
  const run = (tool: string, args: string[], cwd?: string) =>
    spawn(tool, [...settings, ...args], { cwd });

  log?.(`reading Debian's package index for ${basename(root)} ...`);
  // One index of several may be missing on a machine with odd sources: go on with what came.
  const updated = await run("apt-get", ["-qq", "update"]).then(() => undefined, (error) => error);
  return {
    async real_package(name) {
      const depends = await run("apt-cache", ["depends", name]).catch((error) => {
        throw updated ?? error;
      });
      const versioned = /^ *Depends: (linux-image-\d\S*)/m.exec(new TextDecoder().decode(depends));
      return versioned?.[1] ?? name;
    },
    async download_all(name, folder, { log }) {
      log?.(`downloading ${name} and what it depends on ...`);
      await Deno.mkdir(join(folder, "partial"), { recursive: true });
      const options = ["-qq", "-y", "--no-install-recommends", "--download-only"];
      await run("apt-get", [...options, "-o", `Dir::Cache::archives=${folder}`, "install", name]);
    },
    async download(name, { log, progress }) {
      const prefix = `${name}_`;
      const find = async () => {
        for await (const entry of Deno.readDir(archives)) {
          if (entry.name.startsWith(prefix) && entry.name.endsWith(".deb")) {
            return join(archives, entry.name);
          }
        }
      };
      const about = new TextDecoder().decode(await run("apt-cache", ["show", name]));
      const size = Number(/^Size: (\d+)$/m.exec(about)?.[1]);
      const left = await find();
      if (left !== undefined) {
        if ((await Deno.stat(left)).size === size) return left;
        // Of a download that was interrupted, or of an older version.
        await Deno.remove(left);
      }
      log?.(`downloading ${name} ...`);
      const watch = setInterval(() => {
        if (size > 0) progress?.(name, Math.min(partial_size(archives, prefix) / size, 1));
      }, 100);
      try {
        await run("apt-get", ["-qq", "download", name], archives);
      } finally {
        clearInterval(watch);
        progress?.(name, 1);
      }
      const deb = await find();
      if (deb === undefined) throw new Error(`apt-get download left no ${name}`);
      return deb;
    },
  };
}

/** How much of a package has arrived in `folder`. */
function partial_size(folder: string, prefix: string): number {
  for (const entry of Deno.readDirSync(folder)) {
    if (entry.name.startsWith(prefix)) return Deno.statSync(join(folder, entry.name)).size;
  }
  return 0;
}

/** What tar makes of the files of a .deb, which are a few hundred megabytes: joined by a pipe. */
function tar_of(deb: string, ...tar: string[]): Promise<Uint8Array> {
  const script = 'deb=$1; shift; dpkg-deb --fsys-tarfile "$deb" | tar "$@"';
  return spawn("sh", ["-c", script, "sh", deb, ...tar]);
}

/** What a tool of this system prints. Throws with the reason that it gives when it fails. */
export async function tool_output(tool: string, ...args: string[]): Promise<string> {
  return new TextDecoder().decode(await spawn(tool, args));
}

async function spawn(
  tool: string,
  args: string[],
  options: { readonly cwd?: string } = {},
): Promise<Uint8Array> {
  let result;
  try {
    result = await new Deno.Command(tool, { args, ...options, stdin: "null" }).output();
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) throw new Error(`${tool} is not installed`);
    throw error;
  }
  if (!result.success) {
    const lines = new TextDecoder().decode(result.stderr).trim().split("\n");
    const why = lines.find((line) => line.startsWith("E:")) ?? lines.at(-1);
    throw new Error(`${tool} failed: ${why || `status ${result.code}`}`);
  }
  return result.stdout;
}

/** Writes a file so that another process sees all of it or none. */
async function write_whole(path: string, bytes: Uint8Array): Promise<void> {
  if (bytes.length === 0) throw new Error(`${path} would be empty`);
  const temporary = `${path}.${Deno.pid}`;
  await Deno.writeFile(temporary, bytes);
  await Deno.rename(temporary, path);
}

async function exists(path: string): Promise<boolean> {
  return await Deno.stat(path).then(({ size }) => size > 0, () => false);
}

if (import.meta.main) {
  const wanted = Deno.args.length > 0
    ? Deno.args as GuestName[]
    : ["zImage-armmp", "zImage-lpae", "initramfs.cpio.gz"] as const;
  for (const name of wanted) {
    const path = await guest_file(name, { log: (line) => console.error(line) });
    console.log(path ?? `${name}: ${why_missing(name)}`);
    if (path === undefined) Deno.exitCode = 1;
  }
}
