import { CASE, RAM, RAM_SIZE, RESULT, type Result, SIGNAL } from "./layout.ts";

/** NZCVQ, IT, GE and T: what a signal frame has of the CPSR that is the program's own. */
const CPSR_MASK = 0xfe0f_fc20;
const NAMED: Readonly<Record<string, number>> = {
  signal: RESULT.signal,
  pc: RESULT.pc,
  cpsr: RESULT.cpsr,
  fpscr: RESULT.fpscr,
};

/** A place in a result by its name: `signal`, `pc`, `cpsr`, `fpscr`, `r4`, `s17` (a V word), `m12`. */
export function result_word(name: string): number {
  const [, letter, index] = /^([rsm])(\d+)$/.exec(name) ?? [];
  if (letter === "r") return RESULT.r + Number(index);
  if (letter === "s") return RESULT.d + Number(index);
  if (letter === "m") return RESULT.window + Number(index);
  const word = NAMED[name];
  if (word === undefined) throw new TypeError(`Cannot read the name ${name}`);
  return word;
}

/** The same place in a case, or code word `c3`; undefined for `signal` and `pc`. */
export function case_word(name: string): number | undefined {
  const [, letter, index] = /^([rsmc])(\d+)$/.exec(name) ?? [];
  if (letter === "c") return CASE.code + Number(index);
  if (letter === "r") return CASE.r + Number(index);
  if (letter === "s") return CASE.d + Number(index);
  if (letter === "m") return CASE.window + Number(index);
  return name === "cpsr" ? CASE.cpsr : name === "fpscr" ? CASE.fpscr : undefined;
}

/** Every name of a result's words. */
export const RESULT_NAMES: readonly string[] = [
  ...Object.keys(NAMED),
  ...Array.from({ length: 15 }, (_, i) => `r${i}`),
  ...Array.from({ length: 64 }, (_, i) => `s${i}`),
  ...Array.from({ length: 64 }, (_, i) => `m${i}`),
];
const WORDS = RESULT_NAMES.map(result_word);

/** A data access failed: what the instruction leaves behind is its own business. */
function abandoned(result: Result): boolean {
  const signal = result[RESULT.signal]!, pc = result[RESULT.pc]!;
  const fault = signal === SIGNAL.segv || signal === SIGNAL.bus;
  return fault && pc >= RAM && pc < RAM + RAM_SIZE;
}

/**
 * Names of the places in which two results differ. With `strict` what an instruction that was
 * abandoned for a data abort left behind counts as well.
 */
export function differences(a: Result, b: Result, options: { strict: boolean }): string[] {
  const all = options.strict || !(abandoned(a) && abandoned(b));
  const out: string[] = [];
  for (let i = 0; i < (all ? WORDS.length : 2); i++) {
    const word = WORDS[i]!;
    const mask = word === RESULT.cpsr ? CPSR_MASK : 0xffff_ffff;
    if (((a[word]! ^ b[word]!) & mask) !== 0) out.push(RESULT_NAMES[i]!);
  }
  return out;
}
