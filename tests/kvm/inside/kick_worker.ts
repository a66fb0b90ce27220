/** Kicks a vCPU from a thread of its own, again and again when asked to. */
import { KvmHypervisor } from "../../../ffi/mod.ts";
import type { KickToken } from "../../../hypervisor/mod.ts";

/** What to do: kick `count` times, each `ms` after the one before. */
export interface KickOrder {
  readonly token: KickToken;
  readonly ms: number;
  readonly count: number;
}

const hypervisor = new KvmHypervisor();
const scope = self as unknown as Worker;

scope.onmessage = ({ data }: MessageEvent<KickOrder>) => {
  const clock = new Int32Array(new SharedArrayBuffer(4));
  for (let i = 0; i < data.count; i++) {
    if (data.ms > 0) Atomics.wait(clock, 0, 0, data.ms);
    hypervisor.kick(data.token);
  }
};
scope.postMessage("ready");
