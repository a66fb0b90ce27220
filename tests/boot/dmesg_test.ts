import assert from "node:assert/strict";
import { in_ci, require_guest } from "../../tools/fetch_guests.ts";
import { armvm } from "../cli/armvm.ts";

const guests = await require_guest("zImage-armmp", "zImage-lpae", "initramfs.cpio.gz");
const have_qemu = await new Deno.Command("sh", { args: ["-c", "command -v qemu-system-arm"] })
  .output().then(({ success }) => success);
if (!have_qemu) {
  console.error("SKIPPING what needs qemu-system-arm: apt-get install qemu-system-arm");
}
const skip = { ignore: guests.skip.ignore || (!have_qemu && !in_ci()) };

const APPEND = "console=ttyAMA0 quiet dmesg";
const LIMIT_MS = 300_000;
/** The first line of a kernel's log, as `dmesg -r` prints it. */
const BOOTING = /^<6>\[ *0\.0+\] Booting Linux on physical CPU 0x0\r?$/m;

for (const kernel of ["zImage-armmp", "zImage-lpae"] as const) {
  Deno.test(`${kernel} has nothing to warn of that it has not under QEMU`, skip, async () => {
    const initrd = guests.path("initramfs.cpio.gz");
    const files = [guests.path(kernel), "--initrd", initrd, "--append", APPEND];
    const ours = await armvm(["boot", ...files, "--timeout", "280"], { limit_ms: LIMIT_MS });
    assert.equal(ours.code, 0);
    assert.match(ours.stdout, BOOTING);
    const theirs = await new Deno.Command("qemu-system-arm", {
      args: [
        ...["-M", "virt,highmem=off", "-cpu", "cortex-a15", "-m", "512", "-nographic"],
        ...["-nodefaults", "-serial", "stdio", "-no-reboot"],
        ...["-kernel", files[0]!, "-initrd", initrd, "-append", APPEND],
      ],
      stdin: "null",
      signal: AbortSignal.timeout(LIMIT_MS),
    }).output();
    const reference = new TextDecoder().decode(theirs.stdout);
    assert.match(reference, BOOTING);
    const known = new Set(warnings(reference));
    const fresh = warnings(ours.stdout).filter((line) => !known.has(line));
    assert.deepEqual(fresh, []);
  });
}

/** The lines of a raw kernel log at level warning or worse, without times and numbers. */
function warnings(output: string): string[] {
  return output.split(/\r?\n/).flatMap((line) => {
    const match = /^<(\d+)>\[ *\d+\.\d+\] (.*)$/.exec(line);
    // Facility and level in one number: the level is its low three bits.
    if (!match || (Number(match[1]) & 7) > 4) return [];
    return [match[2]!.replaceAll(/0x[0-9a-f]+|\b[0-9a-f]{8,}\b|\d+/g, "N")];
  });
}
