/**
 * Thumb loads and stores of words, bytes, halfwords and doublewords, and the preload hints
 * (DDI 0406C A6.2.4, A6.3.6 to A6.3.10).
 *
 * @module
 */
import { address_text, reg_name } from "./asm.ts";
import { memory_text, offset_text } from "./mem_asm.ts";
import type { Decoded } from "./op.ts";
import {
  type AddressMode,
  dual_imm,
  dual_literal,
  mem_imm,
  mem_literal,
  mem_reg,
  type MemKind,
} from "./ops_mem.ts";
import { nop } from "./ops_system.ts";
import { type Row, row } from "./row.ts";

const signed = (add: number, imm: number): number => add ? imm : -imm | 0;
const lsl_text = (amount: number): string => amount === 0 ? "" : `, lsl #${amount}`;
const literal_text = (add: number, imm: number, address: number): string =>
  `[pc, #${add ? "" : "-"}${imm}] ; ${address_text((address + 4 & ~3) + signed(add, imm))}`;

/** `LDR Rt, [Rn, #imm]` and the like of T16: a scaled offset. */
function t16_imm(name: string, kind: MemKind, op: string): Row {
  const scale = kind.endsWith("b") ? 1 : kind.endsWith("h") ? 2 : 4;
  return row("t16", name, `${op} imm5:5 Rn:3 Rt:3` as "01100 imm5:5 Rn:3 Rt:3", {
    decode: (f) =>
      mem_imm({ kind, mode: "offset", user: false }, { rt: f.Rt, rn: f.Rn, imm: f.imm5 * scale }),
    asm: (f) =>
      `${kind} ${reg_name(f.Rt)}, ${
        memory_text("offset", f.Rn, offset_text(1, f.imm5 * scale, "offset"))
      }`,
    test: { memory: { base: "Rn" } },
  });
}

function t16_reg(name: string, kind: MemKind, op: string): Row {
  return row("t16", name, `0101 ${op} Rm:3 Rn:3 Rt:3` as "0101 000 Rm:3 Rn:3 Rt:3", {
    decode: (f) =>
      mem_reg(
        { kind, mode: "offset", sub: false, shift: "none", user: false },
        { rt: f.Rt, rn: f.Rn, rm: f.Rm, amount: 0 },
      ),
    asm: (f) => `${kind} ${reg_name(f.Rt)}, ${memory_text("offset", f.Rn, reg_name(f.Rm))}`,
    test: { valid: (f) => f.Rm !== f.Rn, memory: { base: "Rn", offset: "Rm" } },
  });
}

function t16_sp(name: string, kind: "ldr" | "str", op: string): Row {
  return row("t16", name, `1001 ${op} Rt:3 imm8:8` as "1001 0 Rt:3 imm8:8", {
    decode: (f) =>
      mem_imm({ kind, mode: "offset", user: false }, { rt: f.Rt, rn: 13, imm: f.imm8 * 4 }),
    asm: (f) =>
      `${kind} ${reg_name(f.Rt)}, ${
        memory_text("offset", 13, offset_text(1, f.imm8 * 4, "offset"))
      }`,
  });
}

const T16_ROWS: Row[] = [
  t16_reg("STR_reg", "str", "000"),
  t16_reg("STRH_reg", "strh", "001"),
  t16_reg("STRB_reg", "strb", "010"),
  t16_reg("LDRSB_reg", "ldrsb", "011"),
  t16_reg("LDR_reg", "ldr", "100"),
  t16_reg("LDRH_reg", "ldrh", "101"),
  t16_reg("LDRB_reg", "ldrb", "110"),
  t16_reg("LDRSH_reg", "ldrsh", "111"),
  t16_imm("STR_imm", "str", "01100"),
  t16_imm("LDR_imm", "ldr", "01101"),
  t16_imm("STRB_imm", "strb", "01110"),
  t16_imm("LDRB_imm", "ldrb", "01111"),
  t16_imm("STRH_imm", "strh", "10000"),
  t16_imm("LDRH_imm", "ldrh", "10001"),
  t16_sp("STR_sp", "str", "0"),
  t16_sp("LDR_sp", "ldr", "1"),
  row("t16", "LDR_lit", "01001 Rt:3 imm8:8", {
    decode: (f) => mem_literal({ kind: "ldr", thumb: true }, { rt: f.Rt, imm: f.imm8 * 4 }),
    asm: (f, address) => `ldr ${reg_name(f.Rt)}, ${literal_text(1, f.imm8 * 4, address)}`,
    test: { skip: "reads its own code" },
  }),
];

/** A kind with its S and size bits, and what a load to r15 is instead. */
const KINDS = [
  { kind: "strb", sign: "0", size: "00", load: "0", hint: "" },
  { kind: "strh", sign: "0", size: "01", load: "0", hint: "" },
  { kind: "str", sign: "0", size: "10", load: "0", hint: "" },
  { kind: "ldrb", sign: "0", size: "00", load: "1", hint: "pld" },
  { kind: "ldrh", sign: "0", size: "01", load: "1", hint: "pldw" },
  { kind: "ldr", sign: "0", size: "10", load: "1", hint: "" },
  { kind: "ldrsb", sign: "1", size: "00", load: "1", hint: "pli" },
  // An unallocated memory hint (A6.3.8).
  { kind: "ldrsh", sign: "1", size: "01", load: "1", hint: "mem_hint" },
] as const;
type Kind = (typeof KINDS)[number];

/** The plan for one register: the instruction, a hint (r15 as a narrow load's target), or none. */
function plan(k: Kind, f: { Rt: number; Rn: number }): MemKind | "hint" | undefined {
  if (k.load === "0") return f.Rn === 15 || f.Rt === 15 ? undefined : k.kind;
  if (f.Rt !== 15) return k.kind;
  return k.kind === "ldr" ? "ldr_pc" : "hint";
}

/** Decodes the forms with an immediate. Hints exist without writeback and privileged only. */
function decode_imm(
  k: Kind,
  f: { Rt: number; Rn: number },
  how: { imm: number; mode: AddressMode; user: boolean },
): Decoded | undefined {
  const kind = plan(k, f);
  const plain = how.mode === "offset" && !how.user;
  if (!kind || (kind === "hint" && !plain) || (kind === "ldr_pc" && how.user)) return undefined;
  if (kind === "hint") return nop({}, {});
  const rt = kind === "ldr_pc" ? 0 : f.Rt;
  if (f.Rn === 15) return undefined;
  return mem_imm({ kind, mode: how.mode, user: how.user }, { rt, rn: f.Rn, imm: how.imm });
}

function decode_literal(k: Kind, f: { Rt: number; Rn: number }, imm: number): Decoded | undefined {
  const kind = plan(k, f);
  if (!kind || f.Rn !== 15) return undefined;
  if (kind === "hint") return nop({}, {});
  return mem_literal({ kind, thumb: true }, { rt: kind === "ldr_pc" ? 0 : f.Rt, imm });
}

/** No UNPREDICTABLE register, nothing changed twice; r15 as a target branches or is a hint. */
function testable(f: { Rt: number; Rn: number }, writes_base: boolean): boolean {
  if (f.Rt === 15 || f.Rn === 15 || f.Rt === 13) return false;
  return !writes_base || f.Rt !== f.Rn;
}

function asm(k: Kind, f: { Rt: number }, rest: string, user: boolean = false): string {
  if (f.Rt === 15 && k.hint !== "") return `${k.hint} ${rest}`;
  return `${k.kind}${user ? "t" : ""} ${reg_name(f.Rt)}, ${rest}`;
}

function wide_rows(k: Kind): Row[] {
  const upper = k.kind.toUpperCase();
  const head = `1111 100 ${k.sign}`;
  const tail = `${k.size} ${k.load} Rn:4 Rt:4`;
  const rows: Row[] = [
    row("t32", `${upper}_imm12`, `${head} 1 ${tail} imm12:12` as "Rn:4 Rt:4 imm12:12", {
      decode: (f) =>
        f.Rn === 15
          ? decode_literal(k, f, f.imm12)
          : decode_imm(k, f, { imm: f.imm12, mode: "offset", user: false }),
      asm: (f, address) =>
        asm(
          k,
          f,
          f.Rn === 15
            ? literal_text(1, f.imm12, address)
            : memory_text("offset", f.Rn, offset_text(1, f.imm12, "offset")),
        ),
      test: { valid: (f) => testable(f, false), memory: { base: "Rn" } },
    }),
    row("t32", `${upper}_neg`, `${head} 0 ${tail} 1100 imm8:8` as "Rn:4 Rt:4 imm8:8", {
      decode: (f) => decode_imm(k, f, { imm: -f.imm8 | 0, mode: "offset", user: false }),
      asm: (f) => asm(k, f, memory_text("offset", f.Rn, `#-${f.imm8}`)),
      test: { valid: (f) => testable(f, false), memory: { base: "Rn" } },
    }),
    row("t32", `${upper}T`, `${head} 0 ${tail} 1110 imm8:8` as "Rn:4 Rt:4 imm8:8", {
      decode: (f) => decode_imm(k, f, { imm: f.imm8, mode: "offset", user: true }),
      asm: (f) => asm(k, f, memory_text("offset", f.Rn, offset_text(1, f.imm8, "offset")), true),
      test: { valid: (f) => testable(f, false), memory: { base: "Rn" } },
    }),
    row("t32", `${upper}_pre`, `${head} 0 ${tail} 11 U:1 1 imm8:8` as "Rn:4 Rt:4 U:1 imm8:8", {
      decode: (f) => decode_imm(k, f, { imm: signed(f.U, f.imm8), mode: "pre", user: false }),
      asm: (f) => asm(k, f, memory_text("pre", f.Rn, offset_text(f.U, f.imm8, "pre"))),
      test: { valid: (f) => testable(f, true), memory: { base: "Rn" } },
    }),
    row("t32", `${upper}_post`, `${head} 0 ${tail} 10 U:1 1 imm8:8` as "Rn:4 Rt:4 U:1 imm8:8", {
      decode: (f) => decode_imm(k, f, { imm: signed(f.U, f.imm8), mode: "post", user: false }),
      asm: (f) => asm(k, f, memory_text("post", f.Rn, offset_text(f.U, f.imm8, "post"))),
      test: { valid: (f) => testable(f, true), memory: { base: "Rn" } },
    }),
    row(
      "t32",
      `${upper}_reg`,
      `${head} 0 ${tail} 000000 imm2:2 Rm:4` as "Rn:4 Rt:4 imm2:2 Rm:4",
      {
        decode: (f) => {
          const kind = plan(k, f);
          if (!kind || f.Rn === 15 || f.Rm === 15) return undefined;
          if (kind === "hint") return nop({}, {});
          const shift = f.imm2 === 0 ? "none" : "lsl";
          return mem_reg(
            { kind, mode: "offset", sub: false, shift, user: false },
            { rt: kind === "ldr_pc" ? 0 : f.Rt, rn: f.Rn, rm: f.Rm, amount: f.imm2 },
          );
        },
        asm: (f) => asm(k, f, memory_text("offset", f.Rn, `${reg_name(f.Rm)}${lsl_text(f.imm2)}`)),
        test: {
          valid: (f) => testable(f, false) && f.Rm !== 13 && f.Rm !== 15 && f.Rm !== f.Rn,
          memory: { base: "Rn", offset: "Rm" },
        },
      },
    ),
  ];
  if (k.load === "1") {
    rows.push(
      row("t32", `${upper}_lit`, `${head} 0 ${tail} imm12:12` as "Rn:4 Rt:4 imm12:12", {
        decode: (f) => decode_literal(k, f, -f.imm12 | 0),
        asm: (f, address) => asm(k, f, literal_text(0, f.imm12, address)),
        test: { skip: "reads its own code", valid: (f) => f.Rn === 15 },
      }),
    );
  }
  return rows;
}

const DUAL_FORMS = [
  { tag: "", p: "1", w: "0", mode: "offset" },
  { tag: "_pre", p: "1", w: "1", mode: "pre" },
  { tag: "_post", p: "0", w: "1", mode: "post" },
] as const;

const DUAL_ROWS: Row[] = DUAL_FORMS.flatMap(({ tag, p, w, mode }) =>
  [false, true].map((load) => {
    const name = load ? "ldrd" : "strd";
    return row(
      "t32",
      `${name.toUpperCase()}_imm${tag}`,
      `1110 100 ${p} U:1 1 ${w} ${
        load ? 1 : 0
      } Rn:4 Rt:4 Rt2:4 imm8:8` as "U:1 Rn:4 Rt:4 Rt2:4 imm8:8",
      {
        decode: (f) => {
          if (f.Rt === 15 || f.Rt2 === 15) return undefined;
          const imm = signed(f.U, f.imm8 * 4), pair = { rt: f.Rt, rt2: f.Rt2 };
          if (f.Rn !== 15) return dual_imm({ load, mode }, { ...pair, rn: f.Rn, imm });
          if (!load || mode !== "offset") return undefined;
          return dual_literal({ thumb: true }, { ...pair, imm });
        },
        asm: (f, address) =>
          `${name} ${reg_name(f.Rt)}, ${reg_name(f.Rt2)}, ${
            f.Rn === 15
              ? literal_text(f.U, f.imm8 * 4, address)
              : memory_text(mode, f.Rn, offset_text(f.U, f.imm8 * 4, mode))
          }`,
        test: {
          valid: (f) =>
            testable(f, mode !== "offset") && f.Rt2 !== 13 && f.Rt2 !== 15 &&
            (!load || f.Rt !== f.Rt2) && (mode === "offset" || f.Rt2 !== f.Rn),
          memory: { base: "Rn" },
        },
      },
    );
  })
);

/** All of the group. */
export const MEM_T32_ROWS: readonly Row[] = [
  ...T16_ROWS,
  ...KINDS.flatMap(wide_rows),
  ...DUAL_ROWS,
];
