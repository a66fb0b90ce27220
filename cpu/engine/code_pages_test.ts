import assert from "node:assert/strict";
import { STATE } from "../state.ts";
import { flat_cpu, place_code } from "../testing/flat.ts";
import { InterpreterEngine } from "./interpreter.ts";

const PAGE = 0x4000_1000;
/** mov r0, #n; svc #0 */
const code = (n: number): number[] => [0xe3a0_0000 | n, 0xef00_0000];

/** An interpreter that has executed what is at the beginning of the page. */
function start(): { run: (n: number) => void; store: (offset: number) => boolean } {
  const cpu = flat_cpu();
  const engine = new InterpreterEngine(cpu);
  const run = (n: number): void => {
    place_code(cpu, code(n), { address: PAGE });
    cpu.set(STATE.exit, 0);
    cpu.set(STATE.budget, 100);
    engine.run();
    assert.equal(cpu.reg(0), n);
  };
  return { run, store: (offset) => engine.page_written(PAGE, offset, 4) };
}

/** How many stores at ever further offsets it takes until the page is no longer protected. */
function stores_until_free(store: (offset: number) => boolean, offset: number): number {
  for (let i = 1; i < 100_000; i++) if (!store(offset)) return i;
  return Infinity;
}

Deno.test("A page that is overwritten without being executed becomes one of data", () => {
  const { run, store } = start();
  run(1);
  const free = stores_until_free(store, 0x800);
  assert.ok(free > 100 && free < 5000, `${free} stores`);
  run(2);
  assert.ok(store(0x800), "its code protects it again");
});

Deno.test("Data beside code that is in use costs the code its records ever more seldom", () => {
  const { run, store } = start();
  let before = 0;
  for (let i = 0; i < 5; i++) {
    run(i);
    const free = stores_until_free(store, 0x800);
    assert.ok(free > before);
    before = free;
  }
});

Deno.test("Code that is patched again and again keeps its page", () => {
  const { run, store } = start();
  for (let i = 0; i < 3000; i++) {
    run(i & 0xff);
    assert.ok(store(0));
  }
});
