import assert from "node:assert/strict";
import { armvm } from "./armvm.ts";
import { echo_guest_file, OFF, RESET } from "./echo_guest.ts";
import { Running } from "./running.ts";

const SMALL = ["--memory", "16M"];

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

Deno.test("a guest that powers off ends with status 0 and an empty stderr", async () => {
  await using guest = await echo_guest_file();
  const { code, stdout, stderr } = await armvm(["boot", guest.path, ...SMALL], {
    stdin: `abc${OFF}`,
  });
  assert.deepEqual({ code, stdout, stderr }, { code: 0, stdout: ">abc", stderr: "" });
});

Deno.test("more input than any buffer holds arrives whole", async () => {
  await using guest = await echo_guest_file();
  const text = "All the world's a stage, ".repeat(800);
  const { code, stdout } = await armvm(["boot", guest.path, ...SMALL], { stdin: `${text}${OFF}` });
  assert.equal(code, 0);
  assert.equal(stdout, `>${text}`);
});

Deno.test("Ctrl-A in piped input goes to the guest", async () => {
  await using guest = await echo_guest_file();
  const { code, stdout } = await armvm(["boot", guest.path, ...SMALL], { stdin: `\x01x${OFF}` });
  assert.deepEqual({ code, stdout }, { code: 0, stdout: ">\x01x" });
});

Deno.test("the end of the input does not stop the guest; --timeout does, with status 7", async () => {
  await using guest = await echo_guest_file();
  const args = ["boot", guest.path, ...SMALL, "--timeout", "1.5"];
  const { code, stdout, stderr } = await armvm(args, { stdin: "abc" });
  assert.deepEqual({ code, stdout }, { code: 7, stdout: ">abc" });
  assert.equal(stderr, "armvm: stopped: --timeout of 1.5 s passed\n");
});

Deno.test("a reset starts the guest again, or ends with status 8 under --no-reboot", async () => {
  await using guest = await echo_guest_file();
  const again = await armvm(["boot", guest.path, ...SMALL, "--quiet"], {
    stdin: `a${RESET}b${OFF}`,
  });
  assert.deepEqual(again, { code: 0, stdout: ">a>b", stderr: "" });
  const once = await armvm(["boot", guest.path, ...SMALL, "--no-reboot"], {
    stdin: `a${RESET}b${OFF}`,
  });
  assert.deepEqual({ code: once.code, stdout: once.stdout }, { code: 8, stdout: ">a" });
  assert.match(once.stderr, /^armvm: the guest reset; stopped because of --no-reboot\n$/);
});

Deno.test("a kernel panic ends with status 6 and says which", async () => {
  await using guest = await echo_guest_file();
  const panic = "\n[    1.5] Kernel panic - not syncing: out of tea\n";
  const hangs = `${panic}[    1.6] ---[ end Kernel panic - not syncing: out of tea ]---\n`;
  for (const stdin of [hangs, `${panic}${RESET}`]) {
    const { code, stderr } = await armvm(["boot", guest.path, ...SMALL, "--no-reboot"], { stdin });
    assert.equal(code, 6);
    assert.equal(stderr, "armvm: the guest's kernel panicked: out of tea\n");
  }
});

Deno.test("--console file:F takes the output, --console none drops it", async () => {
  await using guest = await echo_guest_file();
  const folder = await Deno.makeTempDir();
  try {
    const to_file = ["--console", `file:${folder}/serial.log`, "--timeout", "1"];
    const filed = await armvm(["boot", guest.path, ...SMALL, ...to_file], { stdin: `ab${OFF}` });
    assert.deepEqual({ code: filed.code, stdout: filed.stdout }, { code: 7, stdout: "" });
    assert.equal(await Deno.readTextFile(`${folder}/serial.log`), ">");
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
  const dropped = await armvm(
    ["boot", guest.path, ...SMALL, "--console", "none", "--timeout", "1"],
    { stdin: `ab${OFF}` },
  );
  assert.deepEqual({ code: dropped.code, stdout: dropped.stdout }, { code: 7, stdout: "" });
});

Deno.test("signals stop the guest cleanly, each with its status", async () => {
  await using guest = await echo_guest_file();
  const signals = [["SIGINT", 130], ["SIGTERM", 143], ["SIGHUP", 129], ["SIGQUIT", 131]] as const;
  for (const [signal, status] of signals) {
    await using running = Running.armvm(["boot", guest.path, ...SMALL]);
    await running.expect(">");
    running.kill(signal);
    assert.equal(await running.ended(), status);
    assert.equal(running.stderr, "");
  }
});

Deno.test("a signal is heard while a file is a pipe without another end", async () => {
  await using guest = await echo_guest_file();
  const pipe = `${guest.path}.pipe`;
  assert.ok((await new Deno.Command("mkfifo", { args: [pipe] }).output()).success);
  try {
    const cases = [
      { args: [pipe, "--append", "x".repeat(1024)], before: "cut it off" },
      { args: [guest.path, "--console", `file:${pipe}`, "--verbose"], before: "loaded in" },
    ];
    for (const { args, before } of cases) {
      await using running = Running.armvm(["boot", ...args, ...SMALL]);
      while (!running.stderr.includes(before)) await sleep(50);
      // Nothing says that it waits for the pipe now: give it time to get there.
      await sleep(500);
      running.kill("SIGTERM");
      assert.equal(await running.ended(), 143);
    }
  } finally {
    await Deno.remove(pipe);
  }
});

Deno.test("a reader of the output that goes away ends the guest with status 141", async () => {
  await using guest = await echo_guest_file();
  const script = `{ sleep 1; yes; } | "$0" run --no-prompt -R -W -E "$1" boot "$2" | head -c 100
    echo "/\${PIPESTATUS[1]}"`;
  const main = new URL("../../main.ts", import.meta.url).pathname;
  const { stdout } = await new Deno.Command("bash", {
    args: ["-c", script, Deno.execPath(), main, guest.path],
    stderr: "null",
  }).output();
  assert.match(new TextDecoder().decode(stdout), /\/141\n$/);
});

Deno.test("a standard output that is full ends the guest with status 3 and says so", async () => {
  await using guest = await echo_guest_file();
  const script = `"$0" run --quiet --no-prompt -R -W -E "$1" boot "$2" --timeout 30 >/dev/full`;
  const main = new URL("../../main.ts", import.meta.url).pathname;
  const { code, stderr } = await new Deno.Command("sh", {
    args: ["-c", script, Deno.execPath(), main, guest.path],
    stdin: "null",
    env: { NO_COLOR: "1" },
  }).output();
  assert.match(
    new TextDecoder().decode(stderr),
    /^armvm: cannot write to the standard output: [^\n]+\n$/,
  );
  assert.equal(code, 3);
});

Deno.test("--verbose says what is done, on stderr alone", async () => {
  await using guest = await echo_guest_file();
  const args = ["boot", guest.path, ...SMALL, "--verbose"];
  const { code, stdout, stderr } = await armvm(args, { stdin: OFF });
  assert.deepEqual({ code, stdout }, { code: 0, stdout: ">" });
  assert.match(stderr, /^armvm: using the software core: .+$/m);
  assert.match(stderr, /^armvm: raw binary .* at 0x40010000.*$/m);
  assert.match(stderr, /^armvm: ended by powered_off after .* s$/m);
});
