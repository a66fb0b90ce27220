/**
 * Cases as lines of text, so that what was found once stays:
 *
 * ```
 * a32 e0910002 | r1=80000000 r2=80000000 | r0=0 cpsr=70000000 | adds r0, r1, r2
 * ```
 *
 * The instruction set and the code; what differs from zero before; what differs from that
 * afterwards (`signal` when it is not the undefined instruction behind the code); the rest is for
 * the reader. All numbers are hexadecimal. `s0` to `s63` are the words of the V registers, `m0` to
 * `m63` those of the memory window, `c0` to `c31` those of the code where it goes on after its end.
 *
 * @module
 */
import { case_word, RESULT_NAMES, result_word } from "./compare.ts";
import { code_length, disassemble } from "./draw.ts";
import {
  CASE,
  type Case,
  CODE,
  RESULT,
  type Result,
  SIGNAL,
  STOP_A32,
  STOP_THUMB,
} from "./layout.ts";

const hex = (n: number): string => (n >>> 0).toString(16);

/** An empty case for `code`: words of A32 or halfwords of Thumb. */
export function new_case(thumb: boolean, code: readonly number[]): Case {
  const c = new Uint32Array(CASE.words);
  c[CASE.code_address] = CODE;
  c[CASE.thumb] = thumb ? 1 : 0;
  c[CASE.entry] = CODE | (thumb ? 1 : 0);
  c[CASE.fill_after] = 4 * CASE.code_words;
  const words = c.subarray(CASE.code, CASE.code + CASE.code_words);
  words.fill(thumb ? STOP_THUMB : STOP_A32);
  if (thumb) new Uint16Array(c.buffer, words.byteOffset, words.length * 2).set(code);
  else words.set(code);
  c[CASE.cpsr] = 0x10;
  return c;
}

/** What a case's result is when nothing happens but that `length` bytes of code go by. */
function unchanged(c: Case, length: number): Result {
  const out = new Uint32Array(RESULT.words);
  for (const name of RESULT_NAMES) {
    const from = case_word(name);
    if (from !== undefined) out[result_word(name)] = c[from]!;
  }
  out[RESULT.signal] = SIGNAL.ill;
  out[RESULT.pc] = c[CASE.code_address]! + length;
  out[RESULT.cpsr]! |= c[CASE.thumb]! << 5;
  return out;
}

/** One line for a case and the result that is right. */
export function to_line(c: Case, right: Result): string {
  const code = disassemble(c);
  const before: string[] = [], after: string[] = [];
  const base = unchanged(c, code_length(c));
  for (const name of RESULT_NAMES) {
    const from = case_word(name), to = result_word(name);
    if (from !== undefined && c[from] !== (name === "cpsr" ? 0x10 : 0)) {
      before.push(`${name}=${hex(c[from]!)}`);
    }
    if (name === "pc" && right[to] !== base[to]) after.push(`pc=+${hex(right[to]! - CODE)}`);
    else if (right[to] !== base[to]) after.push(`${name}=${hex(right[to]!)}`);
  }
  const plain = new_case(
    c[CASE.thumb] === 1,
    units_of(code.map((i) => i.hex), c[CASE.thumb] === 1),
  );
  for (let i = CASE.code; i < CASE.code + CASE.code_words; i++) {
    if (c[i] !== plain[i]) before.push(`c${i - CASE.code}=${hex(c[i]!)}`);
  }
  return [
    `${c[CASE.thumb] ? "thumb" : "a32"} ${code.map((i) => i.hex).join(" ")}`,
    before.join(" "),
    after.join(" "),
    code.map((i) => i.text).join("; "),
  ].join(" | ");
}

/** The code as {@link new_case} takes it. */
function units_of(instructions: readonly string[], thumb: boolean): number[] {
  return instructions.flatMap((word) =>
    thumb ? word.match(/.{4}/g)!.map((half) => parseInt(half, 16)) : [parseInt(word, 16)]
  );
}

/** Reads a line that {@link to_line} wrote. */
export function parse_line(line: string): { c: Case; right: Result } {
  const [code = "", before = "", after = ""] = line.split("|").map((part) => part.trim());
  const [isa, ...words] = code.split(" ");
  const thumb = isa === "thumb";
  const units = units_of(words, thumb);
  const c = new_case(thumb, units);
  for (const [name, value] of assignments(before)) c[case_word(name)!] = parseInt(value, 16);
  const right = unchanged(c, units.length * (thumb ? 2 : 4));
  for (const [name, value] of assignments(after)) {
    const number = parseInt(value.replace("+", ""), 16);
    right[result_word(name)] = value.startsWith("+") ? CODE + number : number;
  }
  return { c, right };
}

function assignments(text: string): [string, string][] {
  return text.split(" ").filter((t) => t !== "").map((t) => {
    const [name, value] = t.split("=");
    return [name!, value!];
  });
}
