import { Builder } from "../ir/builder.ts";
import type { Node, Program } from "../ir/node.ts";
import type { Op, Static } from "./op.ts";

/** The form of an op, as a string: equal for equal name and statics, in any order. */
export function form_key(op: Op, statics: Readonly<Record<string, Static>>): string {
  let key = op.name;
  for (const name of Object.keys(statics).sort()) key += `|${name}=${statics[name]}`;
  return key;
}

/** Builds the program of one form of an op, with its operands left open, or of one instruction. */
export function build_program(
  op: Op,
  statics: Readonly<Record<string, Static>>,
  values?: Readonly<Record<string, number>>,
): Program {
  const b = new Builder();
  const operands: Record<string, Node> = {};
  for (const [name, kind] of Object.entries(op.operands)) {
    operands[name] = b.operand(name, kind, values?.[name]);
  }
  op.lower(b, statics, operands);
  return b.finish();
}
