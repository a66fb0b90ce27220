/**
 * A32 loads and stores of words, bytes, halfwords and doublewords, and the preload hints
 * (DDI 0406C A5.3, A5.2.8, A5.2.9).
 *
 * @module
 */
import { address_text, mnemonic, reg_name, shift_text } from "./asm.ts";
import { memory_text, offset_text } from "./mem_asm.ts";
import type { Decoded } from "./op.ts";
import {
  type AddressMode,
  dual_imm,
  dual_literal,
  dual_reg,
  type IndexShift,
  mem_imm,
  mem_literal,
  mem_reg,
  type MemKind,
} from "./ops_mem.ts";
import { nop } from "./ops_system.ts";
import { type Row, row } from "./row.ts";

/** An addressing form: its P and W bits, the mode, and whether it is an unprivileged access. */
const FORMS = [
  { tag: "", p: "1", w: "0", mode: "offset", user: false },
  { tag: "_pre", p: "1", w: "1", mode: "pre", user: false },
  { tag: "_post", p: "0", w: "0", mode: "post", user: false },
  { tag: "_user", p: "0", w: "1", mode: "post", user: true },
] as const;
type Form = (typeof FORMS)[number];

const WORD_BYTE = [
  { kind: "str", byte: "0", load: "0" },
  { kind: "ldr", byte: "0", load: "1" },
  { kind: "strb", byte: "1", load: "0" },
  { kind: "ldrb", byte: "1", load: "1" },
] as const;

const EXTRA = [
  { kind: "strh", load: "0", op: "01" },
  { kind: "ldrh", load: "1", op: "01" },
  { kind: "ldrsb", load: "1", op: "10" },
  { kind: "ldrsh", load: "1", op: "11" },
] as const;

const DUAL = [
  { kind: "ldrd", load: true, op: "10" },
  { kind: "strd", load: false, op: "11" },
] as const;

const name_of = (kind: string, form: Form, suffix: string): string =>
  `${kind.toUpperCase()}${suffix}${form.tag}`;
const asm_name = (kind: string, form: Form): string => form.user ? `${kind}t` : kind;
const signed = (add: number, imm: number): number => add ? imm : -imm | 0;

/** What to transfer when the register is `rt`; undefined when r15 may not be used so. */
function kind_of(kind: MemKind, rt: number, user: boolean): MemKind | undefined {
  if (rt !== 15) return kind;
  if (kind === "ldr" && !user) return "ldr_pc";
  // STR stores PC+8; of r15, bytes and halfwords are UNPREDICTABLE: UNDEFINED here.
  return kind === "str" ? "str" : undefined;
}

/** `rt` of a record: ldr_pc does not use it, and 15 would have the framework prepare r15. */
const rt_of = (kind: MemKind, rt: number): number => kind === "ldr_pc" ? 0 : rt;

function decode_imm(
  kind: MemKind,
  form: Form,
  f: { Rt: number; Rn: number; U: number },
  imm: number,
): Decoded | undefined {
  const actual = kind_of(kind, f.Rt, form.user);
  if (!actual) return undefined;
  if (f.Rn === 15 && form.mode === "offset" && kind.startsWith("ldr")) {
    const offset = signed(f.U, imm) + 8;
    return mem_literal({ kind: actual, thumb: false }, { rt: rt_of(actual, f.Rt), imm: offset });
  }
  // Writing back to r15 is UNPREDICTABLE: UNDEFINED here.
  if (f.Rn === 15 && form.mode !== "offset") return undefined;
  return mem_imm(
    { kind: actual, mode: form.mode, user: form.user },
    { rt: rt_of(actual, f.Rt), rn: f.Rn, imm: signed(f.U, imm) },
  );
}

/** Which shift an index register gets: UAL's shift, `zero` for LSR #32. */
function index_shift(type: number, imm5: number): { shift: IndexShift | "zero"; amount: number } {
  switch (type) {
    case 0:
      return { shift: imm5 === 0 ? "none" : "lsl", amount: imm5 };
    case 1:
      return { shift: imm5 === 0 ? "zero" : "lsr", amount: imm5 };
    case 2:
      return { shift: "asr", amount: imm5 === 0 ? 31 : imm5 };
    default:
      return { shift: imm5 === 0 ? "rrx" : "ror", amount: imm5 };
  }
}

function decode_reg(
  kind: MemKind,
  form: Form,
  f: { Rt: number; Rn: number; Rm: number; U: number },
  by: { type: number; imm5: number },
): Decoded | undefined {
  const actual = kind_of(kind, f.Rt, form.user);
  if (!actual || f.Rm === 15 || (f.Rn === 15 && form.mode !== "offset")) return undefined;
  const rt = rt_of(actual, f.Rt);
  const { shift, amount } = index_shift(by.type, by.imm5);
  const statics = { kind: actual, mode: form.mode as AddressMode, user: form.user };
  if (shift === "zero") return mem_imm(statics, { rt, rn: f.Rn, imm: 0 });
  return mem_reg({ ...statics, sub: f.U === 0, shift }, { rt, rn: f.Rn, rm: f.Rm, amount });
}

/** Whether a random test may run these registers: nothing UNPREDICTABLE, no r15 as data. */
function testable(form: Form, f: { Rt: number; Rn: number }): boolean {
  if (f.Rt === 15 || f.Rn === 15) return false;
  return form.mode === "offset" || f.Rn !== f.Rt;
}

/** Where a literal is, for assembly. */
function literal_text(f: { U: number }, imm: number, address: number): string {
  return `[pc, #${f.U ? "" : "-"}${imm}] ; ${address_text(address + 8 + signed(f.U, imm))}`;
}

const WORD_BYTE_ROWS: Row[] = FORMS.flatMap((form) =>
  WORD_BYTE.flatMap(({ kind, byte, load }) => [
    row(
      "a32",
      name_of(kind, form, "_imm"),
      `cond:4 010 ${form.p} U:1 ${byte} ${form.w} ${load} Rn:4 Rt:4 imm12:12`,
      {
        decode: (f) => decode_imm(kind, form, f, f.imm12),
        asm: (f, address) =>
          `${mnemonic(asm_name(kind, form), f)} ${reg_name(f.Rt)}, ${
            f.Rn === 15 && form.mode === "offset"
              ? literal_text(f, f.imm12, address)
              : memory_text(form.mode, f.Rn, offset_text(f.U, f.imm12, form.mode))
          }`,
        test: { valid: (f) => testable(form, f), memory: { base: "Rn" } },
      },
    ),
    row(
      "a32",
      name_of(kind, form, "_reg"),
      `cond:4 011 ${form.p} U:1 ${byte} ${form.w} ${load} Rn:4 Rt:4 imm5:5 type:2 0 Rm:4`,
      {
        decode: (f) => decode_reg(kind, form, f, f),
        asm: (f) =>
          `${mnemonic(asm_name(kind, form), f)} ${reg_name(f.Rt)}, ${
            memory_text(
              form.mode,
              f.Rn,
              `${f.U ? "" : "-"}${reg_name(f.Rm)}${shift_text(f.type, f.imm5)}`,
            )
          }`,
        test: {
          valid: (f) => testable(form, f) && f.Rm !== 15 && f.Rm !== f.Rn,
          memory: { base: "Rn", offset: "Rm" },
        },
      },
    ),
  ])
);

const EXTRA_ROWS: Row[] = FORMS.flatMap((form) =>
  EXTRA.flatMap(({ kind, load, op }) => [
    row(
      "a32",
      name_of(kind, form, "_imm"),
      `cond:4 000 ${form.p} U:1 1 ${form.w} ${load} Rn:4 Rt:4 imm4H:4 1 ${op} 1 imm4L:4`,
      {
        decode: (f) => decode_imm(kind, form, f, (f.imm4H << 4) | f.imm4L),
        asm: (f, address) => {
          const imm = (f.imm4H << 4) | f.imm4L;
          return `${mnemonic(asm_name(kind, form), f)} ${reg_name(f.Rt)}, ${
            f.Rn === 15 && form.mode === "offset"
              ? literal_text(f, imm, address)
              : memory_text(form.mode, f.Rn, offset_text(f.U, imm, form.mode))
          }`;
        },
        test: { valid: (f) => testable(form, f), memory: { base: "Rn" } },
      },
    ),
    row(
      "a32",
      name_of(kind, form, "_reg"),
      `cond:4 000 ${form.p} U:1 0 ${form.w} ${load} Rn:4 Rt:4 (0)(0)(0)(0) 1 ${op} 1 Rm:4`,
      {
        decode: (f) => decode_reg(kind, form, f, { type: 0, imm5: 0 }),
        asm: (f) =>
          `${mnemonic(asm_name(kind, form), f)} ${reg_name(f.Rt)}, ${
            memory_text(form.mode, f.Rn, `${f.U ? "" : "-"}${reg_name(f.Rm)}`)
          }`,
        test: {
          valid: (f) => testable(form, f) && f.Rm !== 15 && f.Rm !== f.Rn,
          memory: { base: "Rn", offset: "Rm" },
        },
      },
    ),
  ])
);

/** An odd first register and r14, r15 as a pair are UNPREDICTABLE: UNDEFINED here. */
const is_pair = (rt: number): boolean => (rt & 1) === 0 && rt !== 14;

/** Nothing of a pair is changed twice. */
function testable_pair(form: Form, f: { Rt: number; Rn: number }): boolean {
  if (!is_pair(f.Rt) || f.Rn === 15) return false;
  return form.mode === "offset" || (f.Rn !== f.Rt && f.Rn !== f.Rt + 1);
}

function decode_dual_imm(
  load: boolean,
  form: Form,
  f: { Rt: number; Rn: number; U: number },
  imm: number,
): Decoded | undefined {
  if (!is_pair(f.Rt)) return undefined;
  const pair = { rt: f.Rt, rt2: f.Rt + 1 };
  if (f.Rn === 15 && form.mode === "offset" && load) {
    return dual_literal({ thumb: false }, { ...pair, imm: signed(f.U, imm) + 8 });
  }
  if (f.Rn === 15 && form.mode !== "offset") return undefined;
  return dual_imm({ load, mode: form.mode }, { ...pair, rn: f.Rn, imm: signed(f.U, imm) });
}

const DUAL_ROWS: Row[] = FORMS.filter((form) => !form.user).flatMap((form) =>
  DUAL.flatMap(({ kind, load, op }) => [
    row(
      "a32",
      name_of(kind, form, "_imm"),
      `cond:4 000 ${form.p} U:1 1 ${form.w} 0 Rn:4 Rt:4 imm4H:4 1 ${op} 1 imm4L:4`,
      {
        decode: (f) => decode_dual_imm(load, form, f, (f.imm4H << 4) | f.imm4L),
        asm: (f, address) => {
          const imm = (f.imm4H << 4) | f.imm4L;
          return `${mnemonic(kind, f)} ${reg_name(f.Rt)}, ${reg_name((f.Rt + 1) & 15)}, ${
            f.Rn === 15 && form.mode === "offset"
              ? literal_text(f, imm, address)
              : memory_text(form.mode, f.Rn, offset_text(f.U, imm, form.mode))
          }`;
        },
        test: {
          valid: (f) => testable_pair(form, f),
          memory: { base: "Rn" },
        },
      },
    ),
    row(
      "a32",
      name_of(kind, form, "_reg"),
      `cond:4 000 ${form.p} U:1 0 ${form.w} 0 Rn:4 Rt:4 (0)(0)(0)(0) 1 ${op} 1 Rm:4`,
      {
        decode: (f) => {
          if (!is_pair(f.Rt) || f.Rm === 15) return undefined;
          if (f.Rn === 15 && form.mode !== "offset") return undefined;
          return dual_reg(
            { load, mode: form.mode, sub: f.U === 0 },
            { rt: f.Rt, rt2: f.Rt + 1, rn: f.Rn, rm: f.Rm },
          );
        },
        asm: (f) =>
          `${mnemonic(kind, f)} ${reg_name(f.Rt)}, ${reg_name((f.Rt + 1) & 15)}, ${
            memory_text(form.mode, f.Rn, `${f.U ? "" : "-"}${reg_name(f.Rm)}`)
          }`,
        test: {
          valid: (f) =>
            testable_pair(form, f) && f.Rm !== 15 && f.Rm !== f.Rn && f.Rm !== f.Rt &&
            f.Rm !== f.Rt + 1,
          memory: { base: "Rn", offset: "Rm" },
        },
      },
    ),
  ])
);

const pld_imm = (name: string) => (f: { U: number; Rn: number; imm12: number }): string =>
  `${name} ${memory_text("offset", f.Rn, offset_text(f.U, f.imm12, "offset"))}`;
const pld_reg =
  (name: string) =>
  (f: { U: number; Rn: number; Rm: number; type: number; imm5: number }): string =>
    `${name} ${
      memory_text(
        "offset",
        f.Rn,
        `${f.U ? "" : "-"}${reg_name(f.Rm)}${shift_text(f.type, f.imm5)}`,
      )
    }`;
const do_nothing = { decode: (): Decoded => nop({}, {}) };

const PRELOAD_ROWS: Row[] = [
  row("a32", "PLD_imm", "1111 0101 U:1 1 01 Rn:4 (1)(1)(1)(1) imm12:12", {
    ...do_nothing,
    asm: pld_imm("pld"),
  }),
  row("a32", "PLDW_imm", "1111 0101 U:1 0 01 Rn:4 (1)(1)(1)(1) imm12:12", {
    ...do_nothing,
    asm: pld_imm("pldw"),
  }),
  row("a32", "PLI_imm", "1111 0100 U:1 1 01 Rn:4 (1)(1)(1)(1) imm12:12", {
    ...do_nothing,
    asm: pld_imm("pli"),
  }),
  row("a32", "PLD_reg", "1111 0111 U:1 1 01 Rn:4 (1)(1)(1)(1) imm5:5 type:2 0 Rm:4", {
    ...do_nothing,
    asm: pld_reg("pld"),
  }),
  row("a32", "PLDW_reg", "1111 0111 U:1 0 01 Rn:4 (1)(1)(1)(1) imm5:5 type:2 0 Rm:4", {
    ...do_nothing,
    asm: pld_reg("pldw"),
  }),
  row("a32", "PLI_reg", "1111 0110 U:1 1 01 Rn:4 (1)(1)(1)(1) imm5:5 type:2 0 Rm:4", {
    ...do_nothing,
    asm: pld_reg("pli"),
  }),
  // Unallocated memory hints are NOPs (A5.7.1).
  row("a32", "HINT_MEM_imm", "1111 0100 U:1 0 01 Rn:4 rt:4 imm12:12", {
    ...do_nothing,
    asm: pld_imm("mem_hint"),
  }),
  row("a32", "HINT_MEM_reg", "1111 0110 U:1 0 01 Rn:4 rt:4 imm5:5 type:2 0 Rm:4", {
    ...do_nothing,
    asm: pld_reg("mem_hint"),
  }),
];

/** All of the group. */
export const MEM_A32_ROWS: readonly Row[] = [
  ...WORD_BYTE_ROWS,
  ...EXTRA_ROWS,
  ...DUAL_ROWS,
  ...PRELOAD_ROWS,
];
