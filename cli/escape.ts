/** What Ctrl-A and the next key ask for. */
export type EscapeCommand = "quit" | "help" | "monitor";

const CTRL_A = 1;
const COMMANDS = new Map<string, EscapeCommand>([["x", "quit"], ["h", "help"], ["c", "monitor"]]);

/** The help that Ctrl-A h prints. */
export const ESCAPE_HELP = `
Ctrl-A x       quit armvm
Ctrl-A h       this help
Ctrl-A c       monitor: registers, devices, stats
Ctrl-A Ctrl-A  send Ctrl-A to the guest
`;

/** Finds Ctrl-A sequences in what is typed, also when they come in pieces. */
export class EscapeFilter {
  #escaped = false;

  /** Splits input into what goes to the guest and commands, in order. */
  feed(input: Uint8Array): (Uint8Array<ArrayBuffer> | EscapeCommand)[] {
    const out: (Uint8Array<ArrayBuffer> | EscapeCommand)[] = [];
    let plain: number[] = [];
    const flush = () => {
      if (plain.length > 0) out.push(new Uint8Array(plain));
      plain = [];
    };
    for (const byte of input) {
      if (!this.#escaped) {
        if (byte === CTRL_A) this.#escaped = true;
        else plain.push(byte);
        continue;
      }
      this.#escaped = false;
      const command = COMMANDS.get(String.fromCharCode(byte).toLowerCase());
      if (byte === CTRL_A) {
        plain.push(CTRL_A);
      } else if (command !== undefined) {
        flush();
        out.push(command);
      }
      // Any other key after Ctrl-A is dropped, as a mistyped command.
    }
    flush();
    return out;
  }
}
