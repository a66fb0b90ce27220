/**
 * Media instructions without a multiplication: extension, packing, reversal, bit fields, saturation.
 *
 * @module
 */
import type { Builder } from "../ir/builder.ts";
import type { Node } from "../ir/node.ts";
import { STATE } from "../state.ts";
import { combos, define_op } from "./op.ts";

/** What is extended: one byte, one halfword, or two bytes to halfwords. */
export type Extend = "sxtb" | "uxtb" | "sxth" | "uxth" | "sxtb16" | "uxtb16";

/** `Rd = extend(Rm ror rotation)`, with `acc` added to Rn (by halfwords for the 16 forms). */
export const extend = define_op<{ kind: Extend; rotate: boolean; acc: boolean }>()("extend", {
  operands: { rd: "reg", rn: "reg", rm: "reg", rotation: "u8" },
  lower(b, { kind, rotate, acc }, { rd, rn, rm, rotation }) {
    const source = rotate ? b.rotr(b.reg(rm), rotation) : b.reg(rm);
    const extended = extended_value(b, kind, source);
    if (!acc) return b.set_reg(rd, extended);
    const base = b.reg(rn);
    if (!kind.endsWith("16")) return b.set_reg(rd, b.add(base, extended));
    b.set_reg(rd, halves_add(b, base, extended));
  },
  inline: [
    ...combos({
      kind: ["sxtb", "uxtb", "sxth", "uxth"],
      rotate: [false, true],
      acc: [false, true],
    }),
    ...combos({ kind: ["uxtb16"], rotate: [false, true], acc: [false] }),
  ],
});

function extended_value(b: Builder, kind: Extend, value: Node): Node {
  switch (kind) {
    case "sxtb":
      return b.op("i32.extend8_s", value);
    case "uxtb":
      return b.and(value, 0xff);
    case "sxth":
      return b.op("i32.extend16_s", value);
    case "uxth":
      return b.and(value, 0xffff);
    case "uxtb16":
      return b.and(value, 0xff00ff);
    case "sxtb16": {
      const low = b.and(b.op("i32.extend8_s", value), 0xffff);
      return b.or(low, b.shl(b.op("i32.extend8_s", b.shr_u(value, 16)), 16));
    }
  }
}

/** Both halfwords added, each by itself. */
function halves_add(b: Builder, x: Node, y: Node): Node {
  const low = b.and(b.add(x, y), 0xffff);
  return b.or(low, b.and(b.add(x, b.and(y, ~0xffff)), ~0xffff));
}

/** PKHBT (`tb` false: Rn's bottom, the shifted Rm's top) and PKHTB. `amount` is what shifts. */
export const pack = define_op<{ tb: boolean }>()("pack", {
  operands: { rd: "reg", rn: "reg", rm: "reg", amount: "u8" },
  lower(b, { tb }, { rd, rn, rm, amount }) {
    const top = tb ? b.reg(rn) : b.shl(b.reg(rm), amount);
    const bottom = tb ? b.shr_s(b.reg(rm), amount) : b.reg(rn);
    b.set_reg(rd, b.or(b.and(top, ~0xffff), b.and(bottom, 0xffff)));
  },
  inline: combos({ tb: [false, true] }),
});

/** REV, REV16, REVSH, RBIT. */
export const reverse = define_op<{ kind: "rev" | "rev16" | "revsh" | "rbit" }>()("reverse", {
  operands: { rd: "reg", rm: "reg" },
  lower(b, { kind }, { rd, rm }) {
    const value = b.reg(rm);
    switch (kind) {
      case "rev":
        return b.set_reg(rd, reverse_bytes(b, value));
      case "rev16": {
        const up = b.and(b.shl(value, 8), 0xff00ff00 | 0);
        return b.set_reg(rd, b.or(up, b.and(b.shr_u(value, 8), 0xff00ff)));
      }
      case "revsh": {
        const low = b.and(b.shr_u(value, 8), 0xff);
        return b.set_reg(rd, b.op("i32.extend16_s", b.or(b.shl(value, 8), low)));
      }
      case "rbit": {
        let bits = value;
        for (
          const [shift, mask] of [[1, 0x5555_5555], [2, 0x3333_3333], [4, 0x0f0f_0f0f]] as const
        ) {
          bits = b.or(b.and(b.shr_u(bits, shift), mask), b.shl(b.and(bits, mask), shift));
        }
        return b.set_reg(rd, reverse_bytes(b, bits));
      }
    }
  },
  inline: combos({ kind: ["rev", "rev16", "revsh", "rbit"] }),
});

function reverse_bytes(b: Builder, value: Node): Node {
  const outer = b.and(b.op("i32.rotl", value, 8), 0xff00ff);
  return b.or(outer, b.and(b.rotr(value, 8), 0xff00ff00 | 0));
}

/** BFI: `mask` is the field in place. */
export const bfi = define_op<Record<never, never>>()("bfi", {
  operands: { rd: "reg", rn: "reg", lsb: "u8", mask: "imm" },
  lower(b, _, { rd, rn, lsb, mask }) {
    const old = b.reg(rd);
    const changed = b.and(b.xor(b.shl(b.reg(rn), lsb), old), mask);
    b.set_reg(rd, b.xor(old, changed));
  },
  inline: [{}],
});

/** UBFX: `mask` is the field at bit 0. */
export const ubfx = define_op<Record<never, never>>()("ubfx", {
  operands: { rd: "reg", rn: "reg", lsb: "u8", mask: "imm" },
  lower(b, _, { rd, rn, lsb, mask }) {
    b.set_reg(rd, b.and(b.shr_u(b.reg(rn), lsb), mask));
  },
  inline: [{}],
});

/** SBFX: the field goes to the top by `left` and down by `right`. */
export const sbfx = define_op<Record<never, never>>()("sbfx", {
  operands: { rd: "reg", rn: "reg", left: "u8", right: "u8" },
  lower(b, _, { rd, rn, left, right }) {
    b.set_reg(rd, b.shr_s(b.shl(b.reg(rn), left), right));
  },
  inline: [{}],
});

/** A shift before saturation. */
export type SatShift = "none" | "lsl" | "asr";

/** SSAT, USAT: Rn, shifted, to the range up to `max` (and down to `~max` or 0). Q when it is outside. */
export const saturate = define_op<{ signed: boolean; shift: SatShift }>()("saturate", {
  operands: { rd: "reg", rn: "reg", amount: "u8", max: "imm" },
  lower(b, { signed, shift }, { rd, rn, amount, max }) {
    const source = b.reg(rn);
    const value = shift === "none"
      ? source
      : shift === "lsl"
      ? b.shl(source, amount)
      : b.shr_s(source, amount);
    b.set_reg(rd, clamp(b, signed, value, max));
  },
  inline: combos({ signed: [false, true], shift: ["none", "lsl", "asr"] }),
});

/** SSAT16, USAT16: both halfwords. */
export const saturate_16 = define_op<{ signed: boolean }>()("saturate_16", {
  operands: { rd: "reg", rn: "reg", max: "imm" },
  lower(b, { signed }, { rd, rn, max }) {
    const source = b.reg(rn);
    const low = clamp(b, signed, b.op("i32.extend16_s", source), max);
    const high = clamp(b, signed, b.shr_s(source, 16), max);
    b.set_reg(rd, b.or(b.and(low, 0xffff), b.shl(high, 16)));
  },
});

/** `value` or the nearest bound, setting Q. `max` is a mask, so `sign ^ max` is a signed bound. */
function clamp(b: Builder, signed: boolean, value: Node, max: Node): Node {
  const out = b.local("i32", value);
  const sign = b.shr_s(value, 31);
  const magnitude = signed ? b.xor(value, sign) : value;
  b.if(b.op("i32.gt_u", magnitude, max), () => {
    out.set(signed ? b.xor(sign, max) : b.and(b.not(sign), max));
    b.set(STATE.qf, 1);
  });
  return out.get();
}

/** QADD, QSUB, QDADD, QDSUB: `Rd = sat(Rm +- Rn)`, Rn doubled with saturation. Q when it saturates. */
export const saturating = define_op<{ sub: boolean; double: boolean }>()("saturating", {
  operands: { rd: "reg", rn: "reg", rm: "reg" },
  lower(b, { sub, double }, { rd, rn, rm }) {
    const x = b.reg(rm), n = b.reg(rn);
    const y = double ? add_saturating(b, n, n) : n;
    b.set_reg(rd, sub ? subtract_saturating(b, x, y) : add_saturating(b, x, y));
  },
  inline: combos({ sub: [false, true], double: [false, true] }),
});

function add_saturating(b: Builder, x: Node, y: Node): Node {
  const sum = b.add(x, y);
  return saturate_if(b, b.and(b.xor(x, sum), b.xor(y, sum)), x, sum);
}
function subtract_saturating(b: Builder, x: Node, y: Node): Node {
  const difference = b.sub(x, y);
  return saturate_if(b, b.and(b.xor(x, y), b.xor(x, difference)), x, difference);
}
/** `value`, or when `overflow` is negative the bound on x's side. */
function saturate_if(b: Builder, overflow: Node, x: Node, value: Node): Node {
  const out = b.local("i32", value);
  b.if(b.lt_s(overflow, 0), () => {
    out.set(b.xor(b.shr_s(x, 31), 0x7fff_ffff));
    b.set(STATE.qf, 1);
  });
  return out.get();
}
