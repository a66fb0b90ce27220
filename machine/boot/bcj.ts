/**
 * Undoes xz's ARM filter, in place: the encoder turned the relative targets of BL instructions
 * into absolute ones. `start` is the address of the first byte.
 */
export function bcj_arm(bytes: Uint8Array, start: number): void {
  for (let i = 0; i + 4 <= bytes.length; i += 4) {
    if (bytes[i + 3] !== 0xeb) continue;
    const word = bytes[i]! | (bytes[i + 1]! << 8) | (bytes[i + 2]! << 16);
    const target = ((word << 2) - (start + i + 8)) >>> 2;
    bytes[i] = target;
    bytes[i + 1] = target >> 8;
    bytes[i + 2] = target >> 16;
  }
}

/** Undoes xz's ARM-Thumb filter (BL and BLX pairs), in place. `start` is the first byte's address. */
export function bcj_arm_thumb(bytes: Uint8Array, start: number): void {
  for (let i = 0; i + 4 <= bytes.length; i += 2) {
    if ((bytes[i + 1]! & 0xf8) !== 0xf0 || (bytes[i + 3]! & 0xf8) !== 0xf8) continue;
    const offset = ((bytes[i + 1]! & 7) << 19) | (bytes[i]! << 11) | ((bytes[i + 3]! & 7) << 8) |
      bytes[i + 2]!;
    const target = ((offset << 1) - (start + i + 4)) >>> 1;
    bytes[i + 1] = 0xf0 | ((target >> 19) & 7);
    bytes[i] = target >> 11;
    bytes[i + 3] = 0xf8 | ((target >> 8) & 7);
    bytes[i + 2] = target;
    i += 2;
  }
}
