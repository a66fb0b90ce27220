import { type Node, OPERAND_KINDS } from "./node.ts";

/** A register index that is known where code is generated. */
export function known_index(index: Node): number | undefined {
  if (index.k === "const") return (index.value as number) & 15;
  return index.k === "operand" ? index.value : undefined;
}

/** The byte of the V register file that is accessed, where it is known when code is generated. */
export function v_place({ index, disp }: Node & { k: "get_v" | "set_v" }): number | undefined {
  if (index.k === "const") return (index.value as number) + disp;
  if (index.k !== "operand" || index.value === undefined) return undefined;
  return index.value * OPERAND_KINDS[index.kind].scale + disp;
}
