import { join } from "node:path";
import { download_backport, guest_folder, tool_output } from "../../tools/fetch_guests.ts";

const COMMAND = "qemu-system-aarch64";
const PACKAGE = "qemu-system-arm";

/**
 * The first version that notices code in all of what DC ZVA zeroes. Earlier ones look at the first
 * byte of each block: a page that had code keeps some of its translations when Linux clears it for
 * another use, and as long as it has any, each store to it is looked up among them. A guest whose
 * decompressor got such pages for its tables took five times as long.
 */
const FIXED = { major: 8, minor: 2 };

let chosen: Promise<string> | undefined;

/**
 * The command of the QEMU that emulates the outer machines: this system's, or Debian's backport of a
 * later one where this system's is too old. Where that cannot be had, this system's all the same.
 */
export function outer_qemu(log: (line: string) => void): Promise<string> {
  return chosen ??= choose(log);
}

async function choose(log: (line: string) => void): Promise<string> {
  if (is_fixed(await tool_output(COMMAND, "--version").catch(() => ""))) return COMMAND;
  const folder = join(guest_folder(), "qemu-outer");
  const command = join(folder, "usr", "bin", COMMAND);
  try {
    if (!await Deno.stat(command).then(() => true, () => false)) await get(folder, log);
    if (is_fixed(await tool_output(command, "--version"))) return command;
    log(`${PACKAGE} of Debian's backports is too old as well`);
  } catch (error) {
    log(`Cannot use a later QEMU: ${error instanceof Error ? error.message : error}`);
  }
  log("The outer machine is emulated by a QEMU before 8.2: now and then a guest will take long.");
  return COMMAND;
}

async function get(folder: string, log: (line: string) => void): Promise<void> {
  const deb = await download_backport(PACKAGE, { log });
  const unpacked = `${folder}.${Deno.pid}`;
  await tool_output("dpkg-deb", "-x", deb, unpacked);
  await Deno.rename(unpacked, folder);
}

/** Whether a QEMU that says this of itself (`--version`) is one to take. */
export function is_fixed(version: string): boolean {
  const [, major = "0", minor = "0"] = /version (\d+)\.(\d+)/.exec(version) ?? [];
  const newer = Number(major) - FIXED.major || Number(minor) - FIXED.minor;
  return newer >= 0;
}
