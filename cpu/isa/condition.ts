import type { Builder } from "../ir/builder.ts";
import type { Node } from "../ir/node.ts";
import { STATE } from "../state.ts";

/** Suffixes of the condition codes, by code. "al" is usually not written. */
export const CONDITION_NAMES: readonly string[] = [
  ...["eq", "ne", "cs", "cc", "mi", "pl", "vs", "vc"],
  ...["hi", "ls", "ge", "lt", "gt", "le", "al", "nv"],
];

/** The assembly suffix of condition `cc`: nothing for "always". */
export function condition_suffix(cc: number): string {
  return cc >= 14 ? "" : CONDITION_NAMES[cc]!;
}

/** An i32, not zero when the flags meet condition `cc` (0..14). Use it as a truth value only. */
export function condition(b: Builder, cc: number): Node {
  switch (cc) {
    case 0:
      return b.eqz(b.get(STATE.zf));
    case 1:
      return b.get(STATE.zf);
    case 2:
      return b.get(STATE.cf);
    case 3:
      return b.eqz(b.get(STATE.cf));
    case 4:
      return b.lt_s(b.get(STATE.nf), 0);
    case 5:
      return b.op("i32.ge_s", b.get(STATE.nf), 0);
    case 6:
      return b.lt_s(b.get(STATE.vf), 0);
    case 7:
      return b.op("i32.ge_s", b.get(STATE.vf), 0);
    case 8:
      return b.and(b.get(STATE.cf), b.ne(b.get(STATE.zf), 0));
    case 9:
      return b.or(b.eqz(b.get(STATE.cf)), b.eqz(b.get(STATE.zf)));
    case 10:
      return b.op("i32.ge_s", b.xor(b.get(STATE.nf), b.get(STATE.vf)), 0);
    case 11:
      return b.lt_s(b.xor(b.get(STATE.nf), b.get(STATE.vf)), 0);
    case 12:
      return b.and(
        b.ne(b.get(STATE.zf), 0),
        b.op("i32.ge_s", b.xor(b.get(STATE.nf), b.get(STATE.vf)), 0),
      );
    case 13:
      return b.or(
        b.eqz(b.get(STATE.zf)),
        b.lt_s(b.xor(b.get(STATE.nf), b.get(STATE.vf)), 0),
      );
    case 14:
      return b.c(1);
    default:
      throw new RangeError(`no condition ${cc}`);
  }
}
