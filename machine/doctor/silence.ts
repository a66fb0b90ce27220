import type { Diagnosis } from "./examine.ts";

/** What is known of a guest that has said nothing. */
export interface SilentGuest {
  /** What the doctor found in its image. */
  readonly diagnosis: Diagnosis;
  /** Its kernel command line. */
  readonly append: string;
  /** Whether it has to unpack itself, which says nothing and can take long. */
  readonly unpacks_itself?: boolean;
}

/** The most likely reason why a guest says nothing, as one phrase. */
export function silence_reason({ diagnosis, append, unpacks_itself }: SilentGuest): string {
  const problem = diagnosis.findings.find(({ level }) => level === "problem");
  if (problem !== undefined) return problem.text;
  if (diagnosis.kernel === undefined) {
    return "it is no Linux kernel, so it may have nothing to say";
  }
  if (unpacks_itself) return "it is still unpacking itself";
  const consoles = [...append.matchAll(/(?:^|\s)console=(\S*)/g)].map(([, name]) => name!);
  if (consoles.length === 0) {
    return "its command line names no console; add console=ttyAMA0 to --append";
  }
  if (!consoles.some((name) => /^ttyAMA0(,|$)/.test(name))) {
    return `console=${consoles.at(-1)} is not on this machine; use console=ttyAMA0`;
  }
  const hush = /(?:^|\s)(quiet|loglevel=[0-3])(?=\s|$)/.exec(append)?.[1];
  if (hush !== undefined) {
    return `${hush} is on its command line, and its init has said nothing yet`;
  }
  return "none is known; earlycon=pl011,0x9000000 in --append shows the first messages";
}
