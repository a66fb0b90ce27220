/**
 * Translation on another thread: what it makes is used if the code is still the same, and the vCPU gets
 * on without it.
 *
 * @module
 */
import assert from "node:assert/strict";
import { STATE } from "../state.ts";
import { RAM } from "../system/testing.ts";
import { DATA, type Program, Stage } from "../testing/turns.ts";
import { Assistant } from "./assist.ts";
import { Mailbox } from "./mailbox.ts";

const CODE = RAM.base + 0x1000;

/** A loop with a store and a call; it goes around 1000 times. */
function loop(add = 0xe2855003): Program {
  return {
    at: CODE,
    code: {
      [CODE]: [
        0xe3a01ffa, // mov r1, #1000
        add, // 1: add r5, r5, #3
        0xe5845000, // str r5, [r4]
        0xeb000002, // bl 2f
        0xe2511001, // subs r1, r1, #1
        0x1afffffa, // bne 1b
        0xef000000, // svc #0
        0xe0266005, // 2: eor r6, r6, r5
        0xe12fff1e, // bx lr
      ],
    },
    regs: { 4: DATA },
  };
}

function assisted(patience_ms = Infinity): Stage {
  return new Stage({ assisted: true, patience_ms });
}

function assistant_of({ rig: { cpu } }: Stage): Assistant {
  return new Assistant(cpu.memory.buffer);
}

/** Runs a program's beginning, and leaves it there. */
function run_a_little({ rig: { cpu }, translator }: Stage, insns = 50): void {
  cpu.set(STATE.budget, insns);
  translator.run();
}

Deno.test("What another thread has translated is used from the next sample on", () => {
  const stage = assisted();
  const assistant = assistant_of(stage);
  assert.ok(assistant.come());
  stage.agree(loop(), { budget: 20, on_stop: () => void assistant.serve_one(0) });
  assert.ok(stage.count("regions") > 0);
  assert.ok(stage.count("live") > 0);
});

Deno.test("Nothing is translated while somebody who does it is awaited", () => {
  const stage = assisted();
  stage.agree(loop());
  assert.equal(stage.count("regions"), 0);
});

Deno.test("A translation of code that has changed since it was ordered is thrown away", () => {
  const stage = assisted();
  const assistant = assistant_of(stage);
  assistant.come();
  stage.begin(loop());
  run_a_little(stage);
  // Translated as it was, or while it changes, or as it is: nobody can tell.
  assert.ok(assistant.serve_one(0));
  stage.begin(loop(0xe2855007));
  run_a_little(stage, 4);
  assert.equal(stage.count("regions"), 0);
  stage.agree(loop(0xe2855007), { budget: 20, on_stop: () => void assistant.serve_one(0) });
  assert.ok(stage.count("regions") > 0);
});

Deno.test("So is one that was ordered before more changes than are remembered", () => {
  const stage = assisted();
  const assistant = assistant_of(stage);
  assistant.come();
  stage.begin(loop());
  run_a_little(stage);
  const { maps } = stage.rig.system;
  for (let i = 0; i < 300; i++) maps.written(CODE + 0x800, 4);
  assert.ok(assistant.serve_one(0));
  run_a_little(stage);
  assert.equal(stage.count("regions"), 0);
});

Deno.test("Stores beside the code do not make its translation stale", () => {
  const stage = assisted();
  const assistant = assistant_of(stage);
  assistant.come();
  stage.begin(loop());
  run_a_little(stage);
  stage.rig.system.maps.written(CODE + 0x800, 4);
  while (stage.count("regions") === 0 && assistant.serve_one(0)) run_a_little(stage, 4);
  assert.ok(stage.count("regions") > 0);
});

Deno.test("When the other thread has gone, what it was asked for is translated here", () => {
  const stage = assisted();
  assistant_of(stage).come();
  stage.begin(loop());
  run_a_little(stage);
  assert.equal(stage.count("regions"), 0);
  new Mailbox(stage.rig.cpu).leave();
  run_a_little(stage);
  assert.ok(stage.count("regions") > 0);
  stage.agree(loop());
});

Deno.test("Imports keep their numbers when translation goes on here", () => {
  const stage = assisted();
  const assistant = assistant_of(stage);
  assistant.come();
  const program: Program = {
    at: CODE,
    code: {
      [CODE]: [
        0xe3a010c8, // mov r1, #200
        0xeef12a10, // 1: vmrs r2, fpscr
        0xeee12a10, // vmsr fpscr, r2
        0xe5943002, // ldr r3, [r4, #2]
        0xe2511001, // subs r1, r1, #1
        0x1afffffa, // bne 1b
        0xef000000, // svc #0
      ],
    },
    regs: { 4: DATA },
  };
  stage.agree(program, { budget: 20, on_stop: () => void assistant.serve_one(0) });
  const before = stage.count("regions");
  assert.ok(before > 0);
  new Mailbox(stage.rig.cpu).leave();
  stage.agree(loop(), { budget: 20 });
  stage.agree(program, { budget: 20 });
  assert.ok(stage.count("regions") > before);
});

Deno.test("An error in translating is the vCPU's, unless the code was being changed", () => {
  for (const changed of [true, false]) {
    const stage = assisted();
    const mailbox = new Mailbox(stage.rig.cpu);
    mailbox.come();
    stage.begin(loop());
    run_a_little(stage);
    const { rec } = mailbox.next(0)!;
    const body = { bytes: new Uint8Array(), hints: [] };
    if (changed) stage.begin(loop());
    mailbox.answer({ rec, insns: 0, covered: [], body, imports: [], error: "no way" });
    if (changed) run_a_little(stage);
    else assert.throws(() => run_a_little(stage), /no way/);
  }
});

Deno.test("Nobody is waited for in vain, and one that comes too late is not needed", () => {
  const stage = assisted(0);
  const until = performance.now() + 30_000;
  while (stage.count("regions") === 0 && performance.now() < until) stage.agree(loop());
  assert.ok(stage.count("regions") > 0);
  assert.ok(!assistant_of(stage).come());
});

/** A loop whose first instruction is rewritten in every 16th turn. */
const REWRITES: Program = {
  at: CODE,
  code: {
    [CODE]: [
      0xe3a010c8, // mov r1, #200
      0xe2855001, // 1: add r5, r5, #1
      0xe311000f, // tst r1, #15
      0x05962000, // ldreq r2, [r6]
      0x02822001, // addeq r2, r2, #1
      0x05862000, // streq r2, [r6]
      0xe2511001, // subs r1, r1, #1
      0x1afffff8, // bne 1b
      0xef000000, // svc #0
    ],
  },
  regs: { 6: CODE + 4 },
};

function worker_of({ rig: { cpu } }: Stage): Worker {
  const worker = new Worker(new URL("./translator_worker.ts", import.meta.url), { type: "module" });
  worker.postMessage(cpu.memory.buffer);
  return worker;
}

Deno.test("Code that is rewritten while a Worker translates it is executed as it is", async () => {
  const stage = assisted();
  const worker = worker_of(stage);
  try {
    const start = performance.now();
    const time = (): number => performance.now() - start;
    for (let i = 0; time() < 2000 || (stage.count("regions") === 0 && time() < 30_000); i++) {
      stage.agree(REWRITES, { budget: 40 + i % 50 });
      stage.agree(loop(0xe2855000 | (i & 0xff)), { budget: 300 + i });
      if (i % 10 === 0) await new Promise((resolve) => setTimeout(resolve, 10));
    }
    assert.ok(stage.count("regions") > 0);
  } finally {
    worker.terminate();
  }
});

Deno.test("A Worker translates while the vCPU runs", async () => {
  const stage = assisted();
  const worker = worker_of(stage);
  try {
    const until = performance.now() + 30_000;
    while (stage.count("live") === 0 && performance.now() < until) {
      stage.agree(loop(), { keep: stage.count("regions") > 0 });
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    assert.ok(stage.count("live") > 0);
    stage.agree(loop(), { keep: true });
  } finally {
    worker.terminate();
  }
});
