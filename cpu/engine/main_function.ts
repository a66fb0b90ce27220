/**
 * Emits the interpreter's main function: a loop around a `br_table` with one block per handler.
 *
 * @module
 */
import type { Helper } from "../helper.ts";
import type { Op } from "../isa/op.ts";
import { MEM, STATE } from "../state.ts";
import { Code, type Module, OP } from "../../wasm/encoder.ts";
import { emit_state_condition } from "./condition.ts";
import { emit_see_target } from "./branch_targets.ts";
import { emit_code_tlb_hit } from "./code_tlb.ts";
import { ProgramEmitter } from "./emit.ts";
import type { Surroundings } from "./surroundings.ts";
import { type Form, step_of } from "./forms.ts";
import { ModuleImports } from "./module_imports.ts";
import { operand_layout, RECORD } from "./record.ts";

/** Handlers that are not an op's, by number. */
export const HANDLER = {
  /** Not decoded yet. */
  decode: 0,
  /** After the last record of a page: goes to the next page. */
  page_end: 1,
  /** The same inside an IT block. */
  page_end_it: 2,
  /** A Thumb instruction that lies in two pages. */
  cross: 3,
  /** After a crossing instruction: goes to `STATE.scratch_next`. */
  cross_end: 4,
  /** After a single step. */
  stop: 5,
  /**
   * Skips the instruction unless condition 0..13 holds, else dispatches to its second handler.
   * 14 further on: the same for an instruction of two records.
   */
  cond: 6,
  /** Puts r15 in its slot where condition 0..14 holds, else skips; 15 further on for two records. */
  pc: 34,
  /** The first form. */
  forms: 64,
} as const;

/**
 * Handler numbers of added functions; forms stay below. A handler that is a function has its number as
 * its place in the table of functions.
 */
export const FIRST_NUMBER = 0x4000;
/** The type of such functions, in every module that has added ones: its first. */
export const ADDED_TYPE = 0;

/** Pushes an operand of the record in local `rec`. */
export function push_operand(code: Code, op: Op, rec: number, name: string): void {
  const { offset, kind } = operand_layout(op)[name]!;
  code.get(rec);
  if (kind === "imm") code.mem(OP.i32_load, 2, offset);
  else if (kind === "u16") code.mem(OP.i32_load16_u, 1, offset);
  else code.mem(OP.i32_load8_u, 0, offset);
}

/** Pushes the address of the instruction of the record in local `rec`. */
export function push_pc(code: Code, rec: number): void {
  code.i32(0).mem(OP.i32_load, 2, STATE.pc_page.address);
  code.get(rec).mem(OP.i32_load16_u, 1, RECORD.pc).u8(0x6a);
}

/** Stores where execution is, before anything that may leave. */
export function mark(code: Code, rec: number): void {
  code.i32(0).get(rec).mem(OP.i32_store, 2, STATE.rec.address);
}

/** Emits the main function: a loop around a `br_table` with one block per handler. */
export class MainFunction {
  readonly code = new Code(1);
  readonly #imports: ModuleImports;
  readonly #rec = 0;
  readonly #handler = this.code.local("i32");
  readonly #target = this.code.local("i32");
  readonly #count = this.code.local("i32");
  readonly #scratch = this.code.local("i32");
  readonly #handlers: number;
  /** Blocks around the code being emitted that belong to the dispatch. */
  #open = 0;

  constructor(module: Module, helpers: Map<string, Helper>, forms: readonly Form[]) {
    this.#imports = new ModuleImports(module, helpers);
    this.#handlers = HANDLER.forms + forms.length;
    // Imports are numbered as they are asked for, and the indirect call's type must exist.
    const call_type = module.type(["i32"], ["i32"]);
    this.#emit(forms, call_type);
  }

  #emit(forms: readonly Form[], call_type: number): void {
    const c = this.code;
    this.#fetch_next();
    // From the outside in: exit, dispatch, goto, goto with the target seen, the table's default.
    c.u8(OP.block, 0x40, OP.loop, 0x40, OP.block, 0x40, OP.block, 0x40, OP.block, 0x40);
    for (let i = 0; i < this.#handlers; i++) c.u8(OP.block, 0x40);
    c.get(this.#handler).byte(OP.br_table);
    c.leb(this.#handlers);
    for (let i = 0; i <= this.#handlers; i++) c.leb(i);
    let number = 0;
    const handler = (emit: () => void): void => {
      c.byte(OP.end);
      this.#open = this.#handlers - ++number + 1;
      emit();
    };
    handler(() => this.#decode());
    handler(() => this.#page_end());
    handler(() => this.#page_end_it());
    handler(() => this.#cross());
    handler(() => this.#cross_end());
    handler(() => this.#exit(0));
    for (const step of [RECORD.size, 2 * RECORD.size]) {
      for (let cc = 0; cc < 14; cc++) handler(() => this.#condition(cc, step));
    }
    for (const step of [RECORD.size, 2 * RECORD.size]) {
      for (let cc = 0; cc < 15; cc++) handler(() => this.#wants_pc(cc, step));
    }
    for (const form of forms) handler(() => this.#form(form));
    // The table's default: a function of its own.
    c.byte(OP.end);
    this.#open = 0;
    this.#outlined(call_type);
    c.byte(OP.end);
    this.#see();
    c.byte(OP.end);
    this.#goto();
    c.u8(OP.end, OP.end);
    c.i32(0).get(this.#rec).mem(OP.i32_store, 2, STATE.rec.address);
    this.#book();
  }

  /** Takes what was counted from the budget and adds it to the counters; counts from 0 again. */
  #book(): void {
    const c = this.code;
    c.i32(0).i32(0).mem(OP.i32_load, 2, STATE.budget.address).get(this.#count).u8(0x6b);
    c.mem(OP.i32_store, 2, STATE.budget.address);
    for (const { address } of [STATE.insn_count, STATE.interpreted]) {
      c.i32(0).i32(0).mem(OP.i64_load, 3, address);
      c.get(this.#count).u8(0xad, 0x7c).mem(OP.i64_store, 3, address);
    }
    c.i32(0).set(this.#count);
  }

  /** Labels, from inside a handler with `depth` blocks of its own. */
  #to_see(depth: number): void {
    this.code.byte(OP.br);
    this.code.leb(depth + this.#open);
  }
  #to_goto(depth: number): void {
    this.code.byte(OP.br);
    this.code.leb(depth + this.#open + 1);
  }
  #to_dispatch(depth: number): void {
    this.code.byte(OP.br);
    this.code.leb(depth + this.#open + 2);
  }
  #exit(depth: number): void {
    this.code.byte(OP.br);
    this.code.leb(depth + this.#open + 3);
  }

  /** Loads the handler of the record and counts an instruction. */
  #fetch_next(): void {
    const c = this.code;
    c.get(this.#rec).mem(OP.i32_load16_u, 1, RECORD.handler).set(this.#handler);
    c.get(this.#count).i32(1).u8(0x6a).set(this.#count);
  }
  #uncount(): void {
    this.code.get(this.#count).i32(1).u8(0x6b).set(this.#count);
  }
  #next(step: number): void {
    this.code.get(this.#rec).i32(step).u8(0x6a).set(this.#rec);
    this.#fetch_next();
    this.#to_dispatch(0);
  }
  /** Exits, with the target in `rec`, when as many instructions have been executed as the budget has. */
  #spend(depth: number): void {
    const c = this.code;
    c.get(this.#count).i32(0).mem(OP.i32_load, 2, STATE.budget.address);
    c.byte(0x4e);
    c.unlikely().byte(OP.br_if);
    c.leb(depth + this.#open + 3);
  }

  #decode(): void {
    const c = this.code;
    this.#uncount();
    c.get(this.#rec).u8(OP.call);
    c.leb(this.#imports.named("decode"));
    c.u8(OP.if, 0x40);
    this.#fetch_next();
    this.#to_dispatch(1);
    c.byte(OP.end);
    this.#exit(0);
  }
  #page_end(): void {
    const c = this.code;
    this.#uncount();
    c.i32(0).mem(OP.i32_load, 2, STATE.pc_page.address).i32(0x1000).u8(0x6a).set(this.#target);
    this.#to_goto(0);
  }
  #page_end_it(): void {
    const c = this.code;
    this.#uncount();
    c.byte(OP.call);
    c.leb(this.#imports.named("page_end_it"));
    c.i32(0).set(this.#rec);
    this.#exit(0);
  }
  #cross(): void {
    const c = this.code;
    this.#uncount();
    mark(c, this.#rec);
    c.get(this.#rec).byte(OP.call);
    c.leb(this.#imports.named("cross"));
    c.tee(this.#scratch).u8(OP.if, 0x40);
    c.get(this.#scratch).set(this.#rec);
    this.#fetch_next();
    this.#to_dispatch(1);
    c.byte(OP.end);
    this.#exit(0);
  }
  #cross_end(): void {
    const c = this.code;
    this.#uncount();
    c.i32(0).mem(OP.i32_load, 2, STATE.pc_page.address).i32(0x1002).u8(0x6a).set(this.#target);
    this.#to_goto(0);
  }

  /** Goes on with the form's own handler, or skips the instruction. */
  #dispatch_second(): void {
    const c = this.code;
    c.get(this.#rec).mem(OP.i32_load16_u, 1, RECORD.second).set(this.#handler);
  }
  #condition(cc: number, step: number): void {
    const c = this.code;
    emit_state_condition(c, cc);
    c.u8(OP.if, 0x40);
    this.#dispatch_second();
    this.#to_dispatch(1);
    c.byte(OP.end);
    this.#next(step);
  }
  #wants_pc(cc: number, step: number): void {
    const c = this.code;
    if (cc !== 14) {
      emit_state_condition(c, cc);
      c.u8(OP.if, 0x40);
    }
    c.i32(0);
    push_pc(c, this.#rec);
    c.i32(8).i32(0).mem(OP.i32_load, 2, STATE.thumb.address).i32(2).u8(0x74, 0x6b, 0x6a);
    c.mem(OP.i32_store, 2, STATE.r.address + 60);
    this.#dispatch_second();
    this.#to_dispatch(cc === 14 ? 0 : 1);
    if (cc !== 14) {
      c.byte(OP.end);
      this.#next(step);
    }
  }

  #surroundings(form: Form | undefined): Surroundings {
    const c = this.code;
    return {
      code: c,
      imports: this.#imports,
      operand: (name) => push_operand(c, form!.op, this.#rec, name),
      pc: () => push_pc(c, this.#rec),
      mark: () => mark(c, this.#rec),
      count: () => this.#book(),
      leave: (depth) => this.#exit(depth),
      branch: (push, depth) => {
        if (form!.place.near) {
          c.get(this.#rec);
          push();
          c.i32(form!.place.thumb ? 3 : 2).u8(0x74, 0x6a).set(this.#rec);
          this.#spend(depth);
          this.#fetch_next();
          this.#to_dispatch(depth);
        } else {
          push_pc(c, this.#rec);
          push();
          c.u8(0x6a).set(this.#target);
          this.#to_goto(depth);
        }
      },
      branch_to: (push, depth, { foreseen }) => {
        push();
        c.set(this.#target);
        if (foreseen) this.#to_see(depth);
        else this.#to_goto(depth);
      },
    };
  }
  #form(form: Form): void {
    new ProgramEmitter(this.#surroundings(form)).emit(form.program);
    if (!form.program.ends) this.#next(step_of(form.place));
  }

  #outlined(call_type: number): void {
    const c = this.code;
    c.get(this.#rec).get(this.#handler).byte(OP.call_indirect);
    c.leb(call_type);
    c.byte(0);
    c.tee(this.#scratch).i32(1).u8(0x4b, OP.if, 0x40);
    c.get(this.#scratch).i32(-2).byte(0x71);
    c.set(this.#rec);
    // The target of a jump, found by the function.
    c.get(this.#scratch).i32(1).u8(0x71, OP.if, 0x40);
    this.#spend(2);
    c.byte(OP.end);
    this.#fetch_next();
    this.#to_dispatch(1);
    c.byte(OP.end);
    c.get(this.#scratch).byte(0x45);
    c.u8(OP.if, 0x40);
    c.i32(0).mem(OP.i32_load, 2, STATE.rec.address).set(this.#rec);
    this.#exit(1);
    c.byte(OP.end);
    c.i32(0).mem(OP.i32_load, 2, STATE.pc.address).set(this.#target);
    this.#to_goto(0);
  }

  #see(): void {
    const locals = { rec: this.#rec, target: this.#target, entry: this.#scratch };
    emit_see_target(this.code, locals);
  }

  /** Goes to `target`: through the code TLB, or by asking the engine. */
  #goto(): void {
    const c = this.code;
    const thumb = c.local("i32"), entry = c.local("i32");
    c.i32(0).mem(OP.i32_load, 2, STATE.thumb.address).set(thumb);
    // ~(3 >> thumb): Thumb code is halfword aligned, A32 word aligned.
    c.get(this.#target).i32(3).get(thumb).u8(0x76).i32(-1).u8(0x73, 0x71).set(this.#target);
    emit_code_tlb_hit(c, { address: this.#target, thumb, entry, page: this.#scratch });
    c.u8(OP.if, 0x40);
    c.get(entry).mem(OP.i32_load, 2, MEM.code_tlb + 4);
    c.get(this.#target).i32(0xfff).u8(0x71).i32(2).get(thumb).u8(0x6a, 0x74, 0x6a).set(this.#rec);
    c.i32(0).get(this.#scratch).mem(OP.i32_store, 2, STATE.pc_page.address);
    c.byte(OP.else);
    c.get(this.#target).byte(OP.call);
    c.leb(this.#imports.named("lookup"));
    c.tee(this.#rec).byte(0x45);
    c.unlikely().u8(OP.if, 0x40);
    // Depths here: if, else's if, then dispatch and the exit block.
    c.byte(OP.br);
    c.leb(3);
    c.byte(OP.end);
    c.byte(OP.end);
    c.get(this.#count).i32(0).mem(OP.i32_load, 2, STATE.budget.address).byte(0x4e);
    c.unlikely().byte(OP.br_if);
    c.leb(1);
    this.#fetch_next();
    c.u8(OP.br, 0);
  }
}
