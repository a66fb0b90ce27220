/**
 * How a vCPU's thread and one that translates for it talk: by a part of the WebAssembly memory, since the
 * vCPU's thread does not come to look at messages.
 *
 * Hot places go one way in a ring, translations the other way one at a time. The vCPU never waits.
 *
 * @module
 */
import { MEM } from "../state.ts";
import type { Body } from "../../wasm/encoder.ts";
import type { Wanted } from "./discover.ts";
import type { Covered } from "./translate.ts";

/** What can be seen of a memory. */
type Views = { readonly i32: Int32Array; readonly u8: Uint8Array };

/** Whether somebody translates for the vCPU. */
export const HELP = { none: 0, there: 1, gone: 2 } as const;

const WORDS = MEM.mailbox >> 2;
/** One of HELP. */
const STATE = WORDS;
/** Hot places that were posted, and that were taken, ever. */
const POSTED = WORDS + 1, TAKEN = WORDS + 2;
/** 1 while an answer waits for the vCPU. */
const ANSWERED = WORDS + 3;
const RAM_BASE = WORDS + 4;
/** The ring: 128 places of 4 words. */
const RING = WORDS + 0x400, RING_PLACES = 128;
/** The answer: {@link HEAD} words, then pages, hints, and bytes. */
const ANSWER = WORDS + 0x1000, HEAD = 6;
const ROOM = MEM.mailbox_end - 4 * ANSWER;

/** What has become of a hot place. */
export interface Answer {
  readonly rec: number;
  /** 0 when nothing could be translated. */
  readonly insns: number;
  readonly covered: readonly Covered[];
  readonly body: Body;
  /** Imports that had no numbers before. */
  readonly imports: readonly string[];
  /** What went wrong, or empty. */
  readonly error: string;
}

/** Both ends of the mailbox of a vCPU. */
export class Mailbox {
  readonly #i32: Int32Array;
  readonly #u8: Uint8Array;

  constructor({ i32, u8 }: Views) {
    this.#i32 = i32;
    this.#u8 = u8;
  }

  /** vCPU: makes it empty; somebody is expected to come. */
  open(ram_base: number): void {
    this.#i32.fill(0, STATE, RAM_BASE);
    this.#i32[RAM_BASE] = ram_base;
  }

  /** One of HELP. */
  get help(): number {
    return Atomics.load(this.#i32, STATE);
  }
  /** vCPU: nobody needs to come any more; false when somebody is there. */
  withdraw(): boolean {
    return Atomics.compareExchange(this.#i32, STATE, HELP.none, HELP.gone) !== HELP.there;
  }
  /** vCPU: asks for a place to be translated; false when too many have been asked for. */
  post({ rec, thumb, page, tag }: Wanted): boolean {
    const i32 = this.#i32;
    const posted = i32[POSTED]!;
    if (((posted - Atomics.load(i32, TAKEN)) | 0) >= RING_PLACES) return false;
    const at = RING + 4 * (posted & (RING_PLACES - 1));
    i32[at] = rec;
    i32[at + 1] = thumb ? 1 : 0;
    i32[at + 2] = page;
    i32[at + 3] = tag;
    Atomics.store(i32, POSTED, (posted + 1) | 0);
    Atomics.notify(i32, POSTED);
    return true;
  }
  /** vCPU: whether there is an answer. */
  get answered(): boolean {
    return Atomics.load(this.#i32, ANSWERED) !== 0;
  }
  /** vCPU: takes an answer that is there. */
  take(): Answer | undefined {
    if (!this.answered) return undefined;
    const i32 = this.#i32;
    const [rec, insns, pages, hints, bytes, text] = i32.subarray(ANSWER, ANSWER + HEAD) as
      & Int32Array
      & [number, number, number, number, number, number];
    let at = ANSWER + HEAD;
    const covered: Covered[] = [];
    for (let i = 0; i < pages; i++, at += 3) {
      covered.push({ base: i32[at]!, from: i32[at + 1]!, to: i32[at + 2]! });
    }
    const body_at = 4 * (at + hints), text_at = body_at + bytes;
    const body = {
      bytes: this.#u8.slice(body_at, text_at),
      hints: [...i32.subarray(at, at + hints)],
    };
    const said = text === 0 ? NOTHING : JSON.parse(
      new TextDecoder().decode(this.#u8.slice(text_at, text_at + text)),
    );
    Atomics.store(i32, ANSWERED, 0);
    Atomics.notify(i32, ANSWERED);
    return { rec, insns, covered, body, ...said };
  }

  /** Helper: is there from now on; false when it is no longer needed. */
  come(): boolean {
    return Atomics.compareExchange(this.#i32, STATE, HELP.none, HELP.there) === HELP.none;
  }
  /** Helper: will not do anything any more. */
  leave(): void {
    Atomics.store(this.#i32, STATE, HELP.gone);
  }
  /** Helper: where the guest's RAM begins. */
  get ram_base(): number {
    return this.#i32[RAM_BASE]!;
  }
  /**
   * Helper: the next place that is wanted, once the answer before has been taken; waits for each of both
   * at most so many milliseconds.
   */
  next(timeout?: number): Wanted | undefined {
    const i32 = this.#i32;
    if (Atomics.wait(i32, ANSWERED, 1, timeout) === "timed-out") return undefined;
    const taken = i32[TAKEN]!;
    Atomics.wait(i32, POSTED, taken, timeout);
    if (Atomics.load(i32, POSTED) === taken) return undefined;
    const at = RING + 4 * (taken & (RING_PLACES - 1));
    const [rec, thumb, page, tag] = i32.slice(at, at + 4) as
      & Int32Array
      & [number, number, number, number];
    Atomics.store(i32, TAKEN, (taken + 1) | 0);
    return { rec, thumb: thumb !== 0, page, tag };
  }
  /** Helper: answers. */
  answer({ rec, insns, covered, body: { bytes, hints }, imports, error }: Answer): void {
    const i32 = this.#i32;
    const text = imports.length === 0 && error === ""
      ? new Uint8Array()
      : new TextEncoder().encode(JSON.stringify({ imports, error }));
    const words = HEAD + 3 * covered.length + hints.length;
    if (4 * words + bytes.length + text.length > ROOM) {
      throw new RangeError(`a translation of ${bytes.length} bytes has no room`);
    }
    i32.set([rec, insns, covered.length, hints.length, bytes.length, text.length], ANSWER);
    i32.set(covered.flatMap(({ base, from, to }) => [base, from, to]), ANSWER + HEAD);
    i32.set(hints, ANSWER + HEAD + 3 * covered.length);
    this.#u8.set(bytes, 4 * (ANSWER + words));
    this.#u8.set(text, 4 * (ANSWER + words) + bytes.length);
    Atomics.store(i32, ANSWERED, 1);
  }
}

const NOTHING = { imports: [], error: "" };
