import { ARM64_CORE, core_reg_id, type Vcpu, x_reg_id } from "../hypervisor/mod.ts";

/** Where and with what the boot CPU begins. */
export interface BootState {
  /** Physical address of the first instruction. */
  readonly entry: number;
  /** Whether it is a T32 one. */
  readonly thumb?: boolean;
  /** Whether the boot CPU begins in AArch64; the registers are then X0 to X12. */
  readonly arm64?: boolean;
  /** Values of r0 to r12 by number; those not given are 0. */
  readonly registers: readonly (readonly [register: number, value: number])[];
}

/** Words of `struct kvm_regs` that hold the PC and the CPSR; r0 to r14 are at their numbers. */
const PC = 15;
const CPSR = 16;

/** Supervisor mode with asynchronous aborts, IRQs and FIQs masked; Linux's booting.rst asks so. */
const SVC_MASKED = 0x1d3;
const CPSR_T = 0x20;
/** EL1 with its own stack pointer; debug exceptions, SErrors, IRQs and FIQs masked. */
const EL1H_MASKED = 0x3c5n;

/**
 * Writes the registers of a vCPU that is fresh from `init`.
 *
 * @throws {RangeError} for registers other than r0 to r12.
 */
export function write_boot_state(vcpu: Vcpu, state: BootState): void {
  const set = (word: number, value: number): void =>
    vcpu.set_reg(core_reg_id(word), BigInt(value >>> 0));
  const values = new Map(state.registers);
  for (const register of values.keys()) {
    if (!(Number.isInteger(register) && register >= 0 && register <= 12)) {
      throw new RangeError(`Cannot boot with r${register} set: only r0 to r12 can be`);
    }
  }
  if (state.arm64) return write_arm64(vcpu, state, values);
  // The mode first: it chooses the bank that the others go to.
  set(CPSR, SVC_MASKED | (state.thumb ? CPSR_T : 0));
  for (let register = 0; register <= 12; register++) set(register, values.get(register) ?? 0);
  set(PC, state.thumb ? state.entry & ~1 : state.entry);
}

function write_arm64(
  vcpu: Vcpu,
  { entry }: BootState,
  values: ReadonlyMap<number, number>,
): void {
  vcpu.set_reg(ARM64_CORE.pstate, EL1H_MASKED);
  for (let register = 0; register <= 12; register++) {
    vcpu.set_reg(x_reg_id(register), BigInt((values.get(register) ?? 0) >>> 0));
  }
  vcpu.set_reg(ARM64_CORE.pc, BigInt(entry));
}
