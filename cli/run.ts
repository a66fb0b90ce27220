import config from "../deno.json" with { type: "json" };
import { discard_thread, prepare_thread } from "../host/thread.ts";
import { read_files } from "./boot_files.ts";
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
    const { image, options } = line;
    // The guest's thread loads its modules while this one reads the images and loads the rest. To
    // make a thread takes this one's time until it is there, and more of it with a read going on.
    prepare_thread(options.accel);
    const files = read_files(image, options);
    files.catch(() => {});
    try {
      const { boot } = await import("./boot.ts");
      return await boot(image, options, files);
    } finally {
      discard_thread();
    }
  }
  const { run_program } = await import("./program.ts");
  return await run_program(args);
}
