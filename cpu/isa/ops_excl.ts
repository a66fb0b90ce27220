/**
 * Exclusive loads and stores, CLREX and SWP.
 *
 * The monitor remembers the address, size and value of the last LDREX; STREX compares and exchanges.
 *
 * @module
 */
import type { Builder } from "../ir/builder.ts";
import type { Node } from "../ir/node.ts";
import { STATE } from "../state.ts";
import { combos, define_op } from "./op.ts";
import { join_words } from "./ops_mem.ts";

/** Size in bytes of what an exclusive access of one register transfers. */
export type ExclusiveSize = 1 | 2 | 4;

const SIZES = [1, 2, 4] as const;

function open_monitor(b: Builder, address: Node, size: number, value: Node): void {
  b.set(STATE.excl_open, 1);
  b.set(STATE.excl_address, address);
  b.set(STATE.excl_size, size);
  b.set(STATE.excl_value, value);
}

/** LDREX, LDREXB, LDREXH. */
export const load_exclusive = define_op<{ size: ExclusiveSize }>()("load_exclusive", {
  operands: { rt: "reg", rn: "reg", imm: "u16" },
  lower(b, { size }, { rt, rn, imm }) {
    const address = b.add(b.reg(rn), imm);
    const value = b.load(address, size, { aligned: true });
    open_monitor(b, address, size, b.op("i64.extend_i32_u", value));
    b.set_reg(rt, value);
  },
  inline: combos({ size: SIZES }),
});

/** The word at the lower address first: a doubleword's halves change places when data is big-endian. */
function words_in_order(b: Builder, doubleword: Node): Node {
  // CPSR.E is bit 9; 32 when it is set.
  const turn = b.and(b.shr_u(b.get(STATE.cpsr), 4), 32);
  return b.op("i64.rotl", doubleword, b.op("i64.extend_i32_u", turn));
}

/** LDREXD. */
export const load_exclusive_dual = define_op<Record<never, never>>()("load_exclusive_dual", {
  operands: { rt: "reg", rt2: "reg", rn: "reg" },
  lower(b, _, { rt, rt2, rn }) {
    const address = b.reg(rn);
    const value = b.load(address, 8, { aligned: true });
    open_monitor(b, address, 8, value);
    const words = words_in_order(b, value);
    b.set_reg(rt, b.op("i32.wrap_i64", words));
    b.set_reg(rt2, b.op("i32.wrap_i64", b.op("i64.shr_u", words, 32)));
  },
  inline: [{}],
});

/**
 * Closes the monitor and puts 0 into `rd` when it was open for this access and `exchange` succeeds,
 * else 1. A closed monitor is decided before the address is looked at, which is allowed.
 */
function store_when_open(
  b: Builder,
  rd: Node,
  address: Node,
  size: number,
  exchange: () => Node,
): void {
  const failed = b.local("i32", 1);
  const open = b.and(
    b.and(b.get(STATE.excl_open), b.eq(b.get(STATE.excl_size), size)),
    b.eq(b.get(STATE.excl_address), address),
  );
  b.if(open, () => {
    b.probe(address, b.c(size), true);
    failed.set(b.eqz(exchange()));
  });
  b.set(STATE.excl_open, 0);
  b.set_reg(rd, failed.get());
}

/** STREX, STREXB, STREXH. */
export const store_exclusive = define_op<{ size: ExclusiveSize }>()("store_exclusive", {
  operands: { rd: "reg", rt: "reg", rn: "reg", imm: "u16" },
  lower(b, { size }, { rd, rt, rn, imm }) {
    const address = b.add(b.reg(rn), imm);
    store_when_open(b, rd, address, size, () => {
      const expected = b.op("i32.wrap_i64", b.get(STATE.excl_value));
      const value = size === 4 ? b.reg(rt) : b.and(b.reg(rt), size === 1 ? 0xff : 0xffff);
      return b.compare_exchange(address, size, expected, value);
    });
  },
  inline: combos({ size: SIZES }),
});

/** STREXD. */
export const store_exclusive_dual = define_op<Record<never, never>>()("store_exclusive_dual", {
  operands: { rd: "reg", rt: "reg", rt2: "reg", rn: "reg" },
  lower(b, _, { rd, rt, rt2, rn }) {
    const address = b.reg(rn);
    store_when_open(
      b,
      rd,
      address,
      8,
      () =>
        b.compare_exchange(
          address,
          8,
          b.get(STATE.excl_value),
          words_in_order(b, join_words(b, b.reg(rt), b.reg(rt2))),
        ),
    );
  },
  inline: [{}],
});

/** CLREX. */
export const clear_exclusive = define_op<Record<never, never>>()("clear_exclusive", {
  operands: {},
  lower(b) {
    b.set(STATE.excl_open, 0);
  },
  inline: [{}],
});

/** SWP and SWPB. They do not touch the monitor. */
export const swap = define_op<{ byte: boolean }>()("swap", {
  operands: { rt: "reg", rt2: "reg", rn: "reg" },
  lower(b, { byte }, { rt, rt2, rn }) {
    const address = b.reg(rn), size = byte ? 1 : 4;
    const value = byte ? b.and(b.reg(rt2), 0xff) : b.reg(rt2);
    const old = b.local("i32", 0);
    // Another vCPU may write in between, but not often: 64 rounds are as good as for ever.
    const rounds = b.local("i32", 64);
    b.loop(() => {
      old.set(b.load(address, size, { aligned: true }));
      b.probe(address, b.c(size), true);
      const stored = b.compare_exchange(address, size, old.get(), value);
      const left = b.sub(rounds.get(), 1);
      rounds.set(left);
      return b.and(b.eqz(stored), b.ne(left, 0));
    });
    b.set_reg(rt, old.get());
  },
});
