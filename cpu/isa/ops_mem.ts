/**
 * Loads and stores of one register, of register pairs, from literals, and the preload hints.
 *
 * @module
 */
import type { Builder } from "../ir/builder.ts";
import type { AccessOptions, Node } from "../ir/node.ts";
import { STATE } from "../state.ts";
import { combos, define_op } from "./op.ts";

/** What is transferred. `ldr_pc` is LDR to r15, which branches and may exchange. */
export type MemKind =
  | "ldr"
  | "ldrb"
  | "ldrh"
  | "ldrsb"
  | "ldrsh"
  | "ldr_pc"
  | "str"
  | "strb"
  | "strh";

/** When the base register is changed. */
export type AddressMode = "offset" | "pre" | "post";

/** How an index register is shifted; `none` is LSL #0. */
export type IndexShift = "none" | "lsl" | "lsr" | "asr" | "ror" | "rrx";

/** CPSR.E: data is big-endian. */
const CPSR_E = 1 << 9;

const HOT_KINDS = ["ldr", "ldrb", "ldrh", "ldrsb", "ldrsh", "str", "strb", "strh"] as const;

/** Transfers `rt` at `address`; `write_back` comes after what can fault, before the load's result. */
function transfer(
  b: Builder,
  kind: MemKind,
  rt: Node,
  address: Node,
  options: AccessOptions,
  write_back: () => void,
): void {
  switch (kind) {
    case "str":
    case "strb":
    case "strh":
      b.store(address, kind === "str" ? 4 : kind === "strb" ? 1 : 2, b.reg(rt), options);
      return write_back();
    case "ldr_pc": {
      const target = b.load(address, 4, options);
      write_back();
      return b.branch_to(target, true);
    }
    default: {
      const width = kind === "ldr" ? 4 : kind.endsWith("b") ? 1 : 2;
      const value = b.load(address, width, { ...options, signed: kind.startsWith("ldrs") });
      write_back();
      b.set_reg(rt, value);
    }
  }
}

/** `[Rn, #imm]`, `[Rn, #imm]!`, `[Rn], #imm`: `imm` is signed. For `ldr_pc`, `rt` is not used. */
export const mem_imm = define_op<{ kind: MemKind; mode: AddressMode; user: boolean }>()("mem_imm", {
  operands: { rt: "reg", rn: "reg", imm: "imm" },
  lower(b, { kind, mode, user }, { rt, rn, imm }) {
    const base = b.reg(rn);
    const moved = b.add(base, imm);
    transfer(b, kind, rt, mode === "post" ? base : moved, { unprivileged: user }, () => {
      if (mode !== "offset") b.set_reg(rn, moved);
    });
  },
  inline: [
    ...combos({ kind: HOT_KINDS, mode: ["offset", "pre", "post"], user: [false] }),
    { kind: "ldr_pc", mode: "offset", user: false },
    { kind: "ldr_pc", mode: "pre", user: false },
    { kind: "ldr_pc", mode: "post", user: false },
  ],
});

/** The value of an index register after its shift by the operand `amount`. */
function shifted_index(b: Builder, shift: IndexShift, value: Node, amount: Node): Node {
  switch (shift) {
    case "none":
      return value;
    case "lsl":
      return b.shl(value, amount);
    case "lsr":
      return b.shr_u(value, amount);
    case "asr":
      return b.shr_s(value, amount);
    case "ror":
      return b.rotr(value, amount);
    case "rrx":
      return b.or(b.shr_u(value, 1), b.shl(b.get(STATE.cf), 31));
  }
}

/** Statics of {@link mem_reg}. */
export type MemRegStatics = {
  kind: MemKind;
  mode: AddressMode;
  sub: boolean;
  shift: IndexShift;
  user: boolean;
};

/** `[Rn, ±Rm, shift #amount]` and its pre- and post-indexed forms. Amounts are 0..31. */
export const mem_reg = define_op<MemRegStatics>()("mem_reg", {
  operands: { rt: "reg", rn: "reg", rm: "reg", amount: "u8" },
  lower(b, { kind, mode, sub, shift, user }, { rt, rn, rm, amount }) {
    const base = b.reg(rn);
    const index = shifted_index(b, shift, b.reg(rm), amount);
    const moved = sub ? b.sub(base, index) : b.add(base, index);
    transfer(b, kind, rt, mode === "post" ? base : moved, { unprivileged: user }, () => {
      if (mode !== "offset") b.set_reg(rn, moved);
    });
  },
  inline: [
    ...combos({
      kind: [...HOT_KINDS, "ldr_pc"],
      mode: ["offset"],
      sub: [false],
      shift: ["none", "lsl"],
      user: [false],
    }),
    ...combos({
      kind: ["ldr", "ldrb", "str", "strb"],
      mode: ["post"],
      sub: [false],
      shift: ["none"],
      user: [false],
    }),
  ],
});

/** The base of a PC-relative access: `imm` already has A32's 8; Thumb aligns, then adds. */
function literal_address(b: Builder, thumb: boolean, imm: Node): Node {
  return thumb ? b.add(b.and(b.add(b.pc(), 4), ~3), imm) : b.add(b.pc(), imm);
}

/** Loads from a literal. `imm` is signed and, in A32, includes the 8 of PC. */
export const mem_literal = define_op<{ kind: MemKind; thumb: boolean }>()("mem_literal", {
  operands: { rt: "reg", imm: "imm" },
  lower(b, { kind, thumb }, { rt, imm }) {
    transfer(b, kind, rt, literal_address(b, thumb, imm), {}, () => {});
  },
  inline: [
    { kind: "ldr", thumb: false },
    { kind: "ldr", thumb: true },
  ],
});

/**
 * Whether a pair of words is not to be one access: with LPAE a pair at a doubleword-aligned address
 * is single-copy atomic, but big-endian a doubleword is not two words.
 */
function is_two_words(b: Builder, address: Node): Node {
  return b.or(b.and(address, 7), b.and(b.get(STATE.cpsr), CPSR_E));
}

/** Two words at a word-aligned address. */
function load_pair(b: Builder, address: Node): { first: Node; second: Node } {
  const first = b.local("i32", 0), second = b.local("i32", 0);
  b.if(is_two_words(b, address), () => {
    first.set(b.load(address, 4, { aligned: true }));
    second.set(b.load(b.add(address, 4), 4, { aligned: true }));
  }, () => {
    const both = b.load(address, 8);
    first.set(b.op("i32.wrap_i64", both));
    second.set(b.op("i32.wrap_i64", b.op("i64.shr_u", both, 32)));
  });
  return { first: first.get(), second: second.get() };
}

/** Two words as one 64-bit value, `low` at the lower address. */
export function join_words(b: Builder, low: Node, high: Node): Node {
  return b.op(
    "i64.or",
    b.op("i64.extend_i32_u", low),
    b.op("i64.shl", b.op("i64.extend_i32_u", high), 32),
  );
}

function store_pair(b: Builder, address: Node, first: Node, second: Node): void {
  b.if(is_two_words(b, address), () => {
    b.store(address, 4, first, { aligned: true });
    b.store(b.add(address, 4), 4, second, { aligned: true });
  }, () => b.store(address, 8, join_words(b, first, second)));
}

function transfer_pair(
  b: Builder,
  load: boolean,
  regs: { rt: Node; rt2: Node },
  address: Node,
  write_back: () => void,
): void {
  if (!load) {
    store_pair(b, address, b.reg(regs.rt), b.reg(regs.rt2));
    return write_back();
  }
  const { first, second } = load_pair(b, address);
  write_back();
  b.set_reg(regs.rt, first);
  b.set_reg(regs.rt2, second);
}

/** LDRD and STRD with a signed immediate offset. */
export const dual_imm = define_op<{ load: boolean; mode: AddressMode }>()("dual_imm", {
  operands: { rt: "reg", rt2: "reg", rn: "reg", imm: "imm" },
  lower(b, { load, mode }, { rt, rt2, rn, imm }) {
    const base = b.reg(rn);
    const moved = b.add(base, imm);
    transfer_pair(b, load, { rt, rt2 }, mode === "post" ? base : moved, () => {
      if (mode !== "offset") b.set_reg(rn, moved);
    });
  },
  inline: combos({ load: [true, false], mode: ["offset", "pre", "post"] }),
});

/** LDRD and STRD with an index register. */
export const dual_reg = define_op<{ load: boolean; mode: AddressMode; sub: boolean }>()(
  "dual_reg",
  {
    operands: { rt: "reg", rt2: "reg", rn: "reg", rm: "reg" },
    lower(b, { load, mode, sub }, { rt, rt2, rn, rm }) {
      const base = b.reg(rn);
      const moved = sub ? b.sub(base, b.reg(rm)) : b.add(base, b.reg(rm));
      transfer_pair(b, load, { rt, rt2 }, mode === "post" ? base : moved, () => {
        if (mode !== "offset") b.set_reg(rn, moved);
      });
    },
  },
);

/** LDRD from a literal. */
export const dual_literal = define_op<{ thumb: boolean }>()("dual_literal", {
  operands: { rt: "reg", rt2: "reg", imm: "imm" },
  lower(b, { thumb }, { rt, rt2, imm }) {
    transfer_pair(b, true, { rt, rt2 }, literal_address(b, thumb, imm), () => {});
  },
});
