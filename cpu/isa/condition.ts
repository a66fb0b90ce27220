/** Suffixes of the condition codes, by code. "al" is usually not written. */
export const CONDITION_NAMES: readonly string[] = [
  ...["eq", "ne", "cs", "cc", "mi", "pl", "vs", "vc"],
  ...["hi", "ls", "ge", "lt", "gt", "le", "al", "nv"],
];

/** The assembly suffix of condition `cc`: nothing for "always". */
export function condition_suffix(cc: number): string {
  return cc >= 14 ? "" : CONDITION_NAMES[cc]!;
}
