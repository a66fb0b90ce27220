/**
 * Emits the WebAssembly function that decodes LZMA symbols, after the LZMA specification (7-Zip's
 * lzma-specification.txt).
 *
 * All of the range coder's state is in the function's locals, so that the host holds it in
 * machine registers, and it is fast from its first call on: unpacking a kernel takes hardly longer
 * than JavaScript takes to get warm.
 *
 * @module
 */
import { Code, type FuncType, Module, OP } from "../../wasm/encoder.ts";

/*
 * Where each probability lives in one flat table of 32-bit words: 12 states, up to 16 position
 * states.
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

/** How many probabilities a decoder has whose literals depend on `context_bits` (lc + lp) bits. */
export function probability_count(context_bits: number): number {
  return LITERAL + (0x300 << context_bits);
}

const CHANGING = [
  ...["range", "code", "state", "rep0", "rep1", "rep2", "rep3"] as const,
  // Addresses of the next byte of input and of output, and what is left of a match.
  ...["input", "output", "pending"] as const,
] as const;
/** The 32-bit words at the beginning of memory that hold what lives between two calls. */
const WORDS = [
  ...CHANGING,
  // Where the dictionary starts and how large it may be.
  ...["start", "dictionary_size"] as const,
  // Properties: bits of the byte before that count, masks of the position.
  ...["lc", "lp_mask", "pb_mask"] as const,
] as const;
/** A word that lives between two calls. */
export type Word = typeof WORDS[number];

/** A word's address. */
export function address_of(word: Word): number {
  return 4 * WORDS.indexOf(word);
}

/** Address of the probabilities. */
export const PROBABILITIES = 64;
/** How far behind the end of its input the function reads, and behind that of its output writes. */
export const SLOP = 64;

/** What the function answers. */
export const RESULT = { done: 0, finished: 1, too_short: 2, too_far: 3 } as const;

/** Parameters: the addresses at which output and input end. */
export const DECODE_TYPE: FuncType = { params: ["i32", "i32"], results: ["i32"] };

const ADD = 0x6a, SUB = 0x6b, MUL = 0x6c, AND = 0x71, OR = 0x72, XOR = 0x73;
const SHL = 0x74, SHR_S = 0x75, SHR_U = 0x76;
const EQ = 0x46, LT_U = 0x49, GT_U = 0x4b, GE_U = 0x4f, SELECT = 0x1b;
const MEMORY_COPY = [0xfc, 0x0a, 0, 0];
/** From this many bytes on, a call to copy memory pays. */
const LONG = 64;

/** The module that exports the function as `decode`. It imports `env.memory`, not shared. */
export function lzma_module(): Uint8Array<ArrayBuffer> {
  const module = new Module({ memory: "unshared" });
  module.func("decode", DECODE_TYPE.params, DECODE_TYPE.results, new Decoder().code.finish());
  return module.finish();
}

type Emit = () => void;
/** A block or loop that can be branched to: how many are around it. */
type Label = number;

class Decoder {
  readonly code = new Code(DECODE_TYPE.params.length);
  readonly #out_end = 0;
  readonly #in_end = 1;
  readonly #word = Object.fromEntries(WORDS.map((w) => [w, this.code.local("i32")])) as Record<
    Word,
    number
  >;
  // Address of a probability, its value, and where that divides the range.
  readonly #at = this.code.local("i32");
  readonly #p = this.code.local("i32");
  readonly #bound = this.code.local("i32");
  /** 1 where the bit just decoded is 0. */
  readonly #zero = this.code.local("i32");
  readonly #symbol = this.code.local("i32");
  readonly #pos_state = this.code.local("i32");
  /** Address of a tree or of a coder of lengths. */
  readonly #tree = this.code.local("i32");
  readonly #lengths = this.code.local("i32");
  readonly #is_rep = this.code.local("i32");
  readonly #a = this.code.local("i32");
  readonly #b = this.code.local("i32");
  #depth = 0;

  constructor() {
    const c = this.code;
    for (const word of WORDS) c.i32(0).mem(OP.i32_load, 2, address_of(word)).set(this.#word[word]);
    this.#block((done) => {
      this.#loop((next) => this.#packet(next, done));
    });
    this.#leave(RESULT.done);
    c.u8(OP.unreachable);
  }

  #packet(next: Label, done: Label): void {
    const c = this.code;
    const { output, pending, input, start, pb_mask, state } = this.#word;
    c.get(output).get(this.#out_end).u8(GE_U);
    this.#br_if(done);
    c.get(pending);
    this.#if(() => {
      this.#copy();
      this.#br(next);
    });
    this.#fail_if(RESULT.too_short, () => c.get(input).get(this.#in_end).u8(GT_U));
    c.get(output).get(start).u8(SUB).get(pb_mask).u8(AND).set(this.#pos_state);
    this.#bit(() => this.#by_state_and_position(IS_MATCH), () => {
      this.#literal();
      this.#br(next);
    });

    const short_rep = (): void => {
      c.i32(9).i32(11).get(state).i32(7).u8(LT_U, SELECT).set(state);
      c.i32(1).set(pending);
      this.#br(next);
    };
    c.i32(0).set(this.#is_rep);
    this.#bit(() => this.#by_state(IS_REP), () => this.#new_match(), () => {
      c.i32(1).set(this.#is_rep);
      this.#bit(
        () => this.#by_state(IS_REP_G0),
        () => this.#bit(() => this.#by_state_and_position(IS_REP0_LONG), short_rep),
        () => this.#old_distance(),
      );
      c.i32(8).i32(11).get(state).i32(7).u8(LT_U, SELECT).set(state);
      c.i32(PROBABILITIES + 4 * REP_LEN).set(this.#lengths);
    });
    this.#length();
    c.get(this.#is_rep);
    this.#br_if(next);
    this.#distance(next);
    this.#br(next);
  }

  /** Copies what of a match fits. */
  #copy(): void {
    const c = this.code;
    const { rep0, pending, output, start, dictionary_size } = this.#word;
    const distance = this.#at, n = this.#p, from = this.#a, to = this.#b;
    c.get(rep0).i32(1).u8(ADD).set(distance);
    this.#fail_if(RESULT.too_far, () => {
      c.get(distance).get(output).get(start).u8(SUB, GT_U);
      c.get(distance).get(dictionary_size).u8(GT_U, OR);
    });
    c.get(this.#out_end).get(output).u8(SUB).set(n);
    c.get(n).get(pending).get(n).get(pending).u8(LT_U, SELECT).set(n);
    c.get(pending).get(n).u8(SUB).set(pending);
    c.get(output).get(distance).u8(SUB).set(from);
    c.get(output).get(n).u8(ADD).set(to);
    const step = (size: number, move: Emit): void => {
      this.#loop((again) => {
        c.get(output).get(from);
        move();
        c.get(from).i32(size).u8(ADD).set(from);
        c.get(output).i32(size).u8(ADD).tee(output).get(to).u8(LT_U);
        this.#br_if(again);
      });
    };
    c.get(n).i32(LONG).u8(GE_U).get(distance).get(n).u8(GE_U, AND);
    this.#if(
      () => c.get(output).get(from).get(n).u8(...MEMORY_COPY),
      () => {
        c.get(distance).i32(8).u8(GE_U);
        this.#if(
          () => step(8, () => c.mem(OP.i64_load, 0, 0).mem(OP.i64_store, 0, 0)),
          () => step(1, () => c.mem(OP.i32_load8_u, 0, 0).mem(OP.i32_store8, 0, 0)),
        );
      },
    );
    c.get(to).set(output);
  }

  #literal(): void {
    const c = this.code;
    const { output, start, lp_mask, lc, state, rep0 } = this.#word;
    // The byte before, or 0 at the dictionary's start.
    this.#block((first) => {
      c.i32(0).set(this.#a);
      c.get(output).get(start).u8(EQ);
      this.#br_if(first);
      c.get(output).i32(1).u8(SUB).mem(OP.i32_load8_u, 0, 0).set(this.#a);
    });
    c.get(output).get(start).u8(SUB).get(lp_mask).u8(AND).get(lc).u8(SHL);
    c.get(this.#a).i32(8).get(lc).u8(SUB, SHR_U, ADD).i32(4 * 0x300).u8(MUL);
    c.i32(PROBABILITIES + 4 * LITERAL).u8(ADD).set(this.#tree);
    c.i32(1).set(this.#symbol);
    c.get(state).i32(7).u8(LT_U);
    this.#if(() => {
      for (let i = 0; i < 8; i++) this.#tree_bit();
    }, () => {
      this.#fail_if(RESULT.too_far, () => c.get(rep0).get(output).get(start).u8(SUB, GE_U));
      const matched = this.#a, offset = this.#b;
      c.get(output).get(rep0).u8(SUB).i32(1).u8(SUB).mem(OP.i32_load8_u, 0, 0).set(matched);
      c.i32(0x100).set(offset);
      for (let i = 0; i < 8; i++) {
        const bit = this.#pos_state;
        c.get(matched).i32(1).u8(SHL).tee(matched).get(offset).u8(AND).set(bit);
        c.get(offset).get(bit).get(this.#symbol).u8(ADD, ADD).i32(2).u8(SHL);
        c.get(this.#tree).u8(ADD).set(this.#at);
        this.#bit_without_branch();
        this.#append_bit();
        c.get(offset).get(bit).i32(0).get(this.#zero).u8(SUB, XOR, AND).set(offset);
      }
    });
    c.get(output).get(this.#symbol).mem(OP.i32_store8, 0, 0);
    c.get(output).i32(1).u8(ADD).set(output);
    c.i32(0);
    c.get(state).i32(3).u8(SUB).get(state).i32(6).u8(SUB);
    c.get(state).i32(10).u8(LT_U, SELECT);
    c.get(state).i32(4).u8(LT_U, SELECT).set(state);
  }

  #new_match(): void {
    const c = this.code;
    const { rep0, rep1, rep2, rep3, state } = this.#word;
    c.get(rep2).set(rep3).get(rep1).set(rep2).get(rep0).set(rep1);
    c.i32(7).i32(10).get(state).i32(7).u8(LT_U, SELECT).set(state);
    c.i32(PROBABILITIES + 4 * MATCH_LEN).set(this.#lengths);
  }

  /** Brings one of the distances before the last to the front. */
  #old_distance(): void {
    const c = this.code;
    const { rep0, rep1, rep2, rep3 } = this.#word;
    const found = this.#a;
    c.get(rep1).set(found);
    this.#bit(() => this.#by_state(IS_REP_G1), () => {}, () => {
      c.get(rep2).set(found);
      this.#bit(() => this.#by_state(IS_REP_G2), () => {}, () => {
        c.get(rep3).set(found).get(rep2).set(rep3);
      });
      c.get(rep1).set(rep2);
    });
    c.get(rep0).set(rep1).get(found).set(rep0);
  }

  /** Decodes a length by the coder at `lengths`. */
  #length(): void {
    const c = this.code;
    const { pending } = this.#word;
    /** A tree of `bits` bits, whose lengths begin at `first`. */
    const tree = (bits: number, first: number): void => {
      c.i32(1).set(this.#symbol);
      for (let i = 0; i < bits; i++) this.#tree_bit();
      c.get(this.#symbol).i32((1 << bits) - first).u8(SUB).set(pending);
    };
    const by_position = (base: number): void => {
      c.get(this.#pos_state).i32(5).u8(SHL).get(this.#lengths).u8(ADD);
      c.i32(4 * base).u8(ADD).set(this.#tree);
    };
    this.#bit(() => c.get(this.#lengths), () => {
      by_position(LEN_LOW);
      tree(3, 2);
    }, () => {
      this.#bit(() => c.get(this.#lengths).i32(4).u8(ADD), () => {
        by_position(LEN_MID);
        tree(3, 10);
      }, () => {
        c.get(this.#lengths).i32(4 * LEN_HIGH).u8(ADD).set(this.#tree);
        tree(8, 18);
      });
    });
  }

  /** Decodes the distance of a match whose length is known. */
  #distance(next: Label): void {
    const c = this.code;
    const { pending, rep0, range, code } = this.#word;
    const slot = this.#a, bits = this.#b;
    c.get(pending).i32(2).u8(SUB).i32(3).get(pending).i32(6).u8(LT_U, SELECT).i32(8).u8(SHL);
    c.i32(PROBABILITIES + 4 * POS_SLOT).u8(ADD).set(this.#tree);
    c.i32(1).set(this.#symbol);
    for (let i = 0; i < 6; i++) this.#tree_bit();
    c.get(this.#symbol).i32(64).u8(SUB).tee(slot).set(rep0);
    c.get(slot).i32(4).u8(LT_U);
    this.#br_if(next);

    c.get(slot).i32(1).u8(SHR_U).i32(1).u8(SUB).set(bits);
    c.get(slot).i32(1).u8(AND).i32(2).u8(OR).get(bits).u8(SHL).set(rep0);
    c.get(slot).i32(14).u8(LT_U);
    this.#if(() => {
      c.get(rep0).get(slot).u8(SUB).i32(2).u8(SHL);
      c.i32(PROBABILITIES + 4 * POS_SPECIAL).u8(ADD).set(this.#tree);
    }, () => {
      // Bits of even chances in the middle; the low four from the alignment tree.
      const middle = this.#pos_state;
      c.i32(0).set(middle);
      c.get(bits).i32(4).u8(SUB).set(bits);
      this.#loop((again) => {
        this.#normalize();
        c.get(range).i32(1).u8(SHR_U).set(range);
        c.get(code).get(range).u8(GE_U).set(this.#p);
        c.get(code).get(range).i32(0).get(this.#p).u8(SUB, AND, SUB).set(code);
        c.get(middle).i32(1).u8(SHL).get(this.#p).u8(ADD).set(middle);
        c.get(bits).i32(1).u8(SUB).tee(bits);
        this.#br_if(again);
      });
      c.get(rep0).get(middle).i32(4).u8(SHL, ADD).set(rep0);
      c.i32(PROBABILITIES + 4 * POS_ALIGN).set(this.#tree);
      c.i32(4).set(bits);
    });
    // The low bits come first.
    const weight = this.#pos_state;
    c.i32(1).set(this.#symbol).i32(1).set(weight);
    this.#loop((again) => {
      this.#tree_bit();
      c.i32(0).get(weight).get(this.#zero).u8(SELECT).get(rep0).u8(ADD).set(rep0);
      c.get(weight).i32(1).u8(SHL).set(weight);
      c.get(bits).i32(1).u8(SUB).tee(bits);
      this.#br_if(again);
    });
    c.get(rep0).i32(-1).u8(EQ);
    this.#if(() => {
      c.i32(0).set(pending);
      this.#leave(RESULT.finished);
    });
  }

  // The range coder.

  #by_state(base: number): void {
    this.code.get(this.#word.state).i32(2).u8(SHL).i32(PROBABILITIES + 4 * base).u8(ADD);
  }
  #by_state_and_position(base: number): void {
    const c = this.code;
    c.get(this.#word.state).i32(4).u8(SHL).get(this.#pos_state).u8(ADD);
    c.i32(2).u8(SHL).i32(PROBABILITIES + 4 * base).u8(ADD);
  }

  #normalize(): void {
    const c = this.code;
    const { range, code, input } = this.#word;
    c.get(range).i32(1 << 24).u8(LT_U);
    this.#if(() => {
      c.get(range).i32(8).u8(SHL).set(range);
      c.get(code).i32(8).u8(SHL).get(input).mem(OP.i32_load8_u, 0, 0).u8(OR).set(code);
      c.get(input).i32(1).u8(ADD).set(input);
    });
  }
  /** Gets `p` and `bound` of the probability at `at`. */
  #divide(): void {
    const c = this.code;
    this.#normalize();
    c.get(this.#at).mem(OP.i32_load, 2, 0).set(this.#p);
    c.get(this.#word.range).i32(11).u8(SHR_U).get(this.#p).u8(MUL).set(this.#bound);
  }

  /** Decodes a bit by the probability whose address is pushed, and goes on by what it is. */
  #bit(push_address: Emit, is_zero: Emit, is_one: Emit = () => {}): void {
    const c = this.code;
    const { range, code } = this.#word;
    push_address();
    c.set(this.#at);
    this.#divide();
    c.get(code).get(this.#bound).u8(LT_U);
    this.#if(() => {
      c.get(this.#bound).set(range);
      c.get(this.#at).get(this.#p).i32(2048).get(this.#p).u8(SUB).i32(5).u8(SHR_U, ADD);
      c.mem(OP.i32_store, 2, 0);
      is_zero();
    }, () => {
      c.get(range).get(this.#bound).u8(SUB).set(range);
      c.get(code).get(this.#bound).u8(SUB).set(code);
      c.get(this.#at).get(this.#p).get(this.#p).i32(5).u8(SHR_U, SUB).mem(OP.i32_store, 2, 0);
      is_one();
    });
  }
  /**
   * Decodes a bit by the probability at `at` into `zero`, for bits that are hard to predict: a
   * wrong guess would cost more than what is selected between here.
   */
  #bit_without_branch(): void {
    const c = this.code;
    const { range, code } = this.#word;
    this.#divide();
    c.get(code).get(this.#bound).u8(LT_U).set(this.#zero);
    c.get(this.#bound).get(range).get(this.#bound).u8(SUB).get(this.#zero).u8(SELECT).set(range);
    c.get(code).get(code).get(this.#bound).u8(SUB).get(this.#zero).u8(SELECT).set(code);
    // p + (2048 - p >> 5), or p - (p >> 5).
    c.get(this.#at).i32(2048).i32(31).get(this.#zero).u8(SELECT).get(this.#p).u8(SUB);
    c.i32(5).u8(SHR_S).get(this.#p).u8(ADD).mem(OP.i32_store, 2, 0);
  }
  #append_bit(): void {
    const c = this.code;
    c.get(this.#symbol).i32(1).u8(SHL).i32(1).u8(ADD).get(this.#zero).u8(SUB);
    c.set(this.#symbol);
  }
  /** Decodes a bit by the node of the tree where `symbol` is, and goes down there. */
  #tree_bit(): void {
    const c = this.code;
    c.get(this.#symbol).i32(2).u8(SHL).get(this.#tree).u8(ADD).set(this.#at);
    this.#bit_without_branch();
    this.#append_bit();
  }

  // Structure.

  #block(body: (label: Label) => void): void {
    this.#nest(OP.block, body);
  }
  #loop(body: (label: Label) => void): void {
    this.#nest(OP.loop, body);
  }
  #nest(op: number, body: (label: Label) => void): void {
    this.code.u8(op, 0x40);
    const label = this.#depth++;
    body(label);
    this.#depth = label;
    this.code.u8(OP.end);
  }
  /** Where what is on the stack is not 0. */
  #if(then: Emit, otherwise?: Emit): void {
    this.#nest(OP.if, () => {
      then();
      if (otherwise === undefined) return;
      this.code.u8(OP.else);
      otherwise();
    });
  }
  #br(label: Label): void {
    this.code.u8(OP.br);
    this.code.leb(this.#depth - 1 - label);
  }
  #br_if(label: Label): void {
    this.code.u8(OP.br_if);
    this.code.leb(this.#depth - 1 - label);
  }
  #fail_if(result: number, condition: Emit): void {
    condition();
    this.code.unlikely();
    this.#if(() => this.#leave(result));
  }
  /** Stores what changes and answers `result`. */
  #leave(result: number): void {
    const c = this.code;
    for (const word of CHANGING) {
      c.i32(0).get(this.#word[word]).mem(OP.i32_store, 2, address_of(word));
    }
    c.i32(result).u8(OP.return);
  }
}
