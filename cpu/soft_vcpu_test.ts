import assert from "node:assert/strict";
import { vcpu_contract } from "../hypervisor/contract_suite.ts";
import {
  core_reg_id,
  HypervisorError,
  type KickToken,
  KVM_ARM_TARGET,
  set_feature,
  vcpu_init,
} from "../hypervisor/mod.ts";
import type { Cpu } from "./cpu.ts";
import type { Engine } from "./engine/engine.ts";
import { kick_at } from "./kick.ts";
import { SoftHypervisor } from "./soft_hypervisor.ts";
import type { EngineName } from "./soft_hypervisor.ts";
import { SoftVm } from "./soft_vm.ts";
import { STATE } from "./state.ts";

const BASE = 0x4000_0000;
const ENGINES: readonly EngineName[] = ["reference", "interpreter", "translator"];

function make_vm(engine: EngineName): SoftVm {
  const options = { memory: { base: BASE, size: 1 << 20 }, gic: 2, vcpus: 1 } as const;
  return new SoftHypervisor({ engine }).create_vm(options) as SoftVm;
}

function kick_later(token: KickToken, ms: number): Disposable {
  const worker = new Worker(new URL("./testing/kick_worker.ts", import.meta.url), {
    type: "module",
  });
  worker.postMessage({ shared: token.shared, ms });
  return { [Symbol.dispose]: () => worker.terminate() };
}

for (const engine of ENGINES) {
  vcpu_contract(`soft, ${engine}`, { make_vm: () => make_vm(engine), kick_later });
}

/** Runs `code` from the beginning of RAM to the first exit. */
function run(vm: SoftVm, code: readonly number[], vectors: readonly number[] = []): string {
  const vcpu = vm.create_vcpu(0);
  vcpu.init(vm.preferred_target());
  vm.memory.bytes.set(new Uint8Array(Uint32Array.from(code).buffer), 0x100);
  vm.memory.bytes.set(new Uint8Array(Uint32Array.from(vectors).buffer), 0);
  vm.cpu.system.regs.vbar = BASE;
  vcpu.set_reg(core_reg_id(15), BigInt(BASE + 0x100));
  const exit = vcpu.run();
  return exit.kind === "internal_error" ? exit.message : exit.kind;
}

const B_SELF = 0xeafffffe;
/** mov r0, #0x09000000; str r0, [r0] */
const REPORT = [0xe3a00409, 0xe5800000];

for (const engine of ENGINES) {
  Deno.test(`${engine}: SVC, Undefined and aborts come back from their handlers`, () => {
    using vm = make_vm(engine);
    const code = [
      0xe3a04000, // mov r4, #0
      0xef000000, // svc #0
      0xe7f000f0, // udf #0
      0xe3a05000, // mov r5, #0
      0xe1200070, // bkpt #0
      0xe5955000, // ldr r5, [r5]: see SCTLR.A below
      ...REPORT,
    ];
    const vectors = [
      B_SELF,
      0xea000010, // b 0x4c
      0xea000010, // b 0x50
      0xea000011, // b 0x58
      B_SELF,
      B_SELF,
      B_SELF,
      B_SELF,
      ...Array.from({ length: 11 }, () => B_SELF), // to 0x4c
      0xe2844001, // 4c: add r4, #1 (undefined), falls into
      0xe2844c01, // 50: add r4, #0x100
      0xe1b0f00e, // 54: movs pc, lr
      0xe2844801, // 58: add r4, #0x10000
      0xe25ef000, // 5c: subs pc, lr, #0: a prefetch abort's LR is 4 beyond BKPT
    ];
    assert.equal(run(vm, code, vectors), "mmio_read", "address 0 is no RAM");
    assert.equal(vm.cpu.reg(4), 0x10201);
  });

  Deno.test(`${engine}: after another init the code that was loaded meanwhile is executed`, () => {
    using vm = make_vm(engine);
    const vcpu = vm.create_vcpu(0);
    for (const r4 of [1, 2, 3]) {
      vcpu.init(vm.preferred_target());
      vm.memory.bytes.set(new Uint8Array(Uint32Array.of(0xe3a04000 | r4, ...REPORT).buffer));
      vcpu.set_reg(core_reg_id(15), BigInt(BASE));
      assert.equal(vcpu.run().kind, "mmio_write");
      assert.equal(vm.cpu.reg(4), r4);
    }
  });

  Deno.test(`${engine}: the cycle counter counts every instruction, however few`, () => {
    using vm = make_vm(engine);
    const code = [
      0xe3a00001, // mov r0, #1
      0xee090f1c, // mcr p15, 0, r0, c9, c12, 0: PMCR.E
      0xe3a01102, // mov r1, #0x80000000
      0xee091f3c, // mcr p15, 0, r1, c9, c12, 1: PMCNTENSET.C
      // mov r8, #0x200, or #0x2000: enough to be translated
      engine === "reference" ? 0xe3a08c02 : 0xe3a08a02,
      0xee192f1d, // mrc p15, 0, r2, c9, c13, 0: PMCCNTR
      0xe3a04064, // mov r4, #100
      0xe2544001, // subs r4, #1
      0x1afffffd, // bne .-4
      0xee193f1d, // mrc p15, 0, r3, c9, c13, 0
      0xe0435002, // sub r5, r3, r2
      0xe35500ca, // cmp r5, #202
      0x1a000001, // bne .+12
      0xe2588001, // subs r8, #1
      0x1afffff5, // bne .-36
      ...REPORT,
    ];
    assert.equal(run(vm, code), "mmio_write");
    assert.deepEqual([vm.cpu.reg(5), vm.cpu.reg(8)], [202, 0]);
  });

  Deno.test(`${engine}: an interrupt is taken in the middle of a loop, and returns into it`, () => {
    using vm = make_vm(engine);
    const code = [
      0xe3a04000, // mov r4, #0
      0xf1080080, // cpsie i
      0xe2844001, // add r4, #1
      0xe3550000, // cmp r5, #0
      0x0afffffc, // beq .-8
      ...REPORT,
    ];
    const vectors = [...Array(6).fill(B_SELF), 0xe3a05001, 0xe25ef004]; // mov r5, #1; subs pc, lr, #4
    const cpu = vm.cpu;
    cpu.system.mmio.add({ base: 0x0a00_0000, size: 4, read: () => 0, write: () => {} });
    cpu.system.timer = {
      read: () => 0n,
      write: () => {},
      // Time passes: the line rises at the third look at the clock, and falls once it was taken.
      poll: () => cpu.set_lines(++polls === 3 && cpu.reg(5) === 0, false),
      next_event_ms: () => Infinity,
      reset: () => {},
    };
    let polls = 0;
    assert.equal(run(vm, code, vectors), "mmio_write");
    assert.ok(cpu.reg(4) > 100);
    assert.equal(cpu.get(STATE.cpsr) & 0x1df, 0x153, "as before the interrupt");
  });
}

Deno.test("Each model can be chosen, with and without each feature", () => {
  const all = ["vfp_neon", "debug", "pmu_v3", "psci_0_2", "el1_32bit"] as const;
  const sets = [[], all, ...all.map((one) => all.filter((name) => name !== one))];
  for (const target of [KVM_ARM_TARGET.CORTEX_A15, KVM_ARM_TARGET.CORTEX_A7]) {
    for (const names of sets) {
      using vm = make_vm("reference");
      const vcpu = vm.create_vcpu(0);
      vcpu.init(vcpu_init(target, names));
      for (const id of vcpu.reg_list()) vcpu.set_reg(id, vcpu.get_reg(id));
      assert.equal(vm.cpu.system.features.debug, names.some((name) => name === "debug"));
      assert.equal(vm.cpu.system.features.pmu, names.some((name) => name === "pmu_v3"));
    }
  }
});

Deno.test("Without PSCI a hypervisor call is Undefined", () => {
  using vm = make_vm("reference");
  const vcpu = vm.create_vcpu(0);
  const init = vm.preferred_target();
  set_feature(init, "psci_0_2", false);
  vcpu.init(init);
  vm.memory.bytes.set(new Uint8Array(Uint32Array.of(0xe1400070, ...REPORT).buffer));
  vcpu.set_reg(core_reg_id(15), BigInt(BASE));
  vm.cpu.system.regs.vbar = BASE;
  assert.equal(vcpu.run().kind, "mmio_write");
  assert.equal(vcpu.get_reg(core_reg_id(16)) & 0x1fn, 0x1bn);
});

/** A vCPU whose every instruction fetch aborts, also that of the vector; `turn` sees each. */
function abort_storm(turn: (cpu: Cpu, turns: number) => void): SoftVm {
  let turns = 0;
  const engine = (cpu: Cpu): Engine => ({
    name: "storm",
    flush_tlb() {},
    flush_tlb_page() {},
    page_written() {},
    run() {
      if (++turns > 1_000_000) throw new Error("still running");
      turn(cpu, turns);
      cpu.raise({ kind: "prefetch_abort", address: 0, status: 8 });
    },
    step() {
      this.run();
    },
  });
  return new SoftVm({ memory: { base: BASE, size: 1 << 20 }, gic: 2, vcpus: 1 }, engine);
}

Deno.test("A kick ends a storm of aborts though the engine writes over the budget it zeroed", () => {
  using vm = abort_storm((cpu, turns) => {
    if (turns !== 10) return;
    kick_at(cpu.i32);
    cpu.set(STATE.budget, 2 ** 30);
  });
  const vcpu = vm.create_vcpu(0);
  vcpu.init(vm.preferred_target());
  assert.deepEqual(vcpu.run(), { kind: "interrupted" });
});

Deno.test("Time goes on in a storm of aborts, though no instruction is executed", () => {
  using vm = abort_storm(() => {});
  let polls = 0;
  vm.cpu.system.timer = {
    read: () => 0n,
    write: () => {},
    poll: () => ++polls === 4 && kick_at(vm.cpu.i32),
    next_event_ms: () => Infinity,
    reset: () => {},
  };
  const vcpu = vm.create_vcpu(0);
  vcpu.init(vm.preferred_target());
  assert.deepEqual(vcpu.run(), { kind: "interrupted" });
});

Deno.test("A vCPU that starts powered off waits for a kick", () => {
  using vm = make_vm("reference");
  const vcpu = vm.create_vcpu(0);
  const init = vm.preferred_target();
  set_feature(init, "power_off", true);
  vcpu.init(init);
  using _kicker = kick_later(vcpu.kick_token(), 20);
  assert.equal(vcpu.run().kind, "interrupted");
  assert.equal(vcpu.get_reg(core_reg_id(15)), 0n);
});

Deno.test("A CPSR without a mode is refused", () => {
  using vm = make_vm("reference");
  const vcpu = vm.create_vcpu(0);
  vcpu.init(vm.preferred_target());
  assert.throws(() => vcpu.set_reg(core_reg_id(16), 0x15n), HypervisorError);
});

Deno.test("VMs that the software core cannot make are refused with a reason", () => {
  const hypervisor = new SoftHypervisor();
  const good = { memory: { base: BASE, size: 1 << 20 }, gic: 2, vcpus: 1 } as const;
  const bad = [
    { ...good, gic: 3 },
    { ...good, vcpus: 2 },
    { ...good, memory: { base: BASE, size: 0 } },
    { ...good, memory: { base: BASE, size: 4097 } },
    { ...good, memory: { base: 0xfff0_0000, size: 2 << 20 } },
    { ...good, memory: { base: 0, size: 4 * 2 ** 30 } },
  ] as const;
  for (const options of bad) {
    assert.throws(() => hypervisor.create_vm(options), { errno: "EINVAL" });
  }
});

Deno.test("The probe says what can be had", () => {
  const probe = new SoftHypervisor().probe();
  assert.ok(probe.available);
  assert.deepEqual(probe.cpus, ["cortex-a15", "cortex-a7"]);
  assert.ok(probe.features.every((f) => f.offered && f.reason !== ""));
});
