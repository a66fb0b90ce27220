import assert from "node:assert/strict";
import { read_file } from "./read_file.ts";

const options = { what: "image", limit: 4 << 20 };

Deno.test("read_file() reads into memory that threads can share", async () => {
  const path = await Deno.makeTempFile();
  try {
    const content = crypto.getRandomValues(new Uint8Array(60_000));
    await Deno.writeFile(path, content);
    const bytes = await read_file(path, options);
    assert.deepEqual([...bytes], [...content]);
    assert.ok(bytes.buffer instanceof SharedArrayBuffer);
    await assert.rejects(read_file(path, { ...options, limit: 59_999 }), /larger than the guest's/);
    assert.equal((await read_file(path, { ...options, limit: 60_000 })).length, 60_000);
  } finally {
    await Deno.remove(path);
  }
});

Deno.test({
  name: "read_file() reads a pipe, whatever its length",
  ignore: Deno.build.os === "windows",
  async fn() {
    const folder = await Deno.makeTempDir();
    try {
      const path = `${folder}/pipe`;
      assert.ok((await new Deno.Command("mkfifo", { args: [path] }).output()).success);
      const content = new Uint8Array(3_000_000).map((_, at) => at * 7);
      const [bytes] = await Promise.all([read_file(path, options), Deno.writeFile(path, content)]);
      assert.equal(bytes.length, content.length);
      assert.ok(bytes.every((byte, at) => byte === content[at]));
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
});
