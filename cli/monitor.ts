import type { Machine } from "../mod.ts";
import { format_stats } from "./stats.ts";

const PROMPT = "(armvm) ";
const HELP = `registers  the vCPU's registers
devices    the machine's devices
stats      counters
quit       quit armvm
continue   back to the guest (also Ctrl-A c, Ctrl-D)
`;

/** What the monitor is connected to. */
export interface MonitorOptions {
  /** The machine that is asked. */
  readonly machine: Pick<Machine, "monitor">;
  /** Shows text to the user. */
  readonly print: (text: string) => void;
  /** The user wants to go back to the guest. */
  readonly leave: () => void;
  /** The user wants to quit. */
  readonly quit: () => void;
}

/** A small command line about the machine, typed at a raw terminal. */
export class Monitor {
  readonly #options: MonitorOptions;
  #line = "";

  /** Makes a monitor that nobody talks to yet. */
  constructor(options: MonitorOptions) {
    this.#options = options;
  }

  /** Shows the prompt. */
  enter(): void {
    this.#line = "";
    this.#options.print(`\n${PROMPT}`);
  }

  /** Takes what is typed. */
  async type(bytes: Uint8Array): Promise<void> {
    const { print } = this.#options;
    for (const byte of bytes) {
      const key = String.fromCharCode(byte);
      if (key === "\r" || key === "\n") {
        print("\n");
        const line = this.#line.trim();
        this.#line = "";
        if (await this.#command(line)) return;
        print(PROMPT);
      } else if (byte === 0x04) {
        print("\n");
        return this.#options.leave();
      } else if (byte === 0x03 || byte === 0x15) {
        this.#line = "";
        print(`\n${PROMPT}`);
      } else if (byte === 0x7f || byte === 0x08) {
        if (this.#line.length > 0) print("\b \b");
        this.#line = this.#line.slice(0, -1);
      } else if (byte >= 0x20 && byte < 0x7f) {
        this.#line += key;
        print(key);
      }
    }
  }

  /** Runs a command; true when the monitor was left. Unique beginnings of names will do. */
  async #command(line: string): Promise<boolean> {
    const { machine, print, leave, quit } = this.#options;
    const names = ["registers", "devices", "stats", "quit", "continue", "help"] as const;
    if (line === "") return false;
    const name = names.find((name) => name.startsWith(line));
    try {
      switch (name) {
        case "registers":
          print(format_registers(await machine.monitor("registers")));
          break;
        case "devices":
          print(format_devices(await machine.monitor("devices")));
          break;
        case "stats":
          print(format_stats(await machine.monitor("stats")));
          break;
        case "quit":
          quit();
          return true;
        case "continue":
          leave();
          return true;
        case "help":
          print(HELP);
          break;
        default:
          print(`unknown command ${JSON.stringify(line)}; try help\n`);
      }
    } catch (error) {
      print(`${error instanceof Error ? error.message : error}\n`);
    }
    return false;
  }
}

type Answer<R extends "registers" | "devices"> = Awaited<
  ReturnType<typeof Machine.prototype.monitor<R>>
>;

function format_registers(registers: Answer<"registers">): string {
  const cells = registers.map(({ name, value }) =>
    `${name.padStart(8)}=${value.toString(16).padStart(8, "0")}`
  );
  let text = "";
  for (let i = 0; i < cells.length; i += 4) text += `${cells.slice(i, i + 4).join(" ")}\n`;
  return text;
}

function format_devices(devices: Answer<"devices">): string {
  return devices.map(({ name, base, size, spi }) => {
    const range = `${hex(base)}-${hex(base + size - 1)}`;
    return `${range}  ${name.padEnd(16)}${spi === undefined ? "" : `SPI ${spi}`}`.trimEnd() + "\n";
  }).join("");
}

function hex(value: number): string {
  return `0x${value.toString(16).padStart(8, "0")}`;
}
