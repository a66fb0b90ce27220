import config from "../deno.json" with { type: "json" };
import { prepare_thread } from "../host/thread.ts";
import { CliError, EXIT_STATUS, type ExitStatus } from "./exit_status.ts";
import { say, write_stdout } from "./output.ts";
import { plain_boot } from "./plain_boot.ts";

/** Runs one command line and says what status to end with. */
export async function run_cli(args: readonly string[]): Promise<ExitStatus> {
  try {
    return await run(args);
  } catch (error) {
    if (error instanceof CliError) {
      say(error.message);
      return error.status;
    }
    say(`internal error: ${error instanceof Error ? error.stack ?? error.message : error}`);
    return EXIT_STATUS.internal_error;
  }
}

/** What is asked for most often starts without the library that understands everything. */
async function run(args: readonly string[]): Promise<ExitStatus> {
  if (args.length === 1 && args[0] === "--version") {
    return await write_stdout(`${config.version}\n`);
  }
  const line = plain_boot(args);
  if (line !== undefined) {
    // The guest's thread starts while this one loads its own code and the images.
    prepare_thread(line.options.accel);
    const { boot } = await import("./boot.ts");
    return await boot(line.image, line.options);
  }
  const { run_program } = await import("./program.ts");
  return await run_program(args);
}
