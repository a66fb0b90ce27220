/**
 * Advanced SIMD moves between elements and core registers: VDUP, VMOV (DDI 0406C A7.8).
 *
 * @module
 */
import type { Builder } from "../ir/builder.ts";
import type { Node } from "../ir/node.ts";
import { check_fp, check_simd } from "./fp_check.ts";
import { Vec, write_vector } from "./neon_vec.ts";
import { define_op } from "./op.ts";

const ACCESS = { u: ["u8", "u16", "i32"], s: ["s8", "s16", "i32"] } as const;

/** Moves of words are VFP's, those of bytes and halfwords Advanced SIMD's. */
function check_size(b: Builder, size: number): void {
  if (size === 2) check_fp(b);
  else check_simd(b);
}

/** Every element of `Vd` is the scalar at byte offset `scalar` of the register file. */
export const neon_dup_scalar = define_op<{ size: number; q: boolean }>()("neon_dup_scalar", {
  operands: { d: "dreg", scalar: "u8" },
  lower(b, { size, q }, { d, scalar }) {
    check_simd(b);
    write_vector(b, q, d, new Vec(b, size).splat(b.v(scalar, ACCESS.u[size]!)));
  },
});

/** Every element of `Vd` is the low part of `rt`. */
export const neon_dup = define_op<{ size: number; q: boolean }>()("neon_dup", {
  operands: { d: "dreg", rt: "reg" },
  lower(b, { size, q }, { d, rt }) {
    check_simd(b);
    write_vector(b, q, d, new Vec(b, size).splat(b.reg(rt)));
  },
});

/** The scalar at byte offset `scalar` becomes the low part of `rt`. */
export const neon_set_scalar = define_op<{ size: number }>()("neon_set_scalar", {
  operands: { scalar: "u8", rt: "reg" },
  lower(b, { size }, { scalar, rt }: { scalar: Node; rt: Node }) {
    check_size(b, size);
    b.set_v(scalar, ACCESS.u[size]!, b.reg(rt));
  },
});

/** `rt` becomes the scalar at byte offset `scalar`, extended. */
export const neon_get_scalar = define_op<{ size: number; u: boolean }>()("neon_get_scalar", {
  operands: { rt: "reg", scalar: "u8" },
  lower(b, { size, u }, { rt, scalar }: { rt: Node; scalar: Node }) {
    check_size(b, size);
    b.set_reg(rt, b.v(scalar, ACCESS[u ? "u" : "s"][size]!));
  },
});
