import fc from "fast-check";
import { cells, type FdtNode, flag, strings } from "./mod.ts";

/** Trees of names that source can express, with values of every kind, for tests. */
export function fdt_trees(depth = 2): fc.Arbitrary<FdtNode> {
  return node(depth).map((root) => ({ ...root, name: "" }));
}

// A property or node called cpus changes the header's boot CPU; dtc complains of a strange chosen.
const names = fc.stringMatching(/^[a-z][a-z0-9,._+-]{0,20}$/)
  .filter((name) => name !== "cpus" && name !== "chosen");

const values = fc.oneof(
  fc.uint8Array({ maxLength: 20 }),
  fc.array(fc.integer({ min: 0, max: 0xffff_ffff }), { maxLength: 6 }).map((list) =>
    cells(...list)
  ),
  fc.array(fc.string({ maxLength: 9 })).map((list) =>
    strings(...list.map((text) => text.replaceAll("\0", "")))
  ),
  fc.constant(flag()),
).map((value) => Uint8Array.from(value));

function node(depth: number): fc.Arbitrary<FdtNode> {
  const children = depth === 0 ? fc.constant<FdtNode[]>([]) : fc.uniqueArray(node(depth - 1), {
    selector: (child) => child.name,
    maxLength: 3,
  });
  return fc.tuple(names, fc.array(fc.tuple(names, values), { maxLength: 6 }), children)
    .map(([name, properties, children]) => ({ name, properties: new Map(properties), children }));
}
