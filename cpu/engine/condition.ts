import { FLAGS } from "../state.ts";
import { type Code, OP } from "../../wasm/encoder.ts";

const N = 0, Z = 1, C = 2, V = 3;
const EQZ = 0x45, NE = 0x47, LT_S = 0x48, GE_S = 0x4e, AND = 0x71, XOR = 0x73;

/**
 * Emits a value that is not zero when condition `cc` (0..13) holds, from the flags' fields, which `flag`
 * pushes by their places in `FLAGS`.
 */
export function emit_condition(c: Code, cc: number, flag: (n: number) => void): void {
  switch (cc & ~1) {
    case 0:
      flag(Z);
      c.byte(EQZ);
      break;
    case 2:
      flag(C);
      break;
    case 4:
      flag(N);
      c.i32(0).byte(LT_S);
      break;
    case 6:
      flag(V);
      c.i32(0).byte(LT_S);
      break;
    case 8:
      flag(C);
      flag(Z);
      c.i32(0).u8(NE, AND);
      break;
    default:
      flag(N);
      flag(V);
      c.byte(XOR);
      c.i32(0).byte(GE_S);
      if (cc < 12) break;
      flag(Z);
      c.i32(0).u8(NE, AND);
  }
  if ((cc & 1) !== 0) c.byte(EQZ);
}

/** The same from the CPU state. */
export function emit_state_condition(c: Code, cc: number): void {
  emit_condition(c, cc, (n) => c.i32(0).mem(OP.i32_load, 2, FLAGS[n]!.address));
}
