/** The host's end of a serial line. Neither call blocks. */
export interface CharBackend {
  /** Takes one byte of guest output; false when the host is not ready, then it is offered again. */
  put(byte: number): boolean;
  /** The next byte of input, or -1. */
  get(): number;
}
