/**
 * The `boot` task: Debian's kernel and a busybox shell, in one command.
 *
 * `deno task boot [zImage busybox-or-initrd]`. Without files it fetches Debian's, once; where that
 * fails, `armvm demo` runs in their place. With a terminal it gives an interactive shell; without
 * one it shows that the guest works and powers off.
 *
 * @module
 */
import { join } from "node:path";
import { EXIT_STATUS, type ExitStatus } from "../cli/exit_status.ts";
import { say } from "../cli/output.ts";
import { Progress } from "../cli/progress.ts";
import { run_cli } from "../cli/run.ts";
import { guest_file, guest_folder, type GuestName, why_missing } from "./fetch_guests.ts";
import { build_initramfs } from "./initramfs.ts";

/** Boots the guest, made of `files` when they are given; says what status to end with. */
async function boot_debian(files: readonly string[]): Promise<ExitStatus> {
  if (files.length !== 0 && files.length !== 2) {
    say("give two files, a kernel and a busybox or initrd, or none to fetch Debian's");
    return EXIT_STATUS.usage;
  }
  const found = files.length === 2 ? await given_files(files) : await debian_files();
  if (found === undefined) return await run_cli(["demo"]);
  if (typeof found === "number") return found;
  const what = Deno.stdin.isTerminal() ? "shell" : "demo";
  const append = `console=ttyAMA0 ${what}`;
  return await run_cli(["boot", found.kernel, "--initrd", found.initrd, "--append", append]);
}

interface Files {
  readonly kernel: string;
  readonly initrd: string;
}

/** Debian's kernel and an initramfs; undefined where they cannot be had, which it says. */
async function debian_files(): Promise<Files | undefined> {
  const names: GuestName[] = ["zImage-armmp", "initramfs.cpio.gz"];
  const paths: string[] = [];
  using downloads = new Downloads();
  for (const name of names) {
    const path = await guest_file(name, {
      log: say,
      progress: (name, fraction) => downloads.update(name, fraction),
    });
    if (path === undefined) {
      say(`cannot fetch ${name} through apt: ${why_missing(name)}`);
      say(
        "to boot Linux, pass two files, a 32-bit ARM kernel and a static armhf busybox (or an " +
          "initrd): deno task boot path/to/zImage path/to/busybox",
      );
      say("running the demonstration instead, the guest that armvm carries");
      return undefined;
    }
    paths.push(path);
  }
  return { kernel: paths[0]!, initrd: paths[1]! };
}

/** A bar for each package that is downloaded, one after the other. */
class Downloads implements Disposable {
  #name: string | undefined;
  #bar: Progress | undefined;

  update(name: string, fraction: number): void {
    if (name !== this.#name) {
      this.#bar?.end();
      this.#name = name;
      this.#bar = new Progress(`downloading ${name}`);
    }
    this.#bar!.update(fraction);
    if (fraction >= 1) this.#bar!.end();
  }

  [Symbol.dispose](): void {
    this.#bar?.end();
  }
}

async function given_files([kernel, userland]: readonly string[]): Promise<Files | ExitStatus> {
  try {
    const bytes = await Deno.readFile(userland!);
    if (new DataView(bytes.buffer).getUint32(0) !== 0x7f45_4c46) {
      return { kernel: kernel!, initrd: userland! };
    }
    // An ELF file is a busybox: it becomes an initrd.
    await Deno.mkdir(guest_folder(), { recursive: true });
    const initrd = join(guest_folder(), "given.cpio.gz");
    await Deno.writeFile(initrd, await build_initramfs({ busybox: bytes }));
    return { kernel: kernel!, initrd };
  } catch (error) {
    if (error instanceof RangeError) return { kernel: kernel!, initrd: userland! };
    say(`cannot read ${userland}: ${error instanceof Error ? error.message : error}`);
    return EXIT_STATUS.file;
  }
}

if (import.meta.main) Deno.exit(await boot_debian(Deno.args));
