import type { CpRegister } from "./cp_row.ts";
import { operation, RIGHTS } from "./cp_row.ts";
import { SCTLR } from "./sys_regs.ts";
import type { System } from "./system.ts";
import { translate_operation } from "./translate_operation.ts";

/**
 * Caches are not modelled and code is dropped when it is written, so maintenance by set/way or
 * address has nothing to do. It does not fault either.
 */
const nothing = (): void => {};

/** CP15 barriers are there for everyone unless SCTLR.CP15BEN is clear. */
function barrier(name: string, crm: number, opc2: number): CpRegister {
  return operation(name, [15, 0, 7, crm, opc2], (s) => {
    if ((s.regs.sctlr & SCTLR.CP15BEN) === 0) s.cpu.raise({ kind: "undefined" });
  }, RIGHTS.user_wo);
}

const all = (s: System): void => s.maps.flush();
const by_va = (s: System, value: number): void => s.maps.flush_page(value, value & 0xff);
const by_va_all = (s: System, value: number): void => s.maps.flush_page(value);
const by_asid = (s: System, value: number): void => s.maps.flush_asid(value & 0xff);

/** TLB operations under one CRm: everything, by address, by ASID, by address for all ASIDs. */
function tlb_operations(suffix: string, crm: number, mvaa: boolean): CpRegister[] {
  const rows = [
    operation(`TLBIALL${suffix}`, [15, 0, 8, crm, 0], all),
    operation(`TLBIMVA${suffix}`, [15, 0, 8, crm, 1], by_va),
    operation(`TLBIASID${suffix}`, [15, 0, 8, crm, 2], by_asid),
  ];
  if (mvaa) rows.push(operation(`TLBIMVAA${suffix}`, [15, 0, 8, crm, 3], by_va_all));
  return rows;
}

/** Cache, TLB and branch predictor maintenance, barriers, address translation (B4.2). */
export const CACHE_TLB_OPERATIONS: readonly CpRegister[] = [
  operation("NOP_wfi", [15, 0, 7, 0, 4], nothing),
  operation("ICIALLUIS", [15, 0, 7, 1, 0], nothing),
  operation("BPIALLIS", [15, 0, 7, 1, 6], nothing),
  operation("ICIALLU", [15, 0, 7, 5, 0], nothing),
  operation("ICIMVAU", [15, 0, 7, 5, 1], nothing),
  barrier("CP15ISB", 5, 4),
  operation("BPIALL", [15, 0, 7, 5, 6], nothing),
  operation("BPIMVA", [15, 0, 7, 5, 7], nothing),
  operation("DCIMVAC", [15, 0, 7, 6, 1], nothing),
  operation("DCISW", [15, 0, 7, 6, 2], nothing),
  operation("ATS1CPR", [15, 0, 7, 8, 0], (s, va) => translate_operation(s, va, false, false)),
  operation("ATS1CPW", [15, 0, 7, 8, 1], (s, va) => translate_operation(s, va, false, true)),
  operation("ATS1CUR", [15, 0, 7, 8, 2], (s, va) => translate_operation(s, va, true, false)),
  operation("ATS1CUW", [15, 0, 7, 8, 3], (s, va) => translate_operation(s, va, true, true)),
  operation("DCCMVAC", [15, 0, 7, 10, 1], nothing),
  operation("DCCSW", [15, 0, 7, 10, 2], nothing),
  barrier("CP15DSB", 10, 4),
  barrier("CP15DMB", 10, 5),
  operation("DCCMVAU", [15, 0, 7, 11, 1], nothing),
  operation("NOP_prefetch", [15, 0, 7, 13, 1], nothing),
  operation("DCCIMVAC", [15, 0, 7, 14, 1], nothing),
  operation("DCCISW", [15, 0, 7, 14, 2], nothing),
  ...tlb_operations("IS", 3, true),
  ...tlb_operations("_I", 5, false),
  ...tlb_operations("_D", 6, false),
  ...tlb_operations("", 7, true),
];
