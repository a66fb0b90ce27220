/** What armvm is built for, and what npm calls Deno there. */
export const TARGETS = {
  "x86_64-unknown-linux-gnu": { runtime: "@deno/linux-x64-glibc", portable: true, suffix: "" },
  "aarch64-unknown-linux-gnu": { runtime: "@deno/linux-arm64-glibc", portable: true, suffix: "" },
  "x86_64-apple-darwin": { runtime: "@deno/darwin-x64", portable: true, suffix: "" },
  "aarch64-apple-darwin": { runtime: "@deno/darwin-arm64", portable: true, suffix: "" },
  "x86_64-pc-windows-msvc": { runtime: "@deno/win32-x64", portable: false, suffix: ".exe" },
} as const;

/** A target of `deno compile`. */
export type Target = keyof typeof TARGETS;

/** Whether `name` is one of {@link TARGETS}. */
export function is_target(name: string): name is Target {
  return Object.hasOwn(TARGETS, name);
}
