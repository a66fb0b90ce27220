import assert from "node:assert/strict";
import { soft_flags } from "../packaging/run_flags.ts";
import { checks_bounds, flags_hint } from "./v8_flags.ts";

Deno.test("flags_hint() speaks of the flag that is missing, and only then", () => {
  assert.match(flags_hint(true)!, /DENO_V8_FLAGS=--no-wasm-bounds-checks/);
  assert.equal(flags_hint(false), undefined);
});

Deno.test("checks_bounds() tells whether V8 checks addresses, whoever gave it the flag", async () => {
  const url = new URL("v8_flags.ts", import.meta.url);
  const script = `import { checks_bounds } from "${url}"; console.log(checks_bounds());`;
  const probe = async (flags: string[], env: Record<string, string>): Promise<string> => {
    const file = await Deno.makeTempFile({ suffix: ".ts" });
    try {
      await Deno.writeTextFile(file, script);
      const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
        args: ["run", "--no-check", ...flags, file],
        clearEnv: true,
        env: { NO_COLOR: "1", ...env },
      }).output();
      const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
      return text(stdout).trim() || text(stderr);
    } finally {
      await Deno.remove(file);
    }
  };
  assert.equal(await probe([], {}), "true");
  assert.equal(await probe(soft_flags(), {}), "false");
  assert.equal(await probe([], { DENO_V8_FLAGS: "--no-wasm-bounds-checks" }), "false");
  // The test's own process: whatever it runs with, an answer.
  assert.equal(typeof checks_bounds(), "boolean");
});
