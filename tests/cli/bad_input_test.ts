import assert from "node:assert/strict";
import { join } from "node:path";
import { cpio_newc, file } from "../../tools/cpio.ts";
import { armvm, type RunArmvm } from "./armvm.ts";

const STATUS = { usage: 2, file: 3, bad_image: 4, accelerator: 5 } as const;

/** A wrong command line, and what is to be said about it. */
interface Row extends RunArmvm {
  /** What is wrong, as a phrase. */
  readonly name: string;
  /** Arguments; a leading `@` stands for the folder with the files below. */
  readonly args: readonly string[];
  /** Which status. */
  readonly status: keyof typeof STATUS;
  /** What the line must say. */
  readonly says: RegExp;
}

const OK_KERNEL = ["boot", "@/ok.bin"];

const ROWS: readonly Row[] = [
  // Usage
  { name: "no command", args: [], status: "usage", says: /no command given; see armvm --help/ },
  { name: "an unknown command", args: ["bot"], status: "usage", says: /unknown command 'bot'/ },
  {
    name: "help for an unknown command",
    args: ["bot", "--help"],
    status: "usage",
    says: /unknown command 'bot'.*Did you mean boot/,
  },
  { name: "an unknown option", args: ["--frob"], status: "usage", says: /unknown option '--frob'/ },
  {
    name: "a misspelt option of boot",
    args: ["boot", "x", "--memmory", "1G"],
    status: "usage",
    says: /unknown option '--memmory'.*Did you mean --memory/,
  },
  { name: "no image", args: ["boot"], status: "usage", says: /missing required argument 'image'/ },
  {
    name: "two images",
    args: ["boot", "a", "b"],
    status: "usage",
    says: /too many arguments.*see armvm boot --help/,
  },
  {
    name: "an option without its value",
    args: ["boot", "x", "--initrd"],
    status: "usage",
    says: /'--initrd <file>' argument missing/,
  },
  {
    name: "an unknown CPU",
    args: ["boot", "x", "--cpu", "pentium"],
    status: "usage",
    says: /'pentium' is invalid.*cortex-a15, cortex-a7/,
  },
  {
    name: "an unknown accelerator",
    args: ["boot", "x", "--accel", "hvf"],
    status: "usage",
    says: /'hvf' is invalid.*auto, kvm, soft/,
  },
  {
    name: "an unknown engine",
    args: ["boot", "x", "--engine", "warp"],
    status: "usage",
    says: /'warp' is invalid.*auto, translator, interpreter, reference/,
  },
  {
    name: "an engine for KVM",
    args: ["boot", "x", "--accel", "kvm", "--engine", "reference"],
    status: "usage",
    says: /--engine is for the software core/,
  },
  {
    name: "quiet and verbose together",
    args: ["boot", "x", "--quiet", "--verbose"],
    status: "usage",
    says: /'--quiet' cannot be used with option '--verbose'/,
  },
  ...["lots", "", "-5M", "0", "0x100", "1e9", "512Q"].map((size): Row => ({
    name: `memory of "${size}"`,
    args: ["boot", "x", `--memory=${size}`],
    status: "usage",
    says: /--memory: .*(not a memory size|out of range)/,
  })),
  ...["4G", "1023K", "999999999999999999999G"].map((size): Row => ({
    name: `memory of ${size}`,
    args: ["boot", "x", "--memory", size],
    status: "usage",
    says: /--memory: memory of .* is out of range; choose from 1M to 3G/,
  })),
  {
    name: "memory that is no whole number of MiB",
    args: ["boot", "x", "--memory", "1025K"],
    status: "usage",
    says: /--memory: .*whole number of MiB/,
  },
  ...["0", "-1", "soon", "1e3", "99999999"].map((seconds): Row => ({
    name: `a time limit of ${seconds}`,
    args: ["boot", "x", `--timeout=${seconds}`],
    status: "usage",
    says: /--timeout: .*not a number of seconds/,
  })),
  ...["tcp:1", "file:", "tty"].map((target): Row => ({
    name: `a console of "${target}"`,
    args: ["boot", "x", "--console", target],
    status: "usage",
    says: /--console: .*write stdio, none or file:PATH/,
  })),
  {
    name: "an empty image name",
    args: ["boot", ""],
    status: "usage",
    says: /the image has an empty name/,
  },
  {
    name: "an empty initrd name",
    args: [...OK_KERNEL, "--initrd="],
    status: "usage",
    says: /the initrd has an empty name/,
  },
  {
    name: "an unknown device tree format",
    args: ["dtb", "--format", "json"],
    status: "usage",
    says: /'json' is invalid.*dts, dtb/,
  },
  {
    name: "an unknown shell",
    args: ["completions", "tcsh"],
    status: "usage",
    says: /'tcsh' is invalid.*bash, zsh, fish/,
  },
  {
    name: "no shell",
    args: ["completions"],
    status: "usage",
    says: /missing required argument 'shell'/,
  },
  { name: "an argument to info", args: ["info", "x"], status: "usage", says: /too many arguments/ },

  // Files
  {
    name: "an image that is not there",
    args: ["boot", "@/nothing"],
    status: "file",
    says: /cannot read the image ".*nothing": there is no such file/,
  },
  {
    name: "an image below a file",
    args: ["boot", "@/ok.bin/zImage"],
    status: "file",
    says: /a part of the path is not a directory/,
  },
  {
    name: "an image that is a directory",
    args: ["boot", "@"],
    status: "file",
    says: /it is a directory; name a file/,
  },
  {
    name: "an image that is a device",
    args: ["boot", "/dev/zero"],
    status: "file",
    says: /it is a device; name a file/,
  },
  {
    name: "a symbolic link to itself",
    args: ["boot", "@/loop"],
    status: "file",
    says: /cannot read the image ".*loop"/,
  },
  // Root may read everything.
  ...(Deno.uid() === 0 ? [] : [{
    name: "an image that may not be read",
    args: ["boot", "@/secret"],
    status: "file" as const,
    says: /permission denied; check its owner and mode/,
  }]),
  {
    name: "an image that Deno was not given",
    args: ["boot", "@/ok.bin"],
    deno_args: ["--deny-read=@"],
    status: "file",
    says: /Deno was not granted access/,
  },
  {
    name: "an initrd that is not there",
    args: [...OK_KERNEL, "--initrd", "@/nothing"],
    status: "file",
    says: /cannot read the initrd/,
  },
  {
    name: "a device tree that is not there",
    args: [...OK_KERNEL, "--dtb", "@/nothing"],
    status: "file",
    says: /cannot read the device tree/,
  },
  {
    name: "a console file in no folder",
    args: [...OK_KERNEL, "--console", "file:@/no/where"],
    status: "file",
    says: /cannot write the console to ".*where": there is no such file/,
  },
  {
    name: "a console file that is a directory",
    args: [...OK_KERNEL, "--console", "file:@"],
    status: "file",
    says: /cannot write the console to .*it is a directory/,
  },
  {
    name: "a device tree to be written nowhere",
    args: ["dtb", "--output", "@/no/where.dtb"],
    status: "file",
    says: /cannot write ".*where.dtb": there is no such file/,
  },

  // Images
  {
    name: "an empty image",
    args: ["boot", "@/empty"],
    status: "bad_image",
    says: /cannot boot .*empty/i,
  },
  {
    name: "a text file as image",
    args: ["boot", "@/text"],
    status: "bad_image",
    says: /cannot boot .*text/i,
  },
  {
    name: "an x86 kernel",
    args: ["boot", "@/bzImage"],
    status: "bad_image",
    says: /x86 bzImage/,
  },
  {
    name: "an arm64 kernel",
    args: ["boot", "@/Image-arm64"],
    status: "bad_image",
    says: /64-bit arm64 Image/,
  },
  {
    name: "an x86-64 program",
    args: ["boot", "@/elf64"],
    status: "bad_image",
    says: /cannot boot .*elf64/i,
  },
  {
    name: "a truncated zImage",
    args: ["boot", "@/zImage-cut"],
    status: "bad_image",
    says: /cannot boot .*zImage-cut/i,
  },
  {
    name: "a truncated gzip file",
    args: ["boot", "@/cut.gz"],
    status: "bad_image",
    says: /cannot boot .*cut\.gz/i,
  },
  {
    name: "an initrd in place of the image",
    args: ["boot", "@/initrd.cpio"],
    status: "bad_image",
    says: /pass it with --initrd/,
  },
  {
    name: "an image larger than memory",
    args: ["boot", "@/large", "--memory", "2M"],
    status: "bad_image",
    says: /larger than the guest's memory of 2 MiB; give it more with --memory/,
  },
  {
    name: "image and initrd together larger than memory",
    args: [...OK_KERNEL, "--initrd", "@/large.cpio", "--memory", "4M"],
    status: "bad_image",
    says: /--memory/,
  },
  {
    name: "a kernel as initrd",
    args: [...OK_KERNEL, "--initrd", "@/ok.bin.gz.not"],
    status: "bad_image",
    says: /cannot use initrd/i,
  },
  {
    name: "an empty initrd",
    args: [...OK_KERNEL, "--initrd", "@/empty"],
    status: "bad_image",
    says: /cannot use initrd .*empty/i,
  },
  {
    name: "a device tree that is none",
    args: [...OK_KERNEL, "--dtb", "@/text"],
    status: "bad_image",
    says: /cannot use the device tree/i,
  },
  {
    name: "an empty device tree",
    args: [...OK_KERNEL, "--dtb", "@/empty"],
    status: "bad_image",
    says: /cannot use the device tree/i,
  },

  // Accelerators
  {
    name: "KVM where there is none",
    args: [...OK_KERNEL, "--accel", "kvm"],
    status: "accelerator",
    says: /cannot use kvm: .*; use --accel soft/i,
  },
];

/** The files that the rows name. */
async function make_files(folder: string): Promise<void> {
  const write = (name: string, bytes: Uint8Array | string) =>
    Deno.writeFile(
      join(folder, name),
      typeof bytes === "string" ? new TextEncoder().encode(bytes) : bytes,
    );
  // An endless loop in A32.
  const loop = new Uint8Array(256);
  new DataView(loop.buffer).setUint32(0, 0xeaff_fffe, true);
  await write("ok.bin", loop);
  await write("ok.bin.gz.not", "\x7fELF not at all");
  await write("empty", "");
  await write("text", "Dear armvm,\nthis is a letter.\n".repeat(40));
  await write("secret", loop);
  await Deno.chmod(join(folder, "secret"), 0);
  await Deno.symlink("loop", join(folder, "loop"));
  await write("large", new Uint8Array(5 << 20).fill(0x11));
  await write("large.cpio", cpio_newc([file("f", new Uint8Array(4_150_000).fill(1))]));
  await write("initrd.cpio", cpio_newc([file("init", "#!/bin/sh\n", true)]));
  const magic = (size: number, at: number, text: string) => {
    const bytes = new Uint8Array(size).map((_, i) => (i * 37) & 0xff);
    bytes.set(new TextEncoder().encode(text), at);
    return bytes;
  };
  await write("bzImage", magic(4096, 0x202, "HdrS"));
  await write("Image-arm64", magic(4096, 0x38, "ARM\x64"));
  const elf64 = magic(4096, 0, "\x7fELF\x02\x01\x01");
  new DataView(elf64.buffer).setUint16(18, 62, true);
  await write("elf64", elf64);
  const zimage = magic(4096, 0x24, "");
  const words = [0x016f_2818, 0, 5 << 20, 0x0403_0201];
  words.forEach((word, i) => new DataView(zimage.buffer).setUint32(0x24 + 4 * i, word, true));
  await write("zImage-cut", zimage);
  const random = crypto.getRandomValues(new Uint8Array(8192));
  const gz = new Blob([random]).stream().pipeThrough(new CompressionStream("gzip"));
  await write("cut.gz", (await new Response(gz).bytes()).subarray(0, 4000));
}

Deno.test("every bad input ends with one line that says what, and with its status", async (t) => {
  const folder = await Deno.makeTempDir();
  try {
    await make_files(folder);
    for (const row of ROWS) {
      await t.step(row.name, async () => {
        const in_folder = (arg: string) => arg.replace(/(^|file:|=)@/, `$1${folder}`);
        const { code, stdout, stderr } = await armvm(row.args.map(in_folder), {
          deno_args: (row.deno_args ?? []).map(in_folder),
        });
        assert.match(stderr, /^armvm: [^\n]*\n$/, "one line on stderr");
        assert.match(stderr, row.says);
        assert.equal(code, STATUS[row.status]);
        assert.equal(stdout, "");
      });
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
