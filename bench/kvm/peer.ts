import { basename, join } from "node:path";
import { download_with_dependencies, guest_folder, tool_output } from "../../tools/fetch_guests.ts";

const PACKAGE = { name: "qemu-system-arm", arch: "arm64" };
const BINARY = "usr/bin/qemu-system-aarch64";

/** Debian's arm64 QEMU and the libraries it is linked against, by their paths in the rig. */
export async function peer_files(
  log: (line: string) => void,
): Promise<Record<string, Uint8Array>> {
  const folder = join(guest_folder(), "qemu-arm64");
  if (!await Deno.stat(join(folder, BINARY)).then(() => true, () => false)) {
    const debs = join(folder, "debs");
    await download_with_dependencies(PACKAGE, debs, { log });
    for await (const { name } of Deno.readDir(debs)) {
      if (name.endsWith(".deb")) await tool_output("dpkg-deb", "-x", join(debs, name), folder);
    }
    await Deno.remove(debs, { recursive: true });
  }
  const files: Record<string, Uint8Array> = {};
  const add = async (path: string, name: string): Promise<void> => {
    files[`peer/${name}`] = await Deno.readFile(path);
    for (const needed of await needed_by(path)) {
      if (`peer/${needed}` in files) continue;
      const found = (await tool_output("find", folder, "-name", needed)).trim().split("\n")[0];
      if (found === undefined || found === "") throw new Error(`Cannot find ${needed}`);
      await add(await Deno.realPath(found), needed);
    }
  };
  await add(join(folder, BINARY), basename(BINARY));
  return files;
}

async function needed_by(path: string): Promise<string[]> {
  const text = await tool_output("aarch64-linux-gnu-readelf", "-d", path);
  return [...text.matchAll(/\(NEEDED\).*\[(.*)\]/g)].map(([, name]) => name!);
}
