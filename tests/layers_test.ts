import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";

const ROOT = new URL("../", import.meta.url);

/** A room, and the rooms it may import from; `type:` where only types may come. */
const ARROWS: Readonly<Record<string, readonly string[]>> = {
  hypervisor: [],
  wasm: [],
  ffi: ["hypervisor"],
  cpu: ["hypervisor", "wasm"],
  devices: ["type:hypervisor"],
  machine: ["hypervisor", "devices", "wasm"],
  host: ["hypervisor", "devices", "machine"],
  "mod.ts": ["host", "hypervisor", "machine"],
  guest: [],
  // Beside the whole library it may take single modules, so that it loads only what it runs.
  cli: ["mod.ts", "host", "guest", "deno.json"],
  "main.ts": ["cli"],
};

/** Single files that may import more than their room. */
const EXCEPTIONS: Readonly<Record<string, readonly string[]>> = {
  // The one place that knows the backends.
  "host/backends.ts": ["cpu", "ffi"],
};

/** Rooms whose files may import packages. */
const MAY_USE_PACKAGES = ["cli"];

interface Import {
  /** Importing file, relative to the project. */
  readonly from: string;
  /** Imported file, relative to the project; or a package's specifier. */
  readonly to: string;
  readonly type_only: boolean;
}

const imports = await all_imports();

Deno.test("every room imports only from the rooms below it", () => {
  const wrong = imports.filter(({ from, to, type_only }) => {
    const [own, other] = [room(from), room(to)];
    if (own === other || other === undefined || !(own! in ARROWS)) return false;
    const allowed = [...ARROWS[own!]!, ...EXCEPTIONS[from] ?? []];
    return !allowed.includes(other) && !(type_only && allowed.includes(`type:${other}`));
  });
  assert.deepEqual(wrong.map(({ from, to }) => `${from} -> ${to}`), []);
});

Deno.test("packages are used by the command line alone", () => {
  const wrong = imports.filter(({ from, to }) =>
    to.startsWith("npm:") && room(from)! in ARROWS && !MAY_USE_PACKAGES.includes(room(from)!)
  );
  assert.deepEqual(wrong.map(({ from, to }) => `${from} -> ${to}`), []);
});

Deno.test("the search for imports sees the arrows that are there", () => {
  const seen = new Set(imports.map(({ from, to }) => `${room(from)} -> ${room(to)}`));
  for (
    const arrow of ["machine -> devices", "host -> machine", "mod.ts -> host", "cli -> mod.ts"]
  ) {
    assert.ok(seen.has(arrow), arrow);
  }
  assert.ok(imports.some(({ from, to }) => from === "cli/program.ts" && to.startsWith("npm:")));
});

function room(path: string): string | undefined {
  return path.includes(":") ? undefined : path.split("/")[0];
}

/** The imports of every source file of the rooms; tests may import what they like. */
async function all_imports(): Promise<Import[]> {
  const roots: string[] = [];
  for (const name of Object.keys(ARROWS)) await collect(name, roots);
  const entry = await Deno.makeTempFile({ suffix: ".ts" });
  try {
    const lines = roots.map((path) => `import ${JSON.stringify(new URL(path, ROOT).href)};`);
    await Deno.writeTextFile(entry, lines.join("\n"));
    const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["info", "--json", "--config", fileURLToPath(new URL("deno.json", ROOT)), entry],
    }).output();
    assert.ok(success, new TextDecoder().decode(stderr));
    const info: Info = JSON.parse(new TextDecoder().decode(stdout));
    return info.modules.flatMap((module) => {
      const from = relative(module.specifier);
      if (from === undefined) return [];
      return (module.dependencies ?? []).map(({ specifier, code, type }) => ({
        from,
        to: relative((code ?? type)?.specifier ?? specifier) ?? (code ?? type)?.specifier ??
          specifier,
        type_only: code === undefined,
      }));
    });
  } finally {
    await Deno.remove(entry);
  }
}

interface Info {
  readonly modules: readonly {
    readonly specifier: string;
    readonly dependencies?: readonly {
      readonly specifier: string;
      readonly code?: { readonly specifier?: string };
      readonly type?: { readonly specifier?: string };
    }[];
  }[];
}

function relative(specifier: string): string | undefined {
  return specifier.startsWith(ROOT.href) ? specifier.slice(ROOT.href.length) : undefined;
}

async function collect(path: string, into: string[]): Promise<void> {
  const info = await Deno.stat(new URL(path, ROOT)).catch(() => undefined);
  if (info === undefined) return;
  if (info.isFile) {
    if (path.endsWith(".ts") && !/_(test|bench|arbitrary)\.ts$/.test(path)) into.push(path);
    return;
  }
  // Helpers of tests.
  if (/\/testing$/.test(path)) return;
  for await (const entry of Deno.readDir(new URL(`${path}/`, ROOT))) {
    await collect(`${path}/${entry.name}`, into);
  }
}
