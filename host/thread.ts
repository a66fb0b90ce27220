import type { Accel, ToWorker } from "./protocol.ts";

let waiting: Worker | undefined;

/**
 * Starts the thread that the next machine will have. That takes a while, in which this thread can
 * find out what the machine is to be; `accel` is what will be asked for, as far as is known.
 */
export function prepare_thread(accel: "auto" | Accel): void {
  waiting ??= start_thread(accel);
}

/** Ends a thread that was prepared and not taken. */
export function discard_thread(): void {
  waiting?.terminate();
  waiting = undefined;
}

/** A machine's thread: the one that was prepared, or a new one. */
export function take_thread(accel: "auto" | Accel): Worker {
  const worker = waiting ?? start_thread(accel);
  waiting = undefined;
  return worker;
}

function start_thread(accel: "auto" | Accel): Worker {
  const worker = new Worker(new URL("./vcpu_worker.ts", import.meta.url), {
    type: "module",
    name: "vcpu0",
  });
  const message: ToWorker = { type: "prepare", accel };
  worker.postMessage(message);
  return worker;
}
