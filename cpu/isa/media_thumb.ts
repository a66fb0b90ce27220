/**
 * T16 and T32 media instructions, saturating addition and bit fields: DDI 0406C A6.2.5, A6.3.3,
 * A6.3.11 to A6.3.15.
 *
 * @module
 */
import { reg_name, reg_names } from "./asm.ts";
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

const no_pc = (...regs: number[]): boolean => regs.every((r) => r !== 15);
/** SP and PC are UNPREDICTABLE; PC as a result is UNDEFINED here. */
const plain = (...regs: number[]): boolean => regs.every((r) => r !== 13 && r !== 15);
const valid_2 = (f: { rd: number; rm: number }): boolean => plain(f.rd, f.rm);
const valid_3 = (f: { rd: number; rn: number; rm: number }): boolean => plain(f.rd, f.rn, f.rm);

const T16: readonly Row[] = [
  ...([["sxth", "00"], ["sxtb", "01"], ["uxth", "10"], ["uxtb", "11"]] as const).map((
    [kind, op],
  ) =>
    row("t16", `${kind.toUpperCase()}_T1`, `10110010 ${op} rm:3 rd:3`, {
      decode: (f) =>
        extend({ kind, rotate: false, acc: false }, { rd: f.rd, rn: 0, rm: f.rm, rotation: 0 }),
      asm: (f) => `${kind} ${reg_names(f.rd, f.rm)}`,
    })
  ),
  ...([["rev", "00"], ["rev16", "01"], ["revsh", "11"]] as const).map(([kind, op]) =>
    row("t16", `${kind.toUpperCase()}_T1`, `10111010 ${op} rm:3 rd:3`, {
      decode: (f) => reverse({ kind }, f),
      asm: (f) => `${kind} ${reg_names(f.rd, f.rm)}`,
    })
  ),
];

const PARALLEL: readonly Row[] = ([
  ["s", "0 00"],
  ["q", "0 01"],
  ["sh", "0 10"],
  ["u", "1 00"],
  ["uq", "1 01"],
  ["uh", "1 10"],
] as const).flatMap(([prefix, op2]) =>
  ([
    ["add16", "001"],
    ["asx", "010"],
    ["sax", "110"],
    ["sub16", "101"],
    ["add8", "000"],
    ["sub8", "100"],
  ] as const).map(([kind, op1]) =>
    row(
      "t32",
      `${prefix}${kind}_T32`.toUpperCase(),
      `11111010 1 ${op1} rn:4 1111 rd:4 0 ${op2} rm:4`,
      {
        decode: (f) => f.rd === 15 ? undefined : parallel({ prefix, kind }, f),
        asm: (f) => `${prefix}${kind} ${reg_names(f.rd, f.rn, f.rm)}`,
        test: { valid: valid_3 },
      },
    )
  )
);

/** With r15 as Rn there is nothing to add to. */
const EXTENDS: readonly Row[] = ([
  ["sxth", "000"],
  ["uxth", "001"],
  ["sxtb16", "010"],
  ["uxtb16", "011"],
  ["sxtb", "100"],
  ["uxtb", "101"],
] as const).flatMap(([kind, op]) => {
  const adding = `${kind.slice(0, 3)}a${kind.slice(3)}`;
  const name = kind.endsWith("16") ? kind : `${kind}.w`;
  return [
    row(
      "t32",
      `${adding.toUpperCase()}_T32`,
      `11111010 0 ${op} rn:4 1111 rd:4 1 (0) rotate:2 rm:4`,
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
        asm: (f) => `${adding} ${reg_names(f.rd, f.rn, f.rm)}${rotation_text(f.rotate)}`,
        test: { valid: valid_3 },
      },
    ),
    row(
      "t32",
      `${kind.toUpperCase()}_T32`,
      `11111010 0 ${op} 1111 1111 rd:4 1 (0) rotate:2 rm:4`,
      {
        decode: (f) =>
          f.rd === 15 ? undefined : extend(
            { kind, rotate: f.rotate !== 0, acc: false },
            { rd: f.rd, rn: 0, rm: f.rm, rotation: f.rotate * 8 },
          ),
        asm: (f) => `${name} ${reg_names(f.rd, f.rm)}${rotation_text(f.rotate)}`,
        test: { valid: valid_2 },
      },
    ),
  ];
});

/** Rm is given twice; different registers are UNPREDICTABLE, the second one counts here. */
const REVERSE: readonly Row[] = ([
  ["rev", "00", ".w"],
  ["rev16", "01", ".w"],
  ["rbit", "10", ""],
  ["revsh", "11", ".w"],
] as const).map(([kind, op, suffix]) =>
  row("t32", `${kind.toUpperCase()}_T32`, `11111010 1001 rm:4 1111 rd:4 10 ${op} rm2:4`, {
    decode: (f) => f.rd === 15 ? undefined : reverse({ kind }, { rd: f.rd, rm: f.rm2 }),
    asm: (f) => `${kind}${suffix} ${reg_names(f.rd, f.rm2)}`,
    test: { valid: (f) => valid_2(f) && f.rm === f.rm2 },
  })
);

const imm5_of = (f: { imm3: number; imm2: number }): number => (f.imm3 << 2) | f.imm2;

const SATURATE: readonly Row[] = ([["ssat", "00", 1], ["usat", "10", 0]] as const).flatMap(
  ([name, op, bias]) => {
    const signed = name === "ssat";
    return [
      row(
        "t32",
        `${name.toUpperCase()}_T32`,
        `11110 (0) 11 ${op} sh:1 0 rn:4 0 imm3:3 rd:4 imm2:2 (0) sat_imm:5`,
        {
          // ASR #0 is SSAT16, USAT16.
          decode: (f) =>
            f.sh && imm5_of(f) === 0
              ? undefined
              : saturate_word(signed, { ...f, imm5: imm5_of(f) }),
          asm: (f) =>
            `${name} ${reg_name(f.rd)}, #${f.sat_imm + bias}, ${reg_name(f.rn)}` +
            saturate_shift_text(f.sh, imm5_of(f)),
          test: { valid: (f) => plain(f.rd, f.rn) && !(f.sh && imm5_of(f) === 0) },
        },
      ),
      row(
        "t32",
        `${name.toUpperCase()}16_T32`,
        `11110 (0) 11 ${op} 1 0 rn:4 0 000 rd:4 00 (0)(0) sat_imm:4`,
        {
          decode: (f) =>
            f.rd === 15 ? undefined : saturate_16(
              { signed },
              { rd: f.rd, rn: f.rn, max: saturation_mask(f.sat_imm) },
            ),
          asm: (f) => `${name}16 ${reg_name(f.rd)}, #${f.sat_imm + bias}, ${reg_name(f.rn)}`,
          test: { valid: (f) => plain(f.rd, f.rn) },
        },
      ),
    ];
  },
);

const SATURATING: readonly Row[] = ([
  ["qadd", "00"],
  ["qdadd", "01"],
  ["qsub", "10"],
  ["qdsub", "11"],
] as const).map(([name, op]) =>
  row("t32", `${name.toUpperCase()}_T32`, `11111010 1000 rn:4 1111 rd:4 10 ${op} rm:4`, {
    decode: (f) =>
      f.rd === 15
        ? undefined
        : saturating({ sub: name.endsWith("sub"), double: name.startsWith("qd") }, f),
    asm: (f) => `${name} ${reg_names(f.rd, f.rm, f.rn)}`,
    test: { valid: valid_3 },
  })
);

const PACK: readonly Row[] = [
  row("t32", "PKH_T32", "1110101 0110 0 rn:4 (0) imm3:3 rd:4 imm2:2 tb:1 0 rm:4", {
    decode(f) {
      if (f.rd === 15) return undefined;
      const imm5 = imm5_of(f);
      // ASR #32, encoded as 0, gives what ASR #31 does.
      const amount = f.tb && imm5 === 0 ? 31 : imm5;
      return pack({ tb: f.tb !== 0 }, { rd: f.rd, rn: f.rn, rm: f.rm, amount });
    },
    asm: (f) =>
      `${f.tb ? "pkhtb" : "pkhbt"} ${reg_names(f.rd, f.rn, f.rm)}` +
      pack_shift_text(f.tb, imm5_of(f)),
    test: { valid: valid_3 },
  }),
  row("t32", "SEL_T32", "11111010 1010 rn:4 1111 rd:4 1000 rm:4", {
    decode: (f) => f.rd === 15 ? undefined : sel({}, f),
    asm: (f) => `sel ${reg_names(f.rd, f.rn, f.rm)}`,
    test: { valid: valid_3 },
  }),
];

const DIFFERENCES: readonly Row[] = [
  row("t32", "USADA8_T32", "111110110 111 rn:4 ra:4 rd:4 00 00 rm:4", {
    decode: (f) => no_pc(f.rd, f.ra) ? usad8({ acc: true }, f) : undefined,
    asm: (f) => `usada8 ${reg_names(f.rd, f.rn, f.rm, f.ra)}`,
    test: { valid: (f) => plain(f.rd, f.rn, f.rm, f.ra) },
  }),
  row("t32", "USAD8_T32", "111110110 111 rn:4 1111 rd:4 00 00 rm:4", {
    decode: (f) =>
      f.rd === 15 ? undefined : usad8({ acc: false }, { rd: f.rd, rn: f.rn, rm: f.rm, ra: 0 }),
    asm: (f) => `usad8 ${reg_names(f.rd, f.rn, f.rm)}`,
    test: { valid: valid_3 },
  }),
];

const BIT_FIELDS: readonly Row[] = [
  ...([["sbfx", "010"], ["ubfx", "110"]] as const).map(([name, op]) =>
    row(
      "t32",
      `${name.toUpperCase()}_T32`,
      `11110 (0) 11 ${op} 0 rn:4 0 imm3:3 rd:4 imm2:2 (0) widthm1:5`,
      {
        decode: (f) => extract_field(name === "sbfx", { ...f, lsb: imm5_of(f) }),
        asm: (f) => `${name} ${reg_names(f.rd, f.rn)}, #${imm5_of(f)}, #${f.widthm1 + 1}`,
        test: { valid: (f) => plain(f.rd, f.rn) && imm5_of(f) + f.widthm1 <= 31 },
      },
    )
  ),
  row("t32", "BFI_T32", "11110 (0) 11 011 0 rn:4 0 imm3:3 rd:4 imm2:2 (0) msb:5", {
    decode: (f) => f.rn === 15 ? undefined : insert_field({ ...f, lsb: imm5_of(f) }),
    asm: (f) => `bfi ${reg_names(f.rd, f.rn)}, #${imm5_of(f)}, #${f.msb - imm5_of(f) + 1}`,
    test: { valid: (f) => plain(f.rd, f.rn) && f.msb >= imm5_of(f) },
  }),
  row("t32", "BFC_T32", "11110 (0) 11 011 0 1111 0 imm3:3 rd:4 imm2:2 (0) msb:5", {
    decode: (f) => insert_field({ rd: f.rd, lsb: imm5_of(f), msb: f.msb }),
    asm: (f) => `bfc ${reg_name(f.rd)}, #${imm5_of(f)}, #${f.msb - imm5_of(f) + 1}`,
    test: { valid: (f) => plain(f.rd) && f.msb >= imm5_of(f) },
  }),
];

/** T16 and T32 media instructions. */
export const MEDIA_THUMB_ROWS: readonly Row[] = [
  ...T16,
  ...PARALLEL,
  ...EXTENDS,
  ...REVERSE,
  ...SATURATE,
  ...SATURATING,
  ...PACK,
  ...DIFFERENCES,
  ...BIT_FIELDS,
];
