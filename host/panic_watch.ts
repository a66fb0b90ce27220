const LONGEST_LINE = 400;
// Linux's kernel/panic.c, with or without printk's time stamp and caller.
const STAMP = String.raw`^(?:\[ *\d+\.\d+\](?:\[ *[TC]\d+\])? )?`;
const PANIC = new RegExp(STAMP + String.raw`Kernel panic - not syncing: ?(.*)$`);
const END = new RegExp(STAMP + String.raw`---\[ end Kernel panic - not syncing`);

/**
 * Reads along with a guest's serial line and notices a Linux panic: a kernel has no other way to
 * say so.
 */
export class PanicWatch {
  /** What the panic said; undefined while there was none. */
  message: string | undefined;
  /** The panic is over and the kernel spins for ever: it was not told to reboot. */
  hung = false;
  #line = "";

  /** Takes one byte of output. True when {@link PanicWatch.hung} has become so. */
  see(byte: number): boolean {
    if (byte !== 0x0a) {
      if (this.#line.length < LONGEST_LINE) this.#line += String.fromCharCode(byte);
      return false;
    }
    const line = this.#line.replace(/\r+$/, "");
    this.#line = "";
    if (!line.includes("Kernel panic")) return false;
    const panic = PANIC.exec(line);
    if (panic) this.message ??= panic[1]!.trim();
    if (this.message === undefined || !END.test(line)) return false;
    this.hung = true;
    return true;
  }

  /** Forgets: the guest starts again. */
  reset(): void {
    this.message = undefined;
    this.hung = false;
    this.#line = "";
  }
}
