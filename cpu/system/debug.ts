/**
 * The debug register file: storage that a debugger in the guest can write and read back.
 * Breakpoints and watchpoints do not fire.
 */
export class DebugRegisters {
  readonly bvr: Int32Array = new Int32Array(16);
  readonly bcr: Int32Array = new Int32Array(16);
  readonly bxvr: Int32Array = new Int32Array(16);
  readonly wvr: Int32Array = new Int32Array(16);
  readonly wcr: Int32Array = new Int32Array(16);
  vcr = 0;
  dscr = 0;
  wfar = 0;
  claim = 0;
  prcr = 0;
  /** DBGDTR, both directions. */
  dtr = 0;
  /** OS lock. */
  locked = false;
  /** OS double lock. */
  double_lock = 0;

  /** Power-on state. */
  reset(): void {
    for (const file of [this.bvr, this.bcr, this.bxvr, this.wvr, this.wcr]) file.fill(0);
    this.vcr =
      this.dscr =
      this.wfar =
      this.claim =
      this.prcr =
      this.dtr =
      this.double_lock =
        0;
    this.locked = true;
  }
}
