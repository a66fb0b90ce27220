import { Code, Module } from "./encoder.ts";

/** f64x2.relaxed_madd. */
const RELAXED_MADD_F64X2 = [0xfd, 0x87, 0x02];

let fused: boolean | undefined;

/**
 * Whether the host rounds WebAssembly's relaxed multiply-add once. Its specification leaves that
 * open; it is up to the host's processor, and the same for both shapes, wherever it is used.
 */
export function fuses_multiply_add(): boolean {
  return fused ??= find_out();
}

function find_out(): boolean {
  const module = new Module({ memory: "none" });
  const code = new Code(3);
  for (const local of [0, 1, 2]) code.get(local).u8(0xfd, 0x14);
  code.list(RELAXED_MADD_F64X2).u8(0xfd, 0x21, 0);
  module.func("f", ["f64", "f64", "f64"], ["f64"], code.finish());
  try {
    const { exports } = new WebAssembly.Instance(new WebAssembly.Module(module.finish()));
    // (1 + e) * (1 - e) - 1 is -e * e; rounded in between, it is 0.
    const e = 2 ** -40;
    return (exports.f as (a: number, b: number, c: number) => number)(1 + e, 1 - e, -1) === -e * e;
  } catch {
    return false;
  }
}
