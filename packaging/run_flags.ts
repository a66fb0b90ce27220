import config from "../deno.json" with { type: "json" };
import type { Target } from "./targets.ts";

/**
 * The flags of `deno run` that armvm runs with on a target, permissions and V8's: those of the task
 * `armvm`, or `armvm:kvm` where KVM can be, so that they are written down once.
 */
export function run_flags(target: Target): string[] {
  return target === "aarch64-unknown-linux-gnu"
    ? flags_of(config.tasks["armvm:kvm"].command)
    : soft_flags();
}

/** The flags of the task `armvm`, with which there is the software core alone. */
export function soft_flags(): string[] {
  return flags_of(config.tasks.armvm.command);
}

/** The flags in a task's command, which must be `deno run FLAGS main.ts`. */
export function flags_of(command: string): string[] {
  const words = command.split(" ");
  // Quiet about fetching packages, that is: a packed armvm has none to fetch.
  const flags = words.slice(2, -1).filter((flag) => flag !== "--quiet");
  const known = words[0] === "deno" && words[1] === "run" && words.at(-1) === "main.ts";
  if (!known || flags.some((flag) => !flag.startsWith("-"))) {
    throw new Error(`Cannot take flags from a task: ${command}`);
  }
  return flags;
}
