import { HypervisorError } from "../hypervisor/mod.ts";
import { EXIT, type Field, MEM, STATE, V_BASE } from "./state.ts";
import type { System } from "./system/system.ts";

/** An exception that an instruction raised and that is to be taken. */
export type PendingException =
  | { kind: "undefined" }
  | { kind: "svc" }
  | { kind: "hvc"; imm: number }
  | { kind: "smc"; imm: number }
  | { kind: "bkpt" }
  | { kind: "prefetch_abort"; address: number; status: number }
  | { kind: "data_abort"; address: number; status: number };

/** An access to a physical address that is not RAM. */
export interface MmioAccess {
  /** Guest physical address, up to 40 bits. */
  address: number;
  /** Bytes: 1, 2 or 4. */
  size: number;
  is_write: boolean;
  /** Little-endian, in the first `size` bytes. */
  readonly data: DataView;
}

/**
 * How the memory helpers are told what kind of access it is; bits. With one of `bytes`, `halfwords`
 * and `words` it stands for several accesses of that width, which need only be aligned themselves.
 */
export const ACCESS = { unprivileged: 1, aligned: 2, bytes: 4, halfwords: 8, words: 16 } as const;

/** The width that must be aligned in an access of `width` bytes. */
export function alignment_of(width: number, access: number): number {
  const element = access >> 2;
  return element === 0 ? width : element;
}

/** What the engines and helpers need of the memory system. Addresses are virtual, unsigned or signed. */
export interface MemorySystem {
  /** Loads `width` (1, 2, 4) bytes, zero-extended. On a fault or MMIO it sets STATE.exit, returns 0. */
  load(address: number, width: number, access: number): number;
  /** Loads 8 bytes (two words for MMIO and faults: single-copy atomic only when aligned). */
  load64(address: number, access: number): bigint;
  /** Stores the low `width` bytes of `value`. */
  store(address: number, width: number, value: number, access: number): void;
  /** Stores 8 bytes. */
  store64(address: number, value: bigint, access: number): void;
  /** See Builder.probe. */
  probe(address: number, length: number, write: boolean): void;
  /**
   * Compares `width` (1, 2, 4, 8) bytes at an address that LDREX has loaded and stores `value` when
   * they equal `expected`, atomically; whether it stored.
   */
  compare_exchange(address: number, width: number, expected: bigint, value: bigint): boolean;
  /**
   * Physical address of the page that holds code address `address`, always RAM; or undefined after
   * raising a prefetch abort.
   */
  fetch_page(address: number): number | undefined;
  /** log2 of the size of what the last {@link fetch_page} found mapped as one: 12 for a page. */
  fetched_log2(): number;
  /**
   * Code of the RAM page at physical address `pa_page` is about to be kept decoded: a store to it must
   * reach `CodeCache.page_written` first.
   */
  protect_page(pa_page: number): void;
}

/** One ARM vCPU: views of its memory, and what its parts tell each other. */
export class Cpu {
  /** The whole WebAssembly memory. */
  readonly memory: WebAssembly.Memory;
  readonly u8: Uint8Array;
  readonly u16: Uint16Array;
  readonly i32: Int32Array;
  readonly u32: Uint32Array;
  readonly i64: BigInt64Array;
  readonly f32: Float32Array;
  readonly f64: Float64Array;
  /** The exception that goes with EXIT.exception. */
  pending: PendingException | undefined;
  /** Physical address of the first byte of guest RAM. */
  ram_base = 0x4000_0000;
  /** The access that goes with EXIT.mmio. */
  readonly mmio: MmioAccess = {
    address: 0,
    size: 0,
    is_write: false,
    data: new DataView(new ArrayBuffer(8)),
  };
  /** Set by the system when it is put together. */
  mem!: MemorySystem;
  /** The system level: modes, MMU, coprocessor registers. Set when it is put together. */
  system!: System;
  /** Level of the IRQ input. Drive it with {@link set_lines}. */
  irq_line = false;
  /** Level of the FIQ input. */
  fiq_line = false;
  /** The event register: SEV sets it, WFE takes it. */
  event = false;
  /** With EXIT.wait: it was WFE, which must not wait long. */
  wait_for_event = false;

  /** A CPU over `memory`; its state is all zero. */
  constructor(memory: WebAssembly.Memory) {
    this.memory = memory;
    const buffer = memory.buffer;
    this.u8 = new Uint8Array(buffer);
    this.u16 = new Uint16Array(buffer);
    this.i32 = new Int32Array(buffer);
    this.u32 = new Uint32Array(buffer);
    this.i64 = new BigInt64Array(buffer);
    this.f32 = new Float32Array(buffer);
    this.f64 = new Float64Array(buffer);
  }

  /** A 32-bit state field, signed. */
  get(field: Field): number {
    return this.i32[field.address >> 2]!;
  }
  /** Writes a 32-bit state field. */
  set(field: Field, value: number): void {
    this.i32[field.address >> 2] = value;
  }
  /** General register `index` of the current mode, signed. r15 is not kept here. */
  reg(index: number): number {
    return this.i32[(STATE.r.address >> 2) + index]!;
  }
  /** Writes a general register. */
  set_reg(index: number, value: number): void {
    this.i32[(STATE.r.address >> 2) + index] = value;
  }
  /** Word `index` (S0..S63: D31 is words 62 and 63) of the V register file, signed. */
  vword(index: number): number {
    return this.i32[(V_BASE >> 2) + index]!;
  }
  /** Writes a word of the V register file. */
  set_vword(index: number, value: number): void {
    this.i32[(V_BASE >> 2) + index] = value;
  }
  /** D register `index`. */
  dreg(index: number): bigint {
    return this.i64[(V_BASE >> 3) + index]!;
  }
  /** Writes a D register. */
  set_dreg(index: number, value: bigint): void {
    this.i64[(V_BASE >> 3) + index] = value;
  }

  /** Where the RAM page at physical address `pa_page` lies in the WebAssembly memory. */
  code_address(pa_page: number): number {
    return pa_page - this.ram_base + MEM.guest_ram;
  }

  /** Drives the interrupt inputs. The engine leaves at the next taken branch when one rises. */
  set_lines(irq: boolean, fiq: boolean): void {
    if ((irq && !this.irq_line) || (fiq && !this.fiq_line)) this.set(STATE.budget, 0);
    this.irq_line = irq;
    this.fiq_line = fiq;
  }

  /** Makes the current instruction end in an exception. The first one raised counts. */
  raise(exception: PendingException): void {
    if (this.get(STATE.exit) === EXIT.exception) return;
    this.pending = exception;
    this.set(STATE.exit, EXIT.exception);
  }
}

/**
 * A shared memory of 4 GiB, lazily committed by the host, in which `ram_size` bytes of RAM fit.
 *
 * @throws {HypervisorError} ENOMEM, where the host does not give a process as many addresses.
 */
export function new_cpu_memory(ram_size: number): WebAssembly.Memory {
  const pages = 65536;
  if (ram_size > pages * 65536 - MEM.guest_ram) {
    throw new RangeError(`Cannot hold ${ram_size} bytes of guest RAM`);
  }
  try {
    return new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true });
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new HypervisorError(
      "KVM_CREATE_VM",
      "ENOMEM",
      "the host does not let it reserve 4 GiB of addresses; see ulimit -v, ulimit -d and " +
        "vm.overcommit_memory",
    );
  }
}
