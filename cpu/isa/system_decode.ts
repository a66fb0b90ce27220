/**
 * What the A32 and Thumb encodings of system instructions have in common.
 *
 * @module
 */
import { cp_index, cp_index64 } from "../system/sys_helpers.ts";
import type { Decoded } from "./op.ts";
import {
  change_state,
  debug_hint,
  hint,
  mask_interrupts,
  nop,
  read_coprocessor,
  read_coprocessor64,
  read_thread,
  type StatusPart,
  write_coprocessor,
  write_coprocessor64,
} from "./ops_system.ts";

/** The fields of MRC and MCR. */
export interface CoprocessorFields {
  readonly coproc: number;
  readonly CRn: number;
  readonly opc1: number;
  readonly CRm: number;
  readonly opc2: number;
  readonly Rt: number;
}

/** Coprocessors 10 and 11 are VFP and Advanced SIMD, with rows of their own; others do not exist. */
const exists = (coproc: number): boolean => coproc === 14 || coproc === 15;

const THREAD = ["tpidrurw", "tpidruro", "tpidrprw"] as const;

/** MRC. */
export function decode_mrc(f: CoprocessorFields): Decoded | undefined {
  if (!exists(f.coproc)) return undefined;
  const index = cp_index(f.coproc, f.CRn, f.opc1, f.CRm, f.opc2);
  if (f.Rt === 15) return read_coprocessor({ flags: true }, { rt: 0, index });
  const thread = f.coproc === 15 && f.CRn === 13 && f.opc1 === 0 && f.CRm === 0;
  const register = thread ? THREAD[f.opc2 - 2] : undefined;
  if (register) return read_thread({ register }, { rt: f.Rt });
  return read_coprocessor({ flags: false }, { rt: f.Rt, index });
}

/** MCR. From r15 it is UNPREDICTABLE: UNDEFINED here. */
export function decode_mcr(f: CoprocessorFields): Decoded | undefined {
  if (!exists(f.coproc) || f.Rt === 15) return undefined;
  const index = cp_index(f.coproc, f.CRn, f.opc1, f.CRm, f.opc2);
  return write_coprocessor({}, { rt: f.Rt, index });
}

/** The fields of MRRC and MCRR. */
export interface CoprocessorFields64 {
  readonly coproc: number;
  readonly opc1: number;
  readonly CRm: number;
  readonly Rt: number;
  readonly Rt2: number;
}

/** MRRC and MCRR. r15, and reading twice into one register, are UNPREDICTABLE: UNDEFINED here. */
export function decode_mrrc(f: CoprocessorFields64, read: boolean): Decoded | undefined {
  if (!exists(f.coproc) || f.Rt === 15 || f.Rt2 === 15 || (read && f.Rt === f.Rt2)) {
    return undefined;
  }
  const index = cp_index64(f.coproc, f.opc1, f.CRm);
  const operands = { rt: f.Rt, rt2: f.Rt2, index };
  return read ? read_coprocessor64({}, operands) : write_coprocessor64({}, operands);
}

/** `p15, 0, r1, c2, c0, 1`. */
export function coprocessor_text(f: CoprocessorFields, rt: string): string {
  return `p${f.coproc}, ${f.opc1}, ${rt}, c${f.CRn}, c${f.CRm}, ${f.opc2}`;
}

/** A hint by its number: those not allocated do nothing. */
export function decode_hint(op: number): Decoded {
  if (op >>> 4 === 15) return debug_hint({}, { option: op & 15 });
  const name = ([undefined, "yield", "wfe", "wfi", "sev"] as const)[op];
  return name ? hint({ hint: name }, {}) : nop({}, {});
}

/** A hint's text; `suffix` goes after its name. */
export function hint_text(op: number, suffix: string): string {
  if (op >>> 4 === 15) return `dbg${suffix} #${op & 15}`;
  const name = ["nop", "yield", "wfe", "wfi", "sev"][op];
  return name ? name + suffix : `hint${suffix} #${op}`;
}

/** The fields of CPS. `M`: `mode` is to be changed. */
export interface CpsFields {
  readonly imod: number;
  readonly M: number;
  readonly A: number;
  readonly I: number;
  readonly F: number;
  readonly mode: number;
}

/** CPS. imod 1, and nothing to change at all, are UNPREDICTABLE: UNDEFINED here. */
export function decode_cps(f: CpsFields): Decoded | undefined {
  if (f.imod === 1 || (f.imod === 0 && f.M === 0)) return undefined;
  const aif = f.imod === 0 ? 0 : (f.A << 8) | (f.I << 7) | (f.F << 6);
  if (f.imod === 3 && f.M === 0) return mask_interrupts({}, { aif });
  return change_state({}, { aif, set: f.imod & 1, mode: f.M ? f.mode : 0 });
}

/** CPS's text. */
export function cps_text(f: CpsFields): string {
  const flags = `${f.A ? "a" : ""}${f.I ? "i" : ""}${f.F ? "f" : ""}`;
  const name = f.imod === 2 ? "cpsie " : f.imod === 3 ? "cpsid " : "cps ";
  const mode = f.M ? `${f.imod ? ", " : ""}#${f.mode}` : "";
  return `${name}${f.imod ? flags : ""}${mode}`;
}

/** MSR's mask field: which op, and a byte mask. */
export function status_part(R: number, mask: number): { part: StatusPart; mask: number } {
  let bytes = 0;
  for (let i = 0; i < 4; i++) if ((mask >>> i) & 1) bytes |= 0xff << (8 * i);
  const part = R ? "spsr" : mask === 8 ? "flags" : mask === 1 ? "control" : "any";
  return { part, mask: bytes };
}

/** `CPSR_fc`. */
export function status_text(R: number, mask: number): string {
  const fields = ["c", "x", "s", "f"].filter((_, i) => (mask >>> i) & 1).reverse().join("");
  return `${R ? "SPSR" : "CPSR"}_${fields}`;
}

const BARRIER_OPTIONS: Readonly<Record<number, string>> = {
  15: "sy",
  14: "st",
  11: "ish",
  10: "ishst",
  7: "nsh",
  6: "nshst",
  3: "osh",
  2: "oshst",
};

/** The option of DMB, DSB and ISB. */
export function barrier_text(option: number): string {
  return BARRIER_OPTIONS[option] ?? `#${option}`;
}
