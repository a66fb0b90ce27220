/**
 * A32 synchronization primitives (DDI 0406C A5.2.10).
 *
 * @module
 */
import { mnemonic, reg_name, reg_names } from "./asm.ts";
import {
  clear_exclusive,
  load_exclusive,
  load_exclusive_dual,
  store_exclusive,
  store_exclusive_dual,
  swap,
} from "./ops_excl.ts";
import { type Row, row } from "./row.ts";

const SINGLE = [
  { suffix: "", op: "00", size: 4 },
  { suffix: "b", op: "10", size: 1 },
  { suffix: "h", op: "11", size: 2 },
] as const;

/** The status register of a STREX differs from what is stored and from the base. */
const distinct = (rd: number, ...others: number[]): boolean => !others.includes(rd);
/** r15 is UNPREDICTABLE everywhere here: UNDEFINED. */
const no_pc = (...registers: number[]): boolean => !registers.includes(15);

/** All of the group. */
export const EXCL_A32_ROWS: readonly Row[] = [
  ...SINGLE.flatMap(({ suffix, op, size }): Row[] => [
    row(
      "a32",
      `LDREX${suffix.toUpperCase()}`,
      `cond:4 0001 1 ${op} 1 Rn:4 Rt:4 (1)(1)(1)(1) 1001 (1)(1)(1)(1)`,
      {
        decode: (f) =>
          no_pc(f.Rt, f.Rn) ? load_exclusive({ size }, { rt: f.Rt, rn: f.Rn, imm: 0 }) : undefined,
        asm: (f) => `${mnemonic(`ldrex${suffix}`, f)} ${reg_name(f.Rt)}, [${reg_name(f.Rn)}]`,
        test: { valid: (f) => no_pc(f.Rt, f.Rn), memory: { base: "Rn" } },
      },
    ),
    row(
      "a32",
      `STREX${suffix.toUpperCase()}`,
      `cond:4 0001 1 ${op} 0 Rn:4 Rd:4 (1)(1)(1)(1) 1001 Rt:4`,
      {
        decode: (f) =>
          no_pc(f.Rd, f.Rt, f.Rn)
            ? store_exclusive({ size }, { rd: f.Rd, rt: f.Rt, rn: f.Rn, imm: 0 })
            : undefined,
        asm: (f) =>
          `${mnemonic(`strex${suffix}`, f)} ${reg_names(f.Rd, f.Rt)}, [${reg_name(f.Rn)}]`,
        test: {
          valid: (f) => no_pc(f.Rd, f.Rt, f.Rn) && distinct(f.Rd, f.Rt, f.Rn),
          memory: { base: "Rn" },
        },
      },
    ),
  ]),
  row("a32", "LDREXD", "cond:4 0001 1011 Rn:4 Rt:4 (1)(1)(1)(1) 1001 (1)(1)(1)(1)", {
    decode: (f) =>
      (f.Rt & 1) === 0 && f.Rt !== 14 && f.Rn !== 15
        ? load_exclusive_dual({}, { rt: f.Rt, rt2: f.Rt + 1, rn: f.Rn })
        : undefined,
    asm: (f) => `${mnemonic("ldrexd", f)} ${reg_names(f.Rt, f.Rt | 1)}, [${reg_name(f.Rn)}]`,
    test: { valid: (f) => (f.Rt & 1) === 0 && f.Rt !== 14 && f.Rn !== 15, memory: { base: "Rn" } },
  }),
  row("a32", "STREXD", "cond:4 0001 1010 Rn:4 Rd:4 (1)(1)(1)(1) 1001 Rt:4", {
    decode: (f) =>
      (f.Rt & 1) === 0 && f.Rt !== 14 && no_pc(f.Rn, f.Rd)
        ? store_exclusive_dual({}, { rd: f.Rd, rt: f.Rt, rt2: f.Rt + 1, rn: f.Rn })
        : undefined,
    asm: (f) => `${mnemonic("strexd", f)} ${reg_names(f.Rd, f.Rt, f.Rt | 1)}, [${reg_name(f.Rn)}]`,
    test: {
      valid: (f) =>
        (f.Rt & 1) === 0 && f.Rt !== 14 && no_pc(f.Rn, f.Rd) &&
        distinct(f.Rd, f.Rt, f.Rt + 1, f.Rn),
      memory: { base: "Rn" },
    },
  }),
  row("a32", "CLREX", "1111 0101 0111 (1)(1)(1)(1)(1)(1)(1)(1)(0)(0)(0)(0) 0001 (1)(1)(1)(1)", {
    decode: () => clear_exclusive({}, {}),
    asm: () => "clrex",
  }),
  row("a32", "SWP", "cond:4 0001 0 B:1 00 Rn:4 Rt:4 (0)(0)(0)(0) 1001 Rt2:4", {
    decode: (f) =>
      no_pc(f.Rn, f.Rt, f.Rt2)
        ? swap({ byte: f.B === 1 }, { rt: f.Rt, rt2: f.Rt2, rn: f.Rn })
        : undefined,
    asm: (f) =>
      `${mnemonic(f.B ? "swpb" : "swp", f)} ${reg_names(f.Rt, f.Rt2)}, [${reg_name(f.Rn)}]`,
    test: {
      valid: (f) => no_pc(f.Rn, f.Rt, f.Rt2) && f.Rn !== f.Rt && f.Rn !== f.Rt2,
      memory: { base: "Rn" },
    },
  }),
];
