import { load } from "./mod.ts";
import { find_guest } from "./test_samples.ts";

const MEMORY_SIZE = 256 << 20;
const memory = { base: 0x4000_0000, size: MEMORY_SIZE, bytes: new Uint8Array(MEMORY_SIZE) };

for (const name of ["zImage-armmp", "zImage-lpae"]) {
  const image = find_guest(name);
  if (image === undefined) continue;
  for (const unpack of [true, false]) {
    Deno.bench({
      name: unpack ? `unpack and load ${name}` : `load ${name} for the guest to unpack`,
      group: name,
      n: 5,
      warmup: 0,
      fn() {
        load({ image, name, memory, unpack, make_fdt: () => new Uint8Array(8192), log: () => {} });
      },
    });
  }
}
