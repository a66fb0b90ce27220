/**
 * Translated code where it has to stop, and where it has to go: budgets, interrupts, faults, MMIO,
 * code that changes, pages that change. The reference engine does the same beside it.
 *
 * @module
 */
import assert from "node:assert/strict";
import { EXIT, MEM, STATE } from "../state.ts";
import { RAM, type Rig } from "../system/testing.ts";
import { flat_cpu, place_code } from "../testing/flat.ts";
import { DATA, PAGES, type Program, Stage, TABLE } from "../testing/turns.ts";
import { TranslatorEngine } from "./translator.ts";

const CODE = RAM.base + 0x1000;
const VECTORS = RAM.base + 0x3000;
/** Virtual pages that {@link map} maps as a test likes. */
const VIRTUAL = 0x5000_0000;

let shared: Stage | undefined;
function stage(): Stage {
  return shared ??= new Stage();
}

/** Nested loops, a store, and a call with a conditional return. */
const LOOPS: Program = {
  at: CODE,
  code: {
    [CODE]: [
      0xe3a00000, // mov r0, #0
      0xe3a01007, // mov r1, #7
      0xe3a02005, // 1: mov r2, #5
      0xe0800002, // 2: add r0, r0, r2
      0xe02003e0, // eor r0, r0, r0, ror #7
      0xe4840004, // str r0, [r4], #4
      0xeb000006, // bl 5f
      0xe2522001, // subs r2, r2, #1
      0x1afffff9, // bne 2b
      0xe3500000, // cmp r0, #0
      0x42855001, // addmi r5, r5, #1
      0xe2511001, // subs r1, r1, #1
      0x1afffff4, // bne 1b
      0xef000000, // svc #0
      0xe3100001, // 5: tst r0, #1
      0x012fff1e, // bxeq lr
      0xe0966000, // adds r6, r6, r0
      0xe2a77000, // adc r7, r7, #0
      0xe12fff1e, // bx lr
    ],
  },
  regs: { 4: DATA },
};

/** The same kind of thing with IT blocks. */
const THUMB_LOOPS: Program = {
  at: CODE,
  thumb: true,
  code: {
    [CODE]: [
      ...[0x2000, 0x2107], // movs r0, #0; movs r1, #7
      ...[0x2205, 0x4410], // 1: movs r2, #5; 2: add r0, r2
      ...[0xea8010f0, 0xf8440b04], // eor r0, r0, r0, ror #7; str r0, [r4], #4
      ...[0xf000f80a, 0x3a01, 0xd1f6], // bl 5f; subs r2, #1; bne 2b
      ...[0x2800, 0xbf46], // cmp r0, #0; itte mi
      ...[0x3501, 0x4603, 0x3e03], // addmi r5, #1; movmi r3, r0; subpl r6, #3
      ...[0x3901, 0xd1ee, 0xdf00], // subs r1, #1; bne 1b; svc #0
      ...[0x0847, 0xbf38, 0x4770], // 5: lsrs r7, r0, #1; it cc; bxcc lr
      ...[0x1836, 0x4770], // adds r6, r6, r0; bx lr
    ],
  },
  regs: { 4: DATA },
};

/** VFP and NEON in a loop. */
const VECTOR_LOOP: Program = {
  at: CODE,
  code: {
    [CODE]: [
      0xed941a00, // 1: vldr s2, [r4]
      0xe2844004, // add r4, r4, #4
      0xee000a81, // vmla.f32 s0, s1, s2
      0xf2244846, // vadd.i32 q2, q2, q3
      0xe2511001, // subs r1, r1, #1
      0x1afffff9, // bne 1b
      0xef000000, // svc #0
    ],
  },
  regs: { 1: 30, 4: DATA },
  memory: Object.fromEntries(
    Array.from({ length: 30 }, (_, i) => [DATA + 4 * i, 0x3f80_0000 + i * 0x1234]),
  ),
  setup: ({ cpu }) => {
    cpu.set_vword(1, 0x4000_0000);
    for (let word = 8; word < 16; word++) cpu.set_vword(word, word * 0x0101_0101);
  },
};

const PROGRAMS = Object.entries({ a32: LOOPS, thumb: THUMB_LOOPS, vectors: VECTOR_LOOP });

for (const [name, program] of PROGRAMS) {
  Deno.test(`A translated program stops exactly after any budget (${name})`, () => {
    stage().agree(program);
    assert.ok(stage().count("regions") > 0);
    for (let budget = 1; budget < 60; budget++) {
      const stops = stage().agree(program, { budget, keep: true });
      for (let i = 1; i < stops.length - 1; i++) {
        const done = stops[i]!.count - stops[i - 1]!.count;
        // Up to the next taken branch: no block here has more instructions.
        assert.ok(done >= budget && done < budget + 20, `${done} for ${budget}`);
      }
    }
  });
}

/** Counts itself in the word at DATA + 0xf00. */
const IRQ_HANDLER = [
  0xe92d0001, // push {r0}
  0xe59d0008, // ldr r0, [sp, #8]
  0xe2800001, // add r0, r0, #1
  0xe58d0008, // str r0, [sp, #8]
  0xe8bd0001, // pop {r0}
  0xe25ef004, // subs pc, lr, #4
];

for (const [name, program] of PROGRAMS) {
  Deno.test(`Interrupts between a translated program's instructions come back to it (${name})`, () => {
    const interrupted: Program = {
      ...program,
      setup: (rig) => {
        program.setup?.(rig);
        rig.system.regs.vbar = VECTORS;
        IRQ_HANDLER.forEach((word, i) => rig.poke(VECTORS + 0x18 + 4 * i, word));
        rig.mode("irq");
        rig.cpu.set_reg(13, DATA + 0xf00 - 4);
        rig.mode("svc");
      },
    };
    let taken = 0;
    const on_stop = ({ cpu, system }: Rig, stop: number): void => {
      // Between two interrupts the program must get on.
      if (stop % 3 !== 0) return;
      cpu.set(STATE.exit, EXIT.none);
      cpu.set_lines(true, false);
      const before = cpu.get(STATE.pc);
      system.exceptions.take_interrupt();
      if (cpu.get(STATE.pc) !== before) taken++;
      cpu.set_lines(false, false);
    };
    stage().agree(interrupted);
    for (let budget = 1; budget < 40; budget++) {
      stage().agree(interrupted, { budget, keep: true, on_stop });
    }
    assert.ok(taken > 100, `${taken} interrupts`);
  });
}

/** Identity mapping of the RAM in pages, and {@link VIRTUAL} pages to what is given. */
function map(rig: Rig, virtual: readonly number[] = []): void {
  rig.poke(TABLE + (RAM.base >>> 20) * 4, PAGES | 1);
  for (let page = 0; page < 256; page++) map_page(rig, page, RAM.base + page * 0x1000);
  rig.poke(TABLE + (VIRTUAL >>> 20) * 4, (PAGES + 0x400) | 1);
  virtual.forEach((pa, page) => rig.poke(PAGES + 0x400 + 4 * page, pa | PAGE));
  rig.mmu({ ttbr0: TABLE });
}
/** Normal memory, all rights. */
const PAGE = 0x3e;
function map_page(rig: Rig, page: number, pa: number | undefined): void {
  rig.poke(PAGES + 4 * page, pa === undefined ? 0 : pa | PAGE);
}

/** Every kind of access that can fault in the middle of a block. */
const ACCESSES = [
  0xe3a00000, // mov r0, #0
  0xe4942004, // 1: ldr r2, [r4], #4
  0xe0800002, // add r0, r0, r2
  0xe8b5000c, // ldm r5!, {r2, r3}
  0xe0900003, // adds r0, r0, r3
  0xe0a00002, // adc r0, r0, r2
  0xe0c600b2, // strh r0, [r6], #2
  0xe0c720d8, // ldrd r2, r3, [r7], #8
  0xe0200003, // eor r0, r0, r3
  0xe8a8000d, // stm r8!, {r0, r2, r3}
  0xe2511001, // subs r1, r1, #1
  0x1afffff4, // bne 1b
  0xef000000, // svc #0
];

Deno.test("A fault in the middle of a translated loop leaves everything before it done, and nothing after", () => {
  // The page after DATA's is not there until the program has met it. Each pointer in turn meets it.
  const end = DATA + 0x1000;
  for (const [register, step] of [[4, 4], [5, 8], [6, 2], [7, 8], [8, 12]] as const) {
    for (const turns of [3, 17]) {
      const regs: Record<number, number> = { 1: 40 };
      for (const r of [4, 5, 6, 7, 8]) regs[r] = DATA + 0x100 * (r - 3);
      // A multiple access over the page's end faults as well.
      regs[register] = end - step * turns + (register === 5 || register === 8 ? 4 : 0);
      const program: Program = {
        at: CODE,
        code: { [CODE]: ACCESSES },
        regs,
        memory: Object.fromEntries(
          Array.from({ length: 0x400 }, (_, i) => [DATA + 4 * i, Math.imul(i, 0x9e37_79b9)]),
        ),
        setup: (rig) => {
          map(rig);
          map_page(rig, 9, undefined);
        },
      };
      let faults = 0;
      const on_stop = (rig: Rig): void => {
        assert.equal(rig.taken()?.kind, "data_abort");
        map_page(rig, 9, RAM.base + 0x9000);
        rig.system.maps.flush_page(end);
        faults++;
      };
      const stops = stage().agree(program, { on_stop });
      assert.equal(faults, 2);
      assert.equal(stops[0]!.exit, EXIT.exception);
      // With the code translated before it starts.
      stage().agree(program, { on_stop, keep: true });
    }
  }
});

Deno.test("An access to a device in a translated loop is an exit at its instruction", () => {
  const program: Program = {
    at: CODE,
    code: {
      [CODE]: [
        0xe2800001, // 1: add r0, r0, #1
        0xe5962004, // ldr r2, [r6, #4]
        0xe0800002, // add r0, r0, r2
        0xe5860000, // str r0, [r6]
        0xe2511001, // subs r1, r1, #1
        0x1afffff9, // bne 1b
        0xef000000, // svc #0
      ],
    },
    regs: { 1: 20, 6: 0x0900_0000 },
  };
  let engine = "translator";
  const on_stop = ({ cpu, system }: Rig, stop: number): void => {
    assert.equal(cpu.get(STATE.exit), EXIT.mmio, engine);
    cpu.mmio.data.setUint32(0, stop * 3, true);
    system.mmio.answered();
    system.mmio.rewind();
    cpu.set(STATE.exit, EXIT.none);
    cpu.set(STATE.budget, 100);
    stage().translator.step();
    assert.equal(cpu.get(STATE.exit), EXIT.none, engine);
    system.mmio.finish();
  };
  const stops = stage().agree(program, { on_stop });
  assert.equal(stops.filter(({ exit }) => exit === EXIT.mmio).length, 40);
  engine = "translator, from the start";
  stage().agree(program, { on_stop, keep: true });
});

const RETURN = 0xe12fff1e;
/** add r0, r0, #n */
const add = (n: number): number => 0xe2800000 + n;

/** Stores an instruction, with the maintenance that the architecture asks for. */
const PATCH = [
  0xe5865000, // str r5, [r6]
  0xee076f3a, // mcr p15, 0, r6, c7, c10, 1 (DCCMVAC)
  0xf57ff04f, // dsb
  0xee076f35, // mcr p15, 0, r6, c7, c5, 1 (ICIMVAU)
  0xf57ff04f, // dsb
  0xf57ff06f, // isb
];

Deno.test("A translated loop that rewrites its own beginning executes what it has written", () => {
  const program: Program = {
    at: CODE,
    code: {
      [CODE]: [
        add(1),
        0xe0822000, // add r2, r2, r0
        ...PATCH,
        0xe0255007, // eor r5, r5, r7
        0xe2511001, // subs r1, r1, #1
        0x1afffff4, // bne CODE
        0xef000000, // svc #0
      ],
    },
    regs: { 1: 40, 5: add(3), 6: CODE, 7: add(3) ^ add(8) },
  };
  const stops = stage().agree(program);
  assert.match(stops.at(-1)!.state, new RegExp(`r0=${(1 + 20 * 3 + 19 * 8).toString(16)} `));
});

/** Calls the next page's function 40 times; in the middle it does `half_way`. */
function caller(half_way: readonly number[]): number[] {
  return [
    0xeb0003fe, // 1: bl 1b + 0x1000
    0xe3510014, // cmp r1, #20
    0x0b000002, // bleq 3f
    0xe2511001, // subs r1, r1, #1
    0x1afffffa, // bne 1b
    0xef000000, // svc #0
    ...half_way, // 3:
    RETURN,
  ];
}

Deno.test("A function that was inlined from another page and then rewritten is executed as rewritten", () => {
  const program: Program = {
    at: CODE,
    code: { [CODE]: caller(PATCH), [CODE + 0x1000]: [add(1), RETURN] },
    regs: { 1: 40, 5: add(5), 6: CODE + 0x1000 },
  };
  const before = stage().count("dropped");
  const stops = stage().agree(program);
  assert.match(stops.at(-1)!.state, new RegExp(`r0=${(21 + 19 * 5).toString(16)} `));
  assert.ok(stage().count("dropped") > before);
});

Deno.test("An inlined function goes with its page when a store hits an IT block there", () => {
  const program: Program = {
    at: CODE,
    thumb: true,
    code: {
      [CODE]: [
        0xf000fffe, // 1: bl 1b + 0x1000
        0x2914, // cmp r1, #20
        0xd102, // bne 2f
        0x8035, // strh r5, [r6]: another condition
        0xf3bf8f6f, // isb
        0x3901, // 2: subs r1, #1
        0xd1f6, // bne 1b
        0xdf00, // svc #0
      ],
      [CODE + 0x1000]: [
        0x2901, // cmp r1, #1
        0xbfc8, // it gt
        0x3001, // addgt r0, #1
        0x4770, // bx lr
      ],
    },
    regs: { 1: 40, 5: 0xbfd8, 6: CODE + 0x1002 },
  };
  const stops = stage().agree(program);
  assert.match(stops.at(-1)!.state, new RegExp(`r0=${(21 + 1).toString(16)} `));
});

Deno.test("An instruction that lies in two pages is translated, and is another one when it is rewritten", () => {
  const program: Program = {
    at: CODE + 0xff8,
    thumb: true,
    code: {
      [CODE + 0xff8]: [
        0x2000, // movs r0, #0
        0x2914, // 1: cmp r1, #20
        0xbf00, // nop
        0xf1000001, // add.w r0, r0, #1: from 0xffe to 0x1002
        0xd102, // bne 2f
        0x8035, // strh r5, [r6]: add.w r0, r0, #5
        0xf3bf8f6f, // isb
        0x3901, // 2: subs r1, #1
        0xd1f5, // bne 1b
        0xdf00, // svc #0
      ],
    },
    regs: { 1: 40, 5: 5, 6: CODE + 0x1000 },
  };
  const before = stage().count("regions");
  const stops = stage().agree(program);
  assert.match(stops.at(-1)!.state, new RegExp(`r0=${(21 + 19 * 5).toString(16)} `));
  assert.ok(stage().count("regions") > before);
  for (let budget = 1; budget < 30; budget++) stage().agree(program, { budget });
});

Deno.test("A region that begins with a store into its own code executes what was stored", () => {
  const program: Program = {
    at: CODE,
    code: {
      [CODE]: [
        0xe5865000, // 1: str r5, [r6]
        0xe1a05007, // mov r5, r7
        add(9), // or what was stored
        0xe2511001, // subs r1, r1, #1
        0x1afffffa, // bne 1b
        0xef000000, // svc #0
      ],
    },
    regs: { 1: 30, 5: add(1), 6: CODE + 8, 7: add(5) },
  };
  const stops = stage().agree(program);
  assert.match(stops.at(-1)!.state, new RegExp(`r0=${(1 + 29 * 5).toString(16)} `));
});

Deno.test("A page that a function was inlined from, mapped elsewhere, brings the other function", () => {
  const program: Program = {
    at: VIRTUAL,
    code: {
      [CODE]: caller([
        0xe5865000, // str r5, [r6]: the page's descriptor
        0xf57ff04f, // dsb
        0xee087f37, // mcr p15, 0, r7, c8, c7, 1 (TLBIMVA)
        0xf57ff04f, // dsb
        0xf57ff06f, // isb
      ]),
      [RAM.base + 0x2000]: [add(1), RETURN],
      [RAM.base + 0x3000]: [add(7), RETURN],
    },
    regs: {
      1: 40,
      5: (RAM.base + 0x3000) | PAGE,
      6: PAGES + 0x400 + 4,
      7: VIRTUAL + 0x1000,
    },
    setup: (rig) => map(rig, [CODE, RAM.base + 0x2000]),
  };
  stage().begin(program);
  const before = stage().count("dropped");
  const stops = stage().agree(program, { keep: true });
  assert.match(stops.at(-1)!.state, new RegExp(`r0=${(21 + 19 * 7).toString(16)} `));
  // The code itself stays: it may be mapped again.
  assert.equal(stage().count("dropped") - before, 0, "regions were dropped for a translation");
});

Deno.test("An address space with another function in the inlined one's place executes its own", () => {
  const build = (asid: number): Program => ({
    at: VIRTUAL,
    code: {
      [CODE]: caller([0xe320f000]),
      [RAM.base + 0x2000]: [add(1), RETURN],
      [RAM.base + 0x3000]: [add(7), RETURN],
    },
    regs: { 1: 40 },
    setup: (rig) => {
      map(rig, [CODE, RAM.base + (asid === 1 ? 0x2000 : 0x3000)]);
      rig.mmu({ ttbr0: TABLE, asid });
    },
  });
  const result = (asid: number, keep: boolean): string =>
    stage().agree(build(asid), { keep }).at(-1)!.state.match(/r0=(\w+)/)![1]!;
  assert.equal(result(1, false), (40).toString(16));
  assert.equal(result(2, true), (280).toString(16));
  assert.equal(result(1, true), (40).toString(16));
  // An ASID that is used again for another space.
  const reused: Program = {
    ...build(2),
    setup: (rig) => {
      map(rig, [CODE, RAM.base + 0x3000]);
      rig.mmu({ ttbr0: TABLE, asid: 1 });
    },
  };
  const stops = stage().agree(reused, { keep: true });
  assert.match(stops.at(-1)!.state, new RegExp(`r0=${(280).toString(16)} `));
});

Deno.test("Stores beside translated code in its page leave it translated", () => {
  const program: Program = {
    at: CODE,
    code: {
      [CODE]: [
        add(1), // 1:
        0xe5860000, // str r0, [r6]
        0xe2511001, // subs r1, r1, #1
        0x1afffffb, // bne 1b
        0xef000000, // svc #0
      ],
    },
    regs: { 1: 50, 6: CODE + 0x800 },
  };
  stage().agree(program);
  const { dropped, regions } = stage().translator.statistics;
  stage().agree(program, { keep: true });
  assert.equal(stage().count("dropped"), dropped);
  assert.equal(stage().count("regions"), regions);
});

Deno.test("A loader's or device's write drops what was translated from there, and only that", () => {
  const code = [add(1), 0xe2511001, 0x1afffffc, 0xef000000];
  const at = (address: number): Program => ({
    at: address,
    code: { [CODE]: code, [CODE + 0x1000]: code },
    regs: { 1: 50 },
  });
  stage().agree(at(CODE));
  stage().agree(at(CODE + 0x1000), { keep: true });
  const { dropped } = stage().translator.statistics;
  stage().rig.system.maps.written(CODE + 0x1000, 8);
  assert.equal(stage().count("dropped"), dropped! + 1);
  const changed: Program = {
    ...at(CODE + 0x1000),
    code: { [CODE]: code, [CODE + 0x1000]: [add(4), ...code.slice(1)] },
  };
  const stops = stage().agree(changed, { keep: true });
  assert.match(stops.at(-1)!.state, /r0=c8 /);
  assert.match(stage().agree(at(CODE), { keep: true }).at(-1)!.state, /r0=32 /);
});

Deno.test("A full code cache loses the oldest regions, and what they did is done all the same", () => {
  const small = new Stage({ cache_bytes: 4096 });
  // Loops one after another, all of it ten times.
  const loop = [
    0xe3a01005, // mov r1, #5
    0xe0800001, // 1: add r0, r0, r1
    0xe02003e0, // eor r0, r0, r0, ror #7
    0xe2511001, // subs r1, r1, #1
    0x1afffffb, // bne 1b
  ];
  const body = Array.from({ length: 40 }, () => loop).flat();
  const back = 0x1a00_0000 | ((-(body.length + 1) - 2) & 0xff_ffff);
  const program: Program = {
    at: CODE,
    code: { [CODE]: [...body, 0xe2522001, /* subs r2, r2, #1 */ back, 0xef000000] },
    regs: { 2: 10 },
  };
  for (let turn = 0; turn < 3; turn++) {
    small.agree(program, { budget: 100, keep: turn > 0 });
    assert.ok(small.count("code_bytes") <= 4096, `${small.count("code_bytes")} bytes`);
  }
  assert.ok(small.count("evicted") > 10, `${small.count("evicted")} evicted`);
  assert.equal(small.count("regions") - small.count("dropped"), small.count("live"));
});

Deno.test("What the translator counts adds up", () => {
  const { regions, region_insns, modules, dropped } = stage().translator.statistics;
  assert.ok(region_insns! > regions! && regions! >= modules! && dropped! <= regions!);
});

Deno.test("A miss in a page of records that has gone since is forgotten", () => {
  const cpu = flat_cpu();
  const translator = new TranslatorEngine(cpu, { sample_every: 1 });
  place_code(cpu, [0xeafffffe]);
  for (let i = 0; i < 8; i++) {
    cpu.set(STATE.missed, MEM.records_end - 0x1_0000);
    cpu.set(STATE.misses, 1000);
    cpu.set(STATE.budget, 10);
    translator.run();
    assert.equal(cpu.get(STATE.misses), 0);
  }
});

/** A loop that calls a Thumb function behind it as often as r1 says. */
const TWO_SETS: Program = {
  at: CODE,
  code: {
    [CODE]: [
      0xe2511001, // 1: subs r1, r1, #1
      0x0a000001, // beq 2f
      0xfa000001, // blx 3f
      0xeafffffb, // b 1b
      0xef000000, // 2: svc #0
      0x47703001, // 3: adds r0, #1; bx lr
    ],
  },
  regs: { 1: 20 },
};

Deno.test("Regions of both instruction sets go on with one another, and stop after any budget", () => {
  const own = new Stage({ hot: 3 });
  for (let budget = 1; budget < 30; budget++) {
    const stops = own.agree(TWO_SETS, { budget, keep: budget > 1 });
    for (let i = 1; i < stops.length - 1; i++) {
      const done = stops[i]!.count - stops[i - 1]!.count;
      assert.ok(done >= budget && done < budget + 5, `${done} for ${budget}`);
    }
  }
});

Deno.test("Regions go on with one another without the interpreter, and without using up the stack", () => {
  // Stops and samples at odd intervals, so that all places are met.
  const own = new Stage({ hot: 3, sample_every: 4003 });
  const { cpu } = own.rig;
  const interpreted = (): bigint => cpu.i64[STATE.interpreted.address >> 3]!;
  const often = { ...TWO_SETS, regs: { 1: 16_000 } };
  let before = 0n;
  for (let turn = 0; turn < 5; turn++) {
    before = interpreted();
    own.begin(often, turn > 0);
    const stops = own.translated(turn < 4 ? 1000 + turn : 200_000);
    assert.equal(stops.at(-1)!.count, 16_000 * 6 - 4);
    assert.match(stops.at(-1)!.state, /r0=3e7f /);
  }
  assert.ok(interpreted() - before < 100n, `${interpreted() - before} interpreted`);
});

Deno.test("A function that is rewritten between two calls from another region is executed as rewritten", () => {
  // str writes the Thumb function's first instruction: adds r0, #1 or #2 by turns.
  const program: Program = {
    at: CODE,
    code: {
      [CODE]: [
        0xe2511001, // 1: subs r1, r1, #1
        0x0a000003, // beq 2f
        0xe0233002, // eor r3, r3, r2
        0xe1c630b0, // strh r3, [r6]
        0xfa000001, // blx 3f
        0xeafffff9, // b 1b
        0xef000000, // 2: svc #0
        0x47703001, // 3: adds r0, #1; bx lr
      ],
    },
    regs: { 1: 21, 2: 3, 3: 0x3001, 6: CODE + 28 },
  };
  const own = new Stage({ hot: 3 });
  for (const budget of [1, 2, 3, 5, 7, 20, 5000]) {
    const stops = own.agree(program, { budget, keep: true });
    assert.match(stops.at(-1)!.state, /r0=1e /);
  }
});
