import assert from "node:assert/strict";
import { GicV2m } from "./gicv2m.ts";

Deno.test("the v2m frame tells its SPIs and pulses the one that is written", () => {
  const pulses: string[] = [];
  const frame = new GicV2m({
    first_spi: 48,
    spis: 64,
    irq: (spi, level) => pulses.push(`${spi}${level ? "+" : "-"}`),
  });
  assert.equal(frame.read(0x008, 4), (80 << 16) | 64);
  for (const intid of [79, 80, 143, 144, 0, 0xffff_ffff]) frame.write(0x040, 4, intid);
  assert.deepEqual(pulses, ["48+", "48-", "111+", "111-"]);
});
