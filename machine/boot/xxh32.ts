import { le32 } from "./bytes.ts";

const P1 = 0x9e37_79b1 | 0;
const P2 = 0x85eb_ca77 | 0;
const P3 = 0xc2b2_ae3d | 0;
const P4 = 0x27d4_eb2f | 0;
const P5 = 0x1656_67b1 | 0;

/** The 32-bit xxHash of `bytes` with seed 0 (xxhash_spec.md), lz4's checksum. */
export function xxh32(bytes: Uint8Array): number {
  const length = bytes.length;
  let at = 0;
  let hash: number;
  if (length >= 16) {
    let a = (P1 + P2) | 0;
    let b = P2;
    let c = 0;
    let d = -P1 | 0;
    for (; at + 16 <= length; at += 16) {
      a = round(a, le32(bytes, at));
      b = round(b, le32(bytes, at + 4));
      c = round(c, le32(bytes, at + 8));
      d = round(d, le32(bytes, at + 12));
    }
    hash = (rotate(a, 1) + rotate(b, 7) + rotate(c, 12) + rotate(d, 18)) | 0;
  } else {
    hash = P5;
  }
  hash = (hash + length) | 0;
  for (; at + 4 <= length; at += 4) {
    hash = Math.imul(rotate((hash + Math.imul(le32(bytes, at), P3)) | 0, 17), P4);
  }
  for (; at < length; at++) {
    hash = Math.imul(rotate((hash + Math.imul(bytes[at]!, P5)) | 0, 11), P1);
  }
  hash = Math.imul(hash ^ (hash >>> 15), P2);
  hash = Math.imul(hash ^ (hash >>> 13), P3);
  return (hash ^ (hash >>> 16)) >>> 0;
}

function round(lane: number, word: number): number {
  return Math.imul(rotate((lane + Math.imul(word, P2)) | 0, 13), P1);
}

function rotate(value: number, by: number): number {
  return (value << by) | (value >>> (32 - by));
}
