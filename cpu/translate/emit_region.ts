/**
 * Emits a region as one WebAssembly function: registers and flags in locals, structured control flow
 * from the dominator tree (Ramsey: "Beyond Relooper").
 *
 * @module
 */
import { emit_code_tlb_hit } from "../engine/code_tlb.ts";
import { ProgramEmitter } from "../engine/emit.ts";
import { ADDED_TYPE, FIRST_NUMBER } from "../engine/main_function.ts";
import { RECORD } from "../engine/record.ts";
import type { Imports, Surroundings } from "../engine/surroundings.ts";
import type { Node } from "../ir/node.ts";
import { known_index } from "../ir/places.ts";
import { type Field, MEM, STATE } from "../state.ts";
import { Code, OP } from "../../wasm/encoder.ts";
import { analyse, type ControlFlow } from "./control_flow.ts";
import { RegionFp } from "./fp_state.ts";
import { carried_flags, type Handover, type Term } from "./carried_flags.ts";
import { wanted_flags } from "./flag_liveness.ts";
import { LazyFlags } from "./lazy_flags.ts";
import { page_cells } from "./page_cells.ts";
import { type Block, is_switched, type Region, type RegionInsn, type Scope } from "./region.ts";

/** Entries of the largest table that a switch may have. */
const MAX_TABLE = 512;

/** A label that branches may go to, by the number of blocks open outside it. */
interface Label {
  /** The block that begins (a loop) or follows (a merge) there. */
  readonly id: number;
  readonly depth: number;
  readonly loop: boolean;
}

/** Where the records of a region's pages lie, by the pages' addresses relative to the entry's page. */
export type RecordBases = ReadonlyMap<number, number>;

/** Whether an access of a program may be one that the page maps cannot do. */
function has_access(nodes: readonly Node[]): boolean {
  return nodes.some((node) =>
    node.k === "load" || node.k === "store" ||
    node.k === "if" && (has_access(node.then) || has_access(node.otherwise)) ||
    node.k === "loop" && has_access(node.body)
  );
}

function page_of(address: number): number {
  return address & ~0xfff;
}

/** Emits one region. The function takes a record and returns as an outlined form does. */
export class RegionEmitter {
  readonly code = new Code(1);
  readonly #region: Region;
  readonly #flow: ControlFlow;
  readonly #imports: Imports;
  readonly #bases: RecordBases;
  readonly #registers = new Map<number, number>();
  readonly #written = new Set<number>();
  readonly #flags: LazyFlags;
  /** The flags that blocks want in the CPU state. */
  readonly #wanted: ReadonlyMap<number, number>;
  /** Virtual address of the entry's page. */
  readonly #entry_page = this.code.local("i32");
  readonly #count = this.code.local("i32");
  readonly #next = this.code.local("i32");
  readonly #target = this.code.local("i32");
  readonly #thumb = this.code.local("i32");
  readonly #tlb_entry = this.code.local("i32");
  readonly #tlb_page = this.code.local("i32");
  readonly #map = this.code.local("i32");
  /** Locals that say whether a page has been checked, by page. */
  readonly #checked: ReadonlyMap<number, number>;
  /** Where an indirect branch goes that a switch takes. */
  readonly #switched = this.code.local("i32");
  readonly #fp: RegionFp;
  readonly #cells: ReadonlyMap<RegionInsn, number>;
  /** Of headers of loops: where the flags come from, and the local that has the count before the loop. */
  readonly #carried: ReadonlyMap<number, Handover & { readonly before: number }>;
  readonly #labels: Label[] = [];
  /** The instruction that is being emitted may have changed code. */
  #may_have_changed = false;
  /** Instructions up to the one that is being emitted that the local `count` does not have yet. */
  #owed = 0;
  /** The entry's instruction is being emitted behind everything else; see {@link #slow_entry}. */
  #behind = false;
  /** Blocks open in the function, the exit block not counted. */
  #depth = 0;

  constructor(region: Region, bases: RecordBases, imports: Imports) {
    this.#region = region;
    this.#flow = analyse(region);
    this.#imports = imports;
    this.#bases = bases;
    const others = [...bases.keys()].filter((page) => page !== 0);
    this.#checked = new Map(others.map((page) => [page, this.code.local("i32")]));
    for (const id of this.#flow.order.keys()) {
      for (const { program } of region.blocks[id]!.insns) this.#find_registers(program.nodes);
    }
    this.#fp = new RegionFp(this.code, this.#programs(), this.#flow.dominates);
    this.#flags = new LazyFlags(this.code);
    this.#wanted = wanted_flags(region, this.#flow);
    this.#cells = page_cells(region, this.#flow);
    const carried = [...carried_flags(region, this.#flow)];
    this.#carried = new Map(
      carried.map(([id, handover]) => [id, { ...handover, before: this.code.local("i32") }]),
    );
    this.#emit();
  }

  *#programs(): Iterable<readonly Node[]> {
    for (const id of this.#flow.order.keys()) {
      for (const { program } of this.#region.blocks[id]!.insns) yield program.nodes;
    }
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
    this.#load_map();
    this.#fp.enter();
    c.i32(0).mem(OP.i32_load, 2, STATE.pc_page.address).set(this.#entry_page);
    c.i32(this.#region.thumb ? 1 : 0).set(this.#thumb);
    // The interpreter has counted the record that led here.
    c.i32(-1).set(this.#count);
    c.u8(OP.block, 0x40);
    this.#open(OP.block);
    const first = this.#region.blocks[0]!.insns[0]!;
    if (!first.slow && has_access(first.program.nodes)) this.#slow_entry(first);
    else this.#tree(0);
    c.byte(OP.unreachable);
    this.#close();
    // Where an access has missed: all but the first instruction's come here.
    this.#count_at(() => c.get(this.#next), STATE.missed, STATE.misses);
    c.byte(OP.end);
    this.#epilogue();
  }

  /**
   * Emits everything, and behind it the first instruction once more. Where its access is one that the
   * page maps cannot do, leaving for the interpreter would lead back to it, so it is done there, by a
   * call, and the region is left. A call among the rest would have V8 keep values on its stack.
   */
  #slow_entry(insn: RegionInsn): void {
    const c = this.code, block = this.#region.blocks[0]!;
    this.#open(OP.block);
    this.#tree(0);
    c.byte(OP.unreachable);
    this.#close();
    this.#flags.meet();
    this.#behind = true;
    // Whoever came here counted it.
    this.#owed = 0;
    new ProgramEmitter(this.#surroundings(insn, block)).emit(insn.program);
    if (insn.program.ends) c.byte(OP.unreachable);
    else this.#leave_after(insn);
  }

  /** Leaves to what follows an instruction. */
  #leave_after(insn: RegionInsn): void {
    // The record after a page's last one knows how an IT block goes on in the next page.
    if (insn.it_goes_on) this.#leave_to_record(page_of(insn.address), 0x1000);
    else this.#go_out(insn.address + insn.size, insn.address);
  }

  #load_map(): void {
    this.code.i32(0).mem(OP.i32_load, 2, STATE.map.address).set(this.#map);
  }

  /** Everything that is kept in locals goes back to the CPU state. */
  #epilogue(): void {
    const c = this.code;
    for (const index of this.#written) {
      c.i32(0).get(this.#registers.get(index)!).mem(OP.i32_store, 2, STATE.r.address + 4 * index);
    }
    this.#fp.leave();
    this.#flags.settle();
    c.get(this.#next).u8(OP.if, 0x40);
    c.get(this.#count).i32(0).mem(OP.i32_load, 2, STATE.budget.address).byte(0x48);
    c.u8(OP.if, 0x40);
    this.#chain();
    c.byte(OP.else);
    // A record to go on with, but no budget: leave the interpreter with it.
    c.get(this.#next).i32(1).u8(0x4b, OP.if, 0x40);
    c.i32(0).get(this.#next).mem(OP.i32_store, 2, STATE.rec.address);
    c.i32(0).set(this.#next);
    c.u8(OP.end, OP.end, OP.end);
    this.#book();
    c.get(this.#next);
  }

  /** Goes on with the next region, where one begins; else `next` has the record, odd after a jump. */
  #chain(): void {
    const c = this.code;
    const record = this.#target, handler = this.#tlb_page;
    c.get(this.#next).tee(record);
    c.i32(1).u8(0x46, OP.if, 0x40);
    this.#find_record(record);
    c.byte(OP.end);
    c.get(record).i32(1).u8(0x4b, OP.if, 0x40);
    c.get(record).mem(OP.i32_load16_u, 1, RECORD.handler);
    c.tee(handler).i32(FIRST_NUMBER).u8(0x4f, OP.if, 0x40);
    c.get(this.#count).i32(1).byte(0x6a);
    c.set(this.#count);
    this.#book();
    c.get(record).get(handler).byte(OP.return_call_indirect);
    c.leb(ADDED_TYPE).u8(0, OP.end);
    c.get(record).get(this.#next).i32(1).u8(0x46, 0x72).set(this.#next);
    c.byte(OP.end);
  }

  /** Puts the record of the address in `STATE.pc` into a local, if the code TLB has its page. */
  #find_record(record: number): void {
    const c = this.code;
    const address = this.#switched, entry = this.#tlb_entry, page = this.#tlb_page;
    // Whoever has left may have changed it.
    c.i32(0).mem(OP.i32_load, 2, STATE.thumb.address).set(this.#thumb);
    // As the interpreter aligns it.
    c.i32(0).mem(OP.i32_load, 2, STATE.pc.address);
    c.i32(3).get(this.#thumb).u8(0x76).i32(-1).u8(0x73, 0x71).set(address);
    emit_code_tlb_hit(c, { address, thumb: this.#thumb, entry, page });
    c.u8(OP.if, 0x40);
    c.get(entry).mem(OP.i32_load, 2, MEM.code_tlb + 4);
    c.get(address).i32(0xfff).u8(0x71).i32(2).get(this.#thumb).u8(0x6a, 0x74, 0x6a);
    c.set(record);
    c.i32(0).get(page).mem(OP.i32_store, 2, STATE.pc_page.address);
    c.byte(OP.end);
  }

  /** Takes what was counted from the budget and adds it to the counter. */
  #book(): void {
    const c = this.code;
    c.i32(0).i32(0).mem(OP.i64_load, 3, STATE.insn_count.address);
    c.get(this.#count).u8(0xac, 0x7c).mem(OP.i64_store, 3, STATE.insn_count.address);
    c.i32(0).i32(0).mem(OP.i32_load, 2, STATE.budget.address).get(this.#count).byte(0x6b);
    c.mem(OP.i32_store, 2, STATE.budget.address);
  }

  #record(page: number, offset: number): number {
    return this.#bases.get(page)! + (offset >> (this.#region.thumb ? 1 : 2)) * RECORD.size;
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
  #tree(id: number): void {
    const merges = this.#flow.children.get(id)!.filter((child) => this.#flow.merges.has(child));
    merges.sort((a, b) => this.#flow.order.get(b)! - this.#flow.order.get(a)!);
    if (!this.#flow.loops.has(id)) return this.#within(id, merges);
    this.#flags.spill(this.#wanted.get(id));
    this.#flags.meet();
    const carried = this.#carried.get(id);
    if (carried) this.code.get(this.#count).set(carried.before);
    this.#open(OP.loop);
    this.#labels.push({ id, depth: this.#depth, loop: true });
    this.#within(id, merges);
    this.#labels.pop();
    this.#close();
  }

  #within(id: number, merges: readonly number[]): void {
    const [last, ...others] = merges;
    if (last === undefined) return this.#block(this.#region.blocks[id]!);
    this.#open(OP.block);
    this.#labels.push({ id: last, depth: this.#depth, loop: false });
    this.#within(id, others);
    this.#labels.pop();
    this.#close();
    this.#flags.meet();
    this.#tree(last);
  }

  #block(block: Block): void {
    const c = this.code;
    if (block.switches) return this.#switch(block, block.switches);
    const last = block.insns.at(-1)!;
    block.insns.forEach((insn, i) => {
      this.#owed = i + 1;
      // Not earlier: V8 would keep what it was before as well, for the ways out.
      if (insn === last) this.#count_block(block);
      this.#hand_over(block, insn);
      this.#insn(insn, block);
    });
    if (!last.falls_through) c.byte(OP.unreachable);
    else if (last.it_goes_on) this.#leave_after(last);
    else this.#go(block, block.scope, block.end, last.address);
  }

  /** Where a loop begins: flags come from its end, until the block sets them. */
  #hand_over(block: Block, insn: RegionInsn): void {
    const carried = this.#carried.get(block.id);
    const flags = carried?.places.get(insn);
    if (!carried || !flags) return;
    const c = this.code;
    const push = ({ register, plus }: Term): void => {
      if (register === undefined) c.i32(plus);
      else c.get(this.#registers.get(register)!).i32(plus).byte(0x6a);
    };
    // The block's instructions are counted already with its last one.
    const counted = this.#owed === 0 ? block.insns.length : 0;
    this.#flags.hand_over({
      kind: flags.kind,
      x: () => push(flags.x),
      y: () => push(flags.y),
      again: () => c.get(this.#count).get(carried.before).i32(counted).u8(0x6a, 0x47),
    });
  }

  #count_block(block: Block): void {
    const c = this.code;
    c.get(this.#count).i32(block.insns.length).byte(0x6a);
    c.set(this.#count);
    this.#owed = 0;
  }

  #insn(insn: RegionInsn, block: Block): void {
    const c = this.code;
    const { cond } = insn.insn;
    const end_page = page_of(insn.address + insn.size - 1);
    if (end_page !== page_of(insn.address)) {
      this.#check_page(end_page, () => this.#leave_before(insn));
    }
    if (cond !== 14) {
      this.#flags.condition(cond);
      this.#open(OP.if);
    }
    const owed = this.#owed, known = this.#flags.save();
    new ProgramEmitter(this.#surroundings(insn, block)).emit(insn.program);
    this.#owed = owed;
    if (cond !== 14) {
      if (insn.program.ends) {
        c.byte(OP.unreachable);
        this.#flags.restore(known);
      } else this.#flags.join(known);
      this.#close();
    }
    if (this.#may_have_changed) this.#check_code(insn);
  }

  /** Leaves after an instruction that may have stored into the region's own code, when one has. */
  #check_code(insn: RegionInsn): void {
    const c = this.code;
    this.#may_have_changed = false;
    c.i32(0).mem(OP.i32_load, 2, STATE.code_changed.address).unlikely();
    this.#open(OP.if);
    c.i32(0).i32(0).mem(OP.i32_store, 2, STATE.code_changed.address);
    this.#go_out(insn.address + insn.size, insn.address);
    this.#close();
  }

  /**
   * Continues after the instruction at `from`, in block `block`, at an address of a scope: in the
   * region, or out of it.
   */
  #go(block: Block, scope: Scope, address: number, from: number): void {
    const c = this.code;
    const to = this.#region.block_at(scope, address);
    const edge = to && this.#edge(block, to);
    if (!edge) return this.#go_out(address, from);
    // A return goes to a page that was found to be there before.
    if (page_of(address) !== page_of(from) && scope.id >= block.scope.id) {
      this.#check_page(page_of(address), () => {
        this.#leave_to_address(() => c.get(this.#entry_page).i32(address).byte(0x6a));
      });
    }
    if (edge === "back") {
      this.#check_budget(() => this.#leave_to_record(page_of(address), address & 0xfff));
    }
    this.#follow(edge, block.id, to.id);
  }

  /** How control may go from a block to another in the region; undefined when it cannot. */
  #edge(from: Block, to: Block): "back" | "forward" | undefined {
    const { order, dominates } = this.#flow;
    const at = order.get(to.id);
    if (at === undefined) return undefined;
    if (at > order.get(from.id)!) return "forward";
    return dominates(to.id, from.id) ? "back" : undefined;
  }

  #follow(edge: "back" | "forward", from: number, to: number): void {
    if (edge === "forward" && !this.#flow.merges.has(to)) this.#tree(to);
    else this.#jump(from, to);
  }

  /** Goes to the block of the address in the local `switched`, where it is one of `addresses`. */
  #switch(block: Block, addresses: readonly number[]): void {
    const c = this.code;
    const unit = this.#region.thumb ? 2 : 4;
    const [first] = addresses as [number];
    const span = (addresses.at(-1)! - first) / unit + 1;
    const known = this.#flags.save();
    const go = (address: number): void => {
      this.#go(block, block.scope, address, 0);
      this.#flags.restore(known);
    };
    if (addresses.length > 3 && span <= MAX_TABLE) {
      const arms = new Map(addresses.map((address, i) => [(address - first) / unit, i]));
      for (let i = 0; i <= addresses.length; i++) this.#open(OP.block);
      c.get(this.#switched).get(this.#entry_page).i32(first).u8(0x6a, 0x6b);
      c.i32(Math.log2(unit)).u8(0x78, OP.br_table);
      c.leb(span);
      for (let i = 0; i <= span; i++) c.leb(arms.get(i) ?? addresses.length);
      for (const address of addresses) {
        this.#close();
        go(address);
      }
      this.#close();
    } else {
      for (const address of addresses) {
        c.get(this.#switched).get(this.#entry_page).i32(address).u8(0x6a, 0x46);
        this.#open(OP.if);
        go(address);
        this.#close();
      }
    }
    this.#leave_to_address(() => c.get(this.#switched));
  }

  /** Goes to where the local `switched` says. */
  #go_switched(block: Block, to: Block): void {
    const edge = this.#edge(block, to);
    const leave = (): void => this.#leave_to_address(() => this.code.get(this.#switched));
    if (!edge) return leave();
    if (edge === "back") this.#check_budget(leave);
    this.#follow(edge, block.id, to.id);
  }

  /**
   * Leaves unless the records of a page are those that this region was made from. Once
   * that was found they stay so until a helper is called that may change mappings.
   */
  #check_page(page: number, leave: () => void): void {
    const c = this.code;
    // The entry's page has led here.
    if (page === 0) return;
    const checked = this.#checked.get(page)!;
    c.get(checked).byte(0x45);
    c.unlikely();
    this.#open(OP.if);
    c.get(this.#entry_page).i32(page).byte(0x6a);
    c.set(this.#target);
    emit_code_tlb_hit(c, {
      address: this.#target,
      thumb: this.#thumb,
      entry: this.#tlb_entry,
      page: this.#tlb_page,
    });
    c.get(this.#tlb_entry).mem(OP.i32_load, 2, MEM.code_tlb + 4);
    c.i32(this.#bases.get(page)!).u8(0x46, 0x71, 0x45);
    c.unlikely();
    this.#open(OP.if);
    leave();
    this.#close();
    c.i32(1).set(checked);
    this.#close();
  }

  /** A loop leaves when the budget is used up, and is entered again from its record. */
  #check_budget(leave: () => void): void {
    const c = this.code;
    c.get(this.#count).i32(0).mem(OP.i32_load, 2, STATE.budget.address).byte(0x4e);
    c.unlikely().u8(OP.if, 0x40);
    this.#depth++;
    leave();
    this.#close();
  }

  #jump(from: number, id: number): void {
    const label = this.#labels.findLast((l) => l.id === id)!;
    const carried = label.loop ? this.#carried.get(id) : undefined;
    if (!carried?.ends.has(from)) this.#flags.spill(this.#wanted.get(id));
    // As if the loop began again.
    if (carried && !carried.ends.has(from)) this.code.get(this.#count).set(carried.before);
    this.code.byte(OP.br);
    this.code.leb(this.#depth - label.depth);
  }

  /** Leaves the region for an address. */
  #go_out(address: number, from: number): void {
    const c = this.code;
    if (page_of(address) === page_of(from)) {
      return this.#leave_to_record(page_of(address), address & 0xfff);
    }
    this.#leave_to_address(() => c.get(this.#entry_page).i32(address).byte(0x6a));
  }

  #leave_to_address(push: () => void): void {
    const c = this.code;
    c.i32(0);
    push();
    c.mem(OP.i32_store, 2, STATE.pc.address);
    this.#leave(1, 0);
  }
  #leave_to_record(page: number, offset: number): void {
    this.#leave(this.#record(page, offset), page);
  }
  /** Leaves with `next`; what it means, or where execution stopped, is in `page`. */
  #leave(next: number, page: number): void {
    const c = this.code;
    this.#flags.spill();
    this.#add_owed();
    if (page !== 0) {
      c.i32(0).get(this.#entry_page).i32(page).u8(0x6a).mem(OP.i32_store, 2, STATE.pc_page.address);
    }
    c.i32(next).set(this.#next).byte(OP.br);
    c.leb(this.#depth);
  }

  #add_owed(): void {
    const c = this.code;
    if (this.#owed === 0) return;
    c.get(this.#count).i32(this.#owed).byte(0x6a);
    c.set(this.#count);
  }

  #surroundings(insn: RegionInsn, block: Block): Surroundings {
    const c = this.code;
    const base = this.#depth;
    const stays = insn.slow || this.#behind;
    const at_depth = (depth: number, emit: () => void): void => {
      const before = this.#depth, owed = this.#owed;
      this.#depth = base + depth;
      emit();
      this.#depth = before;
      this.#owed = owed;
    };
    const push_pc = (ahead: number): void => {
      c.get(this.#entry_page).i32(insn.address + ahead).byte(0x6a);
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
        const at = this.#record(page_of(insn.address), insn.address & 0xfff);
        c.i32(0).i32(at).mem(OP.i32_store, 2, STATE.rec.address);
      },
      leave: (depth) => at_depth(depth, () => this.#leave(0, page_of(insn.address))),
      miss: stays ? undefined : (depth) => at_depth(depth, () => this.#miss(insn)),
      unaligned: stays,
      cell: this.#cells.get(insn),
      strays: () => this.#count_at(() => this.#push_record(insn), STATE.stray, STATE.strays),
      may_change_code: () => {
        this.#may_have_changed = true;
      },
      branch: (_, depth) => at_depth(depth, () => this.#branch(insn, block)),
      branch_to: (push, depth, node) =>
        at_depth(depth, () => this.#branch_to(insn, block, { push, exchange: node.exchange })),
      register: (index) => this.#registers.get(index)!,
      flags: this.#flags,
      map: this.#map,
      maps_changed: () => {
        this.#load_map();
        for (const checked of this.#checked.values()) c.i32(0).set(checked);
      },
      fp: this.#fp.in_block(block.id, insn.insn.cond === 14),
    };
  }

  /** Leaves for the interpreter to execute an instruction. */
  #miss(insn: RegionInsn): void {
    if (insn === this.#region.blocks[0]!.insns[0]) {
      this.#count_at(() => this.#push_record(insn), STATE.missed, STATE.misses);
      this.#go_behind();
    } else {
      // Out of the block before the last.
      this.#depth--;
      this.#leave_before(insn);
      this.#depth++;
    }
  }

  #push_record(insn: RegionInsn): void {
    this.code.i32(this.#record(page_of(insn.address), insn.address & 0xfff));
  }

  /** Notes that something has happened at a record, for the translator's samples. */
  #count_at(push_record: () => void, where: Field, count: Field): void {
    const c = this.code;
    c.i32(0);
    push_record();
    c.mem(OP.i32_store, 2, where.address);
    c.i32(0).i32(0).mem(OP.i32_load, 2, count.address).i32(1).byte(0x6a);
    c.mem(OP.i32_store, 2, count.address);
  }

  /** Goes to where the entry's instruction is done by a call. */
  #go_behind(): void {
    this.#flags.spill();
    this.#add_owed();
    this.code.byte(OP.br);
    this.code.leb(this.#depth - 2);
  }

  /** Leaves for the interpreter to go on with an instruction. */
  #leave_before(insn: RegionInsn): void {
    this.#owed--;
    this.#leave_to_record(page_of(insn.address), insn.address & 0xfff);
    this.#owed++;
  }

  #branch(insn: RegionInsn, block: Block): void {
    const [target] = insn.targets as [number];
    if (this.#behind) this.#go_out(target, insn.address);
    else if (insn.callee) this.#go(block, insn.callee, target, insn.address);
    else if (insn.calls) this.#go_out(target, insn.address);
    else this.#go(block, block.scope, target, insn.address);
  }

  /** To an address that is not known, but may be one that is expected. */
  #branch_to(
    insn: RegionInsn,
    block: Block,
    { push, exchange }: { push: () => void; exchange: boolean },
  ): void {
    if (this.#behind) return this.#leave_to_address(push);
    const c = this.code, region = this.#region;
    const tagged = exchange && region.thumb;
    const switches = is_switched(insn) ? region.switch_of(block.scope) : undefined;
    if (switches) {
      push();
      // Thumb addresses are even there; an odd one is of A32 code and not expected.
      if (tagged) c.i32(1).byte(0x73);
      c.set(this.#switched);
      return this.#go_switched(block, switches);
    }
    const { parent, return_to } = block.scope;
    const to = insn.callee
      ? { scope: insn.callee, address: insn.callee.entry }
      : insn.indirect!.returns && parent && insn === block.insns.at(-1)
      ? { scope: parent, address: return_to }
      : undefined;
    const next = to && region.block_at(to.scope, to.address);
    if (!next || !this.#flow.order.has(next.id)) return this.#leave_to_address(push);
    const target = c.local("i32");
    push();
    c.set(target);
    c.get(target).get(this.#entry_page).i32(to.address | (tagged ? 1 : 0)).u8(0x6a, 0x46);
    this.#open(OP.if);
    const known = this.#flags.save();
    this.#go(block, to.scope, to.address, insn.address);
    this.#flags.restore(known);
    this.#close();
    this.#leave_to_address(() => c.get(target));
  }
}
