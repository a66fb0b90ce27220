import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { guest_folder } from "../../tools/fetch_guests.ts";

const CONFIG = new URL("../../deno.json", import.meta.url);
/** The Deno that runs inside of the rig; the one that the project is tested with. */
const VERSION = "2.9.5";

/** The path of an arm64 Deno, fetched with npm's client when it is not there yet. */
export async function arm64_deno(log: (line: string) => void): Promise<string> {
  const path = join(guest_folder(), `deno-arm64-${VERSION}`);
  if (await Deno.stat(path).then(() => true, () => false)) return path;
  log(`downloading Deno ${VERSION} for arm64 ...`);
  const folder = await Deno.makeTempDir({ dir: guest_folder(), prefix: ".deno-" });
  try {
    const name = `@deno/linux-arm64-glibc@${VERSION}`;
    await run("npm", ["pack", "--silent", "--pack-destination", folder, name]);
    const [archive] = [...Deno.readDirSync(folder)].filter(({ name }) => name.endsWith(".tgz"));
    if (archive === undefined) throw new Error("npm pack left no archive");
    await run("tar", ["-xzf", join(folder, archive.name), "-C", folder, "package/deno"]);
    await Deno.rename(join(folder, "package/deno"), path);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
  return path;
}

async function run(tool: string, args: string[]): Promise<void> {
  const cwd = dirname(fileURLToPath(CONFIG));
  const { success, stderr } = await new Deno.Command(tool, { args, cwd, stdin: "null" }).output();
  if (!success) throw new Error(`${tool} failed: ${new TextDecoder().decode(stderr).trim()}`);
}
