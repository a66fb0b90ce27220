import assert from "node:assert/strict";
import { join } from "node:path";

const MODULE = new URL("./fetch_guests.ts", import.meta.url).href;

// Packages of 20,000 bytes that arrive slowly; what is inside comes from dpkg-deb.
const APT_GET = `#!/bin/sh
case "$*" in
*" download "*)
  for name; do :; done
  head -c 10000 /dev/zero >"$name"_1_armhf.deb
  sleep 0.35
  head -c 20000 /dev/zero >"$name"_1_armhf.deb
esac
`;
const APT_CACHE = `#!/bin/sh
case "$*" in
*" show "*) echo "Size: 20000" ;;
*" linux-image-armmp") echo "  Depends: linux-image-6.1.0-1-armmp" ;;
esac
`;
const DPKG_DEB = `#!/bin/sh
[ "$(wc -c <"$2")" -eq 20000 ] || exit 1
exec tar -cf - -C "$0.files" .
`;
const PROGRAM = `
import { guest_file } from ${JSON.stringify(MODULE)};
for (const name of ["zImage-armmp", "busybox-armhf"]) {
  const path = await guest_file(name, {
    log: (line) => console.log(name + ": " + line),
    progress: (of, fraction) => console.log(name + ": " + of + " " + fraction),
  });
  console.log(path === undefined ? "none" : Deno.readTextFileSync(path));
}`;

/** What fetching says, with an apt that is none. */
async function fetch_guests(folder: string): Promise<string[]> {
  const program = join(folder, "program.ts");
  await Deno.writeTextFile(program, PROGRAM);
  const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", program],
    env: {
      ARMVM_GUESTS: join(folder, "guests"),
      NO_COLOR: "1",
      PATH: `${folder}:${Deno.env.get("PATH")}`,
    },
  }).output();
  const lines = new TextDecoder().decode(stdout).trim().split("\n");
  assert.ok(lines.length > 1, new TextDecoder().decode(stderr));
  return lines;
}

Deno.test("each fetched file has its own progress, and what was interrupted comes anew", {
  ignore: Deno.build.os === "windows",
}, async () => {
  const folder = await Deno.makeTempDir();
  try {
    const tools = { "apt-get": APT_GET, "apt-cache": APT_CACHE, "dpkg-deb": DPKG_DEB };
    for (const [name, text] of Object.entries(tools)) {
      await Deno.writeTextFile(join(folder, name), text, { mode: 0o755 });
    }
    const files = { "boot/vmlinuz-6.1.0-1-armmp": "a kernel", "bin/busybox": "a busybox" };
    for (const [name, text] of Object.entries(files)) {
      const path = join(folder, "dpkg-deb.files", name);
      await Deno.mkdir(join(path, ".."), { recursive: true });
      await Deno.writeTextFile(path, text);
    }
    // Somebody pressed Ctrl-C.
    const archives = join(folder, "guests/.apt/armhf/cache/archives");
    await Deno.mkdir(archives, { recursive: true });
    await Deno.writeTextFile(join(archives, "busybox-static_1_armhf.deb"), "the first part");

    const said = await fetch_guests(folder);
    const [kernel, busybox] = ["linux-image-6.1.0-1-armmp", "busybox-static"];
    for (
      const line of [
        ...[`zImage-armmp: ${kernel} 0.5`, `zImage-armmp: ${kernel} 1`, "a kernel"],
        ...[`busybox-armhf: downloading ${busybox} ...`, `busybox-armhf: ${busybox} 0.5`],
        ...[`busybox-armhf: ${busybox} 1`, "a busybox"],
      ]
    ) assert.ok(said.includes(line), `${line}: ${said.join("; ")}`);
    assert.deepEqual(await fetch_guests(folder), ["a kernel", "a busybox"]);
    // What has come whole is not downloaded again.
    await Deno.remove(join(folder, "guests/busybox-armhf"));
    const again = await fetch_guests(folder);
    assert.ok(!again.some((line) => line.includes("downloading")), again.join("; "));
    assert.equal(again.at(-1), "a busybox");
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
