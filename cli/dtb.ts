import { type CpuModel, machine_dtb, machine_dts } from "../mod.ts";
import { CliError, EXIT_STATUS, type ExitStatus } from "./exit_status.ts";
import { write_stdout } from "./output.ts";
import { file_reason, quoted } from "./read_file.ts";

/** Options of `armvm dtb`. */
export interface DtbOptions {
  readonly format: "dts" | "dtb";
  readonly memory: number;
  readonly cpu: CpuModel;
  readonly append?: string | undefined;
  readonly output?: string | undefined;
}

/** `armvm dtb`: prints the machine's device tree. */
export async function dtb(options: DtbOptions): Promise<ExitStatus> {
  const { format, memory, cpu, append, output } = options;
  const description = { memory, cpu, ...(append === undefined ? {} : { append }) };
  const tree = format === "dts" ? machine_dts(description) : machine_dtb(description);
  if (output !== undefined) {
    try {
      await Deno.writeFile(
        output,
        typeof tree === "string" ? new TextEncoder().encode(tree) : tree,
      );
      return EXIT_STATUS.ok;
    } catch (error) {
      throw new CliError(
        EXIT_STATUS.file,
        `cannot write ${quoted(output)}: ${file_reason(error)}`,
      );
    }
  }
  if (format === "dtb" && Deno.stdout.isTerminal()) {
    throw new CliError(
      EXIT_STATUS.usage,
      "a binary device tree is not for a terminal; redirect it, or add --output FILE or --format dts",
    );
  }
  return await write_stdout(tree);
}
