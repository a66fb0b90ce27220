import type { Buffer } from "node:buffer";
import { initrd_facts, type InitrdFacts } from "./initrd_facts.ts";
import { kernel_facts, type KernelFacts } from "./kernel_facts.ts";
import { INITRD, type Need, needs_of, UNPACKER_OPTIONS } from "./needs.ts";

/** One thing that the doctor has to say. */
export interface Finding {
  /** `ok`; `note`: good to know; `problem`: it keeps the guest from booting or being seen. */
  readonly level: "ok" | "note" | "problem";
  /** One line. */
  readonly text: string;
}

/** What the doctor found. */
export interface Diagnosis {
  /** What the image is, from the outside in. */
  readonly layers: readonly string[];
  /** The kernel in it, for a person: "32-bit ARM, Linux 6.1.0, LPAE"; absent if it is none. */
  readonly kernel?: string;
  /** The kernel's architecture. */
  readonly architecture?: "arm" | "arm64";
  /** Where the findings come from: the kernel's configuration, or text in it. */
  readonly source?: "configuration" | "text";
  /** The initrd, for a person. */
  readonly initrd?: string;
  /** All that was looked at, problems first. */
  readonly findings: readonly Finding[];
  /** The kernel command line to use. */
  readonly append: string;
}

/** What is examined. */
export interface Patient {
  /** The kernel image. */
  readonly image: Uint8Array;
  /** The initrd. */
  readonly initrd?: Uint8Array;
}

const EM_ARM = 40;
const EM_AARCH64 = 183;

/** Examines an image and an initrd: what they are, and what they lack on this machine. */
export function examine_image({ image, initrd }: Patient): Diagnosis {
  const kernel = kernel_facts(image);
  const disk = initrd && initrd_facts(initrd);
  const findings = [...kernel_findings(kernel), ...disk ? initrd_findings(disk, kernel) : []];
  if (disk === undefined && kernel.architecture !== undefined) {
    findings.push({
      level: "note",
      text: "no --initrd: the kernel panics unless it carries a root file system or finds a disk",
    });
  }
  const rank = { problem: 0, note: 1, ok: 2 };
  findings.sort((a, b) => rank[a.level] - rank[b.level]);
  const name = kernel_name(kernel);
  return {
    layers: kernel.layers,
    ...(name && { kernel: name }),
    ...(kernel.architecture && { architecture: kernel.architecture }),
    ...(name && kernel.interior && { source: kernel.config ? "configuration" : "text" }),
    ...(disk && { initrd: disk.description }),
    findings,
    append: command_line(disk),
  };
}

function kernel_name(kernel: KernelFacts): string | undefined {
  if (kernel.architecture === undefined) return undefined;
  const parts = [kernel.architecture === "arm" ? "32-bit ARM" : "64-bit arm64"];
  parts.push(kernel.version === undefined ? "Linux" : `Linux ${kernel.version}`);
  const cpu = /ARMv\d\w*/.exec(kernel.vermagic ?? "")?.[0];
  if (cpu) parts.push(cpu);
  if (kernel.lpae !== undefined) parts.push(kernel.lpae ? "LPAE" : "no LPAE");
  return parts.join(", ");
}

function kernel_findings(kernel: KernelFacts): Finding[] {
  if (kernel.refusal) return [{ level: "problem", text: kernel.refusal }];
  const findings: Finding[] = [];
  const note = (text: string) => findings.push({ level: "note", text });
  const problem = (text: string) => findings.push({ level: "problem", text });
  if (kernel.opaque) note(kernel.opaque);
  if (kernel.appended) {
    problem(
      `a device tree is appended to it (${kernel.appended}): the kernel uses that in place of ` +
        "this machine's; pass the zImage without it",
    );
  }
  if (kernel.architecture === "arm64") note("64-bit: it runs on arm64 hosts with KVM only");
  if (kernel.architecture === undefined) {
    note("no Linux kernel to be seen in it; a bare-metal program is entered in SVC mode, MMU off");
    return findings;
  }
  const old = /ARMv([3-6])\w*/.exec(kernel.vermagic ?? "");
  if (old) problem(`built for ${old[0]}: it does not know the CPU; build it for ARMv7 (CPU_V7)`);
  if (kernel.config?.get("CPU_BIG_ENDIAN") === "y") problem("it is big-endian");
  if (kernel.config?.get("PRINTK") === "n") note("it has no PRINTK: its own messages are left out");
  if (kernel.config?.get("CMDLINE_FORCE") === "y") {
    note(
      `it ignores --append: its command line is ${kernel.config.get("CMDLINE")} (CMDLINE_FORCE)`,
    );
  }
  if (kernel.interior) {
    for (const need of needs_of(kernel.architecture)) findings.push(weigh(need, kernel));
  }
  return findings;
}

/** Whether a kernel has what it needs. */
function weigh(need: Need, kernel: KernelFacts): Finding {
  const state = state_of(need, kernel);
  if (state === "y") return { level: "ok", text: need.what };
  const text = `${need.what}: ${need.consequence}`;
  // Text shows what is built in; that it is not there says nothing of modules.
  return { level: state === "m" && need.module ? "note" : need.without, text };
}

function state_of({ options, strings }: Need, { config, interior }: KernelFacts): "y" | "m" | "n" {
  if (config !== undefined) {
    const values = options.map((option) => config.get(option) ?? "n");
    return values.includes("n") ? "n" : values.includes("m") ? "m" : "y";
  }
  const bytes = interior as Buffer;
  return strings.some((text) => bytes.includes(text, 0, "latin1")) ? "y" : "n";
}

function initrd_findings(disk: InitrdFacts, kernel: KernelFacts): Finding[] {
  const findings: Finding[] = [];
  const add = (level: Finding["level"], text: string) => findings.push({ level, text });
  if (kernel.architecture !== undefined && kernel.interior) findings.push(weigh(INITRD, kernel));
  if (disk.damage !== undefined) {
    add("problem", `the initrd is damaged: ${disk.damage}`);
    return findings;
  }
  const option = UNPACKER_OPTIONS[disk.kind];
  if (option !== undefined && kernel.config && kernel.config.get(option) !== "y") {
    add(
      "problem",
      `the kernel cannot unpack the initrd, which is ${disk.kind}; pack it otherwise ` +
        `or build the kernel with ${option}`,
    );
  }
  if (!disk.is_archive) {
    add("note", "the initrd is no cpio archive; as a file system it needs root=/dev/ram0");
    return findings;
  }
  if (disk.has_init) add("ok", "the initrd has /init");
  else {add(
      "problem",
      "the initrd has no /init, so the kernel looks for a root disk; name its program with rdinit=",
    );}
  const wanted = kernel.architecture === "arm64" ? [EM_ARM, EM_AARCH64] : [EM_ARM];
  if (kernel.architecture !== undefined && disk.machine !== undefined) {
    if (wanted.includes(disk.machine)) add("ok", "the initrd's programs are for this CPU");
    else {
      add(
        "problem",
        `the initrd's programs are for another CPU (ELF machine ${disk.machine}); ` +
          "use one of the kernel's architecture",
      );
    }
  }
  const { modules } = disk;
  if (kernel.version && modules.length > 0 && !modules.includes(kernel.version)) {
    add("note", `the initrd's modules are for ${modules.join(", ")}, not for this kernel`);
  }
  return findings;
}

function command_line(disk: InitrdFacts | undefined): string {
  const words = ["console=ttyAMA0"];
  if (disk && !disk.is_archive && disk.damage === undefined) words.push("root=/dev/ram0");
  return words.join(" ");
}
