import type { OperandKind } from "../ir/node.ts";
import { OPERAND_KINDS } from "../ir/node.ts";
import type { Op } from "../isa/op.ts";

/**
 * A predecoded instruction in the WebAssembly memory:
 *
 * ```
 *  0  u16  handler to dispatch to: the form's own, or a prefix (condition, r15 wanted)
 *  2  u16  address of the instruction in its page
 *  4  ...  operands, 10 bytes
 * 14  u16  the form's handler, where a prefix came first
 * ```
 */
export const RECORD = { size: 16, handler: 0, pc: 2, operands: 4, second: 14 } as const;

/** Where each operand of an op is kept in a record. */
export type OperandLayout = Readonly<Record<string, { offset: number; kind: OperandKind }>>;

const layouts = new Map<Op, OperandLayout>();

/** The layout of `op`'s operands: wide ones first, so that they are aligned. */
export function operand_layout(op: Op): OperandLayout {
  let layout = layouts.get(op);
  if (!layout) {
    const out: Record<string, { offset: number; kind: OperandKind }> = {};
    let offset: number = RECORD.operands;
    const entries = Object.entries(op.operands)
      .sort((a, b) => OPERAND_KINDS[b[1]].bytes - OPERAND_KINDS[a[1]].bytes);
    for (const [name, kind] of entries) {
      out[name] = { offset, kind };
      offset += OPERAND_KINDS[kind].bytes;
    }
    layouts.set(op, layout = out);
  }
  return layout;
}
