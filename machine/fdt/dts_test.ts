import assert from "node:assert/strict";
import fc from "fast-check";
import { fdt_trees } from "./tree_arbitrary.ts";
import { cells, fdt_node, FdtError, flag, read_fdt, strings, to_dts, write_fdt } from "./mod.ts";

async function dtc(from: "dts" | "dtb", input: Uint8Array): Promise<[Uint8Array, string]> {
  const child = new Deno.Command("dtc", {
    args: ["-I", from, "-O", from === "dts" ? "dtb" : "dts", "-"],
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(input);
  await writer.close();
  const { success, stdout, stderr } = await child.output();
  const messages = new TextDecoder().decode(stderr);
  assert(success, messages);
  return [stdout, messages];
}

function has_dtc(): boolean {
  try {
    return new Deno.Command("dtc", { args: ["--version"], stdout: "null" }).outputSync().success;
  } catch {
    console.warn("SKIPPED: dtc is not installed; device tree source is not compared with it");
    return false;
  }
}

const no_dtc = !has_dtc();

Deno.test("to_dts() shows text, cells, bytes, flags and references", () => {
  const root = fdt_node("", {
    "interrupt-parent": cells(0x11),
    model: strings('a "quoted\\" name'),
    list: strings("a", "b"),
    reg: cells(0x41424300),
    lone: Uint8Array.of(1, 0xab),
    seven: cells(7, 0xffff_ffff),
    empty: strings(""),
    zeros: cells(0),
    here: flag(),
  }, [
    fdt_node("intc@8000000", { phandle: cells(0x11), "#interrupt-cells": cells(1) }),
    fdt_node("user", { "interrupts-extended": cells(0x11, 5, 0x11, 6) }),
    fdt_node("odd", { "interrupts-extended": cells(0x11, 5, 0x11) }),
    fdt_node("9p", { phandle: cells(2), "#gpio-cells": cells(0) }),
    fdt_node("keys", { gpios: cells(2), clocks: cells(3) }),
  ]);
  assert.equal(
    to_dts(root, { reservations: [{ address: 1n << 32n, size: 16n }] }),
    `/dts-v1/;

/memreserve/ 0x100000000 0x10;
/ {
	interrupt-parent = <&intc_8000000>;
	model = "a \\"quoted\\\\\\" name";
	list = "a", "b";
	reg = <0x41424300>;
	lone = [01 ab];
	seven = <0x7 0xffffffff>;
	empty = "";
	zeros = <0x0>;
	here;

	intc_8000000: intc@8000000 {
		phandle = <0x11>;
		#interrupt-cells = <0x1>;
	};

	user {
		interrupts-extended = <&intc_8000000 0x5 &intc_8000000 0x6>;
	};

	odd {
		interrupts-extended = <0x11 0x5 0x11>;
	};

	_9p: 9p {
		phandle = <0x2>;
		#gpio-cells = <0x0>;
	};

	keys {
		gpios = <&_9p>;
		clocks = <0x3>;
	};
};
`,
  );
});

Deno.test("to_dts() refers to no phandle that two nodes claim, and to no huge argument list", () => {
  const twice = fdt_node("", { "interrupt-parent": cells(1) }, [
    fdt_node("a", { phandle: cells(1) }),
    fdt_node("b", { phandle: cells(1) }),
  ]);
  assert.match(to_dts(twice), /interrupt-parent = <0x1>/);
  const huge = fdt_node("", { clocks: cells(1, 2) }, [
    fdt_node("a", { phandle: cells(1), "#clock-cells": cells(0xffff_ffff) }),
  ]);
  assert.match(to_dts(huge), /clocks = <0x1 0x2>/);
});

Deno.test("to_dts() refuses names that source cannot express", () => {
  assert.throws(() => to_dts(fdt_node("", {}, [fdt_node("a b")])), FdtError);
  assert.throws(() => to_dts(fdt_node("", { "a;": flag() })), FdtError);
});

Deno.test({
  name: "dtc makes of to_dts() the bytes of write_fdt(), and reads those",
  ignore: no_dtc,
  async fn() {
    const trees = fc.sample(fdt_trees(), { numRuns: 25, seed: 1 });
    for (const root of trees) {
      const flat = write_fdt(root);
      const [compiled] = await dtc("dts", new TextEncoder().encode(to_dts(root)));
      assert.deepEqual(Array.from(compiled), Array.from(flat));
      await dtc("dtb", flat);
      assert.deepEqual(read_fdt(compiled), root);
    }
  },
});

Deno.test("to_dts() takes values of any length", () => {
  const long = fdt_node("", { text: strings("x".repeat(300_000)), cells: cells(1, 2) });
  assert(to_dts(long).length > 300_000);
});
