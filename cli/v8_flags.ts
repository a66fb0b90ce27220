/** What Deno's own options could give. */

/**
 * Generated code forms no address beyond the 4 GiB that its memory has, so V8's checks of them find
 * nothing (docs/architecture.md). Without them code full of memory accesses is a fifth faster.
 */
const UNCHECKED = "--no-wasm-bounds-checks";

/** A line for `--verbose` about a V8 flag that is missing; undefined when there is nothing to say. */
export function flags_hint(checked: boolean = checks_bounds()): string | undefined {
  if (!checked) return undefined;
  return `the software core may run faster with DENO_V8_FLAGS=${UNCHECKED} in the environment`;
}

// (module (memory 1)
//   (func (export "f") (result i32) (memory.atomic.notify (i32.const 65536) (i32.const 0))))
// deno-fmt-ignore
const PROBE = new Uint8Array([
  0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0,
  0x01, 5, 1, 0x60, 0, 1, 0x7f,
  0x03, 2, 1, 0,
  0x05, 3, 1, 0, 1,
  0x07, 5, 1, 1, 0x66, 0, 0,
  0x0a, 14, 1, 12, 0, 0x41, 0x80, 0x80, 4, 0x41, 0, 0xfe, 0x00, 2, 0, 0x0b,
]);

/**
 * Whether V8 checks the addresses of WebAssembly, which it does not say: a probe tells. Waking those
 * who wait at an address traps where the address is outside of the memory; unchecked, nobody waits
 * there, and nothing is read or written.
 */
export function checks_bounds(): boolean {
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(PROBE));
  try {
    (exports.f as () => number)();
    return false;
  } catch (error) {
    if (error instanceof WebAssembly.RuntimeError) return true;
    throw error;
  }
}
