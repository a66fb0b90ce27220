import assert from "node:assert/strict";
import { demo_image } from "../../guest/demo/image.ts";
import { watch_silence } from "../../cli/silence.ts";
import { make_zimage } from "../../machine/boot/test_samples.ts";
import { Machine } from "../../mod.ts";
import { armvm } from "./armvm.ts";
import { ECHO_GUEST } from "./echo_guest.ts";

// wfi; b .-4
const SILENT = new Uint8Array(Uint32Array.of(0xe320f003, 0xeafffffd).buffer);

/** What is said of a guest that runs for a second and may be silent for a quarter of one. */
async function hints(bytes: Uint8Array): Promise<string[]> {
  const kernel = { bytes, name: "the guest" };
  const said: string[] = [];
  await using machine = await Machine.open({ kernel, accel: "soft", memory: 16 << 20 });
  void machine.console.readable.cancel();
  using _watch = watch_silence({
    machine,
    files: { kernel },
    append: "",
    unpacks_itself: false,
    patience: 250,
    say: (line) => said.push(line),
  });
  await machine.run({ timeout: 1000 });
  return said;
}

Deno.test("a guest that says nothing is noticed once, with a reason and where it is", async () => {
  const said = await hints(SILENT);
  assert.equal(said.length, 1);
  assert.match(
    said[0]!,
    /^the guest has said nothing for .* s\. Most likely reason: it is no Linux kernel, .*\. Its CPU is at 0x4001000[04]\.$/,
  );
});

Deno.test("a guest that says something is left alone", async () => {
  assert.deepEqual(await hints(ECHO_GUEST), []);
});

Deno.test("armvm doctor describes an image and says how to start it", async () => {
  const file = await Deno.makeTempFile({ suffix: " image" });
  try {
    await Deno.writeFile(file, demo_image());
    const good = await armvm(["doctor", file]);
    assert.deepEqual({ code: good.code, stderr: good.stderr }, { code: 0, stderr: "" });
    assert.match(good.stdout, /^image +a gzip file, .*\n +holds +a raw binary, /);
    assert.ok(good.stdout.endsWith(`  armvm boot '${file}' --append "console=ttyAMA0"\n`));

    await Deno.writeFile(file, make_zimage());
    const sick = await armvm(["doctor", file, "--json"]);
    assert.equal(sick.code, 4);
    const { architecture, findings } = JSON.parse(sick.stdout);
    assert.equal(architecture, "arm");
    assert.equal(findings[0].level, "problem");

    const missing = await armvm(["doctor", file, "--initrd", "/no/such"]);
    assert.equal(missing.code, 3);
    assert.match(missing.stderr, /^armvm: cannot read the initrd .*\n$/);
  } finally {
    await Deno.remove(file);
  }
});
