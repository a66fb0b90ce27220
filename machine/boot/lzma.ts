import {
  address_of,
  lzma_module,
  PROBABILITIES,
  probability_count,
  RESULT,
  SLOP,
  type Word,
} from "./lzma_code.ts";
import { CorruptData, OutputBuffer, type OutputOptions, OutputTooLarge } from "./unpacked.ts";

const PROB_INIT = 1 << 10;
const PAGE = 0x1_0000;
const LIMIT = 2 ** 32;
// Behind the words and the most probabilities that there can be.
const INPUT = 16 << 20;

/** The bytes of a range coder's start: one that must be zero, and four of code. */
export const RANGE_CODER_BYTES = 5;

let compiled: WebAssembly.Module | undefined;
// The last decoder's memory. Nothing frees one at once, so that a few would be resident.
let last: WeakRef<WebAssembly.Memory> | undefined;

/**
 * A decoder of LZMA symbols, as both LZMA2 chunks and `.lzma` files carry them.
 *
 * Its dictionary is the output itself, so every distance is checked against what was written since
 * the last dictionary reset.
 *
 * Input and output lie in a memory of its own: words and probabilities, the input, the output.
 */
export class LzmaDecoder implements Disposable {
  /** What is decoded, until the decoder is let go. */
  readonly output: OutputBuffer;
  readonly #memory: WebAssembly.Memory;
  readonly #decode: (out_end: number, in_end: number) => number;
  readonly #input_length: number;
  readonly #output_at: number;
  #probabilities = 0;
  /** Whether the end marker was met. */
  finished = false;

  /** A decoder of `input`. Throws OutputTooLarge where memory ends. */
  constructor(input: Uint8Array, options: OutputOptions) {
    const output_at = (INPUT + input.length + SLOP + PAGE - 1) & -PAGE;
    const memory = take_memory(output_at / PAGE);
    new Uint8Array(memory.buffer).set(input, INPUT);
    this.#memory = memory;
    this.#input_length = input.length;
    this.#output_at = output_at;
    this.output = new OutputBuffer({ ...options, allocate: (size) => this.#grow(size) });
    compiled ??= new WebAssembly.Module(lzma_module());
    const { exports } = new WebAssembly.Instance(compiled, { env: { memory } });
    this.#decode = exports.decode as (out_end: number, in_end: number) => number;
    this.#set("input", INPUT);
  }

  /** Lets go of input and output, for the next decoder. */
  [Symbol.dispose](): void {
    last = new WeakRef(this.#memory);
  }

  /** Makes room for `size` bytes of output; what was written stays. */
  #grow(size: number): Uint8Array {
    const memory = this.#memory;
    const end = this.#output_at + size + SLOP;
    grow_to(memory, Math.ceil(end / PAGE));
    return new Uint8Array(memory.buffer, this.#output_at, size);
  }

  #get(word: Word): number {
    return new Uint32Array(this.#memory.buffer, address_of(word), 1)[0]!;
  }
  #set(word: Word, value: number): void {
    new Uint32Array(this.#memory.buffer, address_of(word), 1)[0] = value;
  }

  /** Index in the input of the next byte. */
  get position(): number {
    return this.#get("input") - INPUT;
  }
  set position(position: number) {
    this.#set("input", INPUT + position);
  }

  /** Forgets all that was written, no later match may reach it, and the properties. */
  reset_dictionary(dictionary_size: number): void {
    this.#set("start", this.#output_at + this.output.length);
    this.#set("dictionary_size", dictionary_size);
    this.#probabilities = 0;
  }

  /** Takes over lc, lp and pb from a properties byte, and resets the state. */
  set_properties(byte: number): void {
    if (byte >= 9 * 5 * 5) throw new CorruptData("LZMA properties out of range");
    const lc = byte % 9;
    const rest = (byte / 9) | 0;
    const lp = rest % 5;
    this.#set("lc", lc);
    this.#set("lp_mask", (1 << lp) - 1);
    this.#set("pb_mask", (1 << ((rest / 5) | 0)) - 1);
    this.#probabilities = probability_count(lc + lp);
    this.reset_state();
  }

  /** Whether properties were given since the dictionary was reset. */
  get has_properties(): boolean {
    return this.#probabilities > 0;
  }

  /** Sets probabilities, state and repeat distances to their start. */
  reset_state(): void {
    new Uint32Array(this.#memory.buffer, PROBABILITIES, this.#probabilities).fill(PROB_INIT);
    for (const word of ["state", "rep0", "rep1", "rep2", "rep3", "pending"] as const) {
      this.#set(word, 0);
    }
  }

  /** Reads a range coder's first bytes. */
  start_range_coder(): void {
    const at = this.position;
    if (at + RANGE_CODER_BYTES > this.#input_length) throw new CorruptData("it ends too early");
    const bytes = new DataView(this.#memory.buffer, INPUT + at, RANGE_CODER_BYTES);
    if (bytes.getUint8(0) !== 0) throw new CorruptData("LZMA data starts with a wrong byte");
    this.#set("code", bytes.getUint32(1));
    this.#set("range", 0xffff_ffff);
    this.position = at + RANGE_CODER_BYTES;
  }

  /** Whether the range coder ended as an encoder leaves it. */
  get range_coder_is_clean(): boolean {
    return this.#get("code") === 0;
  }

  /** Consumes the byte that a normalization which is due would read. */
  normalize(): void {
    if (this.#get("range") >= 1 << 24) return;
    const at = this.#get("input");
    const byte = new Uint8Array(this.#memory.buffer, at, 1)[0]!;
    this.#set("range", this.#get("range") << 8);
    this.#set("code", (this.#get("code") << 8) | byte);
    this.#set("input", at + 1);
  }

  /**
   * Decodes until the output is `out_end` long or the end marker is met.
   * `in_end` is where the input of this run ends.
   */
  decode(out_end: number, in_end: number): void {
    const { output } = this;
    output.reserve(out_end);
    this.#set("output", this.#output_at + output.length);
    const result = this.#decode(this.#output_at + out_end, INPUT + in_end);
    if (result === RESULT.too_far) throw new CorruptData("a match reaches before its start");
    if (result === RESULT.too_short || this.position > in_end) {
      throw new CorruptData("it ends too early");
    }
    this.finished = result === RESULT.finished;
    output.length = this.#get("output") - this.#output_at;
  }
}

/** A memory of at least so many pages, with anything in it. */
function take_memory(pages: number): WebAssembly.Memory {
  const memory = last?.deref() ?? new WebAssembly.Memory({ initial: 1 });
  last = undefined;
  grow_to(memory, pages);
  return memory;
}

function grow_to(memory: WebAssembly.Memory, pages: number): void {
  if (pages > LIMIT / PAGE) throw new OutputTooLarge();
  const missing = pages - memory.buffer.byteLength / PAGE;
  if (missing > 0) memory.grow(missing);
}
