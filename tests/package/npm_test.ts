import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { join } from "node:path";
import config from "../../deno.json" with { type: "json" };
import { npm_manifest, npm_pack } from "../../packaging/npm.ts";
import { in_ci } from "../../tools/fetch_guests.ts";
import { temporary_folder } from "./temporary_folder.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const npm = await has("npm");

Deno.test("the npm package runs from a packed tarball in an empty prefix", {
  ignore: !in_ci() && !npm,
}, async () => {
  await using folder = await temporary_folder();
  const tarball = await npm_pack(folder.path);
  const prefix = join(folder.path, "prefix");
  await Deno.mkdir(prefix);
  const install = await run("npm", [
    ...["install", "--prefix", prefix, "--prefer-offline", "--no-audit", "--no-fund", tarball],
  ]);
  assert.equal(install.code, 0, install.stderr);

  const bin = join(prefix, "node_modules", ".bin", "armvm");
  const version = await run(bin, ["--version"]);
  assert.deepEqual({ code: version.code, stdout: version.stdout }, {
    code: 0,
    stdout: `${config.version}\n`,
  }, version.stderr);
  const demo = await run(bin, ["demo"]);
  assert.deepEqual({ code: demo.code, stderr: demo.stderr }, { code: 0, stderr: "" });
  assert.match(demo.stdout, /19 checks passed, 0 failed/);
  const bad = await run(bin, ["boot", "/no/such/file"]);
  assert.equal(bad.code, 3);

  const files: string[] = [];
  await list(join(prefix, "node_modules", "armvm"), files);
  assert.ok(files.some((name) => name.endsWith("LICENSE")));
  assert.ok(files.every((name) => !/\.ts$|_test|node_modules\/armvm\/node_modules/.test(name)));

  // A signal for the launcher stops the guest, with the status of that.
  const child = new Deno.Command(bin, {
    args: ["demo"],
    stdin: "piped",
    stdout: "piped",
    stderr: "null",
  }).spawn();
  let shown = "";
  for await (const text of child.stdout.pipeThrough(new TextDecoderStream())) {
    shown += text;
    if (shown.includes("Ctrl-D powers off.")) {
      child.kill("SIGTERM");
      break;
    }
  }
  assert.equal((await child.status).code, 143);
  await child.stdin.close().catch(() => {});
});

Deno.test("the manifest has the version and licence of deno.json, and depends on Deno", () => {
  const { version, license, dependencies } = npm_manifest();
  assert.deepEqual({ version, license }, { version: config.version, license: config.license });
  assert.deepEqual(dependencies, { deno: Deno.version.deno });
});

Deno.test("deno publish --dry-run has nothing to complain about", async () => {
  const { code, stderr } = await run(Deno.execPath(), ["publish", "--dry-run", "--allow-dirty"]);
  assert.equal(code, 0, stderr);
  assert.match(stderr, /Success Dry run complete/);
  assert.doesNotMatch(stderr, /\bwarning\b/i);
  const files = [...stderr.matchAll(/file:\/\/\S+/g)].map(([url]) => fileURLToPath(url));
  const published = files.filter((path) => path.startsWith(ROOT)).map((path) =>
    path.slice(ROOT.length)
  );
  for (const wanted of ["mod.ts", "main.ts", "host/vcpu_worker.ts", "guest/demo/image.ts"]) {
    assert.ok(published.includes(wanted), wanted);
  }
  const unwanted = published.filter((path) => /_test\.ts$|^tests|^tools|^bench|\.c$/.test(path));
  assert.deepEqual(unwanted, []);
});

interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

async function run(program: string, args: readonly string[]): Promise<Ran> {
  const { code, stdout, stderr } = await new Deno.Command(program, {
    args: [...args],
    cwd: ROOT,
    stdin: "null",
    env: { NO_COLOR: "1" },
  }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, stdout: text(stdout), stderr: text(stderr) };
}

async function has(tool: string): Promise<boolean> {
  return await run(tool, ["--version"]).then(({ code }) => code === 0, () => false);
}

async function list(folder: string, into: string[]): Promise<void> {
  for await (const entry of Deno.readDir(folder)) {
    const path = join(folder, entry.name);
    if (entry.isDirectory) await list(path, into);
    else into.push(path);
  }
}
