/**
 * Loads and stores of register lists: LDM, STM, PUSH, POP, and the forms with `^`.
 *
 * A list is taken from its lowest register up. No probe is needed: nothing is lost when an access
 * in the middle faults, because the base register is changed last, and what was loaded or stored
 * by then is loaded or stored again.
 *
 * @module
 */
import type { Builder } from "../ir/builder.ts";
import type { Node } from "../ir/node.ts";
import {
  EXCEPTION_RETURN,
  GET_USER_REG,
  REQUIRE_SPSR,
  SET_USER_REG,
} from "../system/sys_helpers.ts";
import { combos, define_op } from "./op.ts";

/** Increment or decrement, after or before. */
export type BlockMode = "ia" | "ib" | "da" | "db";

/** The lowest address of a block of `size` bytes, and the base after it. */
function block_range(
  b: Builder,
  mode: BlockMode,
  base: Node,
  size: Node,
): { start: Node; after: Node } {
  const up = mode === "ia" || mode === "ib";
  const after = up ? b.add(base, size) : b.sub(base, size);
  const low = up ? base : after;
  return { start: mode === "ib" || mode === "da" ? b.add(low, 4) : low, after };
}

/** Does `body` for each register of a non-empty `list`, with its index and address. */
function each_register(
  b: Builder,
  list: Node,
  start: Node,
  body: (index: Node, address: Node) => void,
): Node {
  if (list.k === "const") return each_known_register(b, list.value as number, start, body);
  const left = b.local("i32", list);
  const at = b.local("i32", start);
  b.loop(() => {
    const registers = left.get();
    const address = at.get();
    body(b.op("i32.ctz", registers), address);
    at.set(b.add(address, 4));
    const rest = b.and(registers, b.sub(registers, 1));
    left.set(rest);
    return rest;
  });
  return at.get();
}

/** {@link each_register} for a list that is known: no loop. */
function each_known_register(
  b: Builder,
  list: number,
  start: Node,
  body: (index: Node, address: Node) => void,
): Node {
  let offset = 0;
  for (let index = 0; index < 16; index++) {
    if (((list >>> index) & 1) === 0) continue;
    body(b.c(index), b.add(start, offset));
    offset += 4;
  }
  return b.add(start, offset);
}

/**
 * STM. `list` is without r15; with `pc` its value is stored last, `size` includes it. An empty list
 * besides r15 is another op.
 */
export const store_block = define_op<{ mode: BlockMode; wback: boolean; pc: boolean }>()(
  "store_block",
  {
    operands: { rn: "reg", list: "u16", size: "u8" },
    lower(b, { mode, wback, pc }, { rn, list, size }) {
      const { start, after } = block_range(b, mode, b.reg(rn), size);
      const options = { aligned: true, window: b.window(start, size, true) };
      const end = each_register(b, list, start, (index, address) => {
        b.store(address, 4, b.reg(index), options);
      });
      if (pc) b.store(end, 4, b.add(b.pc(), 8), options);
      if (wback) b.set_reg(rn, after);
    },
    inline: combos({ mode: ["ia", "ib", "db"], wback: [false, true], pc: [false] }),
  },
);

/**
 * LDM. `list` is not empty and has neither r15 (`pc`: then it comes last and branches) nor, with
 * `base_in_list`, has the base register written before everything is loaded. `base` is its index.
 */
export const load_block = define_op<
  { mode: BlockMode; wback: boolean; pc: boolean; base_in_list: boolean }
>()("load_block", {
  operands: { rn: "reg", list: "u16", size: "u8", base: "u8" },
  lower(b, { mode, wback, pc, base_in_list }, { rn, list, size, base }) {
    const { start, after } = block_range(b, mode, b.reg(rn), size);
    const new_base = base_in_list ? b.local("i32", 0) : undefined;
    const options = { aligned: true, window: b.window(start, size, false) };
    const end = each_register(b, list, start, (index, address) => {
      const value = b.load(address, 4, options);
      if (!new_base) b.set_reg(index, value);
      else b.if(b.eq(index, base), () => new_base.set(value), () => b.set_reg(index, value));
    });
    const target = pc ? b.load(end, 4, options) : undefined;
    // A base that is also loaded keeps what was loaded (with writeback that is UNPREDICTABLE).
    if (new_base) b.set_reg(rn, new_base.get());
    else if (wback) b.set_reg(rn, after);
    // Hardly ever anything but a return.
    if (target) b.branch_to(target, true, false);
  },
  inline: [
    ...combos({
      mode: ["ia", "ib", "db"],
      wback: [false, true],
      pc: [false, true],
      base_in_list: [false],
    }),
    { mode: "ia", wback: false, pc: false, base_in_list: true },
    { mode: "db", wback: false, pc: true, base_in_list: true },
    { mode: "db", wback: false, pc: false, base_in_list: true },
  ],
});

/** LDM and STM of r15 alone. */
export const block_pc = define_op<{ mode: BlockMode; wback: boolean; load: boolean }>()(
  "block_pc",
  {
    operands: { rn: "reg" },
    lower(b, { mode, wback, load }, { rn }) {
      const { start, after } = block_range(b, mode, b.reg(rn), b.c(4));
      const target = load ? b.load(start, 4, { aligned: true }) : undefined;
      if (!load) b.store(start, 4, b.add(b.pc(), 8), { aligned: true });
      if (wback) b.set_reg(rn, after);
      if (target) b.branch_to(target, true, false);
    },
  },
);

/** STM with ^: User mode's registers. There is no writeback. */
export const store_user_block = define_op<{ mode: BlockMode; pc: boolean }>()("store_user_block", {
  operands: { rn: "reg", list: "u16", size: "u8" },
  lower(b, { mode, pc }, { rn, list, size }) {
    b.call(REQUIRE_SPSR);
    const { start } = block_range(b, mode, b.reg(rn), size);
    const end = each_register(b, list, start, (index, address) => {
      b.store(address, 4, b.call(GET_USER_REG, index), { aligned: true });
    });
    if (pc) b.store(end, 4, b.add(b.pc(), 8), { aligned: true });
  },
});

/** LDM with ^, without r15: User mode's registers. There is no writeback. */
export const load_user_block = define_op<{ mode: BlockMode }>()("load_user_block", {
  operands: { rn: "reg", list: "u16", size: "u8" },
  lower(b, { mode }, { rn, list, size }) {
    b.call(REQUIRE_SPSR);
    const { start } = block_range(b, mode, b.reg(rn), size);
    // The base may be one of the registers that all modes share, and be written halfway.
    b.probe(start, size, false);
    each_register(b, list, start, (index, address) => {
      b.call(SET_USER_REG, index, b.load(address, 4, { aligned: true }));
    });
  },
});

/** LDM with ^ and r15: exception return. `list` may be empty and has no r15. */
export const load_return_block = define_op<
  { mode: BlockMode; wback: boolean; empty: boolean }
>()("load_return_block", {
  operands: { rn: "reg", list: "u16", size: "u8", base: "u8" },
  lower(b, { mode, wback, empty }, { rn, list, size, base }) {
    b.call(REQUIRE_SPSR);
    const { start, after } = block_range(b, mode, b.reg(rn), size);
    const new_base = b.local("i32", wback ? after : b.reg(rn));
    const end = empty ? start : each_register(b, list, start, (index, address) => {
      const value = b.load(address, 4, { aligned: true });
      b.if(b.eq(index, base), () => new_base.set(value), () => b.set_reg(index, value));
    });
    const target = b.load(end, 4, { aligned: true });
    b.set_reg(rn, new_base.get());
    b.exit(EXCEPTION_RETURN, target);
  },
});
