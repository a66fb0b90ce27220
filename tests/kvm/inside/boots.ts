import assert from "node:assert/strict";
import { type Ended, Machine, type MachineOptions } from "../../../mod.ts";
import { HAS_AARCH32, NO_KVM } from "./host.ts";

const GUESTS = new URL("../../../guests/", import.meta.url);
const LIMIT_MS = 90_000;
const BOOTS = Number(Deno.env.get("ARMVM_BOOTS") ?? 1);

/** What a guest's shell is told, and what it must answer. */
const COMMAND = "echo $((6 * 7)) $(uname -m)\r";

interface Guest {
  readonly kernel: string;
  readonly initrd: string;
  readonly answer: string;
}

const ALL: readonly Guest[] = [
  { kernel: "Image.gz", initrd: "initramfs-arm64", answer: "42 aarch64\r\n" },
  ...HAS_AARCH32 ? [{ kernel: "zImage", initrd: "initramfs-armhf", answer: "42 armv7l\r\n" }] : [],
];

/** Boots to a shell, types a command, leaves the shell; gives the end and the time to init. */
async function boot_to_shell(guest: Guest): Promise<{ ended: Ended; ready_ms: number }> {
  const began = performance.now();
  const options: MachineOptions = {
    kernel: new URL(guest.kernel, GUESTS),
    initrd: new URL(guest.initrd, GUESTS),
    append: "console=ttyAMA0 quiet shell",
    accel: "kvm",
    memory: 256 << 20,
  };
  await using machine = await Machine.open(options);
  assert.equal(machine.accel.accel, "kvm");
  const running = machine.run({ timeout: LIMIT_MS });
  const writer = machine.console.writable.getWriter();
  const say = (text: string) => writer.write(new TextEncoder().encode(text));
  let said = "";
  let ready_ms = 0;
  let step = 0;
  const decoder = new TextDecoder();
  for await (const chunk of machine.console.readable) {
    said += decoder.decode(chunk, { stream: true });
    if (ready_ms === 0 && said.includes("ARMVM-READY")) ready_ms = performance.now() - began;
    if (step === 0 && said.includes("# ")) {
      await say(COMMAND);
      step = 1;
    } else if (step === 1 && said.includes(guest.answer)) {
      await say("exit\r");
      step = 2;
    }
  }
  const ended = await running;
  assert.equal(step, 2, said);
  assert.match(said, /ARMVM-OFF/);
  return { ended, ready_ms };
}

/** Emulated hosts lose a guest once in a hundred boots, whatever runs it: one more try. */
async function once_again<T>(attempt: () => Promise<T>): Promise<T> {
  try {
    return await attempt();
  } catch (error) {
    console.log(`RETRYING after ${error}`);
    return await attempt();
  }
}

for (const guest of ALL) {
  Deno.test({
    name: `${guest.kernel} boots to a shell, answers and powers off`,
    ignore: NO_KVM !== undefined,
    async fn() {
      for (let count = 1; count <= BOOTS; count++) {
        const { ended, ready_ms } = await once_again(() => boot_to_shell(guest));
        assert.deepEqual(ended, { kind: "powered_off" });
        console.log(`${guest.kernel} boot ${count}: init after ${(ready_ms / 1000).toFixed(2)} s`);
      }
    },
  });
}

Deno.test({
  name: "a guest that resets starts again, on the same VM",
  ignore: NO_KVM !== undefined,
  async fn() {
    await using machine = await Machine.open({
      kernel: new URL("Image.gz", GUESTS),
      initrd: new URL("initramfs-arm64", GUESTS),
      append: "console=ttyAMA0 quiet reboot",
      accel: "kvm",
      memory: 256 << 20,
    });
    const running = machine.run({ timeout: LIMIT_MS });
    let said = "";
    const decoder = new TextDecoder();
    for await (const chunk of machine.console.readable) {
      said += decoder.decode(chunk, { stream: true });
      if (said.split("ARMVM-READY").length === 3) break;
    }
    const registers = await machine.monitor("registers");
    assert.ok(registers.some(({ name }) => name === "ttbr1_el1"));
    assert.ok((await machine.monitor("stats")).resets! >= 1);
    await machine[Symbol.asyncDispose]();
    assert.deepEqual(await running, { kind: "stopped" });
  },
});

const NO_AARCH32 =
  "a 32-bit guest that KVM cannot run gets the software core under auto, a reason under kvm";
if (NO_KVM === undefined && !HAS_AARCH32) {
  Deno.test(NO_AARCH32, async () => {
    const kernel = new URL("zImage", GUESTS);
    await assert.rejects(
      Machine.open({ kernel, accel: "kvm" }),
      /^AcceleratorError: Cannot use kvm: KVM runs no 32-bit guests here: .*; use --accel soft$/,
    );
    // Code of no kernel's: this is about the choice.
    await using machine = await Machine.open({ kernel: new Uint8Array(4096).fill(0xfe) });
    assert.equal(machine.accel.accel, "soft");
    assert.match(machine.accel.reason!, /KVM runs no 32-bit guests here/);
  });
}
