/** A machine that the suite runs in: QEMU's emulation of an arm64 host with virtualization. */
export interface OuterMachine {
  /** Name, for a person. */
  readonly name: string;
  /** QEMU's `-cpu`. */
  readonly cpu: string;
  /** Its interrupt controller, and so that of its guests. */
  readonly gic: 2 | 3;
  /** Whether its CPUs run 32-bit kernels. */
  readonly aarch32: boolean;
}

/** All of them. */
export const MACHINES: readonly OuterMachine[] = [
  // SVE and pointer authentication cost emulation time; SVE also rules AArch32 out.
  { name: "max", cpu: "max,pauth=off,sve=off", gic: 3, aarch32: true },
  { name: "cortex-a57", cpu: "cortex-a57", gic: 2, aarch32: true },
  { name: "neoverse-n1", cpu: "neoverse-n1", gic: 3, aarch32: false },
];
