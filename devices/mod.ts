/**
 * Device models of the `virt` machine, and the bus that finds them.
 *
 * A device knows offsets, never addresses; it answers every access; it says of itself what the
 * device tree needs.
 *
 * @module
 */
export * from "./bus.ts";
export * from "./char_backend.ts";
export * from "./device.ts";
export * from "./fw_cfg.ts";
export * from "./gicv2m.ts";
export * from "./pl011.ts";
export * from "./pl031.ts";
export * from "./pl061.ts";
export * from "./power_key.ts";
export * from "./virtio_mmio.ts";
