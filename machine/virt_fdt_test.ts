import assert from "node:assert/strict";
import { fdt_find, fdt_walk, type FdtNode, read_cells, read_fdt, read_strings } from "./fdt/mod.ts";
import { to_dts, write_fdt } from "./fdt/mod.ts";
import { MEMORY_MAP } from "./memory_map.ts";
import { virt_dtb, virt_fdt, type VirtFdtOptions } from "./virt_fdt.ts";

const OPTIONS: VirtFdtOptions = {
  cpu: "cortex-a15",
  cpus: 1,
  gic: 2,
  memory: { base: 0x4000_0000, size: 0x1000_0000 },
  bootargs: "console=ttyAMA0",
};

/** A command's output; undefined, loudly, when it is not installed. */
function version(command: string): string | undefined {
  try {
    const { stdout } = new Deno.Command(command, { args: ["--version"] }).outputSync();
    return new TextDecoder().decode(stdout);
  } catch {
    console.warn(`SKIPPED: ${command} is not installed; the machine's device tree is not compared`);
    return undefined;
  }
}

const no_dtc = version("dtc") === undefined;
const no_qemu = version("qemu-system-arm") === undefined;

function with_directory(use: (path: string) => void): void {
  const directory = Deno.makeTempDirSync();
  try {
    use(directory);
  } finally {
    Deno.removeSync(directory, { recursive: true });
  }
}

function run(command: string, ...args: string[]): string {
  const { success, stderr } = new Deno.Command(command, { args }).outputSync();
  const messages = new TextDecoder().decode(stderr);
  assert(success, messages);
  return messages;
}

function text(root: FdtNode, path: string, name: string): string[] | undefined {
  const value = fdt_find(root, path)?.properties.get(name);
  return value && read_strings(value);
}

function numbers(root: FdtNode, path: string, name: string): number[] | undefined {
  const value = fdt_find(root, path)?.properties.get(name);
  return value && read_cells(value);
}

Deno.test("virt_fdt() says where memory, initrd and console are", () => {
  const root = virt_fdt({
    ...OPTIONS,
    initrd: { start: 0x4800_0000, end: 0x4812_3456 },
    seeds: { rng: new Uint8Array(32).fill(7), kaslr: new Uint8Array(8).fill(9) },
  });
  assert.deepEqual(numbers(root, "/memory", "reg"), [0, 0x4000_0000, 0, 0x1000_0000]);
  assert.deepEqual(text(root, "/chosen", "bootargs"), ["console=ttyAMA0"]);
  assert.deepEqual(text(root, "/chosen", "stdout-path"), ["/pl011@9000000"]);
  assert.deepEqual(text(root, "/aliases", "serial0"), ["/pl011@9000000"]);
  assert.deepEqual(numbers(root, "/chosen", "linux,initrd-start"), [0, 0x4800_0000]);
  assert.deepEqual(numbers(root, "/chosen", "linux,initrd-end"), [0, 0x4812_3456]);
  assert.equal(fdt_find(root, "/chosen")?.properties.get("rng-seed")?.length, 32);
  const bare = virt_fdt({ ...OPTIONS, bootargs: undefined });
  assert.deepEqual([...fdt_find(bare, "/chosen")!.properties.keys()], ["stdout-path"]);
});

Deno.test("virt_fdt() describes every CPU to PSCI and to the timer", () => {
  const root = virt_fdt({ ...OPTIONS, cpu: "cortex-a7", cpus: 4 });
  for (let cpu = 0; cpu < 4; cpu++) {
    assert.deepEqual(text(root, `/cpus/cpu@${cpu}`, "compatible"), ["arm,cortex-a7"]);
    assert.deepEqual(text(root, `/cpus/cpu@${cpu}`, "enable-method"), ["psci"]);
    assert.deepEqual(
      numbers(root, `/cpus/cpu-map/socket0/cluster0/core${cpu}`, "cpu"),
      numbers(root, `/cpus/cpu@${cpu}`, "phandle"),
    );
  }
  assert.deepEqual(numbers(root, "/timer", "interrupts")?.slice(0, 3), [1, 13, 0xf04]);
});

Deno.test("virt_fdt() describes a GICv3 without the v2m frame and without CPU masks", () => {
  const root = virt_fdt({ ...OPTIONS, gic: 3, armv8: true, cpu: "armv8" });
  assert.deepEqual(text(root, "/intc", "compatible"), ["arm,gic-v3"]);
  assert.equal(numbers(root, "/intc", "reg")?.[5], MEMORY_MAP.gic_redist.base);
  assert.equal(fdt_find(root, "/intc/v2m"), undefined);
  assert.deepEqual(numbers(root, "/timer", "interrupts")?.slice(0, 3), [1, 13, 4]);
  assert.deepEqual(text(root, "/timer", "compatible"), ["arm,armv8-timer", "arm,armv7-timer"]);
});

for (const gic of [2, 3] as const) {
  for (const cpus of [1, 4]) {
    Deno.test({
      name: `dtc has nothing to say of the tree with GICv${gic} and ${cpus} CPUs, either way`,
      ignore: no_dtc,
      fn() {
        with_directory((path) => {
          const options = {
            ...OPTIONS,
            gic,
            cpus,
            initrd: { start: 0x4800_0000, end: 0x4900_0000 },
          };
          const dtb = virt_dtb(options);
          Deno.writeFileSync(`${path}/a.dtb`, dtb);
          Deno.writeTextFileSync(`${path}/a.dts`, to_dts(virt_fdt(options)));
          assert.equal(
            run("dtc", "-I", "dtb", "-O", "dts", "-o", `${path}/b.dts`, `${path}/a.dtb`),
            "",
          );
          assert.equal(
            run("dtc", "-I", "dts", "-O", "dtb", "-o", `${path}/b.dtb`, `${path}/a.dts`),
            "",
          );
          assert.deepEqual(Deno.readFileSync(`${path}/b.dtb`), dtb);
        });
      },
    });
  }
}

/** Nodes that QEMU's machine has and this one has not, see the memory map. */
const NOT_HERE = /^\/(flash@0|pcie@10000000|platform-bus@c000000|pmu)(\/|$)/;
/** Nodes that only this machine has. */
const ONLY_HERE = /^\/aliases$/;

/** A tree in which phandles are paths and seeds are left out, to be compared. */
function comparable(root: FdtNode): Record<string, Record<string, string>> {
  const by_phandle = new Map<number, string>();
  for (const [path, node] of fdt_walk(root)) {
    const value = node.properties.get("phandle");
    if (value !== undefined) by_phandle.set(read_cells(value)![0]!, path);
  }
  const result: Record<string, Record<string, string>> = {};
  for (const [path, node] of fdt_walk(root)) {
    if (NOT_HERE.test(path) || ONLY_HERE.test(path)) continue;
    const properties = [...node.properties].filter(([name]) => !/^phandle$|-seed$/.test(name));
    result[path] = Object.fromEntries(properties.map(([name, value]) => {
      const shown = (read_cells(value) ?? [...value]).map((cell) =>
        /^(clocks|cpu|gpios|interrupt-parent)$/.test(name) ? by_phandle.get(cell) ?? cell : cell
      );
      return [name, shown.join(" ")];
    }));
  }
  return result;
}

for (const cpus of [1, 2]) {
  Deno.test({
    name: `virt_fdt() says what QEMU's tree says, with ${cpus} CPUs`,
    ignore: no_qemu,
    fn() {
      with_directory((path) => {
        const machine = `virt,highmem=off,dumpdtb=${path}/qemu.dtb`;
        // deno-fmt-ignore
        run("qemu-system-arm", "-M", machine, "-cpu", "cortex-a15", "-m", "256", "-smp", `${cpus}`,
          "-nodefaults", "-display", "none");
        const qemu = comparable(read_fdt(Deno.readFileSync(`${path}/qemu.dtb`)));
        const own = comparable(virt_fdt({ ...OPTIONS, cpus, bootargs: undefined }));
        // QEMU names a method of starting CPUs only when there are several.
        for (const [node, properties] of Object.entries(own)) {
          if (node.startsWith("/cpus/cpu@") && cpus === 1) delete properties["enable-method"];
        }
        assert.deepEqual(own, qemu);
      });
    },
  });
}

Deno.test("the tree stays far below what bootloaders reserve for it", () => {
  assert(write_fdt(virt_fdt({ ...OPTIONS, cpus: 8 })).length < 0x4000);
});
