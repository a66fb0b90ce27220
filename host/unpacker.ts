import type { Unpacked } from "../machine/boot/unpack_ahead.ts";
import type { GuestRequest } from "./protocol.ts";
import type { FromUnpacker, UnpackRequest } from "./unpack_worker.ts";

const MAGIC_AT = 0x24, MAGIC = 0x016f_2818;

/** A zImage that is being unpacked on a thread of its own, while another one makes the machine. */
export class Unpacker implements Disposable {
  readonly #worker: Worker;

  /** Starts; `done` is told the kernel, or nothing when there is none: an image may be odd. */
  constructor(
    { kernel, memory }: GuestRequest,
    { done, progress }: {
      readonly done: (kernel: Unpacked | undefined) => void;
      readonly progress: (fraction: number) => void;
    },
  ) {
    const worker = new Worker(new URL("./unpack_worker.ts", import.meta.url), {
      type: "module",
      name: "unpacker",
    });
    this.#worker = worker;
    worker.onmessage = ({ data }: MessageEvent<FromUnpacker>) => {
      if (data.type === "progress") return progress(data.fraction);
      worker.terminate();
      done(data.kernel);
    };
    worker.onerror = (event) => {
      event.preventDefault();
      worker.terminate();
      done(undefined);
    };
    const message: UnpackRequest = { image: kernel.bytes, memory };
    worker.postMessage(message);
  }

  /** Gives up. */
  [Symbol.dispose](): void {
    this.#worker.terminate();
  }
}

/** Whether a guest begins with unpacking that is worth a thread: a zImage on the software core. */
export function worth_unpacking({ accel, kernel: { bytes }, unpack }: GuestRequest): boolean {
  const { os, arch } = Deno.build;
  const may_be_kvm = accel === "kvm" || (accel === "auto" && os === "linux" && arch === "aarch64");
  if (!unpack || may_be_kvm || bytes.length < MAGIC_AT + 4) return false;
  return new DataView(bytes.buffer, bytes.byteOffset).getUint32(MAGIC_AT, true) === MAGIC;
}
