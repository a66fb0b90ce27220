import {
  core_reg_id,
  cp_reg64_id,
  cp_reg_id,
  HypervisorError,
  KVM_REG_ARM,
  KVM_REG_ARM_GROUP,
  KVM_REG_SIZE_U32,
  KVM_REG_SIZE_U64,
} from "../hypervisor/mod.ts";
import { get_fpscr, set_fpscr } from "./fpscr.ts";
import { STATE } from "./state.ts";
import type { CpRegister } from "./system/cp_row.ts";
import { MODE } from "./system/modes.ts";
import { PSCI_VERSION } from "./system/psci.ts";
import type { System } from "./system/system.ts";

/** A register with its ONE_REG id. */
interface OneReg {
  get(): bigint;
  set(value: bigint): void;
}

const u32 = (value: number): bigint => BigInt(value >>> 0);
const s32 = (value: bigint): number => Number(BigInt.asIntN(32, value));

/** Low halves of VFP system register ids (uapi asm/kvm.h). */
const VFP_SYSTEM = { FPSID: 0x1000, FPSCR: 0x1001, MVFR1: 0x1006, MVFR0: 0x1007, FPEXC: 0x1008 };

/** Banks of `struct kvm_regs` after the User registers: first word and mode. */
const BANKS = [[18, MODE.svc], [21, MODE.abt], [24, MODE.und], [27, MODE.irq], [
  35,
  MODE.fiq,
]] as const;
const PC = 15, CPSR = 16, ORIG_R0 = 17, FIQ_R8 = 30;

/** The registers of one vCPU by ONE_REG id: `struct kvm_regs`, CP14 and CP15, VFP, CCSIDR, PSCI. */
export class SoftOneRegs {
  readonly #system: System;
  readonly #regs = new Map<bigint, OneReg>();

  /** The registers of `system` as it is configured now. */
  constructor(system: System) {
    this.#system = system;
    this.#core();
    for (const r of system.cp.registers()) if (r.one_reg !== "hidden") this.#coprocessor(r);
    if (system.features.vfp_neon) this.#vfp();
    this.#demux();
    this.#firmware();
  }

  /** All ids. */
  ids(): bigint[] {
    return [...this.#regs.keys()];
  }

  /** A register's value. ENOENT. */
  get(id: bigint): bigint {
    return this.#find(id, "KVM_GET_ONE_REG").get();
  }

  /** Writes a register. ENOENT, EINVAL. */
  set(id: bigint, value: bigint): void {
    this.#find(id, "KVM_SET_ONE_REG").set(value);
  }

  #find(id: bigint, call: string): OneReg {
    const found = this.#regs.get(id);
    if (found !== undefined) return found;
    throw new HypervisorError(call, "ENOENT", `there is no register 0x${id.toString(16)}`);
  }

  #add(id: bigint, get: () => bigint, set: (value: bigint) => void): void {
    this.#regs.set(id, { get, set });
  }

  /** Invariant: writing what it is already is fine. */
  #fixed(id: bigint, name: string, get: () => bigint): void {
    this.#add(id, get, (value) => {
      if (value === get()) return;
      throw new HypervisorError(
        "KVM_SET_ONE_REG",
        "EINVAL",
        `${name} is 0x${get().toString(16)} in this vCPU and cannot become 0x${value.toString(16)}`,
      );
    });
  }

  #core(): void {
    const { modes, cpu } = this.#system;
    const word = (index: number, get: () => number, set: (value: number) => void): void =>
      this.#add(core_reg_id(index), () => u32(get()), (value) => set(s32(value)));
    for (let i = 0; i <= 14; i++) {
      word(i, () => modes.get_user_reg(i), (value) => modes.set_user_reg(i, value));
    }
    word(PC, () => cpu.get(STATE.pc), (value) => cpu.set(STATE.pc, value));
    word(CPSR, () => modes.get_cpsr(), (value) => {
      if (!modes.exists(value & 0x1f)) {
        const mode = (value & 0x1f).toString(16);
        throw new HypervisorError("KVM_SET_ONE_REG", "EINVAL", `CPSR has no mode 0x${mode}`);
      }
      modes.set_cpsr(value);
    });
    let orig_r0 = 0;
    word(ORIG_R0, () => orig_r0, (value) => orig_r0 = value);
    for (const [first, mode] of BANKS) {
      word(first, () => modes.get_banked_sp(mode), (v) => modes.set_banked_sp(mode, v));
      word(first + 1, () => modes.get_banked_lr(mode), (v) => modes.set_banked_lr(mode, v));
      word(first + 2, () => modes.get_banked_spsr(mode), (v) => modes.set_banked_spsr(mode, v));
    }
    for (let i = 8; i <= 12; i++) {
      word(FIQ_R8 + i - 8, () => modes.get_fiq_reg(i), (value) => modes.set_fiq_reg(i, value));
    }
  }

  #coprocessor(r: CpRegister): void {
    const system = this.#system;
    const wide = r.crn === undefined;
    const id = wide
      ? cp_reg64_id(r.cp, r.opc1, r.crm)
      : cp_reg_id(r.cp, r.crn!, r.opc1, r.crm, r.opc2!);
    const get = wide ? () => r.read64!(system) : () => u32(r.read!(system));
    if (r.one_reg === "invariant") return this.#fixed(id, r.name, get);
    this.#add(id, get, (value) => {
      if (r.restore !== undefined) r.restore(system, value);
      else if (wide) r.write64!(system, value);
      else r.write!(system, s32(value));
    });
  }

  #vfp(): void {
    const { fp, cpu } = this.#system;
    const group = KVM_REG_ARM | KVM_REG_ARM_GROUP.vfp;
    for (let i = 0; i < 32; i++) {
      this.#add(
        group | KVM_REG_SIZE_U64 | BigInt(i),
        () => BigInt.asUintN(64, cpu.dreg(i)),
        (value) => cpu.set_dreg(i, BigInt.asIntN(64, value)),
      );
    }
    const id = (low: number): bigint => group | KVM_REG_SIZE_U32 | BigInt(low);
    this.#fixed(id(VFP_SYSTEM.FPSID), "FPSID", () => u32(fp.identity.fpsid));
    this.#fixed(id(VFP_SYSTEM.MVFR0), "MVFR0", () => u32(fp.identity.mvfr0));
    this.#fixed(id(VFP_SYSTEM.MVFR1), "MVFR1", () => u32(fp.identity.mvfr1));
    this.#add(
      id(VFP_SYSTEM.FPSCR),
      () => u32(get_fpscr(cpu)),
      (value) => set_fpscr(cpu, s32(value)),
    );
    this.#add(id(VFP_SYSTEM.FPEXC), () => u32(fp.fpexc), (value) => fp.set_fpexc(s32(value)));
  }

  #demux(): void {
    this.#system.identity.ccsidr.forEach((value, index) => {
      const id = KVM_REG_ARM | KVM_REG_SIZE_U32 | KVM_REG_ARM_GROUP.demux | BigInt(index);
      this.#fixed(id, `CCSIDR${index}`, () => u32(value));
    });
  }

  #firmware(): void {
    if (!this.#system.features.psci) return;
    const id = KVM_REG_ARM | KVM_REG_SIZE_U64 | KVM_REG_ARM_GROUP.fw;
    this.#fixed(id, "the PSCI version", () => BigInt(PSCI_VERSION));
  }
}
