import type { Field } from "../state.ts";
import type { Helper } from "../helper.ts";
import type { PureOp, Ty, Value } from "./types.ts";

/** How an operand is kept in a record: a scaled register index or an immediate. */
export type OperandKind = keyof typeof OPERAND_KINDS;

/**
 * Kinds of operands of an op: bytes in a record, and the scale that makes an index of a register
 * file a byte displacement (prescaled when the record is made).
 */
export const OPERAND_KINDS = {
  /** r0..r15. */
  reg: { bytes: 1, scale: 4 },
  /** S0..S31. */
  sreg: { bytes: 1, scale: 4 },
  /** D0..D31. */
  dreg: { bytes: 1, scale: 8 },
  /** Q0..Q15. */
  qreg: { bytes: 1, scale: 16 },
  /** An unsigned byte. */
  u8: { bytes: 1, scale: 1 },
  /** An unsigned halfword. */
  u16: { bytes: 2, scale: 1 },
  /** A 32-bit word. */
  imm: { bytes: 4, scale: 1 },
} as const;

/** Width of a guest memory or register file access. */
export type Width = 1 | 2 | 4 | 8;

/** How a guest memory access behaves. */
export interface AccessOptions {
  /** What `Builder.window` has found out about a range that holds this access. */
  window?: Node | undefined;
  /** Sign-extend what is narrower than 32 bits. */
  signed?: boolean;
  /** As from User mode (LDRT, STRT). */
  unprivileged?: boolean;
  /** An unaligned address is an alignment fault whatever SCTLR.A says. */
  aligned?: boolean;
  /** The access stands for several of this width: alignment is asked of them, not of the whole. */
  element?: 1 | 2 | 4;
}

/**
 * A micro-op in a program. Nodes with a type are values; those without are effects. A program is a
 * list of nodes in order of effect; blocks nest.
 */
export type Node =
  & { readonly id: number; readonly ty: Ty | undefined; uses: number }
  & (
    | { readonly k: "const"; readonly value: Value }
    | {
      readonly k: "operand";
      readonly name: string;
      readonly kind: OperandKind;
      /** Known when a program is built for one instruction; then only register indices are operands. */
      readonly value?: number;
    }
    | {
      readonly k: "pure";
      readonly op: PureOp;
      readonly args: readonly Node[];
      readonly imm: readonly number[];
    }
    | { readonly k: "get_reg"; readonly index: Node }
    | { readonly k: "set_reg"; readonly index: Node; readonly value: Node }
    | { readonly k: "get"; readonly field: Field }
    | { readonly k: "set"; readonly field: Field; readonly value: Node }
    | { readonly k: "holds"; readonly cc: number }
    | {
      readonly k: "flags";
      readonly kind: "add" | "sub";
      readonly x: Node;
      readonly y: Node;
      readonly result: Node;
    }
    | { readonly k: "get_v"; readonly index: Node; readonly disp: number; readonly access: VAccess }
    | {
      readonly k: "set_v";
      readonly index: Node;
      readonly disp: number;
      readonly access: VAccess;
      readonly value: Node;
    }
    | {
      readonly k: "load";
      readonly address: Node;
      readonly width: Width;
      readonly options: AccessOptions;
    }
    | {
      readonly k: "store";
      readonly address: Node;
      readonly width: Width;
      readonly value: Node;
      readonly options: AccessOptions;
    }
    | {
      readonly k: "probe";
      readonly address: Node;
      readonly length: Node;
      readonly write: boolean;
    }
    | {
      readonly k: "compare_exchange";
      readonly address: Node;
      readonly width: Width;
      readonly expected: Node;
      readonly value: Node;
    }
    | {
      readonly k: "window";
      readonly address: Node;
      readonly length: Node;
      readonly write: boolean;
    }
    | { readonly k: "call"; readonly helper: Helper; readonly args: readonly Node[] }
    | {
      readonly k: "range";
      readonly address: Node;
      readonly length: number;
      readonly mask: Node;
      readonly write: boolean;
      /** Ask, too, whether what is not aligned may be accessed. */
      readonly unaligned: boolean;
    }
    | {
      readonly k: "direct_load";
      readonly range: Node;
      readonly offset: number;
      readonly access: DirectAccess;
    }
    | {
      readonly k: "direct_store";
      readonly range: Node;
      readonly offset: number;
      readonly access: DirectAccess;
      readonly value: Node;
    }
    | { readonly k: "guard"; readonly guard: Guard; readonly helper: Helper }
    | { readonly k: "pc" }
    | { readonly k: "branch"; readonly offset: Node }
    | {
      readonly k: "branch_to";
      readonly address: Node;
      readonly exchange: boolean;
      readonly foreseen: boolean;
    }
    | { readonly k: "leave" }
    | { readonly k: "var_new"; readonly variable: Variable; readonly value: Node }
    | { readonly k: "var_get"; readonly variable: Variable }
    | { readonly k: "var_set"; readonly variable: Variable; readonly value: Node }
    | {
      readonly k: "if";
      readonly condition: Node;
      readonly then: readonly Node[];
      readonly otherwise: readonly Node[];
      /** The condition nearly always holds. */
      expected?: boolean;
    }
    | { readonly k: "loop"; readonly body: readonly Node[]; readonly condition: Node }
  );

/** How a range of guest memory is accessed directly. */
export type DirectAccess = "u8" | "u16" | "i32" | "i64" | "v128";

/** What a guard asks for: some bits of a state field set, or all of them clear. */
export interface Guard {
  readonly field: Field;
  readonly mask: number;
  readonly wants: "set" | "clear";
}

/** A mutable local of a program. */
export interface Variable {
  readonly id: number;
  readonly ty: Ty;
}

/**
 * How the V register file is accessed; narrow integers become i32. "i64x2" reads a doubleword into
 * both halves of a v128, and writes one from the low half.
 */
export type VAccess = Ty | "u8" | "s8" | "u16" | "s16" | "i64x2";

/** The program of one op: what the reference engine evaluates and the generators emit. */
export interface Program {
  readonly nodes: readonly Node[];
  readonly variables: readonly Variable[];
  /** No path falls through to the next instruction. */
  readonly ends: boolean;
}
