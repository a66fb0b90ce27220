import type { Cpu } from "../cpu.ts";
import type { Wanted } from "./discover.ts";
import { type Answer, HELP, Mailbox } from "./mailbox.ts";
import type { Translation } from "./translate.ts";

/** Changes of code that are remembered. */
const MOST_CHANGES = 256;

/** Records whose decoded instructions went. */
interface Change {
  readonly number: number;
  readonly base: number;
  readonly from: number;
  readonly to: number;
}

/** What has become of an order. */
export interface Done {
  readonly rec: number;
  /** What was made; undefined when nothing can be. */
  readonly translation: Translation | undefined;
  /** The code has changed since it was ordered. */
  readonly stale: boolean;
  /** Imports that had no numbers before. */
  readonly imports: readonly string[];
  /** What went wrong, or empty. */
  readonly error: string;
}

/**
 * What another thread has been asked to translate. It reads code while that may be changed. So whatever
 * has changed since something was ordered is remembered, and translations of it are not used.
 */
export class Orders {
  readonly #mailbox: Mailbox;
  /** Orders by record, with the number of the first change after them. */
  readonly #outstanding = new Map<number, { readonly wanted: Wanted; readonly since: number }>();
  #changes: Change[] = [];
  #next_change = 0;
  /** Changes before this one are forgotten: orders from then are stale. */
  #forgotten = 0;
  readonly #patience_ms: number;
  /** When somebody must be there. */
  #until: number | undefined;

  /** Opens the mailbox of a vCPU. Somebody must come to it so soon after the first order. */
  constructor(cpu: Cpu, patience_ms: number) {
    this.#patience_ms = patience_ms;
    this.#mailbox = new Mailbox(cpu);
    this.#mailbox.open(cpu.ram_base);
  }

  /** Whether {@link collect} has something. */
  get any_done(): boolean {
    return this.#mailbox.answered;
  }

  /** Nobody is there, or will be. */
  get lost(): boolean {
    if (this.#mailbox.help === HELP.gone) return true;
    return this.#until !== undefined && this.#mailbox.help === HELP.none &&
      performance.now() > this.#until && this.#mailbox.withdraw();
  }

  /** Orders what is in a queue, as far as there is room. */
  give(queue: Map<number, Wanted>): void {
    for (const [rec, wanted] of queue) {
      if (this.#outstanding.has(rec)) {
        queue.delete(rec);
        continue;
      }
      if (!this.#mailbox.post(wanted)) return;
      this.#until ??= performance.now() + this.#patience_ms;
      this.#outstanding.set(rec, { wanted, since: this.#next_change });
      queue.delete(rec);
    }
  }

  /** The orders that are not done. */
  *outstanding(): Iterable<Wanted> {
    for (const { wanted } of this.#outstanding.values()) yield wanted;
  }

  /** Records of `length` bytes of a page go. */
  changed(base: number, offset: number, length: number): void {
    if (this.#outstanding.size === 0) return;
    if (this.#changes.length === MOST_CHANGES) {
      this.#changes = [];
      this.#forgotten = this.#next_change;
    }
    const number = this.#next_change++;
    this.#changes.push({ number, base, from: offset, to: offset + length });
  }

  /** What has been done since this was called last. */
  collect(): Done[] {
    const out: Done[] = [];
    for (let answer = this.#mailbox.take(); answer; answer = this.#mailbox.take()) {
      const { rec, insns, imports, error } = answer;
      const { since } = this.#outstanding.get(rec)!;
      this.#outstanding.delete(rec);
      const stale = since < this.#forgotten || this.#has_changed(answer, since);
      out.push({ rec, translation: insns > 0 ? answer : undefined, stale, imports, error });
    }
    if (out.length > 0 && this.#outstanding.size === 0) this.#changes = [];
    return out;
  }

  /** Whether what an answer was made from has changed. */
  #has_changed({ insns, covered }: Answer, since: number): boolean {
    return this.#changes.some(({ number, base, from, to }) =>
      number >= since &&
      (insns === 0 || covered.some((c) => c.base === base && c.to > from && c.from < to))
    );
  }
}
