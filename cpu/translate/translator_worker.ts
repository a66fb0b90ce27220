/**
 * The Worker that translates for a vCPU: it is sent the vCPU's memory, and then no other message.
 *
 * @module
 */
import { Assistant } from "./assist.ts";

// Nothing happens when this module is imported outside of a Worker.
if (typeof WorkerGlobalScope !== "undefined" && self instanceof WorkerGlobalScope) {
  self.onmessage = ({ data }: MessageEvent<SharedArrayBuffer>) => {
    new Assistant(data).serve();
    // It has come too late.
    self.close();
  };
}
