/**
 * The contract between a machine and whatever executes its vCPUs.
 *
 * It is KVM's contract: a target is preferred by the host, the user chooses target and features
 * together in one init, the ID registers follow, registers are read and written by ONE_REG id.
 * Both backends, KVM (`ffi/`) and the software core (`cpu/`), implement it.
 *
 * @module
 */
export * from "./error.ts";
export * from "./exit.ts";
export * from "./hypervisor.ts";
export * from "./irq.ts";
export * from "./memory.ts";
export * from "./regs.ts";
export * from "./regs_arm64.ts";
export * from "./vcpu_init.ts";
