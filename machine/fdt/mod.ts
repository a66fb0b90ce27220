/**
 * Device trees: a node model, the flattened form (dtb), the source form (dts).
 *
 * Written after the Devicetree Specification 0.4, chapters 5 and 6.
 *
 * ```ts
 * import { cells, fdt_node, read_fdt, strings, write_fdt } from "./mod.ts";
 *
 * const root = fdt_node("", { compatible: strings("acme,board"), "#address-cells": cells(1) });
 * console.log(read_fdt(write_fdt(root)).properties.size); // 2
 * ```
 *
 * @module
 */
export * from "./dts.ts";
export * from "./node.ts";
export * from "./properties.ts";
export * from "./read.ts";
export * from "./write.ts";
