import { case_word, differences, result_word } from "./compare.ts";
import { disassemble, Drawer, type DrawnRow, is_safe } from "./draw.ts";
import { CASE, type Case, CODE, RESULT, type Result } from "./layout.ts";
import type { Oracle } from "./oracle.ts";
import type { EngineName, Subject } from "./subject.ts";
import { to_line } from "./text.ts";

/** A case in which somebody disagrees. */
export interface Disagreement {
  readonly index: number;
  /** The engine that disagrees with the oracle, or with the reference engine. */
  readonly engine: EngineName;
  readonly places: readonly string[];
  readonly c: Case;
  readonly expected: Result;
  readonly got: Result;
}

/** A branch to an A32 address that is not a multiple of four is UNPREDICTABLE. */
function misaligned(result: Result): boolean {
  return (result[RESULT.cpsr]! & 0x20) === 0 && (result[RESULT.pc]! & 3) !== 0;
}

/** What both engines say to a case, when it is not what the oracle says. */
function judge(
  subject: Subject,
  c: Case,
  expected: Result,
  index: number,
): Disagreement | undefined {
  if (misaligned(expected)) return undefined;
  const reference = subject.run(c, "reference");
  const wrong = differences(expected, reference, { strict: false });
  if (wrong.length > 0) {
    return { index, engine: "reference", places: wrong, c, expected, got: reference };
  }
  subject.single_step = index % 8 === 7;
  const interpreter = subject.run(c, "interpreter");
  subject.single_step = false;
  const places = differences(reference, interpreter, { strict: true });
  if (places.length === 0) return undefined;
  return { index, engine: "interpreter", places, c, expected: reference, got: interpreter };
}

/** Runs cases on every engine and on the oracle; calls `found` for each disagreement. */
export async function compare_batch(
  subject: Subject,
  oracle: Oracle,
  batch: { cases: readonly Case[]; from: number; mapped: boolean },
  found: (d: Disagreement) => void,
): Promise<void> {
  const answers = oracle.run(batch.cases);
  subject.write_code(batch.cases);
  subject.map_window(batch.mapped);
  const expected = await answers;
  batch.cases.forEach((c, i) => {
    const d = judge(subject, c, expected[i]!, batch.from + i);
    if (d) found(d);
  });
}

/** How a fuzzing run is done. */
export interface FuzzOptions {
  readonly seed: number;
  /** Number of the first case, and the one after the last. */
  readonly from?: number;
  readonly cases: number;
  readonly rows?: readonly DrawnRow[];
  /** Called for each disagreement; answers whether to go on. */
  readonly found: (d: Disagreement) => boolean;
  readonly progress?: (done: number) => void;
}

/** Cases per batch. */
export const BATCH = 2048;

/** Draws cases and compares. */
export async function fuzz(subject: Subject, oracle: Oracle, options: FuzzOptions): Promise<void> {
  const drawer = new Drawer(subject, options.seed, options.rows);
  const end = (options.from ?? 0) + options.cases;
  let go_on = true;
  for (let from = options.from ?? 0; from < end && go_on; from += BATCH) {
    const cases = drawer.batch(from, Math.min(from + BATCH, end));
    // Loads and stores by the page maps and by the memory system take turns.
    const mapped = ((from / BATCH) & 1) === 0;
    await compare_batch(subject, oracle, { cases, from, mapped }, (d) => {
      go_on &&= options.found(d);
    });
    options.progress?.(from + cases.length);
  }
}

/** A simpler case with the same disagreement: everything that does not matter is zero. */
export async function shrink(
  subject: Subject,
  oracle: Oracle,
  found: Disagreement,
): Promise<Disagreement> {
  let best = found;
  const names = [
    ...["fpscr", "cpsr"],
    ...Array.from({ length: 15 }, (_, i) => `r${i}`),
    ...Array.from({ length: 64 }, (_, i) => `s${i}`),
    ...Array.from({ length: 64 }, (_, i) => `m${i}`),
  ];
  // Halves of what is left, then quarters, ... then single words.
  for (let size = 64; size >= 1; size >>= 1) {
    for (let at = 0; at < names.length; at += size) {
      const c = new Uint32Array(best.c);
      for (const name of names.slice(at, at + size)) {
        c[case_word(name)!] = name === "cpsr" ? 0x10 : 0;
      }
      if (c.every((word, i) => word === best.c[i])) continue;
      if (!is_safe(c, subject.preview(c))) continue;
      const still = await again(subject, oracle, c, found);
      if (still) best = still;
    }
  }
  return best;
}

async function again(
  subject: Subject,
  oracle: Oracle,
  c: Case,
  found: Disagreement,
): Promise<Disagreement | undefined> {
  let out: Disagreement | undefined;
  for (const mapped of [false, true]) {
    await compare_batch(subject, oracle, { cases: [c], from: found.index, mapped }, (d) => {
      if (d.engine === found.engine && d.places.some((p) => found.places.includes(p))) out = d;
    });
  }
  return out;
}

const hex8 = (n: number): string => (n >>> 0).toString(16).padStart(8, "0");

/** A disagreement for people, with the line that makes it a permanent case. */
export function describe(d: Disagreement, seed: number): string {
  const text = disassemble(d.c).map((i) => i.text).join("; ");
  const places = d.places.slice(0, 8).map((name) => {
    const word = result_word(name);
    return `    ${name}: expected ${hex8(d.expected[word]!)}, got ${hex8(d.got[word]!)}`;
  });
  const moved = d.c[CASE.code_address] === CODE ? "" : ` at ${hex8(d.c[CASE.code_address]!)}`;
  return [
    `case ${d.index} of seed ${seed}${moved}: ${text}`,
    `  ${d.engine} against ${d.engine === "reference" ? "qemu-arm" : "reference"}`,
    ...places,
    `  ${to_line(d.c, d.expected)}`,
  ].join("\n");
}
