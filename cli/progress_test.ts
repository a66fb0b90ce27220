import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";

const MODULE = new URL("./progress.ts", import.meta.url).href;

/** What some work of ten steps shows on standard error. */
async function shown(options: string, on_terminal: boolean, columns = 100): Promise<string> {
  const file = await Deno.makeTempFile({ suffix: ".ts" });
  try {
    await Deno.writeTextFile(
      file,
      `import { Progress } from ${JSON.stringify(MODULE)};
       using progress = new Progress("counting", ${options});
       for (let i = 0; i <= 10; i++) {
         progress.update(i / 10);
         await new Promise((resolve) => setTimeout(resolve, 20));
       }
       progress.end();
       progress.update(0.5);`,
    );
    const config = fileURLToPath(new URL("../deno.json", import.meta.url));
    const command = [
      Deno.execPath(),
      "run",
      "-q",
      "--no-check",
      "-R",
      "-E",
      "--config",
      config,
      file,
    ];
    const args = on_terminal
      ? ["script", "-qec", `stty cols ${columns}; ${command.join(" ")}`, "/dev/null"]
      : command;
    const { success, stdout, stderr } = await new Deno.Command(args[0]!, {
      args: args.slice(1),
      stdin: "null",
    }).output();
    const text = new TextDecoder().decode(on_terminal ? stdout : stderr);
    assert.ok(success, text);
    return text;
  } finally {
    await Deno.remove(file);
  }
}

Deno.test("on a terminal progress is a bar that goes away in the end", async () => {
  const text = await shown("{ delay: 0 }", true);
  assert.match(text, /armvm: counting \[#{15}\.{15}\] 50%/);
  assert.match(text, /armvm: counting \[#{27}\.{3}\] 90%/);
  // The line is cleared.
  assert.ok(text.endsWith("\x1b[2K\x1b[1G"), JSON.stringify(text.slice(-40)));
});

Deno.test("a terminal that does not say how wide it is gets a whole bar", async () => {
  assert.match(await shown("{ delay: 0 }", true, 0), /armvm: counting \[#{15}\.{15}\] 50%/);
});

Deno.test("elsewhere progress is one line, and nothing when the work is done in a moment", async () => {
  assert.equal(await shown("{ delay: 50 }", false).then((text) => text.split("\n").length), 2);
  assert.match(await shown("{ delay: 50 }", false), /^armvm: counting: \d+ % \.\.\.\n$/);
  assert.equal(await shown("{}", false), "");
  assert.equal(await shown("{ delay: 0, quiet: true }", false), "");
});
