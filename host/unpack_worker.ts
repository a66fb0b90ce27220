/**
 * The Worker that unpacks a zImage while the vCPU's makes its machine.
 *
 * It gets {@link UnpackRequest}, says {@link FromUnpacker}, and is then done.
 *
 * @module
 */
import { unpack_ahead, type Unpacked } from "../machine/boot/unpack_ahead.ts";
import { now_and_then } from "./now_and_then.ts";

/** What is to be unpacked. */
export interface UnpackRequest {
  /** The image. */
  readonly image: Uint8Array;
  /** RAM in bytes. */
  readonly memory: number;
}

/** What the Worker says. */
export type FromUnpacker =
  | { readonly type: "progress"; readonly fraction: number }
  /** The end; without a kernel when whoever loads the image has to see for himself. */
  | { readonly type: "unpacked"; readonly kernel: Unpacked | undefined };

// Nothing happens when this module is imported outside of a Worker.
if (typeof WorkerGlobalScope !== "undefined" && self instanceof WorkerGlobalScope) {
  self.onmessage = ({ data: { image, memory } }: MessageEvent<UnpackRequest>) => {
    const progress = now_and_then((fraction) => post({ type: "progress", fraction }));
    const kernel = unpack_ahead(image, memory, progress);
    const { buffer } = kernel?.image ?? {};
    post({ type: "unpacked", kernel }, buffer instanceof ArrayBuffer ? [buffer] : []);
  };
}

function post(message: FromUnpacker, transfer: Transferable[] = []): void {
  self.postMessage(message, transfer);
}
