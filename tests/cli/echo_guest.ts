/**
 * A bare-metal guest that says `>` when it starts, then sends back what it is sent; {@link OFF} powers
 * it off, {@link RESET} resets it.
 */
export const ECHO_GUEST: Uint8Array<ArrayBuffer> = new Uint8Array(
  Uint32Array.of(
    0xe3a04409, //        mov  r4, #0x09000000   @ PL011
    0xe3a0003e, //        mov  r0, #'>'
    0xe5840000, //        str  r0, [r4]
    0xe5940018, // poll:  ldr  r0, [r4, #0x18]   @ UARTFR
    0xe3100010, //        tst  r0, #0x10         @ RXFE
    0x1afffffc, //        bne  poll
    0xe5940000, //        ldr  r0, [r4]
    0xe20000ff, //        and  r0, r0, #0xff
    0xe3500004, //        cmp  r0, #4             @ Ctrl-D
    0x0a000003, //        beq  off
    0xe3500012, //        cmp  r0, #0x12          @ Ctrl-R
    0x0a000003, //        beq  reset
    0xe5840000, //        str  r0, [r4]
    0xeafffff4, //        b    poll
    0xe59f0008, // off:   ldr  r0, =0x84000008   @ PSCI SYSTEM_OFF
    0xe1400070, //        hvc  #0
    0xe59f0004, // reset: ldr  r0, =0x84000009   @ PSCI SYSTEM_RESET
    0xe1400070, //        hvc  #0
    0x84000008,
    0x84000009,
  ).buffer,
);

/** What powers the guest off: Ctrl-D. */
export const OFF = "\x04";
/** What resets the guest: Ctrl-R. */
export const RESET = "\x12";

/** Writes the guest to a file that is removed in the end. */
export async function echo_guest_file(): Promise<AsyncDisposable & { readonly path: string }> {
  const path = await Deno.makeTempFile({ suffix: ".bin" });
  await Deno.writeFile(path, ECHO_GUEST);
  return { path, [Symbol.asyncDispose]: () => Deno.remove(path) };
}
