import assert from "node:assert/strict";
import { EXIT, STATE } from "../state.ts";
import { flat_cpu, place_code } from "../testing/flat.ts";
import { InterpreterEngine } from "./interpreter.ts";

const PAGE = 0x4000_1000;

Deno.test("A32 and Thumb code of one page call each other without being looked up again", () => {
  const cpu = flat_cpu();
  let fetches = 0;
  const fetch_page = cpu.mem.fetch_page.bind(cpu.mem);
  cpu.mem.fetch_page = (address): number | undefined => {
    fetches++;
    return fetch_page(address);
  };
  // bx lr
  place_code(cpu, [0x4770], { address: PAGE + 0x100, thumb: true });
  // blx to it; subs r0, r0, #1; bne to the beginning; svc #0
  place_code(cpu, [0xfa00_003e, 0xe250_0001, 0x1aff_fffc, 0xef00_0000], { address: PAGE });
  cpu.set_reg(0, 50);
  new InterpreterEngine(cpu).run();
  assert.equal(cpu.get(STATE.exit), EXIT.exception);
  assert.equal(cpu.reg(0), 0);
  assert.equal(fetches, 2);
});

Deno.test("In a section that is looked up under another tag all pages with records are found", () => {
  const cpu = flat_cpu();
  let fetches = 0;
  const fetch_page = cpu.mem.fetch_page.bind(cpu.mem);
  cpu.mem.fetch_page = (address): number | undefined => {
    fetches++;
    return fetch_page(address);
  };
  const engine = new InterpreterEngine(cpu);
  const fetches_under = (tag: number, log2: number): number => {
    const before = fetches;
    cpu.mem.fetched_log2 = () => log2;
    cpu.set(STATE.code_tag, tag);
    // b to the next page; b to the one after it; svc #0
    place_code(cpu, [0xef00_0000], { address: PAGE + 0x2000 });
    place_code(cpu, [0xea00_03fe], { address: PAGE + 0x1000 });
    place_code(cpu, [0xea00_03fe], { address: PAGE });
    engine.run();
    assert.equal(cpu.get(STATE.exit), EXIT.exception);
    assert.equal(cpu.get(STATE.pc), PAGE + 0x2000);
    return fetches - before;
  };
  assert.equal(fetches_under(2, 20), 3);
  assert.equal(fetches_under(4, 12), 3);
  assert.equal(fetches_under(6, 20), 1);
  engine.flush_tlb();
  assert.equal(fetches_under(6, 20), 1);
});
