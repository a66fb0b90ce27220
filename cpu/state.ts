/**
 * Where the software core keeps a vCPU's state in the WebAssembly memory, as one table.
 *
 * Generated code, the reference engine and the system code all go by these byte offsets.
 *
 * @module
 */

/** Size in bytes of one WebAssembly page. */
export const WASM_PAGE = 65536;

/**
 * Regions of the WebAssembly memory, byte addresses.
 *
 * ```
 * 0x0000_0000  unused: address 0 is never valid
 * 0x0000_1000  CPU state
 * 0x0000_2000  scratch records: single steps, instructions that straddle pages
 * 0x0000_3000  by 2 MiB of virtual memory: a byte, not zero when Device memory may be mapped there
 * 0x0000_4000  cells: the pages that accesses of translated code came to last
 * 0x0002_0000  targets of indirect branches: 1024 entries of 64 bytes
 * 0x0004_0000  code TLB: 32768 entries of {tag, record page}
 * 0x0008_0000  mailbox: hot places, translations
 * 0x0010_0000  record pages: predecoded instructions
 * 0x0810_0000  page maps: map_contexts times {read map, write map}, 4 MiB each
 * 0x3000_0000  guest RAM
 * ```
 */
export const MEM = {
  state: 0x1000,
  scratch: 0x2000,
  near_device: 0x3000,
  /** Not zero: some cell has a page. */
  cells_used: 0x3ffc,
  cells: 0x4000,
  /** How many, of {page, its page map's word}; as many for writing follow. */
  cell_count: 16,
  write_cells: 16 * 8,
  code_tlb: 0x4_0000,
  code_tlb_entries: 32768,
  branch_targets: 0x2_0000,
  branch_target_entries: 1024,
  mailbox: 0x8_0000,
  mailbox_end: 0x10_0000,
  records: 0x10_0000,
  records_end: 0x800_0000,
  maps: 0x810_0000,
  map_bytes: 0x40_0000,
  map_contexts: 65,
  guest_ram: 0x3000_0000,
} as const;

/**
 * A page map's word plus a virtual address plus this is where the byte lies in the memory. Both ends are
 * pages, so words are odd where there is something, and what is zero is a miss; the addition is free, as
 * the offset of a WebAssembly access.
 */
export const MAP_BIAS = 1;

/** Type of a state field. */
export type FieldType = "i32" | "i64";

/** A named place in the CPU state. */
export interface Field {
  /** Name, for dumps. */
  readonly name: string;
  /** Byte address in the WebAssembly memory. */
  readonly address: number;
  /** How wide it is. */
  readonly type: FieldType;
}

let next = MEM.state;
function place(name: string, type: FieldType = "i32", count = 1): Field {
  const size = type === "i32" ? 4 : 8;
  next = Math.ceil(next / size) * size;
  const field = { name, address: next, type };
  next += size * count;
  return field;
}

/** Every field of the CPU state. Array fields give their first element. */
export const STATE = {
  /** r0..r15 of the current mode; r15 holds a value only where an instruction asked for it. */
  r: place("r", "i32", 16),
  /** N is bit 31 of this word. */
  nf: place("nf"),
  /** Z is set when this word is zero. */
  zf: place("zf"),
  /** C, 0 or 1. */
  cf: place("cf"),
  /** V is bit 31 of this word. */
  vf: place("vf"),
  /**
   * Operands of a comparison from which translated code makes flags when it leaves, and which: N, Z, C
   * and V in bits 3:0, bit 4 for an addition in place of a subtraction. 0 anywhere else.
   */
  lazy_x: place("lazy_x"),
  lazy_y: place("lazy_y"),
  lazy_kind: place("lazy_kind"),
  /** Q, 0 or 1. */
  qf: place("qf"),
  /** GE[3:0]. */
  ge: place("ge"),
  /** CPSR without NZCVQ, GE, IT and T: J, E, A, I, F and the mode in place. */
  cpsr: place("cpsr"),
  /** T, 0 or 1. Changes only where control flow leaves the current record page. */
  thumb: place("thumb"),
  /** ITSTATE at entry; while records run, the record page's side table has it. */
  itstate: place("itstate"),
  /** SPSR of the current mode. */
  spsr: place("spsr"),
  /** Address of the current instruction when no record page is entered. */
  pc: place("pc"),
  /** Virtual address of the page that the current record page stands for. */
  pc_page: place("pc_page"),
  /** The record at which the engine stopped. */
  rec: place("rec"),
  /** The record of the last access in translated code that the page maps could not do. */
  missed: place("missed"),
  /** Not zero: translated code has been dropped, perhaps that which is running. */
  code_changed: place("code_changed"),
  /** How many there were. */
  misses: place("misses"),
  /** The record of the last access in translated code that came to another page than its cell has. */
  stray: place("stray"),
  /** How many there were. */
  strays: place("strays"),
  /** Instructions left before the engine returns, at a taken branch; anyone may zero it. */
  budget: place("budget"),
  /** Non-zero: leave the engine now; one of EXIT. */
  exit: place("exit"),
  /** Non-zero: VFP and Advanced SIMD instructions execute (CPACR and FPEXC.EN allow). */
  fp_enabled: place("fp_enabled"),
  /** Non-zero: Advanced SIMD data processing executes too (CPACR.ASEDIS clear). */
  simd_enabled: place("simd_enabled"),
  /** FPSCR without NZCV, QC and the cumulative flags: AHP, DN, FZ, RMode, Stride, Len, enables. */
  fpscr: place("fpscr"),
  /** One of `FP_CASE`, which follows from `fpscr` and `fp_flags` (see `fpscr.ts`). */
  fp_case: place("fp_case"),
  /** FPSCR.NZCV, in bits 31:28. */
  fp_nzcv: place("fp_nzcv"),
  /** Cumulative flags: IOC 0, DZC 1, OFC 2, UFC 3, IXC 4, IDC 7. */
  fp_flags: place("fp_flags"),
  /** FPSCR.QC, 0 or non-zero. */
  fp_qc: place("fp_qc"),
  /** Byte address of the current context's read map; its write map is `MEM.map_bytes` further on. */
  map: place("map"),
  /** The same for unprivileged (LDRT, STRT) accesses. */
  user_map: place("user_map"),
  /** Not zero: accesses that are not aligned fault (SCTLR.A). */
  strict_alignment: place("strict_alignment"),
  /** An even number for the current context: with T it makes bits 11:0 of code TLB tags. */
  code_tag: place("code_tag"),
  /** Exclusive monitor: 1 when open. */
  excl_open: place("excl_open"),
  /** Exclusive monitor: virtual address. */
  excl_address: place("excl_address"),
  /** Exclusive monitor: size in bytes. */
  excl_size: place("excl_size"),
  /** Exclusive monitor: the value loaded. */
  excl_value: place("excl_value", "i64"),
  /** TPIDRURW, TPIDRURO, TPIDRPRW. */
  tpidrurw: place("tpidrurw"),
  tpidruro: place("tpidruro"),
  tpidrprw: place("tpidrprw"),
  /** Not zero: some thread wants `Vcpu.run()` to return. */
  kick: place("kick"),
  /** Instructions executed since reset. */
  insn_count: place("insn_count", "i64"),
  /** Those of {@link insn_count} that the interpreter executed, or with which it entered a region. */
  interpreted: place("interpreted", "i64"),
  /**
   * The VFP/NEON register file: 32 double registers. S and Q registers overlay it. 16 more carry
   * what helpers take and give but cannot pass.
   */
  v: place("v", "i64", 50),
} satisfies Record<string, Field>;

/** Byte address of V registers, 16-byte aligned for v128 accesses. */
export const V_BASE: number = (STATE.v.address + 15) & ~15;

/** Why generated code came back, in `STATE.exit`. */
export const EXIT = {
  /** Nothing special: the budget ran out. */
  none: 0,
  /** An exception is pending in `Cpu.pending`. */
  exception: 1,
  /** An MMIO access waits for the caller. */
  mmio: 2,
  /** WFI or WFE. The instruction completed. */
  wait: 3,
  /** The instruction completed; the caller must look at interrupts or the context, then go on. */
  resume: 4,
  /** A system event (PSCI off, reset). The instruction completed. */
  system: 5,
  /** The instruction completed and has set `pc`, `thumb` and `itstate` itself. */
  jump: 6,
} as const;

/** Exit kinds at which the instruction did not happen. */
export function is_abandoned(exit: number): boolean {
  return exit === EXIT.exception || exit === EXIT.mmio;
}

/** The condition flags: N, Z, C, V. */
export const FLAGS: readonly Field[] = [STATE.nf, STATE.zf, STATE.cf, STATE.vf];

/** One byte of `MEM.state`'s page is never passed. */
if (next > MEM.state + 0x1000) throw new RangeError("the CPU state outgrew its page");
