import type { Turn } from "../machine/machine.ts";
import type { PanicWatch } from "./panic_watch.ts";
import { CONTROL } from "./protocol.ts";
import type { Ended, LogLevel } from "./types.ts";

/** What a session runs: a `VirtMachine`. */
export interface Guest {
  /** Runs until something needs the session; blocks the thread. */
  turn(): Turn;
  /** Back to power-on, with the same images. */
  reset(): void;
  /** Milliseconds until a device wants `turn` to be called again by itself; Infinity for never. */
  next_event_ms(): number;
}

/** What a session tells and asks. */
export interface SessionHooks {
  /** Resolves when the message that was announced in {@link CONTROL}.mail has been dealt with. */
  readonly mail: () => Promise<void>;
  /** Asks for a kick in `ms` milliseconds. */
  readonly alarm: (ms: number) => void;
  /** Takes a line of log. */
  readonly log: (level: LogLevel, line: string) => void;
}

/** What {@link run_session} runs with. */
export interface SessionOptions {
  /** Words of {@link CONTROL}. */
  readonly control: Int32Array;
  /** Reads along the serial line. */
  readonly panic: PanicWatch;
  /** End on a reset. */
  readonly no_reboot: boolean;
  /** The outside. */
  readonly hooks: SessionHooks;
}

/** Runs a guest on this thread until it ends. */
export async function run_session(guest: Guest, options: SessionOptions): Promise<Ended> {
  const { control, panic, hooks } = options;
  let mail = 0;
  let alarm_at = Infinity;
  for (;;) {
    if (Atomics.load(control, CONTROL.stop) !== 0) return { kind: "stopped" };
    if (panic.hung) return { kind: "panic", message: panic.message! };
    while (mail !== Atomics.load(control, CONTROL.mail)) {
      await hooks.mail();
      mail++;
    }
    const now = performance.now();
    const due = now + guest.next_event_ms();
    // One alarm at a time: an earlier one makes the guest ask again.
    if (due < alarm_at || alarm_at <= now) {
      alarm_at = due;
      if (due !== Infinity) hooks.alarm(due - now);
    }
    const turn = guest.turn();
    switch (turn.kind) {
      case "interrupted":
        break;
      case "powered_off":
        return { kind: "powered_off" };
      case "reset":
        if (options.no_reboot) {
          return panic.message === undefined
            ? { kind: "reset" }
            : { kind: "panic", message: panic.message };
        }
        hooks.log("info", "the guest resets");
        panic.reset();
        guest.reset();
        break;
      case "crash":
        return { kind: "panic", message: panic.message ?? "the guest reported a crash" };
      case "failed":
        return { kind: "failed", message: turn.message };
    }
  }
}
