/**
 * Thumb exceptions, hints, barriers, status registers and coprocessors (DDI 0406C A6.2.5, A6.2.6,
 * A6.3.4, A6.3.5, A6.3.18).
 *
 * @module
 */
import { reg_name, reg_names } from "./asm.ts";
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

const test = { skip: "not for User mode, or an exception" };

/** CPS of T16: `im` is imod's low bit; there is no mode. */
const narrow_cps = (f: { im: number; A: number; I: number; F: number }) => ({
  imod: 2 | f.im,
  M: 0,
  A: f.A,
  I: f.I,
  F: f.F,
  mode: 0,
});

const T16_ROWS: Row[] = [
  row("t16", "SVC", "1101 1111 imm8:8", {
    decode: () => supervisor_call({}, {}),
    asm: (f) => `svc #${f.imm8}`,
    test,
  }),
  row("t16", "UDF", "1101 1110 imm8:8", {
    decode: () => undefined_op({}, {}),
    asm: (f) => `udf #${f.imm8}`,
    test,
  }),
  row("t16", "BKPT", "1011 1110 imm8:8", {
    decode: () => breakpoint({}, {}),
    asm: (f) => `bkpt #${f.imm8}`,
    test,
  }),
  row("t16", "HINT", "1011 1111 op:4 0000", {
    decode: (f) => decode_hint(f.op),
    asm: (f) => hint_text(f.op, ""),
    test: { valid: (f) => f.op === 0 || f.op > 4 },
  }),
  row("t16", "SETEND", "1011 0110 010 (1) E:1 (0)(0)(0)", {
    decode: (f) => set_endianness({}, { big: f.E }),
    asm: (f) => `setend ${f.E ? "be" : "le"}`,
    test,
  }),
  row("t16", "CPS", "1011 0110 011 im:1 (0) A:1 I:1 F:1", {
    decode: (f) => decode_cps(narrow_cps(f)),
    asm: (f) => cps_text(narrow_cps(f)),
    test,
  }),
];

const CALL_ROWS: Row[] = [
  row("t32", "HVC", "1111 0111 1110 imm4:4 1000 imm12:12", {
    decode: (f) => firmware_call({ call: "hvc" }, { imm: (f.imm4 << 12) | f.imm12 }),
    asm: (f) => `hvc #${(f.imm4 << 12) | f.imm12}`,
    test,
  }),
  row("t32", "SMC", "1111 0111 1111 imm4:4 1000 (0)(0)(0)(0)(0)(0)(0)(0)(0)(0)(0)(0)", {
    decode: (f) => firmware_call({ call: "smc" }, { imm: f.imm4 }),
    asm: (f) => `smc #${f.imm4}`,
    test,
  }),
  row("t32", "UDF", "1111 0111 1111 imm4:4 1010 imm12:12", {
    decode: () => undefined_op({}, {}),
    asm: (f) => `udf.w #${(f.imm4 << 12) | f.imm12}`,
    test,
  }),
];

const STATUS_ROWS: Row[] = [
  row(
    "t32",
    "MSR_reg",
    "1111 0011 100 R:1 Rn:4 10 (0) 0 mask:4 (0)(0) 0 (0)(0)(0)(0)(0)",
    {
      decode: (f) => {
        if (f.Rn === 15) return undefined;
        const { part, mask } = status_part(f.R, f.mask);
        return write_status_reg({ part }, { rn: f.Rn, mask });
      },
      asm: (f) => `msr ${status_text(f.R, f.mask)}, ${reg_name(f.Rn)}`,
      // The x byte would set E.
      test: {
        valid: (f) => f.R === 0 && f.mask !== 0 && (f.mask & 2) === 0 && f.Rn !== 15 && f.Rn !== 13,
      },
    },
  ),
  row(
    "t32",
    "MRS",
    "1111 0011 111 R:1 (1)(1)(1)(1) 10 (0) 0 Rd:4 (0)(0) 0 (0)(0)(0)(0)(0)",
    {
      decode: (f) => f.Rd === 15 ? undefined : read_status({ spsr: f.R === 1 }, { rd: f.Rd }),
      asm: (f) => `mrs ${reg_name(f.Rd)}, ${f.R ? "SPSR" : "CPSR"}`,
      test: { valid: (f) => f.R === 0 && f.Rd !== 15 && f.Rd !== 13 },
    },
  ),
  row("t32", "HINT", "1111 0011 1010 (1)(1)(1)(1) 10 (0) 0 (0) 000 op:8", {
    decode: (f) => decode_hint(f.op),
    asm: (f) => hint_text(f.op, ".w"),
    test: { valid: (f) => f.op === 0 || f.op > 4 },
  }),
  row(
    "t32",
    "CPS",
    "1111 0011 1010 (1)(1)(1)(1) 10 (0) 0 (0) imod:2 M:1 A:1 I:1 F:1 mode:5",
    { decode: decode_cps, asm: (f) => cps_text(f).replace(" ", ".w "), test },
  ),
];

const BARRIER = "1111 0011 1011 (1)(1)(1)(1) 10 (0) 0 (1)(1)(1)(1)";
const BARRIER_ROWS: Row[] = [
  row("t32", "DSB", `${BARRIER} 0100 option:4`, {
    decode: () => nop({}, {}),
    asm: (f) => `dsb ${barrier_text(f.option)}`,
  }),
  row("t32", "DMB", `${BARRIER} 0101 option:4`, {
    decode: () => nop({}, {}),
    asm: (f) => `dmb ${barrier_text(f.option)}`,
  }),
  row("t32", "ISB", `${BARRIER} 0110 option:4`, {
    decode: (_, c) => isb({ in_it: c.in_it }, {}),
    asm: (f) => `isb ${f.option === 15 ? "sy" : `#${f.option}`}`,
  }),
];

const MODES = [{ mode: "db", op: "00" }, { mode: "ia", op: "11" }] as const;

const RETURN_ROWS: Row[] = MODES.flatMap(({ mode, op }): Row[] => [
  row(
    "t32",
    `SRS${mode.toUpperCase()}`,
    `1110 100 ${op} 0 W:1 0 (1)(1)(0)(1)(1)(1)(0)(0)(0)(0)(0)(0)(0)(0)(0) mode:5`,
    {
      decode: (f) => store_return_state({ mode, wback: f.W === 1 }, { target: f.mode }),
      asm: (f) => `srs${mode} sp${f.W ? "!" : ""}, #${f.mode}`,
      test,
    },
  ),
  row(
    "t32",
    `RFE${mode.toUpperCase()}`,
    `1110 100 ${op} 0 W:1 1 Rn:4 (1)(1)(0)(0)(0)(0)(0)(0)(0)(0)(0)(0)(0)(0)(0)(0)`,
    {
      decode: (f) =>
        f.Rn === 15 ? undefined : return_from_exception({ mode, wback: f.W === 1 }, { rn: f.Rn }),
      asm: (f) => `rfe${mode} ${reg_name(f.Rn)}${f.W ? "!" : ""}`,
      test,
    },
  ),
]);

const COPROCESSOR_ROWS: Row[] = [
  row("t32", "MCR", "1110 1110 opc1:3 0 CRn:4 Rt:4 coproc:4 opc2:3 1 CRm:4", {
    decode: decode_mcr,
    asm: (f) => `mcr ${coprocessor_text(f, reg_name(f.Rt))}`,
    test,
  }),
  row("t32", "MRC", "1110 1110 opc1:3 1 CRn:4 Rt:4 coproc:4 opc2:3 1 CRm:4", {
    decode: decode_mrc,
    asm: (f) => `mrc ${coprocessor_text(f, f.Rt === 15 ? "APSR_nzcv" : reg_name(f.Rt))}`,
    test,
  }),
  row("t32", "MCRR", "1110 1100 0100 Rt2:4 Rt:4 coproc:4 opc1:4 CRm:4", {
    decode: (f) => decode_mrrc(f, false),
    asm: (f) => `mcrr p${f.coproc}, ${f.opc1}, ${reg_names(f.Rt, f.Rt2)}, c${f.CRm}`,
    test,
  }),
  row("t32", "MRRC", "1110 1100 0101 Rt2:4 Rt:4 coproc:4 opc1:4 CRm:4", {
    decode: (f) => decode_mrrc(f, true),
    asm: (f) => `mrrc p${f.coproc}, ${f.opc1}, ${reg_names(f.Rt, f.Rt2)}, c${f.CRm}`,
    test,
  }),
];

/** All of the group. */
export const SYSTEM_T32_ROWS: readonly Row[] = [
  ...T16_ROWS,
  ...CALL_ROWS,
  ...STATUS_ROWS,
  ...BARRIER_ROWS,
  ...RETURN_ROWS,
  ...COPROCESSOR_ROWS,
];
