import assert from "node:assert/strict";
import { probe_kvm } from "./mod.ts";

Deno.test("the probe says what a host lacks, and offers nothing then", () => {
  const linux_arm = { os: "linux", arch: "aarch64", ffi: true };
  const cases = [
    [{ ...linux_arm, os: "darwin" }, "KVM is a part of Linux and this is darwin"],
    [
      { ...linux_arm, arch: "x86_64" },
      "KVM runs ARM guests on ARM hosts only and this is x86_64",
    ],
    [
      { ...linux_arm, ffi: false },
      "KVM is reached through FFI, which is not permitted; run with --allow-ffi",
    ],
  ] as const;
  for (const [host, reason] of cases) {
    const probe = probe_kvm(host);
    assert.equal(probe.available, false);
    assert.equal(probe.reason, reason);
    assert.deepEqual([probe.cpus, probe.features, probe.gic], [[], [], []]);
  }
});

Deno.test("a probe without the permission to use FFI neither asks for it nor throws", async () => {
  const code = `
    import { probe_kvm } from ${JSON.stringify(new URL("./mod.ts", import.meta.url).href)};
    console.log(JSON.stringify(probe_kvm().available));
  `;
  const file = await Deno.makeTempFile({ suffix: ".ts" });
  try {
    await Deno.writeTextFile(file, code);
    const { code: status, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "--no-prompt", "--no-check", file],
      stdin: "null",
    }).output();
    assert.equal(status, 0, new TextDecoder().decode(stderr));
    assert.equal(new TextDecoder().decode(stdout).trim(), "false");
  } finally {
    await Deno.remove(file);
  }
});

Deno.test("importing the backend opens nothing and needs no permission", async () => {
  const url = new URL("./mod.ts", import.meta.url).href;
  const { code, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-prompt", "--no-check", url],
    stdin: "null",
  }).output();
  assert.equal(code, 0, new TextDecoder().decode(stderr));
});
