import { reg_name } from "./asm.ts";
import type { AddressMode } from "./ops_mem.ts";

/** `{r0, r1, lr}` for a 16-bit register list. */
export function list_text(list: number): string {
  const names: string[] = [];
  for (let i = 0; i < 16; i++) if ((list >>> i) & 1) names.push(reg_name(i));
  return `{${names.join(", ")}}`;
}

/** `[rn, OFFSET]` in one of the three forms; nothing is written for an empty offset. */
export function memory_text(mode: AddressMode, rn: number, offset: string): string {
  const base = reg_name(rn);
  const comma = offset === "" ? "" : `, ${offset}`;
  if (mode === "post") return `[${base}]${comma}`;
  return `[${base}${comma}]${mode === "pre" ? "!" : ""}`;
}

/** `#imm` with a sign; `#-0` is an encoding of its own. A zero offset is left out of `[rn]`. */
export function offset_text(add: number, imm: number, mode: AddressMode): string {
  if (imm === 0 && add && mode === "offset") return "";
  return `#${add ? "" : "-"}${imm}`;
}
