import { type Diagnosis, examine_image } from "../mod.ts";
import { EXIT_STATUS, type ExitStatus } from "./exit_status.ts";
import { write_stdout } from "./output.ts";
import { read_file } from "./read_file.ts";

// More than any machine has memory for is no kernel.
const LIMIT = 1 << 30;

/** Options of `armvm doctor`, as the program parses them. */
export interface DoctorOptions {
  readonly initrd?: string | undefined;
  readonly json?: true | undefined;
}

/** `armvm doctor`: says what an image is, what it lacks, and how to boot it. */
export async function doctor(image: string, options: DoctorOptions): Promise<ExitStatus> {
  const bytes = await read_file(image, { what: "image", limit: LIMIT });
  const initrd = options.initrd === undefined
    ? undefined
    : await read_file(options.initrd, { what: "initrd", limit: LIMIT });
  const diagnosis = examine_image({ image: bytes, ...(initrd && { initrd }) });
  const text = options.json
    ? JSON.stringify(diagnosis, undefined, 2) + "\n"
    : report(diagnosis, { image, initrd: options.initrd });
  const written = await write_stdout(text);
  if (written !== EXIT_STATUS.ok) return written;
  const sick = diagnosis.findings.some(({ level }) => level === "problem");
  return sick ? EXIT_STATUS.bad_image : EXIT_STATUS.ok;
}

/** A diagnosis for a person. */
export function report(
  diagnosis: Diagnosis,
  names: { readonly image: string; readonly initrd?: string | undefined },
): string {
  const lines: string[] = [];
  const row = (label: string, text: string) => lines.push(`${label.padEnd(9)}${text}`);
  diagnosis.layers.forEach((layer, depth) => row(depth === 0 ? "image" : "  holds", layer));
  if (diagnosis.kernel) row("kernel", diagnosis.kernel);
  if (diagnosis.initrd) row("initrd", diagnosis.initrd);
  if (diagnosis.source === "text") {
    row("source", "text in the kernel, which shows what is built in; it carries no configuration");
  } else if (diagnosis.source) row("source", "the configuration that the kernel carries");
  lines.push("");
  for (const { level, text } of diagnosis.findings) row(level, text);
  const problems = diagnosis.findings.filter(({ level }) => level === "problem").length;
  // What is no kernel has no command line.
  if (problems > 0 && diagnosis.kernel === undefined) return lines.join("\n") + "\n";
  const then = problems === 1
    ? "One problem; then start it with"
    : `${problems} problems; then start it with`;
  const initrd = names.initrd === undefined ? "" : ` --initrd ${quote(names.initrd)}`;
  lines.push("", problems === 0 ? "Start it with" : then);
  lines.push(`  armvm boot ${quote(names.image)}${initrd} --append "${diagnosis.append}"`);
  return lines.join("\n") + "\n";
}

function quote(name: string): string {
  return /^[\w@%+=:,./-]+$/.test(name) ? name : `'${name.replaceAll("'", `'\\''`)}'`;
}
