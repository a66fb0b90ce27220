#!/usr/bin/env node
// Starts armvm with the Deno that npm has installed beside it.
import { spawn } from "node:child_process";
import { createRequire } from "node:module";
import process from "node:process";
import { fileURLToPath } from "node:url";

const flags = JSON.parse(`@FLAGS@`);
const kvm_flags = JSON.parse(`@KVM_FLAGS@`);

let deno;
try {
  deno = createRequire(import.meta.url)("deno/install_api.cjs").runInstall();
} catch (error) {
  console.error(`armvm: npm has no Deno for this system: ${error.message}`);
  process.exit(5);
}
const has_kvm = process.platform === "linux" && process.arch === "arm64";
const child = spawn(
  deno,
  [
    ...["run", "--no-config", "--no-lock", "--no-remote", "--no-npm"],
    ...has_kvm ? kvm_flags : flags,
    fileURLToPath(new URL("program/@MAIN@", import.meta.url)),
    ...process.argv.slice(2),
  ],
  { stdio: "inherit", env: { ...process.env, DENO_NO_UPDATE_CHECK: "1" } },
);
// What is sent to this process is meant for armvm; a terminal's Ctrl-C reaches both by itself.
for (const signal of ["SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal));
process.on("SIGINT", () => {});
child.on("error", (error) => {
  console.error(`armvm: cannot start Deno: ${error.message}`);
  process.exit(1);
});
child.on("exit", (code, signal) => {
  if (signal === null) process.exit(code);
  // Ends as the child did.
  process.removeAllListeners(signal);
  process.kill(process.pid, signal);
});
