import type { Builder } from "../ir/builder.ts";
import type { Node, OperandKind } from "../ir/node.ts";
import { OPERAND_KINDS } from "../ir/node.ts";

/** A value that selects a specialised form of an op. */
export type Static = number | string | boolean;

/** An operation of the CPU: what one or several instruction encodings mean. */
export interface Op {
  readonly name: string;
  readonly operands: Readonly<Record<string, OperandKind>>;
  /** Builds the program of one specialised form. */
  readonly lower: (
    b: Builder,
    statics: Readonly<Record<string, Static>>,
    o: Record<string, Node>,
  ) => void;
  /** Forms that the interpreter keeps in its main function; others become functions when first met. */
  readonly inline: readonly Readonly<Record<string, Static>>[];
}

/** An op with everything chosen: what a decoder returns for one instruction. */
export interface Decoded {
  readonly op: Op;
  readonly statics: Readonly<Record<string, Static>>;
  readonly operands: Readonly<Record<string, number>>;
}

/** Called with statics and operand values it makes a {@link Decoded}. */
export type OpMaker<S, O> = ((statics: S, operands: { [K in keyof O]: number }) => Decoded) & {
  readonly op: Op;
};

/** Bytes that a record has for operands. */
export const RECORD_OPERAND_BYTES = 10;

const all: Op[] = [];

/** Every op defined so far, in order of definition. */
export function all_ops(): readonly Op[] {
  return all;
}

/**
 * Defines an op. `S` lists its statics, `operands` its run-time operands.
 *
 * ```ts
 * const dp_imm = define_op<{ alu: Alu; s: boolean }>()("dp_imm", {
 *   operands: { rd: "reg", rn: "reg", imm: "imm" },
 *   lower(b, { alu, s }, { rd, rn, imm }) { ... },
 *   inline: [{ alu: "add", s: false }],
 * });
 * ```
 */
export function define_op<S extends Record<string, Static>>(): <
  const O extends Record<string, OperandKind>,
>(
  name: string,
  spec: {
    operands: O;
    lower: (b: Builder, s: S, o: { [K in keyof O]: Node }) => void;
    inline?: readonly S[];
  },
) => OpMaker<S, O> {
  return (name, spec) => {
    const bytes = Object.values(spec.operands)
      .reduce((n, kind) => n + OPERAND_KINDS[kind].bytes, 0);
    if (bytes > RECORD_OPERAND_BYTES) throw new RangeError(`op ${name} has ${bytes} operand bytes`);
    const op: Op = {
      name,
      operands: spec.operands,
      lower: spec.lower as unknown as Op["lower"],
      inline: spec.inline ?? [],
    };
    all.push(op);
    const make = (statics: S, operands: Record<string, number>): Decoded => ({
      op,
      statics,
      operands,
    });
    return Object.assign(make, { op }) as never;
  };
}

/** Every combination of the given values: `combos({s: [true, false]})`. */
export function combos<const D extends Record<string, readonly Static[]>>(
  domain: D,
): { [K in keyof D]: D[K][number] }[] {
  let out: Record<string, Static>[] = [{}];
  for (const [key, values] of Object.entries(domain)) {
    out = out.flatMap((partial) => values.map((v) => ({ ...partial, [key]: v })));
  }
  return out as { [K in keyof D]: D[K][number] }[];
}
