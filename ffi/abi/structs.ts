/**
 * The structs of Linux's KVM interface (uapi `linux/kvm.h` and arm64 `asm/kvm.h`), as tables.
 *
 * @module
 */
import { layout } from "./layout.ts";

/** Where the union of `struct kvm_run` begins: its arms are laid out from here. */
export const KVM_RUN_UNION = 32;

/** Structs by name, without their `struct`. */
export const STRUCTS = {
  kvm_vcpu_init: layout({ target: "u32", features: ["u32", 7] }),
  kvm_one_reg: layout({ id: "u64", addr: "u64" }),
  /** Followed by `n` ids. */
  kvm_reg_list: layout({ n: "u64" }),
  kvm_userspace_memory_region: layout({
    slot: "u32",
    flags: "u32",
    guest_phys_addr: "u64",
    memory_size: "u64",
    userspace_addr: "u64",
  }),
  kvm_create_device: layout({ type: "u32", fd: "u32", flags: "u32" }),
  kvm_device_attr: layout({ flags: "u32", group: "u32", attr: "u64", addr: "u64" }),
  kvm_irq_level: layout({ irq: "u32", level: "u32" }),
  kvm_irqfd: layout({
    fd: "u32",
    gsi: "u32",
    flags: "u32",
    resamplefd: "u32",
    pad: ["u8", 16],
  }),
  kvm_ioeventfd: layout({
    datamatch: "u64",
    addr: "u64",
    len: "u32",
    fd: "i32",
    flags: "u32",
    pad: ["u8", 36],
  }),
  kvm_guest_debug_arch: layout({
    dbg_bcr: ["u64", 16],
    dbg_bvr: ["u64", 16],
    dbg_wcr: ["u64", 16],
    dbg_wvr: ["u64", 16],
  }),
  kvm_guest_debug: layout({ control: "u32", pad: "u32", arch: ["u64", 64] }),
  kvm_vcpu_events: layout({
    "exception.serror_pending": "u8",
    "exception.serror_has_esr": "u8",
    "exception.ext_dabt_pending": "u8",
    "exception.pad": ["u8", 5],
    "exception.serror_esr": "u64",
    reserved: ["u32", 12],
  }),
  kvm_mp_state: layout({ mp_state: "u32" }),
  kvm_enable_cap: layout({ cap: "u32", flags: "u32", args: ["u64", 4], pad: ["u8", 64] }),
  /** Of which `regs` is a user_pt_regs and `fp_regs` a user_fpsimd_state. */
  kvm_regs: layout({
    "regs.regs": ["u64", 31],
    "regs.sp": "u64",
    "regs.pc": "u64",
    "regs.pstate": "u64",
    sp_el1: "u64",
    elr_el1: "u64",
    spsr: ["u64", 5],
    pad: "u64",
    "fp_regs.vregs": ["u64", 64],
    "fp_regs.fpsr": "u32",
    "fp_regs.fpcr": "u32",
    "fp_regs.__reserved": ["u32", 2],
  }),
} as const;

/** What comes before the union of `struct kvm_run`. */
export const KVM_RUN_HEAD = layout({
  request_interrupt_window: "u8",
  immediate_exit: "u8",
  padding1: ["u8", 6],
  exit_reason: "u32",
  ready_for_interrupt_injection: "u8",
  if_flag: "u8",
  flags: "u16",
  cr8: "u64",
  apic_base: "u64",
});

/** Arms of the union of `struct kvm_run`, with offsets from the start of the struct. */
export const KVM_RUN_ARMS = {
  fail_entry: layout({ hardware_entry_failure_reason: "u64", cpu: "u32" }, KVM_RUN_UNION),
  debug: layout({ "arch.hsr": "u32", "arch.hsr_high": "u32", "arch.far": "u64" }, KVM_RUN_UNION),
  mmio: layout(
    { phys_addr: "u64", data: ["u8", 8], len: "u32", is_write: "u8" },
    KVM_RUN_UNION,
  ),
  internal: layout({ suberror: "u32", ndata: "u32", data: ["u64", 16] }, KVM_RUN_UNION),
  system_event: layout({ type: "u32", ndata: "u32", data: ["u64", 16] }, KVM_RUN_UNION),
  arm_nisv: layout({ esr_iss: "u64", fault_ipa: "u64" }, KVM_RUN_UNION),
} as const;
