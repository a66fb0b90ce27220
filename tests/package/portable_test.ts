import assert from "node:assert/strict";
import { join } from "node:path";
import { pack_runtime, portable, type PortableParts } from "../../packaging/portable.ts";
import { temporary_folder } from "./temporary_folder.ts";

// Stands in for Deno: says how it was started, and from where.
const RUNTIME = `#!/bin/sh
if [ "$1" = --version ]; then exit 0; fi
echo "runtime: $*"
echo "program: $(cat "$(dirname "$0")/program/main.js")"
echo "cache: $DENO_DIR"
exit 42
`;

const on_unix = { ignore: Deno.build.os === "windows" };

/** A portable file of a small program in a folder of its own. */
async function sample(change: Partial<PortableParts> = {}): Promise<Sample> {
  const folder = await temporary_folder();
  const program = join(folder.path, "program");
  await Deno.mkdir(join(program, "host"), { recursive: true });
  await Deno.writeTextFile(join(program, "main.js"), "the main module");
  await Deno.writeTextFile(join(program, "host", "worker.js"), "a Worker");
  const bytes = await portable({
    version: "1.2.3",
    target: "a test",
    needs: "nothing",
    runtime: await pack_runtime(new TextEncoder().encode(RUNTIME)),
    folder: program,
    bundle: { main: "main.js", workers: ["host/worker.js"] },
    flags: ["--no-prompt", "--allow-read"],
    ...change,
  });
  return new Sample(folder, bytes);
}

interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

class Sample implements AsyncDisposable {
  readonly home: string;
  readonly cache: string;
  constructor(readonly folder: AsyncDisposable & { path: string }, readonly bytes: Uint8Array) {
    this.home = join(folder.path, "the home");
    this.cache = join(this.home, ".cache", "armvm");
  }

  /** Runs the file, or other bytes in its place, in an environment with next to nothing. */
  async run(args: readonly string[] = [], options: RunSample = {}): Promise<Ran> {
    const { bytes = this.bytes, env = {}, limit } = options;
    await Deno.mkdir(this.home, { recursive: true });
    const file = join(this.folder.path, "an armvm");
    // Written once: a file that is being run cannot be written to.
    if (bytes !== this.#written) await Deno.writeFile(file, bytes, { mode: 0o755 });
    this.#written = bytes;
    const { code, stdout, stderr } = await new Deno.Command("env", {
      args: [
        ...["-i", "PATH=/usr/bin:/bin", `HOME=${this.home}`],
        ...Object.entries(env).map(([name, value]) => `${name}=${value}`),
        ...["sh", "-c", `${limit ?? ":"}; exec "$0" "$@"`, file, ...args],
      ],
      cwd: this.folder.path,
      stdin: "null",
    }).output();
    const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
    return { code, stdout: text(stdout), stderr: text(stderr) };
  }
  #written: Uint8Array | undefined;

  /** Names in the cache. */
  async cached(): Promise<string[]> {
    const names: string[] = [];
    for await (const { name } of Deno.readDir(this.cache)) names.push(name);
    return names;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.folder[Symbol.asyncDispose]();
  }
}

interface RunSample {
  readonly bytes?: Uint8Array;
  readonly env?: Record<string, string>;
  /** A command of the shell that starts it. */
  readonly limit?: string;
}

Deno.test("a portable file unpacks itself once and passes its arguments on", on_unix, async () => {
  await using it = await sample();
  const args = ["boot", "a b", "", "--x=$HOME"];
  const first = await it.run(args);
  assert.equal(first.code, 42);
  assert.match(first.stderr, /^armvm: unpacking itself into .*\/the home\/.cache\/armvm, once\n$/);
  const [digest] = await it.cached();
  assert.match(digest!, /^[0-9a-f]{64}$/);
  const place = join(it.cache, digest!);
  assert.equal(
    first.stdout,
    `runtime: run --no-config --no-lock --no-remote --no-npm --no-prompt --allow-read ` +
      `${place}/program/main.js boot a b  --x=$HOME\n` +
      `program: the main module\ncache: ${place}/cache\n`,
  );
  assert.equal(await Deno.readTextFile(join(place, "program/host/worker.js")), "a Worker");
  const again = await it.run(args);
  assert.deepEqual(again, { ...first, stderr: "" });
  assert.deepEqual(await it.cached(), [digest]);
});

Deno.test("what is unpacked is its owner's alone, also with an open umask", on_unix, async () => {
  await using it = await sample();
  await it.run([], { limit: "umask 0" });
  const [digest] = await it.cached();
  for (const path of [".", digest!, `${digest}/armvm`, `${digest}/program/main.js`]) {
    const { mode } = await Deno.stat(join(it.cache, path));
    assert.equal(mode! & 0o077, 0, path);
  }
});

Deno.test("the same parts make the same file, others another", on_unix, async () => {
  await using one = await sample();
  await using same = await sample();
  await using other = await sample({ version: "1.2.4" });
  assert.deepEqual(one.bytes, same.bytes);
  await one.run();
  await one.run([], { bytes: other.bytes });
  assert.equal((await one.cached()).length, 2);
});

Deno.test("a truncated file refuses to run, in one line", on_unix, async () => {
  await using it = await sample();
  const header = new TextDecoder("latin1").decode(it.bytes).indexOf("\nexit\n");
  for (const size of [600, header, header + 20, it.bytes.length - 1]) {
    const { code, stdout, stderr } = await it.run([], { bytes: it.bytes.subarray(0, size) });
    assert.deepEqual({ code, stdout, stderr }, {
      code: 3,
      stdout: "",
      stderr: "armvm: this file is not whole; get it again\n",
    }, `${size} bytes`);
  }
});

Deno.test("a modified file refuses to run, in one line", on_unix, async () => {
  await using it = await sample();
  const text = new TextDecoder("latin1").decode(it.bytes);
  const header = text.indexOf("\nexit\n");
  // In its version, its flags, its digest, and three places of the archive.
  const places = [text.indexOf("1.2.3"), text.indexOf("read "), text.indexOf("digest=") + 9];
  places.push(header + 8, (header + it.bytes.length) >> 1, it.bytes.length - 5);
  for (const at of places) {
    const bytes = it.bytes.slice();
    bytes[at]! ^= 1;
    const { code, stdout, stderr } = await it.run([], { bytes });
    assert.deepEqual({ code, stdout, stderr }, {
      code: 3,
      stdout: "",
      stderr: "armvm: this file is damaged; get it again\n",
    }, `byte ${at}`);
    assert.deepEqual(await it.cached(), []);
  }
});

Deno.test(
  "a script modified after the first start refuses too; the archive is not read",
  on_unix,
  async () => {
    await using it = await sample();
    const good = await it.run();
    assert.equal(good.code, 42);
    const change = (at: number): Uint8Array => {
      const bytes = it.bytes.slice();
      bytes[at]! ^= 1;
      return bytes;
    };
    const text = new TextDecoder("latin1").decode(it.bytes);
    const { code, stdout, stderr } = await it.run([], { bytes: change(text.indexOf("read ")) });
    assert.deepEqual({ code, stdout, stderr }, {
      code: 3,
      stdout: "",
      stderr: "armvm: this file is damaged; get it again\n",
    });
    const again = await it.run([], { bytes: change(it.bytes.length - 5) });
    assert.deepEqual(again, { ...good, stderr: "" });
  },
);

Deno.test("fifty first starts at once leave one good cache", on_unix, async () => {
  await using it = await sample();
  await it.run([], { env: { ARMVM_CACHE: join(it.home, "first") } });
  const runs = await Promise.all(Array.from({ length: 50 }, (_, i) => it.run([String(i)])));
  for (const [i, { code, stdout }] of runs.entries()) {
    assert.equal(code, 42);
    assert.match(stdout, new RegExp(` ${i}\nprogram: the main module\n`));
  }
  assert.equal((await it.cached()).length, 1);
  assert.equal(runs.filter(({ stderr }) => stderr !== "").length, 1, "one unpacked");
});

Deno.test("a start that was killed half-way does not stop the next", on_unix, async () => {
  await using it = await sample();
  await it.run();
  const [digest] = await it.cached();
  await Deno.remove(join(it.cache, digest!), { recursive: true });
  // What it leaves: its lock, and a folder.
  const gone = new Deno.Command("true").spawn();
  await gone.status;
  await Deno.mkdir(join(it.cache, `${digest}.lock`));
  await Deno.writeTextFile(join(it.cache, `${digest}.lock`, "owner"), `${gone.pid}\n`);
  await Deno.mkdir(join(it.cache, `.${digest}.${gone.pid}`));
  assert.equal((await it.run()).code, 42);
  assert.deepEqual(await it.cached(), [digest]);
});

Deno.test("a cache that cannot be written names ARMVM_CACHE, which helps", on_unix, async () => {
  await using it = await sample();
  await Deno.mkdir(it.home, { recursive: true });
  await Deno.writeTextFile(join(it.home, ".cache"), "a file");
  const { code, stdout, stderr } = await it.run();
  assert.deepEqual({ code, stdout }, { code: 3, stdout: "" });
  assert.match(stderr, /^armvm: cannot write to .*; set ARMVM_CACHE to a folder .* MB free\n$/);
  // Root may write everywhere but here.
  const read_only = await it.run([], { env: { ARMVM_CACHE: "/proc/armvm" } });
  assert.equal(read_only.code, 3);
  assert.match(read_only.stderr, /^armvm: cannot write to \/proc\/armvm; set ARMVM_CACHE .*\n$/);
  const helped = await it.run([], { env: { ARMVM_CACHE: "elsewhere" } });
  assert.equal(helped.code, 42);
  assert.ok((await Deno.stat(join(it.folder.path, "elsewhere"))).isDirectory);
});

Deno.test("a full cache leaves nothing behind and names ARMVM_CACHE", on_unix, async () => {
  const big = new Uint8Array(3 << 20);
  big.set(new TextEncoder().encode(RUNTIME));
  await using it = await sample({ runtime: await pack_runtime(big) });
  // No file larger than 1 MiB: as on a full disk, writing the runtime fails.
  const { code, stdout, stderr } = await it.run([], { limit: "ulimit -f 2048" });
  assert.deepEqual({ code, stdout }, { code: 3, stdout: "" });
  assert.match(
    stderr,
    /^armvm: unpacking .*\narmvm: cannot unpack into .*, which is full or limited; set ARMVM_CACHE .*\n$/,
  );
  assert.deepEqual(await it.cached(), []);
});

Deno.test("without a home, and in somebody else's cache, it says what to do", on_unix, async () => {
  await using it = await sample();
  const homeless = await it.run([], { env: { HOME: "" } });
  assert.equal(homeless.code, 3);
  assert.match(homeless.stderr, /^armvm: there is no home directory .* set ARMVM_CACHE .*\n$/);
  if (Deno.uid() !== 0) return;
  await it.run();
  const [digest] = await it.cached();
  await Deno.chown(join(it.cache, digest!), 4711, 4711);
  const { code, stderr } = await it.run();
  assert.equal(code, 3);
  assert.match(stderr, /^armvm: .* belongs to somebody else; set ARMVM_CACHE .*\n$/);
});

Deno.test(
  "a runtime that this system cannot run is said, with what it needs",
  on_unix,
  async () => {
    const runtime = await pack_runtime(new TextEncoder().encode("#!/no/such/interpreter\n"));
    await using it = await sample({ runtime, needs: "another system" });
    const { code, stderr } = await it.run();
    assert.equal(code, 3);
    assert.match(stderr, /does not run on this system \(another system\)/);
    assert.deepEqual(await it.cached(), []);
  },
);
