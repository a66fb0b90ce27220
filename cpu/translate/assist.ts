/**
 * Translates what a vCPU of another thread finds to be hot.
 *
 * @module
 */
import { SharedImports } from "../engine/module_imports.ts";
import type { CodeMemory } from "../engine/record_page.ts";
import { Discovery } from "./discover.ts";
import { type Answer, Mailbox } from "./mailbox.ts";
import { translate } from "./translate.ts";

const NOTHING = { insns: 0, covered: [], body: { bytes: new Uint8Array(), hints: [] } };

/** The other end of a translator's mailbox. */
export class Assistant {
  readonly #mailbox: Mailbox;
  readonly #imports = new SharedImports();
  readonly #discovery: Discovery;
  #told = 0;

  /** An assistant for the vCPU whose memory is `buffer`. */
  constructor(buffer: ArrayBufferLike) {
    const i32 = new Int32Array(buffer), u8 = new Uint8Array(buffer);
    this.#mailbox = new Mailbox({ i32, u8 });
    const memory: CodeMemory = {
      ...{ i32, u8, u16: new Uint16Array(buffer), u32: new Uint32Array(buffer) },
      ram_base: this.#mailbox.ram_base,
    };
    this.#discovery = new Discovery(memory);
  }

  /** Works until the thread ends; not at all when nobody waits any more. */
  serve(): void {
    if (!this.come()) return;
    try {
      for (;;) this.serve_one();
    } finally {
      this.#mailbox.leave();
    }
  }

  /** Is there from now on; false when nobody waits any more. */
  come(): boolean {
    return this.#mailbox.come();
  }

  /** Deals with one hot place. Waits as {@link Mailbox.next} does; whether there was one. */
  serve_one(timeout?: number): boolean {
    const wanted = this.#mailbox.next(timeout);
    if (!wanted) return false;
    const { rec } = wanted;
    let answer: Omit<Answer, "imports"> = { rec, ...NOTHING, error: "" };
    try {
      const done = translate(wanted, { discovery: this.#discovery, imports: this.#imports });
      if (done) answer = { ...done, error: "" };
    } catch (error) {
      // Code that is being changed may look like anything. If it was not, the vCPU will say so.
      const text = error instanceof Error ? error.stack ?? error.message : String(error);
      answer = { rec, ...NOTHING, error: text };
    }
    const imports = this.#imports.names(this.#told);
    this.#told += imports.length;
    this.#mailbox.answer({ ...answer, imports });
    return true;
  }
}
