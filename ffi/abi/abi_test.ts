import assert from "node:assert/strict";
import { join } from "node:path";
import * as constants from "./constants.ts";
import { ioctl_number, IOCTLS } from "./ioctls.ts";
import { layout } from "./layout.ts";
import { KVM_RUN_ARMS, KVM_RUN_HEAD, KVM_RUN_UNION, STRUCTS } from "./structs.ts";

/** What a C expression must come to. */
type Claim = readonly [expression: string, value: number];

const COMPILER = "aarch64-linux-gnu-gcc";
const OBJCOPY = "aarch64-linux-gnu-objcopy";
const in_ci = ["ARMVM_CI", "CI"].some((name) => (Deno.env.get(name) ?? "0") !== "0");

Deno.test({
  name: "numbers, sizes and offsets are those of Linux's headers for arm64",
  ignore: !in_ci && !await has_compiler(),
  async fn() {
    const claims = [...numbers(), ...sizes_and_offsets(), ...plain_constants()];
    const answers = await evaluate(claims.map(([expression]) => expression));
    const differences = claims.flatMap(([expression, value], index) =>
      answers[index] === BigInt(value) ? [] : [`${expression}: ${answers[index]}, not ${value}`]
    );
    assert.deepEqual(differences, []);
    assert.ok(claims.length > 150, `${claims.length} claims`);
  },
});

Deno.test("the numbers are those that a working KVM on arm64 has been called with", () => {
  const hex = (name: keyof typeof IOCTLS) => ioctl_number(IOCTLS[name]).toString(16);
  assert.equal(hex("KVM_ARM_PREFERRED_TARGET"), "8020aeaf");
  assert.equal(hex("KVM_ARM_VCPU_INIT"), "4020aeae");
  assert.equal(hex("KVM_GET_REG_LIST"), "c008aeb0");
  assert.equal(hex("KVM_SET_ONE_REG"), "4010aeac");
  assert.equal(hex("KVM_RUN"), "ae80");
  assert.equal(KVM_RUN_HEAD.size, KVM_RUN_UNION);
});

Deno.test("layout() aligns fields and pads the struct as C does", () => {
  const { size, fields } = layout({ a: "u8", b: "u32", c: ["u8", 3], d: "u64", e: "u16" });
  assert.deepEqual(
    Object.values(fields).map(({ offset }) => offset),
    [0, 4, 8, 16, 24],
  );
  assert.equal(size, 32);
});

function numbers(): Claim[] {
  return Object.entries(IOCTLS).map(([name, ioctl]) => [name, ioctl_number(ioctl)]);
}

function sizes_and_offsets(): Claim[] {
  const structs = Object.entries(STRUCTS).flatMap(([name, { size, fields }]): Claim[] => [
    [`sizeof(struct ${name})`, size],
    ...Object.entries(fields).filter(([field]) => !(name === "kvm_regs" && field === "pad")).map((
      [field, { offset }],
    ): Claim => [`offsetof(struct ${name}, ${field})`, offset]),
  ]);
  const head = Object.entries(KVM_RUN_HEAD.fields).map(([field, { offset }]): Claim => [
    `offsetof(struct kvm_run, ${field})`,
    offset,
  ]);
  const arms = Object.entries(KVM_RUN_ARMS).flatMap(([arm, { fields }]) =>
    Object.entries(fields).map(([field, { offset }]): Claim => [
      `offsetof(struct kvm_run, ${arm}.${field})`,
      offset,
    ])
  );
  return [...structs, ...head, ...arms];
}

function plain_constants(): Claim[] {
  return Object.entries(constants).flatMap(([name, value]): Claim[] =>
    typeof value === "number" ? [[name, value]] : Object.entries(value)
  );
}

/** What the headers make of C expressions: compiled into a section and read back, not run. */
async function evaluate(expressions: readonly string[]): Promise<bigint[]> {
  const folder = await Deno.makeTempDir({ prefix: "armvm-abi-" });
  try {
    const [source, object, binary] = ["abi.c", "abi.o", "abi.bin"].map((name) =>
      join(folder, name)
    );
    await Deno.writeTextFile(
      source!,
      `#include <stddef.h>
#include <linux/kvm.h>
__attribute__((section(".abi"), used))
const unsigned long long abi[] = {
${expressions.map((expression) => `  (unsigned long long)(${expression}),`).join("\n")}
};
`,
    );
    await spawn(COMPILER, "-c", "-o", object!, source!);
    await spawn(OBJCOPY, "-O", "binary", "-j", ".abi", object!, binary!);
    const bytes = await Deno.readFile(binary!);
    return [...new BigUint64Array(bytes.buffer, bytes.byteOffset, bytes.length / 8)];
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function spawn(tool: string, ...args: string[]): Promise<void> {
  const { success, stderr } = await new Deno.Command(tool, { args, stdin: "null" }).output();
  assert.ok(success, new TextDecoder().decode(stderr));
}

async function has_compiler(): Promise<boolean> {
  try {
    return (await new Deno.Command(COMPILER, { args: ["--version"], stdout: "null" }).output())
      .success;
  } catch {
    return false;
  }
}
