import assert from "node:assert/strict";
import fc from "fast-check";
import { CliError } from "./exit_status.ts";
import { plain_boot } from "./plain_boot.ts";
import { build_program } from "./program.ts";

/** What the library makes of a command line; undefined when it refuses it. */
function by_library(args: readonly string[]): ReturnType<typeof plain_boot> {
  const program = build_program(() => {});
  let line: ReturnType<typeof plain_boot>;
  const boot = program.commands.find((command) => command.name() === "boot")!;
  boot.exitOverride().configureOutput({ writeErr: () => {}, writeOut: () => {} });
  program.configureOutput({ writeErr: () => {}, writeOut: () => {} });
  boot.action((...given: unknown[]) => {
    const [image, options] = given as [string, NonNullable<typeof line>["options"]];
    line = { image, options };
  });
  try {
    program.parse([...args], { from: "user" });
  } catch (error) {
    if (!(error instanceof CliError || (error as Error).name === "CommanderError")) throw error;
  }
  return line;
}

const word = fc.constantFrom(
  ...["zImage", "", "-", "--", "--help", "-h", "-V", "--no-reboot", "--no-unpack", "--stats"],
  ...["--quiet", "--verbose", "--initrd", "--append", "--memory", "--cpu", "--accel", "--engine"],
  ...[
    "--dtb",
    "--timeout",
    "--console",
    "--jit-cache-size",
    "--profile",
    "--symbols",
    "--memory=1G",
  ],
  ...[
    "512M",
    "0",
    "cortex-a7",
    "kvm",
    "soft",
    "auto",
    "interpreter",
    "none",
    "file:log",
    "30",
    "boot",
  ],
  ...["--toString", "constructor", "--initr"],
);

Deno.test("plain_boot() makes of a command line what the library makes of it, or leaves it alone", () => {
  let taken = 0;
  fc.assert(
    fc.property(fc.array(word, { maxLength: 6 }), (words) => {
      const args = ["boot", ...words];
      const line = plain_boot(args);
      if (line === undefined) return;
      taken++;
      assert.deepEqual(line, by_library(args));
    }),
    { numRuns: 3000 },
  );
  assert.ok(taken > 100, `${taken} lines were taken`);
});

Deno.test("plain_boot() takes the usual command lines", () => {
  const args = [
    ...["boot", "zImage", "--initrd", "initramfs.cpio.gz", "--append", "console=ttyAMA0 quiet"],
    ...["--memory", "1G", "--accel", "kvm", "--timeout", "30", "--no-reboot"],
    ...["--console", "file:serial.log", "--verbose"],
  ];
  const line = plain_boot(args);
  assert.equal(line?.image, "zImage");
  assert.deepEqual(line, by_library(args));
});

Deno.test("plain_boot() leaves what is wrong to the library", () => {
  for (
    const args of [
      [],
      ["boot"],
      ["boot", "a", "b"],
      ["boot", "a", "--memory"],
      ["boot", "a", "--memory", "0"],
      ["boot", "a", "--cpu", "arm7"],
      ["boot", "a", "--quiet", "--verbose"],
      ["boot", "a", "--accel", "kvm", "--engine", "reference"],
      ["boot", "a", "--no-such-option"],
      ["info"],
    ]
  ) assert.equal(plain_boot(args), undefined, args.join(" "));
});
