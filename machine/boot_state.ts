import { core_reg_id, type Vcpu } from "../hypervisor/mod.ts";

/** Where and with what the boot CPU begins. */
export interface BootState {
  /** Physical address of the first instruction. */
  readonly entry: number;
  /** Whether it is a T32 one. */
  readonly thumb?: boolean;
  /** Values of r0 to r12 by number; those not given are 0. */
  readonly registers: readonly (readonly [register: number, value: number])[];
}

/** Words of `struct kvm_regs` that hold the PC and the CPSR; r0 to r14 are at their numbers. */
const PC = 15;
const CPSR = 16;

/** Supervisor mode with asynchronous aborts, IRQs and FIQs masked; Linux's booting.rst asks so. */
const SVC_MASKED = 0x1d3;
const CPSR_T = 0x20;

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
  // The mode first: it chooses the bank that the others go to.
  set(CPSR, SVC_MASKED | (state.thumb ? CPSR_T : 0));
  for (let register = 0; register <= 12; register++) set(register, values.get(register) ?? 0);
  set(PC, state.thumb ? state.entry & ~1 : state.entry);
}
