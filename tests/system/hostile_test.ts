/**
 * Guests of random instructions, in every mode, with and without the MMU, pointed at devices and
 * holes: whatever they do, the machine goes on and can be stopped.
 *
 * @module
 */
import assert from "node:assert/strict";
import type { Row } from "../../cpu/isa/row.ts";
import { ROWS } from "../../cpu/isa/rows.ts";
import { type EngineName, SoftHypervisor } from "../../cpu/soft_hypervisor.ts";
import type { SoftVm } from "../../cpu/soft_vm.ts";
import { core_reg_id, type Vcpu } from "../../hypervisor/mod.ts";
import { MEMORY_MAP, VirtMachine } from "../../machine/mod.ts";
import { Random } from "../differential/random.ts";

const BASE = 0x4000_0000, SIZE = 2 << 20;
const CODE = 0x1000, CODE_WORDS = 200, TABLE = 0x4000;
/** Each program runs so long: then it is kicked. */
const KICK_MS = 4;
const CPSR = 16, PC = 15;

/** movs pc, lr after Undefined and SVC; subs pc, lr, #4 goes on behind an instruction that aborted. */
const NEXT = 0xe1b0f00e, SKIP = 0xe25ef004;
/** An abort of a fetch starts the code again: b CODE. */
const VECTORS = [NEXT, NEXT, NEXT, 0xea000000 | ((CODE - 0xc - 8) >> 2), SKIP, SKIP, SKIP, SKIP];

/** Where a guest may point its registers for most trouble. */
const PLACES = [
  ...Object.values(MEMORY_MAP).flatMap(({ base, size }) => [base, base + size - 4]),
  ...[0, 0x2000_0000, 0xffff_f000, 0xffff_ffff, BASE, BASE + CODE, BASE + SIZE - 8],
];

/** What a guest's instructions are drawn from. */
const KINDS = {
  "of every kind": () => true,
  "that access memory": ({ name }: Row) => /LDR|STR|LDM|STM|LDREX|VLD|VST|SWP|RFE|SRS/.test(name),
} as const;

interface Rig extends Disposable {
  readonly vm: SoftVm;
  readonly vcpu: Vcpu;
  readonly machine: VirtMachine;
  /** Runs the guest to an exit; a kick is on its way. */
  turn(): string;
}

function make_rig(engine: EngineName): Rig {
  const options = { memory: { base: BASE, size: SIZE }, gic: 2, vcpus: 1 } as const;
  const vm = new SoftHypervisor({ engine }).create_vm(options) as SoftVm;
  const vcpu = vm.create_vcpu(0);
  let turn = 0;
  const serial = {
    put: () => ++turn % 3 !== 0,
    get: () => (++turn % 5 === 0 ? turn & 0xff : -1),
  };
  const load = () => ({ entry: BASE + CODE, registers: [] });
  const init = vm.preferred_target();
  const machine = new VirtMachine({ vm, vcpus: [vcpu], init, gic: 2, serial, load });
  const kicker = new Worker(new URL("../../cpu/testing/kick_worker.ts", import.meta.url), {
    type: "module",
  });
  return {
    ...{ vm, vcpu, machine },
    turn() {
      kicker.postMessage({ shared: vm.cpu.memory.buffer, ms: KICK_MS });
      const turn = machine.turn();
      return turn.kind === "failed" ? turn.message : turn.kind;
    },
    [Symbol.dispose]: () => kicker.terminate(),
  };
}

/** An instruction of a row with random fields, valid or not. */
function draw(random: Random, row: Row): number {
  let word = row.value | row.sb_value;
  for (const { name, shift, width } of row.fields) {
    const always = name === "cond" && row.conditional && random.percent(80);
    const value = always ? 14 : random.word() & (width === 32 ? -1 : (1 << width) - 1);
    word |= value << shift;
  }
  return word >>> 0;
}

/** Writes vectors, code and data of a guest; whether the code is Thumb. */
function write_guest(random: Random, vm: SoftVm, rows: readonly Row[]): boolean {
  const { bytes } = vm.memory;
  const words = new Uint32Array(bytes.buffer, bytes.byteOffset, SIZE / 4);
  const halves = new Uint16Array(bytes.buffer, bytes.byteOffset, SIZE / 2);
  // What loads give is mostly an address.
  for (let i = 0; i < 0x1_0000 / 4; i++) {
    words[i] = random.percent(80) ? random.pick(PLACES) : random.word();
  }
  words.set(VECTORS);
  const thumb = random.percent(40);
  const own = rows.filter(({ isa }) => (isa !== "a32") === thumb);
  let at = CODE / 2;
  while (at < CODE / 2 + CODE_WORDS * 2) {
    const row = random.pick(own);
    const word = random.percent(5) ? random.word() : draw(random, row);
    if (row.isa === "t32") halves[at++] = word >>> 16;
    halves[at++] = word & 0xffff;
    if (row.isa === "a32") halves[at++] = word >>> 16;
  }
  vm.memory_written(BASE, SIZE);
  return thumb;
}

/** Turns the MMU on, with a table of sections that lead to all kinds of places. */
function map_guest(random: Random, vm: SoftVm): void {
  const { bytes, base } = vm.memory;
  const table = new Uint32Array(bytes.buffer, bytes.byteOffset + TABLE, 4096);
  for (let i = 0; i < table.length; i++) {
    const place = (random.pick(PLACES) & 0xfff0_0000) >>> 0;
    table[i] = random.percent(80) ? place | 0xc02 | (random.word() & 0x1_f00c) : random.word();
  }
  table[BASE >>> 20] = base | 0xc0e;
  const { regs, maps } = vm.cpu.system;
  regs.ttbr0 = BASE + TABLE;
  regs.ttbcr = 0;
  regs.dacr = random.pick([-1, 0x5555_5555]);
  regs.sctlr |= 1;
  maps.flush();
  vm.cpu.system.translation_changed();
}

function start_guest(random: Random, { vm, vcpu, machine }: Rig, rows: readonly Row[]): void {
  machine.reset();
  const thumb = write_guest(random, vm, rows);
  if (random.percent(40)) map_guest(random, vm);
  const place = () => (random.pick(PLACES) + (random.word() & 0x3c)) >>> 0;
  for (let i = 0; i < 15; i++) {
    vcpu.set_reg(core_reg_id(i), BigInt(random.percent(80) ? place() : random.word()));
  }
  const mode = random.pick([0x10, 0x11, 0x12, 0x13, 0x13, 0x13, 0x17, 0x1b, 0x1f]);
  const masks = random.percent(50) ? 0x1c0 : 0;
  const big = random.percent(10) ? 0x200 : 0;
  vcpu.set_reg(core_reg_id(CPSR), BigInt(mode | masks | big | (thumb ? 0x20 : 0)));
  vcpu.set_reg(core_reg_id(PC), BigInt(BASE + CODE));
  const { regs, fp } = vm.cpu.system;
  regs.vbar = random.percent(95) ? BASE : random.pick(PLACES) & ~31;
  regs.cpacr = random.percent(80) ? 0x00f0_0000 : 0;
  fp.update();
}

const ENDS = ["interrupted", "powered_off", "reset"];

for (const engine of ["reference", "interpreter", "translator"] as const) {
  for (const [kind, wanted] of Object.entries(KINDS)) {
    Deno.test(`${engine}: random instructions ${kind} do not stop the machine`, () => {
      using rig = make_rig(engine);
      const rows = ROWS.filter(wanted);
      const seen = new Set<string>();
      for (let program = 0; program < 60; program++) {
        start_guest(new Random(1, program), rig, rows);
        const end = rig.turn();
        assert.ok(ENDS.includes(end), `program ${program}: ${end}`);
        seen.add(end);
      }
      assert.ok(seen.has("interrupted"));
      assert.ok(rig.machine.mmio_exits > 0, "devices were met");
    });
  }
}
