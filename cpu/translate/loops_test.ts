/**
 * What loops keep from turn to turn: the pages that accesses came to, and flags. Pages go and change
 * under them, and accesses leave the region in all turns.
 *
 * @module
 */
import assert from "node:assert/strict";
import { RAM, type Rig } from "../system/testing.ts";
import { PAGES, type Program, Stage, TABLE } from "../testing/turns.ts";

const CODE = RAM.base + 0x1000;
/** Pages that {@link map} maps as a test likes. */
const VIRTUAL = 0x5000_0000;
/** Descriptors of normal memory: all rights, none for writing, none for user mode. */
const PAGE = 0x3e, READ_ONLY = 0x23e, PRIVILEGED = 0x1e;

const stage = new Stage();

/** Identity mapping of the RAM in pages, and {@link VIRTUAL} pages as described. */
function map(rig: Rig, virtual: readonly number[]): void {
  rig.poke(TABLE + (RAM.base >>> 20) * 4, PAGES | 1);
  for (let page = 0; page < 256; page++) {
    rig.poke(PAGES + 4 * page, RAM.base + page * 0x1000 | PAGE);
  }
  rig.poke(TABLE + (VIRTUAL >>> 20) * 4, (PAGES + 0x400) | 1);
  virtual.forEach((descriptor, page) => rig.poke(PAGES + 0x400 + 4 * page, descriptor));
  rig.mmu({ ttbr0: TABLE });
}

function words(at: number, count: number, f: (i: number) => number): Record<number, number> {
  return Object.fromEntries(Array.from({ length: count }, (_, i) => [at + 4 * i, f(i)]));
}

/** With all budgets, so that the translator takes over in all places. */
function agree(program: Program, on_stop?: (rig: Rig) => void): string {
  let state = "";
  for (const budget of [5000, 1, 4, 7, 30]) {
    state = stage.agree(program, { budget, on_stop }).at(-1)!.state;
    stage.agree(program, { budget, on_stop, keep: true });
  }
  return state;
}

const FIRST = RAM.base + 0x9000, SECOND = RAM.base + 0xa000;

Deno.test("A loop reads from the page that has come in another's place", () => {
  const program: Program = {
    at: CODE,
    code: {
      [CODE]: [
        0xe3a08005, // 1: mov r8, #5
        0xe5972000, // 2: ldr r2, [r7]
        0xe0800002, // add r0, r0, r2
        0xe2588001, // subs r8, r8, #1
        0x1afffffb, // bne 2b
        0xe3510014, // cmp r1, #20
        0x1a000001, // bne 3f
        0xe5865000, // str r5, [r6]: the page's descriptor
        0xee087f37, // mcr p15, 0, r7, c8, c7, 1 (TLBIMVA)
        0xe2511001, // 3: subs r1, r1, #1
        0x1afffff4, // bne 1b
        0xef000000, // svc #0
      ],
    },
    regs: { 1: 40, 5: SECOND | PAGE, 6: PAGES + 0x400, 7: VIRTUAL },
    memory: { [FIRST]: 1, [SECOND]: 0x1_0000 },
    setup: (rig) => map(rig, [FIRST | PAGE]),
  };
  const sum = 21 * 5 + 19 * 5 * 0x1_0000;
  assert.match(agree(program), new RegExp(`r0=${sum.toString(16)} `));
});

Deno.test("A loop's stores notice that their page has become code", () => {
  const program: Program = {
    at: CODE,
    code: {
      [CODE]: [
        0xe3a08005, // 1: mov r8, #5
        0xe5865000, // 2: str r5, [r6]
        0xe5867004, // str r7, [r6, #4]
        0xe2855001, // add r5, r5, #1: another instruction next time
        0xe2588001, // subs r8, r8, #1
        0x1afffffa, // bne 2b
        0xe3510014, // cmp r1, #20
        0xca000001, // bgt 3f
        0xe1a0e00f, // mov lr, pc
        0xe12fff16, // bx r6
        0xe2511001, // 3: subs r1, r1, #1
        0x1afffff3, // bne 1b
        0xef000000, // svc #0
      ],
    },
    // add r0, r0, #0; bx lr: called from half way on.
    regs: { 1: 40, 5: 0xe280_0000, 6: CODE + 0x2000, 7: 0xe12f_ff1e },
  };
  const sum = Array.from({ length: 20 }, (_, i) => 5 * (i + 20) + 4).reduce((a, b) => a + b);
  assert.match(agree(program), new RegExp(`r0=${sum.toString(16)} `));
});

Deno.test("A loop whose accesses come to several pages in turn does each where it belongs", () => {
  const program: Program = {
    at: CODE,
    code: {
      [CODE]: [
        0xe7942005, // 1: ldr r2, [r4, r5]
        0xe0800002, // add r0, r0, r2
        0xe7840005, // str r0, [r4, r5]
        0xe19430b5, // ldrh r3, [r4, r5]
        0xe0233460, // eor r3, r3, r0, ror #8
        0xe7c43005, // strb r3, [r4, r5]
        0xe2855d41, // add r5, r5, #0x1040
        0xe3c55903, // bic r5, r5, #0xc000
        0xe2511001, // subs r1, r1, #1
        0x1afffff5, // bne 1b
        0xef000000, // svc #0
      ],
    },
    regs: { 1: 100, 4: VIRTUAL },
    memory: words(FIRST, 0x800, (i) => Math.imul(i, 0x9e37_79b9)),
    setup: (rig) => map(rig, [SECOND | PAGE, FIRST | PAGE, SECOND | PAGE, FIRST | PAGE]),
  };
  agree(program);
});

Deno.test("Accesses that are not aligned, or lie in two pages, miss what a loop remembers", () => {
  for (const step of [1, 2, 3, 4, 7]) {
    const program: Program = {
      at: CODE,
      code: {
        [CODE]: [
          0xe7942005, // 1: ldr r2, [r4, r5]
          0xe0800002, // add r0, r0, r2
          0xe19430f5, // ldrsh r3, [r4, r5]
          0xe0200463, // eor r0, r0, r3, ror #8
          0xe7860005, // str r0, [r6, r5]
          0xe2855000 + step, // add r5, r5, #step
          0xe2511001, // subs r1, r1, #1
          0x1afffff7, // bne 1b
          0xef000000, // svc #0
        ],
      },
      regs: { 1: 60, 4: VIRTUAL + 0x1000 - 100, 6: VIRTUAL + 0x3000 - 80 },
      memory: words(FIRST, 0x800, (i) => Math.imul(i, 0x9e37_79b9)),
      setup: (rig) => map(rig, [FIRST | PAGE, SECOND | PAGE, SECOND | PAGE, FIRST | PAGE]),
    };
    agree(program);
  }
});

Deno.test("A loop may write only where it may, whatever it has read there", () => {
  const program: Program = {
    at: CODE,
    code: {
      [CODE]: [
        0xe5942000, // 1: ldr r2, [r4]
        0xe0800002, // add r0, r0, r2
        0xe3510005, // cmp r1, #5
        0x05840000, // streq r0, [r4]
        0xe2511001, // subs r1, r1, #1
        0x1afffff9, // bne 1b
        0xef000000, // svc #0
      ],
    },
    regs: { 1: 20, 4: VIRTUAL },
    memory: { [FIRST]: 3 },
    setup: (rig) => map(rig, [FIRST | READ_ONLY]),
  };
  let faults = 0;
  agree(program, (rig) => {
    const taken = rig.taken();
    if (!taken) return;
    assert.equal(taken.kind, "data_abort");
    faults++;
    rig.poke(PAGES + 0x400, FIRST | PAGE);
    rig.system.maps.flush_page(VIRTUAL);
  });
  assert.ok(faults > 0);
});

Deno.test("A loop that goes on in user mode has no privileged page any more", () => {
  const program: Program = {
    at: CODE,
    code: {
      [CODE]: [
        0xe3a08005, // 1: mov r8, #5
        0xe5942000, // 2: ldr r2, [r4]
        0xe0800002, // add r0, r0, r2
        0xe2588001, // subs r8, r8, #1
        0x1afffffb, // bne 2b
        0xe3510005, // cmp r1, #5
        0x03a03010, // moveq r3, #0x10
        0x0121f003, // msreq cpsr_c, r3
        0xe2511001, // subs r1, r1, #1
        0x1afffff4, // bne 1b
        0xef000000, // svc #0
      ],
    },
    regs: { 1: 20, 4: VIRTUAL },
    memory: { [FIRST]: 3 },
    setup: (rig) => map(rig, [FIRST | PRIVILEGED]),
  };
  let faults = 0;
  agree(program, (rig) => {
    const taken = rig.taken();
    if (!taken) return;
    assert.equal(taken.kind, "data_abort");
    faults++;
    rig.poke(PAGES + 0x400, FIRST | PAGE);
    rig.system.maps.flush_page(VIRTUAL);
  });
  assert.ok(faults > 0);
});

/**
 * Ends of loops that leave flags in all ways: operands that stay, move, or are gone. r1 counts down, and
 * the loop goes on while it is not negative.
 */
const ENDS: Readonly<Record<string, readonly number[]>> = {
  "a register less a constant": [0xe2511001], // subs r1, r1, #1
  "a constant more": [0xe2411002, 0xe2911001], // sub r1, r1, #2; adds r1, r1, #1
  "a comparison with a constant": [0xe2411001, 0xe3510000], // sub r1, r1, #1; cmp r1, #0
  "a comparison of registers": [0xe2411001, 0xe1510005], // sub r1, r1, #1; cmp r1, r5
  "registers that move": [0xe3510001, 0xe2411001], // cmp r1, #1; sub r1, r1, #1
  "an addition": [0xe2411002, 0xe3710001, 0xe2811001], // sub r1, r1, #2; cmn r1, #1; add r1, r1, #1
  "a register that is gone": [0xe2411001, 0xe1a03001, 0xe3530000], // sub; mov r3, r1; cmp r3, #0
  "logic": [0xe2411001, 0xe1110001], // sub r1, r1, #1; tst r1, r1
  "reversed": [0xe2611001, 0xe2711000], // rsb r1, r1, #1; rsbs r1, r1, #0
};

/** The same loop alone, and within another that ends in the same place. */
const OUTER: Readonly<Record<string, (loop: number) => readonly number[]>> = {
  "one loop": () => [],
  "two loops": (loop) => [
    0xe2566001, // subs r6, r6, #1
    0xe3a01007, // mov r1, #7
    0xaa000000 | ((-loop - 4) & 0xff_ffff), // bge to the loop
  ],
};

for (const [name, end] of Object.entries(ENDS)) {
  for (const [nesting, outer] of Object.entries(OUTER)) {
    Deno.test(`Flags are right where an access faults in a loop's next turn (${name}, ${nesting})`, () => {
      const loop = [
        0xe4942004, // 1: ldr r2, [r4], #4
        0xe4873004, // str r3, [r7], #4
        0xe1a03002, // mov r3, r2
        ...end,
      ];
      const code = [
        0xe3520007, // cmp r2, #7
        ...loop,
        0xaa000000 | ((-loop.length - 2) & 0xff_ffff), // bge 1b
        ...outer(loop.length),
        0xef000000, // svc #0
      ];
      for (
        const [turns, left] of [[0, 1], [1, 0], [2, 1], [3, 0], [9, 0], [9, 1], [9, 2]] as const
      ) {
        let faults = 0;
        const program: Program = {
          at: CODE,
          code: { [CODE]: code },
          regs: {
            1: turns + left,
            2: 6 + turns,
            4: VIRTUAL + 0x1000 - 4 * turns,
            6: 3,
            7: VIRTUAL + 0x3000 - 4 * turns,
          },
          memory: words(FIRST, 0x800, (i) => Math.imul(i, 0x9e37_79b9)),
          setup: (rig) => map(rig, [FIRST | PAGE, 0, FIRST | PAGE, 0]),
        };
        agree(program, (rig) => {
          const taken = rig.taken();
          if (!taken) return;
          assert.equal(taken.kind, "data_abort");
          faults++;
          for (const page of [1, 3]) {
            rig.poke(PAGES + 0x400 + 4 * page, SECOND | PAGE);
            rig.system.maps.flush_page(VIRTUAL + page * 0x1000);
          }
        });
        assert.ok(faults > 0);
        assert.ok(stage.count("regions") > 0);
      }
    });
  }
}
