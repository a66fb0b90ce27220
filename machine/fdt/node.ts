/** A node of a device tree. The root's name is empty. */
export interface FdtNode {
  /** Name with its unit address, such as `"pl011@9000000"`. */
  name: string;
  /** Raw values by property name, in the order they are written. */
  properties: Map<string, Uint8Array>;
  /** Child nodes, in the order they are written. */
  children: FdtNode[];
}

/** A range of physical memory that the client program must leave alone. */
export interface FdtReservation {
  /** First physical address. */
  address: bigint;
  /** Size in bytes. */
  size: bigint;
}

/** A flattened device tree that is not well formed, or a tree that cannot be written. */
export class FdtError extends Error {
  /** Makes an error whose message is "Cannot DO device tree: WHY". */
  constructor(action: "read" | "write", why: string) {
    super(`Cannot ${action} device tree: ${why}`);
    this.name = "FdtError";
  }
}

/** Deepest nesting that is read or written, as in Linux (drivers/of/fdt.c, FDT_MAX_DEPTH). */
export const FDT_MAX_DEPTH = 64;

/** Makes a node. */
export function fdt_node(
  name: string,
  properties: Readonly<Record<string, Uint8Array>> = {},
  children: FdtNode[] = [],
): FdtNode {
  return { name, properties: new Map(Object.entries(properties)), children };
}

/**
 * The node at `path`, such as `"/cpus/cpu@0"`; undefined when there is none.
 *
 * A component without a unit address matches the first node of that name, as in the specification.
 */
export function fdt_find(root: FdtNode, path: string): FdtNode | undefined {
  let node: FdtNode | undefined = root;
  for (const part of path.split("/").filter((part) => part !== "")) {
    node = node.children.find((child) => child.name === part) ??
      node.children.find((child) => child.name.split("@")[0] === part);
    if (node === undefined) return undefined;
  }
  return node;
}

/** Every node below and including `root` with its path, parents first. */
export function* fdt_walk(root: FdtNode, path = "/"): Generator<[path: string, node: FdtNode]> {
  yield [path, root];
  const prefix = path === "/" ? "/" : `${path}/`;
  for (const child of root.children) yield* fdt_walk(child, prefix + child.name);
}
