import assert from "node:assert/strict";
import fc from "fast-check";
import type { MmioDevice } from "./mod.ts";
import { FwCfg, GicV2m, MmioBus, Pl011, Pl031, Pl061, VirtioMmioSlot } from "./mod.ts";

/** Every device, with a host that is in turn ready and not, and has input now and then. */
function devices(): [device: MmioDevice, poll: () => void][] {
  let turn = 0;
  const irq = (): void => {};
  const backend = { put: () => ++turn % 3 !== 0, get: () => (++turn % 5 === 0 ? turn & 0xff : -1) };
  const uart = new Pl011({ backend, irq });
  const rtc = new Pl031({ irq, now: () => ++turn * 777 });
  const gpio = new Pl061({ irq });
  const files = [{ name: "opt/file", data: Uint8Array.of(1, 2, 3) }];
  return [
    [uart, () => uart.poll()],
    [rtc, () => rtc.poll()],
    [gpio, () => gpio.set_pin(++turn % 8, turn % 3 === 0)],
    [new FwCfg({ cpus: 1, ram_size: 4096, files }), () => {}],
    [new GicV2m({ first_spi: 48, spis: 64, irq }), () => {}],
    [new VirtioMmioSlot(), () => {}],
  ];
}

const SIZES = [1, 2, 4];

for (const [index, [sample]] of devices().entries()) {
  Deno.test(`${sample.name} answers every access with a number that fits`, () => {
    const [device] = devices()[index]!;
    for (let offset = 0; offset < 0x1000; offset++) {
      for (const size of SIZES) {
        const value = device.read(offset, size);
        assert(Number.isInteger(value) && value >= 0 && value < 2 ** (size * 8), `${offset}`);
        for (const value of [0, 2 ** (size * 8) - 1]) device.write(offset, size, value);
      }
    }
  });

  Deno.test(`${sample.name} stays within itself under random accesses`, () => {
    const access = fc.record({
      offset: fc.oneof(fc.nat(0xfff), fc.nat(0x5f), fc.nat(0x2f).map((n) => 0x400 + n)),
      size: fc.constantFrom(...SIZES),
      value: fc.oneof(fc.nat(0xff), fc.integer({ min: 0, max: 0xffff_ffff })),
      kind: fc.constantFrom("read", "write", "poll"),
    });
    fc.assert(
      fc.property(fc.array(access, { maxLength: 200, size: "max" }), (accesses) => {
        const [device, poll] = devices()[index]!;
        for (const { offset, size, value, kind } of accesses) {
          const limit = 2 ** (size * 8);
          if (kind === "poll") poll();
          else if (kind === "write") device.write(offset, size, value % limit);
          else {
            const got = device.read(offset, size);
            assert(Number.isInteger(got) && got >= 0 && got < limit);
          }
        }
        const state = device.state();
        const [other] = devices()[index]!;
        other.restore(structuredClone(state));
        assert.deepEqual(other.state(), state);
      }),
      { numRuns: 150 },
    );
  });
}

Deno.test("the bus answers every access size that a vCPU can make, at any address", () => {
  const bus = new MmioBus();
  devices().forEach(([device], index) => bus.map(0x1000 * (index + 1), 0x1000, device));
  const data = new DataView(new ArrayBuffer(8));
  const address = fc.oneof(fc.nat(0x8000), fc.integer({ min: 0, max: 2 ** 40 - 1 }));
  fc.assert(
    fc.property(
      address,
      fc.constantFrom(1, 2, 4, 8),
      fc.bigInt(0n, 2n ** 64n - 1n),
      (at, size, value) => {
        data.setBigUint64(0, value);
        bus.write_from(at, size, data);
        bus.read_into(at, size, data);
      },
    ),
    { numRuns: 3000 },
  );
});
