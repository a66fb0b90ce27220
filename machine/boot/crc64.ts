let tables: { readonly low: Uint32Array; readonly high: Uint32Array } | undefined;

/** CRC-64 as xz uses it (ECMA-182, reflected): `[low, high]` 32-bit halves. */
export function crc64(bytes: Uint8Array): [number, number] {
  const { low, high } = tables ??= make_tables();
  let a = -1;
  let b = -1;
  for (let i = 0; i < bytes.length; i++) {
    const index = (a ^ bytes[i]!) & 0xff;
    a = ((a >>> 8) | (b << 24)) ^ low[index]!;
    b = (b >>> 8) ^ high[index]!;
  }
  return [~a >>> 0, ~b >>> 0];
}

function make_tables(): { readonly low: Uint32Array; readonly high: Uint32Array } {
  const low = new Uint32Array(256);
  const high = new Uint32Array(256);
  for (let i = 0; i < 256; i++) {
    let a = i;
    let b = 0;
    for (let bit = 0; bit < 8; bit++) {
      const carry = -(a & 1);
      a = ((a >>> 1) | (b << 31)) ^ (0xd787_0f42 & carry);
      b = (b >>> 1) ^ (0xc96c_5795 & carry);
    }
    low[i] = a;
    high[i] = b;
  }
  return { low, high };
}
