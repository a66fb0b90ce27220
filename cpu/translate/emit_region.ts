/**
 * Emits a region as one WebAssembly function: registers and flags in locals, structured control flow
 * from the dominator tree (Ramsey: "Beyond Relooper").
 *
 * @module
 */
import { type Imports, known_index, ProgramEmitter, type Surroundings } from "../engine/emit.ts";
import { RECORD } from "../engine/record.ts";
import { Builder } from "../ir/builder.ts";
import type { Node } from "../ir/node.ts";
import { condition } from "../isa/condition.ts";
import { type Field, STATE } from "../state.ts";
import { Code, OP } from "../wasm/encoder.ts";
import { analyse, type ControlFlow } from "./control_flow.ts";
import type { Block, Region, RegionInsn } from "./region.ts";

const FLAGS: readonly Field[] = [STATE.nf, STATE.zf, STATE.cf, STATE.vf];

/** A label that branches may go to, by the number of blocks open outside it. */
interface Label {
  /** The block that begins (a loop) or follows (a merge) there. */
  readonly start: number;
  readonly depth: number;
}

/** Emits one region. The function takes a record and returns as an outlined form does. */
export class RegionEmitter {
  readonly code = new Code(1);
  readonly #region: Region;
  readonly #flow: ControlFlow;
  readonly #imports: Imports;
  /** Address of the page's first record. */
  readonly #records: number;
  readonly #registers = new Map<number, number>();
  readonly #written = new Set<number>();
  readonly #fields = new Map<Field, number>();
  readonly #pc_page: number;
  readonly #count: number;
  readonly #next: number;
  readonly #labels: Label[] = [];
  /** Instructions of the block after the one that is being emitted: counted, but not executed yet. */
  #remaining = 0;
  /** Blocks open in the function, the exit block not counted. */
  #depth = 0;

  constructor(region: Region, records: number, imports: Imports) {
    this.#region = region;
    this.#flow = analyse(region);
    this.#imports = imports;
    this.#records = records;
    this.#pc_page = this.code.local("i32");
    this.#count = this.code.local("i32");
    this.#next = this.code.local("i32");
    for (const block of region.blocks.values()) {
      for (const { program } of block.insns) this.#find_registers(program.nodes);
    }
    for (const flag of FLAGS) this.#fields.set(flag, this.code.local("i32"));
    this.#emit();
  }

  #find_registers(nodes: readonly Node[]): void {
    for (const node of nodes) {
      if (node.k === "get_reg" || node.k === "set_reg") {
        const index = known_index(node.index)!;
        if (index !== 15 && !this.#registers.has(index)) {
          this.#registers.set(index, this.code.local("i32"));
        }
        if (node.k === "set_reg") this.#written.add(index);
      } else if (node.k === "if") {
        this.#find_registers(node.then);
        this.#find_registers(node.otherwise);
      } else if (node.k === "loop") this.#find_registers(node.body);
    }
  }

  #emit(): void {
    const c = this.code;
    for (const [index, local] of this.#registers) {
      c.i32(0).mem(OP.i32_load, 2, STATE.r.address + 4 * index).set(local);
    }
    for (const [field, local] of this.#fields) {
      c.i32(0).mem(OP.i32_load, 2, field.address).set(local);
    }
    c.i32(0).mem(OP.i32_load, 2, STATE.pc_page.address).set(this.#pc_page);
    // The interpreter has counted the record that led here.
    c.i32(-1).set(this.#count);
    c.u8(OP.block, 0x40);
    this.#tree(this.#region.entry);
    c.byte(OP.end);
    for (const index of this.#written) {
      c.i32(0).get(this.#registers.get(index)!).mem(OP.i32_store, 2, STATE.r.address + 4 * index);
    }
    for (const [field, local] of this.#fields) {
      c.i32(0).get(local).mem(OP.i32_store, 2, field.address);
    }
    c.i32(0).i32(0).mem(OP.i64_load, 3, STATE.insn_count.address);
    c.get(this.#count).u8(0xac, 0x7c).mem(OP.i64_store, 3, STATE.insn_count.address);
    c.i32(0).mem(OP.i32_load, 2, STATE.budget.address).get(this.#count).byte(0x6b);
    c.set(this.#count);
    c.i32(0).get(this.#count).mem(OP.i32_store, 2, STATE.budget.address);
    // A record to go on with, but no budget: leave the interpreter with it.
    c.get(this.#count).i32(0).byte(0x4c);
    c.get(this.#next).i32(1).u8(0x4b, 0x71);
    c.u8(OP.if, 0x40);
    c.i32(0).get(this.#next).mem(OP.i32_store, 2, STATE.rec.address);
    c.i32(0).set(this.#next);
    c.byte(OP.end);
    c.get(this.#next);
  }

  #record(offset: number): number {
    return this.#records + (offset >> (this.#region.thumb ? 1 : 2)) * RECORD.size;
  }

  #open(opcode: number): void {
    this.code.u8(opcode, 0x40);
    this.#depth++;
  }
  #close(): void {
    this.code.byte(OP.end);
    this.#depth--;
  }

  /** Emits a block and everything it dominates. */
  #tree(start: number): void {
    const merges = this.#flow.children.get(start)!.filter((child) => this.#flow.merges.has(child));
    merges.sort((a, b) => this.#flow.order.get(b)! - this.#flow.order.get(a)!);
    if (!this.#flow.loops.has(start)) return this.#within(start, merges);
    this.#open(OP.loop);
    this.#labels.push({ start, depth: this.#depth });
    this.#within(start, merges);
    this.#labels.pop();
    this.#close();
  }

  #within(start: number, merges: readonly number[]): void {
    const [last, ...others] = merges;
    if (last === undefined) return this.#block(this.#region.blocks.get(start)!);
    this.#open(OP.block);
    this.#labels.push({ start: last, depth: this.#depth });
    this.#within(start, others);
    this.#labels.pop();
    this.#close();
    this.#tree(last);
  }

  #block(block: Block): void {
    const c = this.code;
    c.get(this.#count).i32(block.insns.length).byte(0x6a);
    c.set(this.#count);
    block.insns.forEach((insn, i) => {
      this.#remaining = block.insns.length - 1 - i;
      this.#insn(insn, block.start);
    });
    this.#remaining = 0;
    const last = block.insns.at(-1)!;
    // The record after a page's last one knows whether an IT block goes on in the next page.
    if (last.falls_through && block.end === 0x1000) this.#leave_to_record(block.end);
    else if (last.falls_through) this.#go(block.start, block.end);
    else c.byte(OP.unreachable);
  }

  #insn(insn: RegionInsn, from: number): void {
    const c = this.code;
    const { cond } = insn.insn;
    if (cond !== 14) {
      this.#push_condition(cond);
      this.#open(OP.if);
    }
    new ProgramEmitter(this.#surroundings(insn, from)).emit(insn.program);
    if (cond !== 14) {
      if (insn.program.ends) c.byte(OP.unreachable);
      this.#close();
    }
  }

  #push_condition(cond: number): void {
    const b = new Builder();
    const holds = b.result(condition(b, cond));
    new ProgramEmitter(this.#surroundings(undefined, 0)).emit_value(b.finish(), holds);
  }

  /** Continues at `offset` of the page after the block `from`: in the region, or out of it. */
  #go(from: number, offset: number): void {
    const c = this.code, flow = this.#flow;
    if (this.#region.blocks.has(offset)) {
      const backward = flow.order.get(offset)! <= flow.order.get(from)!;
      if (!backward && !flow.merges.has(offset)) return this.#tree(offset);
      if (!backward) return this.#jump(offset);
      if (flow.dominates(offset, from)) {
        // A loop leaves when the budget is used up, and is entered again from its record.
        c.get(this.#count).i32(0).mem(OP.i32_load, 2, STATE.budget.address).byte(0x4e);
        c.unlikely().u8(OP.if, 0x40);
        this.#depth++;
        this.#leave_to_record(offset);
        this.#close();
        return this.#jump(offset);
      }
    }
    if (offset >= 0 && offset < 0x1000) this.#leave_to_record(offset);
    else {
      c.i32(0).get(this.#pc_page).i32(offset).u8(0x6a).mem(OP.i32_store, 2, STATE.pc.address);
      this.#leave(1);
    }
  }

  #jump(start: number): void {
    const label = this.#labels.findLast((l) => l.start === start)!;
    this.code.byte(OP.br);
    this.code.leb(this.#depth - label.depth);
  }

  #leave_to_record(offset: number): void {
    this.#leave(this.#record(offset));
  }
  #leave(next: number): void {
    if (this.#remaining > 0) {
      this.code.get(this.#count).i32(this.#remaining).byte(0x6b);
      this.code.set(this.#count);
    }
    this.code.i32(next).set(this.#next).byte(OP.br);
    this.code.leb(this.#depth);
  }

  #surroundings(insn: RegionInsn | undefined, from: number): Surroundings {
    const c = this.code;
    const base = this.#depth;
    const at_depth = (depth: number, emit: () => void): void => {
      const before = this.#depth;
      this.#depth = base + depth;
      emit();
      this.#depth = before;
    };
    const push_pc = (ahead: number): void => {
      c.get(this.#pc_page).i32(insn!.offset + ahead).byte(0x6a);
    };
    return {
      code: c,
      imports: this.#imports,
      operand: (name) => {
        throw new TypeError(`operand ${name} is not known`);
      },
      pc: () => push_pc(0),
      r15: () => push_pc(this.#region.thumb ? 4 : 8),
      mark: () => {
        c.i32(0).i32(this.#record(insn!.offset)).mem(OP.i32_store, 2, STATE.rec.address);
      },
      leave: (depth) => at_depth(depth, () => this.#leave(0)),
      branch: (push, depth) =>
        at_depth(depth, () => {
          const [target] = insn!.targets;
          if (insn!.targets.length === 1 && !Number.isNaN(target)) {
            if (insn!.calls) this.#go_out(target!);
            else this.#go(from, target!);
            return;
          }
          c.i32(0);
          push_pc(0);
          push();
          c.u8(0x6a).mem(OP.i32_store, 2, STATE.pc.address);
          this.#leave(1);
        }),
      branch_to: (push, depth) =>
        at_depth(depth, () => {
          c.i32(0);
          push();
          c.mem(OP.i32_store, 2, STATE.pc.address);
          this.#leave(1);
        }),
      register: (index) => this.#registers.get(index)!,
      field: (field) => this.#fields.get(field),
    };
  }

  #go_out(offset: number): void {
    if (offset >= 0 && offset < 0x1000) return this.#leave_to_record(offset);
    const c = this.code;
    c.i32(0).get(this.#pc_page).i32(offset).u8(0x6a).mem(OP.i32_store, 2, STATE.pc.address);
    this.#leave(1);
  }
}
