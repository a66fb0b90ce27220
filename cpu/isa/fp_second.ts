/**
 * A second look at results of VFP arithmetic that the usual test has not found to be right: zeros, a
 * program that has denormals flushed, and one in which nothing has been inexact so far.
 *
 * @module
 */
import { FP_CASE } from "../fpscr.ts";
import type { Builder } from "../ir/builder.ts";
import type { Node } from "../ir/node.ts";
import { STATE } from "../state.ts";
import { fuses_multiply_add } from "../../wasm/fused.ts";
import { exceeds, is_finite, is_normal, is_zero, type Precision } from "./fp_fast.ts";

/** One rounding of an instruction: what it is of, and what the host made of it. */
export interface Rounding {
  readonly kind: "sum" | "product" | "quotient" | "root" | "fused";
  /** Addends, factors, dividend and divisor, or the radicand; factors and addend when fused. */
  readonly operands: readonly Node[];
  readonly value: Node;
}

const all = (b: Builder, truths: readonly Node[]): Node => truths.reduce((x, y) => b.and(x, y));
const any = (b: Builder, truths: readonly Node[]): Node => truths.reduce((x, y) => b.or(x, y));

/** A truth value: a result that is zero is exact. Sums always are. */
function zero_is_exact(b: Builder, ty: Precision, { kind, operands }: Rounding): Node {
  const zero = (x: Node): Node => is_zero(b, ty, x);
  switch (kind) {
    case "product":
    case "fused":
      return any(b, operands.slice(0, 2).map(zero));
    case "quotient":
      return zero(operands[0]!);
    default:
      return b.c(1);
  }
}

/** A truth value: not near underflow, an exact zero apart. */
function is_settled(b: Builder, ty: Precision, r: Rounding): Node {
  const zero = b.and(is_zero(b, ty, r.value), zero_is_exact(b, ty, r));
  return b.or(is_normal(b, ty, r.value), zero);
}

/** When denormals count: sums and roots of numbers are numbers, or overflow. */
function counts(b: Builder, ty: Precision, roundings: readonly Rounding[]): Node {
  return all(
    b,
    roundings.map((r) =>
      r.kind === "sum" || r.kind === "root" ? is_finite(b, ty, r.value) : is_settled(b, ty, r)
    ),
  );
}

/** When denormals are flushed: there must be none. */
function flushes(b: Builder, ty: Precision, roundings: readonly Rounding[]): Node {
  const given = new Set(roundings.flatMap((r) => r.operands));
  for (const { value } of roundings) given.delete(value);
  const operands = [...given].map((x) => b.or(is_zero(b, ty, x), exceeds(b, ty, x, "denormal")));
  return all(b, [...operands, ...roundings.map((r) => is_settled(b, ty, r))]);
}

/** `x * y - z` of doubles, rounded once. */
function remainder(b: Builder, x: Node, y: Node, z: Node): Node {
  const [p, q, r] = [x, y, b.op("f64.neg", z)].map((v) => b.op("f64x2.splat", v));
  return b.op_imm("f64x2.extract_lane", [0], b.op("f64x2.relaxed_madd", p!, q!, r!));
}

/** A truth value: `x * y` is `z`. */
function is_product(b: Builder, ty: Precision, x: Node, y: Node, z: Node): Node {
  if (ty === "f32") {
    const [p, q, r] = [x, y, z].map((v) => b.op("f64.promote_f32", v));
    return b.op("f64.eq", b.op("f64.mul", p!, q!), r!);
  }
  if (!fuses_multiply_add()) return b.c(0);
  // What is left over must not underflow.
  const safe = any(b, [exceeds(b, ty, z, "remainder"), is_zero(b, ty, x), is_zero(b, ty, y)]);
  return b.and(b.op("f64.eq", remainder(b, x, y, z), b.constant("f64", 0)), safe);
}

/** A truth value: the sum is exact (Knuth's TwoSum). */
function is_sum(b: Builder, ty: Precision, x: Node, y: Node, sum: Node): Node {
  const sub = (p: Node, q: Node): Node => b.op(`${ty}.sub`, p, q);
  const part = sub(sum, x);
  const error = b.op(`${ty}.add`, sub(x, sub(sum, part)), sub(y, part));
  return b.op(`${ty}.eq`, error, b.constant(ty, 0));
}

function is_exact(b: Builder, ty: Precision, { kind, operands, value }: Rounding): Node {
  const [x, y] = operands as [Node, Node];
  switch (kind) {
    case "sum":
      return is_sum(b, ty, x, y, value);
    case "product":
      return is_product(b, ty, x, y, value);
    case "quotient":
      return is_product(b, ty, value, y, x);
    case "root":
      return is_product(b, ty, value, value, x);
    case "fused":
      return b.c(0);
  }
}

/** A truth value: the results are right, if not for the usual reason. */
export function look_again(b: Builder, ty: Precision, roundings: readonly Rounding[]): Node {
  const right = b.local("i32", 0);
  const fp_case = b.get(STATE.fp_case);
  const when = (which: number, test: () => Node, otherwise: () => void): void => {
    b.if(b.eq(fp_case, which), () => right.set(test()), otherwise);
  };
  when(FP_CASE.plain, () => counts(b, ty, roundings), () => {
    when(FP_CASE.flushing, () => flushes(b, ty, roundings), () => {
      when(FP_CASE.fresh, () => {
        const last = roundings.at(-1)!.value;
        const exact = roundings.map((r) => is_exact(b, ty, r));
        return all(b, [is_finite(b, ty, last), ...exact]);
      }, () => {});
    });
  });
  return right.get();
}
