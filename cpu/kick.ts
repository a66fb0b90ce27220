import { STATE } from "./state.ts";

/** Index of the kick word in an Int32Array of the whole memory. */
export const KICK: number = STATE.kick.address >> 2;

/** What `Vcpu.kick` does, from any thread that has the vCPU's memory. */
export function kick_at(i32: Int32Array): void {
  Atomics.store(i32, KICK, 1);
  Atomics.store(i32, STATE.budget.address >> 2, 0);
  Atomics.notify(i32, KICK);
}
