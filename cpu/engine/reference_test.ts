import assert from "node:assert/strict";
import { define_op } from "../isa/op.ts";
import { EXIT, STATE } from "../state.ts";
import { flat_cpu, place_code } from "../testing/flat.ts";
import { ReferenceEngine } from "./reference.ts";

const sample = define_op<{ double: boolean }>()("test_sample", {
  operands: { rd: "reg", rn: "reg", imm: "imm" },
  lower(b, { double }, { rd, rn, imm }) {
    const old = b.reg(rn);
    const sum = b.add(old, imm);
    b.set_reg(rn, b.c(0));
    const out = b.local("i32", sum);
    b.if(b.eqz(old), () => out.set(7), () => {
      if (double) out.set(b.shl(sum, 1));
    });
    const left = b.local("i32", 3);
    b.loop(() => {
      left.set(b.sub(left.get(), 1));
      out.set(b.add(out.get(), 1));
      return left.get();
    });
    b.set_reg(rd, out.get());
  },
});

Deno.test("ReferenceEngine evaluates reads, branches and loops in order", () => {
  const cpu = flat_cpu();
  const engine = new ReferenceEngine(cpu);
  cpu.set_reg(1, 10);
  assert.equal(engine.execute(sample({ double: true }, { rd: 0, rn: 1, imm: -2 })), "next");
  assert.equal(cpu.reg(0), 19);
  assert.equal(cpu.reg(1), 0);
  engine.execute(sample({ double: false }, { rd: 0, rn: 1, imm: -2 }));
  assert.equal(cpu.reg(0), 10);
});

Deno.test("ReferenceEngine raises Undefined for an encoding that no row claims", () => {
  const cpu = flat_cpu();
  place_code(cpu, [0xffffffff]);
  new ReferenceEngine(cpu).run();
  assert.equal(cpu.get(STATE.exit), EXIT.exception);
  assert.deepEqual(cpu.pending, { kind: "undefined" });
  assert.equal(cpu.get(STATE.pc), 0x4000_1000);
});
