/**
 * Compares for as long as one likes: `deno task soak --cases 5000000 --seed 3 --rows "a32 V"`.
 * Prints each disagreement, shrunk, as a line for `cases/`.
 *
 * @module
 */
import { parseArgs } from "node:util";
import { runnable_rows } from "./draw.ts";
import { BATCH, describe, type Disagreement, fuzz, shrink } from "./fuzz.ts";
import { Oracle, why_no_oracle } from "./oracle.ts";
import { Subject } from "./subject.ts";

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      cases: { type: "string", default: "1000000" },
      seed: { type: "string" },
      from: { type: "string", default: "0" },
      rows: { type: "string", default: "" },
      show: { type: "string", default: "20" },
    },
  });
  const missing = await why_no_oracle();
  if (missing) {
    console.error(`Cannot compare: ${missing}`);
    return 1;
  }
  const seed = Number(values.seed ?? Math.floor(Math.random() * 1e9));
  const pattern = new RegExp(values.rows);
  const rows = runnable_rows().filter(({ row }) => pattern.test(`${row.isa} ${row.name}`));
  console.log(`seed ${seed}, ${rows.length} rows`);
  await using oracle = await Oracle.open();
  const subject = new Subject();
  // One of each row is enough to look at.
  const first = new Map<string, Disagreement>();
  let count = 0;
  const start = performance.now();
  await fuzz(subject, oracle, {
    seed,
    from: Number(values.from),
    cases: Number(values.cases),
    rows,
    found(d) {
      const { row } = rows[d.index % rows.length]!;
      const name = `${row.isa} ${row.name} ${d.engine}`;
      if (!first.has(name)) first.set(name, d);
      return ++count < 10_000;
    },
    progress(done) {
      if ((done / BATCH) % 50 !== 0) return;
      const rate = (done - Number(values.from)) / (performance.now() - start) * 1000;
      console.log(`${done} cases, ${rate.toFixed(0)}/s, ${count} disagreements`);
    },
  });
  for (const [name, d] of [...first].slice(0, Number(values.show))) {
    console.log(`## ${name}\n${describe(await shrink(subject, oracle, d), seed)}`);
  }
  console.log(`${count} disagreements in ${first.size} rows`);
  return count === 0 ? 0 : 1;
}

if (import.meta.main) Deno.exit(await main());
