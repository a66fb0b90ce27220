import type { Node } from "../ir/node.ts";
import type { Vec } from "./neon_vec.ts";

/** Signedness of the wide source and of the narrow result. */
export type NarrowKind = "s_s" | "u_u" | "s_u";

/**
 * Saturates the double-width elements of two vectors to elements of `v`; sets QC. For a D result
 * give the same vector twice.
 */
export function narrow_saturating(v: Vec, low: Node, high: Node, kind: NarrowKind): Node {
  return v.size === 2 ? narrow64(v, low, high, kind) : narrow_small(v, low, high, kind);
}

function narrow_small(v: Vec, low: Node, high: Node, kind: NarrowKind): Node {
  const wide = v.wide;
  const from = wide.size === 1 ? "i16x8" : "i32x4";
  // The narrowing micro-ops take signed elements.
  const limit = wide.constant((1n << BigInt(v.bits)) - 1n);
  const signed = (x: Node): Node => kind === "u_u" ? wide.op("min_u", x, limit) : x;
  const out = v.op(`narrow_${from}_${kind === "s_s" ? "s" : "u"}`, signed(low), signed(high));
  const back = v.as(kind !== "s_s");
  let differs = v.xor(back.extend(out), low);
  if (high !== low) differs = v.or(differs, v.xor(back.extend(out, "high"), high));
  v.saturated(differs);
  return out;
}

/** There are no 64-bit minima: compares with what the truncated value would have come from. */
function narrow64(v: Vec, low: Node, high: Node, kind: NarrowKind): Node {
  const wide = v.wide;
  const truncated = v.truncate(low, high);
  const upper = v.upper(low, high);
  // All ones where the upper half says that the value fits.
  const fits = v.eq(upper, kind === "s_s" ? v.shr_s(truncated, 31) : v.zero);
  v.saturated(v.not(fits));
  const limit = kind === "s_s"
    ? v.limit(upper)
    : kind === "u_u"
    ? v.ones
    : v.not(v.shr_s(upper, wide.bits / 2 - 1));
  return v.select(fits, truncated, limit);
}
