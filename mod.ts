/**
 * armvm: 32-bit ARM virtual machines.
 *
 * A {@link Machine} is QEMU's `virt` board with a guest in it. Its serial line is a pair of Web
 * Streams; `run()` says how the guest ended.
 *
 * ```ts
 * import { Machine } from "@armvm/armvm";
 *
 * // Bare-metal code in place of a kernel: sends "hi" to the serial line and powers off.
 * const kernel = new Uint8Array(Uint32Array.of(
 *   0xe3a00409, //     mov  r0, #0x09000000   @ PL011
 *   0xe3a01068, //     mov  r1, #'h'
 *   0xe5801000, //     str  r1, [r0]
 *   0xe3a01069, //     mov  r1, #'i'
 *   0xe5801000, //     str  r1, [r0]
 *   0xe59f0000, //     ldr  r0, =0x84000008   @ PSCI SYSTEM_OFF
 *   0xe1400070, //     hvc  #0
 *   0x84000008,
 * ).buffer);
 *
 * await using machine = await Machine.open({ kernel, memory: 16 << 20 });
 * const said = new Response(machine.console.readable).text();
 * const ended = await machine.run({ timeout: 60_000 });
 *
 * if (ended.kind !== "powered_off") throw new Error(`ended by ${ended.kind}`);
 * if (await said !== "hi") throw new Error(`said ${await said}`);
 * ```
 *
 * Importing this module starts nothing and opens nothing.
 *
 * @module
 */
export { AcceleratorError } from "./host/errors.ts";
export type { ConsoleStreams } from "./host/console_streams.ts";
export { machine_dtb, machine_dts, type MachineDtbOptions } from "./host/machine_dtb.ts";
export { Machine, type RunOptions } from "./host/machine.ts";
export type { CpuModel, FileOrBytes, MachineOptions } from "./host/options.ts";
export { probe, type ProbedAccel } from "./host/probe.ts";
export type { Accel, Choice, NamedBytes } from "./host/protocol.ts";
export type {
  DeviceInfo,
  Ended,
  LogLevel,
  MonitorAnswers,
  MonitorRequest,
  RegisterValue,
} from "./host/types.ts";
export {
  ERRNO,
  type ErrnoName,
  type FeatureOffer,
  type GicVersion,
  type GuestSamples,
  HypervisorError,
  type Probe,
  type VcpuInit,
} from "./hypervisor/mod.ts";
export { ImageError, type ImageErrorCode } from "./machine/boot/error.ts";
export {
  type Diagnosis,
  examine_image,
  type Finding,
  type Patient,
  silence_reason,
  type SilentGuest,
} from "./machine/doctor/mod.ts";
