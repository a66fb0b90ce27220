import assert from "node:assert/strict";
import { DENO_ARGS, MAIN } from "./armvm.ts";
import { echo_guest_file, OFF } from "./echo_guest.ts";
import { Running } from "./running.ts";

const CTRL_A = "\x01";

/** Runs `armvm boot` of the echo guest on a terminal of its own, its settings printed around it. */
async function on_terminal(
  body: (it: { readonly terminal: Running; readonly pid: () => Promise<number> }) => Promise<void>,
): Promise<{ readonly status: number; readonly output: string }> {
  await using guest = await echo_guest_file();
  const command = [Deno.execPath(), ...DENO_ARGS, MAIN, "boot", guest.path, "--memory", "16M"];
  const quoted = command.map((word) => `'${word}'`).join(" ");
  const pid_file = `${guest.path}.pid`;
  await using terminal = Running.on_terminal(
    `stty -a; echo BEFORE; (echo $BASHPID > ${pid_file}; exec ${quoted})
     echo "STATUS=$?"; stty -a; echo AFTER`.replace("$BASHPID", "$(exec sh -c 'echo $PPID')"),
  );
  try {
    const before = settings(await terminal.expect("BEFORE"));
    await terminal.expect(">");
    const pid = async () => Number(await Deno.readTextFile(pid_file));
    await body({ terminal, pid });
    const ending = await terminal.expect("STATUS=");
    const after = await terminal.expect("AFTER");
    assert.equal(settings(after), before, "the terminal's settings");
    await terminal.ended();
    return { status: parseInt(after), output: ending };
  } finally {
    await Deno.remove(pid_file).catch(() => {});
  }
}

/** What stty prints, from its first setting on. */
function settings(text: string): string {
  return /speed [^]*echoke[^\r\n]*/.exec(text)![0];
}

const terminals = { ignore: !await has_script() };

Deno.test(
  "keys reach the guest raw, Ctrl-C too, and the terminal is restored",
  terminals,
  async () => {
    const { status } = await on_terminal(async ({ terminal }) => {
      await terminal.type("abc");
      await terminal.expect("abc");
      await terminal.type("\x03\x1a\r");
      await terminal.expect("\x03\x1a\r");
      await terminal.type(OFF);
    });
    assert.equal(status, 0);
  },
);

Deno.test("Ctrl-A x quits with status 9", terminals, async () => {
  const { status } = await on_terminal(({ terminal }) => terminal.type(`${CTRL_A}x`));
  assert.equal(status, 9);
});

Deno.test("Ctrl-A h helps, Ctrl-A Ctrl-A sends one", terminals, async () => {
  await on_terminal(async ({ terminal }) => {
    await terminal.type(`${CTRL_A}h`);
    await terminal.expect("Ctrl-A x       quit armvm\r\n");
    await terminal.type(`${CTRL_A}${CTRL_A}!`);
    await terminal.expect("\x01!");
    await terminal.type(OFF);
  });
});

Deno.test(
  "Ctrl-A c opens the monitor, which answers about the running guest",
  terminals,
  async () => {
    const { status } = await on_terminal(async ({ terminal }) => {
      await terminal.type(`${CTRL_A}c`);
      await terminal.expect("(armvm) ");
      await terminal.type("registers\r");
      await terminal.expect("cpsr=");
      await terminal.expect("(armvm) ");
      await terminal.type("devices\r");
      await terminal.expect("0x09000000-0x09000fff  pl011           SPI 1\r\n");
      await terminal.type("stats\r");
      await terminal.expect("serial characters sent ");
      assert.equal((await terminal.expect("\r\n")).trim(), "1");
      await terminal.type(`${CTRL_A}c`);
      await terminal.type("back");
      await terminal.expect("back");
      await terminal.type(OFF);
    });
    assert.equal(status, 0);
  },
);

Deno.test("the terminal is restored after a signal", terminals, async () => {
  const signals = [["SIGINT", 130], ["SIGTERM", 143], ["SIGHUP", 129], ["SIGQUIT", 131]] as const;
  for (const [signal, status] of signals) {
    const ended = await on_terminal(async ({ pid }) => Deno.kill(await pid(), signal));
    assert.equal(ended.status, status);
  }
});

async function has_script(): Promise<boolean> {
  try {
    const { success } = await new Deno.Command("script", {
      args: ["--quiet", "--return", "-c", "true", "/dev/null"],
      stdin: "null",
      stdout: "null",
      stderr: "null",
    }).output();
    if (success) return true;
  } catch {
    // Not there.
  }
  console.error("SKIPPING what needs script(1): apt-get install bsdutils");
  return Boolean(Deno.env.get("CI"));
}
