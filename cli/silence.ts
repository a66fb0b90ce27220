import type { Machine } from "../host/machine.ts";
import type { GuestFiles } from "./boot_files.ts";
import { say } from "./output.ts";

/** A guest has this long to say its first word. */
const PATIENCE_MS = 8_000;
/** A guest that was told to be quiet, or has to unpack itself first, has this long. */
const LONG_PATIENCE_MS = 40_000;

/** What {@link watch_silence} needs to know of a guest. */
export interface WatchedGuest {
  readonly machine: Machine;
  readonly files: GuestFiles;
  readonly append: string;
  /** Whether a compressed kernel has to unpack itself. */
  readonly unpacks_itself: boolean;
  /** How long it may be silent, in milliseconds; default: some seconds. */
  readonly patience?: number;
  /** Takes the hint; default: it goes to standard error. */
  readonly say?: (line: string) => void;
}

/**
 * Watches a guest that runs. When it has sent nothing after some seconds, that is said once, with
 * the most likely reason and where its CPU is.
 */
export function watch_silence(guest: WatchedGuest): Disposable {
  const told_quiet = /(^|\s)(quiet|loglevel=\d)(\s|$)/.test(guest.append);
  const takes_long = told_quiet || guest.unpacks_itself;
  const patience = guest.patience ?? (takes_long ? LONG_PATIENCE_MS : PATIENCE_MS);
  const timer = setTimeout(() => {
    // A guest that has ended meanwhile needs no hint.
    hint(guest, patience).then((line) => line && (guest.say ?? say)(line), () => {});
  }, patience);
  return { [Symbol.dispose]: () => clearTimeout(timer) };
}

async function hint(guest: WatchedGuest, patience: number): Promise<string | undefined> {
  const { machine, files, append, unpacks_itself } = guest;
  const stats = await machine.monitor("stats");
  if (stats["serial characters sent"] !== 0) return undefined;
  const registers = await machine.monitor("registers");
  const { examine_image, silence_reason } = await import("../mod.ts");
  const diagnosis = examine_image({
    image: files.kernel.bytes,
    ...(files.initrd && { initrd: files.initrd.bytes }),
  });
  const pc = registers.find(({ name }) => name === "pc")?.value;
  const where = pc === undefined ? "" : ` Its CPU is at 0x${pc.toString(16).padStart(8, "0")}.`;
  const reason = silence_reason({ diagnosis, append, unpacks_itself });
  return `the guest has said nothing for ${Math.round(patience / 1000)} s. Most likely reason: ` +
    `${reason}.${where}`;
}
