import assert from "node:assert/strict";
import type { PendingException } from "../cpu.ts";
import { EXIT, STATE } from "../state.ts";
import { MODE } from "./modes.ts";
import { SCTLR } from "./sys_regs.ts";
import { Rig } from "./testing.ts";

const rig = new Rig();
const { cpu, system } = rig;
const { modes, exceptions, regs } = system;
const PC = 0x4000_1000;

/** Exception, mode, vector, LR ahead in A32 and in Thumb, CPSR masks afterwards (from none). */
const CASES: [PendingException | "irq" | "fiq", number, number, number, number, number][] = [
  [{ kind: "undefined" }, MODE.und, 0x04, 4, 2, 0x80],
  [{ kind: "svc" }, MODE.svc, 0x08, 4, 2, 0x80],
  [{ kind: "bkpt" }, MODE.abt, 0x0c, 4, 4, 0x180],
  [{ kind: "prefetch_abort", address: 0xdead_0000, status: 5 }, MODE.abt, 0x0c, 4, 4, 0x180],
  [{ kind: "data_abort", address: 0xdead_bee0, status: 0x817 }, MODE.abt, 0x10, 8, 8, 0x180],
  ["irq", MODE.irq, 0x18, 4, 4, 0x180],
  ["fiq", MODE.fiq, 0x1c, 4, 4, 0x1c0],
];

function take(what: PendingException | "irq" | "fiq"): void {
  if (typeof what === "string") {
    cpu.set_lines(what === "irq", what === "fiq");
    assert.ok(exceptions.take_interrupt());
    cpu.set_lines(false, false);
    return;
  }
  cpu.set(STATE.exit, EXIT.none);
  cpu.raise(what);
  assert.ok(exceptions.take_pending());
  assert.equal(cpu.pending, undefined);
}

Deno.test("Every exception enters its mode at its vector with SPSR, LR and masks", () => {
  for (const thumb of [0, 1]) {
    for (const [what, mode, vector, a32, t32, masks] of CASES) {
      rig.reset();
      regs.vbar = 0x4000_0100;
      const before = 0xa00f_0010 | thumb << 5;
      modes.set_cpsr(before);
      cpu.set(STATE.pc, PC);
      take(what);
      const name = JSON.stringify([what, thumb]);
      assert.equal(cpu.get(STATE.pc), 0x4000_0100 + vector, name);
      assert.equal(cpu.reg(14), PC + (thumb ? t32 : a32), name);
      assert.equal(cpu.get(STATE.spsr), before | 0, name);
      assert.equal(modes.get_cpsr() >>> 0, (0xa00f_0000 | mode | masks) >>> 0, name);
    }
  }
});

Deno.test("Aborts leave address and status in the fault registers", () => {
  rig.reset();
  take({ kind: "data_abort", address: 0xdead_bee0, status: 0x817 });
  assert.deepEqual([regs.dfar >>> 0, regs.dfsr], [0xdead_bee0, 0x817]);
  take({ kind: "prefetch_abort", address: 0xdead_0000, status: 5 });
  assert.deepEqual([regs.ifar >>> 0, regs.ifsr], [0xdead_0000, 5]);
  take({ kind: "bkpt" });
  assert.equal(regs.ifsr, 2);
  regs.ttbcr = 0x8000_0000 | 0;
  take({ kind: "bkpt" });
  assert.equal(regs.ifsr, 0x222);
});

Deno.test("SCTLR.V, TE and EE decide vectors, instruction set and endianness of handlers", () => {
  rig.reset();
  regs.vbar = 0x4000_0100;
  regs.sctlr |= SCTLR.V | SCTLR.TE | SCTLR.EE;
  modes.set_cpsr(MODE.usr);
  take({ kind: "svc" });
  assert.equal(cpu.get(STATE.pc) >>> 0, 0xffff_0008);
  assert.equal(cpu.get(STATE.thumb), 1);
  assert.equal(modes.get_cpsr() & 0x3ff, 0x2b3);
  regs.sctlr &= ~(SCTLR.TE | SCTLR.EE);
  modes.set_cpsr(0x230);
  take("irq");
  assert.equal(modes.get_cpsr() & 0x3ff, 0x192, "T and E are cleared as well");
});

Deno.test("SPSR has the ITSTATE of the instruction to return to", () => {
  const it = (state: number): number => ((state & 3) << 25) | ((state >> 2) << 10);
  for (const [what, expected] of [["svc", 0b0000_1000], ["undefined", 0b0000_0100]] as const) {
    rig.reset();
    modes.set_cpsr(0x30 | it(0b0000_0100));
    take({ kind: what });
    assert.equal(cpu.get(STATE.spsr), 0x30 | it(expected), what);
    assert.equal(cpu.get(STATE.itstate), 0);
  }
});

Deno.test("Masked interrupts wait, FIQ goes before IRQ", () => {
  rig.reset();
  cpu.set_lines(true, true);
  assert.ok(!exceptions.take_interrupt());
  modes.set_cpsr(MODE.svc);
  assert.ok(exceptions.take_interrupt());
  assert.equal(modes.mode(), MODE.fiq);
  assert.ok(!exceptions.take_interrupt(), "FIQ mode masks both");
  cpu.set_lines(false, false);
});

Deno.test("Only the first exception of an instruction counts", () => {
  rig.reset();
  cpu.raise({ kind: "data_abort", address: 4, status: 5 });
  cpu.raise({ kind: "undefined" });
  assert.equal(rig.taken()?.kind, "data_abort");
});
