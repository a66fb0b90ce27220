/**
 * A32 media instructions, saturating addition and bit fields: DDI 0406C A5.2.6, A5.4.
 *
 * @module
 */
import { mnemonic, reg_name, reg_names } from "./asm.ts";
import {
  extract_field,
  insert_field,
  pack_shift_text,
  rotation_text,
  saturate_shift_text,
  saturate_word,
  saturation_mask,
} from "./media_forms.ts";
import { extend, pack, reverse, saturate_16, saturating } from "./ops_media.ts";
import { parallel, sel, usad8 } from "./ops_parallel.ts";
import { type Row, row } from "./row.ts";

/** r15 is UNPREDICTABLE anywhere: as a result it is UNDEFINED here. */
const no_pc = (...regs: number[]): boolean => regs.every((r) => r !== 15);
const valid_2 = (f: { rd: number; rm: number }): boolean => no_pc(f.rd, f.rm);
const valid_3 = (f: { rd: number; rn: number; rm: number }): boolean => no_pc(f.rd, f.rn, f.rm);

const PREFIXES = [["s", "001"], ["q", "010"], ["sh", "011"], ["u", "101"], ["uq", "110"], [
  "uh",
  "111",
]] as const;
const KINDS = [["add16", "000"], ["asx", "001"], ["sax", "010"], ["sub16", "011"], [
  "add8",
  "100",
], ["sub8", "111"]] as const;

const PARALLEL: readonly Row[] = PREFIXES.flatMap(([prefix, op1]) =>
  KINDS.map(([kind, op2]) =>
    row(
      "a32",
      `${prefix}${kind}`.toUpperCase(),
      `cond:4 01100 ${op1} rn:4 rd:4 (1)(1)(1)(1) ${op2} 1 rm:4`,
      {
        decode: (f) => f.rd === 15 ? undefined : parallel({ prefix, kind }, f),
        asm: (f) => `${mnemonic(prefix + kind, f)} ${reg_names(f.rd, f.rn, f.rm)}`,
        test: { valid: valid_3 },
      },
    )
  )
);

/** With r15 as Rn there is nothing to add to. */
const EXTENDS: readonly Row[] = ([
  ["sxtb16", "000"],
  ["sxtb", "010"],
  ["sxth", "011"],
  ["uxtb16", "100"],
  ["uxtb", "110"],
  ["uxth", "111"],
] as const).flatMap(([kind, op]) => {
  const adding = `${kind.slice(0, 3)}a${kind.slice(3)}`;
  return [
    row(
      "a32",
      adding.toUpperCase(),
      `cond:4 01101 ${op} rn:4 rd:4 rotate:2 (0)(0) 0111 rm:4`,
      {
        decode: (f) =>
          no_pc(f.rd, f.rn)
            ? extend({ kind, rotate: f.rotate !== 0, acc: true }, {
              rd: f.rd,
              rn: f.rn,
              rm: f.rm,
              rotation: f.rotate * 8,
            })
            : undefined,
        asm: (f) =>
          `${mnemonic(adding, f)} ${reg_names(f.rd, f.rn, f.rm)}${rotation_text(f.rotate)}`,
        test: { valid: valid_3 },
      },
    ),
    row(
      "a32",
      kind.toUpperCase(),
      `cond:4 01101 ${op} 1111 rd:4 rotate:2 (0)(0) 0111 rm:4`,
      {
        decode: (f) =>
          f.rd === 15 ? undefined : extend(
            { kind, rotate: f.rotate !== 0, acc: false },
            { rd: f.rd, rn: 0, rm: f.rm, rotation: f.rotate * 8 },
          ),
        asm: (f) => `${mnemonic(kind, f)} ${reg_names(f.rd, f.rm)}${rotation_text(f.rotate)}`,
        test: { valid: valid_2 },
      },
    ),
  ];
});

const REVERSE: readonly Row[] = ([
  ["rev", "011", "0011"],
  ["rev16", "011", "1011"],
  ["rbit", "111", "0011"],
  ["revsh", "111", "1011"],
] as const).map(([kind, op1, op2]) =>
  row(
    "a32",
    kind.toUpperCase(),
    `cond:4 01101 ${op1} (1)(1)(1)(1) rd:4 (1)(1)(1)(1) ${op2} rm:4`,
    {
      decode: (f) => f.rd === 15 ? undefined : reverse({ kind }, f),
      asm: (f) => `${mnemonic(kind, f)} ${reg_names(f.rd, f.rm)}`,
      test: { valid: valid_2 },
    },
  )
);

const SATURATE: readonly Row[] = ([["ssat", "01", 1], ["usat", "11", 0]] as const).flatMap(
  ([name, op, bias]) => {
    const signed = name === "ssat";
    return [
      row("a32", name.toUpperCase(), `cond:4 0110 1 ${op} sat_imm:5 rd:4 imm5:5 sh:1 01 rn:4`, {
        decode: (f) => saturate_word(signed, f),
        asm: (f) =>
          `${mnemonic(name, f)} ${reg_name(f.rd)}, #${f.sat_imm + bias}, ${reg_name(f.rn)}` +
          saturate_shift_text(f.sh, f.imm5),
        test: { valid: (f) => no_pc(f.rd, f.rn) },
      }),
      row(
        "a32",
        `${name.toUpperCase()}16`,
        `cond:4 0110 1 ${op} 0 sat_imm:4 rd:4 (1)(1)(1)(1) 0011 rn:4`,
        {
          decode: (f) =>
            f.rd === 15 ? undefined : saturate_16(
              { signed },
              { rd: f.rd, rn: f.rn, max: saturation_mask(f.sat_imm) },
            ),
          asm: (f) =>
            `${mnemonic(`${name}16`, f)} ${reg_name(f.rd)}, #${f.sat_imm + bias}, ` +
            reg_name(f.rn),
          test: { valid: (f) => no_pc(f.rd, f.rn) },
        },
      ),
    ];
  },
);

const SATURATING: readonly Row[] = ([
  ["qadd", "00"],
  ["qsub", "01"],
  ["qdadd", "10"],
  ["qdsub", "11"],
] as const).map(([name, op]) =>
  row("a32", name.toUpperCase(), `cond:4 00010 ${op} 0 rn:4 rd:4 (0)(0)(0)(0) 0101 rm:4`, {
    decode: (f) =>
      f.rd === 15
        ? undefined
        : saturating({ sub: name.endsWith("sub"), double: name.startsWith("qd") }, f),
    asm: (f) => `${mnemonic(name, f)} ${reg_names(f.rd, f.rm, f.rn)}`,
    test: { valid: valid_3 },
  })
);

const PACK: readonly Row[] = [
  row("a32", "PKH", "cond:4 01101000 rn:4 rd:4 imm5:5 tb:1 01 rm:4", {
    decode: (f) =>
      f.rd === 15 ? undefined : pack(
        { tb: f.tb !== 0 },
        // ASR #32, encoded as 0, gives what ASR #31 does.
        { rd: f.rd, rn: f.rn, rm: f.rm, amount: f.tb && f.imm5 === 0 ? 31 : f.imm5 },
      ),
    asm: (f) =>
      `${mnemonic(f.tb ? "pkhtb" : "pkhbt", f)} ${reg_names(f.rd, f.rn, f.rm)}` +
      pack_shift_text(f.tb, f.imm5),
    test: { valid: valid_3 },
  }),
  row("a32", "SEL", "cond:4 01101000 rn:4 rd:4 (1)(1)(1)(1) 1011 rm:4", {
    decode: (f) => f.rd === 15 ? undefined : sel({}, f),
    asm: (f) => `${mnemonic("sel", f)} ${reg_names(f.rd, f.rn, f.rm)}`,
    test: { valid: valid_3 },
  }),
];

const DIFFERENCES: readonly Row[] = [
  row("a32", "USADA8", "cond:4 01111000 rd:4 ra:4 rm:4 0001 rn:4", {
    decode: (f) => no_pc(f.rd, f.ra) ? usad8({ acc: true }, f) : undefined,
    asm: (f) => `${mnemonic("usada8", f)} ${reg_names(f.rd, f.rn, f.rm, f.ra)}`,
    test: { valid: (f) => no_pc(f.rd, f.rn, f.rm, f.ra) },
  }),
  row("a32", "USAD8", "cond:4 01111000 rd:4 1111 rm:4 0001 rn:4", {
    decode: (f) =>
      f.rd === 15 ? undefined : usad8({ acc: false }, { rd: f.rd, rn: f.rn, rm: f.rm, ra: 0 }),
    asm: (f) => `${mnemonic("usad8", f)} ${reg_names(f.rd, f.rn, f.rm)}`,
    test: { valid: valid_3 },
  }),
];

const BIT_FIELDS: readonly Row[] = [
  ...([["sbfx", "01"], ["ubfx", "11"]] as const).map(([name, op]) =>
    row("a32", name.toUpperCase(), `cond:4 0111 1 ${op} widthm1:5 rd:4 lsb:5 101 rn:4`, {
      decode: (f) => extract_field(name === "sbfx", f),
      asm: (f) => `${mnemonic(name, f)} ${reg_names(f.rd, f.rn)}, #${f.lsb}, #${f.widthm1 + 1}`,
      test: { valid: (f) => no_pc(f.rd, f.rn) && f.lsb + f.widthm1 <= 31 },
    })
  ),
  row("a32", "BFI", "cond:4 0111 110 msb:5 rd:4 lsb:5 001 rn:4", {
    decode: (f) => f.rn === 15 ? undefined : insert_field(f),
    asm: (f) => `${mnemonic("bfi", f)} ${reg_names(f.rd, f.rn)}, #${f.lsb}, #${f.msb - f.lsb + 1}`,
    test: { valid: (f) => no_pc(f.rd, f.rn) && f.msb >= f.lsb },
  }),
  row("a32", "BFC", "cond:4 0111 110 msb:5 rd:4 lsb:5 001 1111", {
    decode: (f) => insert_field({ rd: f.rd, lsb: f.lsb, msb: f.msb }),
    asm: (f) => `${mnemonic("bfc", f)} ${reg_name(f.rd)}, #${f.lsb}, #${f.msb - f.lsb + 1}`,
    test: { valid: (f) => no_pc(f.rd) && f.msb >= f.lsb },
  }),
];

/** A32 media instructions. */
export const MEDIA_A32_ROWS: readonly Row[] = [
  ...PARALLEL,
  ...EXTENDS,
  ...REVERSE,
  ...SATURATE,
  ...SATURATING,
  ...PACK,
  ...DIFFERENCES,
  ...BIT_FIELDS,
];
