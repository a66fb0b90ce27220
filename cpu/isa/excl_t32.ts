/**
 * Thumb synchronization primitives (DDI 0406C A6.3.6).
 *
 * @module
 */
import { reg_name, reg_names } from "./asm.ts";
import { memory_text, offset_text } from "./mem_asm.ts";
import {
  clear_exclusive,
  load_exclusive,
  load_exclusive_dual,
  store_exclusive,
  store_exclusive_dual,
} from "./ops_excl.ts";
import { type Row, row } from "./row.ts";

const NARROW = [
  { suffix: "b", op: "00", size: 1 },
  { suffix: "h", op: "01", size: 2 },
] as const;

/** SP and PC are UNPREDICTABLE as data, PC as base. */
const usable = (rn: number, ...data: number[]): boolean =>
  rn !== 15 && data.every((r) => r !== 13 && r !== 15);
const no_pc = (...registers: number[]): boolean => !registers.includes(15);

/** All of the group. */
export const EXCL_T32_ROWS: readonly Row[] = [
  row("t32", "LDREX", "1110 1000 0101 Rn:4 Rt:4 (1)(1)(1)(1) imm8:8", {
    decode: (f) =>
      no_pc(f.Rn, f.Rt)
        ? load_exclusive({ size: 4 }, { rt: f.Rt, rn: f.Rn, imm: f.imm8 * 4 })
        : undefined,
    asm: (f) =>
      `ldrex ${reg_name(f.Rt)}, ${
        memory_text("offset", f.Rn, offset_text(1, f.imm8 * 4, "offset"))
      }`,
    test: { valid: (f) => usable(f.Rn, f.Rt), memory: { base: "Rn" } },
  }),
  row("t32", "STREX", "1110 1000 0100 Rn:4 Rt:4 Rd:4 imm8:8", {
    decode: (f) =>
      no_pc(f.Rn, f.Rt, f.Rd)
        ? store_exclusive({ size: 4 }, { rd: f.Rd, rt: f.Rt, rn: f.Rn, imm: f.imm8 * 4 })
        : undefined,
    asm: (f) =>
      `strex ${reg_names(f.Rd, f.Rt)}, ${
        memory_text("offset", f.Rn, offset_text(1, f.imm8 * 4, "offset"))
      }`,
    test: {
      valid: (f) => usable(f.Rn, f.Rt, f.Rd) && f.Rd !== f.Rn && f.Rd !== f.Rt,
      memory: { base: "Rn" },
    },
  }),
  ...NARROW.flatMap(({ suffix, op, size }): Row[] => [
    row(
      "t32",
      `LDREX${suffix.toUpperCase()}`,
      `1110 1000 1101 Rn:4 Rt:4 (1)(1)(1)(1) 01 ${op} (1)(1)(1)(1)`,
      {
        decode: (f) =>
          no_pc(f.Rn, f.Rt) ? load_exclusive({ size }, { rt: f.Rt, rn: f.Rn, imm: 0 }) : undefined,
        asm: (f) => `ldrex${suffix} ${reg_name(f.Rt)}, [${reg_name(f.Rn)}]`,
        test: { valid: (f) => usable(f.Rn, f.Rt), memory: { base: "Rn" } },
      },
    ),
    row(
      "t32",
      `STREX${suffix.toUpperCase()}`,
      `1110 1000 1100 Rn:4 Rt:4 (1)(1)(1)(1) 01 ${op} Rd:4`,
      {
        decode: (f) =>
          no_pc(f.Rn, f.Rt, f.Rd)
            ? store_exclusive({ size }, { rd: f.Rd, rt: f.Rt, rn: f.Rn, imm: 0 })
            : undefined,
        asm: (f) => `strex${suffix} ${reg_names(f.Rd, f.Rt)}, [${reg_name(f.Rn)}]`,
        test: {
          valid: (f) => usable(f.Rn, f.Rt, f.Rd) && f.Rd !== f.Rn && f.Rd !== f.Rt,
          memory: { base: "Rn" },
        },
      },
    ),
  ]),
  row("t32", "LDREXD", "1110 1000 1101 Rn:4 Rt:4 Rt2:4 0111 (1)(1)(1)(1)", {
    decode: (f) =>
      no_pc(f.Rn, f.Rt, f.Rt2)
        ? load_exclusive_dual({}, { rt: f.Rt, rt2: f.Rt2, rn: f.Rn })
        : undefined,
    asm: (f) => `ldrexd ${reg_names(f.Rt, f.Rt2)}, [${reg_name(f.Rn)}]`,
    test: { valid: (f) => usable(f.Rn, f.Rt, f.Rt2) && f.Rt !== f.Rt2, memory: { base: "Rn" } },
  }),
  row("t32", "STREXD", "1110 1000 1100 Rn:4 Rt:4 Rt2:4 0111 Rd:4", {
    decode: (f) =>
      no_pc(f.Rn, f.Rt, f.Rt2, f.Rd)
        ? store_exclusive_dual({}, { rd: f.Rd, rt: f.Rt, rt2: f.Rt2, rn: f.Rn })
        : undefined,
    asm: (f) => `strexd ${reg_names(f.Rd, f.Rt, f.Rt2)}, [${reg_name(f.Rn)}]`,
    test: {
      valid: (f) =>
        usable(f.Rn, f.Rt, f.Rt2, f.Rd) && f.Rd !== f.Rn && f.Rd !== f.Rt && f.Rd !== f.Rt2,
      memory: { base: "Rn" },
    },
  }),
  row("t32", "CLREX", "1111 0011 1011 (1)(1)(1)(1) 10 (0) 0 (1)(1)(1)(1) 0010 (1)(1)(1)(1)", {
    decode: () => clear_exclusive({}, {}),
    asm: () => "clrex",
  }),
];
