/**
 * Encodings of Advanced SIMD moves between elements and core registers: VDUP, VMOV (DDI 0406C
 * A8.8.314, A8.8.315, A8.8.341, A8.8.342).
 *
 * @module
 */
import { mnemonic, reg_name } from "./asm.ts";
import { dreg, neon_rows, odd, vd, vm, vreg } from "./neon_row.ts";
import { neon_dup, neon_dup_scalar, neon_get_scalar, neon_set_scalar } from "./ops_neon_move.ts";
import { type Row, row } from "./row.ts";

/** An element: log2 of its bytes and its number. */
interface Element {
  readonly size: number;
  readonly index: number;
}

/** The element that the lowest set bit of imm4 tells. */
function dup_element(imm4: number): Element | undefined {
  if (imm4 & 1) return { size: 0, index: imm4 >> 1 };
  if (imm4 & 2) return { size: 1, index: imm4 >> 2 };
  if (imm4 & 4) return { size: 2, index: imm4 >> 3 };
  return undefined;
}

/** The element that opc1:opc2 tells. */
function move_element(opc: number): Element | undefined {
  if (opc & 8) return { size: 0, index: opc & 7 };
  if (opc & 1) return { size: 1, index: (opc >> 1) & 3 };
  return opc & 2 ? undefined : { size: 2, index: opc >> 2 };
}

const offset_of = (d: number, { size, index }: Element): number => 8 * d + (index << size);

const DUP_SCALAR_ROWS = neon_rows(
  "VDUP_scalar",
  "1",
  "1 D:1 11 imm4:4 Vd:4 11000 Q:1 M:1 0 Vm:4",
  {
    decode(f) {
      const element = dup_element(f.imm4);
      if (!element || odd(f.Q, vd(f))) return undefined;
      return neon_dup_scalar(
        { size: element.size, q: f.Q === 1 },
        { d: vd(f), scalar: offset_of(vm(f), element) },
      );
    },
    asm(f) {
      const { size, index } = dup_element(f.imm4)!;
      return `vdup.${8 << size} ${vreg(f.Q, vd(f))}, d${vm(f)}[${index}]`;
    },
    test: { valid: (f) => dup_element(f.imm4) !== undefined && !odd(f.Q, vd(f)) },
  },
);

/** Size of VDUP from a core register. */
const dup_size = (f: { B: number; E: number }): number => f.B ? 0 : f.E ? 1 : 2;

interface DupFields {
  readonly B: number;
  readonly E: number;
  readonly Q: number;
  readonly D: number;
  readonly Vd: number;
  readonly Rt: number;
}

/** r15 as the source or destination is UNPREDICTABLE: UNDEFINED here. */
const DUP = {
  decode(f: DupFields) {
    const d = dreg(f.D, f.Vd);
    if ((f.B && f.E) || odd(f.Q, d) || f.Rt === 15) return undefined;
    return neon_dup({ size: dup_size(f), q: f.Q === 1 }, { d, rt: f.Rt });
  },
  asm: (f: DupFields & { cond?: number }): string =>
    `${mnemonic("vdup", f)}.${8 << dup_size(f)} ${vreg(f.Q, dreg(f.D, f.Vd))}, ${reg_name(f.Rt)}`,
  test: {
    valid: (f: DupFields): boolean => !(f.B && f.E) && !odd(f.Q, dreg(f.D, f.Vd)) && f.Rt !== 15,
  },
};

interface SetFields {
  readonly opc1: number;
  readonly opc2: number;
  readonly D: number;
  readonly Vd: number;
  readonly Rt: number;
}

const set_element = (f: SetFields): Element | undefined => move_element(f.opc1 << 2 | f.opc2);

const SET = {
  decode(f: SetFields) {
    const element = set_element(f);
    if (!element || f.Rt === 15) return undefined;
    const scalar = offset_of(dreg(f.D, f.Vd), element);
    return neon_set_scalar({ size: element.size }, { scalar, rt: f.Rt });
  },
  asm(f: SetFields & { cond?: number }): string {
    const { size, index } = set_element(f)!;
    return `${mnemonic("vmov", f)}.${8 << size} d${dreg(f.D, f.Vd)}[${index}], ${reg_name(f.Rt)}`;
  },
  test: { valid: (f: SetFields): boolean => set_element(f) !== undefined && f.Rt !== 15 },
};

interface GetFields {
  readonly U: number;
  readonly opc1: number;
  readonly opc2: number;
  readonly N: number;
  readonly Vn: number;
  readonly Rt: number;
}

/** Words have no unsigned form. */
function get_element(f: GetFields): Element | undefined {
  const element = move_element(f.opc1 << 2 | f.opc2);
  return element?.size === 2 && f.U ? undefined : element;
}

const GET = {
  decode(f: GetFields) {
    const element = get_element(f);
    if (!element || f.Rt === 15) return undefined;
    const scalar = offset_of(dreg(f.N, f.Vn), element);
    const u = element.size === 2 || f.U === 1;
    return neon_get_scalar({ size: element.size, u }, { rt: f.Rt, scalar });
  },
  asm(f: GetFields & { cond?: number }): string {
    const { size, index } = get_element(f)!;
    const letter = size === 2 ? "" : f.U ? "u" : "s";
    return `${mnemonic("vmov", f)}.${letter}${8 << size} ` +
      `${reg_name(f.Rt)}, d${dreg(f.N, f.Vn)}[${index}]`;
  },
  test: { valid: (f: GetFields): boolean => get_element(f) !== undefined && f.Rt !== 15 },
};

const DUP_BITS = "1110 1 B:1 Q:1 0 Vd:4 Rt:4 1011 D:1 0 E:1 1 0000";
const SET_BITS = "1110 0 opc1:2 0 Vd:4 Rt:4 1011 D:1 opc2:2 1 0000";
const GET_BITS = "1110 U:1 opc1:2 1 Vn:4 Rt:4 1011 N:1 opc2:2 1 0000";

/** Moves between elements and core registers. */
export const NEON_MOVE_ROWS: readonly Row[] = [
  ...DUP_SCALAR_ROWS,
  row("a32", "VDUP_core", `cond:4 ${DUP_BITS}`, DUP),
  row("t32", "VDUP_core", `1110 ${DUP_BITS}`, DUP),
  row("a32", "VMOV_to_scalar", `cond:4 ${SET_BITS}`, SET),
  row("t32", "VMOV_to_scalar", `1110 ${SET_BITS}`, SET),
  row("a32", "VMOV_from_scalar", `cond:4 ${GET_BITS}`, GET),
  row("t32", "VMOV_from_scalar", `1110 ${GET_BITS}`, GET),
];
