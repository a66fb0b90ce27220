/**
 * The file for arm64 Linux in the KVM rig: alone with a kernel, it unpacks itself and boots it under
 * KVM. `deno task test:kvm-file`: apart from the other tests, as the emulated host takes a minute
 * for the unpacking.
 */
import assert from "node:assert/strict";
import { compile } from "../../tools/compile.ts";
import { guest_folder, require_guest } from "../../tools/fetch_guests.ts";
import { MACHINES } from "../kvm/machines.ts";
import { run_in_rig } from "../kvm/rig.ts";

const LIMIT_MS = 5 * 60_000;

const guests = await require_guest("zImage-armmp", "initramfs.cpio.gz", "Image-cloud-arm64");

// `env -i` takes Deno and the project away from it; the C library stays where the rig has it.
const SCRIPT = `chmod 755 armvm && mkdir /tmp/alone && cd /tmp/alone || exit 1
run() {
  busybox env -i PATH=/bin HOME=/tmp/alone LD_LIBRARY_PATH="$LD_LIBRARY_PATH" /armvm/armvm "$@"
}
run --version
run boot --accel kvm /armvm/zImage --initrd /armvm/initrd \\
  --append "console=ttyAMA0 quiet demo cryptomgr.notests=1"
`;

Deno.test("the arm64 file boots Debian's zImage under KVM", guests.skip, async () => {
  const output = await Deno.makeTempFile({ dir: guest_folder(), prefix: ".file-" });
  try {
    const target = "aarch64-unknown-linux-gnu";
    await compile({ target, output, portable: true, log: console.error });
    const result = await run_in_rig(MACHINES.find(({ aarch32 }) => aarch32)!, {
      script: SCRIPT,
      files: {
        armvm: await Deno.readFile(output),
        zImage: await Deno.readFile(guests.path("zImage-armmp")),
        initrd: await Deno.readFile(guests.path("initramfs.cpio.gz")),
      },
      limit_ms: LIMIT_MS,
    });
    assert.equal(result.status, 0, result.output);
    assert.match(result.output, /armvm: unpacking itself, once/);
    assert.match(result.output, /ARMVM-READY[^]*Linux .* armv7l/);
  } finally {
    await Deno.remove(output);
  }
});
