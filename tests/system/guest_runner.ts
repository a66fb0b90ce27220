import type { GuestAnswer, GuestRequest } from "./guest_worker.ts";

/** A guest needs tens of milliseconds; one that takes this long hangs. */
const LIMIT_MS = 60_000;

/** Runs guests on the software core and ends those that hang. */
export class GuestRunner implements Disposable {
  #worker: Worker | undefined;

  /** Runs an image to its end. */
  async run(request: GuestRequest): Promise<GuestAnswer> {
    const worker = this.#worker ??= new Worker(new URL("./guest_worker.ts", import.meta.url), {
      type: "module",
    });
    const answer = Promise.withResolvers<GuestAnswer>();
    worker.onmessage = ({ data }: MessageEvent<GuestAnswer>) => answer.resolve(data);
    worker.onerror = (event) => {
      event.preventDefault();
      answer.reject(new Error(event.message));
    };
    const alarm = setTimeout(() => answer.reject(new Error("the guest hangs")), LIMIT_MS);
    worker.postMessage(request);
    try {
      return await answer.promise;
    } catch (error) {
      this[Symbol.dispose]();
      throw error;
    } finally {
      clearTimeout(alarm);
    }
  }

  /** Ends the Worker. */
  [Symbol.dispose](): void {
    this.#worker?.terminate();
    this.#worker = undefined;
  }
}
