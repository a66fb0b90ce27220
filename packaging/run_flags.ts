import config from "../deno.json" with { type: "json" };

/**
 * The flags of `deno run` that armvm runs with, permissions and V8's: those of the task `armvm`, so
 * that they are written down once.
 */
export function run_flags(command: string = config.tasks.armvm.command): string[] {
  const words = command.split(" ");
  const flags = words.slice(2, -1);
  const known = words[0] === "deno" && words[1] === "run" && words.at(-1) === "main.ts";
  if (!known || flags.some((flag) => !flag.startsWith("-"))) {
    throw new Error(`Cannot take flags from the task armvm: ${command}`);
  }
  return flags;
}
