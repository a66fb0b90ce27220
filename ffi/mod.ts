/**
 * The KVM backend: runs guests on the CPUs of an arm64 Linux host, through Deno's FFI.
 *
 * Importing it opens nothing. Making a VM opens `/dev/kvm`; disposing of the VM closes it.
 *
 * @module
 */
export { type Doorbell, EventFd } from "./eventfd.ts";
export { GuestDebug, type GuestDebugOptions, type Watch } from "./guest_debug.ts";
export { KvmHypervisor } from "./kvm_hypervisor.ts";
export { KvmVcpu } from "./kvm_vcpu.ts";
export { KvmVm } from "./kvm_vm.ts";
export { type Host, probe_kvm } from "./probe.ts";
export { reg_name } from "./reg_names.ts";
