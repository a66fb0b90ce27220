import {
  ARM64_CORE,
  core_reg_id,
  cp_reg_id,
  HypervisorError,
  sys_reg_id,
  type Vcpu,
  x_reg_id,
} from "../hypervisor/mod.ts";
import { MEMORY_MAP } from "../machine/mod.ts";
import type { BuiltGuest } from "./guest.ts";
import type { DeviceInfo, MonitorAnswers, MonitorRequest, RegisterValue } from "./types.ts";

const core = () =>
  [
    ...["r0", "r1", "r2", "r3", "r4", "r5", "r6", "r7", "r8", "r9", "r10", "r11", "r12"],
    ...["sp_usr", "lr_usr", "pc", "cpsr"],
    ...["svc", "abt", "und", "irq"].flatMap((mode) => [`sp_${mode}`, `lr_${mode}`, `spsr_${mode}`]),
    ...["r8_fiq", "r9_fiq", "r10_fiq", "r11_fiq", "r12_fiq", "sp_fiq", "lr_fiq", "spsr_fiq"],
  ].map((name, index) => [name, core_reg_id(index)] as const);

// CRn, opc1, CRm, opc2 (ARM DDI 0406C, B3.17).
const system = () =>
  ([
    ["midr", 0, 0, 0, 0],
    ["sctlr", 1, 0, 0, 0],
    ["cpacr", 1, 0, 0, 2],
    ["ttbr0", 2, 0, 0, 0],
    ["ttbr1", 2, 0, 0, 1],
    ["ttbcr", 2, 0, 0, 2],
    ["dacr", 3, 0, 0, 0],
    ["dfsr", 5, 0, 0, 0],
    ["ifsr", 5, 0, 0, 1],
    ["dfar", 6, 0, 0, 0],
    ["ifar", 6, 0, 0, 2],
    ["vbar", 12, 0, 0, 0],
    ["context", 13, 0, 0, 1],
  ] as const).map(([name, crn, opc1, crm, opc2]) =>
    [name, cp_reg_id(15, crn, opc1, crm, opc2)] as const
  );

const arm64 = () =>
  [
    ...Array.from({ length: 31 }, (_, n) => [`x${n}`, x_reg_id(n)] as const),
    ["sp_el0", ARM64_CORE.sp],
    ["sp_el1", ARM64_CORE.sp_el1],
    ["elr_el1", ARM64_CORE.elr_el1],
    ["pc", ARM64_CORE.pc],
    ["pstate", ARM64_CORE.pstate],
    ["sctlr_el1", sys_reg_id([3, 0, 1, 0, 0])],
    ["ttbr0_el1", sys_reg_id([3, 0, 2, 0, 0])],
    ["ttbr1_el1", sys_reg_id([3, 0, 2, 0, 1])],
    ["tcr_el1", sys_reg_id([3, 0, 2, 0, 2])],
    ["esr_el1", sys_reg_id([3, 0, 5, 2, 0])],
    ["far_el1", sys_reg_id([3, 0, 6, 0, 0])],
    ["vbar_el1", sys_reg_id([3, 0, 12, 0, 0])],
  ] as const;

/** Answers the monitor about a guest. */
export function inspect<R extends MonitorRequest>(
  { vcpu, machine }: BuiltGuest,
  request: R,
): MonitorAnswers[R];
export function inspect(
  guest: BuiltGuest,
  request: MonitorRequest,
): MonitorAnswers[MonitorRequest] {
  switch (request) {
    case "registers":
      return registers_of(guest.vcpu);
    case "devices":
      return devices_of(guest);
    case "stats":
      return stats_of(guest);
  }
}

function registers_of(vcpu: Vcpu): RegisterValue[] {
  const arm32 = named(vcpu, [...core(), ...system()]);
  // A 64-bit vCPU has none of those.
  return arm32.length > 0 ? arm32 : named(vcpu, arm64());
}

function named(vcpu: Vcpu, registers: readonly (readonly [string, bigint])[]): RegisterValue[] {
  return registers.flatMap(([name, id]) => {
    try {
      return [{ name, value: vcpu.get_reg(id) }];
    } catch (error) {
      // Not every CPU has every one of them.
      if (error instanceof HypervisorError && error.errno === "ENOENT") return [];
      throw error;
    }
  });
}

function devices_of({ vm, machine }: BuiltGuest): DeviceInfo[] {
  const { gic_dist } = MEMORY_MAP;
  const { memory } = vm;
  return [
    { name: "gic", ...gic_dist },
    ...machine.board.devices.map(({ device, region, spis }) => ({
      name: device.name,
      ...region,
      ...(spis[0] === undefined ? {} : { spi: spis[0] }),
    })),
    { name: "ram", base: memory.base, size: memory.size },
  ];
}

/** A guest's counters: the vCPU's, then the machine's. */
export function stats_of({ vcpu, machine }: BuiltGuest): Record<string, number> {
  const { uart, bus } = machine.board;
  return {
    ...vcpu.statistics?.(),
    "MMIO exits": machine.mmio_exits,
    "accesses without a device": bus.unmapped,
    "serial characters sent": uart.sent,
    "serial characters received": uart.received,
    "serial characters dropped": uart.dropped,
    resets: machine.resets,
  };
}
