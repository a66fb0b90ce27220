import type { CharBackend } from "./char_backend.ts";
import type { DeviceDescription, DeviceState, IrqLine, Log, MmioDevice } from "./device.ts";
import { ByteQueue } from "./byte_queue.ts";
import { primecell_ids, type PrimecellId, RegisterBank } from "./registers.ts";

type Name =
  | "DR"
  | "RSR"
  | "FR"
  | "ILPR"
  | "IBRD"
  | "FBRD"
  | "LCR_H"
  | "CR"
  | "IFLS"
  | "IMSC"
  | "RIS"
  | "MIS"
  | "ICR"
  | "DMACR"
  | PrimecellId;

/** What a {@link Pl011} is connected to. */
export interface Pl011Options {
  /** The host's end of the line. */
  readonly backend: CharBackend;
  /** Its combined interrupt output, UARTINTR. */
  readonly irq: IrqLine;
  /** Takes the guest's first mistake. */
  readonly log?: Log;
}

/** Entries of each FIFO; 16 in revisions before r1p5, and the identification says such a one. */
const FIFO_DEPTH = 16;

/** Fill levels by the fields of UARTIFLS; the reserved settings act as the last one. */
const LEVELS = [2, 4, 8, 12, 14, 14, 14, 14];

/** Reads of UARTFR in a row, with nothing between, after which the guest is waiting for input. */
const POLLING = 3;

const FR = { CTS: 0x01, DSR: 0x02, DCD: 0x04, BUSY: 0x08, RXFE: 0x10, TXFF: 0x20 };
const FR_FULL = { RXFF: 0x40, TXFE: 0x80, RI: 0x100 };
const CR = { UARTEN: 0x001, LBE: 0x080, RXE: 0x200, DTR: 0x400, RTS: 0x800 };
const CR_MODEM = { OUT1: 0x1000, OUT2: 0x2000, RTSEN: 0x4000 };
const LCR_H_FEN = 0x10;
const INT = {
  RI: 0x001,
  CTS: 0x002,
  DCD: 0x004,
  DSR: 0x008,
  RX: 0x010,
  TX: 0x020,
  RT: 0x040,
  BE: 0x200,
  OE: 0x400,
  ALL: 0x7ff,
};
/** Error bits of a received character, above its eight bits of data. */
const CHAR = { BE: 0x400, OE: 0x800 };

/**
 * The UART PL011 (Arm DDI 0183).
 *
 * The line is infinitely fast: characters reach the host when they are written, as long as the host
 * takes them; otherwise they stay in the transmit FIFO, and `poll()` offers them again. Input stays
 * with the host until the guest is ready for it: it has room and either enabled a receive interrupt
 * or is spinning on UARTFR. So what is typed while a driver starts, or drains the FIFO, or throttles
 * the line, is not lost.
 *
 * Like QEMU's, it transmits even when the guest never enabled the UART.
 */
export class Pl011 implements MmioDevice {
  /** Name in logs. */
  readonly name = "pl011";
  /** Characters the host took. */
  sent = 0;
  /** Characters the host gave. */
  received = 0;
  /** Characters the guest wrote to a full FIFO. */
  dropped = 0;

  readonly #backend: CharBackend;
  readonly #irq: IrqLine;
  readonly #regs: RegisterBank<Name>;
  readonly #tx = new ByteQueue(FIFO_DEPTH);
  readonly #rx = new ByteQueue(FIFO_DEPTH);
  /** Characters sent at once since the transmit interrupt was last raised; see `#transmitted`. */
  #burst = 0;
  /** A character was lost, which the next one in the FIFO is to tell. */
  #overrun = false;
  /** Something was received since the last receive timeout. */
  #timeout_armed = false;
  #fr_reads = 0;
  /** The FIFOs are enabled. */
  #fen = false;
  /** Modem bits of UARTFR. */
  #modem: number;
  #level = false;

  /** Makes a UART in its reset state. */
  constructor(options: Pl011Options) {
    this.#backend = options.backend;
    this.#irq = options.irq;
    this.#regs = new RegisterBank<Name>(this.name, [
      {
        offset: 0x000,
        name: "DR",
        read: () => this.#read_data(),
        write: (value) => this.#write_data(value & 0xff),
      },
      {
        offset: 0x004,
        name: "RSR",
        read: () => this.#regs.values.RSR,
        write: () => this.#regs.values.RSR = 0,
      },
      { offset: 0x018, name: "FR", read: () => this.#read_flags() },
      { offset: 0x020, name: "ILPR", writable: 0xff },
      { offset: 0x024, name: "IBRD", writable: 0xffff },
      { offset: 0x028, name: "FBRD", writable: 0x3f },
      { offset: 0x02c, name: "LCR_H", writable: 0xff, write: () => this.#set_line() },
      { offset: 0x030, name: "CR", reset: 0x300, writable: 0xff87, write: () => this.#control() },
      { offset: 0x034, name: "IFLS", reset: 0x12, writable: 0x3f },
      { offset: 0x038, name: "IMSC", writable: INT.ALL, write: () => this.#set_mask() },
      { offset: 0x03c, name: "RIS" },
      { offset: 0x040, name: "MIS", read: () => this.#regs.values.RIS & this.#regs.values.IMSC },
      { offset: 0x044, name: "ICR", write: (value) => this.#clear(value) },
      { offset: 0x048, name: "DMACR", writable: 0x7 },
      ...primecell_ids(0x0014_1011),
    ], options.log);
    this.#modem = this.#modem_lines();
  }

  /** Reads a register. */
  read(offset: number, size: number): number {
    if (offset >>> 2 !== 0x018 >> 2) this.#fr_reads = 0;
    return this.#regs.read(offset, size);
  }

  /** Writes a register. */
  write(offset: number, size: number, value: number): void {
    this.#fr_reads = 0;
    this.#regs.write(offset, size, value);
  }

  /** Moves what can be moved between the FIFOs and the host. To be called between slices. */
  poll(): void {
    this.#transmit();
    this.#receive();
    if (this.#has(CR.LBE)) this.#idle();
    this.#update();
  }

  /** Receives a break, as sent by the far end. */
  receive_break(): void {
    this.#accept(CHAR.BE);
    this.#update();
  }

  /** Reset state: what the FIFOs hold is gone. */
  reset(): void {
    this.#regs.reset();
    this.#tx.clear();
    this.#rx.clear();
    this.#burst = 0;
    this.#overrun = false;
    this.#timeout_armed = false;
    this.#fr_reads = 0;
    this.#fen = false;
    this.#modem = this.#modem_lines();
    this.#update();
  }

  /** Registers and FIFOs. */
  state(): DeviceState {
    return {
      ...this.#regs.state(),
      tx: this.#tx.to_array(),
      rx: this.#rx.to_array(),
      burst: this.#burst,
      overrun: Number(this.#overrun),
      timeout_armed: Number(this.#timeout_armed),
    };
  }

  /** Takes a state. */
  restore(state: DeviceState): void {
    this.#regs.restore(state);
    this.#fen = (this.#regs.values.LCR_H & LCR_H_FEN) !== 0;
    this.#tx.from_array(state.tx);
    this.#rx.from_array(state.rx);
    this.#burst = Number(state.burst ?? 0);
    this.#overrun = state.overrun === 1;
    this.#timeout_armed = state.timeout_armed === 1;
    this.#modem = this.#modem_lines();
    this.#update();
  }

  /** Its node in the device tree. */
  describe(): DeviceDescription {
    return {
      node: "pl011",
      compatible: ["arm,pl011", "arm,primecell"],
      interrupts: ["level"],
      clocks: ["uartclk", "apb_pclk"],
    };
  }

  // Transmission

  #write_data(byte: number): void {
    if (this.#tx.length >= this.#depth()) this.#transmit();
    if (this.#tx.length >= this.#depth()) {
      this.dropped++;
      return;
    }
    this.#tx.push(byte);
    // TRM 2.8.2: cleared by writing to the FIFO until it is above the trigger level.
    if (this.#tx.length > this.#tx_level()) this.#regs.values.RIS &= ~INT.TX;
    this.#transmit();
    this.#update();
  }

  /** Offers the transmit FIFO to the host, or to the receiver in loopback. */
  #transmit(): void {
    while (this.#tx.length > 0) {
      const byte = this.#tx.peek();
      if (this.#has(CR.LBE)) {
        if (this.#has(CR.RXE)) this.#accept(byte);
      } else if (!this.#backend.put(byte)) return;
      else this.sent++;
      this.#tx.shift();
      this.#transmitted();
    }
  }

  /**
   * Raises the transmit interrupt when the FIFO has passed its trigger level downwards.
   *
   * With a host that takes each character at once the FIFO never fills, while on hardware, where
   * a line is slower than a program, a burst of more characters than the level would fill and then
   * drain it. Drivers wait for that interrupt, so a burst counts as if it had been in the FIFO.
   */
  #transmitted(): void {
    const level = this.#tx_level();
    this.#burst++;
    if (this.#tx.length === level || (this.#burst > level && this.#tx.length <= level)) {
      // Going from level+1 to level characters, or as if.
      this.#regs.values.RIS |= INT.TX;
      this.#burst = 0;
    }
  }

  // Reception

  /** Takes input from the host while the guest wants it and there is room. */
  #receive(): void {
    if (!this.#listening()) return;
    while (this.#rx.length < this.#room()) {
      const byte = this.#backend.get();
      if (byte < 0) break;
      this.received++;
      this.#accept(byte & 0xff);
    }
    this.#idle();
  }

  /** Whether the guest will be told of input by an interrupt. */
  #listening(): boolean {
    const on = CR.UARTEN | CR.RXE;
    return (this.#regs.values.CR & (on | CR.LBE)) === on &&
      (this.#regs.values.IMSC & (INT.RX | INT.RT)) !== 0;
  }

  /** Puts a character with its error bits into the receive FIFO. */
  #accept(char: number): void {
    const { values } = this.#regs;
    if (this.#rx.length >= this.#depth()) {
      this.#overrun = true;
      values.RSR |= CHAR.OE >> 8;
      values.RIS |= INT.OE;
      return;
    }
    if (this.#overrun) char |= CHAR.OE;
    this.#overrun = false;
    if ((char & CHAR.BE) !== 0) values.RIS |= INT.BE;
    this.#rx.push(char);
    this.#timeout_armed = true;
    if (this.#rx.length >= this.#rx_level()) values.RIS |= INT.RX;
  }

  /** Nothing comes for 32 bit times, which pass at once: the host has nothing, or is held off. */
  #idle(): void {
    if (!this.#timeout_armed || this.#rx.length === 0) return;
    this.#timeout_armed = false;
    this.#regs.values.RIS |= INT.RT;
  }

  #read_data(): number {
    const { values } = this.#regs;
    if (this.#rx.length === 0) return 0;
    const char = this.#rx.shift();
    values.RSR = char >> 8;
    if (this.#rx.length < this.#rx_level()) values.RIS &= ~INT.RX;
    if (this.#rx.length === 0) values.RIS &= ~INT.RT;
    this.#receive();
    this.#update();
    return char;
  }

  #read_flags(): number {
    if (this.#rx.length === 0 && ++this.#fr_reads >= POLLING) this.#receive_polled();
    if (this.#tx.length > 0) {
      this.#transmit();
      this.#update();
    }
    return this.#modem |
      (this.#tx.length > 0 ? FR.BUSY : FR_FULL.TXFE) |
      (this.#tx.length >= this.#depth() ? FR.TXFF : 0) |
      (this.#rx.length === 0 ? FR.RXFE : 0) |
      (this.#rx.length >= this.#depth() ? FR_FULL.RXFF : 0);
  }

  /** Takes one character for a guest that spins on UARTFR, whether it enabled the UART or not. */
  #receive_polled(): void {
    if (!this.#has(CR.RXE) || this.#has(CR.LBE)) return;
    const byte = this.#backend.get();
    if (byte < 0) return;
    this.received++;
    this.#accept(byte & 0xff);
    this.#idle();
    this.#update();
  }

  // Control

  #set_line(): void {
    const fen = (this.#regs.values.LCR_H & LCR_H_FEN) !== 0;
    if (fen === this.#fen) return;
    this.#fen = fen;
    // Turning the FIFOs on or off empties them; what waits for the host is worth keeping.
    this.#rx.clear();
    this.#regs.values.RIS &= ~(INT.RX | INT.RT);
    this.#burst = 0;
    this.#update();
  }

  #control(): void {
    const before = this.#modem;
    this.#modem = this.#modem_lines();
    const changed = before ^ this.#modem;
    const { values } = this.#regs;
    if ((changed & FR.CTS) !== 0) values.RIS |= INT.CTS;
    if ((changed & FR.DSR) !== 0) values.RIS |= INT.DSR;
    if ((changed & FR.DCD) !== 0) values.RIS |= INT.DCD;
    if ((changed & FR_FULL.RI) !== 0) values.RIS |= INT.RI;
    this.#receive();
    this.#update();
  }

  #set_mask(): void {
    this.#receive();
    this.#update();
  }

  #clear(value: number): void {
    this.#regs.values.RIS &= ~value & INT.ALL;
    this.#update();
  }

  /** The modem inputs as UARTFR shows them: a null modem whose far end is always there. */
  #modem_lines(): number {
    if (!this.#has(CR.LBE)) return FR.CTS | FR.DSR | FR.DCD;
    return (this.#has(CR.RTS) ? FR.CTS : 0) | (this.#has(CR.DTR) ? FR.DSR : 0) |
      (this.#has(CR_MODEM.OUT1) ? FR.DCD : 0) | (this.#has(CR_MODEM.OUT2) ? FR_FULL.RI : 0);
  }

  #has(bit: number): boolean {
    return (this.#regs.values.CR & bit) !== 0;
  }

  #depth(): number {
    return this.#fen ? FIFO_DEPTH : 1;
  }

  /** Characters up to which the far end may send: with RTSEN, nUARTRTS stops it at the level. */
  #room(): number {
    return this.#has(CR_MODEM.RTSEN) ? this.#rx_level() : this.#depth();
  }

  #tx_level(): number {
    return this.#fen ? LEVELS[this.#regs.values.IFLS & 7]! : 0;
  }

  #rx_level(): number {
    return this.#fen ? LEVELS[(this.#regs.values.IFLS >> 3) & 7]! : 1;
  }

  #update(): void {
    const level = (this.#regs.values.RIS & this.#regs.values.IMSC) !== 0;
    if (level !== this.#level) this.#irq(this.#level = level);
  }
}
