/**
 * The `virt` machine: its memory map, its device tree, its board, and the loop that runs it.
 *
 * It is put together from a backend's VM and vCPUs, whatever the backend, and from the devices.
 *
 * @module
 */
export * from "./boot_state.ts";
export * from "./fdt/mod.ts";
export * from "./machine.ts";
export * from "./memory_map.ts";
export * from "./virt_board.ts";
export * from "./virt_fdt.ts";
