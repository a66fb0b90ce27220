/**
 * A Cpu without a system around it, for tests of instructions: flat memory, no MMU.
 *
 * @module
 */
import { Cpu, type MemorySystem, new_cpu_memory } from "../cpu.ts";
import { ACCESS } from "../cpu.ts";
import { EXIT, MEM, STATE } from "../state.ts";

/** Flat little-endian memory: RAM at 0x4000_0000; anything else is a data abort. */
class FlatMemory implements MemorySystem {
  readonly #cpu: Cpu;
  readonly #size: number;

  constructor(cpu: Cpu, size: number) {
    this.#cpu = cpu;
    this.#size = size;
  }

  #at(address: number, width: number, aligned: boolean): number {
    const offset = (address >>> 0) - this.#cpu.ram_base;
    const bad = aligned && ((address & (Math.min(width, 8) - 1)) !== 0);
    if (bad || offset < 0 || offset + width > this.#size) {
      this.#cpu.raise({ kind: "data_abort", address, status: bad ? 1 : 5 });
      return -1;
    }
    return MEM.guest_ram + offset;
  }

  load(address: number, width: number, access: number): number {
    const at = this.#at(address, width, (access & ACCESS.aligned) !== 0);
    if (at < 0) return 0;
    const u8 = this.#cpu.u8;
    let value = 0;
    for (let i = width - 1; i >= 0; i--) value = (value << 8) | u8[at + i]!;
    return value;
  }
  load64(address: number, access: number): bigint {
    const at = this.#at(address, 8, (access & ACCESS.aligned) !== 0);
    if (at < 0) return 0n;
    return (BigInt(this.load(address + 4, 4, 0) >>> 0) << 32n) |
      BigInt(this.load(address, 4, 0) >>> 0);
  }
  store(address: number, width: number, value: number, access: number): void {
    const at = this.#at(address, width, (access & ACCESS.aligned) !== 0);
    if (at < 0) return;
    for (let i = 0; i < width; i++) this.#cpu.u8[at + i] = value >>> (8 * i);
  }
  store64(address: number, value: bigint, access: number): void {
    const at = this.#at(address, 8, (access & ACCESS.aligned) !== 0);
    if (at < 0) return;
    this.store(address, 4, Number(BigInt.asIntN(32, value)), 0);
    this.store(address + 4, 4, Number(BigInt.asIntN(32, value >> 32n)), 0);
  }
  probe(address: number, length: number, _write: boolean): void {
    this.#at(address, length, false);
  }
  compare_exchange(address: number, width: number, expected: bigint, value: bigint): boolean {
    const old = width === 8 ? this.load64(address, 0) : BigInt(this.load(address, width, 0) >>> 0);
    const bits = width * 8;
    if (BigInt.asUintN(bits, old) !== BigInt.asUintN(bits, expected)) return false;
    if (width === 8) this.store64(address, value, 0);
    else this.store(address, width, Number(BigInt.asIntN(32, value)), 0);
    return true;
  }
  fetch_page(address: number): number | undefined {
    const page = (address & ~0xfff) >>> 0;
    if (page - this.#cpu.ram_base >= 0 && page - this.#cpu.ram_base < this.#size) return page;
    this.#cpu.raise({ kind: "prefetch_abort", address, status: 5 });
    return undefined;
  }
  fetched_log2(): number {
    return 12;
  }
  protect_page(_pa_page: number): void {}
}

let shared: WebAssembly.Memory | undefined;

/**
 * A Cpu in User mode with `size` bytes of RAM at 0x4000_0000, VFP on, page maps all-miss: every access
 * reaches the flat memory. The WebAssembly memory is shared by all Cpus made here; the state is cleared.
 */
export function flat_cpu(size: number = 0x10_0000): Cpu {
  shared ??= new_cpu_memory(size);
  const cpu = new Cpu(shared);
  cpu.u8.fill(0, MEM.state, MEM.state + 0x2000);
  cpu.u8.fill(0, MEM.code_tlb, MEM.code_tlb + 8 * MEM.code_tlb_entries);
  cpu.u8.fill(0, MEM.guest_ram, MEM.guest_ram + size);
  cpu.u8.fill(0, MEM.maps, MEM.maps + 2 * MEM.map_bytes);
  for (const map of ["map", "user_map"] as const) cpu.set(STATE[map], MEM.maps);
  cpu.set(STATE.cpsr, 0x10);
  cpu.set(STATE.fp_enabled, 1);
  cpu.set(STATE.simd_enabled, 1);
  cpu.mem = new FlatMemory(cpu, size);
  return cpu;
}

/** Puts instruction words (halfwords for Thumb) at `address` and points the Cpu there. */
export function place_code(
  cpu: Cpu,
  code: readonly number[],
  options: { thumb?: boolean; address?: number } = {},
): void {
  const address = options.address ?? 0x4000_1000;
  const at = cpu.code_address(address);
  code.forEach((word, i) => {
    if (options.thumb) cpu.u16[(at >>> 1) + i] = word;
    else cpu.u32[(at >>> 2) + i] = word;
  });
  cpu.set(STATE.pc, address);
  cpu.set(STATE.thumb, options.thumb ? 1 : 0);
  cpu.set(STATE.itstate, 0);
  cpu.set(STATE.exit, EXIT.none);
  cpu.set(STATE.budget, 1_000_000);
}
