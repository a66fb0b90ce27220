/**
 * The bare-metal guests of `guest/`: what there is, how it is built, what it should say.
 *
 * @module
 */
import { join } from "node:path";

const SOURCE = join(import.meta.dirname!, "../../guest");
const GOLDEN = join(import.meta.dirname!, "golden");
const COMPILER = "arm-linux-gnueabihf-gcc";
const OBJCOPY = "arm-linux-gnueabihf-objcopy";
const QEMU = "qemu-system-arm";

/** Lines on which QEMU 7.2 says something else than the architecture does. */
export interface Difference {
  /** Where: lines that start so. */
  readonly lines: string;
  /** Who says that we are right. */
  readonly why: string;
}

/** One guest program; it is built as A32 and as T32. */
export interface Guest {
  /** Names its expected output. */
  readonly name: string;
  /** Its source is `guest/SOURCE.c`, with `guest/SOURCE_asm.S` where there is one; default: its name. */
  readonly source?: string;
  /** CPU model; default: Cortex-A15. */
  readonly cpu?: "cortex-a15" | "cortex-a7";
  /** What it checks, to go on "... is as expected". */
  readonly about: string;
  /** Whether the slow reference engine runs it too. */
  readonly reference?: boolean;
  /** Why QEMU does not run it. */
  readonly no_qemu?: string;
  /** Where QEMU is known to differ. */
  readonly differences?: readonly Difference[];
}

/** Every guest. */
export const GUESTS: readonly Guest[] = [
  { name: "exceptions", about: "entry to every exception and IT state", reference: true },
  { name: "modes", about: "banking, MSR, exception returns and User mode", reference: true },
  {
    name: "returns",
    about: "returning by data processing",
    reference: true,
    no_qemu:
      "it ignores the S of ANDS, ORRS, ADDS and others that write r15, which are exception " +
      "returns (DDI 0406C, B9.3.20, SUBS PC, LR and related instructions)",
  },
  {
    name: "mmu_short",
    about: "short-descriptor translation",
    differences: [
      {
        lines: "no page, domain without access:",
        why:
          "DDI 0406C, B3.19.6: TranslationTableWalkSD() reports a missing page while it walks; " +
          "CheckDomain() comes after",
      },
      {
        lines: "no access flag, domain without access:",
        why: "DDI 0406C, B3.19.6: so does it report a missing access flag",
      },
      {
        lines: "pd",
        why: "DDI 0406C, B4.1.153: PD0 and PD1 need the Security Extensions, without which " +
          "software has to write zeros; QEMU ignores them, we do what a whole Cortex-A15 does",
      },
      { lines: "ttbcr reads", why: "as for PD0 and PD1" },
    ],
  },
  { name: "mmu_long", about: "long-descriptor translation" },
  { name: "tlb", about: "TLB maintenance and address translation" },
  { name: "code", about: "self-modifying code", reference: true },
  { name: "memory", about: "alignment, endianness and exclusives" },
  { name: "fp", about: "enabling VFP and Advanced SIMD", reference: true },
  { name: "ids", about: "CP15, CP14 and the performance monitor", reference: true },
  {
    name: "ids_a7",
    source: "ids",
    cpu: "cortex-a7",
    about: "CP15, CP14 and the performance monitor of a Cortex-A7",
  },
  { name: "timer", about: "the generic timer" },
  { name: "wait", about: "waking from WFI and WFE", reference: true },
  {
    name: "gic",
    about: "the interrupt controller",
    reference: true,
    differences: ["pmr 00: ", "pmr 20: "].map((lines) => ({
      lines,
      why: "IHI 0048B, 4.4.6: GICC_HPPIR is the highest priority pending interrupt, which " +
        "GICC_PMR does not hide",
    })),
  },
  {
    name: "groups",
    about: "interrupt groups and FIQ",
    differences: [{
      lines: "alias, ",
      why: "IHI 0048B, 4.4.10 and 4.4.11: GICC_AIAR and GICC_AEOIR, which QEMU lacks",
    }],
  },
  { name: "devices", about: "boot state, PSCI and device registers" },
];

/** Instruction set of a guest, and the compiler's option for it. */
export const INSTRUCTION_SETS = { a32: "-marm", t32: "-mthumb" } as const;
/** A key of {@link INSTRUCTION_SETS}. */
export type InstructionSet = keyof typeof INSTRUCTION_SETS;

const FLAGS = [
  ...["-O2", "-mcpu=cortex-a15", "-mgeneral-regs-only", "-masm-syntax-unified"],
  ...["-ffreestanding", "-fno-builtin", "-fno-tree-loop-distribute-patterns", "-fno-pic"],
  ...["-fno-stack-protector", "-fno-unwind-tables", "-fno-asynchronous-unwind-tables"],
  ...["-Wall", "-Wextra", "-Wno-unused-parameter", "-Werror"],
  ...["-nostdlib", "-static", "-no-pie", "-Wl,--build-id=none", "-Wl,--no-warn-rwx-segments"],
];

async function run(command: string, args: readonly string[]): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(command, {
    args: [...args],
    stdin: "null",
    signal: AbortSignal.timeout(60_000),
  }).output();
  const decoder = new TextDecoder();
  if (!success) throw new Error(`${command} failed: ${decoder.decode(stderr).trim()}`);
  return decoder.decode(stdout);
}

async function why_not(...tools: readonly string[]): Promise<string | undefined> {
  for (const tool of tools) {
    try {
      await run(tool, ["--version"]);
    } catch {
      return `${tool} is not installed`;
    }
  }
  return undefined;
}

/** Why guests cannot be built here, or undefined. */
export async function why_no_compiler(): Promise<string | undefined> {
  return await why_not(COMPILER, OBJCOPY);
}

/** Why guests cannot be run by QEMU here, or undefined. */
export async function why_no_qemu(): Promise<string | undefined> {
  return await why_not(QEMU);
}

async function exists(path: string): Promise<boolean> {
  return await Deno.stat(path).then(() => true, () => false);
}

/** Builds a guest in `directory`; the path of a raw image. */
export async function build(guest: Guest, set: InstructionSet, directory: string): Promise<string> {
  const out = join(directory, `${guest.name}.${set}`);
  const { source = guest.name } = guest;
  const own = join(SOURCE, `${source}_asm.S`);
  await run(COMPILER, [
    ...FLAGS,
    INSTRUCTION_SETS[set],
    `-Wl,-T,${join(SOURCE, "guest.ld")}`,
    ...["start.S", "runtime.c", `${source}.c`].map((file) => join(SOURCE, file)),
    ...await exists(own) ? [own] : [],
    ...["-o", `${out}.elf`],
  ]);
  await run(OBJCOPY, ["-O", "binary", `${out}.elf`, `${out}.bin`]);
  return `${out}.bin`;
}

/** What QEMU's CPU says when it runs the guest's image. */
export async function run_qemu({ cpu = "cortex-a15" }: Guest, image: string): Promise<string> {
  return await run(QEMU, [
    ...["-M", "virt", "-cpu", cpu, "-m", "64M", "-nodefaults", "-display", "none"],
    ...["-monitor", "none", "-serial", "stdio", "-kernel", image],
  ]);
}

/** Where the expected output of a guest is kept. */
export function golden_path(guest: Guest, set: InstructionSet): string {
  return join(GOLDEN, `${guest.name}.${set}.txt`);
}

/** The expected output of a guest. */
export async function golden(guest: Guest, set: InstructionSet): Promise<string> {
  return await Deno.readTextFile(golden_path(guest, set));
}

/** Output without the lines on which QEMU is known to differ. */
export function comparable(guest: Guest, text: string): string[] {
  const known = guest.differences?.map(({ lines }) => lines) ?? [];
  return text.split("\n").filter((line) => !known.some((start) => line.startsWith(start)));
}
