import { ACCESS, type Cpu } from "../cpu.ts";
import type { AccessOptions, Node, Program, VAccess } from "../ir/node.ts";
import { OPERAND_KINDS } from "../ir/node.ts";
import type { Value } from "../ir/types.ts";
import { build_program, form_key } from "../isa/program.ts";
import type { Decoded } from "../isa/op.ts";
import { EXIT, STATE, V_BASE } from "../state.ts";
import type { Engine } from "./engine.ts";
import { fetch_insn, it_advance, reads_pc } from "./fetch.ts";

/** How an instruction ended. */
type Flow = "next" | "branched" | "left";

/** The access bits of a memory micro-op, for the memory system. */
export function access_bits(options: AccessOptions): number {
  return (options.unprivileged ? ACCESS.unprivileged : 0) |
    (options.aligned ? ACCESS.aligned : 0) | ((options.element ?? 0) * ACCESS.bytes);
}

/** Whether a condition code holds for the flags in `cpu`. */
export function condition_holds(cpu: Cpu, cond: number): boolean {
  const n = cpu.get(STATE.nf) < 0, z = cpu.get(STATE.zf) === 0;
  const c = cpu.get(STATE.cf) !== 0, v = cpu.get(STATE.vf) < 0;
  const base = [z, c, n, v, c && !z, n === v, n === v && !z, true][cond >> 1]!;
  return cond < 14 && (cond & 1) === 1 ? !base : base;
}

/** Evaluates programs in plain TypeScript. Slow, and the measure for the other engines. */
export class ReferenceEngine implements Engine {
  readonly name = "reference";
  readonly #cpu: Cpu;
  readonly #programs = new Map<string, Program>();

  /** An engine for `cpu`. */
  constructor(cpu: Cpu) {
    this.#cpu = cpu;
  }

  flush_tlb(): void {}
  flush_tlb_page(_va: number, _tag: number): void {}
  page_written(_pa_page: number, _offset: number, _length: number): void {}

  run(): void {
    const cpu = this.#cpu;
    while (cpu.get(STATE.exit) === EXIT.none && cpu.get(STATE.budget) > 0) this.step();
  }

  step(): void {
    const cpu = this.#cpu;
    const pc = cpu.get(STATE.pc);
    const thumb = cpu.get(STATE.thumb) !== 0;
    const itstate = cpu.get(STATE.itstate);
    const fetched = fetch_insn(cpu, pc, thumb, itstate);
    if (!fetched) return;
    const { insn, size } = fetched;
    let flow: Flow = "next";
    const next_it = insn.decoded.op.name === "it"
      ? (insn.decoded.operands.firstcond! << 4) | insn.decoded.operands.mask!
      : it_advance(itstate);
    if (condition_holds(cpu, insn.cond)) {
      if (reads_pc(insn)) cpu.set_reg(15, pc + (thumb ? 4 : 8));
      flow = this.execute(insn.decoded);
    }
    const exit = cpu.get(STATE.exit);
    if (exit === EXIT.exception || exit === EXIT.mmio) return;
    cpu.i64[STATE.insn_count.address >> 3]!++;
    cpu.set(STATE.budget, cpu.get(STATE.budget) - 1);
    if (exit === EXIT.jump) return;
    if (flow === "branched") {
      cpu.set(STATE.itstate, 0);
    } else {
      cpu.set(STATE.pc, pc + size);
      cpu.set(STATE.itstate, next_it);
    }
  }

  /** Executes one decoded instruction's program. STATE.pc is its address. */
  execute(decoded: Decoded): Flow {
    const key = form_key(decoded.op, decoded.statics);
    let program = this.#programs.get(key);
    if (!program) {
      program = build_program(decoded.op, decoded.statics);
      this.#programs.set(key, program);
    }
    return new Evaluation(this.#cpu, decoded).block(program.nodes);
  }
}

/** One run of one program. */
class Evaluation {
  readonly #cpu: Cpu;
  readonly #decoded: Decoded;
  readonly #values: Value[] = [];
  readonly #variables: Value[] = [];

  constructor(cpu: Cpu, decoded: Decoded) {
    this.#cpu = cpu;
    this.#decoded = decoded;
  }

  block(nodes: readonly Node[]): Flow {
    for (const node of nodes) {
      const flow = this.#node(node);
      if (flow !== "next") return flow;
    }
    return "next";
  }

  #value(node: Node): Value {
    if (node.k === "const") return node.value;
    if (node.k === "operand") return this.#decoded.operands[node.name]! | 0;
    return this.#values[node.id]!;
  }
  #i32(node: Node): number {
    return this.#value(node) as number;
  }

  #node(node: Node): Flow {
    const cpu = this.#cpu;
    switch (node.k) {
      case "pure":
        this.#values[node.id] = node.op.eval(node.args.map((a) => this.#value(a)), node.imm);
        return "next";
      case "get_reg":
        this.#values[node.id] = cpu.reg(this.#i32(node.index) & 15);
        return "next";
      case "set_reg":
        cpu.set_reg(this.#i32(node.index) & 15, this.#i32(node.value));
        return "next";
      case "get":
        this.#values[node.id] = node.field.type === "i32"
          ? cpu.get(node.field)
          : cpu.i64[node.field.address >> 3]!;
        return "next";
      case "set":
        if (node.field.type === "i32") cpu.set(node.field, this.#i32(node.value));
        else cpu.i64[node.field.address >> 3] = this.#value(node.value) as bigint;
        return "next";
      case "holds":
        this.#values[node.id] = condition_holds(cpu, node.cc) ? 1 : 0;
        return "next";
      case "flags":
        this.#set_flags(node);
        return "next";
      case "get_v":
        this.#values[node.id] = read_v(cpu, this.#v_address(node), node.access);
        return "next";
      case "set_v":
        write_v(cpu, this.#v_address(node), node.access, this.#value(node.value));
        return "next";
      case "load":
        this.#values[node.id] = this.#load(node);
        return this.#stay();
      case "store":
        this.#store(node);
        return this.#stay();
      case "probe":
        cpu.mem.probe(this.#i32(node.address), this.#i32(node.length), node.write);
        return this.#stay();
      case "window":
        this.#values[node.id] = 0;
        return "next";
      case "range":
        this.#values[node.id] = 1;
        return "next";
      case "direct_load":
      case "direct_store":
        throw new TypeError("no memory is accessed directly here");
      case "compare_exchange":
        this.#values[node.id] = this.#compare_exchange(node) ? 1 : 0;
        return this.#stay();
      case "call": {
        const result = node.helper.run(cpu, ...node.args.map((a) => this.#value(a)));
        if (node.ty === "i32") this.#values[node.id] = (result as number) | 0;
        else if (node.ty === "i64") this.#values[node.id] = BigInt.asIntN(64, result as bigint);
        else if (node.ty) this.#values[node.id] = result as Value;
        return node.helper.exits ? this.#stay() : "next";
      }
      case "guard": {
        const { field, mask, wants } = node.guard;
        if (((cpu.get(field) & mask) !== 0) === (wants === "set")) return "next";
        node.helper.run(cpu);
        return this.#stay();
      }
      case "pc":
        this.#values[node.id] = cpu.get(STATE.pc);
        return "next";
      case "branch":
        cpu.set(STATE.pc, cpu.get(STATE.pc) + this.#i32(node.offset));
        return "branched";
      case "branch_to":
        this.#branch_to(this.#i32(node.address), node.exchange);
        return "branched";
      case "leave":
        return "left";
      case "var_new":
      case "var_set":
        this.#variables[node.variable.id] = this.#value(node.value);
        return "next";
      case "var_get":
        this.#values[node.id] = this.#variables[node.variable.id]!;
        return "next";
      case "if":
        return this.block(this.#i32(node.condition) !== 0 ? node.then : node.otherwise);
      case "loop":
        for (;;) {
          const flow = this.block(node.body);
          if (flow !== "next") return flow;
          if (this.#i32(node.condition) === 0) return "next";
        }
      case "const":
      case "operand":
        return "next";
    }
  }

  #set_flags(node: Node & { k: "flags" }): void {
    const cpu = this.#cpu;
    const x = this.#i32(node.x), y = this.#i32(node.y), result = this.#i32(node.result);
    const add = node.kind === "add";
    cpu.set(STATE.nf, result);
    cpu.set(STATE.zf, result);
    cpu.set(STATE.cf, (add ? result >>> 0 < x >>> 0 : x >>> 0 >= y >>> 0) ? 1 : 0);
    cpu.set(STATE.vf, (x ^ result) & (add ? y ^ result : x ^ y));
  }

  #stay(): Flow {
    return this.#cpu.get(STATE.exit) === EXIT.none ? "next" : "left";
  }

  #v_address(node: Node & { k: "get_v" | "set_v" }): number {
    const scale = node.index.k === "operand" ? OPERAND_KINDS[node.index.kind].scale : 1;
    return V_BASE + this.#i32(node.index) * scale + node.disp;
  }

  #load(node: Node & { k: "load" }): Value {
    const mem = this.#cpu.mem, address = this.#i32(node.address), bits = access_bits(node.options);
    if (node.width === 8) return BigInt.asIntN(64, mem.load64(address, bits));
    const value = mem.load(address, node.width, bits);
    if (!node.options.signed) return value | 0;
    return node.width === 1 ? value << 24 >> 24 : node.width === 2 ? value << 16 >> 16 : value | 0;
  }

  #store(node: Node & { k: "store" }): void {
    const mem = this.#cpu.mem, address = this.#i32(node.address), bits = access_bits(node.options);
    if (node.width === 8) mem.store64(address, this.#value(node.value) as bigint, bits);
    else mem.store(address, node.width, this.#i32(node.value), bits);
  }

  #compare_exchange(node: Node & { k: "compare_exchange" }): boolean {
    const { width } = node, bits = width * 8;
    const unsigned = (n: Node): bigint => BigInt.asUintN(bits, BigInt(this.#value(n) as bigint));
    return this.#cpu.mem.compare_exchange(
      this.#i32(node.address),
      width,
      unsigned(node.expected),
      unsigned(node.value),
    );
  }

  #branch_to(address: number, exchange: boolean): void {
    const cpu = this.#cpu;
    if (exchange) cpu.set(STATE.thumb, address & 1);
    cpu.set(STATE.pc, address & (cpu.get(STATE.thumb) !== 0 ? ~1 : ~3));
  }
}

/** Reads the V register file as a V access does. */
function read_v(cpu: Cpu, at: number, access: VAccess): Value {
  switch (access) {
    case "i32":
      return cpu.i32[at >> 2]!;
    case "i64":
      return cpu.i64[at >> 3]!;
    case "f32":
      return cpu.f32[at >> 2]!;
    case "f64":
      return cpu.f64[at >> 3]!;
    case "v128":
      return cpu.u8.slice(at, at + 16);
    case "i64x2": {
      const both = new Uint8Array(16);
      both.set(cpu.u8.subarray(at, at + 8));
      both.copyWithin(8, 0, 8);
      return both;
    }
    case "u8":
      return cpu.u8[at]!;
    case "s8":
      return cpu.u8[at]! << 24 >> 24;
    case "u16":
      return cpu.u16[at >> 1]!;
    case "s16":
      return cpu.u16[at >> 1]! << 16 >> 16;
  }
}

function write_v(cpu: Cpu, at: number, access: VAccess, value: Value): void {
  switch (access) {
    case "i32":
      cpu.i32[at >> 2] = value as number;
      break;
    case "i64":
      cpu.i64[at >> 3] = value as bigint;
      break;
    case "f32":
      cpu.f32[at >> 2] = value as number;
      break;
    case "f64":
      cpu.f64[at >> 3] = value as number;
      break;
    case "v128":
      cpu.u8.set(value as Uint8Array, at);
      break;
    case "i64x2":
      cpu.u8.set((value as Uint8Array).subarray(0, 8), at);
      break;
    case "u8":
    case "s8":
      cpu.u8[at] = value as number;
      break;
    case "u16":
    case "s16":
      cpu.u16[at >> 1] = value as number;
      break;
  }
}
