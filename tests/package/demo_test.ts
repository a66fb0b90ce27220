import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";
import { DEMO_COMPILER, demo_image, DEMO_SHA256 } from "../../guest/demo/image.ts";
import { judge } from "../../cli/selftest.ts";
import { build_demo, demo_compiler, image_module, sha256 } from "../../tools/demo_guest.ts";
import { in_ci } from "../../tools/fetch_guests.ts";
import { armvm } from "../cli/armvm.ts";
import { Running } from "../cli/running.ts";

const BOOT_TASK = fileURLToPath(new URL("../../tools/boot.ts", import.meta.url));
const compiler = await demo_compiler();
const qemu = await which("qemu-system-arm");

Deno.test("the embedded demonstration is what its source builds to", {
  ignore: !in_ci() && compiler !== DEMO_COMPILER,
}, async () => {
  assert.equal(compiler, DEMO_COMPILER, "the compiler: rebuild with tools/demo_guest.ts");
  const built = await build_demo();
  assert.equal(sha256(built.image), DEMO_SHA256);
  const embedded = gunzipSync(demo_image());
  assert.equal(sha256(embedded), DEMO_SHA256);
  assert.match(image_module(built), /^\/\*\*[^]*export function demo_image/);
});

for (const board of [["virt", "cortex-a15"], ["virt,gic-version=3", "max"]] as const) {
  Deno.test(`the demonstration's checks pass on QEMU's ${board[0]} with ${board[1]}`, {
    ignore: !in_ci() && !qemu,
  }, async () => {
    const file = await Deno.makeTempFile();
    try {
      await Deno.writeFile(file, gunzipSync(demo_image()));
      const { stdout } = await new Deno.Command("timeout", {
        args: [
          ...["30", "qemu-system-arm", "-M", board[0], "-cpu", board[1], "-m", "64"],
          ...["-nodefaults", "-display", "none", "-serial", "stdio"],
          ...["-kernel", file, "-append", "selftest"],
        ],
        stdin: "null",
      }).output();
      const { wrong, summary } = judge(new TextDecoder().decode(stdout));
      assert.deepEqual(wrong, []);
      assert.match(summary, /^19 checks passed/);
    } finally {
      await Deno.remove(file);
    }
  });
}

Deno.test("armvm demo shows the CPU, passes its checks and ends with its input", async () => {
  const { code, stdout, stderr } = await armvm(["demo", "--cpu", "cortex-a7"], {
    stdin: "hello\r",
  });
  assert.deepEqual({ code, stderr }, { code: 0, stderr: "" });
  assert.match(stdout, /CPU +Cortex-A7 /);
  assert.match(stdout, /19 checks passed, 0 failed/);
  assert.match(stdout, /together [\d.]+ MIPS/);
  assert.match(stdout, /you said: hello\r\n[^]*Powering off/);
});

Deno.test("armvm demo echoes what is typed and idles in between", async () => {
  await using demo = Running.armvm(["demo"]);
  await demo.expect("Ctrl-D powers off.");
  await demo.type("abc\x7fd\r");
  await demo.expect("you said: abd");
  const before = await cpu_ticks(demo.pid);
  await new Promise((resolve) => setTimeout(resolve, 700));
  // In hundredths of a second: an idle guest costs next to nothing.
  assert.ok(await cpu_ticks(demo.pid) - before < 20);
  await demo.type("\x04");
  assert.equal(await demo.ended(), 0);
});

Deno.test("armvm selftest checks every engine and CPU of this host", async () => {
  const { code, stdout, stderr } = await armvm(["selftest"]);
  assert.deepEqual({ code, stderr }, { code: 0, stderr: "" });
  for (const engine of ["translator", "interpreter", "reference"]) {
    for (const cpu of ["cortex-a15", "cortex-a7"]) {
      assert.match(stdout, new RegExp(`^soft, ${engine}, ${cpu}: ok: 19 checks passed, `, "m"));
    }
  }
  assert.match(stdout, /^kvm(: not available: |.*: ok: )/m);
  assert.match(stdout, /^all \d+ ways to run a guest work$/m);
});

Deno.test("the self-test names what failed, and a guest that stopped half-way", () => {
  const good = "  NEON      ok\r\n  timer: 10 ms    FAILED\r\n18 checks passed, 1 failed\r\n";
  assert.deepEqual(judge(good).wrong, ["timer: 10 ms"]);
  assert.deepEqual(judge("  NEON      ok\r\n").wrong, ["it did not get to the end"]);
  assert.deepEqual(judge("19 checks passed, 0 failed\n   together 7.5 MIPS\n"), {
    wrong: [],
    summary: "19 checks passed, 7.5 MIPS",
  });
});

Deno.test("the boot task runs the demonstration where apt is not to be had, and says so", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "-q", "--no-prompt", "-R", "-W", "-E", "--allow-run", BOOT_TASK],
      // No apt-get to be found.
      env: { ARMVM_GUESTS: folder, PATH: folder },
      stdin: "null",
    }).output();
    assert.ok(success);
    const said = new TextDecoder().decode(stderr);
    assert.match(said, /cannot fetch zImage-armmp through apt: apt-get is not installed/);
    assert.match(said, /running the demonstration instead/);
    assert.match(new TextDecoder().decode(stdout), /19 checks passed, 0 failed/);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

async function cpu_ticks(pid: number): Promise<number> {
  // Deno itself may not look into /proc without all permissions.
  const { stdout } = await new Deno.Command("cat", { args: [`/proc/${pid}/stat`] }).output();
  const stat = new TextDecoder().decode(stdout);
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return Number(fields[11]) + Number(fields[12]);
}

async function which(tool: string): Promise<boolean> {
  return await new Deno.Command(tool, { args: ["--version"], stdout: "null", stderr: "null" })
    .output().then(({ success }) => success, () => false);
}
