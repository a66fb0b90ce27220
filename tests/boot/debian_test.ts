import assert from "node:assert/strict";
import { require_guest } from "../../tools/fetch_guests.ts";
import { armvm } from "../cli/armvm.ts";
import { Running } from "../cli/running.ts";

const PROMPT = "# ";
const LIMIT = ["--timeout", "240"];
const BOOT_MS = 240_000;
/** Words for boots that are about something else: no messages, no self-tests of crypto code. */
const BRISK = "quiet cryptomgr.notests=1";

const guests = await require_guest("zImage-armmp", "zImage-lpae", "initramfs.cpio.gz");

function boot_args(kernel: "zImage-armmp" | "zImage-lpae", words: string): string[] {
  const initrd = guests.path("initramfs.cpio.gz");
  const append = `console=ttyAMA0 ${words}`;
  return ["boot", guests.path(kernel), "--initrd", initrd, "--append", append, ...LIMIT];
}

for (const kernel of ["zImage-armmp", "zImage-lpae"] as const) {
  Deno.test(
    `${kernel} boots to a shell that answers, idles and powers off`,
    guests.skip,
    async () => {
      await using guest = Running.armvm(boot_args(kernel, "quiet shell"));
      await guest.expect("ARMVM-READY ", BOOT_MS);
      await guest.expect(PROMPT);
      await guest.type("uname -m\r");
      await guest.expect("armv7l\r");
      await guest.type("cat /proc/cpuinfo\r");
      assert.match(await guest.expect("Hardware"), /CPU part\t: 0xc0f/);
      await guest.type("echo $((6 * 7))-$(seq 1 1000 | sha256sum | cut -c 1-16)\r");
      await guest.expect("42-67d4ff71d43921d5\r");

      await guest.type("sleep 4; echo SLEPT\r");
      await guest.expect("SLEPT\r\n");
      await guest.expect(PROMPT);
      const share = await cpu_share(guest.pid, 5000);
      assert.ok(share < 0.03, `an idle guest took ${(share * 100).toFixed(1)} % of a core`);

      await guest.type("exit\r");
      await guest.expect("ARMVM-OFF");
      assert.equal(await guest.ended(), 0);
      assert.equal(guest.stderr, "");
    },
  );
}

Deno.test("a guest that reboots starts again from its images", guests.skip, async () => {
  await using guest = Running.armvm(boot_args("zImage-armmp", `${BRISK} reboot`));
  await guest.expect("ARMVM-READY ", BOOT_MS);
  await guest.expect("ARMVM-READY ", BOOT_MS);
  guest.kill("SIGTERM");
  assert.equal(await guest.ended(), 143);
});

Deno.test("a guest that reboots under --no-reboot ends with status 8", guests.skip, async () => {
  const args = [...boot_args("zImage-lpae", `${BRISK} reboot`), "--no-reboot"];
  const { code, stdout } = await armvm(args, { limit_ms: BOOT_MS });
  assert.match(stdout, /ARMVM-OFF/);
  assert.equal(code, 8);
});

Deno.test("a guest without a root file system panics: status 6", guests.skip, async () => {
  const args = ["boot", guests.path("zImage-armmp"), "--append", "console=ttyAMA0 quiet", ...LIMIT];
  const { code, stderr } = await armvm(args, { limit_ms: BOOT_MS });
  assert.equal(code, 6);
  assert.match(stderr, /^armvm: the guest's kernel panicked: VFS: Unable to mount root fs/);
});

Deno.test("--timeout ends a boot with status 7", guests.skip, async () => {
  const args = boot_args("zImage-armmp", "shell");
  const { code } = await armvm([...args.slice(0, -LIMIT.length), "--timeout", "1"]);
  assert.equal(code, 7);
});

Deno.test(
  "commands that are piped in are all read, though they come before the shell",
  guests.skip,
  async () => {
    const commands = "cd /tmp\necho one > file\nwc -c < file\nuname -s\nexit\n";
    const { code, stdout } = await armvm(boot_args("zImage-armmp", `${BRISK} shell`), {
      stdin: commands,
      limit_ms: BOOT_MS,
    });
    assert.equal(code, 0);
    assert.match(stdout, /\n4\r\n[^]*\nLinux\r\n/);
  },
);

Deno.test(
  "deno task boot without a terminal shows the guest from inside",
  guests.skip,
  async () => {
    const root = new URL("../../", import.meta.url);
    const { code, stdout } = await new Deno.Command(Deno.execPath(), {
      args: ["task", "--quiet", "boot"],
      cwd: root,
      stdin: "null",
      stderr: "null",
      signal: AbortSignal.timeout(BOOT_MS),
    }).output();
    const text = new TextDecoder().decode(stdout);
    assert.match(text, /^Linux .* armv7l GNU\/Linux\r?$/m);
    assert.match(text, /^CPU implementer\t: 0x41\r?$/m);
    assert.equal(code, 0);
  },
);

/** The share of one core that a process uses over a while. */
async function cpu_share(pid: number, ms: number): Promise<number> {
  const before = await cpu_ticks(pid);
  const started = performance.now();
  await new Promise((resolve) => setTimeout(resolve, ms));
  const ticks = await cpu_ticks(pid) - before;
  return ticks * 10 / (performance.now() - started);
}

/** User and system time of a process in ticks of 10 ms (proc(5): utime and stime, USER_HZ 100). */
async function cpu_ticks(pid: number): Promise<number> {
  // Deno itself reads nothing below /proc without all permissions.
  const { stdout } = await new Deno.Command("cat", { args: [`/proc/${pid}/stat`] }).output();
  const stat = new TextDecoder().decode(stdout);
  // The name, in parentheses, may have spaces; utime is the 12th field after it.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return Number(fields[11]) + Number(fields[12]);
}
