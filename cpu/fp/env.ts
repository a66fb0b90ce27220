/** FPSCR control bits that arithmetic looks at; `FpEnv.mode` is made of these, at FPSCR's places. */
export const MODE = {
  /** Alternative half-precision format. */
  ahp: 1 << 26,
  /** Results that are NaN are the default NaN. */
  default_nan: 1 << 25,
  /** Denormal operands and results become zero. */
  flush: 1 << 24,
  /** The rounding mode. */
  rounding: 3 << 22,
} as const;

/** Values of FPSCR.RMode, in place. */
export const ROUND = {
  /** To nearest, ties to even. */
  nearest: 0,
  /** Towards plus infinity. */
  up: 1 << 22,
  /** Towards minus infinity. */
  down: 2 << 22,
  /** Towards zero. */
  zero: 3 << 22,
} as const;

/** FPSCR's cumulative exception flags. */
export const FLAG = {
  /** Invalid operation. */
  ioc: 1,
  /** Division by zero. */
  dzc: 2,
  /** Overflow. */
  ofc: 4,
  /** Underflow. */
  ufc: 8,
  /** Inexact. */
  ixc: 16,
  /** A denormal operand was flushed. */
  idc: 128,
} as const;

/** The "standard FPSCR value" of Advanced SIMD: default NaN, flush to zero, round to nearest. */
export const STANDARD_MODE = MODE.default_nan | MODE.flush;

/**
 * What floating-point functions are given and give back besides their result. 64-bit results are in
 * `hi` and `lo`, since two numbers are cheaper than a bigint.
 */
export class FpEnv {
  /** FPSCR's control bits. */
  mode = 0;
  /** Cumulative flags, set and never cleared by the functions. */
  flags = 0;
  /** Bits 63:32 of the last 64-bit result, signed. */
  hi = 0;
  /** Bits 31:0 of the last 64-bit result, signed. */
  lo = 0;
}
