import type { ProbedAccel } from "../mod.ts";
import { probe } from "../mod.ts";
import type { ExitStatus } from "./exit_status.ts";
import { write_stdout } from "./output.ts";

/** `armvm info`: prints what this host offers. */
export async function info(options: { readonly json?: true | undefined }): Promise<ExitStatus> {
  const accels = await probe();
  return await write_stdout(options.json ? as_json(accels) : accels.map(describe).join("\n"));
}

function as_json(accels: readonly ProbedAccel[]): string {
  const plain = accels.map(({ name, probe }) => {
    const { preferred, ...rest } = probe;
    if (preferred === undefined) return { name, ...rest };
    const { target, features } = preferred;
    return { name, ...rest, preferred: { target, features: [...features] } };
  });
  return JSON.stringify(plain, undefined, 2) + "\n";
}

/** One accelerator for a person; ends with a newline. */
export function describe({ name, probe }: ProbedAccel): string {
  const lines = [`${name}: ${probe.available ? "available" : "not available"}`];
  const row = (label: string, text: string) => lines.push(`  ${label.padEnd(11)}${text}`);
  row(probe.available ? "what" : "why", probe.reason);
  if (probe.available) {
    row("CPUs", probe.cpus.join(", "));
    if (probe.preferred !== undefined) {
      const { target, features } = probe.preferred;
      const words = [...features].map((word) => `0x${word.toString(16)}`);
      row("preferred", `target ${target}, features ${words.join(" ")}`);
    }
    row("GIC", probe.gic.map((version) => `v${version}`).join(", "));
    row("addresses", `${probe.ipa_bits} bits`);
  }
  for (const { name, offered, reason } of probe.features) {
    row(offered ? "granted" : "refused", `${name.padEnd(12)}${reason}`);
  }
  return lines.join("\n") + "\n";
}
