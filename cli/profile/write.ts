import type { GuestSamples, NamedBytes } from "../../mod.ts";
import { CliError, EXIT_STATUS } from "../exit_status.ts";
import { print, say } from "../output.ts";
import { file_reason, quoted, read_file } from "../read_file.ts";
import { hottest, speedscope } from "./speedscope.ts";
import { parse_symbols, type Symbol, SymbolTable } from "./symbols.ts";

/** No file of symbols is larger. */
const LIMIT = 1 << 30;
const LINES = 15;

/** Reads the files of `--symbols`. */
export async function read_symbols(paths: readonly string[]): Promise<Symbol[]> {
  const out: Symbol[] = [];
  for (const path of paths) {
    const bytes = await read_file(path, { what: "file of symbols", limit: LIMIT });
    try {
      for (const symbol of parse_symbols(bytes)) out.push(symbol);
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      const line = `cannot read symbols from ${quoted(path)}: ${error.message}`;
      throw new CliError(EXIT_STATUS.file, line);
    }
  }
  return out;
}

/** Symbols of the guest itself: what it keeps in memory, or those of its ELF file. */
export function own_symbols(kernel: NamedBytes, kallsyms: string): Symbol[] {
  try {
    if (kallsyms !== "") return parse_symbols(new TextEncoder().encode(kallsyms));
    return kernel.bytes[0] === 0x7f ? parse_symbols(kernel.bytes) : [];
  } catch {
    // It boots without symbols, too.
    return [];
  }
}

/** Writes a profile, and shows where most of the time went. */
export async function write_profile(
  path: string,
  { samples, name, symbols }: {
    readonly samples: GuestSamples;
    readonly name: string;
    readonly symbols: readonly Symbol[];
  },
): Promise<void> {
  const file = speedscope(samples, { name, symbols: new SymbolTable(symbols) });
  try {
    await Deno.writeTextFile(path, JSON.stringify(file));
  } catch (error) {
    const line = `cannot write the profile ${quoted(path)}: ${file_reason(error)}`;
    throw new CliError(EXIT_STATUS.file, line);
  }
  say(`wrote ${quoted(path)}, ${samples.pc.length} samples, for speedscope; the most time went to`);
  print(hottest(file, LINES).map((line) => `  ${line}\n`).join(""));
}
