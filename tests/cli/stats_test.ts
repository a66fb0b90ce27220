/** `--stats`, `profile` and `--jit-cache-size`, with a small guest. */
import assert from "node:assert/strict";
import { join } from "node:path";
import type { SpeedscopeFile } from "../../cli/profile/speedscope.ts";
import { armvm } from "./armvm.ts";

/** Counts down from 2^24, ten times, and powers off. */
const GUEST = Uint32Array.of(
  0xe3a0100a, // mov r1, #10
  0xe3a00401, // 1: mov r0, #0x1000000
  0xe2500001, // 2: subs r0, r0, #1
  0x1afffffd, // bne 2b
  0xe2511001, // subs r1, r1, #1
  0x1afffffa, // bne 1b
  0xe59f0000, // ldr r0, =0x84000008
  0xe1400070, // hvc #0
  0x84000008,
);

async function with_guest(f: (image: string, folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    const image = join(folder, "countdown.bin");
    await Deno.writeFile(image, new Uint8Array(GUEST.buffer));
    await f(image, folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("boot --stats says what each tier did and why the guest left it", async () => {
  await with_guest(async (image) => {
    const options = ["--stats", "--console", "none", "--jit-cache-size", "1M", "--accel", "soft"];
    const { code, stderr } = await armvm(["boot", image, ...options]);
    assert.equal(code, 0, stderr);
    const value = (name: string): number =>
      Number(new RegExp(`^${name} +([0-9.]+)$`, "m").exec(stderr)?.[1]);
    assert.ok(value("instructions") > 3.3e8, stderr);
    assert.ok(value("translator: instructions") > 3e8, stderr);
    assert.ok(value("interpreter: instructions") < 1e8, stderr);
    assert.ok(value("translator: regions") >= 1, stderr);
    assert.equal(value("exits: firmware call"), 1);
    assert.match(stderr, /ran for [\d.]+ s, \d+ million instructions a second/);
  });
});

Deno.test("profile writes a file for speedscope, with symbols, and shows the hottest places", async () => {
  await with_guest(async (image, folder) => {
    const map = join(folder, "System.map"), output = join(folder, "out.json");
    await Deno.writeTextFile(map, "40010000 T start\n4001000c t never\n");
    const options = ["--output", output, "--symbols", map, "--console", "none", "--accel", "soft"];
    const { code, stderr } = await armvm(["profile", image, ...options]);
    assert.equal(code, 0, stderr);
    assert.match(stderr, /\d samples, for speedscope.*\n +[\d.]+ % {2}\w+ \(kernel\)/);
    const file: SpeedscopeFile = JSON.parse(await Deno.readTextFile(output));
    const [profile] = file.profiles;
    assert.ok(profile!.weights.length === profile!.samples.length && profile!.endValue > 10);
    const names = file.shared.frames.map(({ name }) => name);
    assert.ok(names.includes("start"), names.join());
  });
});

Deno.test("Symbols that cannot be read are an error before the guest starts", async () => {
  await with_guest(async (image, folder) => {
    const missing = await armvm(["profile", image, "--symbols", join(folder, "none")]);
    assert.equal(missing.code, 3);
    assert.match(missing.stderr, /cannot read the file of symbols/);
    const useless = await armvm(["profile", image, "--symbols", image]);
    assert.equal(useless.code, 3);
    assert.match(useless.stderr, /has no symbols/);
  });
});
