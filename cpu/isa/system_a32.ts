/**
 * A32 exceptions, hints, barriers, status registers and coprocessors (DDI 0406C A5.2.11, A5.2.12,
 * A5.6, A5.7).
 *
 * @module
 */
import { mnemonic, reg_name, reg_names } from "./asm.ts";
import { condition_suffix } from "./condition.ts";
import { undefined_op } from "./framework_ops.ts";
import {
  breakpoint,
  firmware_call,
  isb,
  nop,
  read_status,
  return_from_exception,
  set_endianness,
  store_return_state,
  supervisor_call,
  write_status_imm,
  write_status_reg,
} from "./ops_system.ts";
import { type Row, row } from "./row.ts";
import {
  barrier_text,
  coprocessor_text,
  cps_text,
  decode_cps,
  decode_hint,
  decode_mcr,
  decode_mrc,
  decode_mrrc,
  hint_text,
  status_part,
  status_text,
} from "./system_decode.ts";

const skip = "not for User mode, or an exception";
const test = { skip };

/** A32's modified immediate: eight bits rotated right by twice four. */
function expand_imm(imm12: number): number {
  const value = imm12 & 0xff, by = (imm12 >>> 8) * 2;
  return by === 0 ? value : (value >>> by) | (value << (32 - by));
}

const EXCEPTION_ROWS: Row[] = [
  row("a32", "SVC", "cond:4 1111 imm24:24", {
    decode: () => supervisor_call({}, {}),
    asm: (f) => `${mnemonic("svc", f)} #${f.imm24}`,
    test,
  }),
  row("a32", "BKPT", "cond:4 0001 0010 imm12:12 0111 imm4:4", {
    decode: () => breakpoint({}, {}),
    asm: (f) => `bkpt #${(f.imm12 << 4) | f.imm4}`,
    test,
  }),
  row("a32", "HVC", "cond:4 0001 0100 imm12:12 0111 imm4:4", {
    decode: (f) => firmware_call({ call: "hvc" }, { imm: (f.imm12 << 4) | f.imm4 }),
    asm: (f) => `hvc #${(f.imm12 << 4) | f.imm4}`,
    test,
  }),
  row("a32", "SMC", "cond:4 0001 0110 (0)(0)(0)(0)(0)(0)(0)(0)(0)(0)(0)(0) 0111 imm4:4", {
    decode: (f) => firmware_call({ call: "smc" }, { imm: f.imm4 }),
    asm: (f) => `${mnemonic("smc", f)} #${f.imm4}`,
    test,
  }),
  row("a32", "UDF", "cond:4 0111 1111 imm12:12 1111 imm4:4", {
    decode: () => undefined_op({}, {}),
    asm: (f) => `udf #${(f.imm12 << 4) | f.imm4}`,
    test,
  }),
];

const STATUS_ROWS: Row[] = [
  row("a32", "HINT", "cond:4 0011 0010 0000 (1)(1)(1)(1)(0)(0)(0)(0) op:8", {
    decode: (f) => decode_hint(f.op),
    asm: (f) => hint_text(f.op, condition_suffix(f.cond)),
    test: { valid: (f) => f.op === 0 || f.op > 4 },
  }),
  row("a32", "MSR_imm", "cond:4 0011 0 R:1 10 mask:4 (1)(1)(1)(1) imm12:12", {
    decode: (f) => {
      const { part, mask } = status_part(f.R, f.mask);
      return write_status_imm({ part }, { value: expand_imm(f.imm12), mask });
    },
    asm: (f) => `${mnemonic("msr", f)} ${status_text(f.R, f.mask)}, #${expand_imm(f.imm12) >>> 0}`,
    // The x byte would set E.
    test: { valid: (f) => f.R === 0 && f.mask !== 0 && (f.mask & 2) === 0 },
  }),
  row("a32", "MSR_reg", "cond:4 0001 0 R:1 10 mask:4 (1)(1)(1)(1)(0)(0) 0 (0) 0000 Rn:4", {
    decode: (f) => {
      if (f.Rn === 15) return undefined;
      const { part, mask } = status_part(f.R, f.mask);
      return write_status_reg({ part }, { rn: f.Rn, mask });
    },
    asm: (f) => `${mnemonic("msr", f)} ${status_text(f.R, f.mask)}, ${reg_name(f.Rn)}`,
    test: { valid: (f) => f.R === 0 && f.mask !== 0 && (f.mask & 2) === 0 && f.Rn !== 15 },
  }),
  row(
    "a32",
    "MRS",
    "cond:4 0001 0 R:1 00 (1)(1)(1)(1) Rd:4 (0)(0) 0 (0) 0000 (0)(0)(0)(0)",
    {
      decode: (f) => f.Rd === 15 ? undefined : read_status({ spsr: f.R === 1 }, { rd: f.Rd }),
      asm: (f) => `${mnemonic("mrs", f)} ${reg_name(f.Rd)}, ${f.R ? "SPSR" : "CPSR"}`,
      test: { valid: (f) => f.R === 0 && f.Rd !== 15 },
    },
  ),
  row(
    "a32",
    "CPS",
    "1111 0001 0000 imod:2 M:1 0 (0)(0)(0)(0)(0)(0)(0) A:1 I:1 F:1 0 mode:5",
    { decode: decode_cps, asm: cps_text, test },
  ),
  row(
    "a32",
    "SETEND",
    "1111 0001 0000 (0)(0)(0) 1 (0)(0)(0)(0)(0)(0) E:1 (0) 0000 (0)(0)(0)(0)",
    {
      decode: (f) => set_endianness({}, { big: f.E }),
      asm: (f) => `setend ${f.E ? "be" : "le"}`,
      test,
    },
  ),
];

const BARRIER = "1111 0101 0111 (1)(1)(1)(1)(1)(1)(1)(1)(0)(0)(0)(0)";
const BARRIER_ROWS: Row[] = [
  row("a32", "DSB", `${BARRIER} 0100 option:4`, {
    decode: () => nop({}, {}),
    asm: (f) => `dsb ${barrier_text(f.option)}`,
  }),
  row("a32", "DMB", `${BARRIER} 0101 option:4`, {
    decode: () => nop({}, {}),
    asm: (f) => `dmb ${barrier_text(f.option)}`,
  }),
  row("a32", "ISB", `${BARRIER} 0110 option:4`, {
    decode: (_, c) => isb({ in_it: c.in_it }, {}),
    asm: (f) => `isb ${f.option === 15 ? "sy" : `#${f.option}`}`,
  }),
];

const MODES = [
  { mode: "da", pu: "00" },
  { mode: "ia", pu: "01" },
  { mode: "db", pu: "10" },
  { mode: "ib", pu: "11" },
] as const;

const RETURN_ROWS: Row[] = MODES.flatMap(({ mode, pu }): Row[] => [
  row(
    "a32",
    `SRS${mode.toUpperCase()}`,
    `1111 100 ${pu} 1 W:1 0 (1)(1)(0)(1)(0)(0)(0)(0)(0)(1)(0)(1)(0)(0)(0) mode:5`,
    {
      decode: (f) => store_return_state({ mode, wback: f.W === 1 }, { target: f.mode }),
      asm: (f) => `srs${mode} sp${f.W ? "!" : ""}, #${f.mode}`,
      test,
    },
  ),
  row(
    "a32",
    `RFE${mode.toUpperCase()}`,
    `1111 100 ${pu} 0 W:1 1 Rn:4 (0)(0)(0)(0)(1)(0)(1)(0)(0)(0)(0)(0)(0)(0)(0)(0)`,
    {
      decode: (f) =>
        f.Rn === 15 ? undefined : return_from_exception({ mode, wback: f.W === 1 }, { rn: f.Rn }),
      asm: (f) => `rfe${mode} ${reg_name(f.Rn)}${f.W ? "!" : ""}`,
      test,
    },
  ),
]);

const COPROCESSOR_ROWS: Row[] = [
  row("a32", "MCR", "cond:4 1110 opc1:3 0 CRn:4 Rt:4 coproc:4 opc2:3 1 CRm:4", {
    decode: decode_mcr,
    asm: (f) => `${mnemonic("mcr", f)} ${coprocessor_text(f, reg_name(f.Rt))}`,
    test,
  }),
  row("a32", "MRC", "cond:4 1110 opc1:3 1 CRn:4 Rt:4 coproc:4 opc2:3 1 CRm:4", {
    decode: decode_mrc,
    asm: (f) =>
      `${mnemonic("mrc", f)} ${coprocessor_text(f, f.Rt === 15 ? "APSR_nzcv" : reg_name(f.Rt))}`,
    test,
  }),
  row("a32", "MCRR", "cond:4 1100 0100 Rt2:4 Rt:4 coproc:4 opc1:4 CRm:4", {
    decode: (f) => decode_mrrc(f, false),
    asm: (f) =>
      `${mnemonic("mcrr", f)} p${f.coproc}, ${f.opc1}, ${reg_names(f.Rt, f.Rt2)}, c${f.CRm}`,
    test,
  }),
  row("a32", "MRRC", "cond:4 1100 0101 Rt2:4 Rt:4 coproc:4 opc1:4 CRm:4", {
    decode: (f) => decode_mrrc(f, true),
    asm: (f) =>
      `${mnemonic("mrrc", f)} p${f.coproc}, ${f.opc1}, ${reg_names(f.Rt, f.Rt2)}, c${f.CRm}`,
    test,
  }),
];

/** All of the group. */
export const SYSTEM_A32_ROWS: readonly Row[] = [
  ...EXCEPTION_ROWS,
  ...STATUS_ROWS,
  ...BARRIER_ROWS,
  ...RETURN_ROWS,
  ...COPROCESSOR_ROWS,
];
