/**
 * The `armvm` command.
 *
 * @module
 */
import { run_cli } from "./cli/run.ts";

if (import.meta.main) Deno.exit(await run_cli(Deno.args));
