/**
 * VFP and Advanced SIMD register loads and stores, and transfers to and from general registers
 * (DDI 0406C A7.6, A7.8, A7.9) except those of scalars.
 *
 * @module
 */
import { reg_name } from "./asm.ts";
import { dreg, type FpFields, sreg, vfp_row } from "./fp_row.ts";
import type { Decoded } from "./op.ts";
import {
  vfp_block_d,
  vfp_block_s,
  vfp_core_d,
  vfp_core_s,
  vfp_core_ss,
  vfp_flags,
  vfp_fpscr,
  vfp_mem_d,
  vfp_mem_s,
  vfp_system,
  type VfpBase,
} from "./ops_vfp_mem.ts";
import type { Row } from "./row.ts";

const base_of = (rn: number, thumb: boolean): VfpBase =>
  rn !== 15 ? "reg" : thumb ? "thumb_pc" : "a32_pc";

/** A record's base register: the PC is no operand, since the op reads it itself. */
const base_reg = (rn: number): number => rn === 15 ? 0 : rn;

const number_of = (f: FpFields): number => f.sz ? dreg(f.Vd!, f.D!) : sreg(f.Vd!, f.D!);

const SINGLE_ROWS: Row[] = [0, 1].flatMap((load) => {
  const name = load ? "vldr" : "vstr";
  return vfp_row(
    name.toUpperCase(),
    `1101 U:1 D:1 0 ${load} Rn:4 Vd:4 101 sz:1 imm8:8`,
    {
      decode: (f, thumb) => {
        const offset = f.imm8! * 4;
        return (f.sz ? vfp_mem_d : vfp_mem_s)(
          { load: load === 1, base: base_of(f.Rn!, thumb) },
          { d: number_of(f), rn: base_reg(f.Rn!), imm: f.U ? offset : -offset | 0 },
        );
      },
      asm: (f) => {
        const offset = f.imm8 || !f.U ? `, #${f.U ? "" : "-"}${f.imm8! * 4}` : "";
        return [name, ` ${f.sz ? "d" : "s"}${number_of(f)}, [${reg_name(f.Rn!)}${offset}]`];
      },
      test: { memory: { base: "Rn" }, valid: (f) => f.Rn !== 15 },
    },
  );
});

/** Whether a register list is one: not empty, at most 16 doublewords, within the register file. */
function list_exists(f: FpFields): boolean {
  const first = number_of(f), words = f.imm8!;
  if (!f.sz) return words !== 0 && first + words <= 32;
  const count = words >> 1;
  return count !== 0 && count <= 16 && first + count <= 32;
}

function list_text(f: FpFields): string {
  const first = number_of(f), count = f.sz ? f.imm8! >> 1 : f.imm8!;
  const letter = f.sz ? "d" : "s";
  return count === 1 ? `{${letter}${first}}` : `{${letter}${first}-${letter}${first + count - 1}}`;
}

/** `imm8` is odd for the old FLDMX and FSTMX: one word more than the registers have. */
function block_asm(f: FpFields, load: boolean, down: boolean, wback: boolean): [string, string] {
  const odd = f.sz && f.imm8! & 1;
  const usual_stack = f.Rn === 13 && wback && down === !load;
  if (usual_stack && !odd) return [load ? "vpop" : "vpush", ` ${list_text(f)}`];
  const mode = down ? "db" : "ia";
  const name = odd ? `f${load ? "ld" : "st"}m${mode}x` : `v${load ? "ld" : "st"}m${mode}`;
  return [name, ` ${reg_name(f.Rn!)}${wback ? "!" : ""}, ${list_text(f)}`];
}

function decode_block(
  f: FpFields,
  s: { load: boolean; down: boolean; wback: boolean },
  thumb: boolean,
): Decoded | undefined {
  // UNPREDICTABLE lists and writing back to the PC are UNDEFINED here, as on QEMU's Cortex-A15.
  if (!list_exists(f) || (f.Rn === 15 && s.wback)) return undefined;
  const statics = { ...s, words: f.imm8!, base: base_of(f.Rn!, thumb) };
  const operands = { first: number_of(f), rn: base_reg(f.Rn!) };
  return (f.sz ? vfp_block_d : vfp_block_s)(statics, operands);
}

const BLOCK_ROWS: Row[] = [
  { tag: "IA", p: "0 1", w: "0", down: false, wback: false },
  { tag: "IA_wb", p: "0 1", w: "1", down: false, wback: true },
  { tag: "DB_wb", p: "1 0", w: "1", down: true, wback: true },
].flatMap(({ tag, p, w, down, wback }) =>
  [false, true].flatMap((load) =>
    vfp_row(
      `${load ? "VLDM" : "VSTM"}${tag}`,
      `110 ${p} D:1 ${w} ${load ? 1 : 0} Rn:4 Vd:4 101 sz:1 imm8:8`,
      {
        decode: (f, thumb) => decode_block(f, { load, down, wback }, thumb),
        asm: (f) => block_asm(f, load, down, wback),
        test: { memory: { base: "Rn" }, valid: (f) => f.Rn !== 15 && list_exists(f) },
      },
    )
  )
);

/** General registers that data may go to and come from: not the PC. In T32 not SP either. */
const is_data = (rt: number): boolean => rt !== 15;
const testable = (rt: number): boolean => rt !== 15 && rt !== 13;

const core_pair = (f: FpFields): string => `${reg_name(f.Rt!)}, ${reg_name(f.Rt2!)}`;

/** Transfers in one direction: a row each, since MRC and MRRC are told from MCR and MCRR likewise. */
function transfer_rows(to_core: boolean): Row[] {
  const op = to_core ? 1 : 0;
  const text = (core: string, v: string): [string, string] => [
    "vmov",
    to_core ? ` ${core}, ${v}` : ` ${v}, ${core}`,
  ];
  const exists = (f: FpFields): boolean => pair_exists(f, to_core);
  return [
    ...vfp_row(`VMOV_core_s_${op}`, `1110 000 ${op} Vn:4 Rt:4 1010 N:1 (0)(0)1(0)(0)(0)(0)`, {
      decode: (f) =>
        is_data(f.Rt!) ? vfp_core_s({ to_core }, { n: sreg(f.Vn!, f.N!), rt: f.Rt! }) : undefined,
      asm: (f) => text(reg_name(f.Rt!), `s${sreg(f.Vn!, f.N!)}`),
      test: { valid: (f) => testable(f.Rt!) },
    }),
    ...vfp_row(`VMOV_core_ss_${op}`, `1100 010 ${op} Rt2:4 Rt:4 1010 00 M:1 1 Vm:4`, {
      decode: (f) => {
        const m = sreg(f.Vm!, f.M!);
        // S31 has no successor: UNPREDICTABLE, UNDEFINED here.
        if (!exists(f) || m === 31) return undefined;
        return vfp_core_ss({ to_core }, { m, rt: f.Rt!, rt2: f.Rt2! });
      },
      asm: (f) => {
        const m = sreg(f.Vm!, f.M!);
        return text(core_pair(f), `s${m}, s${m + 1}`);
      },
      test: { valid: (f) => pair_testable(f) && sreg(f.Vm!, f.M!) !== 31 },
    }),
    ...vfp_row(`VMOV_core_d_${op}`, `1100 010 ${op} Rt2:4 Rt:4 1011 00 M:1 1 Vm:4`, {
      decode: (f) =>
        exists(f)
          ? vfp_core_d({ to_core }, { m: dreg(f.Vm!, f.M!), rt: f.Rt!, rt2: f.Rt2! })
          : undefined,
      asm: (f) => text(core_pair(f), `d${dreg(f.Vm!, f.M!)}`),
      test: { valid: pair_testable },
    }),
  ];
}

/** One general register cannot take two values: UNPREDICTABLE, UNDEFINED here. */
function pair_exists(f: FpFields, to_core: boolean): boolean {
  return is_data(f.Rt!) && is_data(f.Rt2!) && !(to_core && f.Rt === f.Rt2);
}

function pair_testable(f: FpFields): boolean {
  return testable(f.Rt!) && testable(f.Rt2!) && f.Rt !== f.Rt2;
}

const SYSTEM_REGISTERS = new Map([
  [0, "fpsid"],
  [1, "fpscr"],
  [6, "mvfr1"],
  [7, "mvfr0"],
  [8, "fpexc"],
]);

function decode_system(f: FpFields, load: boolean): Decoded | undefined {
  const reg = f.reg!;
  if (!SYSTEM_REGISTERS.has(reg)) return undefined;
  if (f.Rt === 15) return load && reg === 1 ? vfp_flags({}, {}) : undefined;
  if (reg === 1) return vfp_fpscr({ load }, { rt: f.Rt! });
  return vfp_system({ load }, { rt: f.Rt!, reg });
}

function system_asm(f: FpFields, load: boolean): [string, string] {
  const special = SYSTEM_REGISTERS.get(f.reg!) ?? `c${f.reg}`;
  const core = load && f.Rt === 15 ? "APSR_nzcv" : reg_name(f.Rt!);
  return load ? ["vmrs", ` ${core}, ${special}`] : ["vmsr", ` ${special}, ${core}`];
}

const SYSTEM_ROWS: Row[] = [true, false].flatMap((load) =>
  vfp_row(
    load ? "VMRS" : "VMSR",
    `1110 111 ${load ? 1 : 0} reg:4 Rt:4 1010 (0)(0)(0)1(0)(0)(0)(0)`,
    {
      decode: (f) => decode_system(f, load),
      asm: (f) => system_asm(f, load),
      // User mode may only access FPSCR.
      test: { valid: (f) => f.reg === 1 && f.Rt !== 13 && (load || f.Rt !== 15), fp: true },
    },
  )
);

/** All of the group. */
export const VFP_MEM_ROWS: readonly Row[] = [
  ...SINGLE_ROWS,
  ...BLOCK_ROWS,
  ...transfer_rows(false),
  ...transfer_rows(true),
  ...SYSTEM_ROWS,
];
