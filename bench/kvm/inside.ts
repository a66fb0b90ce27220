/**
 * Runs in the outer machine: the same boots by armvm and by QEMU with KVM, in turns, and exits per
 * second of armvm's vCPU loop and of a C program's. Prints JSON behind `## RESULT `, and a line at
 * the start and at the end of each time that is taken, so that CPU time can be seen from outside.
 */
import { KvmHypervisor } from "../../ffi/mod.ts";
import { ARM64_CORE, set_feature } from "../../hypervisor/mod.ts";

const ROUNDS = Number(Deno.args[0] ?? 3);
const SECONDS = 3;
const APPEND = "console=ttyAMA0 quiet";

interface Guest {
  readonly name: string;
  readonly kernel: string;
  readonly initrd: string;
  /** QEMU's `-cpu`. */
  readonly cpu: string;
}

const GUESTS: readonly Guest[] = [
  {
    name: "zImage",
    kernel: "guests/zImage",
    initrd: "guests/initramfs-armhf",
    cpu: "host,aarch64=off",
  },
  { name: "Image", kernel: "guests/Image", initrd: "guests/initramfs-arm64", cpu: "host" },
];

/** As the portable file and the npm package start it. */
function armvm({ kernel, initrd }: Guest): string[] {
  const permissions = ["--allow-read", "--allow-write", "--allow-env", "--allow-ffi"];
  return [
    ...["deno", "run", "--no-config", "--no-lock", "--no-remote", "--no-npm", "--no-prompt"],
    ...permissions,
    ...["program/main.js", "boot", kernel, "--initrd", initrd, "--accel", "kvm"],
    ...["--memory", "256M", "--append", APPEND],
  ];
}

function qemu({ kernel, initrd, cpu }: Guest): string[] {
  return [
    ...["peer/qemu-system-aarch64", "-M", "virt,gic-version=host", "-accel", "kvm", "-cpu", cpu],
    ...["-m", "256", "-nodefaults", "-display", "none", "-serial", "stdio", "-no-reboot"],
    ...["-kernel", kernel, "-initrd", initrd, "-append", APPEND],
  ];
}

/** Milliseconds from the start of a process to its guest's init. */
async function time_to_init(what: string, [command, ...args]: string[]): Promise<number> {
  console.log(`## FROM ${what}`);
  const started = performance.now();
  const process = new Deno.Command(command!, {
    args,
    stdin: "null",
    stdout: "piped",
    stderr: "inherit",
    env: { LD_LIBRARY_PATH: `${Deno.env.get("LD_LIBRARY_PATH")}:/armvm/peer` },
  }).spawn();
  let ready = NaN;
  let said = "";
  for await (const text of process.stdout.pipeThrough(new TextDecoderStream())) {
    said += text;
    if (!Number.isNaN(ready) || !said.includes("ARMVM-READY")) continue;
    ready = performance.now() - started;
    console.log(`## UNTIL ${what}`);
  }
  const { code } = await process.status;
  if (code !== 0 || Number.isNaN(ready)) throw new Error(`${command}: status ${code}\n${said}`);
  return ready;
}

/** Exits per second of the vCPU loop; the guest is that of exits.c. */
function exits_per_second(): number {
  const hypervisor = new KvmHypervisor();
  const gic = hypervisor.probe().gic[0]!;
  using vm = hypervisor.create_vm({ memory: { base: 0x4000_0000, size: 1 << 20 }, gic, vcpus: 1 });
  const vcpu = vm.create_vcpu(0);
  const init = vm.preferred_target();
  set_feature(init, "psci_0_2", true);
  vcpu.init(init);
  vm.memory.bytes.set(
    new Uint8Array(Uint32Array.of(0xd2a12000, 0xb9000001, 0x17ffffff).buffer),
  );
  vcpu.set_reg(ARM64_CORE.pc, 0x4000_0000n);
  const run = (ms: number): number => {
    let exits = 0;
    const started = performance.now();
    for (;;) {
      for (let i = 0; i < 1000; i++) if (vcpu.run().kind !== "mmio_write") throw new Error("exit");
      exits += 1000;
      const took = performance.now() - started;
      if (took >= ms) return exits * 1000 / took;
    }
  };
  run(2000);
  return run(SECONDS * 1000);
}

async function exits_of_c(): Promise<number> {
  const { stdout } = await new Deno.Command("/armvm/exits", { args: [String(SECONDS)] }).output();
  return Number(new TextDecoder().decode(stdout));
}

const result: Record<string, { armvm: number[]; peer: number[] }> = {
  "exits per second": { armvm: [], peer: [] },
};
Deno.chmodSync("/armvm/exits", 0o755);
Deno.chmodSync("/armvm/peer/qemu-system-aarch64", 0o755);
// Deno keeps what it has compiled of a program: the first start is not like the others.
await time_to_init("warm-up", armvm(GUESTS[1]!));
for (let round = 0; round < ROUNDS; round++) {
  result["exits per second"]!.armvm.push(exits_per_second());
  result["exits per second"]!.peer.push(await exits_of_c());
  for (const guest of GUESTS) {
    const times = result[`${guest.name} to init, ms`] ??= { armvm: [], peer: [] };
    times.armvm.push(await time_to_init(`armvm, ${guest.name}`, armvm(guest)));
    times.peer.push(await time_to_init(`peer, ${guest.name}`, qemu(guest)));
    console.log(guest.name, times.armvm.at(-1)!.toFixed(0), times.peer.at(-1)!.toFixed(0));
  }
}
console.log(`## RESULT ${JSON.stringify(result)}`);
