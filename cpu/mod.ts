/**
 * The software core: the backend that executes 32-bit ARM guests without help of the host's CPU.
 *
 * @module
 */
export { type EngineName, SoftHypervisor, type SoftHypervisorOptions } from "./soft_hypervisor.ts";
export { SoftVm } from "./soft_vm.ts";
