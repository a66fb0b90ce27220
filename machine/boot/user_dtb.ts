import {
  fdt_node,
  FdtError,
  type FdtNode,
  read_cells,
  read_fdt,
  read_fdt_reservations,
  strings,
  write_fdt,
} from "../fdt/mod.ts";
import { ImageError } from "./error.ts";

/** What a user's device tree is made to say. */
export interface DtbPatch {
  /** RAM: `/memory` is made to say this. */
  readonly memory: { readonly base: number; readonly size: number };
  /** First address of the initrd and the one after its last, when there is one. */
  readonly initrd?: { readonly start: number; readonly end: number };
  /** Kernel command line, when one is given; else the tree's own stays. */
  readonly append?: string;
}

/**
 * A user's device tree with `/memory` and `/chosen` fitted to the machine, as QEMU does
 * (hw/arm/boot.c, arm_load_dtb). Throws ImageError with code `bad_fdt`.
 */
export function patch_dtb(bytes: Uint8Array, patch: DtbPatch): Uint8Array {
  try {
    const root = read_fdt(bytes);
    const address_cells = cell_count(root, "#address-cells", 2);
    const size_cells = cell_count(root, "#size-cells", 1);
    const { base, size } = patch.memory;
    if (size_cells === 1 && size >= 2 ** 32) {
      throw refused("its #size-cells of 1 cannot state 4 GiB of memory or more", "use 2");
    }
    root.children = root.children.filter(({ name }) =>
      name !== "memory" && !name.startsWith("memory@")
    );
    const memory = fdt_node(`memory@${base.toString(16)}`, {
      device_type: strings("memory"),
      reg: joined(sized_cells(base, address_cells), sized_cells(size, size_cells)),
    });
    root.children.push(memory);

    let chosen = root.children.find(({ name }) => name === "chosen");
    if (chosen === undefined) root.children.push(chosen = fdt_node("chosen"));
    if (patch.append !== undefined && patch.append !== "") {
      chosen.properties.set("bootargs", strings(patch.append));
    }
    // What the file says of another boot's initrd would send the kernel into the wild.
    chosen.properties.delete("linux,initrd-start");
    chosen.properties.delete("linux,initrd-end");
    if (patch.initrd !== undefined) {
      const { start, end } = patch.initrd;
      chosen.properties.set("linux,initrd-start", sized_cells(start, address_cells));
      chosen.properties.set("linux,initrd-end", sized_cells(end, address_cells));
    }
    return write_fdt(root, { reservations: read_fdt_reservations(bytes) });
  } catch (error) {
    if (!(error instanceof FdtError)) throw error;
    const why = error.message.replace(/^Cannot \w+ device tree: /, "");
    throw refused(why, "make one with dtc, or see armvm dtb for the machine's own");
  }
}

function refused(why: string, advice: string): ImageError {
  return new ImageError("bad_fdt", `Cannot use the device tree of --dtb: ${why}; ${advice}`);
}

function cell_count(root: FdtNode, name: string, otherwise: number): number {
  const value = root.properties.get(name);
  const count = value === undefined ? otherwise : read_cells(value)?.[0];
  if (count !== 1 && count !== 2) throw refused(`its ${name} is not 1 or 2`, "correct it");
  return count;
}

function sized_cells(value: number, cells: number): Uint8Array {
  const bytes = new Uint8Array(cells * 4);
  const view = new DataView(bytes.buffer);
  view.setUint32((cells - 1) * 4, value >>> 0);
  if (cells === 2) view.setUint32(0, Math.floor(value / 2 ** 32));
  return bytes;
}

function joined(a: Uint8Array, b: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(a.length + b.length);
  bytes.set(a);
  bytes.set(b, a.length);
  return bytes;
}
