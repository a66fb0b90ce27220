import { CorruptData, type OutputBuffer } from "./unpacked.ts";

/*
 * Where each probability lives in one flat table, following the LZMA specification (7-Zip's
 * lzma-specification.txt): 12 states, up to 16 position states.
 */
const IS_MATCH = 0;
const IS_REP = IS_MATCH + (12 << 4);
const IS_REP_G0 = IS_REP + 12;
const IS_REP_G1 = IS_REP_G0 + 12;
const IS_REP_G2 = IS_REP_G1 + 12;
const IS_REP0_LONG = IS_REP_G2 + 12;
const POS_SLOT = IS_REP0_LONG + (12 << 4);
const POS_SPECIAL = POS_SLOT + (4 << 6);
const POS_ALIGN = POS_SPECIAL + 128;
// A length coder is choice, choice2, low[16][8], mid[16][8], high[256].
const LEN_LOW = 2;
const LEN_MID = LEN_LOW + (16 << 3);
const LEN_HIGH = LEN_MID + (16 << 3);
const LEN_SIZE = LEN_HIGH + 256;
const MATCH_LEN = POS_ALIGN + 16;
const REP_LEN = MATCH_LEN + LEN_SIZE;
const LITERAL = REP_LEN + LEN_SIZE;

const PROB_INIT = 1 << 10;
const STATE_AFTER_LITERAL = new Uint8Array([0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 4, 5]);

/** The bytes of a range coder's start: one that must be zero, and four of code. */
export const RANGE_CODER_BYTES = 5;

/**
 * A decoder of LZMA symbols, as both LZMA2 chunks and `.lzma` files carry them.
 *
 * Its dictionary is the output itself, so every distance is checked against what was written since
 * the last dictionary reset.
 */
export class LzmaDecoder {
  readonly #input: Uint8Array;
  readonly #output: OutputBuffer;
  #probs = new Int32Array(0);
  #lc = 0;
  #lp_mask = 0;
  #pb_mask = 0;
  #state = 0;
  #reps: [number, number, number, number] = [0, 0, 0, 0];
  #range = 0;
  #code = 0;
  #dictionary_start = 0;
  #dictionary_size = 0xffff_ffff;
  // What of a match did not fit before the end that decode() was given.
  #pending = 0;
  /** Index in the input of the next byte. */
  position = 0;
  /** Whether the end marker was met. */
  finished = false;

  /** A decoder from `input` to `output`. */
  constructor(input: Uint8Array, output: OutputBuffer) {
    this.#input = input;
    this.#output = output;
  }

  /** Forgets all that was written: no later match may reach it. */
  reset_dictionary(dictionary_size: number): void {
    this.#dictionary_start = this.#output.length;
    this.#dictionary_size = dictionary_size;
  }

  /** Takes over lc, lp and pb from a properties byte, and resets the state. */
  set_properties(byte: number): void {
    if (byte >= 9 * 5 * 5) throw new CorruptData("LZMA properties out of range");
    const lc = byte % 9;
    const rest = (byte / 9) | 0;
    const lp = rest % 5;
    this.#lc = lc;
    this.#lp_mask = (1 << lp) - 1;
    this.#pb_mask = (1 << ((rest / 5) | 0)) - 1;
    const size = LITERAL + (0x300 << (lc + lp));
    if (this.#probs.length !== size) this.#probs = new Int32Array(size);
    this.reset_state();
  }

  /** Whether properties were given. */
  get has_properties(): boolean {
    return this.#probs.length > 0;
  }

  /** Sets probabilities, state and repeat distances to their start. */
  reset_state(): void {
    this.#probs.fill(PROB_INIT);
    this.#state = 0;
    this.#reps = [0, 0, 0, 0];
    this.#pending = 0;
  }

  /** Reads a range coder's first bytes. */
  start_range_coder(): void {
    const input = this.#input;
    const at = this.position;
    if (at + RANGE_CODER_BYTES > input.length) throw new CorruptData("it ends too early");
    if (input[at] !== 0) throw new CorruptData("LZMA data starts with a wrong byte");
    this.#code = (input[at + 1]! << 24) | (input[at + 2]! << 16) | (input[at + 3]! << 8) |
      input[at + 4]!;
    this.#range = -1;
    this.position = at + RANGE_CODER_BYTES;
  }

  /** Whether the range coder ended as an encoder leaves it. */
  get range_coder_is_clean(): boolean {
    return this.#code === 0;
  }

  /** Consumes the byte that a normalization which is due would read. */
  normalize(): void {
    if ((this.#range & 0xff00_0000) === 0) {
      this.#range <<= 8;
      this.#code = (this.#code << 8) | (this.#input[this.position++] ?? 0);
    }
  }

  /**
   * Decodes until the output is `out_end` long or the end marker is met.
   * `in_end` is where the input of this run ends.
   *
   * The range coder is written out at each place: all its state must live in this function's
   * locals to be held in machine registers. `range` and `code` are kept as signed 32-bit numbers,
   * small integers to the engine, and compared unsigned. Probabilities in 32 bits rather than 16,
   * and a mask rather than a comparison to see that range is small, are 10 to 15 % faster.
   */
  decode(out_end: number, in_end: number): void {
    const output = this.#output;
    output.reserve(out_end);
    const out = output.bytes;
    const input = this.#input;
    const probs = this.#probs;
    const lc = this.#lc;
    const lp_mask = this.#lp_mask;
    const pb_mask = this.#pb_mask;
    const start = this.#dictionary_start;
    const dictionary_size = this.#dictionary_size;
    let state = this.#state | 0;
    let [rep0, rep1, rep2, rep3] = this.#reps;
    let range = this.#range | 0;
    let code = this.#code | 0;
    let ip = this.position | 0;
    let pos = output.length | 0;
    let len = this.#pending | 0;
    let at = 0;
    let p = 0;
    let bound = 0;

    for (;;) {
      // Copy a match, or what was left of one.
      if (len > 0) {
        const distance = rep0 + 1;
        if (distance > pos - start || distance > dictionary_size) {
          throw new CorruptData("a match reaches before its start");
        }
        let n = out_end - pos;
        if (n > len) n = len;
        len -= n;
        if (n > 48 && distance >= n) {
          out.copyWithin(pos, pos - distance, pos - distance + n);
          pos += n;
        } else {
          let from = pos - distance;
          const to = pos + n;
          while (pos < to) out[pos++] = out[from++]!;
        }
      }
      if (pos >= out_end) break;
      if (ip > in_end) throw new CorruptData("it ends too early");

      const pos_state = (pos - start) & pb_mask;
      if ((range & 0xff00_0000) === 0) {
        range <<= 8;
        code = (code << 8) | input[ip++]!;
      }
      at = IS_MATCH + (state << 4) + pos_state;
      p = probs[at]!;
      bound = Math.imul(range >>> 11, p);
      if (code >>> 0 < bound >>> 0) {
        range = bound;
        probs[at] = p + ((2048 - p) >> 5);
        // A literal.
        const previous = pos > start ? out[pos - 1]! : 0;
        const base = LITERAL +
          0x300 * ((((pos - start) & lp_mask) << lc) + (previous >> (8 - lc)));
        let symbol = 1;
        if (state >= 7) {
          let matched = out[pos - rep0 - 1]! << 1;
          let offset = 0x100;
          do {
            const bit = matched & offset;
            matched <<= 1;
            at = base + offset + bit + symbol;
            if ((range & 0xff00_0000) === 0) {
              range <<= 8;
              code = (code << 8) | input[ip++]!;
            }
            p = probs[at]!;
            bound = Math.imul(range >>> 11, p);
            if (code >>> 0 < bound >>> 0) {
              range = bound;
              probs[at] = p + ((2048 - p) >> 5);
              symbol <<= 1;
              offset &= ~bit;
            } else {
              range = (range - bound) | 0;
              code = (code - bound) | 0;
              probs[at] = p - (p >> 5);
              symbol = (symbol << 1) | 1;
              offset &= bit;
            }
          } while (symbol < 0x100);
        } else {
          do {
            at = base + symbol;
            if ((range & 0xff00_0000) === 0) {
              range <<= 8;
              code = (code << 8) | input[ip++]!;
            }
            p = probs[at]!;
            bound = Math.imul(range >>> 11, p);
            if (code >>> 0 < bound >>> 0) {
              range = bound;
              probs[at] = p + ((2048 - p) >> 5);
              symbol <<= 1;
            } else {
              range = (range - bound) | 0;
              code = (code - bound) | 0;
              probs[at] = p - (p >> 5);
              symbol = (symbol << 1) | 1;
            }
          } while (symbol < 0x100);
        }
        out[pos++] = symbol;
        state = STATE_AFTER_LITERAL[state]!;
        continue;
      }
      range = (range - bound) | 0;
      code = (code - bound) | 0;
      probs[at] = p - (p >> 5);

      let len_base = MATCH_LEN;
      if ((range & 0xff00_0000) === 0) {
        range <<= 8;
        code = (code << 8) | input[ip++]!;
      }
      at = IS_REP + state;
      p = probs[at]!;
      bound = Math.imul(range >>> 11, p);
      const is_rep = code >>> 0 >= bound >>> 0;
      if (!is_rep) {
        range = bound;
        probs[at] = p + ((2048 - p) >> 5);
        rep3 = rep2;
        rep2 = rep1;
        rep1 = rep0;
        state = state < 7 ? 7 : 10;
      } else {
        range = (range - bound) | 0;
        code = (code - bound) | 0;
        probs[at] = p - (p >> 5);
        if ((range & 0xff00_0000) === 0) {
          range <<= 8;
          code = (code << 8) | input[ip++]!;
        }
        at = IS_REP_G0 + state;
        p = probs[at]!;
        bound = Math.imul(range >>> 11, p);
        if (code >>> 0 < bound >>> 0) {
          range = bound;
          probs[at] = p + ((2048 - p) >> 5);
          if ((range & 0xff00_0000) === 0) {
            range <<= 8;
            code = (code << 8) | input[ip++]!;
          }
          at = IS_REP0_LONG + (state << 4) + pos_state;
          p = probs[at]!;
          bound = Math.imul(range >>> 11, p);
          if (code >>> 0 < bound >>> 0) {
            // A short repeat: one byte from the last distance.
            range = bound;
            probs[at] = p + ((2048 - p) >> 5);
            state = state < 7 ? 9 : 11;
            len = 1;
            continue;
          }
          range = (range - bound) | 0;
          code = (code - bound) | 0;
          probs[at] = p - (p >> 5);
        } else {
          range = (range - bound) | 0;
          code = (code - bound) | 0;
          probs[at] = p - (p >> 5);
          if ((range & 0xff00_0000) === 0) {
            range <<= 8;
            code = (code << 8) | input[ip++]!;
          }
          at = IS_REP_G1 + state;
          p = probs[at]!;
          bound = Math.imul(range >>> 11, p);
          let distance = rep1;
          if (code >>> 0 < bound >>> 0) {
            range = bound;
            probs[at] = p + ((2048 - p) >> 5);
          } else {
            range = (range - bound) | 0;
            code = (code - bound) | 0;
            probs[at] = p - (p >> 5);
            if ((range & 0xff00_0000) === 0) {
              range <<= 8;
              code = (code << 8) | input[ip++]!;
            }
            at = IS_REP_G2 + state;
            p = probs[at]!;
            bound = Math.imul(range >>> 11, p);
            if (code >>> 0 < bound >>> 0) {
              range = bound;
              probs[at] = p + ((2048 - p) >> 5);
              distance = rep2;
            } else {
              range = (range - bound) | 0;
              code = (code - bound) | 0;
              probs[at] = p - (p >> 5);
              distance = rep3;
              rep3 = rep2;
            }
            rep2 = rep1;
          }
          rep1 = rep0;
          rep0 = distance;
        }
        state = state < 7 ? 8 : 11;
        len_base = REP_LEN;
      }

      // The length.
      let tree = 0;
      let symbols = 8;
      if ((range & 0xff00_0000) === 0) {
        range <<= 8;
        code = (code << 8) | input[ip++]!;
      }
      p = probs[len_base]!;
      bound = Math.imul(range >>> 11, p);
      if (code >>> 0 < bound >>> 0) {
        range = bound;
        probs[len_base] = p + ((2048 - p) >> 5);
        tree = len_base + LEN_LOW + (pos_state << 3);
        len = 2;
      } else {
        range = (range - bound) | 0;
        code = (code - bound) | 0;
        probs[len_base] = p - (p >> 5);
        if ((range & 0xff00_0000) === 0) {
          range <<= 8;
          code = (code << 8) | input[ip++]!;
        }
        p = probs[len_base + 1]!;
        bound = Math.imul(range >>> 11, p);
        if (code >>> 0 < bound >>> 0) {
          range = bound;
          probs[len_base + 1] = p + ((2048 - p) >> 5);
          tree = len_base + LEN_MID + (pos_state << 3);
          len = 10;
        } else {
          range = (range - bound) | 0;
          code = (code - bound) | 0;
          probs[len_base + 1] = p - (p >> 5);
          tree = len_base + LEN_HIGH;
          len = 18;
          symbols = 256;
        }
      }
      let symbol = 1;
      do {
        at = tree + symbol;
        if ((range & 0xff00_0000) === 0) {
          range <<= 8;
          code = (code << 8) | input[ip++]!;
        }
        p = probs[at]!;
        bound = Math.imul(range >>> 11, p);
        if (code >>> 0 < bound >>> 0) {
          range = bound;
          probs[at] = p + ((2048 - p) >> 5);
          symbol <<= 1;
        } else {
          range = (range - bound) | 0;
          code = (code - bound) | 0;
          probs[at] = p - (p >> 5);
          symbol = (symbol << 1) | 1;
        }
      } while (symbol < symbols);
      len += symbol - symbols;
      if (is_rep) continue;

      // The distance of a new match.
      tree = POS_SLOT + ((len < 6 ? len - 2 : 3) << 6);
      symbol = 1;
      do {
        at = tree + symbol;
        if ((range & 0xff00_0000) === 0) {
          range <<= 8;
          code = (code << 8) | input[ip++]!;
        }
        p = probs[at]!;
        bound = Math.imul(range >>> 11, p);
        if (code >>> 0 < bound >>> 0) {
          range = bound;
          probs[at] = p + ((2048 - p) >> 5);
          symbol <<= 1;
        } else {
          range = (range - bound) | 0;
          code = (code - bound) | 0;
          probs[at] = p - (p >> 5);
          symbol = (symbol << 1) | 1;
        }
      } while (symbol < 64);
      const slot = symbol - 64;
      if (slot < 4) {
        rep0 = slot;
        continue;
      }
      let bits = (slot >> 1) - 1;
      let distance = (2 | (slot & 1)) << bits;
      if (slot < 14) {
        tree = POS_SPECIAL + distance - slot;
      } else {
        // Fixed-probability bits in the middle; the low four from the alignment tree.
        let middle = 0;
        for (let i = bits - 4; i > 0; i--) {
          if ((range & 0xff00_0000) === 0) {
            range <<= 8;
            code = (code << 8) | input[ip++]!;
          }
          range >>>= 1;
          code = (code - range) | 0;
          const borrow = code >> 31;
          code = (code + (range & borrow)) | 0;
          middle = (middle << 1) + (borrow + 1);
        }
        distance += middle << 4;
        tree = POS_ALIGN;
        bits = 4;
      }
      symbol = 1;
      for (let i = 0; i < bits; i++) {
        at = tree + symbol;
        if ((range & 0xff00_0000) === 0) {
          range <<= 8;
          code = (code << 8) | input[ip++]!;
        }
        p = probs[at]!;
        bound = Math.imul(range >>> 11, p);
        if (code >>> 0 < bound >>> 0) {
          range = bound;
          probs[at] = p + ((2048 - p) >> 5);
          symbol <<= 1;
        } else {
          range = (range - bound) | 0;
          code = (code - bound) | 0;
          probs[at] = p - (p >> 5);
          symbol = (symbol << 1) | 1;
          distance += 1 << i;
        }
      }
      distance |= 0;
      if (distance === -1) {
        len = 0;
        this.finished = true;
        break;
      }
      if (distance < 0) throw new CorruptData("a match reaches before its start");
      rep0 = distance;
    }

    if (ip > in_end) throw new CorruptData("it ends too early");
    this.#state = state;
    this.#reps = [rep0, rep1, rep2, rep3];
    this.#range = range;
    this.#code = code;
    this.#pending = len;
    this.position = ip;
    output.length = pos;
  }
}
