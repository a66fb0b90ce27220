import { kick_at } from "../kick.ts";

/** Kicks the vCPU of each memory that it is sent, after the time that comes with it. */
self.addEventListener("message", (event) => {
  const { shared, ms } = (event as MessageEvent<{ shared: SharedArrayBuffer; ms: number }>).data;
  setTimeout(() => kick_at(new Int32Array(shared)), ms);
});
