import { le32 } from "./bytes.ts";
import { LzmaDecoder } from "./lzma.ts";
import { CorruptData, OutputTooLarge, type Unpacked } from "./unpacked.ts";

const HEADER_SIZE = 13;
const STEP = 1 << 20;

/** Decompresses the `.lzma` file that `input` starts with. Throws CorruptData and OutputTooLarge. */
export function unlzma(input: Uint8Array, limit: number, expected?: number): Unpacked {
  if (input.length < HEADER_SIZE) throw new CorruptData("it ends too early");
  const low = le32(input, 5);
  const high = le32(input, 9);
  const size = low === 0xffff_ffff && high === 0xffff_ffff ? undefined : low + high * 2 ** 32;
  if (size !== undefined && size > limit) throw new OutputTooLarge();
  // One byte more than allowed, so that at the limit the end marker can still be read.
  using decoder = new LzmaDecoder(input, { limit: limit + 1, expected: size ?? expected });
  const { output } = decoder;
  decoder.reset_dictionary(Math.max(le32(input, 1), 4096));
  decoder.set_properties(input[0]!);
  decoder.position = HEADER_SIZE;
  decoder.start_range_coder();
  if (size !== undefined) {
    decoder.decode(size, input.length);
    if (output.length !== size) throw new CorruptData("it has another size than it says");
  } else {
    while (!decoder.finished) {
      decoder.decode(Math.min(output.length + STEP, limit + 1), input.length);
      if (output.length > limit) throw new OutputTooLarge();
    }
  }
  decoder.normalize();
  if (decoder.position > input.length) throw new CorruptData("it ends too early");
  return { bytes: output.written().slice(), consumed: decoder.position };
}
