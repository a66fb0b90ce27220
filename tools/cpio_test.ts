import assert from "node:assert/strict";
import { char_device, cpio_newc, directory, file, symlink } from "./cpio.ts";

const have_cpio = await new Deno.Command("sh", { args: ["-c", "command -v cpio"], stdout: "null" })
  .output().then(({ success }) => success);

Deno.test({
  name: "cpio_newc() writes what cpio lists and unpacks",
  ignore: !have_cpio && !Deno.env.get("CI"),
  async fn() {
    const folder = await Deno.makeTempDir();
    try {
      const archive = cpio_newc([
        directory("bin"),
        file("bin/tool", "#!/bin/sh\necho hi\n", true),
        file("odd", new Uint8Array([1, 2, 3])),
        symlink("bin/sh", "tool"),
      ]);
      await Deno.writeFile(`${folder}/a.cpio`, archive);
      const { success, stderr } = await new Deno.Command("sh", {
        args: ["-c", "cpio -idm < a.cpio"],
        cwd: folder,
      }).output();
      assert.ok(success, new TextDecoder().decode(stderr));
      assert.equal(await Deno.readTextFile(`${folder}/bin/sh`), "#!/bin/sh\necho hi\n");
      assert.equal((await Deno.stat(`${folder}/bin/tool`)).mode! & 0o777, 0o755);
      assert.deepEqual(await Deno.readFile(`${folder}/odd`), new Uint8Array([1, 2, 3]));
      assert.equal(await Deno.readLink(`${folder}/bin/sh`), "tool");
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
});

Deno.test("cpio_newc() gives a device node its numbers and ends with the trailer", () => {
  const text = new TextDecoder("latin1").decode(cpio_newc([char_device("console", 5, 1)]));
  assert.equal(text.slice(0, 6), "070701");
  assert.equal(text.slice(6 + 8 * 9, 6 + 8 * 11), "0000000500000001");
  assert.match(text, /TRAILER!!!/);
  assert.equal(text.length % 512, 0);
});
