/** What Deno's own options could give. */

/**
 * Guest addresses cannot leave the 4 GiB that guest memory reserves, so V8's checks of them find
 * nothing. Without them code full of memory accesses is up to a fifth faster.
 */
const UNCHECKED = "--no-wasm-bounds-checks";

/** A line for `--verbose` about a V8 flag that is missing; undefined when there is nothing to say. */
export function flags_hint(flags: string | undefined): string | undefined {
  if (flags?.includes(UNCHECKED)) return undefined;
  return `the software core may run faster with DENO_V8_FLAGS=${UNCHECKED} in the environment`;
}

/** The flags in the environment, where it may be read. */
export function v8_flags(): string | undefined {
  try {
    return Deno.env.get("DENO_V8_FLAGS");
  } catch {
    return undefined;
  }
}
