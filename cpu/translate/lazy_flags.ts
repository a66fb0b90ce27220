/**
 * Condition flags of a region. What sets them puts them into locals, where conditions find them. They
 * reach the CPU state only where the region may be left, or where control flow meets; those of a
 * comparison as its operands, from which they are made when the region ends.
 *
 * So flags that nobody looks at cost nothing, and no local has to live for their sake.
 *
 * @module
 */
import { emit_condition } from "../engine/condition.ts";
import { type Field, FLAGS, STATE } from "../state.ts";
import { type Code, OP } from "../../wasm/encoder.ts";
import { ALL_FLAGS, flag_of, flags_of_condition } from "./flag_liveness.ts";

/** Comparisons of i32 by condition code; 0 where a subtraction's operands alone do not decide. */
const COMPARE = [0x46, 0x47, 0x4f, 0x49, 0, 0, 0, 0, 0x4b, 0x4d, 0x4e, 0x48, 0x4a, 0x4c] as const;
const ADD = 0x6a, SUB = 0x6b, AND = 0x71, OR = 0x72, XOR = 0x73, SELECT = 0x1b;
const LT_U = 0x49, GE_U = 0x4f;

/** In `STATE.lazy_kind`, beside a bit for each flag: an addition. */
const ADDITION = 16;

/**
 * How a flag is kept in locals: not at all, as its field, by the operands of a comparison, or by those
 * of one before this turn of a loop.
 */
type Form = "memory" | "plain" | "sub" | "add" | "carried";

/** What is known of flags at a place that is being emitted. */
interface Known {
  /** By flag. */
  readonly forms: readonly Form[];
  /** Flags that the CPU state does not have yet. */
  readonly dirty: number;
  /** `STATE.lazy_kind`, where it is known. */
  readonly kind: number | undefined;
}

const IN_MEMORY: Known = {
  forms: ["memory", "memory", "memory", "memory"],
  dirty: 0,
  kind: undefined,
};

/** Where flags come from that a loop's end has handed to its beginning. */
export interface HandedOver {
  readonly kind: "sub" | "add";
  /** Push the comparison's operands. */
  x(): void;
  y(): void;
  /** Pushes whether this is not the loop's first turn; in that the CPU state has the flags. */
  again(): void;
}

/** The flags of a region while it is emitted. */
export class LazyFlags {
  /** At the place that is being emitted. */
  #known: Known = { ...IN_MEMORY, kind: 0 };
  #handed_over: HandedOver | undefined;
  /** The region leaves flags as operands of a comparison. */
  #compares = false;
  readonly #code: Code;
  readonly #plain: readonly number[];
  readonly #x: number;
  readonly #y: number;

  constructor(code: Code) {
    this.#code = code;
    this.#plain = FLAGS.map(() => code.local("i32"));
    this.#x = code.local("i32");
    this.#y = code.local("i32");
  }

  /** What is known; give it to {@link restore} where control comes from here again. */
  save(): unknown {
    return this.#known;
  }
  /** Goes back to what was known. */
  restore(known: unknown): void {
    this.#known = known as Known;
  }
  /** Where several ways meet: the CPU state has what is wanted. */
  meet(): void {
    this.#known = IN_MEMORY;
  }

  /** At a loop's beginning: the CPU state has the flags in the first turn, in others they follow from this. */
  hand_over(flags: HandedOver): void {
    const carried = "carried";
    this.#handed_over = flags;
    this.#known = {
      forms: [carried, carried, carried, carried],
      dirty: ALL_FLAGS,
      kind: undefined,
    };
  }

  /** Whether `field` is a flag. */
  has(field: Field): boolean {
    return flag_of(field) !== 0;
  }

  /** Pushes a flag's field. */
  get(field: Field): void {
    const flag = FLAGS.indexOf(field);
    const form = this.#known.forms[flag]!;
    if (form === "plain") this.#code.get(this.#plain[flag]!);
    else if (form === "memory") this.#load(flag);
    else if (form === "carried") throw new TypeError("flags that are read cannot be handed over");
    else this.#compute(flag, form, this.#operand);
  }

  /** Sets a flag's field to what `push` pushes. */
  set(field: Field, push: () => void): void {
    const flag = FLAGS.indexOf(field);
    push();
    this.#code.set(this.#plain[flag]!);
    const { forms, dirty, kind } = this.#known;
    this.#known = { forms: forms.with(flag, "plain"), dirty: dirty | (1 << flag), kind };
  }

  /** All flags follow from a subtraction or addition of what the functions push. */
  compare(form: "sub" | "add", push_x: () => void, push_y: () => void): void {
    const c = this.#code;
    push_x();
    c.set(this.#x);
    push_y();
    c.set(this.#y);
    const { kind } = this.#known;
    this.#known = { forms: [form, form, form, form], dirty: ALL_FLAGS, kind };
  }

  /** Pushes whether condition `cc` (0..13) holds. */
  condition(cc: number): void {
    const needed = flags_of_condition(cc);
    const forms = this.#known.forms.filter((_, flag) => (needed & (1 << flag)) !== 0);
    const [form] = forms;
    if (forms.every((f) => f === form) && this.#fused(form!, cc)) return;
    emit_condition(this.#code, cc, (n) => this.get(FLAGS[n]!));
  }

  /** Pushes a condition that a comparison's operands decide at once; whether they do. */
  #fused(form: Form, cc: number): boolean {
    const c = this.#code;
    const compare = COMPARE[cc]!;
    if (form === "sub" && compare !== 0) {
      c.get(this.#x).get(this.#y).byte(compare);
      return true;
    }
    return false;
  }

  /** Stores those of `flags` that the CPU state does not have yet; what is known stays as it is. */
  spill(flags: number = ALL_FLAGS): void {
    this.#spilled(flags);
  }

  #spilled(flags: number): Known {
    const c = this.#code;
    const { forms, dirty } = this.#known;
    const out = dirty & flags;
    if (out === 0) return this.#known;
    if (forms[0] === "carried") return this.#spill_handed_over();
    let lazy = 0, addition = 0;
    for (let flag = 0; flag < 4; flag++) {
      if ((out & (1 << flag)) === 0) continue;
      if (forms[flag] === "plain") {
        c.i32(0).get(this.#plain[flag]!).mem(OP.i32_store, 2, FLAGS[flag]!.address);
      } else {
        lazy |= 1 << flag;
        addition = forms[flag] === "add" ? ADDITION : 0;
      }
    }
    if (lazy !== 0) {
      this.#compares = true;
      c.i32(0).get(this.#x).mem(OP.i32_store, 2, STATE.lazy_x.address);
      c.i32(0).get(this.#y).mem(OP.i32_store, 2, STATE.lazy_y.address);
    }
    // What stays as it is follows from the same operands, if from any: a comparison sets all flags.
    const keep = ALL_FLAGS & ~out | (lazy !== 0 ? 0 : ADDITION);
    const now = this.#store_kind(keep, lazy | addition);
    return { forms, dirty: dirty & ~out, kind: now };
  }

  #spill_handed_over(): Known {
    const c = this.#code, { kind, x, y, again } = this.#handed_over!;
    again();
    c.u8(OP.if, 0x40);
    c.i32(0);
    x();
    c.mem(OP.i32_store, 2, STATE.lazy_x.address);
    c.i32(0);
    y();
    c.mem(OP.i32_store, 2, STATE.lazy_y.address);
    c.i32(0).i32(ALL_FLAGS | (kind === "add" ? ADDITION : 0));
    c.mem(OP.i32_store, 2, STATE.lazy_kind.address);
    c.byte(OP.end);
    this.#compares = true;
    return this.#known;
  }

  /** Keeps some bits of `STATE.lazy_kind` and sets others; what it is then, where that is known. */
  #store_kind(keep: number, set: number): number | undefined {
    const c = this.#code, { kind } = this.#known;
    const now = (keep & ALL_FLAGS) === 0 ? set : kind === undefined ? undefined : kind & keep | set;
    if (now !== undefined && now === kind) return now;
    c.i32(0);
    if (now !== undefined) c.i32(now);
    else {
      c.i32(0).mem(OP.i32_load, 2, STATE.lazy_kind.address);
      c.i32(keep).byte(AND);
      c.i32(set).byte(OR);
    }
    c.mem(OP.i32_store, 2, STATE.lazy_kind.address);
    return now;
  }

  /**
   * After an arm that began with what was `saved` and may have been passed by: what is known on both
   * ways. Emits what the other way has to do as the arm's alternative.
   */
  join(saved: unknown): void {
    const before = saved as Known, after = this.#known;
    let differ = 0;
    for (let flag = 0; flag < 4; flag++) {
      if (before.forms[flag] !== after.forms[flag]) differ |= 1 << flag;
    }
    const a = this.#spilled(differ);
    this.#known = before;
    if ((before.dirty & differ) !== 0) this.#code.byte(OP.else);
    const b = this.#spilled(differ);
    this.#known = {
      forms: after.forms.map((form, flag) => (differ & (1 << flag)) !== 0 ? "memory" : form),
      dirty: a.dirty | b.dirty,
      kind: a.kind === b.kind ? a.kind : undefined,
    };
  }

  /** Pushes a flag's field from the CPU state. */
  #load(flag: number): void {
    const c = this.#code;
    if (this.#known.kind === 0) {
      c.i32(0).mem(OP.i32_load, 2, FLAGS[flag]!.address);
      return;
    }
    c.i32(0).mem(OP.i32_load, 2, STATE.lazy_kind.address).i32(1 << flag).byte(AND);
    c.u8(OP.if, 0x7f);
    this.#compute_lazy(flag);
    c.byte(OP.else);
    c.i32(0).mem(OP.i32_load, 2, FLAGS[flag]!.address);
    c.byte(OP.end);
  }

  /** Pushes a flag that follows from the operands in the CPU state. */
  #compute_lazy(flag: number): void {
    const c = this.#code;
    const operand = (which: "x" | "y"): void => {
      const field = which === "x" ? STATE.lazy_x : STATE.lazy_y;
      c.i32(0).mem(OP.i32_load, 2, field.address);
    };
    this.#compute(flag, "add", operand);
    this.#compute(flag, "sub", operand);
    c.i32(0).mem(OP.i32_load, 2, STATE.lazy_kind.address).i32(ADDITION).u8(AND, SELECT);
  }

  readonly #operand = (which: "x" | "y"): void => {
    this.#code.get(which === "x" ? this.#x : this.#y);
  };

  /** Pushes a flag of `x + y` or `x - y`. */
  #compute(flag: number, form: "sub" | "add", push: (which: "x" | "y") => void): void {
    const c = this.#code;
    const result = (): void => {
      push("x");
      push("y");
      c.byte(form === "sub" ? SUB : ADD);
    };
    if (flag < 2) result();
    else if (flag === 2) {
      if (form === "sub") push("x");
      else result();
      push(form === "sub" ? "y" : "x");
      c.byte(form === "sub" ? GE_U : LT_U);
    } else {
      push("x");
      result();
      c.byte(XOR);
      push(form === "sub" ? "x" : "y");
      if (form === "sub") push("y");
      else result();
      c.u8(XOR, AND);
    }
  }

  /** At the region's end: the CPU state gets plain flags. */
  settle(): void {
    if (!this.#compares) return;
    const c = this.#code;
    c.i32(0).mem(OP.i32_load, 2, STATE.lazy_kind.address).u8(OP.if, 0x40);
    for (let flag = 0; flag < 4; flag++) {
      c.i32(0).mem(OP.i32_load, 2, STATE.lazy_kind.address).i32(1 << flag).u8(AND, OP.if, 0x40);
      c.i32(0);
      this.#compute_lazy(flag);
      c.mem(OP.i32_store, 2, FLAGS[flag]!.address);
      c.byte(OP.end);
    }
    c.i32(0).i32(0).mem(OP.i32_store, 2, STATE.lazy_kind.address);
    c.byte(OP.end);
  }
}
