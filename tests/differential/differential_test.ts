/**
 * Random instructions of every row on the reference engine, the interpreter and qemu-arm.
 *
 * `ARMVM_FUZZ_SEED` and `ARMVM_FUZZ_CASES` choose other cases than the usual ones.
 *
 * @module
 */
import assert from "node:assert/strict";
import { in_ci } from "../../tools/fetch_guests.ts";
import { differences } from "./compare.ts";
import { runnable_rows } from "./draw.ts";
import { describe, type Disagreement, fuzz, shrink } from "./fuzz.ts";
import { RESULT } from "./layout.ts";
import { Oracle, why_no_oracle } from "./oracle.ts";
import { Subject } from "./subject.ts";
import { new_case } from "./text.ts";

const SEED = Number(Deno.env.get("ARMVM_FUZZ_SEED") ?? 1);
const CASES = Number(Deno.env.get("ARMVM_FUZZ_CASES") ?? 200_000);

const missing = await why_no_oracle();
if (missing) console.error(`SKIPPING the comparison with qemu-arm: ${missing}`);
const ignore = missing !== undefined && !in_ci();

Deno.test({ name: "the runner sees what an instruction does", ignore }, async () => {
  await using oracle = await Oracle.open();
  const subject = new Subject();
  // adds r0, r1, r2 with an overflow; then str r0, [sp]; vadd.f32 s0, s1, s2.
  const c = new_case(false, [0xe0910002, 0xe58d0000, 0xee300a81]);
  c.set([0x7fff_ffff, 1], 37);
  c[36 + 13] = 0x6000_0f84;
  c.set([0x3f80_0000, 0x4000_0000], 54 + 1);
  subject.write_code([c]);
  const [oracle_says] = await oracle.run([c]);
  for (const engine of ["reference", "interpreter"] as const) {
    const result = subject.run(c, engine);
    assert.deepEqual(differences(oracle_says!, result, { strict: true }), [], engine);
    assert.equal(result[RESULT.r], 0x8000_0000);
    assert.equal(result[RESULT.cpsr]! >>> 28, 9);
    assert.equal(result[RESULT.window + 1], 0x8000_0000);
    assert.equal(result[RESULT.d], 0x4040_0000);
    result[RESULT.d + 63]! ^= 1;
    assert.deepEqual(differences(oracle_says!, result, { strict: true }), ["s63"]);
  }
});

Deno.test(
  { name: `${CASES} random instructions do what they do on qemu-arm`, ignore },
  async () => {
    await using oracle = await Oracle.open();
    const subject = new Subject();
    const rows = runnable_rows();
    const found: Disagreement[] = [];
    await fuzz(subject, oracle, {
      seed: SEED,
      cases: CASES,
      rows,
      found: (d) => found.push(d) < 20,
    });
    const shown: string[] = [];
    for (const d of found.slice(0, 5)) {
      shown.push(describe(await shrink(subject, oracle, d), SEED));
    }
    assert.equal(found.length, 0, `seed ${SEED}\n${shown.join("\n")}`);
  },
);
