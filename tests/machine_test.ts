import assert from "node:assert/strict";
import { AcceleratorError, ImageError, Machine } from "../mod.ts";
import { ECHO_GUEST, OFF, RESET } from "./cli/echo_guest.ts";

const MEMORY = 16 << 20;
const LIMIT = { timeout: 60_000 };

/** Types at a machine's console and leaves it open. */
async function type(machine: Machine, text: string): Promise<void> {
  const writer = machine.console.writable.getWriter();
  await writer.write(new TextEncoder().encode(text));
  writer.releaseLock();
}

Deno.test("a machine runs its guest, and its console ends with it", async () => {
  await using machine = await Machine.open({ kernel: ECHO_GUEST, memory: MEMORY });
  const said = new Response(machine.console.readable).text();
  await type(machine, `to and fro${OFF}`);
  assert.deepEqual(await machine.run(LIMIT), { kind: "powered_off" });
  assert.equal(await said, ">to and fro");
  // Nobody is there any more: not an error either.
  await type(machine, "hello?");
});

Deno.test("a machine is stopped by its signal, by its time limit and by being disposed of", async () => {
  {
    await using machine = await Machine.open({ kernel: ECHO_GUEST, memory: MEMORY });
    const controller = new AbortController();
    const ended = machine.run({ signal: controller.signal });
    await machine.console.readable.getReader().read();
    controller.abort();
    assert.deepEqual(await ended, { kind: "stopped" });
  }
  {
    await using machine = await Machine.open({ kernel: ECHO_GUEST, memory: MEMORY });
    assert.deepEqual(await machine.run({ timeout: 50 }), { kind: "timeout" });
  }
  {
    await using machine = await Machine.open({ kernel: ECHO_GUEST, memory: MEMORY });
    assert.deepEqual(await machine.run({ signal: AbortSignal.abort() }), { kind: "stopped" });
  }
  const machine = await Machine.open({ kernel: ECHO_GUEST, memory: MEMORY });
  const ended = machine.run();
  await machine[Symbol.asyncDispose]();
  assert.deepEqual(await ended, { kind: "stopped" });
});

Deno.test("a machine that never ran is disposed of like any other", async () => {
  await using _ = await Machine.open({ kernel: ECHO_GUEST, memory: MEMORY });
});

Deno.test("a machine runs once", async () => {
  await using machine = await Machine.open({ kernel: ECHO_GUEST, memory: MEMORY });
  const first = machine.run({ timeout: 50 });
  await assert.rejects(machine.run(), TypeError);
  await first;
  await assert.rejects(machine.run(), TypeError);
});

Deno.test("a machine with start does not wait for run(), which still says how it ended", async () => {
  await using machine = await Machine.open({ kernel: ECHO_GUEST, memory: MEMORY, start: true });
  const reader = machine.console.readable.getReader();
  const first = await reader.read();
  assert.equal(new TextDecoder().decode(first.value), ">");
  await type(machine, OFF);
  // The console's end is the guest's.
  assert.equal((await reader.read()).done, true);
  assert.deepEqual(await machine.run(LIMIT), { kind: "powered_off" });
  await assert.rejects(machine.run(), TypeError);
  await using stopped = await Machine.open({ kernel: ECHO_GUEST, memory: MEMORY, start: true });
  assert.deepEqual(await stopped.run({ timeout: 50 }), { kind: "timeout" });
  await using _unused = await Machine.open({ kernel: ECHO_GUEST, memory: MEMORY, start: true });
});

Deno.test("a reset starts the guest again, or ends the run under no_reboot", async () => {
  for (const no_reboot of [false, true]) {
    await using machine = await Machine.open({ kernel: ECHO_GUEST, memory: MEMORY, no_reboot });
    const said = new Response(machine.console.readable).text();
    await type(machine, `a${RESET}b${OFF}`);
    const { kind } = await machine.run(LIMIT);
    assert.equal(kind, no_reboot ? "reset" : "powered_off");
    assert.equal(await said, no_reboot ? ">a" : ">a>b");
  }
});

Deno.test("output that nobody reads holds the guest, and loses nothing", async () => {
  await using machine = await Machine.open({ kernel: ECHO_GUEST, memory: MEMORY });
  const text = "0123456789".repeat(20_000);
  const ended = machine.run(LIMIT);
  const typed = type(machine, `${text}${OFF}`);
  await new Promise((resolve) => setTimeout(resolve, 300));
  const said = await new Response(machine.console.readable).text();
  await typed;
  assert.equal(said.length, text.length + 1);
  assert.equal(said, `>${text}`);
  assert.equal((await ended).kind, "powered_off");
});

Deno.test("the monitor answers before the guest runs and while it runs", async () => {
  await using machine = await Machine.open({ kernel: ECHO_GUEST, memory: MEMORY });
  const at_rest = await machine.monitor("registers");
  assert.equal(at_rest.find(({ name }) => name === "pc")!.value, 0x4001_0000n);
  assert.equal(at_rest.find(({ name }) => name === "r1")!.value, 0xffff_ffffn);
  const ended = machine.run(LIMIT);
  await machine.console.readable.getReader().read();
  const [registers, devices, stats] = await Promise.all([
    machine.monitor("registers"),
    machine.monitor("devices"),
    machine.monitor("stats"),
  ]);
  assert.equal(registers.find(({ name }) => name === "r4")!.value, 0x0900_0000n);
  assert.ok(registers.some(({ name }) => name === "sctlr"));
  assert.ok(devices.some(({ name, base }) => name === "pl011" && base === 0x0900_0000));
  assert.ok(stats["serial characters sent"]! >= 1);
  await type(machine, OFF);
  assert.equal((await ended).kind, "powered_off");
  await assert.rejects(machine.monitor("registers"), /the guest has ended/);
  // Stats are kept from the guest's end.
  assert.ok((await machine.monitor("stats"))["serial characters sent"]! >= 1);
});

Deno.test("Machine.open() says which of its options is wrong", async () => {
  const kernel = ECHO_GUEST;
  const wrong: [Record<string, unknown>, new (...args: never[]) => Error, RegExp][] = [
    [{}, TypeError, /no kernel/],
    [{ kernel, memory: 5 }, RangeError, /memory of 5 bytes is out of range/],
    [{ kernel, memory: 2 ** 40 }, RangeError, /out of range/],
    [{ kernel, memory: NaN }, RangeError, /out of range/],
    [{ kernel, memory: (16 << 20) + 4096 }, RangeError, /not in whole MiB/],
    [{ kernel, cpu: "z80" }, TypeError, /cpu of z80; choose from cortex-a15, cortex-a7/],
    [{ kernel, engine: "warp" }, TypeError, /engine of warp/],
    [{ kernel, accel: "hvf" }, TypeError, /accel of hvf/],
    [{ kernel, gic: 4 }, TypeError, /gic of 4/],
    [{ kernel, append: "a\0b" }, TypeError, /NUL/],
    [{ kernel, gic: 3 }, AcceleratorError, /no GICv3; choose from v2/],
    [{ kernel: new Uint8Array() }, ImageError, /Cannot boot the kernel: .*empty/],
    [{ kernel, dtb: new Uint8Array(8) }, ImageError, /device tree/],
    [{ kernel: "no/such/file" }, Deno.errors.NotFound, /no\/such\/file/],
  ];
  for (const [options, kind, says] of wrong) {
    await assert.rejects(
      Machine.open(options as unknown as Parameters<typeof Machine.open>[0]),
      (error) => {
        assert.ok(error instanceof kind, `${error} for ${JSON.stringify(Object.keys(options))}`);
        assert.match(error.message, says);
        return true;
      },
    );
  }
});

Deno.test("run() refuses a time limit that no timer can count", async () => {
  await using machine = await Machine.open({ kernel: ECHO_GUEST, memory: MEMORY });
  for (const timeout of [0, -1, NaN, Infinity, 2 ** 31]) {
    await assert.rejects(machine.run({ timeout }), RangeError);
  }
});
