/**
 * Runs in the outer machine: the same boots by armvm and by QEMU with KVM, in turns, and exits per
 * second of armvm's vCPU loop and of one in C. Prints JSON behind `## RESULT `, and a line at
 * the start and at the end of each time that is taken, so that CPU time can be seen from outside.
 *
 * `inside.ts ROUNDS FLAG...`: the flags are those of `deno run` for armvm.
 */
import { KvmHypervisor } from "../../ffi/mod.ts";
import { ARM64_CORE, set_feature } from "../../hypervisor/mod.ts";

const [rounds, ...FLAGS] = Deno.args;
const ROUNDS = Number(rounds);
/** Of both loops, how many exits in a turn, and how many turns count and do not. */
const EXITS = 50;
const TURNS = 300;
const WARM_UP = 600;
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
  return [
    ...["deno", "run", "--no-config", "--no-lock", "--no-remote", "--no-npm", ...FLAGS],
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

/** Exits per second. */
interface ExitRates {
  readonly armvm: number[];
  readonly peer: number[];
}

/**
 * Exits per second of `vcpu.run()` and of exits.c's loop, on one vCPU in turns of some milliseconds:
 * the machine's speed changes more from second to second than the two differ.
 */
function exit_rates(): ExitRates {
  const hypervisor = new KvmHypervisor();
  const gic = hypervisor.probe().gic[0]!;
  using vm = hypervisor.create_vm({ memory: { base: 0x4000_0000, size: 1 << 20 }, gic, vcpus: 1 });
  const vcpu = vm.create_vcpu(0);
  const init = vm.preferred_target();
  set_feature(init, "psci_0_2", true);
  vcpu.init(init);
  // mov x0, #0x09000000; str w1, [x0]; b .-4
  vm.memory.bytes.set(
    new Uint8Array(Uint32Array.of(0xd2a12000, 0xb9000001, 0x17ffffff).buffer),
  );
  vcpu.set_reg(ARM64_CORE.pc, 0x4000_0000n);
  const of_c = exits_of_c(vcpu_file());
  // One loop that does not return, as a machine's is: V8 optimises it on the stack, vcpu.run() with
  // it. The first turns are until its compiler is through with that.
  const rates: ExitRates = { armvm: [], peer: [] };
  for (let turn = 0; turn < WARM_UP + TURNS; turn++) {
    const started = performance.now();
    for (let i = 0; i < EXITS; i++) {
      if (vcpu.run().kind !== "mmio_write") throw new Error("an exit of another kind");
    }
    const between = performance.now();
    of_c(EXITS);
    const ended = performance.now();
    rates.armvm.push(EXITS * 1000 / (between - started));
    rates.peer.push(EXITS * 1000 / (ended - between));
  }
  return { armvm: rates.armvm.slice(WARM_UP), peer: rates.peer.slice(WARM_UP) };
}

/** exits.c's loop over a vCPU's file. */
function exits_of_c(fd: number): (count: number) => void {
  const { run_exits, mmap } = Deno.dlopen("/armvm/exits.so", {
    run_exits: { parameters: ["i32", "pointer", "i32"], result: "i32" },
    mmap: { parameters: ["usize", "usize", "i32", "i32", "i32", "i64"], result: "pointer" },
  }).symbols;
  const [readable_and_writable, shared] = [3, 1];
  const run = mmap(0n, 4096n, readable_and_writable, shared, fd, 0n);
  return (count) => {
    if (run_exits(fd, run, count) !== count) throw new Error("an exit of another kind");
  };
}

/** The file of the only vCPU that this process has. */
function vcpu_file(): number {
  for (const { name } of Deno.readDirSync("/proc/self/fd")) {
    try {
      if (Deno.readLinkSync(`/proc/self/fd/${name}`).includes("kvm-vcpu")) return Number(name);
    } catch {
      // The directory's own.
    }
  }
  throw new Error("no vCPU is open");
}

Deno.chmodSync("/armvm/peer/qemu-system-aarch64", 0o755);
const result: Record<string, { armvm: number[]; peer: number[] }> = {
  "exits per second": exit_rates(),
};
// Deno keeps what it has compiled of a program: the first start is not like the others.
await time_to_init("warm-up", armvm(GUESTS[1]!));
for (let round = 0; round < ROUNDS; round++) {
  for (const guest of GUESTS) {
    const times = result[`${guest.name} to init, ms`] ??= { armvm: [], peer: [] };
    const commands = { armvm: armvm(guest), peer: qemu(guest) };
    // Either goes first in turn: that one takes memory which another guest has left, and what the
    // outer emulator has translated of it has to go before it can be written.
    const order = ["armvm", "peer"] as const;
    for (const who of round % 2 === 0 ? order : order.toReversed()) {
      times[who].push(await time_to_init(`${who}, ${guest.name}`, commands[who]));
    }
    console.log(guest.name, times.armvm.at(-1)!.toFixed(0), times.peer.at(-1)!.toFixed(0));
  }
}
console.log(`## RESULT ${JSON.stringify(result)}`);
