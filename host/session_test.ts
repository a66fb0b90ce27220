import assert from "node:assert/strict";
import { PanicWatch } from "./panic_watch.ts";
import { CONTROL } from "./protocol.ts";
import type { Turn } from "../machine/machine.ts";
import { type Guest, run_session, type SessionOptions } from "./session.ts";

/** A guest that stops as the script says, doing what the script does on the way. */
function scripted(...script: (() => Turn)[]): Guest & { resets: number } {
  return {
    resets: 0,
    turn: () => script.shift()!(),
    reset() {
      this.resets++;
    },
    next_event_ms: () => Infinity,
  };
}

function options(more: Partial<SessionOptions> = {}): SessionOptions {
  return {
    control: new Int32Array(new SharedArrayBuffer(CONTROL.words * 4)),
    panic: new PanicWatch(),
    no_reboot: false,
    hooks: { mail: () => Promise.resolve(), alarm: () => {}, log: () => {} },
    ...more,
  };
}

const interrupted = (): Turn => ({ kind: "interrupted" });
const off = (): Turn => ({ kind: "powered_off" });
const reset = (): Turn => ({ kind: "reset" });

function say(panic: PanicWatch, text: string): void {
  for (const byte of new TextEncoder().encode(text)) panic.see(byte);
}

Deno.test("a session goes on after interruptions until the guest powers off", async () => {
  assert.deepEqual(await run_session(scripted(interrupted, interrupted, off), options()), {
    kind: "powered_off",
  });
});

Deno.test("a session stops when it is told to", async () => {
  const session = options();
  const guest = scripted(() => {
    Atomics.store(session.control, CONTROL.stop, 1);
    return { kind: "interrupted" };
  });
  assert.deepEqual(await run_session(guest, session), { kind: "stopped" });
});

Deno.test("a reset starts the guest again, or ends it under no_reboot", async () => {
  const guest = scripted(reset, reset, off);
  assert.deepEqual(await run_session(guest, options()), { kind: "powered_off" });
  assert.equal(guest.resets, 2);
  assert.deepEqual(await run_session(scripted(reset), options({ no_reboot: true })), {
    kind: "reset",
  });
});

Deno.test("a reset that follows a panic ends as a panic under no_reboot", async () => {
  const session = options({ no_reboot: true });
  const guest = scripted(() => {
    say(session.panic, "Kernel panic - not syncing: out of tea\n");
    return { kind: "reset" };
  });
  assert.deepEqual(await run_session(guest, session), { kind: "panic", message: "out of tea" });
});

Deno.test("a panic that hangs ends the session", async () => {
  const session = options();
  const guest = scripted(() => {
    say(
      session.panic,
      "Kernel panic - not syncing: x\n---[ end Kernel panic - not syncing: x ]---\n",
    );
    return { kind: "interrupted" };
  });
  assert.deepEqual(await run_session(guest, session), { kind: "panic", message: "x" });
});

Deno.test("each announced message is dealt with before the guest goes on", async () => {
  let read = 0;
  const session = options({
    hooks: {
      mail: () => Promise.resolve(void read++),
      alarm: () => {},
      log: () => {},
    },
  });
  const guest = scripted(
    () => {
      Atomics.add(session.control, CONTROL.mail, 2);
      return { kind: "interrupted" };
    },
    () => {
      assert.equal(read, 2);
      return { kind: "powered_off" };
    },
  );
  await run_session(guest, session);
  assert.equal(read, 2);
});

Deno.test("a device's next event becomes an alarm, once", async () => {
  const alarms: number[] = [];
  const session = options({
    hooks: { mail: () => Promise.resolve(), alarm: (ms) => alarms.push(ms), log: () => {} },
  });
  const guest = { ...scripted(interrupted, interrupted, off), next_event_ms: () => 5000 };
  await run_session(guest, session);
  assert.equal(alarms.length, 1);
  assert.ok(alarms[0]! > 4000);
});

Deno.test("a crash and an internal error end the session with what is known", async () => {
  assert.deepEqual(await run_session(scripted(() => ({ kind: "crash" })), options()), {
    kind: "panic",
    message: "the guest reported a crash",
  });
  const failed: Turn = { kind: "failed", message: "no" };
  assert.deepEqual(await run_session(scripted(() => failed), options()), failed);
});
