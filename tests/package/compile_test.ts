import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { join } from "node:path";
import config from "../../deno.json" with { type: "json" };
import { bundle, files_of } from "../../packaging/bundle.ts";
import { flags_of, run_flags } from "../../packaging/run_flags.ts";
import { compile } from "../../tools/compile.ts";
import { temporary_folder } from "./temporary_folder.ts";

// Any program of this system can stand in for denort: `deno compile` appends to it.
const STUB = "/bin/true";

Deno.test("deno compile takes the program and embeds the bundle, Workers too, and nothing else", {
  ignore: Deno.build.os !== "linux",
}, async () => {
  await using folder = await temporary_folder();
  const before = Deno.env.get("DENORT_BIN");
  Deno.env.set("DENORT_BIN", STUB);
  try {
    const output = await compile({ output: join(folder.path, "armvm"), log: () => {} });
    const file = Buffer.from(await Deno.readFile(output));
    const program = join(folder.path, "program");
    const bundled = await bundle(program);
    let size = 0;
    for (const name of await files_of(program)) {
      const bytes = Buffer.from(await Deno.readFile(join(program, name)));
      assert.ok(file.includes(bytes), `${name} is embedded`);
      size += bytes.length;
    }
    assert.deepEqual(bundled.workers, [
      "cpu/translate/translator_worker.js",
      "host/unpack_worker.js",
      "host/vcpu_worker.js",
    ]);
    const metadata = file.length - size - (await Deno.stat(STUB)).size;
    assert.ok(metadata < 80_000, `${metadata} bytes that are not the program's`);
    for (const unwanted of ["Deno.test(", "pure-rand", ".d.ts"]) {
      assert.ok(!file.includes(unwanted), unwanted);
    }
    // What it may do is baked in.
    assert.match(file.toString("latin1"), /"allow_write":\[\]/);
    const baked = /"v8_flags":(\[[^\]]*\])/.exec(file.toString("latin1"))![1]!;
    const [given] = v8_flags(run_flags("x86_64-unknown-linux-gnu"));
    for (const flag of given!.slice("--v8-flags=".length).split(",")) {
      assert.ok(JSON.parse(baked).includes(flag), `${flag} in ${baked}`);
    }
  } finally {
    if (before === undefined) Deno.env.delete("DENORT_BIN");
    else Deno.env.set("DENORT_BIN", before);
  }
});

Deno.test("the bundle starts its Workers from modules that are in it, and is reproducible", async () => {
  await using folder = await temporary_folder();
  const [first, again] = [join(folder.path, "a"), join(folder.path, "b")];
  const { main, workers } = await bundle(first);
  await bundle(again);
  const files = await files_of(first);
  assert.deepEqual(await files_of(again), files);
  let started = 0;
  for (const name of files) {
    const text = await Deno.readTextFile(join(first, name));
    assert.equal(await Deno.readTextFile(join(again, name)), text, name);
    for (const [, path] of text.matchAll(/new Worker\(new URL\("([^"]+)"/g)) {
      assert.ok(workers.includes(join(name, "..", path!)), path);
      started++;
    }
  }
  assert.ok(started > 0);
  assert.ok(files.includes(main));
});

const v8_flags = (words: readonly string[]): string[] =>
  words.filter((word) => word.startsWith("--v8-flags="));

Deno.test("every task that runs a guest gives V8 the same flags, and KVM's two for its start", () => {
  const [soft, ...others] = v8_flags(run_flags("x86_64-unknown-linux-gnu"));
  assert.deepEqual(others, []);
  const { boot, "armvm:kvm": kvm } = config.tasks;
  assert.deepEqual(v8_flags(boot.command.split(" ")), [soft]);
  assert.deepEqual(v8_flags(kvm.command.split(" ")), [`${soft},--no-lazy,--no-sparkplug`]);
});

// V8 runs without bounds checks, so no other WebAssembly may see data of the guest's or of images.
Deno.test("the program's WebAssembly is generated code, LZMA's decoder and two probes", async () => {
  await using folder = await temporary_folder();
  const program = join(folder.path, "program");
  // With the names that it has in the sources.
  await bundle(program, { minify: false });
  const made = new Set<string>();
  for (const name of await files_of(program)) {
    const text = await Deno.readTextFile(join(program, name));
    const uses = /WebAssembly\.(?:Module|compile|instantiate)\w*\(\w*\)?/g;
    // Threads have copies of it.
    for (const [use] of text.matchAll(uses)) made.add(use.replace(/\d+\)$/, ")"));
  }
  assert.deepEqual([...made].sort(), [
    "WebAssembly.Module(PROBE)",
    "WebAssembly.Module(binary)",
    "WebAssembly.Module(lzma_module",
    "WebAssembly.Module(module",
  ]);
});

Deno.test("the flags are those of the tasks, with FFI only where KVM can be", () => {
  assert.ok(run_flags("x86_64-unknown-linux-gnu").includes("--no-prompt"));
  assert.ok(!run_flags("x86_64-unknown-linux-gnu").includes("--allow-ffi"));
  assert.ok(run_flags("aarch64-unknown-linux-gnu").includes("--allow-ffi"));
  assert.equal(v8_flags(run_flags("x86_64-unknown-linux-gnu")).length, 1);
  const flags = ["--no-prompt", "--v8-flags=--a"];
  assert.deepEqual(flags_of(`deno run ${flags.join(" ")} main.ts`), flags);
  assert.throws(() => flags_of("deno run tools/x.ts main.ts"), /Cannot take flags/);
});
