/**
 * Writes `cases/rows.txt`: some cases of every row with what qemu-arm makes of them, reduced to the
 * inputs that matter, for machines without qemu-arm.
 *
 * ```sh
 * deno run -A tests/differential/record.ts
 * ```
 *
 * @module
 */
import { case_word, differences, RESULT_NAMES, result_word } from "./compare.ts";
import { code_length, Drawer, runnable_rows } from "./draw.ts";
import { CASE, type Case, RESULT, type Result, SIGNAL, STOP_A32, STOP_THUMB } from "./layout.ts";
import { Oracle } from "./oracle.ts";
import { Subject } from "./subject.ts";
import { parse_line, to_line } from "./text.ts";

const PER_ROW = 2;
const DRAWS = 24;
const SEED = 2;

/** The same case where it is parsed from text: at the usual address. */
function at_home(c: Case): Case {
  const out = new Uint32Array(c);
  const home = parse_line(c[CASE.thumb] ? "thumb bf00" : "a32 e1a00000").c;
  for (const word of [CASE.code_address, CASE.entry, CASE.fill_before, CASE.fill_after]) {
    out[word] = home[word]!;
  }
  return out;
}

/** Whether zeroing one input left everything else as it was. */
function unaffected(name: string, before: [Case, Result], after: [Case, Result]): boolean {
  return RESULT_NAMES.every((other) => {
    const word = result_word(other);
    if (before[1][word] === after[1][word]) return true;
    if (other !== name) return false;
    const input = case_word(name)!, kept = name === "cpsr" ? 0xf80f_0000 : -1;
    return [before, after].every(([c, result]) => ((c[input]! ^ result[word]!) & kept) === 0);
  });
}

function reduce(subject: Subject, start: Case): Case {
  let c = start, result = subject.run(c, "reference");
  for (const name of RESULT_NAMES) {
    const word = case_word(name);
    if (word === undefined) continue;
    const simpler = new Uint32Array(c);
    simpler[word] = name === "cpsr" ? 0x10 : 0;
    if (simpler[word] === c[word]) continue;
    const outcome = subject.run(simpler, "reference");
    if (unaffected(name, [c, result], [simpler, outcome])) [c, result] = [simpler, outcome];
  }
  for (let i = CASE.code + 1; i < CASE.code + CASE.code_words; i++) {
    const simpler = new Uint32Array(c);
    simpler[i] = c[CASE.thumb] ? STOP_THUMB : STOP_A32;
    subject.write_code([simpler]);
    const outcome = subject.run(simpler, "reference");
    if (differences(result, outcome, { strict: true }).length === 0) c = simpler;
  }
  subject.write_code([c]);
  return c;
}

/** How much happens in a case, to choose those in which something does. */
function interest(subject: Subject, c: Case): number {
  subject.write_code([c]);
  const result = subject.run(c, "reference");
  if (result[RESULT.signal] !== SIGNAL.ill) return 0;
  if (result[RESULT.pc] !== c[CASE.code_address]! + code_length(c)) return 0;
  return RESULT_NAMES.filter((name) => {
    const word = case_word(name);
    return word !== undefined && name !== "cpsr" && c[word] !== result[result_word(name)];
  }).length;
}

async function main(): Promise<void> {
  await using oracle = await Oracle.open();
  const subject = new Subject();
  const lines: string[] = [
    "# Written by record.ts: some cases of every row, as qemu-arm 7.2 has them.",
  ];
  for (const row of runnable_rows()) {
    const cases = new Drawer(subject, SEED, [row]).batch(0, DRAWS).map(at_home)
      .map((c) => ({ c, interest: interest(subject, c), length: code_length(c) }))
      .sort((a, b) => Math.sign(b.interest) - Math.sign(a.interest) || a.length - b.length)
      .slice(0, PER_ROW).map(({ c }) => {
        subject.write_code([c]);
        return reduce(subject, c);
      });
    for (const c of cases) {
      subject.write_code([c]);
      const [right] = await oracle.run([c]);
      const line = to_line(c, right!);
      const back = parse_line(line);
      const got = subject.run(c, "reference");
      subject.write_code([back.c]);
      const wrong = [
        ...differences(right!, got, { strict: false }),
        ...differences(right!, back.right, { strict: true }),
        ...differences(right!, subject.run(back.c, "reference"), { strict: false }),
      ];
      // What was moved from its own slot may branch to where it must not.
      if (wrong.length > 0) console.error(`left out: ${line}`);
      else lines.push(line);
    }
  }
  await Deno.writeTextFile(new URL("./cases/rows.txt", import.meta.url), lines.join("\n") + "\n");
}

if (import.meta.main) await main();
