/**
 * Loading of what a guest boots: kernels in all their wrappings, an initrd, a device tree.
 *
 * {@link load} is the whole of it. Its plan follows Linux' Documentation/arch/arm/booting.rst and,
 * where that leaves a choice, QEMU's `virt` machine.
 *
 * @module
 */
export type { GuestMemory } from "../../hypervisor/mod.ts";
export { ImageError, type ImageErrorCode } from "./error.ts";
export { identify, type ImageInfo, type ImageKind } from "./identify.ts";
export { type BootState, type Chosen, load, type LoadRequest, type NamedBytes } from "./load.ts";
export { is_arm64_image } from "./arm64_image.ts";
